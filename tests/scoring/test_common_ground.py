"""What two reports can be compared over: only what neither failed to grade."""

import pytest

from grader.model.measurement import Failed, NotApplicable
from grader.scoring.common_ground import common_ground
from tests.scoring.test_comparison import Told, report, rubric

FAILED = Failed(reason="hung for 180 s")
NOTHING = NotApplicable(reason="there are no tests")


def test_where_both_graded_everything_these_are_their_totals() -> None:
    before, after = report(Told({"a": 4, "b": 2})), report(Told({"a": 1, "b": 4}))
    found = common_ground(before, after)
    assert (found.before, found.after) == (before.grade.total, after.grade.total)
    assert found.items == ("a", "b")
    assert (found.share, found.is_whole, found.beside) == (1, True, ())
    assert found.change == pytest.approx(-0.75)


def test_what_one_of_them_could_not_grade_is_taken_out_of_both() -> None:
    # b weighs three quarters and is good: without it the totals only look apart.
    before, after = report(Told({"a": 8, "b": 0})), report(Told({"a": 7, "b": FAILED}))
    assert after.grade.total == 3
    assert before.grade.total == 8
    found = common_ground(before, after)
    assert (found.items, found.share, found.beside) == (("a",), 0.25, ("b",))
    assert (found.before, found.after) == (2, 3)
    assert found.change == 1
    assert not found.is_whole


def test_what_was_left_out_on_one_side_is_taken_out_of_both() -> None:
    found = common_ground(report(Told({"b": 2})), report(Told({"a": 0, "b": 2})))
    assert (found.items, found.beside, found.change) == (("b",), ("a",), 0)


def test_nothing_to_measure_is_a_state_of_the_project_and_stays() -> None:
    before, after = report(Told({"a": 5, "b": NOTHING})), report(Told({"a": 5, "b": 9}))
    found = common_ground(before, after)
    assert found.is_whole
    assert (found.before, found.after) == (before.grade.total, after.grade.total)
    assert found.change == -3


def test_what_both_failed_to_grade_is_not_beside_anything() -> None:
    told = Told({"a": 5, "b": FAILED})
    found = common_ground(report(told), report(told))
    assert (found.items, found.share, found.is_whole) == (("a",), 0.25, True)
    assert found.change == 0


def test_with_nothing_in_common_there_is_no_change_and_no_zero() -> None:
    found = common_ground(report(Told({"a": 5})), report(Told({"b": 5})))
    assert (found.items, found.share, found.change) == ((), 0, None)
    assert (found.before, found.after) == (None, None)
    assert found.beside == ("a", "b")


def test_another_ruler_gives_no_change_and_says_why() -> None:
    before = report(Told({"a": 5, "b": 5}, version="7.0"))
    after = report(Told({"a": 5, "b": 3}, version="7.1"))
    found = common_ground(before, after)
    assert found.change is None
    assert (found.before, found.after) == (5, 6.5)
    assert ["flake8" in one for one in found.obstacles] == [True]


def test_that_different_items_were_graded_is_no_obstacle() -> None:
    found = common_ground(report(Told({"a": 5, "b": 5})), report(Told({"a": 5})))
    assert found.obstacles == ()


def test_what_people_mark_is_compared_only_where_both_are_marked() -> None:
    course = rubric(manual=["talk"])
    before = report(Told({"a": 5, "b": 5}, course))
    after = report(Told({"a": 5, "b": 5}, course, marks={"talk": 9}))
    found = common_ground(before, after)
    assert found.beside == ("talk",)
    assert found.change == 0


def test_what_only_rounds_to_a_change_is_none() -> None:
    told = Told({"a": 1, "b": 2})
    after = report(told)
    marked = after.model_copy(
        update={
            "checks": tuple(
                one.model_copy(update={"weight_share": one.weight_share * (1 + 1e-15)})
                for one in after.checks
            )
        }
    )
    assert common_ground(after, marked).change == 0
