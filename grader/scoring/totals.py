"""From items to dimensions to the total.

An ungraded item takes its weight out of the sum, and the share of the rubric's weight that
was graded is stated beside the total: never a silent 0, never a silent rescale. What people
decided is in the total; what it would be without them is stated beside it.

Sums are `fsum`: from Python 3.12 on `sum` rounds otherwise than before, in the last digit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum
from typing import Literal

from grader.model.measurement import Measured, Measurement
from grader.model.score import (
    ROUNDING,
    Decided,
    DimensionScore,
    Grade,
    ItemResult,
    ItemScore,
    Penalty,
    Provisional,
    Ungraded,
    mark_of,
)
from grader.rubric.schema import Dimension, Rubric
from grader.scoring.cohort import NO_CLASS, Class
from grader.scoring.items import score_item

_ABSENT: Mapping[Literal["left-out", "not-measured"], str] = {
    "left-out": "Left out with --only or --skip.",
    "not-measured": "Nobody measured it when the class was graded.",
}


@dataclass(frozen=True)
class Given:
    """A mark 0..10 that a person gave, why, and who."""

    mark: float
    reason: str
    by: str


@dataclass(frozen=True)
class Adjustments:
    """What people decided about one group: marks by id of item or criterion, and penalties."""

    marks: Mapping[str, Given] = field(default_factory=dict)
    penalties: tuple[Penalty, ...] = ()


UNADJUSTED = Adjustments()


def grade_measurements(
    rubric: Rubric,
    measurements: Mapping[str, Measurement],
    *,
    against: Class | None = None,
    adjustments: Adjustments = UNADJUSTED,
    absent: Literal["left-out", "not-measured"] = "left-out",
) -> Grade:
    """The grade of one repository.

    `measurements` are by item id; `absent` says why an item has none. `against` is the
    class; without one, or where it has too few groups, an item's `alone` formula counts.
    """
    automatic: dict[str, ItemScore | Ungraded] = {}
    for item in rubric.items:
        if item.key in measurements:
            measurement = measurements[item.key]
            rival = against.rival(item, measurement) if against else NO_CLASS
            automatic[item.key] = score_item(item, measurement, rival)
        else:
            automatic[item.key] = Ungraded(
                item=item.key, cause=absent, reason=_ABSENT[absent]
            )
    results = _decide(rubric, automatic, adjustments)
    shares = weight_shares(rubric)
    measured = fsum(shares[key] for key, r in results.items() if mark_of(r) is not None)
    total = _total(results.values(), shares)
    lost = fsum(penalty.points for penalty in adjustments.penalties)
    return Grade(
        items=tuple(results.values()),
        dimensions=tuple(_dimension(d, results) for d in rubric.dimensions),
        total=None if total is None else max(0.0, total - lost),
        # Sums of shares may miss 1 or 10 by the last bit.
        measured_share=_settle(measured, 1.0),
        provisional=_provisional(results, shares, _partly(results, measurements)),
        automatic_total=_total(automatic.values(), shares),
        penalties=adjustments.penalties,
    )


def _decide(
    rubric: Rubric,
    automatic: Mapping[str, ItemScore | Ungraded],
    adjustments: Adjustments,
) -> dict[str, ItemResult]:
    """Every item and criterion with the mark that counts, in the rubric's order."""
    results: dict[str, ItemResult] = {}
    for key in (key for dimension in rubric.dimensions for key in dimension.weights):
        given = adjustments.marks.get(key)
        if given is not None:
            results[key] = Decided(
                item=key,
                mark=given.mark,
                reason=given.reason,
                by=given.by,
                automatic=automatic.get(key),
            )
        elif key in automatic:
            results[key] = automatic[key]
        else:
            reason = "A person marks this, and has not yet."
            results[key] = Ungraded(item=key, cause="unmarked", reason=reason)
    return results


def _total(results: Iterable[ItemResult], shares: Mapping[str, float]) -> float | None:
    graded = [
        (shares[result.item], mark)
        for result in results
        if (mark := mark_of(result)) is not None
    ]
    weight = fsum(share for share, _ in graded)
    if weight <= 0:
        return None
    return _settle(fsum(share * mark for share, mark in graded) / weight, 10.0)


def retotal(grade: Grade, shares: Mapping[str, float]) -> tuple[float | None, float]:
    """A grade's total (0..10) under other weights, and the share of them that was graded.

    `shares` are by id of item or criterion, in any unit.
    """
    total = _total(grade.items, shares)
    whole = fsum(shares.values())
    measured = fsum(shares[r.item] for r in grade.items if mark_of(r) is not None)
    lost = fsum(penalty.points for penalty in grade.penalties)
    return (
        None if total is None else max(0.0, total - lost),
        _settle(measured / whole, 1.0) if whole else 0.0,
    )


def weight_shares(rubric: Rubric) -> dict[str, float]:
    """The part of the whole rubric, 0..1, by id of item or criterion; they sum to 1."""
    inner = {one.id: fsum(one.weights.values()) for one in rubric.dimensions}
    whole = fsum(one.weight for one in rubric.dimensions if inner[one.id])
    return {
        key: (
            dimension.weight / whole * weight / inner[dimension.id]
            if inner[dimension.id]
            else 0.0
        )
        for dimension in rubric.dimensions
        for key, weight in dimension.weights.items()
    }


def _settle(value: float, bound: float) -> float:
    return bound if abs(value - bound) < ROUNDING else max(0.0, value)


def _dimension(
    dimension: Dimension, results: Mapping[str, ItemResult]
) -> DimensionScore:
    graded = [
        (weight, mark)
        for key, weight in dimension.weights.items()
        if (mark := mark_of(results[key])) is not None
    ]
    weight = fsum(part for part, _ in graded)
    inner = fsum(dimension.weights.values())
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

    def because(*causes: str) -> tuple[str, ...]:
        return tuple(key for key, cause in ungraded.items() if cause in causes)

    failed = because("failed", "formula")
    weight = fsum(shares[key] for key in failed)
    alone = {
        key: result.note
        for key, result in results.items()
        if isinstance(result, ItemScore) and result.is_alone
    }
    why = " ".join(dict.fromkeys(note for note in alone.values() if note))
    candidates = (
        Provisional(
            cause="ungraded",
            reason=f"Could not be graded: {', '.join(failed)} "
            f"({weight:.1%} of the rubric's weight).",
            items=failed,
        ),
        Provisional(
            cause="partly-measured",
            reason=f"{'; '.join(partly.values())}.",
            items=tuple(partly),
        ),
        Provisional(
            cause="left-out",
            reason="Some checks were left out with --only or --skip.",
            items=because("left-out"),
        ),
        Provisional(
            cause="not-measured",
            reason="Nobody measured what the rubric asks for: "
            f"{', '.join(because('not-measured'))}.",
            items=because("not-measured"),
        ),
        Provisional(
            cause="unmarked",
            reason=f"Still to be marked by a person: {', '.join(because('unmarked'))}.",
            items=because("unmarked"),
        ),
        Provisional(
            cause="no-class",
            reason="Marked without the class they are compared with: "
            f"{', '.join(alone)}.{f' {why}' if why else ''}",
            items=tuple(alone),
        ),
    )
    return tuple(reason for reason in candidates if reason.items)
