"""Whether an outcome is what its checker declares, and all that it can say."""

from grader.checkers._base import Checker, Options, Result
from grader.errors import CannotMeasure
from grader.model.measurement import Failed, Measured, NotApplicable, Outcome


def refuse_undeclared(
    checker: Checker[Options], outcome: Measured | NotApplicable
) -> None:
    """Raise `CannotMeasure` when the values are not the declared quantities.

    Only optional ones may be absent, and every answer must be its quantity's value.
    """
    if isinstance(outcome, NotApplicable):
        return
    declared = {quantity.name: quantity for quantity in checker.quantities}
    differing = declared.keys() ^ outcome.values.keys()
    wrong = {n for n in differing if n not in declared or not declared[n].optional}
    if wrong:
        odd = ", ".join(sorted(wrong))
        raise CannotMeasure(
            f"a bug in the checker: measured and declared differ: {odd}"
        )
    for name, value in outcome.values.items():
        most = declared[name].maximum
        if value < declared[name].minimum or (most is not None and value > most):
            raise CannotMeasure(
                f"a bug in the checker: {name} = {value} is out of range"
            )
    for answer in outcome.answers:
        if outcome.values.get(answer.quantity) != int(answer.holds):
            raise CannotMeasure(
                f"a bug in the checker: {answer.quantity} is answered otherwise"
            )


def is_settled(checker: Checker[Options], result: Result) -> bool:
    """Whether measuring once more would say the same, as far as the checker knows."""
    if result.settled is not None:
        return result.settled
    return isinstance(result.outcome, NotApplicable) or not _lacks(
        checker, result.outcome
    )


def is_whole(checker: Checker[Options], outcome: Outcome) -> bool:
    """Whether nothing is lacking that measuring the same once more might give."""
    if isinstance(outcome, Failed) or may_say_more(checker, outcome):
        return False
    return not isinstance(outcome, Measured) or not outcome.not_measured


def may_say_more(checker: Checker[Options], outcome: Measured | NotApplicable) -> bool:
    """Whether more of the same commit's history could give it a number that is absent."""
    if not checker.reads_history:
        return False
    return isinstance(outcome, NotApplicable) or _lacks(checker, outcome)


def _lacks(checker: Checker[Options], outcome: Measured) -> bool:
    return any(quantity.name not in outcome.values for quantity in checker.quantities)
