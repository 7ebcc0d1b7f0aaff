"""The golden marks of the fixture repositories: every value, mark and count of findings.

`python -m tests.golden` writes them anew. A change that alters a mark shows here, and goes with
its entry in CHANGELOG.md.
"""

import json
from collections import Counter
from pathlib import Path

from grader.engine.request import Caching, Request, grade_repository
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.model.score import ItemScore

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
REPOSITORIES = ("solid", "middling", "messy", "empty")


def summary(report: Report) -> dict[str, object]:
    """What must not change by accident, without times, paths and versions."""
    return {
        "total": report.grade.total,
        "measured_share": report.grade.measured_share,
        "checks": {
            check.id: {
                "result": (
                    check.result.mark
                    if isinstance(check.result, ItemScore)
                    else check.result.reason
                ),
                **_facts(check.measurement.outcome if check.measurement else None),
            }
            for check in report.checks
        },
    }


def _facts(outcome: object) -> dict[str, object]:
    if not isinstance(outcome, Measured):
        return {}
    rules = Counter(finding.rule for finding in outcome.findings)
    return {"values": dict(outcome.values), "findings": dict(sorted(rules.items()))}


def as_text(report: Report) -> str:
    """The summary as it stands in its file."""
    return json.dumps(summary(report), indent=2, sort_keys=True) + "\n"


def grade_fixture(name: str) -> Report:
    """Grade one fixture repository by the shipped rubric."""
    # Without the extra runs: how far these come depends on how busy the machine is.
    source = str(FIXTURES / "repos" / name)
    # Measured by the code as it is now, not taken from the user's cache.
    request = Request(
        source, environment="none", signals=False, caching=Caching(is_on=False)
    )
    return grade_repository(request)


if __name__ == "__main__":
    for fixture in REPOSITORIES:
        text = as_text(grade_fixture(fixture))
        (FIXTURES / "golden" / f"{fixture}.json").write_text(text, encoding="utf-8")
