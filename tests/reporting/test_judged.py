"""What people decided, what was compared, and who handed in: said alike in every format."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from grader.model.report import Report
from grader.model.score import (
    Compared,
    Decided,
    ItemScore,
    Penalty,
    Trace,
    Ungraded,
)
from grader.reporting import decisions, submitted, words
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json
from grader.reporting.markdown import render_markdown
from grader.reporting.terminal import render_terminal
from tests.reporting import sample
from tests.reporting.page import read_page

Render = Callable[[Report], str]


def html(report: Report) -> str:
    return read_page(render_html(report)).text


def markdown(report: Report) -> str:
    text = render_markdown(report).replace("&#8203;", "").replace("`", "")
    return " ".join(text.replace("\\", "").split())


def terminal(report: Report) -> str:
    file = io.StringIO()
    render_terminal(report, Console(file=file, width=400), verbose=True)
    return " ".join(file.getvalue().split())


EVERY = pytest.mark.parametrize("render", [html, markdown, terminal])


def score(*compared: Compared, value: float = 9.42, note: str = "") -> ItemScore:
    """A mark made from comparisons."""
    trace = Trace(
        formula="relative(violations) * 21 / 21",
        substituted="relative(12) × 21 / 21",
        value=value,
        inputs={"violations": 12},
        compared=compared,
    )
    mark = min(10.0, max(0.0, value))
    return ItemScore(item="lint", mark=mark, trace=trace, note=note)


def compared(text: str, result: float, quantity: str = "violations") -> Compared:
    """`relative(12)` among 12 groups."""
    return Compared(
        function="relative",
        quantity=quantity,
        value=12,
        result=result,
        text=text,
        groups=12,
    )


@EVERY
def test_a_persons_mark_stands_with_the_automatic_one_and_its_derivation(
    render: Render,
) -> None:
    said = render(sample.judged())
    assert "Marked by Prof. Hopper: Counted two files twice." in said
    assert "The automatic mark is 6.43." in said
    assert "10 × 9 / 14 = 6.43" in said
    assert "There is no automatic mark. Not graded, because it could not be" in said


@EVERY
def test_the_total_says_what_people_changed(render: Render) -> None:
    said = render(sample.judged())
    assert (
        "6.8 automatic, 7.1 with 3 marks given by people and after a penalty of 0.5."
    ) in said
    assert "Penalty of 0.5 points by Prof. Hopper: Late by 1 day begun." in said
    assert "formatting: 8 instead of 6.43, by Prof. Hopper" in said
    assert "pylint: 8 instead of no mark, by Prof. Hopper" in said


@EVERY
def test_criteria_of_people_are_rows_like_the_others(render: Render) -> None:
    said = render(sample.judged())
    assert "presentation" in said
    assert "9.5" in said
    assert "Still to be marked by a person." in said
    assert "Still to be marked by a person: readme-by-eye." in said


@EVERY
def test_a_mark_says_how_it_compares_with_the_class(render: Render) -> None:
    assert (
        "relative(83) = 6.01, where relative(83) is 10 × (1 - 83 / 208) = 6.01 among "
        "12 groups"
    ) in render(sample.judged())


@EVERY
def test_the_starters_findings_stand_apart(render: Render) -> None:
    said = render(sample.judged())
    assert "2 from the starter repository" in said
    own = said.index("line too long (104")
    assert own < said.index("trailing whitespace in the starter's loader")
    assert words.number_of_findings(sample.judged().check("lint")) == "4"


@EVERY
def test_the_submission_is_told_with_its_deadline_and_what_came_later(
    render: Render,
) -> None:
    said = render(sample.judged())
    for fact in (
        "group 7",
        "Ada Lovelace, José Núñez",
        "29 May 2025, 23:59:59 UTC+02:00",
        "was ill (Prof. Hopper)",
        "29 May 2025, 22:41:07 UTC+02:00, as the commit states it",
        "4 commits, not graded",
        "9d8c7b6a5f9d",
        "30 May 2025, 10:02:00 UTC+02:00",
        "Fix the paths",
        "and 3 more, not listed",
    ):
        assert fact in said


@EVERY
def test_none_of_this_is_said_where_nobody_decided_anything(render: Render) -> None:
    said = render(sample.messy())
    for word in ("automatic", "Deadline", "starter", "Marked by", "Penalty"):
        assert word not in said


@pytest.mark.parametrize("build", [sample.judged, sample.hostile_judged])
def test_json_keeps_all_of_it(build: sample.Builder) -> None:
    report = build()
    assert load_report(render_json(report), "report.json") == report


def test_a_criterion_of_people_can_be_reached_from_the_table() -> None:
    root = read_page(render_html(sample.judged()))
    table = root.one("section", **{"aria-labelledby": "checks"})
    links = {e.text: e.attributes["href"] for e in table.all("a")}
    article = root.one("article", id=links["presentation"][1:])
    assert article.one("p", class_="verdict").text == "9.5 of 10"
    assert "Clear, in time, questions answered." in article.text
    waiting = root.one("article", id=links["readme-by-eye"][1:])
    assert waiting.one("p", class_="verdict ungraded").text == "not graded"
    assert "It does not count as a 0." in waiting.text
    assert "of 10" not in waiting.text


def test_rows_stand_in_the_rubrics_order() -> None:
    report = sample.judged()
    items = [result.item for result in report.grade.items]
    assert [row.id for row in words.rows(report)] == items
    turned = report.grade.model_copy(update={"items": report.grade.items[::-1]})
    rows = words.rows(report.model_copy(update={"grade": turned}))
    assert [row.id for row in rows] == items[::-1]


@pytest.mark.parametrize(
    ("comparisons", "value", "said"),
    [
        (
            [compared("10 × (1 - 12 / 208)", 9.4231)],
            9.4231,
            "relative(12) × 21 / 21 = 9.42, where relative(12) is "
            "10 × (1 - 12 / 208) = 9.42 among 12 groups",
        ),
        (
            [compared("10: the class's worst is 0", 10)],
            10,
            "relative(12) × 21 / 21 = 10, where relative(12) is 10 among 12 groups, "
            "because the class's worst is 0",
        ),
        (
            [compared("10 × (1 - 300 / 208), held to 0", 0)],
            0,
            "relative(12) × 21 / 21 = 0, where relative(12) is "
            "10 × (1 - 300 / 208), held to 0, among 12 groups",
        ),
        (
            [compared("10 × (1 - 12 / 208)", 9.4231)],
            11.3,
            "relative(12) × 21 / 21 = 11.3, held to 10, where relative(12) is "
            "10 × (1 - 12 / 208) = 9.42 among 12 groups",
        ),
        (
            [
                compared("10 × (1 - 12 / 24)", 5),
                compared("10 × (1 - 12 / 48)", 7.5, "lines"),
            ],
            6,
            "relative(12) × 21 / 21 = 6, where relative(12) of violations is "
            "10 × (1 - 12 / 24) = 5 among 12 groups; relative(12) of lines is "
            "10 × (1 - 12 / 48) = 7.5 among 12 groups",
        ),
    ],
)
def test_a_derivation_says_how_the_class_came_into_it(
    comparisons: list[Compared], value: float, said: str
) -> None:
    assert words.derivation(score(*comparisons, value=value)) == said


def test_a_compared_number_reads_as_in_the_formula() -> None:
    one = compared("10 × (1 - 6.9924 / 208)", 9.66)
    one = one.model_copy(update={"value": 6.992417})
    [said] = words.comparisons(score(one))
    assert said.startswith("relative(6.9924) is ")


@EVERY
def test_a_mark_without_its_class_says_why_and_keeps_its_derivation(
    render: Render,
) -> None:
    report = sample.messy()
    lint = report.check("lint")
    assert isinstance(lint.result, ItemScore)
    note = "Marked without the class: 1 group was measured for lint, a class has 2."
    alone = lint.result.model_copy(update={"note": note})
    checks = tuple(
        check.model_copy(update={"result": alone}) if check.id == "lint" else check
        for check in report.checks
    )
    said = render(report.model_copy(update={"checks": checks}))
    assert f"provisional. {note}" in said
    assert "10 - 100 × 83 / 1187" in said


def test_an_item_that_nobody_measured_says_so_once() -> None:
    reason = "Nobody measured it when the class was graded."
    result = Ungraded(item="lint", cause="not-measured", reason=reason)
    assert words.not_graded(result) == f"Not graded: {reason}"


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (
            {"total": 7.6, "automatic_total": 8.1, "marks": 0},
            "8.1 automatic, 7.6 after",
        ),
        ({"total": 7.6, "automatic_total": None, "marks": 1}, "nothing automatic, 7.6"),
        ({"total": 0.0, "automatic_total": 0.2, "marks": 0}, "of 0.5 (never below 0)."),
    ],
)
def test_the_total_with_and_without_people(
    update: dict[str, float | None], said: str
) -> None:
    marks = (Decided(item="talk", mark=7.6, reason="Good", by="Ada"),)
    grade = sample.clean().grade.model_copy(
        update={
            "items": marks if update["marks"] else (),
            "total": update["total"],
            "automatic_total": update["automatic_total"],
            "penalties": (Penalty(points=0.5, reason="Late.", by="the rubric"),),
        }
    )
    first, second = decisions.lines(grade)
    assert said in first
    assert second == "Penalty of 0.5 points by the rubric: Late."


def test_a_penalty_without_a_total_is_still_told() -> None:
    penalty = Penalty(points=1, reason="Late", by="Ada")
    grade = sample.empty().grade.model_copy(update={"penalties": (penalty,)})
    assert decisions.lines(grade) == ("Penalty of 1 point by Ada: Late.",)


def test_a_commit_after_the_deadline_that_is_graded_says_so() -> None:
    facts = sample.submission()
    assert facts.deadline is not None
    late = facts.deadline.model_copy(update={"claimed": "2025-05-29T22:00:00+00:00"})
    said = dict(submitted.facts(_with(facts.model_copy(update={"deadline": late}))))
    assert said["Time of the graded commit"] == (
        "30 May 2025, 00:00:00 UTC+02:00, as the commit states it: after the deadline"
    )
    in_time = dict(submitted.facts(_with(facts)))
    assert "after" not in in_time["Time of the graded commit"]


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        (None, "states no time that can be read"),
        ("not a time", "not a time, as the commit states it"),
        ("9999-12-31T23:59:59+00:00", "31 December 9999, 23:59:59 UTC, as the commit"),
    ],
)
def test_a_time_that_is_none_is_not_made_one(claimed: str | None, said: str) -> None:
    facts = sample.submission()
    assert facts.deadline is not None
    deadline = facts.deadline.model_copy(update={"claimed": claimed})
    told = dict(submitted.facts(_with(facts.model_copy(update={"deadline": deadline}))))
    assert told["Time of the graded commit"].startswith(said)


def test_a_group_in_time_has_no_section_of_later_commits() -> None:
    facts = sample.submission()
    assert facts.deadline is not None
    alone = facts.deadline.model_copy(update={"later": (), "later_count": 0})
    report = _with(facts.model_copy(update={"deadline": alone}))
    assert dict(submitted.facts(report))["After the deadline"] == "no commit"
    assert "Times are what each commit states" not in html(report)
    assert "which" not in html(report).split("Total")[0]


def _with(facts: object) -> Report:
    return sample.clean().model_copy(update={"submission": facts})


def test_the_group_sees_its_own_place_and_nobody_elses() -> None:
    report = sample.judged()
    root = read_page(render_html(report))
    place = root.one("section", **{"aria-labelledby": "place"})
    rows = [
        [cell.text for cell in row.all("th") + row.all("td")]
        for row in place.one("tbody").all("tr")
    ]
    assert [row[0] for row in rows] == ["Total", "Prof. Hopper"]
    assert rows[0][1:] == ["7.1", "", "3", "0", "7"]
    assert place.all("svg")[0].attributes["aria-label"] == (
        "Total: 7.1; 3 groups have a lower mark, 0 the same, 7 a higher one"
    )
    text = render_markdown(report)
    assert "| Total | 7.1 | 3 | 0 | 7 |" in text


def test_a_repository_by_itself_has_no_place() -> None:
    root = read_page(render_html(sample.messy()))
    assert root.all("section", **{"aria-labelledby": "place"}) == []
