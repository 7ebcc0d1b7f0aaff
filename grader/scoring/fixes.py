"""What mending is worth: each item's formula evaluated as if every finding were fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

from grader.model.measurement import Measured, Measurement, Quantity
from grader.model.score import ROUNDING, Grade, ItemScore
from grader.rubric import formula
from grader.rubric.schema import Item, Rubric
from grader.scoring.cohort import NO_CLASS, Class, NoRival, Number, Rival
from grader.scoring.items import clamp, evaluate, marks_of
from grader.scoring.totals import weight_shares

# Stands for "as many as you like" where more of a quantity is always better.
PLENTY = 1_000_000


@dataclass(frozen=True)
class Gain:
    """`points` of the total (0..10) and the item's mark after everything it found is mended.

    `is_open`: the formula uses what only more of it makes better, and no finding bounds.
    """

    item: Item
    points: float
    mark_now: float
    mark_after: float
    is_open: bool = False


def gains(
    rubric: Rubric,
    grade: Grade,
    measurements: Mapping[str, Measurement],
    quantities: Mapping[str, Sequence[Quantity]],
    against: Class | None = None,
) -> tuple[Gain, ...]:
    """What each graded item could still gain, most first; items with nothing to gain are out.

    `measurements` are by item id, `quantities` by checker id. Gains are in points of the
    total as it is computed now: over the graded share of the rubric, less what penalties
    would still take, and against the class with the mended numbers in place of this
    group's. What a person decided has nothing to gain.
    """
    if not grade.measured_share:
        return ()
    shares = weight_shares(rubric)
    debt = _debt(grade, shares)
    items = {item.key: item for item in rubric.items}
    found: list[Gain] = []
    for result in grade.items:
        if not isinstance(result, ItemScore):
            continue
        item = items[result.item]
        measurement = measurements[item.key]
        outcome = measurement.outcome
        if not isinstance(outcome, Measured):
            continue
        rival = against.rival(item, measurement) if against else NO_CLASS
        after = _mark_when_mended(item, outcome, quantities[item.checker], rival)
        if after is None:
            continue
        points = shares[item.key] / grade.measured_share * (after - result.mark)
        points -= debt
        if points > ROUNDING:
            is_open = _is_open(item, outcome, quantities[item.checker], rival)
            found.append(Gain(item, points, result.mark, after, is_open))
    return tuple(sorted(found, key=lambda gain: (-gain.points, gain.item.key)))


def _debt(grade: Grade, shares: Mapping[str, float]) -> float:
    """What penalties take beyond all the marks: so much has to be earned before it shows."""
    earned = fsum(shares[key] * mark for key, mark in marks_of(grade).items())
    lost = fsum(penalty.points for penalty in grade.penalties)
    return max(0.0, lost - earned / grade.measured_share)


def _mark_when_mended(
    item: Item,
    outcome: Measured,
    quantities: Sequence[Quantity],
    rival: Rival | NoRival,
) -> float | None:
    """None where the formula fails on the mended numbers: then it promises nothing."""
    values = mended(outcome, quantities)
    if isinstance(rival, Rival):
        rival = _with_mended(rival, outcome.values, values)
    try:
        return clamp(evaluate(item, values, rival).value)
    except formula.FormulaError:
        return None


def _with_mended(
    rival: Rival, before: Mapping[str, Number], after: Mapping[str, Number]
) -> Rival:
    """The class in which this group, where it is one of it, has the mended numbers.

    Else it would be compared with itself as it was, as if with one more group that is worse.
    """
    values = dict(rival.values)
    for name, group in rival.values.items():
        if before.get(name) in group and name in after:
            rest = list(group)
            rest.remove(before[name])
            values[name] = tuple(sorted((*rest, after[name])))
    return replace(rival, values=values)


def _is_open(
    item: Item,
    outcome: Measured,
    quantities: Sequence[Quantity],
    rival: Rival | NoRival,
) -> bool:
    is_alone = isinstance(rival, NoRival) and item.alone is not None
    used = formula.parse(item.alone if is_alone and item.alone else item.score).names
    return any(
        quantity.ideal is None and quantity.better == "higher"
        for quantity in quantities
        if quantity.name in used and quantity.name in outcome.values
    )


def mended(outcome: Measured, quantities: Sequence[Quantity]) -> dict[str, int | float]:
    """The values once every finding is fixed: each quantity at its ideal.

    What was not measured stays absent: nothing is known of what mending it would give.
    """
    values = dict(outcome.values)
    for quantity in quantities:
        if quantity.name not in outcome.values:
            continue
        match quantity.ideal:
            case str(other) if other in outcome.values:
                values[quantity.name] = outcome.values[other]
            case int() | float() as ideal:
                values[quantity.name] = ideal
            case None if quantity.better == "higher":
                values[quantity.name] = max(
                    values[quantity.name],
                    PLENTY if quantity.maximum is None else quantity.maximum,
                )
            case None if quantity.better == "lower":
                values[quantity.name] = quantity.minimum
    return values
