"""What changed from one report to another, check by check, cut for the room of a comment."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from grader.model.comparison import Comparison, ItemChange
from grader.model.measurement import Finding
from grader.model.score import ROUNDING, ItemResult, ItemScore
from grader.reporting import changes, numbers, words
from grader.reporting.changes import Move
from grader.reporting.clean import clean, clean_stored

# Of one check, so that one with thousands leaves room for the others.
OF_A_CHECK = 40


@dataclass(frozen=True)
class ChangeRow:
    """One check that changed, as clean text.

    `came` and `went` are its first findings that did, `moved` is how many there are in all.
    """

    item: str
    title: str
    points: str
    marks: str
    remarks: tuple[str, ...]
    counts: str
    came: tuple[Move, ...]
    went: tuple[Move, ...]
    moved: int


def signed(change: float) -> str:
    """`+0.42`, `-0.3`, `±0`; what is only rounding is nothing."""
    return "±0" if abs(change) < ROUNDING else numbers.gain(change)


def change_rows(comparison: Comparison, *, has_points: bool) -> tuple[ChangeRow, ...]:
    """The items with another mark or other findings, the most points first.

    Without `has_points` no points are shown: the two reports have no common measure.
    """
    return tuple(
        _row(one, has_points=has_points) for one in comparison.changed if _is_told(one)
    )


def unchanged(comparison: Comparison) -> int:
    """How many items have the same mark and the same findings."""
    return sum(not _is_told(one) for one in comparison.items)


def _row(change: ItemChange, *, has_points: bool) -> ChangeRow:
    lists = (change.came, change.looks_came, change.went, change.looks_went)
    has_points = has_points and change.points is not None
    return ChangeRow(
        item=clean(change.item),
        title=clean(change.title),
        points=signed(change.points or 0.0) if has_points else "–",
        marks=changes.marks(change),
        remarks=tuple(clean(one) for one in changes.remarks(_as_told(change))),
        counts=changes.counts(change) or "please look",
        came=_first_moves("+", change.came, change.looks_came),
        went=_first_moves("-", change.went, change.looks_went),
        moved=sum(map(len, lists)),
    )


def _first_moves(
    sign: str, found: Sequence[Finding], looks: Sequence[Finding]
) -> tuple[Move, ...]:
    moves = (
        Move(sign, clean_stored(one), is_signal=is_signal)
        for some, is_signal in ((found, False), (looks, True))
        for one in some
    )
    return tuple(islice(moves, OF_A_CHECK))


def _is_told(change: ItemChange) -> bool:
    """Whether a reader has something to see: not where only a file more was looked at."""
    moved = (change.came, change.went, change.looks_came, change.looks_went)
    return change.is_changed and bool(
        any(moved)
        or change.notes
        or abs(change.points or 0.0) > ROUNDING
        or len(set(map(_result, (change.before, change.after)))) > 1
    )


def _result(result: ItemResult | None) -> tuple[str, str] | None:
    return None if result is None else (result.kind, words.mark(result))


def _as_told(change: ItemChange) -> ItemChange:
    """With those numbers only that its marks are made of."""
    used = {
        name
        for result in (change.before, change.after)
        if isinstance(score := words.automatic(result) if result else None, ItemScore)
        for name in score.trace.inputs
    }
    told = tuple(one for one in change.numbers if one.name in used)
    return change.model_copy(update={"numbers": told})
