"""What mending is worth: each item's formula evaluated as if every finding were fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.model.measurement import Measured, Measurement, Quantity
from grader.model.score import Grade, ItemScore
from grader.rubric import formula
from grader.rubric.schema import Item, Rubric
from grader.scoring.cohort import NO_CLASS, Class, NoRival, Rival
from grader.scoring.items import clamp, evaluate
from grader.scoring.totals import weight_shares

# Stands for "as many as you like" where more of a quantity is always better.
PLENTY = 1_000_000


@dataclass(frozen=True)
class Gain:
    """`points` of the total (0..10) and the item's mark after everything it found is mended."""

    item: Item
    points: float
    mark_now: float
    mark_after: float


def gains(
    rubric: Rubric,
    grade: Grade,
    measurements: Mapping[str, Measurement],
    quantities: Mapping[str, Sequence[Quantity]],
    against: Class | None = None,
) -> tuple[Gain, ...]:
    """What each graded item could still gain, most first; items with nothing to gain are out.

    `measurements` are by item id, `quantities` by checker id. Gains are in points of the
    total as it is computed now, over the graded share of the rubric, and against the class
    as it stands. What a person decided has nothing to gain.
    """
    shares = weight_shares(rubric)
    items = {item.key: item for item in rubric.items}
    found: list[Gain] = []
    for result in grade.items:
        if not isinstance(result, ItemScore) or not grade.measured_share:
            continue
        item = items[result.item]
        measurement = measurements[item.key]
        outcome = measurement.outcome
        if not isinstance(outcome, Measured):
            continue
        rival = against.rival(item, measurement) if against else NO_CLASS
        after = _mark_when_mended(item, outcome, quantities[item.checker], rival)
        points = shares[item.key] / grade.measured_share * (after - result.mark)
        if points > 0:
            found.append(Gain(item, points, result.mark, after))
    return tuple(sorted(found, key=lambda gain: (-gain.points, gain.item.key)))


def _mark_when_mended(
    item: Item,
    outcome: Measured,
    quantities: Sequence[Quantity],
    rival: Rival | NoRival,
) -> float:
    try:
        return clamp(evaluate(item, mended(outcome, quantities), rival).value)
    except formula.FormulaError:
        # A formula that fails on the mended numbers promises nothing.
        return 0.0


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
