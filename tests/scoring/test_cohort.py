"""A number held against a class: by hand on small tables, and what holds for any class."""

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.cohort import Cohort
from grader.model.measurement import (
    Failed,
    Measured,
    Measurement,
    NotApplicable,
    Outcome,
    Quantity,
    Tool,
)
from grader.model.report import RubricFacts
from grader.model.score import Grade, ItemScore, Ungraded
from grader.rubric.schema import CohortRule, Dimension, Item, Rubric
from grader.scoring.cohort import Class, NoRival, cap, cohort_of, orient, stand
from grader.scoring.items import score_item
from grader.scoring.totals import grade_measurements

Number = int | float

METHODS = ("zero-best", "min-max", "rank", "z")
FACTS = RubricFacts(name="r", version="1", digest="d")
OLD = (Tool(name="flake8", version="7.0"),)
NEW = (Tool(name="flake8", version="8.0"),)

COUNT = Quantity("x", "count", "wrong", better="lower", ideal=0)
LEVEL = Quantity("x", "level", "from 1 on", better="lower", minimum=1)
SHARE = Quantity("x", "share", "right", better="higher", ideal=1, maximum=1)
MANY = Quantity("x", "count", "as many as you like", better="higher")
KINDS = (COUNT, LEVEL, SHARE, MANY)


def item(score: str = "relative(x)", **more: object) -> Item:
    return Item.model_validate(
        {"checker": "lint", "score": score, "alone": "3", **more}
    )


def rubric(
    rule: CohortRule | None = None, items: Sequence[Item] | None = None
) -> Rubric:
    return Rubric(
        name="r",
        version="1",
        cohort=rule or CohortRule(least=1),
        dimensions=(
            Dimension(id="d", title="D", items=tuple(items or [item()])),
            Dimension(
                id="e", title="E", items=(item("percentile(x) / 10", id="share"),)
            ),
        ),
    )


def measurement(
    outcome: Outcome, tools: tuple[Tool, ...] = OLD, **options: object
) -> Measurement:
    return Measurement(checker="lint", outcome=outcome, tools=tools, options=options)


def measured(value: Number, tools: tuple[Tool, ...] = OLD) -> Measurement:
    return measurement(Measured(values={"x": value}), tools)


def everywhere(one: Measurement, course: Rubric) -> dict[str, Measurement]:
    return {item.key: one for item in course.items}


def class_of(
    groups: Sequence[Measurement],
    quantity: Quantity = COUNT,
    rule: CohortRule | None = None,
) -> Class:
    course = rubric(rule)
    cohort = cohort_of(course, FACTS, [everywhere(one, course) for one in groups])
    return Class(cohort, course.cohort, {"lint": (quantity,)})


def score(
    one: Measurement, against: Class, formula: str = "relative(x)"
) -> ItemScore | Ungraded:
    row = item(formula)
    return score_item(row, one, against.rival(row, one))


def marks(
    values: Sequence[Number],
    method: str,
    quantity: Quantity = COUNT,
    worst: str = "max",
) -> list[float]:
    """The mark of every group of a class, each in the statistics itself."""
    rule = CohortRule.model_validate({"method": method, "worst": worst, "least": 1})
    groups = [measured(value) for value in values]
    against = class_of(groups, quantity, rule)
    found = [score(one, against) for one in groups]
    return [one.mark for one in found if isinstance(one, ItemScore)]


def approx(*values: float) -> object:
    return pytest.approx(list(values), abs=1e-12)


@pytest.mark.parametrize(
    ("method", "by_hand"),
    [
        # 10 × (1 - x / 10)
        ("zero-best", (8, 6, 6, 0)),
        # 10 × (10 - x) / (10 - 2)
        ("min-max", (10, 7.5, 7.5, 0)),
        # Of three others: 3 worse; 1 worse and 1 tie; none worse.
        ("rank", (10, 5, 5, 0)),
        # The mean is 5, the spread √((9 + 1 + 1 + 25) / 4) = 3: Φ of 1, of 1/3, of -5/3.
        (
            "z",
            (8.413447460685429, 6.305586598182363, 6.305586598182363, 0.47790352272814),
        ),
    ],
)
def test_each_method_on_2_4_4_10_violations(
    method: str, by_hand: tuple[float, ...]
) -> None:
    assert marks([2, 4, 4, 10], method) == approx(*by_hand)


@pytest.mark.parametrize(
    ("quantity", "values", "by_hand"),
    [
        # What is above the minimum of 1: 0, 2, 4.
        (LEVEL, (1, 3, 5), (10, 5, 0)),
        # What is below the maximum of 1: 0.5, 0.25, 0.
        (SHARE, (0.5, 0.75, 1.0), (0, 5, 10)),
        # Nothing bounds it: shares of the class's best.
        (MANY, (0, 5, 10, 20), (0, 2.5, 5, 10)),
    ],
)
def test_zero_best_of_each_kind_of_quantity(
    quantity: Quantity, values: Sequence[Number], by_hand: tuple[float, ...]
) -> None:
    assert marks(values, "zero-best", quantity) == approx(*by_hand)


@pytest.mark.parametrize(
    ("quantity", "values", "by_hand"),
    [
        (LEVEL, (2, 3, 6), (10, 7.5, 0)),
        (SHARE, (0.25, 0.5, 0.75), (0, 5, 10)),
        (MANY, (5, 10, 20), (0, 10 / 3, 10)),
    ],
)
def test_min_max_of_each_kind_of_quantity(
    quantity: Quantity, values: Sequence[Number], by_hand: tuple[float, ...]
) -> None:
    assert marks(values, "min-max", quantity) == approx(*by_hand)


def test_rank_and_z_prefer_more_where_more_is_better() -> None:
    assert marks([5, 10, 20], "rank", MANY) == approx(0, 5, 10)
    lower, higher = marks([2, 4, 4, 10], "z"), marks([-2, -4, -4, -10], "z", MANY)
    assert higher == lower


@pytest.mark.parametrize(
    ("worst", "zero_best", "min_max"),
    [
        # The middle of 2, 4, 4, 10 is 4.
        ("p50", (5, 0, 0, 0), (10, 0, 0, 0)),
        # Place 0.9 × 3 = 2.7: 4 + 0.7 × (10 - 4) = 8.2.
        (
            "p90",
            (10 * 6.2 / 8.2, 10 * 4.2 / 8.2, 10 * 4.2 / 8.2, 0),
            (10, 10 * 4.2 / 6.2, 10 * 4.2 / 6.2, 0),
        ),
    ],
)
def test_a_cap_at_a_percentile(
    worst: str, zero_best: tuple[float, ...], min_max: tuple[float, ...]
) -> None:
    assert marks([2, 4, 4, 10], "zero-best", worst=worst) == approx(*zero_best)
    assert marks([2, 4, 4, 10], "min-max", worst=worst) == approx(*min_max)


def test_a_cap_keeps_one_extreme_group_from_lifting_all_others() -> None:
    plain, extreme = [10] * 9 + [20], [10] * 9 + [10_000]
    assert marks(plain, "zero-best")[0] == 5
    assert marks(extreme, "zero-best")[0] > 9.9
    assert marks(extreme, "zero-best", worst="p80")[0] == 0
    assert marks(extreme, "rank")[0] == marks(plain, "rank")[0]


def test_the_cap_is_where_more_is_better_at_the_best_end() -> None:
    # The middle of 0, 5, 10, 20 is 7.5, and what is above it is held to 10.
    assert marks([0, 5, 10, 20], "zero-best", MANY, "p50") == approx(0, 20 / 3, 10, 10)


def test_percentiles_interpolate_as_numpy_does() -> None:
    values = [Fraction(one) for one in (1, 2, 4, 8)]
    # numpy.percentile([1, 2, 4, 8], [0, 25, 50, 75, 95, 99])
    known = {"p0": 1, "p25": 1.75, "p50": 3, "p75": 5, "p95": 7.4, "p99": 7.88}
    assert {worst: float(cap(values, worst)) for worst in known} == known
    assert cap(values, "max") == 8
    assert cap(values[:1], "p95") == 1


@pytest.mark.parametrize(
    ("values", "by_method"),
    [
        # Clean work gets 10 by zero-best and min-max, whoever else has it.
        ([0, 0, 0], {"zero-best": 10, "min-max": 10, "rank": 5, "z": 5}),
        ([7, 7, 7], {"zero-best": 0, "min-max": 10, "rank": 5, "z": 5}),
        ([0.1, 0.1, 0.1], {"zero-best": 0, "min-max": 10, "rank": 5, "z": 5}),
        ([0], {"zero-best": 10, "min-max": 10, "rank": 10, "z": 5}),
        ([7], {"zero-best": 0, "min-max": 10, "rank": 10, "z": 5}),
    ],
)
def test_a_class_of_equals_and_of_one(
    values: list[Number], by_method: Mapping[str, float]
) -> None:
    for method, mark in by_method.items():
        assert marks(values, method) == [mark] * len(values), method


def test_a_class_of_two() -> None:
    assert marks([3, 6], "zero-best") == [5, 0]
    assert marks([3, 6], "min-max") == [10, 0]
    assert marks([3, 6], "rank") == [10, 0]
    # One spread below the mean and one above: Φ(1) and Φ(-1).
    assert marks([3, 6], "z") == approx(8.413447460685429, 1.586552539314571)


def test_nobody_having_any_is_no_merit_where_more_is_better() -> None:
    assert marks([0, 0], "zero-best", MANY) == [0, 0]
    against = class_of([measured(0), measured(0)], MANY)
    assert score(measured(1), against) != score(measured(0), against)


def test_at_home_a_mark_is_held_to_0_and_10() -> None:
    against = class_of([measured(2), measured(10)])
    worse, clean = score(measured(40), against), score(measured(0), against)
    assert isinstance(worse, ItemScore)
    assert isinstance(clean, ItemScore)
    assert (worse.mark, clean.mark) == (0, 10)
    assert worse.trace.compared[0].text == "10 × (1 - 40 / 10), held to 0"
    assert clean.trace.compared[0].text == "10 × (1 - 0 / 10)"


def test_at_home_one_worse_than_a_class_of_equals_gets_nothing() -> None:
    for method in METHODS:
        rule = CohortRule.model_validate({"method": method, "least": 1})
        against = class_of([measured(0), measured(0)], rule=rule)
        worse = score(measured(1), against)
        assert isinstance(worse, ItemScore)
        assert worse.mark == 0, method


def test_the_derivation_has_the_numbers_in_it() -> None:
    against = class_of([measured(one) for one in (2, 4, 4, 10)])
    result = score(measured(4), against, "relative(x) / 2 + percentile(x) / 20")
    assert isinstance(result, ItemScore)
    assert [(c.function, c.text, c.groups) for c in result.trace.compared] == [
        ("relative", "10 × (1 - 4 / 10)", 4),
        ("percentile", "100 × (1 + 1 / 2) / 3", 4),
    ]
    assert result.mark == pytest.approx(6 / 2 + 50 / 20)
    assert not result.is_alone


def test_a_formula_over_the_class_may_hold_rates_per_size() -> None:
    rate = Quantity("x", "per hundred lines", "rate", better="lower")
    assert marks([1.5, 0.5, 3.0], "zero-best", rate) == approx(5, 10 * (1 - 1 / 6), 0.0)


def test_a_group_that_failed_or_had_nothing_is_not_in_the_statistics() -> None:
    groups = [
        *(measured(2), measured(10)),
        measurement(Failed(reason="hung")),
        measurement(NotApplicable(reason="no Python")),
        measurement(Measured(values={"y": 1_000})),
    ]
    against = class_of(groups)
    found = against.cohort.item("lint")
    assert found is not None
    assert found.values == {"x": (2, 10)}
    assert against.cohort.groups == len(groups)
    for one, cause in ((groups[2], "failed"), (groups[3], "not-applicable")):
        result = score(one, against)
        assert isinstance(result, Ungraded)
        assert result.cause == cause


def test_on_failure_zero_is_that_groups_own_and_moves_nobody_else() -> None:
    strict = item(on_failure="zero")
    course = rubric(items=[strict])
    groups = [measured(2), measured(10), measurement(Failed(reason="hung"))]
    cohort = cohort_of(course, FACTS, [everywhere(one, course) for one in groups])
    against = Class(cohort, course.cohort, {"lint": (COUNT,)})
    results = [score_item(strict, one, against.rival(strict, one)) for one in groups]
    assert [r.mark for r in results if isinstance(r, ItemScore)] == [8, 0, 0]


def test_another_tools_version_is_neither_in_the_values_nor_compared() -> None:
    groups = [measured(2), measured(10), measured(500, NEW)]
    against = class_of(groups)
    found = against.cohort.item("lint")
    assert found is not None
    assert (found.tools, dict(found.values)) == (OLD, {"x": (2, 10)})
    result = score(groups[2], against)
    assert isinstance(result, ItemScore)
    assert (result.mark, result.is_alone) == (3, True)
    assert "flake8 7.0, this repository with flake8 8.0" in result.note


def test_of_two_versions_used_as_often_the_choice_is_the_same_in_any_order() -> None:
    groups = [measured(2), measured(500, NEW), measured(600, NEW), measured(10)]
    chosen = {
        class_of(order).cohort.model_dump_json() for order in (groups, groups[::-1])
    }
    assert len(chosen) == 1


def test_other_options_are_not_compared() -> None:
    against = class_of([measured(2), measured(10)])
    row = item(options={"max_line_length": 100})
    assert against.rival(row, measured(2)) == NoRival(
        "the class measured lint with other options"
    )
    other = Item(checker="pylint", id="lint", score="relative(x)", alone="3")
    assert isinstance(against.rival(other, measured(2)), NoRival)


def test_options_are_the_same_after_a_file_made_texts_of_their_keys() -> None:
    row = item(options={"points": {1: 0.5, 2: 1}, "names": ["a"]})
    course = rubric(items=[row])
    groups = [everywhere(measured(one), course) for one in (2, 10)]
    cohort = cohort_of(course, FACTS, groups)
    stored = Cohort.model_validate_json(cohort.model_dump_json(), strict=True)
    for known in (cohort, stored):
        against = Class(known, course.cohort, {"lint": (COUNT,)})
        assert not isinstance(against.rival(row, measured(2)), NoRival)


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ([], "nothing of the class was measured for lint"),
        ([measurement(Failed(reason="hung"))] * 3, "nothing of the class was measured"),
        ([measured(2)], "1 group was measured for lint, a class has at least 3"),
        ([measured(2)] * 2, "2 groups were measured for lint, a class has at least 3"),
    ],
)
def test_too_few_groups_are_no_class_and_it_is_said_why(
    groups: list[Measurement], reason: str
) -> None:
    against = class_of(groups, rule=CohortRule(least=3))
    result = score(measured(2), against)
    assert isinstance(result, ItemScore)
    assert (result.mark, result.is_alone) == (3, True)
    assert reason in result.note
    grade = grade_measurements(
        rubric(), {"lint": measured(2), "share": measured(2)}, against=against
    )
    (why,) = grade.provisional
    assert why.cause == "no-class"
    assert reason in why.reason


def test_an_item_that_the_class_does_not_know_is_not_compared() -> None:
    against = class_of([measured(2), measured(10)])
    unknown = against.rival(item(id="more"), measured(2))
    assert unknown == NoRival("the class has no numbers of more")
    other = against.rival(item("relative(y)"), measured(2))
    assert other == NoRival('the class has no numbers of "y" of lint')


def test_what_a_group_did_not_measure_is_ungraded_not_compared() -> None:
    against = class_of([measured(2), measured(10)])
    result = score(measurement(Measured(values={})), against)
    assert isinstance(result, Ungraded)
    assert result.cause == "formula"


def test_a_class_of_none_is_no_class_to_stand_in() -> None:
    for method in METHODS:
        rule = CohortRule.model_validate({"method": method, "least": 1})
        with pytest.raises(IndexError):
            stand(orient(COUNT, 1, ()), rule)


def test_what_is_neither_good_nor_bad_has_no_standing() -> None:
    with pytest.raises(ValueError, match="neither good nor bad"):
        orient(Quantity("x", "files", "all"), 1, (1, 2))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "values",
    [
        # Differences and sums of these are too large for a float.
        (-1.7e308, 1.7e308),
        (0, 1e308, 1.7e308),
        # Squares of these are too small for one.
        (1e-200, 2e-200, 3e-200),
        (5e-324, 1e-323),
        # Equal but for the last bit.
        (0.1, 0.1 + 2**-56),
        (1e15, 1e15 + 0.125),
        (2**53, 2**53 + 1),
    ],
)
def test_the_better_of_extreme_values_has_the_better_mark(
    values: tuple[Number, ...], method: str
) -> None:
    found = marks(values, method)
    assert len(found) == len(values)
    assert all(0 <= mark <= 10 for mark in found)
    assert found == sorted(found, reverse=True)
    if method != "zero-best":
        assert found[0] > 5 > found[-1]


# The small ones so that there are ties, the others so that there is everything else.
numbers = st.one_of(
    st.integers(0, 6),
    st.integers(-(10**20), 10**20),
    st.sampled_from([0.0, -0.0, 0.1, 0.3, 1.0, 5e-324, 1e-200]),
    st.floats(allow_nan=False, allow_infinity=False),
)
classes = st.lists(numbers, min_size=1, max_size=8)
rules = st.builds(
    CohortRule,
    method=st.sampled_from(METHODS),
    worst=st.sampled_from(["max", "p0", "p1", "p50", "p90", "p95", "p99"]),
    least=st.just(1),
)
kinds = st.sampled_from(KINDS)


def graded(one: Measurement, against: Class) -> Grade:
    course = rubric(against.rule)
    return grade_measurements(course, everywhere(one, course), against=against)


def total(one: Measurement, against: Class) -> float:
    found = graded(one, against).total
    assert found is not None
    return found


@given(values=classes, rule=rules, quantity=kinds, own=numbers)
def test_a_mark_and_a_percentile_stay_in_their_range(
    values: list[Number], rule: CohortRule, quantity: Quantity, own: Number
) -> None:
    against = class_of([measured(one) for one in values], quantity, rule)
    for value in (own, *values):
        mark = score(measured(value), against)
        share = score(measured(value), against, "percentile(x)")
        assert isinstance(mark, ItemScore)
        assert isinstance(share, ItemScore)
        assert 0 <= mark.trace.value <= 10
        assert 0 <= share.trace.value <= 100


@given(values=classes, rule=rules, quantity=kinds, data=st.data())
def test_fixing_a_finding_never_lowers_a_mark_in_the_class_run(
    values: list[Number], rule: CohortRule, quantity: Quantity, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    better = data.draw(numbers)
    is_lower = quantity.better == "lower"
    if (better > values[place]) == is_lower:
        better, values[place] = values[place], better
    before = class_of([measured(one) for one in values], quantity, rule)
    mended = [*values[:place], better, *values[place + 1 :]]
    after = class_of([measured(one) for one in mended], quantity, rule)
    assert total(measured(better), after) >= total(measured(values[place]), before)


@given(values=classes, rule=rules, quantity=kinds, one=numbers, other=numbers)
def test_fixing_a_finding_never_lowers_a_mark_at_home(
    values: list[Number],
    rule: CohortRule,
    quantity: Quantity,
    one: Number,
    other: Number,
) -> None:
    against = class_of([measured(value) for value in values], quantity, rule)
    low, high = sorted((total(measured(v), against), v) for v in (one, other))
    if low[0] != high[0]:
        assert (high[1] < low[1]) == (quantity.better == "lower")


@given(values=classes, rule=rules, quantity=kinds, own=numbers)
def test_fixing_never_lowers_a_mark_from_ones_own_value_in_the_class(
    values: list[Number], rule: CohortRule, quantity: Quantity, own: Number
) -> None:
    """From the mark that the class run gave to what the same cohort.json gives at home."""
    against = class_of([measured(value) for value in values], quantity, rule)
    for value in values:
        is_better = own < value if quantity.better == "lower" else own > value
        if is_better:
            assert total(measured(own), against) >= total(measured(value), against)


@given(values=classes, rule=rules, quantity=kinds)
def test_equal_values_get_equal_marks_and_better_ones_no_lower_ones(
    values: list[Number], rule: CohortRule, quantity: Quantity
) -> None:
    ordered = sorted(values, reverse=quantity.better == "lower")
    found = marks(ordered, rule.method, quantity, rule.worst)
    assert found == sorted(found)
    for (value, mark), (other, same) in pairwise(zip(ordered, found, strict=True)):
        assert value != other or mark == same


outcomes = st.one_of(
    numbers.map(lambda value: Measured(values={"x": value})),
    numbers.map(lambda value: Measured(values={"y": value})),
    st.builds(Failed, reason=st.just("hung")),
    st.builds(NotApplicable, reason=st.just("no Python")),
)
groups_of = st.lists(
    st.builds(measurement, outcomes, st.sampled_from([OLD, OLD, NEW])), max_size=8
)


@given(groups=groups_of, rule=rules, quantity=kinds, seed=st.integers())
def test_the_order_of_the_groups_changes_nothing(
    groups: list[Measurement], rule: CohortRule, quantity: Quantity, seed: int
) -> None:
    shuffled = groups.copy()
    random.Random(seed).shuffle(shuffled)
    against, again = class_of(groups, quantity, rule), class_of(
        shuffled, quantity, rule
    )
    written = against.cohort.model_dump_json()
    assert again.cohort.model_dump_json() == written
    for one in groups:
        grade, same = graded(one, against), graded(one, again)
        assert grade.model_dump_json() == same.model_dump_json()


@given(groups=groups_of, rule=rules, quantity=kinds, least=st.integers(1, 4))
def test_a_cohort_file_and_the_class_run_agree_to_the_last_digit(
    groups: list[Measurement], rule: CohortRule, quantity: Quantity, least: int
) -> None:
    rule = rule.model_copy(update={"least": least})
    against = class_of(groups, quantity, rule)
    file = against.cohort.model_dump_json()
    stored = Cohort.model_validate_json(file, strict=True)
    assert stored.model_dump_json() == file
    home = Class(stored, rule, against.quantities)
    for one in groups:
        # What the group has at home was stored too.
        again = Measurement.model_validate_json(one.model_dump_json())
        in_class, at_home = graded(one, against), graded(again, home)
        assert in_class.model_dump_json() == at_home.model_dump_json()


def test_a_cohort_file_out_of_order_is_refused() -> None:
    against = class_of([measured(2), measured(10)])
    file = against.cohort.model_dump_json().replace("[2,10]", "[10,2]")
    with pytest.raises(ValueError, match="not in ascending order"):
        Cohort.model_validate_json(file)


def test_a_cohort_has_no_name_of_a_group_in_it() -> None:
    found = class_of([measured(2), measured(10)]).cohort
    assert set(found.model_dump()) == {"schema_version", "rubric", "groups", "items"}
    assert all(
        set(one.model_dump()) == {"item", "checker", "options", "tools", "values"}
        for one in found.items
    )


def test_only_what_the_rubric_compares_is_in_a_cohort() -> None:
    plain = Item(checker="lint", id="plain", score="10 - x")
    course = rubric(items=[plain])
    cohort = cohort_of(course, FACTS, [everywhere(measured(1), course)])
    assert [one.item for one in cohort.items] == ["share"]
