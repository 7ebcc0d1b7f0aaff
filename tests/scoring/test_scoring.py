"""From measurements to marks: failures never become numbers, totals say what they are over."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.measurement import (
    Failed,
    Measured,
    Measurement,
    NotApplicable,
    NotMeasured,
    Outcome,
    Quantity,
    Tool,
)
from grader.model.score import ItemScore, Ungraded
from grader.rubric.schema import Dimension, Item, Rubric
from grader.scoring.fixes import gains, mended
from grader.scoring.items import score_item
from grader.scoring.totals import grade_measurements, weight_shares


def measurement(outcome: Outcome) -> Measurement:
    return Measurement(checker="lint", outcome=outcome)


def measured(**values: float) -> Measurement:
    return measurement(Measured(values=values))


def item(key: str, score: str = "mark", weight: float = 1, **more: str) -> Item:
    return Item.model_validate(
        {"checker": "lint", "id": key, "score": score, "weight": weight, **more}
    )


def rubric(*dimensions: tuple[float, list[Item]]) -> Rubric:
    return Rubric(
        name="r",
        version="1",
        dimensions=tuple(
            Dimension(id=f"d{i}", title=f"D{i}", weight=weight, items=tuple(items))
            for i, (weight, items) in enumerate(dimensions)
        ),
    )


def test_a_mark_is_the_formula_held_to_0_and_10() -> None:
    for value, mark in [(11.5, 10), (-3, 0), (7.25, 7.25)]:
        result = score_item(item("a"), measured(mark=value))
        assert isinstance(result, ItemScore)
        assert (result.mark, result.trace.value) == (mark, value)


def test_a_failure_is_ungraded_and_not_a_number() -> None:
    result = score_item(item("a"), measurement(Failed(reason="pylint: crashed")))
    assert result == Ungraded(item="a", cause="failed", reason="pylint: crashed")


def test_a_failure_is_zero_only_where_the_rubric_says_so_in_writing() -> None:
    strict = item("a", on_failure="zero")
    result = score_item(strict, measurement(Failed(reason="pylint: crashed")))
    assert isinstance(result, ItemScore)
    assert result.mark == 0
    assert "on_failure: zero" in result.note
    assert "pylint: crashed" in result.note


def test_nothing_to_measure_is_neither_0_nor_10() -> None:
    result = score_item(item("a"), measurement(NotApplicable(reason="no Python")))
    assert result == Ungraded(item="a", cause="not-applicable", reason="no Python")


def test_a_formula_that_divides_by_zero_leaves_the_item_ungraded() -> None:
    result = score_item(item("a", "10 / files"), measured(files=0))
    assert isinstance(result, Ungraded)
    assert result.cause == "formula"
    assert "division by zero: files is 0" in result.reason


def test_a_formula_over_what_was_not_measured_leaves_the_item_ungraded() -> None:
    idle = item("a", "10 - surviving_mutants", on_failure="zero")
    result = score_item(idle, measured(passed=3))
    assert isinstance(result, Ungraded)
    assert result.cause == "formula"
    assert '"surviving_mutants", which was not measured in this run' in result.reason
    assert score_item(idle, measured(surviving_mutants=0)) != result
    grade = grade_measurements(rubric((1, [idle])), {"a": measured(passed=3)})
    assert (grade.total, grade.measured_share) == (None, 0.0)
    assert [reason.cause for reason in grade.provisional] == ["ungraded"]


def test_a_mended_branch_over_what_was_not_measured_promises_nothing() -> None:
    course = rubric((1, [item("a", "10 - gone if bad == 0 else 5")]))
    taken = {"a": measured(files=1, good=1, bad=2, tries=0)}
    grade = grade_measurements(course, taken)
    assert grade.total == 5
    assert gains(course, grade, taken, QUANTITIES) == ()


def test_without_a_class_the_alone_formula_marks_and_says_so() -> None:
    compared = item("a", "relative(violations)", alone="10 - violations")
    result = score_item(compared, measured(violations=4))
    assert isinstance(result, ItemScore)
    assert (result.mark, result.is_alone) == (6, True)
    grade = grade_measurements(rubric((1, [compared])), {"a": measured(violations=4)})
    assert [reason.cause for reason in grade.provisional] == ["no-class"]


def test_the_total_weighs_dimensions_and_items() -> None:
    # By hand: (3/4) * (10*1 + 4*2)/3 + (1/4) * 8 = 0.75 * 6 + 2 = 6.5
    course = rubric((3, [item("a"), item("b", weight=2)]), (1, [item("c")]))
    marks = {"a": measured(mark=10), "b": measured(mark=4), "c": measured(mark=8)}
    grade = grade_measurements(course, marks)
    assert grade.total == pytest.approx(6.5)
    assert grade.total_of_100 == pytest.approx(65)
    assert [d.mark for d in grade.dimensions] == [pytest.approx(6), pytest.approx(8)]
    assert (grade.measured_share, grade.is_final) == (1.0, True)
    assert weight_shares(course) == pytest.approx({"a": 0.25, "b": 0.5, "c": 0.25})


def test_an_ungraded_item_makes_the_total_provisional_over_its_share() -> None:
    course = rubric((3, [item("a"), item("b", weight=2)]), (1, [item("c")]))
    failed = measurement(Failed(reason="hung"))
    grade = grade_measurements(
        course, {"a": measured(mark=10), "b": failed, "c": measured(mark=8)}
    )
    assert grade.total == pytest.approx((0.25 * 10 + 0.25 * 8) / 0.5)
    assert grade.measured_share == pytest.approx(0.5)
    assert [(p.cause, p.items) for p in grade.provisional] == [("ungraded", ("b",))]
    assert grade.dimensions[0].measured_share == pytest.approx(1 / 3)


def test_when_everything_failed_there_is_no_total() -> None:
    grade = grade_measurements(
        rubric((1, [item("a")])), {"a": measurement(Failed(reason="hung"))}
    )
    assert (grade.total, grade.measured_share) == (None, 0.0)
    assert grade.dimensions[0].mark is None
    assert grade.has_ungraded_checks


def test_an_item_left_out_by_the_user_is_said_to_be() -> None:
    course = rubric((1, [item("a"), item("b")]))
    grade = grade_measurements(course, {"a": measured(mark=9)})
    assert grade.total == 9
    assert grade.measured_share == 0.5
    assert [(p.cause, p.items) for p in grade.provisional] == [("left-out", ("b",))]
    assert not grade.has_ungraded_checks


marks = st.floats(min_value=0, max_value=10)
weights = st.floats(min_value=0.001, max_value=1000)


@given(st.lists(st.tuples(marks, weights, st.booleans()), min_size=1, max_size=12))
def test_a_total_stays_between_its_lowest_and_highest_mark(
    rows: list[tuple[float, float, bool]],
) -> None:
    items = [item(f"i{n}", weight=weight) for n, (_, weight, _) in enumerate(rows)]
    taken = {
        f"i{n}": measured(mark=mark) if works else measurement(Failed(reason="x"))
        for n, (mark, _, works) in enumerate(rows)
    }
    grade = grade_measurements(rubric((1, items)), taken)
    graded = [mark for mark, _, works in rows if works]
    assert 0 <= grade.measured_share <= 1
    if not graded:
        assert grade.total is None
    else:
        assert grade.total is not None
        assert min(graded) - 1e-9 <= grade.total <= max(graded) + 1e-9


QUANTITIES = {
    "lint": (
        Quantity("files", "files", "all"),
        Quantity("good", "files", "fine", better="higher", ideal="files"),
        Quantity("bad", "count", "wrong", better="lower", ideal=0),
        Quantity("tries", "count", "handled", better="higher"),
    )
}


def test_what_a_fix_is_worth_comes_from_the_formula_and_the_weights() -> None:
    course = rubric(
        (1, [item("share", "10 * good / files")]),
        (3, [item("count", "10 - bad"), item("more", "min(10, tries)")]),
    )
    facts = measured(files=4, good=1, bad=2, tries=7)
    taken = {"share": facts, "count": facts, "more": facts}
    grade = grade_measurements(course, taken)
    found = gains(course, grade, taken, QUANTITIES)
    # share: 1/4 of the rubric times 7.5; count: 3/8 times 2; more: 3/8 times 3.
    assert [g.item.key for g in found] == ["share", "more", "count"]
    assert [g.points for g in found] == pytest.approx([1.875, 1.125, 0.75])
    assert [g.mark_after for g in found] == [10, 10, 10]


def test_what_has_nothing_to_gain_is_not_among_the_fixes() -> None:
    course = rubric((1, [item("a", "10 - bad"), item("b", "10 - bad")]))
    clean = measured(files=1, good=1, bad=0, tries=0)
    failed = measurement(Failed(reason="x"))
    taken = {"a": clean, "b": failed}
    grade = grade_measurements(course, taken)
    assert gains(course, grade, taken, QUANTITIES) == ()


def test_a_fix_in_a_provisional_total_is_worth_its_part_of_what_was_graded() -> None:
    course = rubric((1, [item("a", "10 - bad"), item("b", "10 - bad")]))
    taken = {
        "a": measured(files=1, good=1, bad=4, tries=0),
        "b": measurement(Failed(reason="x")),
    }
    grade = grade_measurements(course, taken)
    (only,) = gains(course, grade, taken, QUANTITIES)
    assert grade.total is not None
    assert only.points == pytest.approx(10 - grade.total)


def test_what_was_not_measured_is_not_mended_into_a_number() -> None:
    facts = Measured(values={"good": 1, "bad": 2})
    quantities = (
        Quantity("files", "files", "absent where none", optional=True),
        Quantity("good", "files", "fine", better="higher", ideal="files"),
        Quantity("bad", "count", "wrong", better="lower", ideal=0),
        Quantity("gone", "count", "absent where none", "lower", 0, optional=True),
        Quantity("tries", "count", "absent where none", "higher", optional=True),
    )
    assert mended(facts, quantities) == {"good": 1, "bad": 0}


def test_scoring_reads_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("scoring touched the disk")

    course = rubric((1, [item("a", "10 - bad")]))
    monkeypatch.setattr("builtins.open", refuse)
    grade = grade_measurements(course, {"a": measured(bad=1)})
    assert grade.total == 9


def test_a_mark_over_a_part_of_the_files_is_provisional_and_says_which_tool() -> None:
    def partly(*paths: str) -> Measurement:
        missing = tuple(NotMeasured(path=p, reason="flake8: crashed") for p in paths)
        return Measurement(
            checker="lint",
            outcome=Measured(values={"mark": 8}, not_measured=missing),
            tools=(Tool(name="flake8", version="7"),),
        )

    items = [item("a"), item("b"), item("c"), item("d", "1 / (mark - mark)")]
    measurements = {
        "a": partly("deep.py"),
        "b": partly("deep.py", "deeper.py"),
        "c": measured(mark=8),
        "d": partly("deep.py"),
    }
    grade = grade_measurements(rubric((1, items)), measurements)
    assert grade.total == pytest.approx(8)
    (reason,) = (r for r in grade.provisional if r.cause == "partly-measured")
    assert reason.items == ("a", "b")
    assert reason.reason == (
        "1 file could not be read by flake8 and is not in the mark of a; "
        "2 files could not be read by flake8 and are not in the mark of b."
    )
    assert not grade.is_final
