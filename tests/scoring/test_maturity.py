"""The level of MLOps: what it asks for is measured, and nothing stands in for a number."""

from collections.abc import Mapping

import pytest

from grader.checkers._registry import installed
from grader.model.maturity import Maturity
from grader.model.measurement import (
    YES_OR_NO,
    Answer,
    Failed,
    Measured,
    Measurement,
    NotApplicable,
    Sight,
)
from grader.resources import shipped
from grader.scoring.maturity import REQUIREMENTS, Requirement, maturity

CHECKERS = {checker for one in REQUIREMENTS for checker, _ in one.any_of}


def measured(*without: str, **others: Measurement | None) -> Maturity | None:
    """The level of a project that has all but some quantities, `checker.name` each."""
    values: dict[str, dict[str, int]] = {}
    for one in REQUIREMENTS:
        for checker, name in one.any_of:
            holds = f"{checker}.{name}" not in without
            values.setdefault(checker, {})[name] = int(holds)
    found: dict[str, Measurement | None] = {
        checker: Measurement(checker=checker, outcome=Measured(values=each))
        for checker, each in values.items()
    }
    found |= {name.replace("_", "-"): one for name, one in others.items()}
    return maturity(found)


def level(found: Maturity | None) -> int | None:
    assert found is not None
    return found.level


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: str(one.title))
def test_every_line_names_a_quantity_of_one_that_is_measured(one: Requirement) -> None:
    checkers = installed().checkers
    for checker, name in one.any_of:
        declared = {each.name: each for each in checkers[checker].quantities}
        assert name in declared, f"{checker} measures no {name}"
        assert declared[name].unit == YES_OR_NO


def test_no_line_stands_there_twice() -> None:
    titles = [one.title for one in REQUIREMENTS]
    pairs = [pair for one in REQUIREMENTS for pair in one.any_of]
    assert len(set(titles)) == len(titles) and len(set(pairs)) == len(pairs)
    assert {one.level for one in REQUIREMENTS} == {1, 2}


def test_a_project_with_everything_is_at_level_2() -> None:
    assert level(measured()) == 2


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: str(one.title))
def test_a_line_that_is_missing_keeps_the_project_below_its_level(
    one: Requirement,
) -> None:
    without = [f"{checker}.{name}" for checker, name in one.any_of]
    assert level(measured(*without)) == one.level - 1


def test_one_of_several_that_would_do_is_enough() -> None:
    several = [one for one in REQUIREMENTS if len(one.any_of) > 1]
    assert several
    for one in several:
        for checker, name in one.any_of:
            assert level(measured(f"{checker}.{name}")) == 2


def test_without_a_pipeline_the_best_delivery_is_level_0() -> None:
    assert level(measured("pipeline-stages.training")) == 0


@pytest.mark.parametrize("checker", sorted(CHECKERS - {"artifacts"}))
def test_what_was_not_measured_leaves_the_level_unstated_and_is_named(
    checker: str,
) -> None:
    failed = Measurement(checker=checker, outcome=Failed(reason="It crashed."))
    for absent in (failed, None):
        found = measured(**{checker.replace("-", "_"): absent})
        assert found is not None and found.level is None
        open_lines = [line for line in found.lines if line.holds is None]
        assert {line.checker for line in open_lines} == {checker}
        assert all(line.told for line in open_lines)


def test_a_check_that_failed_is_not_needed_where_another_one_holds() -> None:
    failed = Measurement(checker="artifacts", outcome=Failed(reason="It crashed."))
    assert level(measured(artifacts=failed)) == 2
    found = measured("experiment-tracking.artifact", artifacts=failed)
    assert level(found) is None


def test_what_does_not_apply_is_not_there() -> None:
    reason = "There is no Python file."
    nothing = Measurement(checker="api", outcome=NotApplicable(reason=reason))
    found = measured(api=nothing)
    assert found is not None and found.level == 1
    assert [line.told for line in found.lines if line.checker == "api"] == [reason]


def test_a_rubric_without_the_checks_says_nothing_of_maturity() -> None:
    pylint = Measurement(checker="pylint", outcome=Measured(values={"score": 9}))
    assert maturity({"pylint": pylint}) is None
    assert maturity({}) is None
    first = REQUIREMENTS[0].any_of[0][0]
    assert maturity({one: None for one in CHECKERS - {first}}) is None


def test_a_line_has_what_its_check_said_and_where() -> None:
    sight = Sight(path="src/main.py", line=3, what="main()")
    answer = Answer(quantity="runner", holds=True, told="main.py.", sights=(sight,))
    values: Mapping[str, int] = {"runner": 1}
    outcome = Measured(values=dict(values), answers=(answer,))
    found = measured(entry_point=Measurement(checker="entry-point", outcome=outcome))
    assert found is not None
    assert (found.lines[0].told, found.lines[0].sights) == ("main.py.", (sight,))


def test_the_documentation_has_every_line_and_what_it_is_read_from() -> None:
    docs = shipped("templates").parent / "docs" / "how-marks-are-made.md"
    text = docs.read_text("utf-8")
    for one in REQUIREMENTS:
        read = ", ".join(f"`{checker}`: `{name}`" for checker, name in one.any_of)
        assert f"| {one.level} | {one.title} | {read} |" in text
