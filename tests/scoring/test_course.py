"""What moved between two runs: the parts add up, and nothing is claimed that isn't known."""

from collections.abc import Mapping
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.measurement import Tool
from grader.model.report import RubricFacts
from grader.model.term import Entry, GroupEntry
from grader.scoring.course import POINTS, course, group_term, moved, own_runs, table
from grader.scoring.ranks import ranks

SHARES = {"lint": 0.5, "tests": 0.3, "docs": 0.2}
Marks = Mapping[str, float | None]


def entry(
    day: int,
    groups: Mapping[str, Marks],
    *,
    shares: Mapping[str, float] = SHARES,
    rubric: str = "a",
    lost: float = 0.0,
    is_remark: bool = False,
    commit: str | None = None,
) -> Entry:
    """A run on a day of May, totals computed from the marks as the program does."""
    totals = {name: _total(marks, shares, lost) for name, marks in groups.items()}
    places = ranks(totals)
    return Entry(
        run=f"{day:032x}",
        when=f"2025-05-{day:02}T18:00:00+00:00",
        is_remark=is_remark,
        rubric=RubricFacts(name="r", version=rubric, digest=rubric * 64),
        generator=Tool(name="mlops-grade", version="1"),
        items=tuple(shares),
        shares=tuple(shares.values()),
        groups=tuple(
            GroupEntry(
                name=name,
                commit=commit or f"{day:040x}",
                total=totals[name],
                rank=places.get(name),
                is_final=totals[name] is not None,
                marks=tuple(marks.get(item) for item in shares),
            )
            for name, marks in groups.items()
        ),
    )


def _total(marks: Marks, shares: Mapping[str, float], lost: float) -> float | None:
    graded = {key: mark for key, mark in marks.items() if mark is not None}
    weight = fsum(shares[key] for key in graded)
    if not weight:
        return None
    total = fsum(shares[key] * mark for key, mark in graded.items()) / weight
    return max(0.0, total - lost)


def marks(lint: float | None, tests: float | None, docs: float | None) -> Marks:
    return {"lint": lint, "tests": tests, "docs": docs}


def test_the_groups_that_moved_come_greatest_first_with_what_moved_them() -> None:
    found = moved(
        entry(1, {"a": marks(4, 5, 6), "b": marks(4, 5, 6), "c": marks(1, 1, 1)}),
        entry(2, {"a": marks(6, 5, 6), "b": marks(4, 5, 1), "c": marks(1, 1, 1)}),
    )
    assert [one.group for one in found.totals] == ["a", "b"]
    assert (found.up, found.down, found.still) == (1, 1, 1)
    first, second = found.totals
    [part] = first.through
    assert (part.item, part.before, part.after) == ("lint", 4, 6)
    assert part.points == pytest.approx(first.change) == pytest.approx(1)
    assert second.change == pytest.approx(-1)
    assert first.rest == 0


def test_who_came_went_gained_and_lost_a_total_is_told_apart() -> None:
    none = marks(None, None, None)
    found = moved(
        entry(1, {"went": marks(1, 1, 1), "lost": marks(1, 1, 1), "gained": none}),
        entry(2, {"came": marks(1, 1, 1), "lost": none, "gained": marks(1, 1, 1)}),
    )
    assert (found.came, found.went) == (("came",), ("went",))
    assert (found.gained, found.lost) == (("gained",), ("lost",))
    # A total that is missing on one side is no change of 0, and none from 0.
    assert found.totals == ()
    assert found.still == 0


def test_points_taken_off_are_no_items_doing() -> None:
    group = {"a": marks(8, 8, 8)}
    [move] = moved(entry(1, group), entry(2, group, lost=1.5)).totals
    assert move.through == ()
    assert move.rest == pytest.approx(-1.5)


def test_the_same_commit_is_said_where_there_is_one() -> None:
    before, after = {"a": marks(1, 1, 1)}, {"a": marks(2, 1, 1)}
    same = moved(entry(1, before, commit="c" * 40), entry(2, after, commit="c" * 40))
    assert same.totals[0].is_same_commit
    assert not moved(entry(1, before), entry(2, after)).totals[0].is_same_commit


def test_another_rubric_claims_nothing_of_items_that_only_one_has() -> None:
    other = {"lint": 0.5, "speed": 0.5}
    before = entry(1, {"a": marks(4, 4, 4)})
    after = entry(2, {"a": {"lint": 8, "speed": 2}}, shares=other, rubric="b")
    found = moved(before, after)
    [move] = found.totals
    assert found.is_other_rubric
    assert {one.item for one in move.through} <= {"lint"}
    assert fsum(one.points for one in move.through) + move.rest == pytest.approx(
        move.change
    )


def test_rubrics_without_a_common_item_explain_nothing() -> None:
    after = entry(2, {"a": {"speed": 2}}, shares={"speed": 1.0}, rubric="b")
    [move] = moved(entry(1, {"a": marks(4, 4, 4)}), after).totals
    assert move.through == ()
    assert move.rest == pytest.approx(move.change)


mark = st.none() | st.floats(0, 10)
row = st.builds(marks, mark, mark, mark)


@given(before=row, after=row, lost=st.floats(0, 3))
def test_the_parts_of_every_change_add_up(
    before: Marks, after: Marks, lost: float
) -> None:
    found = moved(entry(1, {"a": before}), entry(2, {"a": after}, lost=lost))
    for move in found.totals:
        parts = fsum(one.points for one in move.through) + move.rest
        assert parts == pytest.approx(move.change, abs=1e-6)


@given(row)
def test_nothing_moves_between_the_same_marks(one: Marks) -> None:
    found = moved(entry(1, {"a": one}), entry(2, {"a": one}))
    assert (found.totals, found.gained, found.lost) == ((), (), ())


def test_the_table_counts_totals_and_knows_identical_neighbours() -> None:
    first = entry(1, {"a": marks(2, 2, 2), "b": marks(6, 6, 6)}, commit="c" * 40)
    second = first.model_copy(update={"when": "2025-05-02T18:00:00+00:00"})
    none = marks(None, None, None)
    third = entry(3, {"a": marks(3, 3, 3), "b": none}, rubric="b")
    one, two, three = table([first, second, third]).runs
    assert (one.graded, one.mean, one.lowest, one.highest) == (2, 4, 2, 6)
    assert (one.moved, one.is_same) == (None, False)
    assert (two.moved, two.is_same) == (0, True)
    assert (three.graded, three.groups, three.mean) == (1, 2, 3)
    assert three.is_other_rubric and not three.is_same


def test_a_groups_change_is_held_against_its_last_total() -> None:
    none = marks(None, None, None)
    entries = [
        entry(1, {"a": marks(2, 2, 2)}),
        entry(2, {"a": none}),
        entry(3, {"b": marks(2, 2, 2)}),
        entry(4, {"a": marks(5, 2, 2)}),
    ]
    runs = group_term("a", own_runs(entries)["a"]).runs
    assert [one.total for one in runs] == [2, None, pytest.approx(3.5)]
    assert [one.change for one in runs] == [None, None, pytest.approx(1.5)]
    assert [one.item for one in runs[-1].through] == ["lint"]


def test_a_course_is_the_groups_own_and_needs_two_points() -> None:
    entries = [
        entry(day, {"ours": marks(day, 1, 1), "theirs": marks(5, 5, 5)})
        for day in (1, 2, 3)
    ]
    points = course(own_runs(entries)["ours"])
    assert [one.total for one in points] == [one.groups[0].total for one in entries]
    assert [(one.rank, one.ranked) for one in points] == [(2, 2)] * 3
    assert "theirs" not in "".join(one.model_dump_json() for one in points)
    assert course(own_runs(entries[:1])["ours"]) == ()
    assert "nobody" not in own_runs(entries)
    assert course(()) == ()


def test_marking_anew_without_a_change_is_no_point_of_the_course() -> None:
    first = entry(1, {"a": marks(1, 1, 1)}, commit="c" * 40)
    second = entry(2, {"a": marks(2, 2, 2)}, commit="c" * 40)
    same = second.model_copy(update={"is_remark": True})
    other = entry(3, {"a": marks(3, 3, 3)}, commit="c" * 40, is_remark=True)
    points = course(own_runs([first, second, same, other])["a"])
    assert [one.total for one in points] == [1, 2, 3]
    assert [one.is_remark for one in points] == [False, False, True]


def test_a_long_course_shows_its_last_points() -> None:
    entries = [
        entry(1 + number % 28, {"a": marks(number % 10, 1, 1)})
        for number in range(POINTS + 5)
    ]
    points = course(own_runs(entries)["a"])
    assert len(points) == POINTS
    assert points[-1].total == entries[-1].groups[0].total
