"""What another rubric does to a class: whose mark and rank change, and through which item."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from grader.model.classroom import ClassResult, GroupLine
from grader.model.score import ROUNDING, Grade
from grader.rubric.schema import Rubric
from grader.scoring.items import marks_of
from grader.scoring.totals import weight_shares


@dataclass(frozen=True)
class ItemShift:
    """What one item does to a total: its mark before and after (None: not graded).

    `points` is its part of the change of the total, in points of the total (0..10).
    """

    item: str
    before: float | None
    after: float | None
    points: float


@dataclass(frozen=True)
class Shift:
    """One group's total and rank before and after, and the items most of it comes from.

    `items` are those that moved the total, the greatest movement first.
    """

    group: str
    before: float | None
    after: float | None
    rank_before: int | None
    rank_after: int | None
    items: tuple[ItemShift, ...]

    @property
    def change(self) -> float:
        """Points of the total, 0 where there is no total on one of the sides."""
        if self.before is None or self.after is None:
            return 0.0
        return self.after - self.before

    @property
    def is_changed(self) -> bool:
        """Whether the total or the rank is another."""
        return (self.before, self.rank_before) != (self.after, self.rank_after)


@dataclass(frozen=True)
class Rescoring:
    """Every group's shift, in the list's order, and the items that nobody measured."""

    shifts: tuple[Shift, ...]
    not_measured: tuple[str, ...]

    @property
    def changed(self) -> tuple[Shift, ...]:
        """Those whose total or rank is another, the greatest change first."""
        found = [shift for shift in self.shifts if shift.is_changed]
        return tuple(sorted(found, key=lambda one: (-abs(one.change), one.group)))


def rescoring(
    before: ClassResult, old: Rubric, after: ClassResult, new: Rubric
) -> Rescoring:
    """Two markings of the same class, group by group. Items are matched by their ids."""
    shares = (weight_shares(old), weight_shares(new))
    lines = {line.group.name: line for line in before.lines}
    shifts = tuple(
        shift_between(
            line.group.name,
            _marked(lines[line.group.name], shares[0]),
            _marked(line, shares[1]),
        )
        for line in after.lines
    )
    grades = [line.grade for line in after.lines if line.grade]
    missing = tuple(
        key
        for key in after.items
        if grades and all(_is_missing(g, key) for g in grades)
    )
    return Rescoring(shifts, missing)


def _is_missing(grade: Grade, key: str) -> bool:
    return any(
        one.kind == "ungraded" and one.item == key and one.cause == "not-measured"
        for one in grade.items
    )


@dataclass(frozen=True)
class MarkedGroup:
    """One group in one marking: its total and rank, the marks of its graded items by id.

    `shares` are the items' parts of the rubric, graded or not.
    """

    total: float | None
    rank: int | None
    marks: Mapping[str, float]
    shares: Mapping[str, float]

    @property
    def parts(self) -> dict[str, float]:
        """Each graded item's part of the total, which is over what was graded."""
        whole = fsum(self.shares[key] for key in self.marks)
        return {key: self.shares[key] / whole if whole else 0.0 for key in self.marks}


def shift_between(group: str, before: MarkedGroup, after: MarkedGroup) -> Shift:
    """What changed from one marking of a group to another, and through which items.

    With p an item's part of the total and m its mark, and T the total before penalties, an
    item moved p·(m' - m) by its mark and (p' - p)·(m' - T) by its weight, as when two reports
    are compared. Where one side has no total nothing moved it.
    """
    moved = []
    old, new = before.parts, after.parts
    untouched = fsum(old[key] * mark for key, mark in before.marks.items())
    if before.total is not None and after.total is not None:
        for key in dict.fromkeys((*after.marks, *before.marks)):
            was, now = before.marks.get(key), after.marks.get(key)
            at = now if now is not None else was
            assert at is not None
            points = (new.get(key, 0.0) - old.get(key, 0.0)) * (at - untouched)
            if was is not None and now is not None:
                points += old[key] * (now - was)
            if abs(points) > ROUNDING or was != now:
                moved.append(ItemShift(key, was, now, points))
    return Shift(
        group=group,
        before=before.total,
        after=after.total,
        rank_before=before.rank,
        rank_after=after.rank,
        items=tuple(sorted(moved, key=lambda one: (-abs(one.points), one.item))),
    )


def _marked(line: GroupLine, shares: Mapping[str, float]) -> MarkedGroup:
    total = line.grade.total if line.grade else None
    marks = marks_of(line.grade) if line.grade else {}
    return MarkedGroup(total, line.rank, marks, shares)
