"""What mending is worth: each item's formula evaluated as if every finding were fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.model.measurement import Measured, Measurement, Quantity
from grader.model.score import Grade, ItemScore
from grader.rubric import formula
from grader.rubric.schema import Item, Rubric
from grader.scoring.items import clamp, effective_formula
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
) -> tuple[Gain, ...]:
    """What each graded item could still gain, most first; items with nothing to gain are out.

    `measurements` are by item id, `quantities` by checker id. Gains are in points of the
    total as it is computed now, over the graded share of the rubric.
    """
    shares = weight_shares(rubric)
    items = {item.key: item for item in rubric.items}
    found: list[Gain] = []
    for result in grade.items:
        if not isinstance(result, ItemScore) or not grade.measured_share:
            continue
        item = items[result.item]
        outcome = measurements[item.key].outcome
        if not isinstance(outcome, Measured):
            continue
        after = _mark_when_mended(item, outcome, quantities[item.checker])
        points = shares[item.key] / grade.measured_share * (after - result.mark)
        if points > 0:
            found.append(Gain(item, points, result.mark, after))
    return tuple(sorted(found, key=lambda gain: (-gain.points, gain.item.key)))


def _mark_when_mended(
    item: Item, outcome: Measured, quantities: Sequence[Quantity]
) -> float:
    try:
        parsed = formula.parse(effective_formula(item))
        return clamp(parsed.evaluate(mended(outcome, quantities)).value)
    except formula.FormulaError:
        # A formula that fails on the mended numbers promises nothing.
        return 0.0


def mended(outcome: Measured, quantities: Sequence[Quantity]) -> dict[str, int | float]:
    """The values once every finding is fixed: each quantity at its ideal."""
    values = dict(outcome.values)
    for quantity in quantities:
        match quantity.ideal:
            case str(other):
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
