"""What a group is sent: everything that matters in a few lines, and nobody else in it."""

import csv
import io

import pytest

from grader.model.report import Report
from grader.reporting.feedback import (
    FIRST_FIXES,
    feedback_html,
    feedback_index,
    feedback_text,
)
from tests.reporting import sample


def part(text: str, title: str) -> str:
    """One paragraph of a message, by how it begins."""
    (found,) = [one for one in text.split("\n\n") if one.startswith(title)]
    return found


def test_a_message_has_the_total_and_why_it_may_change() -> None:
    total = part(feedback_text(sample.judged()), "Total")
    assert total.startswith("Total: 7.1 of 10 over 83.3 % of the rubric (provisional)")
    assert "Still to be marked by a person: readme-by-eye." in total


def test_a_dimension_without_a_mark_is_not_graded_and_no_0() -> None:
    dimensions = part(feedback_text(sample.judged()), "By dimension")
    assert "- Documentation & Clarity: not graded" in dimensions
    assert "- Testing & Coverage: 5.59" in dimensions


def test_the_fixes_that_are_worth_most_come_first_with_their_worth() -> None:
    report = sample.messy()
    assert len(report.fixes) > FIRST_FIXES
    fixes = part(feedback_text(report), "What to fix first")
    at = [fixes.index(fix.title) for fix in report.fixes[:FIRST_FIXES]]
    assert at == sorted(at)
    assert "\n1. +" in fixes
    assert f"The report has {len(report.fixes) - FIRST_FIXES} more." in fixes
    assert report.fixes[FIRST_FIXES].title not in fixes


def test_what_was_not_graded_is_there_with_its_reason() -> None:
    lacking = part(feedback_text(sample.messy()), "Not graded:")
    assert "it could not be measured" in lacking
    assert "Not graded" not in feedback_text(sample.clean())


def test_who_changed_what_is_said() -> None:
    people = part(feedback_text(sample.judged()), "Given or changed by people")
    assert "6.8 automatic, 7.1 with 3 marks given by people" in people
    assert "Penalty of 0.5 points by Prof. Hopper" in people
    assert "formatting: 8 instead of 6.43, by Prof. Hopper" in people
    assert "The presentation: Marked by Prof. Hopper" in people
    assert "people" not in feedback_text(sample.clean())


def test_a_report_without_a_total_says_so() -> None:
    text = feedback_text(sample.empty())
    assert text.startswith("Total: not graded\n")
    assert "What to fix" not in text


@pytest.mark.parametrize(
    "report", [sample.hostile(), sample.hostile_judged()], ids=["code", "people"]
)
def test_a_message_is_plain_text_whatever_is_in_it(report: Report) -> None:
    text = feedback_text(report, "report.html")
    assert text.replace("\n", "").isprintable()
    assert text.endswith("All of it, with every finding: report.html\n")


def test_as_html_it_is_one_line_in_which_nothing_is_markup() -> None:
    text = feedback_html(sample.hostile_judged())
    assert text.isprintable()
    assert "<" not in text.replace("<br />", "")
    assert text.startswith("Total: ")


def test_the_index_has_a_row_per_group_for_a_mail_merge() -> None:
    groups = [
        (sample.group("=one", "one", ("a@b.example", "@c")), "one.html", "one.txt"),
        (sample.group("two", "two"), "two.html", "two.txt"),
    ]
    text = feedback_index(groups)
    first, second = csv.DictReader(io.StringIO(text[1:], newline=""))
    assert first == {
        "group": "'=one",
        "members": "a@b.example;' @c",
        "file": "one.html",
        "message": "one.txt",
    }
    assert second["members"] == ""
