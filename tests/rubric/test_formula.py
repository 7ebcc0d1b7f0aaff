"""The formula evaluator: what it computes, what it shows, what it refuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.rubric.formula import FormulaError, number_text, parse


@pytest.mark.parametrize(
    ("text", "values", "value", "substituted"),
    [
        (
            "10 * ok / files",
            {"ok": 18, "files": 21},
            10 * 18 / 21,
            "10 × 18 / 21",
        ),
        ("min(10, tries)", {"tries": 12}, 10, "min(10, 12)"),
        ("10 if found == 0 else 0", {"found": 1}, 0, "10 if 1 == 0 else 0"),
        (
            "(10 - 2 * rank) * share",
            {"rank": 1, "share": 0.5},
            4,
            "(10 - 2 × 1) × 0.5",
        ),
        ("10 - 100 * v / n", {"v": 1, "n": 3}, 10 - 100 / 3, "10 - 100 × 1 / 3"),
        ("clamp(x, 0, 10)", {"x": -2.5}, 0, "clamp(-2.5, 0, 10)"),
        ("5 * (0 < x <= 2 and not y)", {"x": 2, "y": 0}, 5, None),
        ("sqrt(x) + abs(-1) + floor(1.5) + ceil(1.5)", {"x": 4}, 6, None),
        ("10 *\n  x", {"x": 0.5}, 5, "10 × 0.5"),
    ],
)
def test_a_formula_gives_the_value_and_the_numbers_put_in(
    text: str, values: dict[str, float], value: float, substituted: str | None
) -> None:
    trace = parse(text).evaluate(values)
    assert trace.value == pytest.approx(value, abs=1e-12)
    assert dict(trace.inputs) == values
    if substituted is not None:
        assert trace.substituted == substituted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x.y", "Attribute is not allowed"),
        ("x[0]", "Subscript is not allowed"),
        ("'a' * 10", "is not a number"),
        ("x ** 9", "operator Pow is not allowed"),
        ("x // 2", "operator FloorDiv is not allowed"),
        ("~x", "operator ~ is not allowed"),
        ("lambda: 1", "Lambda is not allowed"),
        ("[x for x in y]", "ListComp is not allowed"),
        ("(x := 1)", "NamedExpr is not allowed"),
        ("True", "is not a number"),
        ("1j", "is not a number"),
        ("1e400", "numbers go up to"),
        ("x is y", "comparison is not allowed"),
        ("__import__('os')", "there is no function"),
        ("min.__class__(1)", "there is no function"),
        ("min(*x, 1)", "plain arguments"),
        ("round(number=x)", "plain arguments"),
        ("min(1)", "takes 2 to 20 arguments"),
        ("min", "is a function"),
        ("relative(x + 1)", "takes the name of one quantity"),
        ("10 *", "not a formula"),
        ("10 10", "not a formula"),
        ("", "not a formula"),
        ("x\0y", "not a formula"),
        ("1 + " * 300 + "1", "at most 1000 characters"),
        ("-" * 60 + "1", "nested more than"),
        ("(" * 400 + "1" + ")" * 400, "not a formula"),
    ],
)
def test_what_is_not_on_the_allow_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message.replace("(", r"\(")):
        parse(text)


def test_a_refusal_points_at_the_character() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("10 * min(x, y.z)")
    assert caught.value.offset == len("10 * min(x, ")


def test_division_by_zero_is_a_named_error() -> None:
    with pytest.raises(FormulaError, match="division by zero: files - 1 is 0"):
        parse("10 / (files - 1)").evaluate({"files": 1})


@pytest.mark.parametrize(
    ("text", "values"),
    [("sqrt(x)", {"x": -1.0}), ("x * x", {"x": 1e200}), ("x - x * x", {"x": 1e200})],
)
def test_a_result_that_is_no_number_is_an_error(
    text: str, values: dict[str, float]
) -> None:
    with pytest.raises(FormulaError):
        parse(text).evaluate(values)


def test_a_class_function_asks_whoever_evaluates() -> None:
    formula = parse("relative(violations) / 2")
    assert formula.needs_class
    asked: list[str] = []

    def relative(name: str) -> float:
        asked.append(name)
        return 8.0

    trace = formula.evaluate({"violations": 12}, {"relative": relative})
    assert (trace.value, asked) == (4.0, ["violations"])
    assert trace.substituted == "relative(12) / 2"
    with pytest.raises(FormulaError, match="needs a class"):
        formula.evaluate({"violations": 12})


@pytest.mark.parametrize(
    "text",
    [
        "10 - gone",
        "0 * gone + here",
        "10 if gone == 0 else 0",
        "10 if here else gone / here",
        "max(here, gone)",
        "relative(gone)",
    ],
)
def test_what_was_not_measured_has_no_value_where_it_is_used(text: str) -> None:
    compare = {"relative": lambda name: 10.0}
    with pytest.raises(FormulaError, match='it uses "gone", which was not measured'):
        parse(text).evaluate({"here": 0}, compare)


def test_only_what_is_evaluated_has_to_be_measured() -> None:
    trace = parse("10 - gone if tests > 4 else 2 * tests").evaluate({"tests": 3})
    assert (trace.value, dict(trace.inputs)) == (6, {"tests": 3})
    assert trace.substituted == "10 - gone if 3 > 4 else 2 × 3"
    assert parse("10 * (tests < 4 or gone > 1)").evaluate({"tests": 3}).value == 10
    assert parse("10 * (tests > 4 and gone > 1)").evaluate({"tests": 3}).value == 0


@pytest.mark.parametrize("text", ["min(10, x * x - x * x)", "10 if x * x > 1 else 0"])
def test_what_is_too_large_on_the_way_is_no_mark(text: str) -> None:
    # Infinity less infinity is no number, and the least of 10 and no number is 10.
    with pytest.raises(FormulaError, match="too large"):
        parse(text).evaluate({"x": 1e200})


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_shown_number_is_a_whole_one_only_if_it_is(value: float) -> None:
    text = number_text(value)
    assert ("." not in text and "e" not in text) == value.is_integer()
    assert math.isclose(float(text), value, rel_tol=1e-3, abs_tol=1e-4)
