"""Two reports compared: the parts of the change add up, and what came and went is found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.comparison import Comparison, ItemChange
from grader.model.environment import EnvironmentFacts
from grader.model.measurement import (
    Failed,
    Finding,
    Measured,
    Measurement,
    NotMeasured,
    Outcome,
    Quantity,
    Tool,
)
from grader.model.report import (
    ManualCheck,
    QuantityLine,
    Report,
    ReportCheck,
    RepositoryFacts,
    RubricFacts,
)
from grader.model.score import Decided, Penalty, Ungraded
from grader.rubric.schema import Criterion, Dimension, Item, Rubric
from grader.scoring.cohort import Class, cohort_of
from grader.scoring.comparison import compare
from grader.scoring.matching import unmatched
from grader.scoring.totals import Adjustments, Given, grade_measurements, weight_shares

FACTS = RubricFacts(name="r", version="1", digest="d" * 64)
BAD = Quantity("bad", "count", "wrong", better="lower", ideal=0)


def rubric(
    items: Mapping[str, float] | None = None,
    formula: str = "10 - bad",
    manual: Sequence[str] = (),
) -> Rubric:
    weights = items or {"a": 1, "b": 3}
    return Rubric(
        name="r",
        version="1",
        dimensions=(
            Dimension(
                id="d",
                title="D",
                items=tuple(
                    Item(
                        checker="lint", id=k, score=formula, alone="10 - bad", weight=w
                    )
                    for k, w in weights.items()
                ),
                manual=tuple(Criterion(id=key, title=key) for key in manual),
            ),
        ),
    )


COURSE = rubric()


@dataclass(frozen=True)
class Told:
    """What one report is made of."""

    bad: Mapping[str, int | Outcome]
    course: Rubric = COURSE
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)
    penalties: Sequence[float] = ()
    version: str = "7.0"
    against: Class | None = None

    def measurement(self, key: str) -> Measurement:
        told = self.bad[key]
        found = tuple(self.findings.get(key, ()))
        if isinstance(told, int):
            told = Measured(values={"bad": told}, findings=found)
        tools = (Tool(name="flake8", version=self.version),)
        return Measurement(checker="lint", outcome=told, tools=tools)


def report(told: Told) -> Report:
    course = told.course
    measurements = {key: told.measurement(key) for key in told.bad}
    grade = grade_measurements(
        course,
        measurements,
        against=told.against,
        adjustments=Adjustments(
            {key: Given(mark, "seen", "Ada") for key, mark in told.marks.items()},
            tuple(
                Penalty(points=points, reason="late", by="the rubric")
                for points in told.penalties
            ),
        ),
    )
    results = {one.item: one for one in grade.items}
    shares = weight_shares(course)
    return Report(
        generator=Tool(name="mlops-grade", version="0.1.0"),
        graded_at="2026-11-21T14:05:09+00:00",
        python="3.11.9",
        platform="Linux",
        isolation="bubblewrap",
        repository=RepositoryFacts(
            name="flats",
            source="./flats",
            commit="3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f",
            uncommitted=False,
            files=3,
            python_files=2,
            source_files=1,
            lines=10,
            left_out=(),
        ),
        rubric=FACTS,
        grade=grade,
        checks=tuple(
            ReportCheck(
                id=item.key,
                checker=item.checker,
                title=f"Title of {item.key}",
                dimension="d",
                weight_share=shares[item.key],
                advice="",
                formula=item.score,
                alone_formula=item.alone,
                result=results[item.key],
                measurement=measurements.get(item.key),
                quantities=_lines(measurements.get(item.key)),
                sections=(),
                source="",
            )
            for item in course.items
        ),
        manual=tuple(
            ManualCheck(
                id=criterion.id,
                title=criterion.title,
                dimension="d",
                weight_share=shares[criterion.id],
                description="",
                result=results[criterion.id],
            )
            for criterion in course.criteria
        ),
        fixes=(),
    )


def _lines(measurement: Measurement | None) -> tuple[QuantityLine, ...]:
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return ()
    values = measurement.outcome.values
    return tuple(
        QuantityLine(name=name, value=value, unit="count", meaning="")
        for name, value in values.items()
    )


def compared(before: Told, after: Told) -> Comparison:
    return compare(report(before), report(after))


def change_of(comparison: Comparison, key: str) -> ItemChange:
    return next(one for one in comparison.items if one.item == key)


def abouts(comparison: Comparison, *, rulers: bool = True) -> list[str]:
    return [one.about for one in comparison.differences if one.is_ruler == rulers]


def statement(comparison: Comparison, about: str) -> str:
    (found,) = (one for one in comparison.differences if one.about == about)
    return found.statement


def finding(message: str = "unused", line: int | None = 1, **more: str) -> Finding:
    facts = {"rule": "F401", "path": "load.py", **more}
    return Finding.model_validate({"message": message, "line": line, **facts})


FAILED = Failed(reason="hung for 180 s")


def test_of_the_same_report_twice_nothing_changed() -> None:
    told = Told(
        {"a": 3, "b": FAILED},
        rubric(manual=["talk"]),
        findings={"a": [finding(), finding()]},
        marks={"talk": 7},
        penalties=[0.5],
    )
    found = compared(told, told)
    assert found.is_unchanged
    assert (found.changed, found.differences, found.change) == ((), (), 0)
    assert not found.is_worse


def test_graded_again_another_day_nothing_changed() -> None:
    before = report(Told({"a": 3, "b": FAILED}))
    again = report(Told({"a": 3, "b": Failed(reason="hung for 181 s")}))
    later = again.model_copy(update={"graded_at": "2026-11-22T14:05:09+00:00"})
    assert compare(before, later).is_unchanged


def test_each_items_part_is_its_weight_times_its_marks_change() -> None:
    found = compared(Told({"a": 4, "b": 2}), Told({"a": 1, "b": 4}))
    # a: a quarter of 6 → 9; b: three quarters of 8 → 6.
    assert (found.before.total, found.after.total) == (7.5, 6.75)
    assert [one.by_mark for one in found.items] == [0.75, -1.5]
    assert [one.by_weight for one in found.items] == [0, 0]
    assert (found.change, found.by_marks, found.by_weights) == (-0.75, -0.75, 0)
    assert [one.item for one in found.changed] == ["b", "a"]
    assert found.is_worse
    assert not found.differences


def test_numbers_that_are_others_stand_before_and_after() -> None:
    found = compared(Told({"a": 4, "b": 2}), Told({"a": 1, "b": 2}))
    (number,) = change_of(found, "a").numbers
    assert (number.name, number.before, number.after) == ("bad", 4, 1)
    assert change_of(found, "b").numbers == ()
    assert not change_of(found, "b").is_changed


def test_the_numbers_that_a_mark_is_made_of_stand_first() -> None:
    before, after = (
        Measured(values={"files": one, "lines": one, "bad": one}) for one in (1, 2)
    )
    found = compared(Told({"a": before, "b": 2}), Told({"a": after, "b": 2}))
    names = [one.name for one in change_of(found, "a").numbers]
    assert names == ["bad", "files", "lines"]


def test_a_number_that_is_there_on_one_side_only_is_not_0_on_the_other() -> None:
    more = Measured(values={"bad": 4, "surviving": 0})
    found = compared(Told({"a": 4, "b": 2}), Told({"a": more, "b": 2}))
    (number,) = change_of(found, "a").numbers
    assert (number.name, number.before, number.after) == ("surviving", None, 0)


def test_an_item_that_is_no_longer_graded_is_a_change_of_weights() -> None:
    found = compared(Told({"a": 8, "b": 2}), Told({"a": 8, "b": FAILED}))
    # 2 and 8 made 6.5; 2 alone is left.
    assert (found.before.total, found.after.total) == (6.5, 2)
    gone = change_of(found, "b")
    assert isinstance(gone.after, Ungraded)
    assert gone.by_mark == 0
    # b was 1.5 above the total with three quarters of it; a takes up its weight.
    assert gone.by_weight == pytest.approx(-0.75 * 1.5)
    assert change_of(found, "a").by_weight == pytest.approx(0.75 * -4.5)
    assert found.by_marks == 0
    assert found.by_weights == pytest.approx(-4.5)
    assert (gone.came, gone.went, gone.numbers) == ((), (), ())
    assert "graded before only: b" in statement(found, "graded-share")


def test_an_item_that_comes_in_at_the_old_total_moves_nothing() -> None:
    found = compared(Told({"a": 3, "b": FAILED}), Told({"a": 3, "b": 3}))
    assert (found.change, found.by_weights) == (0, 0)
    assert change_of(found, "b").points == 0
    assert change_of(found, "b").is_changed
    assert not found.is_unchanged


def test_what_another_rubrics_weights_did_is_said_apart_from_the_marks() -> None:
    before = report(Told({"a": 4, "b": 2}))
    after = report(Told({"a": 3, "b": 2}, rubric({"a": 3, "b": 1})))
    facts = FACTS.model_copy(update={"version": "2"})
    found = compare(before, after.model_copy(update={"rubric": facts}))
    # By the mark a quarter of 6 → 7; then half the rubric moves from 8 to 7.
    assert found.by_marks == pytest.approx(0.25)
    assert found.by_weights == pytest.approx(-0.5)
    assert found.change == pytest.approx(-0.25)
    assert all(one.is_changed for one in found.items)
    assert abouts(found) == ["rubric"]
    assert "version 1" in statement(found, "rubric")


def test_an_item_that_one_rubric_does_not_have_stands_last() -> None:
    found = compared(
        Told({"a": 4, "b": 2}), Told({"a": 4, "c": 0}, rubric({"c": 3, "a": 1}))
    )
    assert [one.item for one in found.items] == ["c", "a", "b"]
    assert change_of(found, "b").after is None
    assert change_of(found, "c").before is None
    assert change_of(found, "b").share_after == 0
    assert found.change == pytest.approx(1.5)


def test_penalties_are_a_part_of_the_change() -> None:
    found = compared(
        Told({"a": 4, "b": 2}, penalties=[0.5]), Told({"a": 4, "b": 2}, penalties=[2])
    )
    assert found.change == pytest.approx(-1.5)
    assert found.by_marks == 0
    assert found.by_penalties == pytest.approx(-1.5)
    assert found.changed == ()
    assert not found.is_unchanged


def test_what_a_person_decided_is_a_change_of_the_mark() -> None:
    found = compared(Told({"a": 4, "b": 2}), Told({"a": 4, "b": 2}, marks={"a": 10}))
    change = change_of(found, "a")
    assert isinstance(change.after, Decided)
    assert change.by_mark == 1
    assert change.is_changed
    same = compared(
        Told({"a": 4, "b": 2}, marks={"a": 6}), Told({"a": 4, "b": 2}, marks={"a": 6})
    )
    assert same.is_unchanged


def test_without_a_total_there_is_no_change_to_make_up() -> None:
    found = compared(Told({"a": FAILED, "b": FAILED}), Told({"a": 4, "b": 2}))
    assert (found.change, found.by_marks, found.by_penalties) == (None, None, None)
    assert all(one.points is None for one in found.items)
    assert not found.is_worse
    assert not found.is_unchanged


def test_a_report_whose_marks_do_not_come_to_its_total_is_told() -> None:
    honest = report(Told({"a": 4, "b": 2}))
    grade = honest.grade.model_copy(update={"total": 9.9})
    found = compare(honest, honest.model_copy(update={"grade": grade}))
    assert abouts(found) == ["arithmetic"]
    assert "second report" in statement(found, "arithmetic")


def test_findings_that_only_moved_are_the_same() -> None:
    before = [finding(line=3), finding("x redefined from line 3", line=9)]
    after = [finding("x redefined from line 5", line=11), finding(line=5)]
    assert unmatched(before, after) == ((), ())


def test_findings_in_another_file_or_of_another_rule_came_and_went() -> None:
    before, after = [finding()], [finding(path="read.py"), finding(rule="E401")]
    assert unmatched(before, after) == (tuple(after), tuple(before))


def test_of_the_same_finding_many_times_the_difference_came_or_went() -> None:
    three = [finding(line=line) for line in (1, 5, 9)]
    assert unmatched(three, three[:1] + three[2:]) == ((), (three[1],))
    assert unmatched(three[1:], three) == ((three[0],), ())
    moved = [finding(line=line + 2) for line in (1, 5, 9, 30)]
    came, went = unmatched(three, moved)
    assert (len(came), len(went)) == (1, 0)


def test_findings_and_signals_of_an_item_come_and_go() -> None:
    def facts(*found: Finding) -> Measured:
        return Measured(values={"bad": 2}, findings=found, signals=found[:1])

    one, other = finding("one"), finding("other")
    found = compared(Told({"a": facts(one), "b": 2}), Told({"a": facts(other), "b": 2}))
    change = change_of(found, "a")
    assert (change.came, change.went) == ((other,), (one,))
    assert (change.looks_came, change.looks_went) == ((other,), (one,))
    assert change.is_changed
    assert change.points == 0


def test_where_one_side_could_not_measure_no_finding_went() -> None:
    found = compared(
        Told({"a": 1, "b": 2}, findings={"a": [finding()]}),
        Told({"a": FAILED, "b": 2}),
    )
    assert change_of(found, "a").went == ()


def test_files_that_a_tool_could_not_read_are_noted() -> None:
    partly = Measured(
        values={"bad": 4},
        not_measured=(NotMeasured(path="deep.py", reason="crashed"),),
    )
    found = compared(Told({"a": 4, "b": 2}), Told({"a": partly, "b": 2}))
    (note,) = change_of(found, "a").notes
    assert note == "Files that its tool could not read: 0, then 1."


def test_another_version_of_a_tool_is_another_ruler() -> None:
    found = compared(Told({"a": 4, "b": 2}), Told({"a": 4, "b": 2}, version="8.0"))
    assert abouts(found) == ["tools"]
    assert statement(found, "tools") == "flake8 7.0, then 8.0 (a, b)."
    assert not found.is_unchanged


def test_a_failure_without_tools_is_no_other_version() -> None:
    before = report(Told({"a": 4, "b": 2}))
    after = report(Told({"a": 4, "b": 2}))
    first, second = after.checks
    assert first.measurement is not None
    bare = first.measurement.model_copy(update={"tools": ()})
    checks = (first.model_copy(update={"measurement": bare}), second)
    assert compare(before, after.model_copy(update={"checks": checks})).is_unchanged


def test_what_moves_marks_by_itself_is_told_from_what_only_happened() -> None:
    before = report(Told({"a": 4, "b": 2}))
    repository = before.repository.model_copy(
        update={"commit": "0" * 40, "uncommitted": True}
    )
    after = before.model_copy(
        update={
            "isolation": "none",
            "python": "3.12.1",
            "platform": "Darwin",
            "generator": Tool(name="mlops-grade", version="0.2.0"),
            "repository": repository,
        }
    )
    found = compare(before, after)
    assert abouts(found) == ["grader", "isolation", "python", "platform"]
    assert abouts(found, rulers=False) == ["commit"]
    assert "000000000000 with uncommitted changes" in statement(found, "commit")
    assert found.changed == ()


def test_other_packages_of_the_tests_are_named() -> None:
    def facts(*installed: str) -> Report:
        environment = EnvironmentFacts(
            mode="built", python="p", python_used="3.11", installed=installed
        )
        made = report(Told({"a": 4, "b": 2}))
        return made.model_copy(update={"environment": environment})

    found = compare(facts("numpy==1", "pandas==2"), facts("numpy==2", "pandas==2"))
    assert abouts(found, rulers=False) == ["environment"]
    assert "-numpy==1, +numpy==2" in statement(found, "environment")


def in_class(values: Sequence[int], own: int) -> Told:
    course = rubric(formula="relative(bad)")
    groups = [Told({"a": value, "b": value}, course) for value in values]
    cohort = cohort_of(
        course,
        FACTS,
        [{key: one.measurement(key) for key in ("a", "b")} for one in groups],
    )
    against = Class(cohort, course.cohort, {"lint": (BAD,)})
    return Told({"a": own, "b": own}, course, against=against)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # One more group; the same number of them, and another mark for the same value.
        (in_class([2, 4, 10], 4), in_class([2, 4, 10, 11], 2)),
        (in_class([2, 4, 10], 4), in_class([2, 4, 20], 4)),
        # No class on one side.
        (in_class([2, 4, 10], 4), in_class([4], 4)),
    ],
)
def test_another_class_is_another_ruler(before: Told, after: Told) -> None:
    found = compared(before, after)
    assert abouts(found) == ["class"]
    assert "for a, b" in statement(found, "class")
    assert all(one.notes for one in found.items)


def test_in_the_same_class_a_better_number_is_no_other_class() -> None:
    found = compared(in_class([2, 4, 10], 4), in_class([2, 4, 10], 2))
    assert abouts(found) == []
    assert "10 × (1 - 4 / 10)" in change_of(found, "a").notes[0]


def test_another_formula_is_noted() -> None:
    found = compared(
        Told({"a": 4, "b": 2}), Told({"a": 4, "b": 2}, rubric(formula="5 - bad"))
    )
    assert "10 - bad" in change_of(found, "a").notes[0]
    assert "5 - bad" in change_of(found, "a").notes[0]


def test_the_same_id_with_another_checker_compares_no_numbers() -> None:
    before = report(Told({"a": 4, "b": 2}, findings={"a": [finding()]}))
    check = before.check("a").model_copy(update={"checker": "pylint", "quantities": ()})
    after = before.model_copy(update={"checks": (check, before.check("b"))})
    change = change_of(compare(before, after), "a")
    assert change.notes == ("Measured by lint, then by pylint.",)
    assert (change.numbers, change.went) == ((), ())


def test_a_comparison_is_read_back_from_its_json() -> None:
    found = compared(
        Told({"a": 4, "b": 2}, findings={"a": [finding()]}, penalties=[1]),
        Told({"a": FAILED, "b": 0}, marks={"b": 3}),
    )
    assert Comparison.model_validate_json(found.model_dump_json(), strict=True) == found


outcomes = st.one_of(st.integers(0, 12), st.just(FAILED))
courses = st.builds(
    lambda weights, manual: rubric(weights, manual=manual),
    st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0, 7.0]), min_size=1
    ),
    st.sampled_from([(), ("talk",)]),
)


@st.composite
def tellings(draw: st.DrawFn, course: Rubric | None = None) -> Told:
    course = course or draw(courses)
    keys = [item.key for item in course.items]
    ids = [*keys, *(criterion.id for criterion in course.criteria)]
    return Told(
        {key: draw(outcomes) for key in keys if draw(st.booleans())},
        course,
        marks=draw(st.dictionaries(st.sampled_from(ids), st.floats(0, 10))),
        penalties=draw(st.lists(st.floats(0, 10), max_size=2)),
    )


@given(before=tellings(), after=tellings())
def test_the_parts_always_add_up_to_the_change(before: Told, after: Told) -> None:
    found = compared(before, after)
    assert "arithmetic" not in abouts(found)
    if found.change is None:
        assert None in (found.before.total, found.after.total)
        return
    points = [one.points for one in found.items]
    assert None not in points
    by_item = sum(one for one in points if one is not None)
    assert found.by_marks is not None
    assert found.by_weights is not None
    assert found.by_penalties is not None
    assert found.change == pytest.approx(by_item + found.by_penalties, abs=1e-8)
    assert found.change == pytest.approx(
        found.by_marks + found.by_weights + found.by_penalties, abs=1e-8
    )


@given(told=tellings(), data=st.data())
def test_with_the_same_weights_and_items_all_of_it_comes_from_marks(
    told: Told, data: st.DataObject
) -> None:
    other = {
        key: data.draw(st.integers(0, 12)) if isinstance(one, int) else one
        for key, one in told.bad.items()
    }
    after = Told(other, told.course, marks=told.marks)
    found = compared(Told(told.bad, told.course, marks=told.marks), after)
    if found.change is not None:
        assert found.by_marks == pytest.approx(found.change, abs=1e-8)
        assert all(one.by_weight == 0 for one in found.items)


@given(told=tellings())
def test_any_report_twice_is_unchanged(told: Told) -> None:
    assert compared(told, told).is_unchanged


findings = st.lists(
    st.builds(
        finding,
        st.sampled_from(["one 1", "one 2", "two"]),
        st.integers(1, 4),
        rule=st.sampled_from(["E1", "E2"]),
    ),
    max_size=12,
)


def by_mark(found: Sequence[Finding]) -> Counter[tuple[str, str]]:
    return Counter((one.rule, one.message[:3]) for one in found)


@given(before=findings, after=findings)
def test_what_came_and_went_is_the_difference_of_two_multisets(
    before: list[Finding], after: list[Finding]
) -> None:
    came, went = unmatched(before, after)
    assert by_mark(came) == by_mark(after) - by_mark(before)
    assert by_mark(went) == by_mark(before) - by_mark(after)
    assert not Counter(came) - Counter(after)
    assert not Counter(went) - Counter(before)
