"""Two more runs of the tests, to see what can't be seen in one.

The first has tests of ours among the project's (`canaries`) and a few functions without
their bodies (`mutants`). The second leaves the conftest.py files out; what fails there is
tried once more. A run that is stopped or breaks off says nothing.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from random import SystemRandom
from typing import Literal

from grader.checkers._signals.canaries import canary_signals, make_canaries
from grader.checkers._signals.declared import NamingRules
from grader.checkers._signals.mutants import (
    Mutant,
    MutantFacts,
    choose_mutants,
    judge_mutants,
)
from grader.checkers._signals.mutated import mutated
from grader.checkers._signals.sight import signal
from grader.checkers._signals.stage import has_chance, sets_the_stage
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]

# Together, twice the suite's own time again.
SHARE = 2.0
# With fewer mutants called, nothing is said of them.
_ENOUGH = 2
_SHOWN = 5

# What a test can't be blamed for when a conftest.py is missing.
_MISSING = re.compile(
    r"(\w+\.)*(ModuleNotFoundError|ImportError|FixtureLookupError|UsageError)\b"
    r"|.*(no option named|fixture '.*' not found|not natively supported|not found in "
    r"`markers`|unknown configuration)",
    re.DOTALL,
)


@dataclass(frozen=True)
class TestEnd:
    """How one test ended. `said` is the exception's type and message, for a failed one.

    `in_call`: in the test itself and not around it. `uses_conftest`: one of its fixtures is
    from a conftest.py. `calls` are the numbers of the mutants that it called.
    """

    __test__ = False  # to pytest, a class called Test… is a test

    outcome: Outcome
    in_call: bool = True
    said: str = ""
    uses_conftest: bool = False
    calls: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ends:
    """How the tests of one run ended, by the ids that pytest prints."""

    tests: Mapping[str, TestEnd]
    is_complete: bool
    duration_s: float

    @property
    def outcomes(self) -> Mapping[str, str]:
        """The outcomes alone."""
        return {test: end.outcome for test, end in self.tests.items()}


@dataclass(frozen=True)
class Change:
    """What is other in an additional run.

    `files` are written over the copy of the tree. `caller` is the name of a module that is
    told of calls. `only` are the tests to run, all where it is empty.
    """

    seconds: float
    files: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None
    has_conftest: bool = True
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extra:
    """What the additional runs gave."""

    signals: tuple[Finding, ...] = ()
    mutants: MutantFacts = MutantFacts()
    notes: tuple[Finding, ...] = ()


def extra_runs(
    snapshot: Snapshot,
    graded: Ends,
    sources: Sequence[str],
    covered: Mapping[str, Collection[int]],
    rules: NamingRules,
    run: Callable[[Change], Ends],
) -> Extra:
    """Signals, and what became of the mutants; nothing for a run that tells nothing.

    `covered` are the lines of each source file that ran; `run` runs the tests once more.
    """
    passed = [test for test, end in graded.tests.items() if end.outcome == "passed"]
    if not graded.is_complete or not passed:
        return Extra()
    budget = _Budget(SHARE * graded.duration_s)
    first = _first_run(snapshot, graded, sources, covered, rules, run, budget)
    second = _without_conftest(snapshot, graded, run, budget)
    return Extra(
        signals=(*first.signals, *second.signals),
        mutants=first.mutants,
        notes=(*first.notes, *second.notes),
    )


class _Budget:
    """The seconds that are left for the additional runs together."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, run: Callable[[Change], Ends], change: Change) -> Ends | None:
        """The run's ends, or None when it was stopped or broke off."""
        ends = run(change)
        self.left -= ends.duration_s
        return ends if ends.is_complete else None


def _first_run(
    snapshot: Snapshot,
    graded: Ends,
    sources: Sequence[str],
    covered: Mapping[str, Collection[int]],
    rules: NamingRules,
    run: Callable[[Change], Ends],
    budget: _Budget,
) -> Extra:
    chance = SystemRandom()
    canaries = make_canaries(_folders(graded), rules, chance)
    mutants = choose_mutants(snapshot, sources, covered)
    caller = "_" + "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12))
    files = {canary.path: canary.text for canary in canaries}
    for path in {mutant.path for mutant in mutants}:
        here = [mutant for mutant in mutants if mutant.path == path]
        text = mutated(snapshot.module(path), here, caller)
        if text is not None:
            files[path] = text
    if not files:
        return Extra()
    change = Change(budget.left, files=files, caller=caller)
    ends = budget.spend(run, change)
    if ends is None:
        return Extra(notes=(_STOPPED,))
    calls = {test: end.calls for test, end in ends.tests.items()}
    facts = judge_mutants(mutants, graded.outcomes, ends.outcomes, calls)
    return Extra(
        signals=(*canary_signals(canaries, ends.outcomes), *_mutant_signals(facts)),
        mutants=facts,
    )


_STOPPED = Finding(
    rule="look-not-finished",
    message="The tests were run again to learn what they are worth; that run did not come "
    "to its end, so it says nothing.",
    severity="info",
)


def _folders(graded: Ends) -> list[str]:
    """The folders of the passing tests, the one with most of them first."""
    counts: dict[str, int] = {}
    for test, end in graded.tests.items():
        parent = str(PurePosixPath(test.partition("::")[0]).parent)
        folder = "" if parent == "." else parent
        counts[folder] = counts.get(folder, 0) + (end.outcome == "passed")
    return sorted(
        (folder for folder, count in counts.items() if count),
        key=lambda folder: (-counts[folder], folder),
    )


def _mutant_signals(facts: MutantFacts) -> tuple[Finding, ...]:
    if len(facts.called) < _ENOUGH or facts.survived != facts.called:
        return ()
    first = facts.survived[0]
    named = ", ".join(_shown(mutant) for mutant in facts.survived)
    return (
        signal(
            "no-mutant-noticed",
            f"The bodies of {len(facts.survived)} functions that the tests call were taken "
            f"away or turned round ({named}), and every test passed as before.",
            first.path,
            first.line,
        ),
    )


def _shown(mutant: Mutant) -> str:
    return f"`{mutant.name}` in {mutant.path}"


def _without_conftest(
    snapshot: Snapshot, graded: Ends, run: Callable[[Change], Ends], budget: _Budget
) -> Extra:
    conftests = [
        path for path in snapshot.files if PurePosixPath(path).name == "conftest.py"
    ]
    if not conftests or any(sets_the_stage(snapshot, path) for path in conftests):
        return Extra()
    if budget.left <= 0:
        return Extra(notes=(_STOPPED,))
    ends = budget.spend(run, Change(budget.left, has_conftest=False))
    if ends is None:
        return Extra(notes=(_STOPPED,))
    differ = _differ(snapshot, graded, ends)
    if not differ or budget.left <= 0:
        return Extra()
    # Once more, since a test may fail by chance now and then.
    change = Change(budget.left, has_conftest=False, only=tuple(differ))
    again = budget.spend(run, change)
    if again is None:
        return Extra(notes=(_STOPPED,))
    stays = [test for test in _differ(snapshot, graded, again) if test in differ]
    if not stays:
        return Extra()
    named = ", ".join(stays[:_SHOWN])
    more = f" and {len(stays) - _SHOWN} more" if len(stays) > _SHOWN else ""
    return Extra(
        signals=(
            signal(
                "conftest-decides",
                "Without the conftest.py files, tests fail that pass with them and use "
                f"none of their fixtures: {named}{more}.",
                conftests[0],
            ),
        )
    )


def _differ(snapshot: Snapshot, graded: Ends, without: Ends) -> list[str]:
    found: list[str] = []
    for test, end in without.tests.items():
        before = graded.tests.get(test)
        if before is None or before.outcome != "passed" or before.uses_conftest:
            continue
        if end.outcome != "failed" or not end.in_call or _MISSING.match(end.said):
            continue
        if not has_chance(snapshot, test.partition("::")[0]):
            found.append(test)
    return found
