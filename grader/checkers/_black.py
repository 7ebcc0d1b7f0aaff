"""Runs black as `black --check` and reads what it reports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from grader.checkers._base import Bench, Command, Options, refuse_unknown, relative
from grader.checkers._culprits import CrashedOn
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

# Given with the repository's files, so that these have no folder in common but one of ours:
# black reads each pyproject.toml from there on upwards, whatever --config says, and a
# broken one ends it.
_ANCHOR = "anchor-of-mlops-grade.py"

# What is kept of what it said of a file; a number is a line.
VERDICT = re.compile(r"changed|unchanged|refused|unparsed (?P<line>[0-9]{1,9})")

# Black reports on standard error and leaves standard output empty.
_CHANGED = re.compile(r"^would reformat (?P<path>.+)$", re.MULTILINE)
_UNCHANGED = re.compile(r"^(?P<path>.+) already well formatted, good job\.$", re.M)
_REFUSED = re.compile(r"^error: cannot format (?P<path>.+?\.py): (?P<why>.+)$", re.M)
_UNPARSED = re.compile(
    r"^error: cannot parse[^:\n]*: (?P<path>.+\.py):(?P<line>\d+):\d+$", re.M
)


class FormattingOptions(Options):
    """`line_length` in characters; black's own default is 88."""

    line_length: int | None = None


@dataclass(frozen=True)
class BlackReport:
    """The files by what black says of them; `unparsed` with the line.

    Of files that are in neither it says that it can't format them, as Python can't read
    them.
    """

    changed: frozenset[str]
    unchanged: frozenset[str]
    unparsed: dict[str, int]

    def verdict(self, path: str) -> str:
        """What it says of one file, in the words of `VERDICT`."""
        if path in self.unparsed:
            return f"unparsed {self.unparsed[path]}"
        if path in self.changed:
            return "changed"
        return "unchanged" if path in self.unchanged else "refused"


def black_command(
    snapshot: Snapshot, options: FormattingOptions, bench: Bench
) -> Command:
    """black on all Python files, with no settings but ours."""
    anchor = bench.scratch / _ANCHOR
    anchor.touch()
    width = options.line_length
    check = ("black", "--check")
    length = () if width is None else (f"--line-length={width}",)
    return Command(
        # --verbose names every file, so that none can go missing unnoticed.
        argv=(
            *check,
            *("--verbose", "--no-cache", "--workers=1", "--config"),
            *(str(bench.empty_settings), *length, "--", str(anchor)),
        ),
        plain=(*check, "--config", str(bench.empty_settings), *length, "--"),
        files=snapshot.given("all"),
        fix=" ".join(("black", *length, ".")),
        population=snapshot.describe("all"),
    )


def read_black(output: ToolOutput, snapshot: Snapshot) -> BlackReport:
    """What black reported on exactly the files given; `CannotMeasure` for all else."""
    if output.exit_status not in (0, 1, 123):
        raise refuse_unknown("black", output, "ended in a way we don't know")
    report = output.stderr
    changed = set(_matches(_CHANGED, report, snapshot))
    unchanged = set(_matches(_UNCHANGED, report, snapshot))
    refused = {
        path: match["why"]
        for path, match in _matches(_REFUSED, report, snapshot).items()
    }
    unparsed = {
        path: int(match["line"])
        for path, match in _matches(_UNPARSED, report, snapshot).items()
    }
    seen = {*changed, *unchanged, *refused, *unparsed}
    if seen != set(snapshot.given("all")):
        raise refuse_unknown("black", output, "did not report on every file")
    # What it can't read it names with the line; all else is trouble of its own.
    crashes = {p: why for p, why in refused.items() if not snapshot.module(p).problem}
    if crashes:
        raise CrashedOn("black", crashes)
    return BlackReport(frozenset(changed), frozenset(unchanged), unparsed)


def report_of(verdicts: Mapping[str, str]) -> BlackReport:
    """The report that these verdicts were in."""
    said = {path: VERDICT.fullmatch(verdict) for path, verdict in verdicts.items()}
    return BlackReport(
        frozenset(path for path, verdict in verdicts.items() if verdict == "changed"),
        frozenset(path for path, verdict in verdicts.items() if verdict == "unchanged"),
        {path: int(one["line"]) for path, one in said.items() if one and one["line"]},
    )


def _matches(
    pattern: re.Pattern[str], report: str, snapshot: Snapshot
) -> dict[str, re.Match[str]]:
    return {
        relative(match["path"], snapshot): match
        for match in pattern.finditer(report)
        if PurePath(match["path"]).name != _ANCHOR
    }
