"""How a check was marked, in sentences: the same numbers as in the report."""

from math import fsum

import pytest

from grader.reporting import numbers, words
from grader.reporting.steps import steps
from tests.reporting import sample


def test_from_the_files_to_the_points_of_the_total() -> None:
    report = sample.messy()
    check = report.check("formatting")
    tool, measured, formula, weight = steps(report, check)
    assert (
        tool == "Measured with black 26.10.1 on 14 Python files: the whole repository."
    )
    assert measured == "It measured: compliant_files is 9, files is 14."
    assert formula == "The rubric's formula gives 10 × 9 / 14 = 6.43."
    assert numbers.percent(check.weight_share) in weight
    assert words.in_total(report, check) in weight


def test_what_was_not_graded_says_why_and_gives_no_points() -> None:
    report = sample.messy()
    (only,) = steps(report, report.check("pylint"))
    assert "could not be measured: pylint: did not finish" in only
    assert only.endswith("It does not count as a 0.")


def test_a_persons_mark_comes_after_the_programs() -> None:
    report = sample.judged()
    said = steps(report, report.check("formatting"))
    assert said[-3].startswith("The rubric's formula gives")
    assert said[-2].startswith("Marked by Prof. Hopper")
    assert said[-1].startswith("It weighs")


def test_without_a_class_it_is_said() -> None:
    report = sample.messy()
    said = " ".join(steps(report, report.check("lint")))
    assert "The rubric's formula without a class gives" in said


@pytest.mark.parametrize(
    "build", [sample.messy, sample.clean, sample.partly_empty, sample.linked]
)
def test_the_points_of_all_checks_are_the_total(build: sample.Builder) -> None:
    report = build()
    given = [
        float(said.partition(" ")[0])
        for row in words.rows(report)
        if (said := words.in_total(report, row))
    ]
    # Each is rounded to two decimals.
    assert report.grade.total is not None
    assert abs(fsum(given) - report.grade.total) <= 0.005 * len(given) + 1e-9
