"""Checklists for showing: each line with its answer, where it was seen and how to get there."""

from dataclasses import dataclass

from grader.model.measurement import YES_OR_NO, Answer, Finding, Measured
from grader.model.report import QuantityLine, ReportCheck

# Of one answer, shown at once where there is room for more below.
FIRST_SIGHTS = 3


@dataclass(frozen=True)
class ChecklistLine:
    """One line: what a yes means, the answer, and for a no what to do.

    `is_inherited`: the course's starter repository has the same no.
    """

    meaning: str
    answer: Answer
    fix: str = ""
    is_inherited: bool = False

    @property
    def shown(self) -> str:
        """`yes` or `no`."""
        return "yes" if self.answer.holds else "no"


def checklist(check: ReportCheck) -> tuple[ChecklistLine, ...]:
    """The lines of a check, in its order; none where it has no checklist."""
    outcome = _measured(check)
    if outcome is None:
        return ()
    meanings = {line.name: line.meaning for line in check.quantities}
    findings = {(one.rule, one.message): one for one in outcome.findings}
    lines = []
    for answer in outcome.answers:
        found = None
        if not answer.holds:
            found = findings.get((answer.quantity, answer.told))
        lines.append(
            ChecklistLine(
                meaning=meanings.get(answer.quantity, ""),
                answer=answer,
                fix=found.fix if found else "",
                is_inherited=found is not None and found.inherited,
            )
        )
    return tuple(lines)


def score(check: ReportCheck) -> str:
    """`7 of 11`: how many lines hold, of how many."""
    lines = checklist(check)
    return f"{sum(line.answer.holds for line in lines)} of {len(lines)}"


def numbers_beside(check: ReportCheck) -> tuple[QuantityLine, ...]:
    """The measured numbers that no line of the checklist shows."""
    answered = {line.answer.quantity for line in checklist(check)}
    return tuple(
        line
        for line in check.quantities
        if line.unit != YES_OR_NO or line.name not in answered
    )


def findings_beside(
    check: ReportCheck, *, inherited: bool = False
) -> tuple[Finding, ...]:
    """What the check found, save what its checklist shows.

    In the project's own work, or `inherited` from the course's starter repository.
    """
    outcome = _measured(check)
    if outcome is None:
        return ()
    shown = {(one.quantity, one.told) for one in outcome.answers if not one.holds}
    return tuple(
        one
        for one in outcome.findings
        if one.inherited is inherited and (one.rule, one.message) not in shown
    )


def _measured(check: ReportCheck) -> Measured | None:
    outcome = check.measurement.outcome if check.measurement else None
    return outcome if isinstance(outcome, Measured) else None
