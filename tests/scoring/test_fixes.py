"""What mending is worth and takes: against the class, under penalties, by hand or by command."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.measurement import Finding, Measured, Measurement, Mending, Quantity
from grader.model.report import Effort, RubricFacts
from grader.model.score import Penalty
from grader.rubric.schema import CohortRule, Dimension, Item, Rubric
from grader.scoring.cohort import Class, cohort_of
from grader.scoring.effort import effort
from grader.scoring.fixes import PLENTY, Gain, gains
from grader.scoring.totals import Adjustments, Given, grade_measurements

FACTS = RubricFacts(name="r", version="1", digest="d")
COUNT = Quantity("x", "count", "wrong", better="lower", ideal=0)
SHARE = Quantity("x", "share", "right", better="higher", ideal=1, maximum=1)
MANY = Quantity("x", "count", "as many as you like", better="higher")
IDEALS = ((COUNT, 0), (SHARE, 1), (MANY, PLENTY))


def item(key: str, score: str, **more: str) -> Item:
    return Item.model_validate({"checker": "lint", "id": key, "score": score, **more})


def rubric(*items: Item, rule: CohortRule | None = None) -> Rubric:
    return Rubric(
        name="r",
        version="1",
        cohort=rule or CohortRule(least=1),
        dimensions=(Dimension(id="d", title="D", items=items),),
    )


def measured(*findings: Finding, **values: float) -> Measurement:
    outcome = Measured(values=values, findings=findings)
    return Measurement(checker="lint", outcome=outcome)


def class_of(course: Rubric, values: Sequence[float], quantity: Quantity) -> Class:
    groups = [{one.key: measured(x=value) for one in course.items} for value in values]
    cohort = cohort_of(course, FACTS, groups)
    return Class(cohort, course.cohort, {"lint": (quantity,)})


@given(
    method=st.sampled_from(["zero-best", "min-max", "rank", "z"]),
    worst=st.sampled_from(["max", "p90", "p50"]),
    score=st.sampled_from(["relative(x)", "percentile(x) / 10"]),
    kind=st.sampled_from(IDEALS),
    values=st.lists(st.integers(0, 20), min_size=2, max_size=12),
    other=st.floats(0, 10),
)
def test_a_gain_is_what_marking_the_class_again_would_give(
    method: str,
    worst: str,
    score: str,
    kind: tuple[Quantity, float],
    values: list[int],
    other: float,
) -> None:
    quantity, ideal = kind
    rule = CohortRule.model_validate({"least": 1, "method": method, "worst": worst})
    course = rubric(item("a", score, alone="3"), item("b", str(other)), rule=rule)
    scale = 20 if quantity is SHARE else 1
    own, *others = [value / scale for value in values]

    def total(value: float) -> float:
        against = class_of(course, [value, *others], quantity)
        mine = {"a": measured(x=value), "b": measured(x=0)}
        found = grade_measurements(course, mine, against=against).total
        assert found is not None
        return found

    mine = {"a": measured(x=own), "b": measured(x=0)}
    against = class_of(course, [own, *others], quantity)
    grade = grade_measurements(course, mine, against=against)
    found = gains(course, grade, mine, {"lint": (quantity,)}, against)
    gained = {one.item.key: one.points for one in found}
    assert gained.get("a", 0.0) == pytest.approx(max(0.0, total(ideal) - total(own)))


def test_a_group_is_not_compared_with_itself_as_it_was() -> None:
    # By hand: of 0, 0, 5, 9 the last one mended leaves 0, 0, 0, 5: one of three others is
    # worse, two are equal, which makes 10 * (1 + 2 / 2) / 3.
    course = rubric(item("a", "relative(x)"), rule=CohortRule(least=1, method="rank"))
    against = class_of(course, [0, 0, 5, 9], COUNT)
    mine = {"a": measured(x=9)}
    grade = grade_measurements(course, mine, against=against)
    (only,) = gains(course, grade, mine, {"lint": (COUNT,)}, against)
    assert only.mark_after == pytest.approx(20 / 3)


def test_a_penalty_that_takes_more_than_there_is_has_to_be_earned_first() -> None:
    course = rubric(item("a", "10 - x"))
    mine = {"a": measured(x=8)}
    off = Penalty(points=5, reason="late", by="Ada")
    grade = grade_measurements(course, mine, adjustments=Adjustments(penalties=(off,)))
    assert grade.total == 0
    (only,) = gains(course, grade, mine, {"lint": (COUNT,)})
    # 10 less the penalty is 5, and there are 0 now.
    assert only.points == pytest.approx(5)
    assert (only.mark_now, only.mark_after) == (2, 10)


def test_what_a_penalty_eats_up_is_no_gain() -> None:
    course = rubric(item("a", "10 - x"), item("b", "0"))
    mine = {"a": measured(x=2), "b": measured(x=0)}
    off = Penalty(points=10, reason="late", by="Ada")
    grade = grade_measurements(course, mine, adjustments=Adjustments(penalties=(off,)))
    assert gains(course, grade, mine, {"lint": (COUNT,)}) == ()


def test_the_mark_that_a_person_gave_counts_and_has_nothing_to_gain() -> None:
    course = rubric(item("a", "10 - x"), item("b", "10 - x"))
    mine = {"a": measured(x=4), "b": measured(x=4)}
    given_a = Adjustments(marks={"a": Given(10, "well", "Ada")})
    grade = grade_measurements(course, mine, adjustments=given_a)
    (only,) = gains(course, grade, mine, {"lint": (COUNT,)})
    assert only.item.key == "b"
    assert grade.total is not None
    assert grade.total + only.points == pytest.approx(10)


@pytest.mark.parametrize(("tries", "gain"), [(7, 3), (10, 0), (12, 0)])
def test_beyond_the_cap_of_a_formula_there_is_nothing_to_gain(
    tries: int, gain: float
) -> None:
    course = rubric(item("a", "min(10, x)"))
    mine = {"a": measured(x=tries)}
    grade = grade_measurements(course, mine)
    found = gains(course, grade, mine, {"lint": (MANY,)})
    assert [one.points for one in found] == ([gain] if gain else [])


LONG = Finding(rule="E501", message="long", path="a.py", line=3)
LONGER = LONG.model_copy(update={"rule": "W291"})
OTHER = Finding(rule="E501", message="long", path="b.py", line=3)
NOTE = Finding(rule="R1720", message="else", path="a.py", line=9, severity="info")
ASIDE = Finding(rule="own-settings", message="!", path="setup.cfg", severity="info")
WHOLE = Finding(rule="missing", message="no README")
SORT = Finding(rule="would-sort", message="!", path="c.py", fix="isort c.py")
STARTERS = OTHER.model_copy(update={"path": "s.py", "inherited": True})


def taken(
    mending: Mending | None,
    findings: Sequence[Finding],
    *,
    score: str = "10 - x",
    is_open: bool = False,
    command: str | None = None,
) -> Effort | None:
    gain = Gain(item("a", score), 1.0, 2.0, 10.0, is_open)
    measurement = measured(*findings, x=1).model_copy(update={"fix_command": command})
    return effort(gain, measurement, mending)


def by_hand(places: int, files: int) -> Effort:
    return Effort(kind="findings", places=places, files=files)


def test_by_hand_each_place_counts_once_however_many_rules_say_so() -> None:
    assert taken("findings", [LONG, LONGER, OTHER]) == by_hand(2, 2)


def test_what_is_missing_as_a_whole_is_a_place_of_its_own() -> None:
    assert taken("findings", [WHOLE, WHOLE, LONG]) == by_hand(3, 1)


def test_notes_count_where_the_mark_counts_them_and_nowhere_else() -> None:
    assert taken("findings", [LONG, NOTE, ASIDE]) == by_hand(1, 1)
    assert taken("notes", [LONG, NOTE, ASIDE]) == by_hand(2, 1)


def test_the_starters_findings_count_where_the_formula_counts_them() -> None:
    assert taken("findings", [LONG, STARTERS]) == by_hand(2, 2)
    own = "10 - own_findings"
    assert taken("findings", [LONG, STARTERS], score=own) == by_hand(1, 1)


def test_a_command_mends_what_names_it_and_leaves_the_rest() -> None:
    alone = taken("command", [SORT], command="isort .")
    assert alone == Effort(kind="command")
    rest = taken("command", [SORT, LONG], command="isort .")
    assert rest == Effort(kind="command", places=1, files=1)


def test_a_command_that_mends_nothing_here_is_not_promised() -> None:
    assert taken("command", [LONG], command="isort .") == by_hand(1, 1)


def test_more_than_the_findings_say_is_work() -> None:
    assert taken("work", [LONG]) == Effort(kind="work")
    assert taken("findings", [LONG], is_open=True) == Effort(kind="work")


def test_nothing_is_claimed_that_nobody_knows() -> None:
    assert taken(None, [LONG]) is None
    assert taken("findings", []) is None


@pytest.mark.parametrize(
    ("score", "is_open"), [("min(10, x)", True), ("10 - y", False)]
)
def test_a_formula_is_open_where_it_uses_what_more_makes_better(
    score: str, *, is_open: bool
) -> None:
    wrong = Quantity("y", "count", "wrong", better="lower", ideal=0)
    quantities: Mapping[str, Sequence[Quantity]] = {"lint": (MANY, wrong)}
    course = rubric(item("a", score))
    mine = {"a": measured(x=3, y=4)}
    (only,) = gains(course, grade_measurements(course, mine), mine, quantities)
    assert only.is_open == is_open
