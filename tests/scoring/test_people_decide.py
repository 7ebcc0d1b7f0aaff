"""What people decided is in the total, beside what the program gave, and says by whom."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.measurement import Failed, Measured, Measurement, Outcome
from grader.model.score import Decided, Grade, ItemScore, Penalty, Ungraded
from grader.rubric.schema import Criterion, Dimension, Item, Rubric
from grader.scoring.fixes import gains
from grader.scoring.totals import (
    UNADJUSTED,
    Adjustments,
    Given,
    grade_measurements,
    weight_shares,
)


def measurement(outcome: Outcome) -> Measurement:
    return Measurement(checker="lint", outcome=outcome)


def measured(mark: float) -> Measurement:
    return measurement(Measured(values={"mark": mark}))


FAILED = measurement(Failed(reason="hung"))


def item(key: str, weight: float = 1) -> Item:
    return Item(checker="lint", id=key, score="mark", weight=weight)


# a and b are measured; talk, of a weight of its own inside the dimension, is a person's.
COURSE = Rubric(
    name="r",
    version="1",
    dimensions=(
        Dimension(id="code", title="Code", weight=1, items=(item("a"), item("b"))),
        Dimension(
            id="more",
            title="More",
            weight=3,
            items=(item("c"),),
            manual=(Criterion(id="talk", title="The talk", weight=2),),
        ),
    ),
)
MARKS = {"a": measured(8), "b": measured(4), "c": measured(5)}


def by(mark: float, reason: str = "seen") -> Given:
    return Given(mark, reason, "Ada")


def off(points: float) -> Penalty:
    return Penalty(points=points, reason="late", by="the rubric")


def grade(
    measurements: Mapping[str, Measurement] = MARKS,
    marks: Mapping[str, Given] | None = None,
    penalties: tuple[Penalty, ...] = (),
) -> Grade:
    return grade_measurements(
        COURSE, measurements, adjustments=Adjustments(marks or {}, penalties)
    )


def result(found: Grade, key: str) -> object:
    return next(one for one in found.items if one.item == key)


def test_a_criterion_has_its_share_of_the_rubrics_weight() -> None:
    # code: 1 of 4, halved; more: 3 of 4, in parts of 1 and 2 of 3.
    assert weight_shares(COURSE) == pytest.approx(
        {"a": 0.125, "b": 0.125, "c": 0.25, "talk": 0.5}
    )


def test_what_a_person_has_not_marked_is_not_graded_and_the_total_provisional() -> None:
    found = grade()
    waiting = result(found, "talk")
    assert isinstance(waiting, Ungraded)
    assert waiting.cause == "unmarked"
    # Over the half that was graded: (0.125 * 8 + 0.125 * 4 + 0.25 * 5) / 0.5.
    assert found.total == pytest.approx(5.5)
    assert found.measured_share == pytest.approx(0.5)
    (reason,) = found.provisional
    assert (reason.cause, reason.items) == ("unmarked", ("talk",))
    assert "talk" in reason.reason
    assert not found.has_ungraded_checks
    assert [one.mark for one in found.dimensions] == [6, 5]


def test_a_marked_criterion_counts_with_its_weight() -> None:
    found = grade(marks={"talk": by(9)})
    assert found.total == pytest.approx(0.125 * 8 + 0.125 * 4 + 0.25 * 5 + 0.5 * 9)
    assert (found.measured_share, found.is_final) == (1.0, True)
    assert result(found, "talk") == Decided(
        item="talk", mark=9, reason="seen", by="Ada", automatic=None
    )
    assert found.dimensions[1].mark == pytest.approx((5 + 2 * 9) / 3)


def test_marking_a_criterion_is_no_change_of_what_the_program_gave() -> None:
    found = grade(marks={"talk": by(9)})
    assert not found.is_adjusted
    assert found.automatic_total == pytest.approx(5.5)
    assert grade(marks={"a": by(9)}).is_adjusted
    assert grade(penalties=(off(1),)).is_adjusted


def test_a_mark_instead_of_another_keeps_the_other_beside_it() -> None:
    found = grade(marks={"a": by(2, "copied"), "talk": by(9)})
    decided = result(found, "a")
    assert isinstance(decided, Decided)
    assert (decided.mark, decided.reason, decided.by) == (2, "copied", "Ada")
    assert isinstance(decided.automatic, ItemScore)
    assert decided.automatic.mark == 8
    untouched = grade(marks={"talk": by(9)})
    assert found.total is not None
    assert untouched.total is not None
    assert found.total == pytest.approx(untouched.total - 0.125 * 6)
    assert found.automatic_total == untouched.automatic_total


def test_a_mark_for_what_could_not_be_measured_makes_the_total_whole() -> None:
    taken = {**MARKS, "a": FAILED}
    before = grade(taken, {"talk": by(9)})
    assert [one.cause for one in before.provisional] == ["ungraded"]
    after = grade(taken, {"talk": by(9), "a": by(10)})
    assert (after.is_final, after.measured_share) == (True, 1.0)
    decided = result(after, "a")
    assert isinstance(decided, Decided)
    assert isinstance(decided.automatic, Ungraded)
    assert decided.automatic.reason == "hung"


def test_a_mark_of_a_person_for_what_the_class_compares_is_not_provisional() -> None:
    compared = Item(checker="lint", id="a", score="relative(mark)", alone="mark")
    course = COURSE.model_copy(
        update={"dimensions": (Dimension(id="d", title="D", items=(compared,)),)}
    )
    adjustments = Adjustments({"a": by(7)})
    found = grade_measurements(course, {"a": measured(3)}, adjustments=adjustments)
    assert (found.total, found.is_final) == (7, True)


def test_penalties_are_points_of_the_total_and_add_up() -> None:
    found = grade(marks={"talk": by(9)}, penalties=(off(1), off(0.5)))
    untouched = grade(marks={"talk": by(9)})
    assert found.total is not None
    assert untouched.total is not None
    assert found.total == pytest.approx(untouched.total - 1.5)
    assert [one.points for one in found.penalties] == [1, 0.5]
    # No item's or dimension's mark is another for it.
    assert found.items == untouched.items
    assert found.dimensions == untouched.dimensions
    assert found.automatic_total == untouched.automatic_total


def test_penalties_take_no_total_below_0() -> None:
    assert grade(penalties=(off(10), off(10))).total == 0


def test_a_penalty_is_no_total_where_nothing_was_graded() -> None:
    nothing = {key: FAILED for key in MARKS}
    found = grade(nothing, penalties=(off(1),))
    assert (found.total, found.automatic_total) == (None, None)
    assert found.penalties == (off(1),)


def test_what_a_person_decided_has_nothing_to_gain() -> None:
    found = grade(marks={"a": by(2)})
    assert gains(COURSE, found, MARKS, {"lint": ()}) == ()


def test_without_decisions_the_automatic_total_is_the_total() -> None:
    found = grade_measurements(COURSE, MARKS, adjustments=UNADJUSTED)
    assert found.automatic_total == found.total
    assert not found.is_adjusted


given_marks = st.dictionaries(
    st.sampled_from(["a", "b", "c", "talk"]),
    st.floats(min_value=0, max_value=10).map(by),
)


@given(
    marks=given_marks,
    penalties=st.lists(st.floats(min_value=0, max_value=10).map(off), max_size=3),
    failed=st.sets(st.sampled_from(["a", "b", "c"])),
)
def test_a_total_with_decisions_stays_in_0_to_10_and_loses_none_of_them(
    marks: dict[str, Given], penalties: list[Penalty], failed: set[str]
) -> None:
    taken = {k: FAILED if k in failed else one for k, one in MARKS.items()}
    found = grade(taken, marks, tuple(penalties))
    assert found.total is None or 0 <= found.total <= 10
    assert 0 <= found.measured_share <= 1
    decided = {r.item: r.mark for r in found.items if isinstance(r, Decided)}
    assert decided == {key: one.mark for key, one in marks.items()}
    assert Grade.model_validate_json(found.model_dump_json(), strict=True) == found
    # What people decided moves nothing that the program gave.
    assert found.automatic_total == grade(taken).automatic_total


@given(marks=given_marks, key=st.sampled_from(["a", "b", "c", "talk"]))
def test_a_higher_mark_by_a_person_never_lowers_the_total(
    marks: dict[str, Given], key: str
) -> None:
    low = grade(marks={**marks, key: by(3)})
    high = grade(marks={**marks, key: by(3.000001)})
    assert low.total is not None
    assert high.total is not None
    assert high.total > low.total
