"""Runs flake8 and reads what it prints: for the checkers lint and logging."""

import ast
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from threading import Lock
from weakref import ref

from grader.checkers._base import (
    Bench,
    Command,
    OptionsT,
    Result,
    ToolChecker,
    execute,
    own_settings_finding,
    python_paths,
    refuse_unknown,
    relative,
    result_of,
    unparsable_findings,
)
from grader.codebase.reading import Reading
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured
from grader.model.parsing import PARSING
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

# Each violation is one line and one Python literal: %a escapes whatever a file name or
# a message holds (a newline, a colon, bytes that aren't UTF-8).
_FORMAT = "--format=(%(code)a, %(row)d, %(path)a, %(text)a)"
# flake8 says nothing about a clean file. --benchmark makes it say how many it has read.
_BENCHMARK = re.compile(
    r"^(?P<amount>[\d.e+-]+) +(seconds elapsed|(?P<total>total )?"
    r"(logical lines|physical lines|tokens|(?P<files>files)) processed( per second)?)$"
)
# flake8's own pattern for a file that it is not to check; codes behind it change nothing.
_FILE_NOQA = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)

CODE_PREFIX = r"^[A-Z]{1,3}[0-9]{0,3}$"
# Not a plugin's: flake8's own words for a file that it can't open, tokenize or parse.
UNREADABLE = ("E902", "E999")


_OWN_SETTINGS = [(name, "[flake8]") for name in (".flake8", "setup.cfg", "tox.ini")]


@dataclass(frozen=True)
class Plugin:
    """A flake8 plugin of this environment: how its codes start, and who brings it."""

    code: str
    distribution: str


@cache
def installed_plugins() -> tuple[Plugin, ...]:
    """The checks that flake8 will find, its own (E, F, W) among them; by code."""
    points = metadata.entry_points(group="flake8.extension")
    found = {Plugin(p.name, p.dist.name if p.dist else "") for p in points}
    return tuple(sorted(found, key=lambda plugin: (plugin.code, plugin.distribution)))


@dataclass(frozen=True)
class Violation:
    """One line of flake8's report; `line` is None where it names none."""

    code: str
    line: int | None
    path: str
    message: str

    def as_finding(self) -> Finding:
        """The violation as a thing to fix."""
        broken = self.code in UNREADABLE
        return Finding(
            rule=self.code,
            message=self.message,
            path=self.path,
            line=self.line,
            severity="error" if broken else "warning",
            fix=(
                "Mend the syntax error; until then no tool can read the file."
                if broken
                else ""
            ),
        )


class Flake8Checker(ToolChecker[OptionsT]):
    """A checker that runs flake8 on all Python files, and `state`s what was found."""

    @abstractmethod
    def state(
        self, violations: Sequence[Violation], snapshot: Snapshot, options: OptionsT
    ) -> Measured:
        """The facts."""

    @abstractmethod
    def keeps(self, options: OptionsT) -> Callable[[str], bool] | None:
        """Which codes of a run with flake8's own settings are this check's.

        None where its options ask for a run of its own.
        """

    def _run(
        self, command: Command, snapshot: Snapshot, options: OptionsT, bench: Bench
    ) -> Result:
        keeps = self.keeps(options) if command.files else None
        found = None if keeps is None else _WHOLE(snapshot).violations(bench)
        if keeps is None or found is None:
            return super()._run(command, snapshot, options, bench)
        own = [violation for violation in found if keeps(violation.code)]
        return result_of(command, self.state(own, snapshot, options), snapshot, bench)

    def reads(self, snapshot: Snapshot, options: OptionsT) -> list[str]:
        return [*python_paths(snapshot), *(name for name, _ in _OWN_SETTINGS)]

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: OptionsT
    ) -> Measured:
        violations = read_violations(output, _given(snapshot), snapshot)
        return self.state(violations, snapshot, options)

    def none_given(self, snapshot: Snapshot, options: OptionsT) -> Measured:
        return self.state((), snapshot, options)


class _Whole:
    """One run of flake8 with all its plugins on a repository, for the checks that share it.

    Most of the time goes into reading and parsing, which two runs would do twice.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        # Not the snapshot: it would keep itself alive.
        self._snapshot = ref(snapshot)
        self._lock = Lock()
        self._is_run = False
        self._found: tuple[Violation, ...] | None = None

    def violations(self, bench: Bench) -> tuple[Violation, ...] | None:
        """Everything that it reported; None where it failed: then each check runs its own."""
        with self._lock:
            if not self._is_run:
                self._is_run = True
                with suppress(CannotMeasure):
                    self._found = self._run(bench)
            return self._found

    def _run(self, bench: Bench) -> tuple[Violation, ...] | None:
        snapshot = self._snapshot()
        if snapshot is None:
            return None
        brought = {plugin.distribution for plugin in installed_plugins()}
        command = flake8_command(
            snapshot, typed=(), ours=(), required=sorted(brought - {"flake8", ""})
        )
        output = execute(command, command.files, snapshot, bench)
        return read_violations(output, command.files, snapshot)


_WHOLE = Reading(_Whole)


def _given(snapshot: Snapshot) -> tuple[str, ...]:
    """The files to hand over: where Python's parser gives up, flake8 crashes."""
    deep = {
        m.path for m in snapshot.unparsable("all") if m.problem and m.problem.is_depth
    }
    return tuple(path for path in snapshot.given("all") if path not in deep)


def flake8_command(
    snapshot: Snapshot,
    *,
    typed: Sequence[str],
    ours: Sequence[str],
    required: Sequence[str],
) -> Command:
    """flake8 with the options `ours`; `typed` are their like for a person to type.

    `required` are the distributions without which flake8 must not start: it takes a
    plugin that isn't there for one that found nothing.
    """
    return Command(
        argv=(
            *("flake8", "--isolated", "-j", "1", "--exclude=", "--benchmark", _FORMAT),
            *(f"--require-plugins={','.join(required)}", *ours, "--"),
        ),
        files=_given(snapshot),
        fix=" ".join(("flake8", *typed, ".")),
        population=snapshot.describe("all"),
        plain=("flake8", "--isolated", "--exclude=", *typed, "--"),
    )


def read_violations(
    output: ToolOutput, files: Sequence[str], snapshot: Snapshot
) -> tuple[Violation, ...]:
    """What flake8 reported on exactly `files`; `CannotMeasure` for the unexpected."""
    if output.exit_status not in (0, 1):
        raise refuse_unknown("flake8", output, "ended in a way we don't know")
    violations: list[Violation] = []
    files_read: str | None = None
    for line in output.stdout.splitlines():
        if line.startswith("("):
            violations.append(_violation(line, output, snapshot))
        elif not (benchmark := _BENCHMARK.match(line)):
            # "There was a critical error …", or a plugin's failure.
            raise refuse_unknown("flake8", output, "stopped before it was done")
        elif benchmark["total"] and benchmark["files"]:
            files_read = benchmark["amount"]
    if files_read is None:
        raise refuse_unknown("flake8", output, "stopped before it was done")
    if files_read != str(len(files)):
        raise CannotMeasure(f"flake8: read {files_read} files, not {len(files)}.")
    if output.exit_status != (1 if violations else 0):
        raise refuse_unknown("flake8", output, "ended unlike its own report")
    if strange := {violation.path for violation in violations} - set(files):
        raise CannotMeasure(f"flake8: reported on {min(strange)}, which was not asked.")
    for violation in violations:
        # A TokenError is the file's own trouble, an OSError (we can't open it) is ours.
        if violation.code == "E902" and not violation.message.startswith("TokenError"):
            raise CannotMeasure(
                f"flake8: could not read {violation.path}: {violation.message}"
            )
    return tuple(violations)


def _violation(line: str, output: ToolOutput, snapshot: Snapshot) -> Violation:
    try:
        with PARSING:
            said = ast.literal_eval(line)
        match said:
            case (str(code), int(row), str(path), str(text)):
                return Violation(code, row or None, relative(path, snapshot), text)
    except (ValueError, SyntaxError):
        pass
    raise refuse_unknown("flake8", output, f"printed what we don't know: {line[:100]}")


def unparsable_paths(
    violations: Sequence[Violation], snapshot: Snapshot
) -> frozenset[str]:
    """The files that flake8 or Python's parser refuses.

    flake8 alone isn't enough: a `# noqa` hides a syntax error from its report as well,
    and a file in an encoding that doesn't fit is read as Latin-1.
    """
    refused = (v.path for v in violations if v.code in UNREADABLE)
    broken = (module.path for module in snapshot.unparsable("all"))
    return frozenset((*refused, *broken))


def hidden_files(snapshot: Snapshot) -> Mapping[str, int]:
    """The files that a comment keeps flake8 from checking, with its line, from 1."""
    found: dict[str, int] = {}
    for path in snapshot.python_files:
        for number, line in enumerate(snapshot.module(path).text.split("\n"), start=1):
            if _FILE_NOQA.match(line):
                found.setdefault(path, number)
    return found


def other_findings(
    violations: Sequence[Violation], snapshot: Snapshot
) -> tuple[Finding, ...]:
    """What is to be said beside the violations: files not read, settings not used."""
    told = {v.path for v in violations if v.code in UNREADABLE}
    broken = [m for m in snapshot.unparsable("all") if m.path not in told]
    return (
        *unparsable_findings(broken),
        *(
            Finding(
                rule="file-noqa",
                message="A comment keeps flake8 from checking this file.",
                path=path,
                line=line,
                severity="info",
                fix="Remove the comment and mend what flake8 then reports.",
            )
            for path, line in hidden_files(snapshot).items()
        ),
        *own_settings_finding("flake8", _OWN_SETTINGS, snapshot),
    )
