"""What a hook prints: the total, what it is held to, and what would mend it, in ten lines."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.model.comparison import Comparison, ItemChange
from grader.model.report import Report
from grader.reporting import changes, numbers, words
from grader.reporting.clean import clean

# A commit is no place to read long: what is beyond stands in the report.
MAX_LINES = 10
_TEXT = 96


@dataclass(frozen=True)
class Held:
    """A report and what it is held to: a least total, and how it compares with another state.

    `than` is what the other state was called, `base` its report.
    """

    report: Report
    least: float | None = None
    compared: Comparison | None = None
    than: str = ""
    base: Report | None = None

    @property
    def is_below(self) -> bool:
        """Whether the total is below the least."""
        total = self.report.grade.total
        return self.least is not None and total is not None and total < self.least

    @property
    def is_worse(self) -> bool:
        """Whether the total went down."""
        return self.compared is not None and self.compared.is_worse

    @property
    def undecided(self) -> str:
        """Why it can't be decided; empty where it can."""
        if self.report.grade.total is None:
            return "nothing could be graded"
        if why := _ungraded(self.report):
            return why
        if self.base is None:
            return ""
        if self.base.grade.total is None:
            return f"nothing of {self.than} could be graded"
        why = _ungraded(self.base)
        return f"of {self.than}: {why}" if why else ""


def _ungraded(report: Report) -> str:
    """Why a check has no mark that is not the student's doing; empty where there is none."""
    reasons = report.grade.provisional
    return next((one.reason for one in reasons if one.cause == "ungraded"), "")


def lines(held: Held) -> tuple[str, ...]:
    """At most ten: the verdict, what lost the points with what mends it, and where to look."""
    said = [_verdict(held), *_lost(held)]
    if len(said) > MAX_LINES - 1:
        said = [*said[: MAX_LINES - 2], f"  and {len(said) - MAX_LINES + 2} more"]
    said.append("All of it: mlops-grade . --report html=report.html")
    return tuple(_short(one) for one in said)


def _verdict(held: Held) -> str:
    grade = held.report.grade
    total = (
        "not graded" if grade.total is None else f"{numbers.mark(grade.total)} of 10"
    )
    share = ""
    if 0 < grade.measured_share < 1:
        share = f" over {numbers.percent(grade.measured_share)} of the rubric"
    said = [f"{total}{share}"]
    if held.undecided:
        said.append(f"not decided: {held.undecided}")
    if held.is_below and held.least is not None:
        said.append(f"below {numbers.plain(held.least)}")
    if held.compared is not None and held.compared.change is not None:
        change = held.compared.change
        how = "worse than" if held.is_worse else "no worse than"
        said.append(f"{how} {held.than} ({numbers.gain(change)})")
    return f"mlops-grade: {', '.join(said)}"


def _lost(held: Held) -> Iterator[str]:
    commands = {
        check.id: check.measurement.fix_command or check.advice
        for check in held.report.checks
        if check.measurement is not None
    }
    if held.is_worse and held.compared is not None:
        for change in held.compared.changed:
            if change.points is not None and change.points < 0:
                yield _worse(change, commands.get(change.item, ""))
        return
    for fix in held.report.fixes:
        mends = fix.command or fix.advice
        yield f"  {numbers.gain(fix.gain)} {fix.item}{f': {mends}' if mends else ''}"


def _worse(change: ItemChange, mends: str) -> str:
    points = numbers.gain(change.points or 0.0)
    came = f", {words.counted(len(change.came), 'new finding')}" if change.came else ""
    told = f": {mends}" if mends else ""
    return f"  {points} {change.item} ({changes.marks(change)}{came}){told}"


def _short(line: str) -> str:
    text = " ".join(clean(line).split()) if not line.startswith("  ") else clean(line)
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
