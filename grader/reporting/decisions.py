"""What people decided, in sentences: who, why, and the automatic mark, which stays beside it."""

from math import fsum

from grader.model.score import Decided, Grade, ItemScore, Penalty
from grader.reporting import numbers, words


def lines(grade: Grade) -> tuple[str, ...]:
    """What people changed: the total without and with it, each penalty, each item."""
    return (
        *_totals(grade),
        *(penalty(one) for one in grade.penalties),
        *(_changed(one) for one in overrides(grade)),
    )


def overrides(grade: Grade) -> tuple[Decided, ...]:
    """The marks that stand instead of the program's, or where it has none to give."""
    return tuple(
        result
        for result in grade.items
        if isinstance(result, Decided) and result.automatic is not None
    )


def penalty(one: Penalty) -> str:
    """`Penalty of 0.5 points by Ada Lovelace: handed in late.`"""
    unit = "point" if one.points == 1 else "points"
    return words.sentence(
        f"Penalty of {numbers.plain(one.points)} {unit} by {one.by}: {one.reason}"
    )


def _totals(grade: Grade) -> tuple[str, ...]:
    marks = [result for result in grade.items if isinstance(result, Decided)]
    if grade.total is None or not (marks or grade.penalties):
        return ()
    why = []
    if marks:
        given_by = "a mark" if len(marks) == 1 else f"{len(marks)} marks"
        why.append(f"with {given_by} given by people")
    if grade.penalties:
        lost = numbers.plain(fsum(one.points for one in grade.penalties))
        what = "a penalty" if len(grade.penalties) == 1 else "penalties"
        held = " (never below 0)" if grade.total == 0 else ""
        why.append(f"after {what} of {lost}{held}")
    automatic = grade.automatic_total
    before = "nothing" if automatic is None else numbers.mark(automatic)
    return (f"{before} automatic, {numbers.mark(grade.total)} {' and '.join(why)}.",)


def _changed(result: Decided) -> str:
    automatic = result.automatic
    instead = words.mark(automatic) if isinstance(automatic, ItemScore) else "no mark"
    return words.sentence(
        f"{result.item}: {numbers.mark(result.mark)} instead of {instead}, by "
        f"{result.by}: {result.reason}"
    )
