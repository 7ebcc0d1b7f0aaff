"""GitLab's code quality report: a JSON list of findings, for `artifacts:reports:codequality`.

Only what GitLab reads: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
(description, check_name, fingerprint, severity, location.path, location.lines.begin). Two
entries with one fingerprint would be shown as one. The merge request shows what came and went
between two such lists, so that fingerprints must survive moved lines.
"""

import json

from grader.model.report import Report
from grader.reporting.clean import clean_report
from grader.reporting.located import Located, by_severity, located

# A merge request can't show more, and a page of it takes the browser seconds.
MAX_FINDINGS = 5_000

# Nothing here is "critical" or "blocker": what blocks is the pipeline's to decide.
_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}
# GitLab wants a file and a line for each; these are of what concerns no file.
_REPOSITORY, _FIRST_LINE = ".", 1


def render_gitlab(report: Report) -> str:
    """The project's own findings as GitLab's JSON, the most severe first."""
    found = by_severity(located(clean_report(report)))
    issues = [_issue(one) for one in found[:MAX_FINDINGS]]
    if len(found) > MAX_FINDINGS:
        issues.append(_beyond(len(found) - MAX_FINDINGS))
    return json.dumps(issues, indent=2) + "\n"


def _issue(one: Located) -> dict[str, object]:
    return {
        "description": one.message,
        "check_name": f"{one.check.id}/{one.finding.rule}",
        "fingerprint": one.fingerprint,
        "severity": _SEVERITIES[one.finding.severity],
        "location": {
            "path": one.path or _REPOSITORY,
            "lines": {"begin": one.line or _FIRST_LINE},
        },
    }


def _beyond(count: int) -> dict[str, object]:
    return {
        "description": f"{count} more findings are not listed here; the JSON report of "
        "mlops-grade has them.",
        "check_name": "mlops-grade/not-listed",
        "fingerprint": "0" * 32,
        "severity": "info",
        "location": {"path": _REPOSITORY, "lines": {"begin": _FIRST_LINE}},
    }
