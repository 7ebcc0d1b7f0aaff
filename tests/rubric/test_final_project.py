"""The final project's rubric on the fixtures: it tells a good one from a poor one."""

from collections.abc import Mapping

import pytest

import grader
from grader.checkers._registry import installed
from grader.engine.items import catalogue
from grader.engine.selftest import judge
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.model.score import ItemScore
from grader.rubric.load import load_rubric
from grader.rubric.named import named
from tests.conftest import FIXTURES
from tests.histories import DELIVERED, EMPTY, MESSY, written

# Three projects are measured whole.
pytestmark = pytest.mark.sandbox

# What the first assignment has too is tried by its own tests.
LEFT_OUT = (
    "coverage",
    "dependencies-resolve",
    "lint",
    "pylint",
    "complexity",
    "docstrings",
    # They ask GitHub and a service, which a folder has not: see tests/github, tests/probing.
    "pull-requests",
    "live-service",
)
# The lines of the checklists that `delivered` does not earn.
NOT_EARNED: frozenset[tuple[str, str]] = frozenset()

REGISTRY = installed()
ITEMS = load_rubric(named("final-project"), catalogue(REGISTRY)).rubric.items
CHECKLISTS = {
    item.checker
    for item in ITEMS
    if item.key not in LEFT_OUT and REGISTRY.checkers[item.checker].criteria
}


# What ships are plain folders; a submission has a history.
HISTORIES = {"delivered": DELIVERED, "messy": MESSY, "empty": EMPTY}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Report]:
    home = tmp_path_factory.mktemp("projects")
    return {
        name: grader.grade(
            written(home / name, text, FIXTURES / "repos" / name),
            rubric="final-project",
            skip=LEFT_OUT,
            environment="none",
        )
        for name, text in HISTORIES.items()
    }


def test_no_item_marks_a_whole_a_messy_and_an_empty_project_alike(
    reports: Mapping[str, Report],
) -> None:
    rows = judge(reports)
    assert {row.item: row.problem for row in rows if row.problem} == {}
    assert {row.item for row in rows if not row.is_tried} == set(LEFT_OUT)


def test_the_better_project_has_the_better_mark_in_every_item(
    reports: Mapping[str, Report],
) -> None:
    not_better, compared = [], 0
    for check in reports["delivered"].checks:
        theirs = reports["messy"].check(check.id).result
        if isinstance(check.result, ItemScore) and isinstance(theirs, ItemScore):
            compared += 1
            if check.result.mark <= theirs.mark:
                not_better.append(check.id)
    assert not_better == []
    assert compared >= len(CHECKLISTS)


def test_a_project_that_does_what_is_asked_earns_the_lines_of_every_checklist(
    reports: Mapping[str, Report],
) -> None:
    outcomes = {
        check.checker: check.measurement.outcome
        for check in reports["delivered"].checks
        if check.checker in CHECKLISTS and check.measurement is not None
    }
    assert outcomes.keys() == CHECKLISTS
    missed = set()
    for checker, outcome in outcomes.items():
        assert isinstance(outcome, Measured), checker
        answers = outcome.answers
        missed |= {(checker, one.quantity) for one in answers if not one.holds}
    assert missed == NOT_EARNED


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
