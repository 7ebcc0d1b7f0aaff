"""The final project's rubric on the fixtures: it tells a good one from a poor one."""

from collections.abc import Mapping

import pytest

import grader
from grader.engine.selftest import judge
from grader.model.report import Report
from grader.model.score import ItemScore
from tests.conftest import FIXTURES

# What the first assignment has too is tried by its own tests.
LEFT_OUT = (
    "coverage",
    "dependencies-resolve",
    "lint",
    "pylint",
    "complexity",
    "docstrings",
)


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Report]:
    return {
        name: grader.grade(
            FIXTURES / "repos" / name,
            rubric="final-project",
            skip=LEFT_OUT,
            environment="none",
        )
        for name in ("solid", "messy", "empty")
    }


def test_no_item_marks_a_clean_a_messy_and_an_empty_project_alike(
    reports: Mapping[str, Report],
) -> None:
    problems = {row.item: row.problem for row in judge(reports) if row.problem}
    skipped = {name: problem for name, problem in problems.items() if name in LEFT_OUT}
    assert problems == skipped


def test_the_better_project_has_the_better_mark_in_every_item(
    reports: Mapping[str, Report],
) -> None:
    worse = []
    for check in reports["solid"].checks:
        theirs = reports["messy"].check(check.id).result
        if isinstance(check.result, ItemScore) and isinstance(theirs, ItemScore):
            if check.result.mark < theirs.mark:
                worse.append(check.id)
    assert worse == []


def test_what_everybody_is_asked_for_is_zero_where_there_is_nothing(
    reports: Mapping[str, Report],
) -> None:
    marks = {
        check.id: check.result.mark
        for check in reports["empty"].checks
        if isinstance(check.result, ItemScore)
    }
    assert {"entry-point", "validation", "artifacts", "readme"} <= marks.keys()
    assert set(marks.values()) == {0}
