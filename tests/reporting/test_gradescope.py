"""Gradescope's results.json, by its published specification."""

import json
from collections.abc import Callable

import pytest

from grader.errors import ExitCode, GradeError
from grader.model.report import Report
from grader.model.score import mark_of
from grader.reporting import words
from grader.reporting.gradescope import FIRST_FINDINGS, render_gradescope
from tests.reporting import sample

# https://gradescope-autograders.readthedocs.io/en/latest/specs/
TOP_KEYS = {
    *("score", "execution_time", "output", "output_format", "test_output_format"),
    *("test_name_format", "visibility", "stdout_visibility", "extra_data", "tests"),
    "leaderboard",
}
TEST_KEYS = {
    *("score", "max_score", "status", "name", "name_format", "number", "output"),
    *("output_format", "tags", "visibility", "extra_data"),
}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
REPORTS = [sample.messy, sample.clean, sample.judged, sample.hostile, sample.left_out]


@pytest.mark.parametrize("build", REPORTS)
def test_a_file_has_what_the_specification_names_and_nothing_else(
    build: Callable[[], Report],
) -> None:
    stored = json.loads(render_gradescope(build()))
    assert set(stored) <= TOP_KEYS
    assert isinstance(stored["score"], float | int)
    assert stored["visibility"] in VISIBILITIES
    assert stored["output_format"] == "text"
    for test in stored["tests"]:
        assert set(test) <= TEST_KEYS
        assert test["visibility"] in VISIBILITIES
        assert test.get("status", "passed") in {"passed", "failed"}
        assert test["output_format"] == "text"
        assert isinstance(test["output"], str)
        assert isinstance(test["name"], str)
        if "score" in test:
            assert 0 <= test["score"] <= test["max_score"]


def test_each_items_score_is_its_mark_on_its_share_of_the_rubric() -> None:
    report = sample.judged()
    stored = json.loads(render_gradescope(report, points=40.0))
    assert stored["score"] == pytest.approx(28.4)
    rows = words.rows(report)
    assert len(stored["tests"]) == len(rows)
    for test, row in zip(stored["tests"], rows, strict=True):
        assert test["name"].endswith(row.title)
        mark = mark_of(row.result)
        if mark is None:
            continue
        assert test["max_score"] == pytest.approx(40 * row.weight_share)
        assert test["score"] / test["max_score"] * 10 == pytest.approx(mark)
    numbers = [test["number"] for test in stored["tests"]]
    assert len(set(numbers)) == len(numbers)


def test_full_marks_and_nothing_else_have_passed() -> None:
    whole, *_ = json.loads(render_gradescope(sample.clean()))["tests"]
    assert (whole["status"], whole["score"]) == ("passed", whole["max_score"])
    tests = json.loads(render_gradescope(sample.messy()))["tests"]
    for test in tests:
        if "score" in test:
            has_all = test["score"] == test["max_score"]
            assert (test["status"] == "passed") == has_all


def test_an_item_without_a_mark_has_no_score_and_says_why() -> None:
    stored = json.loads(render_gradescope(sample.judged()))
    (unmarked,) = [t for t in stored["tests"] if "README" in t["name"]]
    assert {"score", "max_score", "status"}.isdisjoint(unmarked)
    assert unmarked["output"] == words.UNMARKED
    assert "provisional" in stored["output"]
    assert "it is not the sum of the tests" in stored["output"]
    assert stored["extra_data"]["state"] == "provisional"


def test_a_report_without_a_total_has_no_file() -> None:
    with pytest.raises(GradeError) as caught:
        render_gradescope(sample.empty())
    assert "without a score it shows 0" in caught.value.message
    assert caught.value.exit_code == ExitCode.ENVIRONMENT


def test_findings_are_cut_and_counted_and_the_starters_left_out() -> None:
    found = sample.ERRORS.findings
    assert not found
    many = tuple(
        sample.STARTERS[0].model_copy(update={"inherited": at % 2 == 0, "line": at})
        for at in range(1, 61)
    )
    (test,) = json.loads(render_gradescope(sample.with_findings(many)))["tests"]
    assert test["output"].count("src/starter.py") == FIRST_FINDINGS
    assert f"and {30 - FIRST_FINDINGS} more findings" in test["output"]


def test_nothing_in_it_acts_on_a_terminal() -> None:
    text = render_gradescope(sample.hostile())
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["tests"]
