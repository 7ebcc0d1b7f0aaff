"""One item's mark: a formula over one measurement."""

from typing import assert_never

from grader.model.measurement import Failed, Measured, Measurement, NotApplicable
from grader.model.score import ItemResult, ItemScore, Trace, Ungraded
from grader.rubric import formula
from grader.rubric.schema import Item

LEAST, MOST = 0.0, 10.0


def score_item(item: Item, measurement: Measurement) -> ItemResult:
    """The item's mark with its trace, or why there is none; never a mark for a failure."""
    match measurement.outcome:
        case Measured(values=values):
            return _score_values(item, dict(values))
        case NotApplicable(reason=reason):
            if item.on_not_applicable == "zero":
                return _decided_zero(item, "on_not_applicable: zero", reason)
            return Ungraded(item=item.key, cause="not-applicable", reason=reason)
        case Failed(reason=reason):
            if item.on_failure == "zero":
                return _decided_zero(item, "on_failure: zero", reason)
            return Ungraded(item=item.key, cause="failed", reason=reason)
        case _:
            assert_never(measurement.outcome)


def clamp(value: float) -> float:
    """A formula's value held to 0..10."""
    return max(LEAST, min(MOST, value))


def effective_formula(item: Item) -> str:
    """The formula that marks the item where there is no class to compare with."""
    needs_class = formula.parse(item.score).needs_class
    return item.alone if needs_class and item.alone is not None else item.score


def _score_values(item: Item, values: dict[str, int | float]) -> ItemResult:
    text = effective_formula(item)
    try:
        trace = formula.parse(text).evaluate(values)
    except formula.FormulaError as error:
        reason = f'The formula "{text}" could not be evaluated: {error.message}.'
        return Ungraded(item=item.key, cause="formula", reason=reason)
    return ItemScore(
        item=item.key,
        mark=clamp(trace.value),
        trace=trace,
        is_alone=text != item.score,
    )


def _decided_zero(item: Item, rule: str, reason: str) -> ItemScore:
    return ItemScore(
        item=item.key,
        mark=LEAST,
        trace=Trace(formula=rule, substituted=rule, value=LEAST, inputs={}),
        note=f"The rubric says {rule}. {reason}",
    )
