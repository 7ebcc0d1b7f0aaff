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


def test_a_commit_is_told_as_far_as_it_says_something_of_itself() -> None:
    facts = sample.clean().repository
    assert words.about_commit(facts) == (
        "20 November 2026, 22:41 UTC by Ada Lovelace; 42 commits by 5 authors"
    )
    cut_off = facts.model_copy(update={"history_is_truncated": True})
    assert words.about_commit(cut_off).endswith("; at least 42 commits by 5 authors")
    no_time = facts.model_copy(update={"commit_time": None, "commits": None})
    assert words.about_commit(no_time) == "by Ada Lovelace"
    nothing = no_time.model_copy(update={"commit_author": None})
    assert words.about_commit(nothing) == ""


def test_every_format_tells_of_the_commit() -> None:
    told = words.about_commit(sample.clean().repository)
    assert told in render_html(sample.clean())
    assert f"({told})" in render_markdown(sample.clean())
    assert told not in render_html(
        sample.clean().model_copy(
            update={
                "repository": sample.clean().repository.model_copy(
                    update={"commits": None}
                )
            }
        )
    )
