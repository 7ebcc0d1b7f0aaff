"""The program's test of a rubric on the projects that ship with it."""

import pytest

import grader
from grader.checkers._registry import installed
from grader.engine.items import catalogue
from grader.engine.selftest import (
    PROJECTS,
    WHOLE,
    is_skipped,
    judge,
    projects_for,
    selftest,
)
from grader.model.report import Report
from grader.rubric.load import load_rubric
from grader.rubric.named import DEFAULT, named, names
from grader.rubric.schema import Item
from tests.conftest import FIXTURES

STATIC = ("file-presence", "error-handling")


def graded(name: str, *items: str) -> Report:
    """A fixture graded by some items of the first rubric; the others are left out."""
    return grader.grade(FIXTURES / "repos" / name, only=items, environment="none")


def test_an_item_that_no_project_was_graded_by_is_not_tried_and_no_problem() -> None:
    rows = judge({name: graded(name, STATIC[0]) for name in ("messy", "empty")})
    untried = {row.item for row in rows if not row.is_tried}
    assert STATIC[0] not in untried
    assert STATIC[1] in untried
    assert [row.problem for row in rows if row.item in untried] == [None] * len(untried)


def test_a_project_that_an_item_left_out_does_not_hide_that_the_others_are_alike() -> (
    None
):
    reports = {
        "one": graded("messy", STATIC[0]),
        "two": graded("messy", *STATIC),
        "three": graded("messy", *STATIC),
    }
    problems = {row.item: row.problem for row in judge(reports)}
    assert problems[STATIC[1]] == "the same for two, three: it tells nothing apart"


@pytest.mark.parametrize("name", names())
def test_the_whole_project_is_graded_where_the_rubric_has_checklists(name: str) -> None:
    registry = installed()
    items = load_rubric(named(name), catalogue(registry)).rubric.items
    whole = () if name == DEFAULT else (WHOLE,)
    assert projects_for(items, registry) == (*whole, *PROJECTS)


def test_what_needs_a_history_is_not_tried_on_plain_folders() -> None:
    registry = installed()
    item = Item(checker="git-workflow", score="10 * version_tag")
    assert all(is_skipped(item, name, registry) for name in (WHOLE, *PROJECTS))


@pytest.mark.sandbox
@pytest.mark.parametrize("name", names())
def test_no_item_of_a_shipped_rubric_marks_all_projects_alike(name: str) -> None:
    rows = selftest(named(name)).rows
    assert {row.item: row.problem for row in rows if row.problem} == {}
    assert any(row.is_tried for row in rows)
