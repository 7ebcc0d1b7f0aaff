"""What another rubric does to a class: whose mark and rank change, and through which item."""

from collections.abc import Mapping
from dataclasses import dataclass

from grader.model.classroom import ClassResult, GroupLine
from grader.model.score import Grade
from grader.rubric.schema import Rubric
from grader.scoring.items import mark_of
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
    shifts = tuple(_shift(lines[line.group.name], line, shares) for line in after.lines)
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


def _shift(
    before: GroupLine,
    after: GroupLine,
    shares: tuple[Mapping[str, float], Mapping[str, float]],
) -> Shift:
    old, new = _marks(before.grade), _marks(after.grade)
    weights = (_parts(before.grade, shares[0]), _parts(after.grade, shares[1]))
    moved = []
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        points = weights[1].get(key, 0.0) * (now or 0.0)
        points -= weights[0].get(key, 0.0) * (was or 0.0)
        if abs(points) > 1e-9 or was != now:
            moved.append(ItemShift(key, was, now, points))
    return Shift(
        group=after.group.name,
        before=before.grade.total if before.grade else None,
        after=after.grade.total if after.grade else None,
        rank_before=before.rank,
        rank_after=after.rank,
        items=tuple(sorted(moved, key=lambda one: (-abs(one.points), one.item))),
    )


def _marks(grade: Grade | None) -> dict[str, float]:
    if grade is None:
        return {}
    return {r.item: mark for r in grade.items if (mark := mark_of(r)) is not None}


def _parts(grade: Grade | None, shares: Mapping[str, float]) -> dict[str, float]:
    """Each graded item's part of the total, which is over what was graded."""
    if grade is None or not grade.measured_share:
        return {}
    return {key: shares[key] / grade.measured_share for key in _marks(grade)}
