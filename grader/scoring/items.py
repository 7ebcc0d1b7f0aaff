"""One item's mark: a formula over one measurement, and over a class where it compares."""

from typing import Literal, assert_never

from grader.model.measurement import Failed, Measured, Measurement, NotApplicable
from grader.model.score import (
    Compared,
    Grade,
    ItemScore,
    Trace,
    Ungraded,
    mark_of,
)
from grader.rubric import formula
from grader.rubric.schema import Item
from grader.scoring.cohort import NO_CLASS, NoRival, Number, Rival

LEAST, MOST = 0.0, 10.0


def score_item(
    item: Item, measurement: Measurement, rival: Rival | NoRival = NO_CLASS
) -> ItemScore | Ungraded:
    """The item's mark with its trace, or why there is none; never a mark for a failure."""
    match measurement.outcome:
        case Measured(values=values):
            return _score_values(item, dict(values), rival)
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


def marks_of(grade: Grade) -> dict[str, float]:
    """The marks that count by item, without what was not graded."""
    return {r.item: mark for r in grade.items if (mark := mark_of(r)) is not None}


def clamp(value: float) -> float:
    """A formula's value held to 0..10."""
    return max(LEAST, min(MOST, value))


def evaluate(
    item: Item, values: dict[str, Number], rival: Rival | NoRival = NO_CLASS
) -> Trace:
    """The item's formula over these values, its `alone` where there is no class.

    Raises `FormulaError` where it has no value.
    """
    parsed = formula.parse(item.score)
    if not parsed.needs_class:
        return parsed.evaluate(values)
    if isinstance(rival, NoRival):
        return formula.parse(item.alone or item.score).evaluate(values)
    compared: dict[tuple[str, str], Compared] = {}

    def compare(function: Literal["relative", "percentile"], name: str) -> Number:
        found = rival.compare(function, name, values[name])
        compared[function, name] = found
        return found.result

    trace = parsed.evaluate(
        values,
        {
            "relative": lambda name: compare("relative", name),
            "percentile": lambda name: compare("percentile", name),
        },
    )
    return trace.model_copy(update={"compared": tuple(compared.values())})


def _score_values(
    item: Item, values: dict[str, Number], rival: Rival | NoRival
) -> ItemScore | Ungraded:
    is_alone = formula.parse(item.score).needs_class and isinstance(rival, NoRival)
    try:
        trace = evaluate(item, values, rival)
    except formula.FormulaError as error:
        text = item.alone if is_alone and item.alone is not None else item.score
        reason = f'The formula "{text}" could not be evaluated: {error.message}.'
        return Ungraded(item=item.key, cause="formula", reason=reason)
    return ItemScore(
        item=item.key,
        mark=clamp(trace.value),
        trace=trace,
        is_alone=is_alone,
        note=_why_alone(rival) if is_alone else "",
    )


def _why_alone(rival: Rival | NoRival) -> str:
    if isinstance(rival, NoRival) and rival != NO_CLASS:
        return f"Marked without the class: {rival.reason}."
    return ""


def _decided_zero(item: Item, rule: str, reason: str) -> ItemScore:
    return ItemScore(
        item=item.key,
        mark=LEAST,
        trace=Trace(formula=rule, substituted=rule, value=LEAST, inputs={}),
        note=f"The rubric says {rule}. {reason}",
    )
