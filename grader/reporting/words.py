"""The sentences that every format shares, so that they all say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from grader.model.classroom import GroupLine
from grader.model.environment import EnvironmentFacts
from grader.model.measurement import (
    YES_OR_NO,
    Finding,
    Measured,
    NotMeasured,
    Sight,
)
from grader.model.report import (
    ManualCheck,
    Report,
    ReportCheck,
    RepositoryFacts,
    RubricFacts,
)
from grader.model.score import (
    Compared,
    Decided,
    Grade,
    ItemResult,
    ItemScore,
    Ungraded,
    mark_of,
)
from grader.reporting import numbers
from grader.rubric.formula import number_text

NO_CLASS = "provisional: compares with the class; there was no class"
UNMARKED = "Still to be marked by a person."
STARTER = "from the starter repository"

_CAUSES = {
    "failed": "it could not be measured",
    "not-applicable": "there is nothing here to measure",
    "formula": "the rubric's formula has no value here",
    "left-out": "this run was asked to leave it out",
}
_SEVERITIES = {"error": "error", "warning": "warning", "info": "note"}


def state(grade: Grade) -> str:
    """`final`, `provisional` or `not graded`."""
    if grade.total is None:
        return "not graded"
    return "final" if grade.is_final else "provisional"


def total(grade: Grade) -> str:
    """`7.41 of 10`, with the graded share where that isn't the whole rubric."""
    if grade.total is None:
        return "not graded"
    shown = f"{numbers.mark(grade.total)} of 10"
    if grade.measured_share < 1:
        shown += f" over {numbers.percent(grade.measured_share)} of the rubric"
    return shown


def reasons(report: Report) -> tuple[str, ...]:
    """Why the total may still change, and what of the rubric is not in it."""
    found = [provisional.reason for provisional in report.grade.provisional]
    empty = [
        result.item
        for result in report.grade.items
        if isinstance(result, Ungraded) and result.cause == "not-applicable"
    ]
    if empty:
        found.append(f"Nothing here to measure for: {', '.join(empty)}.")
    return tuple(found)


def rubric(facts: RubricFacts) -> str:
    """`MLOps, version 3`."""
    return f"{facts.name}, version {facts.version}"


def mark(result: ItemResult) -> str:
    """`8.57`, or `not graded`; never a number for what has none."""
    number = mark_of(result)
    return "not graded" if number is None else numbers.mark(number)


def no_grade(line: GroupLine) -> str:
    """Why a group of a class has no total, and what to do; empty where it has one."""
    if line.grade is not None:
        return "" if line.grade.total is not None else "Nothing in it could be graded."
    if line.trouble is None:
        return "It has not been graded yet."
    return " ".join(filter(None, [line.trouble.reason, line.trouble.hint]))


def automatic(result: ItemResult) -> ItemScore | Ungraded | None:
    """What the program made of an item, whatever a person decided.

    None for what only people mark.
    """
    return result.automatic if isinstance(result, Decided) else result


def in_total(report: Report, row: "Row") -> str:
    """`1.07 of at most 1.25 points`, of the total as it is graded now."""
    marked, graded = mark_of(row.result), report.grade.measured_share
    if marked is None or not graded or not row.weight_share:
        return ""
    part = min(1.0, row.weight_share / graded)
    given, most = numbers.mark(part * marked), numbers.mark(part * 10)
    return f"{given} of at most {most} points"


def decided(result: Decided) -> str:
    """`Marked by Ada: well presented. The automatic mark is 8.57.`"""
    given = sentence(f"Marked by {result.by}: {result.reason}")
    match result.automatic:
        case None:
            return given
        case ItemScore() as score:
            return f"{given} The automatic mark is {mark(score)}."
        case ungraded:
            return f"{given} There is no automatic mark. {not_graded(ungraded)}"


def sentence(text: str) -> str:
    """The text with a full stop, where it has none."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def not_graded(result: Ungraded) -> str:
    """Why there is no mark, as a sentence."""
    match result.cause:
        case "unmarked":
            return UNMARKED
        case "not-measured":
            return f"Not graded: {result.reason}"
        case cause:
            return f"Not graded, because {_CAUSES[cause]}: {result.reason}"


def rule_of_rubric(score: ItemScore) -> str:
    """What the rubric decided where there was nothing to put into the formula, or nothing."""
    return "" if score.is_alone else score.note


def without_class(score: ItemScore) -> str:
    """Why a mark that compares was made without a class; empty for any other mark."""
    if not score.is_alone:
        return ""
    return f"provisional. {score.note}" if score.note else NO_CLASS


def derivation(score: ItemScore) -> str:
    """`10 × 18 / 21 = 8.57`, with what holding it to 0..10 changed, and each comparison."""
    trace = score.trace
    shown = f"{trace.substituted} = {numbers.plain(trace.value)}"
    if trace.value > 10:
        shown += ", held to 10"
    elif trace.value < 0:
        shown += ", held to 0"
    compared = comparisons(score)
    return f"{shown}, where {'; '.join(compared)}" if compared else shown


def comparisons(score: ItemScore) -> tuple[str, ...]:
    """`relative(12) is 10 × (1 - 12 / 208) = 9.42 among 12 groups`, for each one."""
    compared = score.trace.compared
    called = [_called(one) for one in compared]
    return tuple(
        f"{call}{f' of {one.quantity}' if called.count(call) > 1 else ''} is {_came(one)}"
        for one, call in zip(compared, called, strict=True)
    )


def _called(one: Compared) -> str:
    # As the number stands in the formula with the numbers put in.
    return f"{one.function}({number_text(one.value)})"


def _came(one: Compared) -> str:
    among = f"among {counted(one.groups, 'group')}"
    result, colon, why = one.text.partition(": ")
    if colon:
        return f"{result} {among}, because {why}"
    if ", held to " in one.text:
        return f"{one.text}, {among}"
    return f"{one.text} = {numbers.plain(one.result)} {among}"


Row = ReportCheck | ManualCheck


def rows(report: Report) -> tuple[Row, ...]:
    """The checks, and the criteria that people mark, in the rubric's order."""
    order = {result.item: at for at, result in enumerate(report.grade.items)}
    return tuple(
        sorted(
            (*report.checks, *report.manual),
            key=lambda row: order.get(row.id, len(order)),
        )
    )


def is_manual(row: Row) -> bool:
    """Whether only people mark it."""
    return isinstance(row, ManualCheck)


def dimension_title(report: Report, check: Row) -> str:
    """The title of the check's dimension; its id where the grade has none of it."""
    for dimension in report.grade.dimensions:
        if dimension.id == check.dimension:
            return dimension.title
    return check.dimension


@dataclass(frozen=True)
class KeyNumber:
    """A measured number as text; its name says what it counts."""

    name: str
    shown: str


def key_numbers(check: ReportCheck) -> tuple[KeyNumber, ...]:
    """The numbers that the formula used; the first three where it used none.

    Of a checklist only how many of the lines hold.
    """
    score = automatic(check.result)
    used = score.trace.inputs if isinstance(score, ItemScore) else {}
    known = {line.name: line for line in check.quantities}
    lines = [known[name] for name in used if name in known]
    most = len(lines) or 3
    lines = lines or list(check.quantities)
    holds = [bool(line.value) for line in lines if line.unit == YES_OR_NO]
    shown = [KeyNumber("checklist", f"{sum(holds)} of {len(holds)}")] if holds else []
    for line in lines:
        if line.unit != YES_OR_NO:
            shown.append(KeyNumber(line.name, numbers.measured(line.value, line.unit)))
    return tuple(shown[:most])


def is_measured(check: ReportCheck) -> bool:
    """Whether there are numbers, whatever the formula made of them."""
    measurement = check.measurement
    return measurement is not None and isinstance(measurement.outcome, Measured)


def findings(check: ReportCheck) -> tuple[Finding, ...]:
    """What the check found in the project's own work; empty where nothing was measured."""
    return tuple(one for one in _all_findings(check) if not one.inherited)


def inherited(check: ReportCheck) -> tuple[Finding, ...]:
    """What the check found that the course's starter repository has too."""
    return tuple(one for one in _all_findings(check) if one.inherited)


def _all_findings(check: ReportCheck) -> tuple[Finding, ...]:
    outcome = check.measurement.outcome if check.measurement else None
    return outcome.findings if isinstance(outcome, Measured) else ()


def not_measured(check: ReportCheck) -> tuple[NotMeasured, ...]:
    """The files that the check's tool could not read, which are in none of its numbers."""
    outcome = check.measurement.outcome if check.measurement else None
    return outcome.not_measured if isinstance(outcome, Measured) else ()


# Under the heading "Please look".
LOOK = (
    "This changed no mark, and each may have a good reason. A person should look at it "
    "before relying on the numbers of the check."
)


@dataclass(frozen=True)
class Signal:
    """Something for a person to look at, and the check that saw it."""

    check: str
    finding: Finding


def signals(report: Report) -> tuple[Signal, ...]:
    """What the checks ask a person to look at, in their order."""
    return tuple(
        Signal(check.id, finding)
        for check in report.checks
        if check.measurement and isinstance(check.measurement.outcome, Measured)
        for finding in check.measurement.outcome.signals
    )


def number_of_findings(check: ReportCheck) -> str:
    """How many there are of its own, notes aside; a dash where nothing was measured."""
    if not is_measured(check):
        return "–"
    return str(sum(finding.severity != "info" for finding in findings(check)))


def finding_count(check: ReportCheck) -> str:
    """`12 findings, 1 note, 3 from the starter repository`; empty where nothing was measured."""
    if not is_measured(check):
        return ""
    return count_of(findings(check), inherited(check))


def count_of(own: Sequence[Finding], starters: Sequence[Finding] = ()) -> str:
    """The same of some findings: the project's own, and those of the starter repository."""
    notes = sum(finding.severity == "info" for finding in own)
    parts = [counted(len(own) - notes, "finding")]
    if notes:
        parts.append(counted(notes, "note"))
    if starters:
        parts.append(f"{len(starters)} {STARTER}")
    return ", ".join(parts)


def counted(count: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def place(finding: Finding | Sight) -> str:
    """`src/load.py:12`, or what of it is known."""
    if finding.path is None:
        return "the repository"
    return finding.path if finding.line is None else f"{finding.path}:{finding.line}"


def severity(finding: Finding) -> str:
    """`error`, `warning` or `note`."""
    return _SEVERITIES[finding.severity]


def about_commit(repository: RepositoryFacts) -> str:
    """`29 May 2025, 10:12 UTC by Ada; 42 commits by 5 authors`, as far as the commit says."""
    of = when(repository.commit_time) if repository.commit_time else ""
    by = f"by {repository.commit_author}" if repository.commit_author else ""
    history = ""
    if repository.commits and repository.authors:
        least = "at least " if repository.history_is_truncated else ""
        commits = counted(repository.commits, "commit")
        history = f"{least}{commits} by {counted(repository.authors, 'author')}"
    return "; ".join(filter(None, [" ".join(filter(None, [of, by])), history]))


def when(graded_at: str) -> str:
    """`21 November 2026, 14:05 UTC`; the text itself where it is no such time."""
    try:
        moment = datetime.fromisoformat(graded_at)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return graded_at
    return f"{day(moment)}, {moment:%H:%M} UTC"


def day(moment: datetime) -> str:
    """`21 November 2026`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


# Not strftime's %B: that speaks the machine's language.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def environment(report: Report) -> tuple[tuple[str, str], ...]:
    """What the project's tests ran in, as titled sentences; nothing where no test ran."""
    facts = report.environment
    if facts is None:
        return ()
    lines = [("Tests ran in", _interpreter(facts))]
    if facts.python_requested:
        lines.append(("Python asked for", facts.python_requested))
    lines += [("Note", note) for note in facts.notes]
    lines += [("Not as declared", one.reason) for one in facts.unresolved]
    if facts.added:
        lines.append(("Added to run the tests", ", ".join(facts.added)))
    lines += [("Manifest", _manifest_finding(finding)) for finding in facts.findings]
    return tuple(lines)


def _interpreter(facts: EnvironmentFacts) -> str:
    match facts.mode:
        case "grader":
            return f"the grader's own Python {facts.python_used}"
        case "given":
            return f"{facts.python}, as given"
        case "built" if not facts.python:
            return "nothing: the environment could not be built"
        case "built":
            made = ", ".join(facts.manifests) or "nothing declared"
            packages = counted(len(facts.installed), "package")
            return f"Python {facts.python_used}, built from {made}: {packages}"
        case _:
            assert_never(facts.mode)


def _manifest_finding(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}: " if finding.path and finding.line else ""
    return f"{place}{finding.message}"
