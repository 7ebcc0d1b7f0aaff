"""What the class's page and its Markdown show of each group, item and variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from grader.model.analysis import ClassReport, Variant
from grader.model.classroom import GroupLine
from grader.model.score import ROUNDING, DimensionScore, ItemResult, Ungraded, mark_of
from grader.model.term import Move

# Of each variant, and of each group: what moves or costs most.
MOVERS, LOSSES = 20, 3

_CAUSES: Mapping[str, str] = {
    "private-or-gone": "Private, renamed or gone",
    "refused": "Access refused",
    "forbidden": "Access forbidden",
    "rate-limited": "Too many requests to the host",
    "timed-out": "Took too long to answer",
    "host-unknown": "Host not found",
    "connection": "No connection",
    "host-key": "The host's key is not known",
    "certificate": "The host's certificate is not valid",
    "redirected": "Moved to another address",
    "not-a-repository": "Not a git repository",
    "server": "The host's own trouble",
    "damaged": "Damaged repository",
    "too-large": "Too large",
    "disk-full": "No room on our disk",
    "not-in-cache": "Not in the cache, and this run was offline",
    "other": "Could not be cloned",
    "repository": "The repository could not be taken",
    "worker": "The process that measured was killed",
    "bug": "A bug of ours",
}

_UNGRADED: Mapping[str, str] = {
    "failed": "Could not be measured",
    "formula": "The formula could not be evaluated",
    "not-measured": "Nobody measured it",
    "unmarked": "Still to be marked by a person",
    "left-out": "Left out with --only or --skip",
    "not-applicable": "Nothing there to measure",
}


@dataclass(frozen=True)
class Part:
    """An item's part of a group's total, in points of the total (0..10).

    `weight` is the item's share of what was graded of this group, 0..1; `gained` and `lost`
    are the points that it gives and that it takes away from 10. None without a mark.
    """

    item: str
    result: ItemResult
    mark: float | None
    weight: float | None
    gained: float | None
    lost: float | None


@dataclass(frozen=True)
class Row:
    """A group on the page: its line, its place there, and what its total is made of.

    `number` counts as the page does, the best first: it is the name where names are hidden.
    `report` is where its report is, relative to the page; empty where it has none. `tags`
    are what the filter knows it by.
    """

    number: int
    line: GroupLine
    report: str
    parts: tuple[Part, ...]
    tags: tuple[str, ...]

    @property
    def is_graded(self) -> bool:
        """Whether it has a total."""
        return self.line.grade is not None and self.line.grade.total is not None

    @property
    def costliest(self) -> tuple[Part, ...]:
        """Where most points went, the most first."""
        lost = [part for part in self.parts if part.lost]
        return tuple(sorted(lost, key=lambda part: -(part.lost or 0.0)))[:LOSSES]

    def dimension(self, one: DimensionScore) -> float | None:
        """The group's mark of a dimension of the rubric."""
        grade = self.line.grade
        marks = {d.id: d.mark for d in grade.dimensions} if grade else {}
        return marks.get(one.id)


@dataclass(frozen=True)
class Mover:
    """A group under a variant, with its total and rank there, and the total's change."""

    row: Row
    total: float
    change: float
    rank: int | None


@dataclass(frozen=True)
class Troubled:
    """Groups without a total for the same cause."""

    cause: str
    rows: tuple[Row, ...]

    @property
    def count(self) -> int:
        """How many groups."""
        return len(self.rows)


@dataclass(frozen=True)
class Missing:
    """One item that a group has no mark for, and why."""

    row: Row
    result: Ungraded


@dataclass(frozen=True)
class MissingFor:
    """Items without a mark for the same cause."""

    cause: str
    marks: tuple[Missing, ...]


def rows(report: ClassReport) -> tuple[Row, ...]:
    """Every group: by rank, then those without one, in the list's order."""
    lines = report.result.lines
    last = len(lines) + 1

    def order(line: GroupLine) -> tuple[bool, int]:
        has_total = line.grade is not None and line.grade.total is not None
        return not has_total, line.rank or last

    shares = {one.item: one.share for one in report.analysis.items}
    return tuple(
        Row(number, line, report_of(line), _parts(line, shares), _tags(line))
        for number, line in enumerate(sorted(lines, key=order), 1)
    )


def _parts(line: GroupLine, shares: Mapping[str, float]) -> tuple[Part, ...]:
    if line.grade is None:
        return ()
    measured = line.grade.measured_share
    return tuple(_part(result, shares, measured) for result in line.grade.items)


def _part(result: ItemResult, shares: Mapping[str, float], measured: float) -> Part:
    mark = mark_of(result)
    if mark is None or not measured:
        return Part(result.item, result, mark, None, None, None)
    weight = shares[result.item] / measured
    return Part(result.item, result, mark, weight, weight * mark, weight * (10 - mark))


def _tags(line: GroupLine) -> tuple[str, ...]:
    grade = line.grade
    found = {
        "ungraded": grade is None or grade.total is None,
        "provisional": grade is not None and not grade.is_final,
        "look": line.signals > 0,
        "changed": grade is not None and grade.is_adjusted,
        "late": line.later_count > 0 or bool(line.extension),
    }
    return tuple(name for name, holds in found.items() if holds)


def report_of(line: GroupLine) -> str:
    """Where a group's report is, relative to the page; empty where it has none."""
    if line.grade is None:
        return ""
    return f"groups/{quote(line.group.folder, safe='', errors='replace')}/report.html"


def troubled(found: Sequence[Row]) -> tuple[Troubled, ...]:
    """The groups without a total, by cause."""
    by_cause: dict[str, list[Row]] = {}
    for row in found:
        if not row.is_graded:
            by_cause.setdefault(_cause(row.line), []).append(row)
    return tuple(Troubled(cause, tuple(some)) for cause, some in by_cause.items())


def _cause(line: GroupLine) -> str:
    if line.trouble is not None:
        return _CAUSES.get(line.trouble.cause, line.trouble.cause)
    return "Not graded yet" if line.grade is None else "Nothing to grade"


def missing(found: Sequence[Row]) -> tuple[MissingFor, ...]:
    """The items without a mark of groups that have a total, by cause: ours to mend first."""
    lacking = [
        Missing(row, part.result)
        for row in found
        if row.is_graded
        for part in row.parts
        if isinstance(part.result, Ungraded)
    ]
    return tuple(
        MissingFor(title, some)
        for cause, title in _UNGRADED.items()
        if (some := tuple(one for one in lacking if one.result.cause == cause))
    )


def movers(
    variant: Variant, report: ClassReport, found: Sequence[Row]
) -> tuple[Mover, ...]:
    """The groups that a variant moves most: their totals, then their ranks."""
    by_line = {id(row.line): row for row in found}
    moved = []
    for line, there in zip(report.result.lines, variant.lines, strict=True):
        before = line.grade.total if line.grade else None
        if before is None or there.total is None:
            continue
        change = there.total - before
        if abs(change) > ROUNDING or line.rank != there.rank:
            moved.append(Mover(by_line[id(line)], there.total, change, there.rank))
    moved.sort(key=lambda one: (-abs(one.change), one.row.number))
    return tuple(moved[:MOVERS])


@dataclass(frozen=True)
class MovedSince:
    """A group whose total moved since the run before, None where it is not on the page."""

    row: Row | None
    move: Move


def moved(report: ClassReport, found: Sequence[Row]) -> tuple[MovedSince, ...]:
    """The totals that moved since the run before, the greatest change first."""
    if report.moves is None:
        return ()
    by_name = {row.line.group.name: row for row in found}
    return tuple(MovedSince(by_name.get(one.group), one) for one in report.moves.totals)
