"""Grades the shipped clean, messy and empty projects and looks for checks that can't tell.

The scripts that this program replaces gave everybody full marks when a tool printed nothing.
An item that marks all three projects alike would be doing the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.engine.environment import NONE
from grader.engine.grade import Request, grade_repository
from grader.engine.measure import Watch
from grader.model.report import Report
from grader.model.score import ItemResult, Ungraded
from grader.resources import shipped

PROJECTS = ("solid", "messy", "empty")


@dataclass(frozen=True)
class Row:
    """One item: what it says of each project, and what is wrong with that (None: nothing)."""

    item: str
    said: tuple[str, ...]
    problem: str | None


def selftest(rubric: Path | None = None, watch: Watch | None = None) -> tuple[Row, ...]:
    """A row for each item of the rubric, from grading the three shipped projects."""
    home = shipped("fixtures/repos")
    reports = {
        name: grade_repository(
            Request(str(home / name), rubric=rubric, environment=NONE), watch
        )
        for name in PROJECTS
    }
    return judge(reports)


def judge(reports: Mapping[str, Report]) -> tuple[Row, ...]:
    """Which items fail to measure, or mark all of these projects alike."""
    rows: list[Row] = []
    first = next(iter(reports.values()))
    for check in first.checks:
        results = [report.check(check.id).result for report in reports.values()]
        said = tuple(map(_said, results))
        problem = None
        failed = [r for r in results if isinstance(r, Ungraded) and r.cause == "failed"]
        if failed:
            problem = failed[0].reason
        elif len(set(said)) == 1:
            problem = f"the same for {', '.join(reports)}: it tells nothing apart"
        rows.append(Row(check.id, said, problem))
    return tuple(rows)


def _said(result: ItemResult) -> str:
    if isinstance(result, Ungraded):
        return result.cause
    return f"{result.mark:.2f}"
