"""What moved between two runs of a class, and a group's own runs over the term.

`moved` is what the class's page, `batch` and `history` tell of two runs. Points are an item's
part of the change of a total, as `grader.scoring.rescoring` counts them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from grader.model.report import CoursePoint
from grader.model.score import ROUNDING
from grader.model.term import (
    Entry,
    GroupEntry,
    GroupRun,
    GroupTerm,
    Move,
    Moves,
    Part,
    RunLine,
    TermTable,
)
from grader.scoring.analysis import distribution
from grader.scoring.rescoring import MarkedGroup, shift_between

# As many points as a report shows of a group's course.
POINTS = 60


def moved(before: Entry, after: Entry) -> Moves:
    """What moved from one run of a class to a later one."""
    old = {group.name: group for group in before.groups}
    new = {group.name: group for group in after.groups}
    both = [(old[name], group) for name, group in new.items() if name in old]
    compared = [move for was, now in both if (move := _move(before, was, after, now))]
    totals = [one for one in compared if one.change]
    return Moves(
        before=before.facts,
        after=after.facts,
        totals=tuple(sorted(totals, key=lambda one: (-abs(one.change), one.group))),
        still=len(compared) - len(totals),
        came=tuple(name for name in new if name not in old),
        went=tuple(name for name in old if name not in new),
        gained=tuple(
            now.name for was, now in both if was.total is None and now.total is not None
        ),
        lost=tuple(
            now.name for was, now in both if was.total is not None and now.total is None
        ),
    )


def _move(before: Entry, was: GroupEntry, after: Entry, now: GroupEntry) -> Move | None:
    """None where there is no total on one of the sides."""
    if was.total is None or now.total is None:
        return None
    shift = shift_between(now.name, _marked(before, was), _marked(after, now))
    parts = shift.items
    if before.rubric.digest != after.rubric.digest:
        # An item that only one of the rubrics has can't be held against itself.
        known = set(before.items) & set(after.items)
        parts = tuple(one for one in parts if one.item in known)
    return Move(
        group=now.name,
        before=was.total,
        after=now.total,
        change=_settled(shift.change),
        rank_before=was.rank,
        rank_after=now.rank,
        through=tuple(
            Part(item=one.item, before=one.before, after=one.after, points=one.points)
            for one in parts
            if _settled(one.points)
        ),
        rest=_settled(shift.change - fsum(one.points for one in parts)),
        is_same_commit=was.commit is not None and was.commit == now.commit,
    )


def _settled(points: float) -> float:
    return points if abs(points) > ROUNDING else 0.0


def _marked(entry: Entry, group: GroupEntry) -> MarkedGroup:
    return MarkedGroup(group.total, group.rank, entry.marks(group), entry.share_of)


def table(entries: Sequence[Entry], unread: Sequence[str] = ()) -> TermTable:
    """The runs, oldest first, as they are given."""
    lines = []
    before: Entry | None = None
    for entry in entries:
        totals = [one.total for one in entry.groups if one.total is not None]
        spread = distribution(totals)
        lines.append(
            RunLine(
                when=entry.when,
                run=entry.run,
                is_remark=entry.is_remark,
                rubric=entry.rubric,
                generator=entry.generator,
                is_other_rubric=_is_other_rubric(before, entry),
                groups=len(entry.groups),
                graded=len(totals),
                final=sum(one.is_final for one in entry.groups),
                mean=spread.mean,
                median=spread.median,
                lowest=spread.lowest,
                highest=spread.highest,
                moved=len(moved(before, entry).totals) if before else None,
                is_same=before is not None and _gist(before) == _gist(entry),
            )
        )
        before = entry
    return TermTable(runs=tuple(lines), unread=tuple(unread))


def _is_other_rubric(before: Entry | None, after: Entry) -> bool:
    return before is not None and before.rubric.digest != after.rubric.digest


def _gist(entry: Entry) -> tuple[object, ...]:
    """What makes two runs the same to a reader."""
    return (
        entry.rubric.digest,
        entry.generator,
        entry.deadline,
        {one.name: _gist_of(one) for one in entry.groups},
    )


def _gist_of(group: GroupEntry) -> tuple[object, ...]:
    return group.commit, group.total, group.rank, group.is_final, group.marks


@dataclass(frozen=True)
class OwnRun:
    """One group in one run, and how many groups had a rank there."""

    entry: Entry
    group: GroupEntry
    ranked: int

    def is_as_after(self, before: "OwnRun | None") -> bool:
        """Whether nothing of the group is another than in an earlier run."""
        return before is not None and self._state == before._state

    @property
    def _state(self) -> tuple[object, ...]:
        return self.entry.rubric.digest, self.ranked, _gist_of(self.group)


def own_runs(entries: Sequence[Entry]) -> Mapping[str, Sequence[OwnRun]]:
    """Every group's runs by its name, without those whose list did not have it."""
    found: dict[str, list[OwnRun]] = {}
    for entry in entries:
        ranked = entry.ranked
        for group in entry.groups:
            found.setdefault(group.name, []).append(OwnRun(entry, group, ranked))
    return found


def group_term(
    name: str, runs: Sequence[OwnRun], unread: Sequence[str] = ()
) -> GroupTerm:
    """One group's own runs, oldest first, with what moved its total between them."""
    lines: list[GroupRun] = []
    before: OwnRun | None = None
    graded: OwnRun | None = None
    for one in runs:
        entry, group = one.entry, one.group
        line = GroupRun(
            when=entry.when,
            run=entry.run,
            is_remark=entry.is_remark,
            rubric=entry.rubric,
            is_other_rubric=_is_other_rubric(before.entry if before else None, entry),
            commit=group.commit,
            total=group.total,
            is_final=group.is_final,
            measured_share=group.measured_share,
            rank=group.rank,
            ranked=one.ranked,
            is_same=one.is_as_after(before),
        )
        if graded and (move := _move(graded.entry, graded.group, entry, group)):
            line = line.model_copy(
                update={
                    "change": move.change,
                    "through": move.through,
                    "rest": move.rest,
                }
            )
        lines.append(line)
        before = one
        graded = one if group.total is not None else graded
    return GroupTerm(group=name, runs=tuple(lines), unread=tuple(unread))


def course(runs: Sequence[OwnRun]) -> tuple[CoursePoint, ...]:
    """A group's course over its own runs, for its own report: nothing of another group.

    The last `POINTS` of it; nothing where there are fewer than two. A marking anew that
    changed nothing of the group is no point.
    """
    points: list[CoursePoint] = []
    for one in runs:
        entry, group = one.entry, one.group
        point = CoursePoint(
            when=entry.when,
            commit=group.commit,
            total=group.total,
            is_final=group.is_final,
            rubric=entry.rubric,
            rank=group.rank,
            ranked=one.ranked,
            is_remark=entry.is_remark,
        )
        if entry.is_remark and points and _is_repeated(points[-1], point):
            continue
        points.append(point)
    return tuple(points[-POINTS:]) if len(points) > 1 else ()


def _is_repeated(last: CoursePoint, point: CoursePoint) -> bool:
    return (last.commit, last.total, last.is_final, last.rubric.digest, last.rank) == (
        *(point.commit, point.total, point.is_final, point.rubric.digest),
        point.rank,
    )
