"""Grades the shipped clean, messy and empty projects and looks for checks that can't tell.

The scripts that this program replaces gave everybody full marks when a tool printed nothing.
An item that marks all these projects alike would be doing the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._registry import Registry, installed
from grader.engine.items import catalogue
from grader.engine.measure import Watch
from grader.engine.request import NONE, Caching, Request, grade_repository
from grader.model.report import Report
from grader.model.score import ItemResult, Ungraded
from grader.resources import shipped
from grader.rubric.load import load_rubric
from grader.rubric.schema import Item

PROJECTS = ("solid", "messy", "empty")
# Has what the checklists ask for; a rubric without them has no use for it.
WHOLE = "delivered"
LEFT = "left-out"


@dataclass(frozen=True)
class Row:
    """One item: what it says of each project, and what is wrong with that (None: nothing)."""

    item: str
    said: tuple[str, ...]
    problem: str | None = None
    is_tried: bool = True


@dataclass(frozen=True)
class Tried:
    """The projects that were graded, and a row for each item, its words in their order."""

    projects: tuple[str, ...]
    rows: tuple[Row, ...]


def selftest(rubric: Path | None = None, watch: Watch | None = None) -> Tried:
    """What each item of the rubric makes of the shipped projects.

    No environment is built for them: items that measure one are not tried.
    """
    registry = installed()
    file = rubric or shipped("rubric.yaml")
    items = load_rubric(file, catalogue(registry)).rubric.items
    projects = projects_for(items, registry)
    home = shipped("fixtures/repos")
    reports = {}
    for name in projects:
        skip = [item.key for item in items if is_skipped(item, name, registry)]
        # It is this installation that is tried, and not what it did before.
        request = Request(
            str(home / name),
            rubric=file,
            environment=NONE,
            skip=skip,
            caching=Caching(is_on=False),
        )
        reports[name] = grade_repository(request, watch)
    return Tried(projects, judge(reports))


def projects_for(items: Sequence[Item], registry: Registry) -> tuple[str, ...]:
    """The projects that a rubric is tried on: the whole one too, where it has checklists."""
    has_checklists = any(registry.checkers[item.checker].criteria for item in items)
    return (WHOLE, *PROJECTS) if has_checklists else PROJECTS


def judge(reports: Mapping[str, Report]) -> tuple[Row, ...]:
    """Which items fail to measure, or mark all of these projects alike."""
    rows: list[Row] = []
    first = next(iter(reports.values()))
    for check in first.checks:
        results = [report.check(check.id).result for report in reports.values()]
        said = tuple(map(_said, results))
        problem = None
        failed = [r for r in results if isinstance(r, Ungraded) and r.cause == "failed"]
        tried = [name for name, one in zip(reports, said, strict=True) if one != LEFT]
        if failed:
            problem = failed[0].reason
        elif tried and len(set(said) - {LEFT}) == 1:
            problem = f"the same for {', '.join(tried)}: it tells nothing apart"
        rows.append(Row(check.id, said, problem, is_tried=bool(tried)))
    return tuple(rows)


def is_skipped(item: Item, project: str, registry: Registry) -> bool:
    """Whether it takes more than a plain folder, as the projects ship.

    A git history, something elsewhere to ask, or an environment that has the project's
    packages: the tests of all but the whole project do with the grader's own interpreter.
    """
    checker = registry.checkers[item.checker]
    if checker.needs_history or checker.reads_history or checker.is_live:
        return True
    options = checker.options_type().model_validate(item.options)
    wants = checker.needs_project(options)
    return wants and (project == WHOLE or not checker.runs_project)


def _said(result: ItemResult) -> str:
    if isinstance(result, Ungraded):
        return result.cause
    return f"{result.mark:.2f}"
