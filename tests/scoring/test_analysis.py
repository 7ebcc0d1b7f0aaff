"""Item analysis: its numbers by hand, and what it says of items that tell nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.place import BINS
from grader.model.score import Grade, ItemScore, Trace, Ungraded
from grader.scoring.analysis import bins, distribution, item_statistics
from grader.scoring.places import LEAST, class_marks

MARKS = st.lists(st.floats(0, 10), min_size=1, max_size=30)


def grade(**marks: float | None) -> Grade:
    """A grade with these marks of items; None is an item that could not be graded."""
    trace = Trace(formula="x", substituted="x", value=0.0, inputs={})
    items = tuple(
        (
            Ungraded(item=key, cause="failed", reason="The tool crashed.")
            if mark is None
            else ItemScore(item=key, mark=mark, trace=trace)
        )
        for key, mark in marks.items()
    )
    given_marks = [mark for mark in marks.values() if mark is not None]
    total = sum(given_marks) / len(given_marks) if given_marks else None
    return Grade(items=items, dimensions=(), total=total, measured_share=1.0)


HALVES = {"a": 0.5, "b": 0.5}


def test_the_numbers_of_a_small_table_by_hand() -> None:
    grades = [grade(a=0.0, b=2.0), grade(a=5.0, b=4.0), grade(a=10.0, b=9.0)]
    a, b = item_statistics(grades, HALVES)
    assert (a.distribution.mean, a.distribution.median) == (5.0, 5.0)
    assert a.difficulty == 0.5
    # Deviations -5, 0, 5 from the mean of 5: the mean square is 50 / 3.
    assert a.distribution.deviation == pytest.approx((50 / 3) ** 0.5)
    # Of b the deviations are -3, -1, 4: 35 / sqrt(50 * 26).
    assert a.discrimination == pytest.approx(35 / (50 * 26) ** 0.5)
    assert b.discrimination == a.discrimination
    assert (a.floor, a.ceiling, b.floor, b.ceiling) == (1, 1, 0, 0)


def test_the_item_itself_is_not_in_what_it_is_compared_with() -> None:
    # With itself in the total the first item would correlate with it.
    grades = [grade(a=float(n), b=5.0) for n in range(5)]
    a, b = item_statistics(grades, HALVES)
    assert a.discrimination is None
    assert b.discrimination is None
    assert b.flags[0] == "same"


def test_what_is_not_graded_is_in_no_number() -> None:
    grades = [grade(a=4.0, b=1.0), grade(a=None, b=2.0), grade(a=8.0, b=3.0)]
    a, _ = item_statistics(grades, HALVES)
    assert a.distribution.graded == 2
    assert a.distribution.mean == 6.0
    assert a.discrimination is None


@pytest.mark.parametrize(
    ("marks", "flag"),
    [
        ([3.0] * 12, "same"),
        ([0.0] * 11 + [9.0], "floor"),
        ([10.0] * 11 + [2.0], "ceiling"),
        ([float(n % 11) for n in range(12)], None),
    ],
)
def test_an_item_that_tells_nobody_apart_is_flagged(
    marks: list[float], flag: str | None
) -> None:
    grades = [grade(a=mark, b=float(n % 11)) for n, mark in enumerate(marks)]
    a, _ = item_statistics(grades, HALVES)
    found = [one for one in a.flags if one in ("same", "floor", "ceiling")]
    assert found == ([] if flag is None else [flag])
    assert len(a.advice) == len(a.flags)


def test_an_item_at_which_better_groups_do_worse_is_flagged() -> None:
    grades = [grade(a=10.0 - n, b=float(n)) for n in range(11)]
    a, _ = item_statistics(grades, HALVES)
    assert a.discrimination == pytest.approx(-1.0)
    assert "reversed" in a.flags


def test_few_groups_are_said_to_say_little() -> None:
    a, _ = item_statistics([grade(a=1.0, b=1.0), grade(a=2.0, b=3.0)], HALVES)
    assert a.flags == ("few",)


def test_a_class_of_nobody_and_of_one_is_defined() -> None:
    a, _ = item_statistics([], HALVES)
    assert (a.difficulty, a.discrimination, a.flags) == (None, None, ())
    a, _ = item_statistics([grade(a=3.0, b=4.0)], HALVES)
    assert (a.difficulty, a.discrimination, a.flags) == (0.3, None, ())


@given(MARKS)
def test_every_mark_is_in_one_half_point(marks: list[float]) -> None:
    counts = bins(marks)
    assert len(counts) == BINS
    assert sum(counts) == len(marks)
    found = distribution(marks)
    assert found.lowest is not None and found.highest is not None
    assert found.mean is not None
    assert found.lowest - 1e-9 <= found.mean <= found.highest + 1e-9


def test_ten_is_in_the_last_half_point_and_a_bound_belongs_to_the_upper() -> None:
    assert bins([10.0])[BINS - 1] == 1
    assert bins([0.5])[1] == 1


def test_a_place_counts_the_others() -> None:
    grades = [grade(a=mark) for mark in (1.0, 2.0, 2.0, 2.0, 9.0)]
    marks = class_marks([(one, True) for one in grades], {"a": "The first"})
    total, item = marks.places(grades[1], is_ranked=True)
    assert (total.of, item.title, item.mark) == ("total", "The first", 2.0)
    assert (item.lower, item.equal, item.higher) == (1, 2, 1)
    assert item.bins[4] == 3


def test_too_few_groups_have_no_places() -> None:
    grades = [grade(a=float(n)) for n in range(LEAST - 1)]
    marks = class_marks([(one, True) for one in grades], {})
    assert marks.places(grades[0], is_ranked=True) == ()


def test_a_total_without_a_rank_has_no_place_and_is_in_nobodys() -> None:
    grades = [grade(a=float(n)) for n in range(LEAST + 1)]
    ranked = [(one, n > 0) for n, one in enumerate(grades)]
    marks = class_marks(ranked, {})
    assert [one.of for one in marks.places(grades[0], is_ranked=False)] == ["item"]
    total, _ = marks.places(grades[1], is_ranked=True)
    assert total.lower == 0
