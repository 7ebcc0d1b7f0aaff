"""Runs flake8 and reads what it prints: for the checkers lint and logging."""

import ast
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from grader.checkers._base import (
    Bench,
    Command,
    OptionsT,
    Result,
    ToolChecker,
    execute,
    own_settings_finding,
    refuse_unknown,
    relative,
    result_of,
    unparsable_findings,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable
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
# Python's own parser may give up on such a file, or a plugin may that walks the tree.
# flake8 then ends with the exit status of "violations found" and loses all other files'
# results. A NUL byte does the same before Python 3.11.4; later it is a syntax error
# like any other.
_TOO_DEEP = re.compile(
    r"^(RecursionError|MemoryError)\b"
    r"|^ValueError: source code string cannot contain null bytes"
    r"|^[^(].*failed during execution due to (RecursionError|MemoryError)\(",
    re.MULTILINE,
)
# Enough to find half a dozen such files among a thousand; more of them are no accident.
_MOST_RUNS = 120

CODE_PREFIX = r"^[A-Z]{1,3}[0-9]{0,3}$"
# Not a plugin's: flake8's own words for a file that it can't open, tokenize or parse.
UNREADABLE = ("E902", "E999")


@dataclass(frozen=True)
class Plugin:
    """A flake8 plugin of this environment: how its codes start, and who brings it."""

    code: str
    distribution: str


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
        self,
        violations: Sequence[Violation],
        too_deep: Sequence[str],
        snapshot: Snapshot,
        options: OptionsT,
    ) -> Measured:
        """The facts; `too_deep` are files that flake8 could not read at all."""

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: OptionsT
    ) -> Measured:
        violations = read_violations(output, snapshot.python_files, snapshot)
        return self.state(violations, (), snapshot, options)

    def measure(self, snapshot: Snapshot, options: OptionsT, bench: Bench) -> Result:
        """As for any tool; when flake8 crashes, without the files it can't read."""
        command = self.command(snapshot, options, bench)
        if isinstance(command, NotApplicable):
            return Result(command)
        output = execute(command, command.files, snapshot, bench)
        if not _TOO_DEEP.search(_prose(output)):
            outcome = self.parse(output, snapshot, options)
            return result_of(command, outcome, snapshot, bench)
        too_deep = _find_too_deep(
            command, command.files, snapshot, bench, iter(range(_MOST_RUNS))
        )
        others = [path for path in command.files if path not in too_deep]
        violations: tuple[Violation, ...] = ()
        if others:
            output = execute(command, others, snapshot, bench)
            violations = read_violations(output, others, snapshot)
        outcome = self.state(violations, too_deep, snapshot, options)
        return result_of(command, outcome, snapshot, bench)


def _prose(output: ToolOutput) -> str:
    return f"{output.stderr}\n{output.stdout}" if output.exit_status == 1 else ""


def _find_too_deep(
    command: Command,
    files: Sequence[str],
    snapshot: Snapshot,
    bench: Bench,
    runs: Iterator[int],
) -> tuple[str, ...]:
    """The files among `files`, at least one of which flake8 can't read; by halving."""
    if len(files) == 1:
        return tuple(files)
    found: list[str] = []
    middle = len(files) // 2
    for half in (files[:middle], files[middle:]):
        if next(runs, None) is None:
            raise CannotMeasure("flake8: too many files are nested too deeply for it.")
        output = execute(command, half, snapshot, bench)
        if _TOO_DEEP.search(_prose(output)):
            found += _find_too_deep(command, half, snapshot, bench, runs)
    return tuple(found)


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
        files=snapshot.python_files,
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
        match ast.literal_eval(line):
            case (str(code), int(row), str(path), str(text)):
                return Violation(code, row or None, relative(path, snapshot), text)
    except (ValueError, SyntaxError):
        pass
    raise refuse_unknown("flake8", output, f"printed what we don't know: {line[:100]}")


def unparsable_paths(
    violations: Sequence[Violation], too_deep: Sequence[str], snapshot: Snapshot
) -> frozenset[str]:
    """The files that flake8 or Python's parser refuses.

    flake8 alone isn't enough: a `# noqa` hides a syntax error from its report as well,
    and a file in an encoding that doesn't fit is read as Latin-1.
    """
    refused = (v.path for v in violations if v.code in UNREADABLE)
    broken = (module.path for module in snapshot.unparsable("all"))
    return frozenset((*refused, *broken, *too_deep))


def other_findings(
    violations: Sequence[Violation], too_deep: Sequence[str], snapshot: Snapshot
) -> tuple[Finding, ...]:
    """What is to be said beside the violations: files not read, settings not used."""
    told = {v.path for v in violations if v.code in UNREADABLE}
    broken = [m for m in snapshot.unparsable("all") if m.path not in told]
    deep = set(too_deep) - {module.path for module in broken}
    places = [(name, "[flake8]") for name in (".flake8", "setup.cfg", "tox.ini")]
    return (
        *unparsable_findings(broken),
        *(
            Finding(
                rule="unparsable",
                message="An expression in this file is nested too deeply for flake8, "
                "which can't read the file.",
                path=path,
                severity="error",
                fix="Split the expression; until then flake8 can't read the file.",
            )
            for path in sorted(deep)
        ),
        *own_settings_finding("flake8", places, snapshot),
    )
