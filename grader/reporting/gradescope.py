"""Gradescope's `results.json`, as https://gradescope-autograders.readthedocs.io/en/latest/specs/
has it.

`score` is the report's total, and overrides the sum of the tests there. Each item is a test
whose `max_score` is its share of the rubric. An item without a mark is a test without a
score, which that format has for what only informs: its output says why, and it is no 0. A
report without a total has no `results.json`: Gradescope would take a missing score for 0.
"""

import json
from typing import Literal

from grader.errors import ExitCode, GradeError
from grader.model.report import ManualCheck, Report
from grader.model.score import Decided, ItemScore, Ungraded, mark_of
from grader.reporting import decisions, numbers, words
from grader.reporting.clean import clean_report

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]

# Of each check; the group's own report has every one.
FIRST_FINDINGS = 20


def render_gradescope(
    report: Report, *, points: float = 10.0, visibility: Visibility = "visible"
) -> str:
    """One report as `results.json`, out of `points`, with a newline at the end.

    Raises `GradeError` for a report without a total.
    """
    shown = clean_report(report)
    if report.grade.total is None:
        raise GradeError(
            f'"{shown.repository.name}" has no total, and Gradescope no way to say so: '
            "without a score it shows 0.",
            hint=" ".join(words.reasons(shown)),
            exit_code=ExitCode.ENVIRONMENT,
        )
    stored: dict[str, object] = {
        "score": report.grade.total * points / 10,
        "output": _output(shown),
        # Else the text would be taken for HTML.
        "output_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": [
            _test(shown, row, number, points, visibility)
            for number, row in _numbered(shown)
        ],
        "extra_data": {
            "generator": str(shown.generator),
            "rubric": f"{shown.rubric.name} {shown.rubric.version}",
            "commit": shown.repository.commit,
            "state": words.state(shown.grade),
            "measured_share": report.grade.measured_share,
        },
    }
    return json.dumps(stored, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _numbered(report: Report) -> list[tuple[str, words.Row]]:
    """The items with numbers such as 2.1: the dimension's, and the item's within it."""
    dimensions = [one.id for one in report.grade.dimensions]
    counts: dict[str, int] = {}
    found = []
    for row in words.rows(report):
        counts[row.dimension] = counts.get(row.dimension, 0) + 1
        if row.dimension not in dimensions:
            dimensions.append(row.dimension)
        number = f"{dimensions.index(row.dimension) + 1}.{counts[row.dimension]}"
        found.append((number, row))
    return found


def _test(
    report: Report, row: words.Row, number: str, points: float, visibility: Visibility
) -> dict[str, object]:
    mark, most = mark_of(row.result), points * row.weight_share
    test: dict[str, object] = {
        "number": number,
        "name": f"{words.dimension_title(report, row)}: {row.title}",
        "output": "\n".join(_lines(row)),
        "output_format": "text",
        "visibility": visibility,
    }
    if mark is not None:
        test["score"] = most * mark / 10
        test["max_score"] = most
        test["status"] = "passed" if mark == 10 else "failed"
    return test


def _output(report: Report) -> str:
    grade = report.grade
    lines = [f"Total: {words.total(grade)} ({words.state(grade)})."]
    lines += words.reasons(report)
    lines += decisions.lines(grade)
    if grade.measured_share < 1 or grade.penalties:
        lines.append(
            "The total is over what was graded, and after penalties: it is not the sum of "
            "the tests below."
        )
    return "\n".join(lines)


def _lines(row: words.Row) -> list[str]:
    match row.result:
        case Ungraded() as ungraded:
            said = [words.not_graded(ungraded)]
        case ItemScore() as score:
            said = [f"Mark: {words.mark(score)} of 10.", words.derivation(score)]
            said += filter(None, [words.without_class(score), score.note])
        case Decided() as given:
            said = [f"Mark: {words.mark(given)} of 10.", words.decided(given)]
    if isinstance(row, ManualCheck):
        return said
    if row.advice:
        said.append(" ".join(row.advice.split()))
    found = words.findings(row)
    for finding in found[:FIRST_FINDINGS]:
        severity, place = words.severity(finding), words.place(finding)
        said.append(f"{severity}: {place}: {finding.rule}: {finding.message}")
    if len(found) > FIRST_FINDINGS:
        said.append(f"and {numbers.plain(len(found) - FIRST_FINDINGS)} more findings")
    return said
