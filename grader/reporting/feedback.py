"""What goes to one group: a message in plain text, and the file for a mail merge.

The report itself is the page of `html.py`. Nothing here says another group's name or mark.
"""

from collections.abc import Iterable

from grader.model.classroom import Group
from grader.model.report import Report
from grader.model.score import Decided, Ungraded
from grader.reporting import csv, decisions, numbers, words
from grader.reporting.clean import clean_report, spreadsheet_html

# More than these is a list, and no advice; the report has all of them.
FIRST_FIXES = 3

INDEX_COLUMNS = ("group", "members", "file", "message")


def feedback_text(report: Report, file: str = "") -> str:
    """The body of a message to the group, without a greeting; `file` is what comes with it."""
    shown = clean_report(report)
    parts = [
        _total(shown),
        _dimensions(shown),
        _fixes(shown),
        _not_graded(shown),
        _people(shown),
        [f"All of it, with every finding: {file}"] if file else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def feedback_html(report: Report) -> str:
    """The same message on one line, for a cell that a gradebook takes as HTML."""
    return spreadsheet_html(feedback_text(report).strip())


def feedback_index(files: Iterable[tuple[Group, str, str]]) -> str:
    """A CSV with a row per group: its members, its report's file, its message's file."""
    return csv.table(
        INDEX_COLUMNS,
        (
            (group.name, "; ".join(group.members), file, message)
            for group, file, message in files
        ),
    )


def _total(report: Report) -> list[str]:
    grade = report.grade
    lines = [f"Total: {words.total(grade)} ({words.state(grade)})"]
    if grade.total is None:
        lines = ["Total: not graded"]
    if report.repository.commit:
        lines.append(f"Graded: commit {report.repository.commit[:12]}")
    return lines + [f"- {reason}" for reason in words.reasons(report)]


def _dimensions(report: Report) -> list[str]:
    marks = [
        (one.title, "not graded" if one.mark is None else numbers.mark(one.mark))
        for one in report.grade.dimensions
    ]
    return ["By dimension, of 10:"] + [f"- {title}: {mark}" for title, mark in marks]


def _fixes(report: Report) -> list[str]:
    if not report.fixes:
        return []
    lines = ["What to fix first, and what it is worth of the total's 10:"]
    for at, fix in enumerate(report.fixes[:FIRST_FIXES], 1):
        marks = f"{numbers.mark(fix.mark_now)} to {numbers.mark(fix.mark_after)}"
        lines.append(f"{at}. {numbers.gain(fix.gain)}: {fix.title} ({marks})")
        if fix.advice:
            lines.append(f"   {' '.join(fix.advice.split())}")
        if fix.command:
            lines.append(f"   Command: {fix.command}")
    more = len(report.fixes) - FIRST_FIXES
    return lines + ([f"The report has {more} more."] if more > 0 else [])


def _not_graded(report: Report) -> list[str]:
    titles = {row.id: row.title for row in words.rows(report)}
    lines = [
        f"- {titles.get(one.item, one.item)}: {words.not_graded(one)}"
        for one in report.grade.items
        if isinstance(one, Ungraded)
    ]
    return ["Not graded:", *lines] if lines else []


def _people(report: Report) -> list[str]:
    """Who changed what, and who gave the marks that only people give."""
    titles = {row.id: row.title for row in words.rows(report)}
    lines = list(decisions.lines(report.grade)) + [
        f"{titles.get(one.item, one.item)}: {words.decided(one)}"
        for one in report.grade.items
        if isinstance(one, Decided) and one.automatic is None
    ]
    return (
        ["Given or changed by people:", *(f"- {one}" for one in lines)] if lines else []
    )
