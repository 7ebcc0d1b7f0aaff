"""From items to dimensions to the total.

An ungraded item takes its weight out of the sum, and the share of the rubric's weight that
was graded is stated beside the total: never a silent 0, never a silent rescale.

Sums are `fsum`: from Python 3.12 on `sum` rounds otherwise than before, in the last digit.
"""

from collections.abc import Mapping
from math import fsum

from grader.model.measurement import Measured, Measurement
from grader.model.score import (
    DimensionScore,
    Grade,
    ItemResult,
    ItemScore,
    Provisional,
    Ungraded,
)
from grader.rubric.schema import Dimension, Item, Rubric
from grader.scoring.items import score_item


def grade_measurements(
    rubric: Rubric, measurements: Mapping[str, Measurement]
) -> Grade:
    """The grade of one repository.

    `measurements` are by item id; an item without one was left out by the user.
    """
    results = {item.key: _result(item, measurements) for item in rubric.items}
    shares = weight_shares(rubric)
    graded = {key: r.mark for key, r in results.items() if isinstance(r, ItemScore)}
    measured = fsum(shares[key] for key in graded)
    total = None
    if measured > 0:
        total = fsum(shares[key] * mark for key, mark in graded.items()) / measured
    return Grade(
        items=tuple(results.values()),
        dimensions=tuple(_dimension(d, results) for d in rubric.dimensions),
        # Sums of shares may miss 1 or 10 by the last bit.
        total=None if total is None else _settle(total, 10.0),
        measured_share=_settle(measured, 1.0),
        provisional=_provisional(results, shares, _partly(results, measurements)),
    )


def _result(item: Item, measurements: Mapping[str, Measurement]) -> ItemResult:
    if item.key in measurements:
        return score_item(item, measurements[item.key])
    reason = "Left out with --only or --skip."
    return Ungraded(item=item.key, cause="left-out", reason=reason)


def weight_shares(rubric: Rubric) -> dict[str, float]:
    """Each item's part of the whole rubric, 0..1, by item id; they sum to 1."""
    whole = fsum(d.weight for d in rubric.dimensions if _inner_weight(d))
    return {
        item.key: (
            dimension.weight / whole * item.weight / _inner_weight(dimension)
            if _inner_weight(dimension)
            else 0.0
        )
        for dimension in rubric.dimensions
        for item in dimension.items
    }


def _inner_weight(dimension: Dimension) -> float:
    return fsum(item.weight for item in dimension.items)


def _settle(value: float, bound: float) -> float:
    return bound if abs(value - bound) < 1e-9 else max(0.0, value)


def _dimension(
    dimension: Dimension, results: Mapping[str, ItemResult]
) -> DimensionScore:
    graded = [
        (item.weight, result.mark)
        for item in dimension.items
        if isinstance(result := results[item.key], ItemScore)
    ]
    weight = fsum(part for part, _ in graded)
    inner = _inner_weight(dimension)
    mark = fsum(part * mark for part, mark in graded) / weight if weight else None
    return DimensionScore(
        id=dimension.id,
        title=dimension.title,
        weight=dimension.weight,
        mark=None if mark is None else _settle(mark, 10.0),
        measured_share=_settle(weight / inner, 1.0) if inner else 0.0,
    )


def _partly(
    results: Mapping[str, ItemResult], measurements: Mapping[str, Measurement]
) -> dict[str, str]:
    """By graded item, how many files its tool could not read, where there are any."""
    found: dict[str, str] = {}
    for key, result in results.items():
        measurement = measurements.get(key)
        if measurement is None or not isinstance(measurement.outcome, Measured):
            continue
        count = len(measurement.outcome.not_measured)
        if count and isinstance(result, ItemScore):
            tool = measurement.tools[0].name if measurement.tools else key
            found[key] = (
                f"{count} file{'' if count == 1 else 's'} could not be read by {tool} and "
                f"{'is' if count == 1 else 'are'} not in the mark of {key}"
            )
    return found


def _provisional(
    results: Mapping[str, ItemResult],
    shares: Mapping[str, float],
    partly: Mapping[str, str],
) -> tuple[Provisional, ...]:
    ungraded = {r.item: r.cause for r in results.values() if isinstance(r, Ungraded)}
    failed = [key for key, cause in ungraded.items() if cause in ("failed", "formula")]
    left_out = [key for key, cause in ungraded.items() if cause == "left-out"]
    alone = [k for k, r in results.items() if isinstance(r, ItemScore) and r.is_alone]
    weight = fsum(shares[key] for key in failed)
    candidates = (
        Provisional(
            cause="ungraded",
            reason=f"Could not be graded: {', '.join(failed)} "
            f"({weight:.1%} of the rubric's weight).",
            items=tuple(failed),
        ),
        Provisional(
            cause="partly-measured",
            reason=f"{'; '.join(partly.values())}.",
            items=tuple(partly),
        ),
        Provisional(
            cause="left-out",
            reason="Some checks were left out with --only or --skip.",
            items=tuple(left_out),
        ),
        Provisional(
            cause="no-class",
            reason=f"Marked without the class they are compared with: {', '.join(alone)}.",
            items=tuple(alone),
        ),
    )
    return tuple(reason for reason in candidates if reason.items)
