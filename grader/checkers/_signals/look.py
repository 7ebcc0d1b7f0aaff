"""Everything that deserves a look in one project's tests: the code, the run, two runs more."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._base import Bench
from grader.checkers._signals.declared import (
    NamingRules,
    declared_tests,
    missing_signals,
    read_naming_rules,
)
from grader.checkers._signals.extra import Change, Ends, TestEnd, extra_runs
from grader.checkers._signals.graded import Course, graded_signals
from grader.checkers._signals.hooks import leaves_out_unasked
from grader.checkers._signals.mutants import MutantFacts
from grader.checkers._signals.seen import code_signals, file_signals
from grader.checkers._signals.sight import Code, signal
from grader.checkers._suite.inside.channel import cut_node
from grader.checkers._suite.run import SuiteRun, Variation, run_suite
from grader.checkers._suite.settings import OwnSettings, sift
from grader.codebase.names import read_names
from grader.errors import CannotMeasure
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

# A report is for reading.
_MOST = 100
# Above this an id was cut and names no test.
_WHOLE_ID = 450
_AGAIN = 20


@dataclass(frozen=True)
class Looked:
    """Signals, notes on what could not be looked at, and what became of the mutants."""

    signals: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    mutants: MutantFacts = MutantFacts()

    @property
    def values(self) -> Mapping[str, int]:
        """The quantities of `MUTANT_QUANTITIES`; none where no test called a mutant.

        That none of none survives says nothing of the tests.
        """
        if not self.mutants.called:
            return {}
        return {
            "mutants": len(self.mutants.called),
            "surviving_mutants": len(self.mutants.survived),
        }


def look(
    snapshot: Snapshot,
    settings: OwnSettings,
    sources: Sequence[str],
    run: SuiteRun,
    bench: Bench,
) -> Looked:
    """Look at the code and at the graded run, and run the tests again if the bench lets us.

    `sources` are the files that count for the coverage. The copy in which the tests ran is
    looked at first: another run begins with another copy.
    """
    rules = read_naming_rules(snapshot, settings.file)
    signals = [
        *graded_signals(course_of(run, snapshot, settings)),
        *changed_signals(snapshot, run.copy),
        *_missing(snapshot, settings, rules, run),
        *file_signals(snapshot, _plugins(settings, snapshot)),
        *code_signals(snapshot),
    ]
    if not bench.extra_runs:
        return Looked(_capped(signals))

    def once_more(change: Change) -> Ends:
        return ends_of(_run(snapshot, settings, bench, change))

    extra = extra_runs(snapshot, ends_of(run), sources, _covered(run), rules, once_more)
    return Looked(
        signals=_capped([*extra.signals, *signals]),
        notes=extra.notes,
        mutants=extra.mutants,
    )


def course_of(run: SuiteRun, snapshot: Snapshot, settings: OwnSettings) -> Course:
    """How a run went, test functions in place of their cases."""
    told = run.told
    reported = {result.function for result in told.results.told}
    reported |= set(told.results.counted)
    not_tests = {r.function for r in told.results.told if r.phase == "collection"}
    is_unasked = _leaves_out_unasked(snapshot)
    is_narrowed = bool(sift(settings.addopts, snapshot).narrowing)
    dropped: list[str] = []
    for function in told.functions:
        deselected = told.results.deselected.get(function.node, 0)
        is_silent = function.found > function.cases + deselected
        if is_silent or (deselected and is_unasked and not is_narrowed):
            dropped.append(function.node)
    return Course(
        exit_status=run.output.exit_status,
        finish_status=told.status,
        was_stopped=run.output.killed_by is not None or told.stopped is not None,
        collected=[one.node for one in told.functions if one.cases],
        reported=reported - not_tests,
        dropped=dropped,
        marked=[one.node for one in told.functions if one.was_marked and is_unasked],
        odd_lines=told.foreign,
        lost_lines=told.lost,
        bad=sum(result.is_bad for result in told.results.told),
    )


def changed_signals(snapshot: Snapshot, copy: Path) -> tuple[Finding, ...]:
    """A signal when Python files of the project are not what they were before the tests."""
    changed = [
        path
        for path in snapshot.python_files
        if not _is_same(snapshot.root / path, copy / path)
    ]
    if not changed:
        return ()
    named = ", ".join(changed[:5])
    more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
    return (
        signal(
            "code-changed",
            f"Python files of the project were changed while its tests ran: {named}{more}.",
            changed[0],
        ),
    )


def ends_of(run: SuiteRun | None) -> Ends:
    """How each test of a run ended; of a run that could not be started, nothing."""
    if run is None:
        return Ends({}, is_complete=False, duration_s=0.0)
    using = {one.node for one in run.told.functions if one.uses_conftest}
    tests: dict[str, TestEnd] = {}
    for result in run.told.results.told:
        if result.outcome != "collection-error" and result.phase != "collection":
            tests[result.name] = TestEnd(
                outcome=result.outcome,
                in_call=result.phase == "call",
                said=result.message,
                uses_conftest=result.function in using,
                calls=result.calls,
            )
    return Ends(tests, run.is_complete, run.output.duration_s)


def _run(
    snapshot: Snapshot, settings: OwnSettings, bench: Bench, change: Change
) -> SuiteRun | None:
    only = [test for test in change.only if len(test) < _WHOLE_ID][:_AGAIN]
    variation = Variation(
        files=change.files,
        arguments=(
            *(() if change.has_conftest else ("--noconftest",)),
            # A file may be called `-rf.py`.
            *(f"./{test}" if test.startswith("-") else test for test in only),
        ),
        seconds=change.seconds,
        has_coverage=False,
        caller=change.caller,
    )
    try:
        return run_suite(snapshot, settings, bench, variation=variation)
    except CannotMeasure:
        # The marks don't need this run.
        return None


def _missing(
    snapshot: Snapshot, settings: OwnSettings, rules: NamingRules, run: SuiteRun
) -> tuple[Finding, ...]:
    told = run.told
    options = sift(settings.addopts, snapshot).kept
    if not run.is_complete or any("python_" in word for word in options):
        return ()
    seen: dict[str, set[str]] = {}
    for function in told.functions:
        path, _, name = function.node.partition("::")
        if function.found:
            seen.setdefault(path, set()).add(name)
    broken = [
        result.name.partition("::")[0]
        for result in told.results.told
        if result.phase == "collection"
    ]
    declared = {
        path: {
            name: line
            for name, line in tests.items()
            if cut_node(f"{path}::{name}") == f"{path}::{name}"
        }
        for path, tests in declared_tests(snapshot, rules).items()
    }
    excused = {
        path
        for path in declared
        if any(path == one or path.startswith(f"{one}/") or not one for one in broken)
    }
    if _confines(options, snapshot):
        excused |= declared.keys() - seen.keys()
    return missing_signals(declared, seen, excused)


def _confines(options: Sequence[str], snapshot: Snapshot) -> bool:
    """Whether the options name files, or files to leave out."""
    return any(
        word.startswith(("--ignore", "--deselect"))
        or word.partition("::")[0].rstrip("/") in snapshot.files
        or snapshot.has_folder(word.rstrip("/"))
        for word in options
    )


def _plugins(settings: OwnSettings, snapshot: Snapshot) -> Iterator[str]:
    options = iter(sift(settings.addopts, snapshot).kept)
    for word in options:
        if word == "-p":
            yield next(options, "")
        elif word.startswith("-p") and not word.startswith("--"):
            yield word.removeprefix("-p").removeprefix("=")


def _leaves_out_unasked(snapshot: Snapshot) -> bool:
    for path in snapshot.python_files:
        module = snapshot.module(path)
        if module.tree is not None and "pytest_" in module.text:
            if leaves_out_unasked(Code(path, module.tree, read_names(module.tree))):
                return True
    return False


def _covered(run: SuiteRun) -> Mapping[str, frozenset[int]]:
    """The lines that ran; an arc goes from one to the next, negative ones in and out."""
    return {
        path: frozenset(line for arc in arcs for line in arc if line > 0)
        for path, arcs in (run.told.arcs or {}).items()
    }


def _is_same(ours: Path, theirs: Path) -> bool:
    # Theirs may be a link or a pipe by now.
    try:
        descriptor = os.open(theirs, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return ours.is_symlink()
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return False
    with open(descriptor, "rb") as file:
        expected = ours.read_bytes()
        return file.read(len(expected) + 1) == expected


def _capped(signals: Sequence[Finding]) -> tuple[Finding, ...]:
    beyond = len(signals) - _MOST
    if beyond <= 0:
        return tuple(signals)
    more = signal("more-signals", f"{beyond} more are not listed.")
    return (*signals[:_MOST], more)
