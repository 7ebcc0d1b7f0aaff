"""HTML: one file which loads nothing and runs nothing but its own script."""

import re

from grader.model.report import Report
from grader.reporting import words
from grader.reporting.clean import clean_report
from grader.reporting.page import asset, page

# Per check: shown at once, and shown at all. The JSON has every one.
FIRST_FINDINGS = 20
ALL_FINDINGS = 1_000


def render_html(report: Report) -> str:
    """The report as one HTML file."""
    shown = clean_report(report)
    return page(
        "report.html.j2",
        asset("report.css"),
        asset("report.js"),
        report=shown,
        anchors=_anchors(shown),
        first_findings=FIRST_FINDINGS,
        all_findings=ALL_FINDINGS,
    )


def _anchors(report: Report) -> dict[str, str]:
    """The id of each section in the page, by the id of its check or criterion."""
    return {
        row.id: (
            f"check-{row.id}"
            if re.fullmatch(r"[a-z0-9-]+", row.id)
            else f"check-number-{number}"
        )
        for number, row in enumerate(words.rows(report))
    }
