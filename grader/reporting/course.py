"""A group's course over the term, and what moved in a class, in words and in one chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.model.report import CoursePoint
from grader.model.term import GroupRun, Move, Moves, Part, RunFacts
from grader.reporting import numbers, words
from grader.reporting.changes import gain

# The chart's plane: time from left to right, totals of 0 to 10 upwards.
WIDTH, HEIGHT = 400, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 24.0, 390.0, 12.0, 128.0
# Names of groups, and items a total moved through, that one line has room for.
FIRST_NAMES = 8
FIRST_ITEMS = 3


def stamp(when: str) -> str:
    """`2025-05-23 18:00`, in UTC; the text itself where it is no such time."""
    try:
        return f"{datetime.fromisoformat(when).astimezone(UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return when


@dataclass(frozen=True)
class Row:
    """One run in the table of a group's course, as text; no commit is an empty one."""

    when: str
    commit: str
    total: str
    change: str
    rank: str
    remarks: str


def rows(points: Sequence[CoursePoint]) -> tuple[Row, ...]:
    """The table behind the chart, oldest first."""
    found = []
    before: CoursePoint | None = None
    graded: float | None = None
    for point in points:
        total = point.total
        change = "–" if total is None or graded is None else gain(total - graded)
        found.append(
            Row(
                when=words.when(point.when),
                commit=point.commit[:12] if point.commit else "",
                total="not graded" if total is None else numbers.mark(total),
                change=change,
                rank=rank(point.rank, point.ranked),
                remarks="; ".join(_remarks(before, point)),
            )
        )
        before, graded = point, graded if total is None else total
    return tuple(found)


def rank(own: int | None, ranked: int) -> str:
    """`3 of 12`; a dash where there is none."""
    return "–" if own is None else f"{own} of {ranked}"


def _remarks(before: CoursePoint | None, point: CoursePoint) -> list[str]:
    remarks = []
    if is_other(before, point):
        remarks.append(f"another rubric: {words.rubric(point.rubric)}")
    if point.is_remark:
        remarks.append("marked anew, nothing measured")
    if point.total is not None and not point.is_final:
        remarks.append("provisional")
    return remarks


def is_other(before: CoursePoint | None, point: CoursePoint) -> bool:
    """Whether the rubric is another than at the point before."""
    return before is not None and before.rubric.digest != point.rubric.digest


@dataclass(frozen=True)
class Dot:
    """One total in the chart."""

    x: float
    y: float
    is_final: bool


@dataclass(frozen=True)
class Chart:
    """A group's course as a line; `lines` end where the rubric changes or a total is missing.

    `rulers` are where the rubric changed, `label` says in a sentence what is to be seen.
    """

    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    rulers: tuple[float, ...]
    first: str
    last: str
    label: str


def chart(points: Sequence[CoursePoint]) -> Chart:
    """The chart of two points or more: time is to scale, and the scale of totals is whole."""
    places = _places(points)
    lines: list[list[Dot]] = [[]]
    rulers = []
    before: CoursePoint | None = None
    for point, x in zip(points, places, strict=True):
        if is_other(before, point):
            rulers.append(x)
        if is_other(before, point) or point.total is None:
            lines.append([])
        if point.total is not None:
            y = _BOTTOM - (_BOTTOM - _TOP) * point.total / 10
            lines[-1].append(Dot(x, y, point.is_final))
        before = point
    return Chart(
        lines=tuple(
            " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in line)
            for line in lines
            if len(line) > 1
        ),
        dots=tuple(dot for line in lines for dot in line),
        rulers=tuple(rulers),
        first=stamp(points[0].when)[:10],
        last=stamp(points[-1].when)[:10],
        label=label(points),
    )


def _places(points: Sequence[CoursePoint]) -> list[float]:
    """Where each point stands from left to right; evenly where times are none."""
    try:
        moments = [datetime.fromisoformat(one.when).timestamp() for one in points]
    except (ValueError, OverflowError):
        moments = [float(number) for number in range(len(points))]
    span = moments[-1] - moments[0]
    if span <= 0 or sorted(moments) != moments:
        moments = [float(number) for number in range(len(points))]
        span = moments[-1]
    return [_LEFT + (_RIGHT - _LEFT) * (one - moments[0]) / span for one in moments]


def label(points: Sequence[CoursePoint]) -> str:
    """`Your total over 3 runs: 5.65 on 23 May 2025, 00:00 UTC, 7.41 on …`, for the chart."""
    graded = [one for one in points if one.total is not None]
    text = f"Your total over {words.counted(len(points), 'run')}"
    if not graded:
        return f"{text}: never graded"
    ends = dict.fromkeys((graded[0], graded[-1]))
    shown = ", then ".join(
        f"{numbers.mark(one.total or 0)} on {words.when(one.when)}" for one in ends
    )
    return f"{text}: {shown}"


def summary(moves: Moves) -> str:
    """`Since 2025-05-23 18:00 UTC: 5 totals moved, up 4, down 1; 7 are the same.`"""
    count = len(moves.totals)
    since = f"Since {stamp(moves.before.when)} UTC"
    if not count:
        return f"{since}: no total moved."
    told = f"{words.counted(count, 'total')} moved, up {moves.up}, down {moves.down}"
    same = f"; {moves.still} {'is' if moves.still == 1 else 'are'} the same"
    return f"{since}: {told}{same if moves.still else ''}."


def notes(moves: Moves) -> tuple[str, ...]:
    """What else is another: what moves marks by itself, and who came, went, gained or lost."""
    found = list(_rulers(moves.before, moves.after))
    for names, text in (
        (moves.came, "New in the list"),
        (moves.went, "No longer in the list"),
        (moves.gained, "Graded now, and not before"),
        (moves.lost, "No longer graded"),
    ):
        if names:
            shown = ", ".join(names[:FIRST_NAMES])
            more = len(names) - FIRST_NAMES
            found.append(f"{text}: {shown}{f' and {more} more' if more > 0 else ''}.")
    return tuple(found)


def _rulers(before: RunFacts, after: RunFacts) -> list[str]:
    found = []
    if before.rubric.digest != after.rubric.digest:
        found.append(
            f"The rubric changed: {words.rubric(before.rubric)}, then "
            f"{words.rubric(after.rubric)}. Items are matched by their ids."
        )
    if before.generator != after.generator:
        found.append(
            f"The program changed: {before.generator.version}, then "
            f"{after.generator.version}."
        )
    if before.deadline != after.deadline:
        found.append(
            f"The deadline changed: {before.deadline or 'none'}, then "
            f"{after.deadline or 'none'}."
        )
    if before.isolation != after.isolation:
        found.append(
            f"The isolation changed: {before.isolation or 'none'}, then "
            f"{after.isolation or 'none'}."
        )
    return found


def through(move: Move) -> str:
    """`lint +0.42, coverage -0.1`, and why else a total moved."""
    said = "same commit" if move.is_same_commit else ""
    return _joined(move.through, move.rest, said)


def through_run(run: GroupRun) -> str:
    """The same of one run in a group's line, with what else there is to say of it."""
    said = []
    if run.is_other_rubric:
        said.append(f"another rubric: {words.rubric(run.rubric)}")
    if run.is_remark:
        said.append("marked anew")
    if run.total is not None and not run.is_final:
        said.append("provisional")
    return _joined(run.through, run.rest or 0.0, "; ".join(said))


def _joined(parts: Sequence[Part], rest: float, said: str) -> str:
    shown = [f"{one.item} {gain(one.points)}" for one in parts[:FIRST_ITEMS]]
    if more := len(parts) - len(shown):
        shown.append(f"{more} more")
    if rest:
        shown.append(f"not through an item {gain(rest)}")
    return "; ".join(filter(None, [", ".join(shown), said]))
