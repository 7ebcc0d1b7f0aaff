"""Reads what pydocstyle prints with --verbose and --count."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from grader.checkers._base import refuse_unknown
from grader.checkers._culprits import CrashedOn
from grader.errors import CannotMeasure
from grader.sandbox.run import ToolOutput

_READING = re.compile(r"Checking file (?P<path>.+)\.")
_PLACE = re.compile(
    r"(?P<path>.+?\.py):(?P<line>\d+) (?:at module level|in (?:public|private) .+`.*):"
)
_VIOLATION = re.compile(r" {8}(?P<code>D\d{3}): (?P<text>.+)")
_DROPPED = re.compile(r"WARNING: Error in file (?P<path>.+?\.py): (?P<why>.+)")
# Said of our own empty settings file.
_NO_SETTINGS = (
    "WARNING: Configuration file does not contain a pydocstyle section. "
    "Using default configuration."
)
# Crashes that need explaining, by the last line of the traceback.
_KNOWN_CRASHES = {
    r"(ValueError: malformed node|TypeError: a bytes-like object is required)": (
        "in place of a docstring it has an f-string or bytes, which Python doesn't "
        "take for one"
    ),
    r"(RecursionError|MemoryError)\b": "an expression in it is nested too deeply",
}


@dataclass(frozen=True)
class Violation:
    """One departure from the convention."""

    path: str
    line: int
    code: str
    text: str


@dataclass(frozen=True)
class Report:
    """What pydocstyle printed; `dropped` are files it passed over, with its words."""

    violations: tuple[Violation, ...]
    dropped: Mapping[str, str]


def read_report(output: ToolOutput, files: Sequence[str]) -> Report:
    """What pydocstyle reported on exactly `files`; `CannotMeasure` for all else."""
    if output.exit_status not in (0, 1):
        raise refuse_unknown("pydocstyle", output, "ended in a way we don't know")
    _refuse_crash(output)
    *lines, count = _lines(output.stdout)
    read = _files_read(lines)
    dropped = _dropped(output)
    violations = tuple(_violations(lines[len(read) :], output))
    if sorted(read) != sorted(files):
        raise refuse_unknown("pydocstyle", output, "did not read every file")
    if count != str(len(violations) + len(dropped)):
        raise refuse_unknown("pydocstyle", output, "counts what it didn't print")
    if output.exit_status != (1 if violations or dropped else 0):
        raise refuse_unknown("pydocstyle", output, "contradicts itself")
    return Report(violations, dropped)


def _refuse_crash(output: ToolOutput) -> None:
    """Raise `CannotMeasure` for a crash.

    Exit status 1 doesn't tell: it is for violations as well as for a traceback.
    """
    if "Traceback (most recent call last)" not in output.stderr:
        return
    error = output.stderr.strip().splitlines()[-1]
    known = (why for sign, why in _KNOWN_CRASHES.items() if re.match(sign, error))
    why = next(known, error)
    read = _files_read(_lines(output.stdout))
    if not read:
        raise CannotMeasure(f"pydocstyle: crashed at its start: {why}")
    raise CrashedOn("pydocstyle", {read[-1]: why})


def _lines(text: str) -> list[str]:
    # Not splitlines: a name or a comment may hold other line breaks than these.
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


def _files_read(lines: Sequence[str]) -> list[str]:
    matches = map(_READING.fullmatch, lines)
    return [PurePath(match["path"]).as_posix() for match in matches if match]


def _dropped(output: ToolOutput) -> dict[str, str]:
    dropped: dict[str, str] = {}
    for line in _lines(output.stderr):
        match = _DROPPED.fullmatch(line)
        if match:
            dropped[PurePath(match["path"]).as_posix()] = match["why"]
        elif line not in (_NO_SETTINGS, ""):
            raise refuse_unknown("pydocstyle", output, "said what we don't know")
    return dropped


def _violations(lines: Sequence[str], output: ToolOutput) -> Iterator[Violation]:
    # Two lines each: the place, and what is wrong there.
    for index in range(0, len(lines), 2):
        place = _PLACE.fullmatch(lines[index])
        violation = _VIOLATION.fullmatch("".join(lines[index + 1 : index + 2]))
        if place is None or violation is None:
            raise refuse_unknown("pydocstyle", output, "printed what we don't know")
        yield Violation(
            path=PurePath(place["path"]).as_posix(),
            line=int(place["line"]),
            code=violation["code"],
            text=violation["text"],
        )
