"""The class marked otherwise: totals by hand, ranks, and how much they agree."""

import pytest

from grader.model.analysis import Standing
from grader.model.score import Grade, ItemScore, Penalty, Trace
from grader.rubric.schema import Rubric
from grader.scoring.correlation import spearman
from grader.scoring.ranks import ranks
from grader.scoring.sensitivity import reweighed, variant, weightings

RUBRIC = Rubric.model_validate(
    {
        "name": "r",
        "version": "1",
        "dimensions": [
            {
                "id": "one",
                "title": "One",
                "weight": 1.0,
                "items": [
                    {"checker": "lint", "score": "10", "weight": 1.0},
                    {"checker": "tests", "score": "10", "weight": 3.0},
                ],
            },
            {
                "id": "two",
                "title": "Two",
                "weight": 1.0,
                "items": [{"checker": "docs", "score": "10"}],
            },
        ],
    }
)


def grade(*marks: float, penalties: tuple[Penalty, ...] = ()) -> Grade:
    trace = Trace(formula="x", substituted="x", value=0.0, inputs={})
    items = tuple(
        ItemScore(item=key, mark=mark, trace=trace)
        for key, mark in zip(("lint", "tests", "docs"), marks, strict=False)
    )
    return Grade(
        items=items, dimensions=(), total=0.0, measured_share=1.0, penalties=penalties
    )


def stands(group: str, total: float | None, rank: int | None) -> Standing:
    return Standing(group=group, total=total, rank=rank)


def test_each_dimension_and_item_is_doubled_once() -> None:
    # A dimension of one item is that item.
    assert [one.id for one in weightings(RUBRIC)] == [
        "double.one",
        "double.two",
        "double.item.lint",
        "double.item.tests",
        "alike",
    ]


def test_what_doubling_an_item_makes_of_a_total_by_hand() -> None:
    [found] = [one for one in weightings(RUBRIC) if one.id == "double.item.tests"]
    grades = {"a": grade(8.0, 4.0, 6.0), "b": grade(2.0, 10.0, 6.0)}
    # lint 1/8, tests 3/8, docs 1/2 of the rubric; tests doubled 6/8 of 11/8.
    totals = {"a": 8 / 8 + 4 * 3 / 8 + 6 / 2, "b": 2 / 8 + 10 * 3 / 8 + 6 / 2}
    standings = [stands(name, total, None) for name, total in totals.items()]
    moved = reweighed(found, standings, grades, 0.5)
    expected = (8 / 8 + 4 * 6 / 8 + 6 / 2) * 8 / 11
    assert moved.lines[0].total == pytest.approx(expected)
    assert moved.lines[1].rank == 1
    assert moved.largest_change == pytest.approx(
        max(
            abs(after.total - totals[after.group])
            for after in moved.lines
            if after.total is not None
        )
    )
    assert moved.about == "tests"


def test_a_penalty_stays_taken_off() -> None:
    [found] = [one for one in weightings(RUBRIC) if one.id == "alike"]
    late = Penalty(points=2.0, reason="late", by="the rubric")
    grades = {"a": grade(6.0, 6.0, 6.0, penalties=(late,))}
    moved = reweighed(found, [stands("a", 4.0, 1)], grades, 0.5)
    assert moved.lines[0].total == pytest.approx(4.0)
    assert moved.largest_change == 0.0


def test_too_little_of_the_new_weights_has_no_rank() -> None:
    [found] = [one for one in weightings(RUBRIC) if one.id == "double.two"]
    # Without docs a third of the doubled weights was graded.
    moved = reweighed(found, [stands("a", 5.0, 1)], {"a": grade(5.0, 5.0)}, 0.5)
    assert moved.lines[0].rank is None
    assert moved.ranks_changed == 1


def test_a_group_without_a_total_stays_without_one() -> None:
    standings = [stands("a", 5.0, 1), stands("gone", None, None)]
    found = variant("x", "X", "normalisation", standings, {"a": 6.0}, {"a"})
    assert found.lines[1].total is None
    assert found.ranks_changed == 0
    assert found.mean_change == 1.0


def test_ranks_are_shared_as_competitions_do() -> None:
    found = ranks({"a": 5.0, "b": 9.0, "c": 5.0, "d": 1.0, "e": None})
    assert found == {"b": 1, "a": 2, "c": 2, "d": 4}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 1), (2, 2), (3, 3)], 1.0),
        ([(1, 3), (2, 2), (3, 1)], -1.0),
        # 1 - 6 * (1 + 1 + 0 + 0) / (4 * 15)
        ([(1, 2), (2, 1), (3, 3), (4, 4)], 0.8),
        # Two that share rank 1 hold places 1.5: correlation of 1.5 1.5 3 with 1 2 3.
        ([(1, 1), (1, 2), (3, 3)], 0.75**0.5),
        ([(1, 1), (2, 2)], None),
        ([(1, 1), (1, 2), (1, 3)], None),
    ],
)
def test_spearmans_correlation_by_hand(
    pairs: list[tuple[int, int]], expected: float | None
) -> None:
    found = spearman(pairs)
    assert found == (None if expected is None else pytest.approx(expected))
