"""How one check was marked, step by step, from the files to the points of the total."""

from collections.abc import Iterator

from grader.model.measurement import Measured
from grader.model.report import Report, ReportCheck
from grader.model.score import Decided, ItemScore, Ungraded
from grader.reporting import numbers, words


def steps(report: Report, check: ReportCheck) -> tuple[str, ...]:
    """One sentence for each step that was taken, in their order."""
    return (*_measured(report, check), *_marked(check), *_weighed(report, check))


def _measured(report: Report, check: ReportCheck) -> Iterator[str]:
    measurement = check.measurement
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return
    tools = ", ".join(map(str, measurement.tools))
    by = tools or f"{report.generator.name}'s own reading of the files"
    on = f" on {measurement.population}" if measurement.population else ""
    yield words.sentence(f"Measured with {by}{on}")
    if unread := len(measurement.outcome.not_measured):
        files = words.counted(unread, "file")
        yield f"{files} could not be read: in no number that follows."
    pairs = [f"{one.name} is {one.shown}" for one in words.key_numbers(check)]
    if pairs:
        yield f"It measured: {', '.join(pairs)}."


def _marked(check: ReportCheck) -> Iterator[str]:
    automatic = words.automatic(check.result)
    if isinstance(automatic, ItemScore):
        rule = words.rule_of_rubric(automatic)
        if rule:
            yield words.sentence(rule)
        else:
            without = " without a class" if automatic.is_alone else ""
            yield f"The rubric's formula{without} gives {words.derivation(automatic)}."
    if isinstance(check.result, Decided):
        yield words.decided(check.result)
    elif isinstance(check.result, Ungraded):
        yield f"{words.not_graded(check.result)} It does not count as a 0."


def _weighed(report: Report, check: ReportCheck) -> Iterator[str]:
    if given := words.in_total(report, check):
        weight = numbers.percent(check.weight_share)
        yield f"It weighs {weight} of the rubric: in the total, {given}."
