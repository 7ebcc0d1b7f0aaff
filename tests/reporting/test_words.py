"""What every format says of the environment that the tests ran in."""

from grader.model.environment import EnvironmentFacts
from grader.model.report import Report
from grader.reporting import words
from grader.reporting.html import render_html
from grader.reporting.markdown import render_markdown
from tests.reporting import sample


def report(facts: EnvironmentFacts | None) -> Report:
    return sample.clean().model_copy(update={"environment": facts})


def test_nothing_is_said_where_no_test_ran() -> None:
    assert words.environment(report(None)) == ()
    assert "What the tests ran in" not in render_html(report(None))


def test_a_built_environment_says_from_what_and_what_it_lacks() -> None:
    facts = sample.environment(["environment.yml"])
    said = words.environment(report(facts))
    assert said[0] == (
        "Tests ran in",
        "Python 3.10.13, built from environment.yml: 2 packages",
    )
    assert ("Not as declared", "environment.yml") in said
    assert ("Added to run the tests", "pytest 9.2.0") in said
    assert ("Manifest", "environment.yml:3: environment.yml") in said
    for text in (render_html(report(facts)), render_markdown(report(facts))):
        assert "What the tests ran in" in text
        assert "pytest 9.2.0" in text


def test_an_environment_that_could_not_be_built_says_so() -> None:
    facts = EnvironmentFacts(
        mode="built", python="", python_used="", resolved=False, notes=("no network",)
    )
    said = dict(words.environment(report(facts)))
    assert said["Tests ran in"] == "nothing: the environment could not be built"
    assert said["Note"] == "no network"
