"""The sentences that every format shares, so that they all say the same."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from grader.model.environment import EnvironmentFacts
from grader.model.measurement import Finding, Measured, NotMeasured
from grader.model.report import Report, ReportCheck, RepositoryFacts
from grader.model.score import Grade, ItemResult, ItemScore, Ungraded
from grader.reporting import numbers

NO_CLASS = "provisional: compares with the class; there was no class"

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


def mark(result: ItemResult) -> str:
    """`8.57`, or `not graded`; never a number for what has none."""
    return numbers.mark(result.mark) if isinstance(result, ItemScore) else "not graded"


def not_graded(result: Ungraded) -> str:
    """Why there is no mark, as a sentence."""
    return f"Not graded, because {_CAUSES[result.cause]}: {result.reason}"


def derivation(score: ItemScore) -> str:
    """`10 × 18 / 21 = 8.57`, with what holding it to 0..10 changed."""
    shown = f"{score.trace.substituted} = {numbers.plain(score.trace.value)}"
    if score.trace.value > 10:
        return f"{shown}, held to 10"
    if score.trace.value < 0:
        return f"{shown}, held to 0"
    return shown


def dimension_title(report: Report, check: ReportCheck) -> str:
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
    """The numbers that the formula used; the first three where it used none."""
    used = check.result.trace.inputs if isinstance(check.result, ItemScore) else {}
    known = {line.name: line for line in check.quantities}
    lines = [known[name] for name in used if name in known]
    return tuple(
        KeyNumber(line.name, numbers.measured(line.value, line.unit))
        for line in lines or check.quantities[:3]
    )


def is_measured(check: ReportCheck) -> bool:
    """Whether there are numbers, whatever the formula made of them."""
    measurement = check.measurement
    return measurement is not None and isinstance(measurement.outcome, Measured)


def findings(check: ReportCheck) -> tuple[Finding, ...]:
    """What the check found; empty where nothing was measured."""
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
    """How many there are, notes aside; a dash where nothing was measured."""
    if not is_measured(check):
        return "–"
    return str(sum(finding.severity != "info" for finding in findings(check)))


def finding_count(check: ReportCheck) -> str:
    """`12 findings, 1 note`; empty where nothing was measured."""
    if not is_measured(check):
        return ""
    found = findings(check)
    notes = sum(finding.severity == "info" for finding in found)
    shown = counted(len(found) - notes, "finding")
    return f"{shown}, {counted(notes, 'note')}" if notes else shown


def counted(count: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def place(finding: Finding) -> str:
    """`src/load.py:12`, or what of it is known."""
    if finding.path is None:
        return "the repository"
    return finding.path if finding.line is None else f"{finding.path}:{finding.line}"


def severity(finding: Finding) -> str:
    """`error`, `warning` or `note`."""
    return _SEVERITIES[finding.severity]


@dataclass(frozen=True)
class RuleCount:
    """How often a rule was found; `fix` where it is the same each time."""

    rule: str
    count: int
    fix: str


@dataclass(frozen=True)
class FindingList:
    """Findings cut for showing: the `first`, the `rest`, and how many are `beyond`."""

    rules: tuple[RuleCount, ...]
    first: tuple[Finding, ...]
    rest: tuple[Finding, ...]
    beyond: int

    def own_fix(self, finding: Finding) -> str:
        """The finding's fix, unless its rule says it for all."""
        said = {rule.fix for rule in self.rules if rule.rule == finding.rule}
        return "" if finding.fix in said else finding.fix


def finding_list(check: ReportCheck, first: int, at_most: int) -> FindingList:
    """The check's findings, the first `first` apart, `at_most` in all."""
    found = findings(check)
    fixes: dict[str, list[str]] = {}
    for finding in found:
        fixes.setdefault(finding.rule, []).append(finding.fix)
    rules = (
        RuleCount(rule, len(said), said[0] if len(said) > 1 == len(set(said)) else "")
        for rule, said in fixes.items()
    )
    return FindingList(
        rules=tuple(sorted(rules, key=lambda rule: (-rule.count, rule.rule))),
        first=found[:first],
        rest=found[first:at_most],
        beyond=max(0, len(found) - at_most),
    )


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
    except ValueError:
        return graded_at
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%Y, %H:%M} UTC"


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
