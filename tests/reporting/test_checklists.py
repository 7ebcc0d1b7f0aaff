"""A checklist: every answer in every format, with its place, or with what was looked for."""

import io
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from grader.model.measurement import YES_OR_NO, Answer, Finding, Sight
from grader.model.report import Report
from grader.reporting import changes, checklists, words
from grader.reporting.comparison import (
    comparison_html,
    comparison_markdown,
    show_comparison,
)
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json
from grader.reporting.markdown import MAX_CHARACTERS, render_markdown
from grader.reporting.terminal import render_terminal
from grader.scoring.comparison import compare
from tests.reporting import sample
from tests.reporting.page import Element, read_page


def terminal(report: Report, *, verbose: bool = True) -> str:
    file = io.StringIO()
    render_terminal(report, Console(file=file, width=300), verbose=verbose)
    return file.getvalue()


def section(report: Report) -> Element:
    return read_page(render_html(report)).one("article", id="check-readme")


def flat(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


def test_every_format_says_each_answer_with_what_it_stands_on() -> None:
    report = sample.with_checklist()
    for text in (section(report).text, render_markdown(report), terminal(report)):
        shown = flat(text)
        assert "hecklist" in shown
        assert "2 of 4" in shown
        for answer in sample.README.answers:
            assert answer.quantity in shown
            assert answer.told in shown
        assert "README.md:12" in shown
        assert "Add a section" in shown


def test_the_page_says_yes_and_no_in_words_with_links_to_the_lines() -> None:
    lines = section(sample.with_checklist()).one("ul", class_="checklist")
    told = [line.text for line in lines.all("span") if "answer" in str(line.attributes)]
    assert told == ["yes", "no", "yes", "no"]
    links = [link.attributes["href"] for link in lines.all("a")]
    assert links[0].endswith(
        "/blob/3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f/README.md#L12"
    )
    # Many places are folded, and none is left out.
    assert "2 more places" in lines.one("details").text
    assert len(links) == sum(len(one.sights) for one in sample.README.answers)


def test_what_the_checklist_says_is_not_said_again_among_numbers_and_findings() -> None:
    article = section(sample.with_checklist())
    numbers = article.one("table", class_="quantities")
    assert "words" in numbers.text
    assert "says_how_to_test" not in numbers.text
    for told in ("No heading of README.md", "Text of a template is left over."):
        assert article.text.count(told) == 1
    assert "Beside the checklist: 0 findings, 1 note" in article.text
    assert "4,120 characters" in article.text
    assert terminal(sample.with_checklist()).count("No heading of README.md") == 1
    assert render_markdown(sample.with_checklist()).count("No heading of") == 1


def test_the_numbers_of_the_table_of_checks_are_one_for_a_checklist() -> None:
    check = sample.with_checklist().check("readme")
    assert [(n.name, n.shown) for n in words.key_numbers(check)] == [
        ("checklist", "2 of 3")
    ]
    # Where no formula used a number, it is all lines, and the first other numbers.
    left = sample.with_checklist(replace(sample.README, used=()))
    assert [(n.name, n.shown) for n in words.key_numbers(left.check("readme"))] == [
        ("checklist", "2 of 4"),
        ("words", "812"),
    ]


def test_a_check_without_a_checklist_shows_none() -> None:
    report = sample.messy()
    assert all(not checklists.checklist(check) for check in report.checks)
    assert 'class="checklist"' not in render_html(report)
    assert "Checklist" not in render_markdown(report) + terminal(report)
    for check in report.checks:
        assert checklists.findings_beside(check) == words.findings(check)
        assert checklists.numbers_beside(check) == check.quantities


def test_a_no_that_the_starter_has_too_says_so() -> None:
    first = sample.README.findings[0].model_copy(update={"inherited": True})
    item = replace(sample.README, findings=(first, *sample.README.findings[1:]))
    report = sample.with_checklist(item)
    lines = checklists.checklist(report.check("readme"))
    assert [line.is_inherited for line in lines] == [False, True, False, False]
    for text in (section(report).text, render_markdown(report), terminal(report)):
        assert f"({words.STARTER})" in flat(text)
        assert flat(text).count("No heading of README.md") == 1


def test_another_finding_of_the_same_rule_stays_in_the_list() -> None:
    more = Finding(rule="is_finished", message="And here.", path="README.md", line=9)
    item = replace(sample.README, findings=(*sample.README.findings, more))
    check = sample.with_checklist(item).check("readme")
    assert more in checklists.findings_beside(check)


@pytest.mark.parametrize("text", sample.HOSTILE)
def test_what_a_repository_says_is_text_in_every_place_of_an_answer(text: str) -> None:
    answers = [
        Answer(
            quantity=name,
            holds=holds,
            told=text,
            sights=(Sight(path=text, line=1, what=text),),
        )
        for name, holds in (("is_good", True), ("is_bad", False))
    ]
    item = replace(
        sample.README,
        quantities=(
            ("is_good", 1, YES_OR_NO, text),
            ("is_bad", 0, YES_OR_NO, text),
        ),
        used=(),
        answers=answers,
        findings=(Finding(rule="is_bad", message=text, path=text, line=1, fix=text),),
    )
    report = sample.with_checklist(item)
    article = section(report)
    assert not article.all("script") and not article.all("img")
    assert {link.attributes["href"][:8] for link in article.all("a")} <= {
        "https://",
        "#checks",
    }
    markdown = render_markdown(report)
    rendered = read_page(MarkdownIt().render(markdown))
    assert not rendered.all("script") and not rendered.all("img")
    assert len(markdown) < MAX_CHARACTERS
    for shown in (markdown, terminal(report), render_html(report)):
        assert not {"\x1b", "\x9b", "\x07", "\x00", "\u202e"} & set(shown)


def test_a_long_checklist_fits_into_a_comment() -> None:
    answers = [
        Answer(
            quantity=f"line_{n}",
            holds=bool(n % 2),
            told="Looked for in a good many places. " * 8,
            sights=tuple(
                Sight(path=f"src/{'deep/' * 20}{n}.py", line=k) for k in range(10)
            ),
        )
        for n in range(120)
    ]
    quantities = [(a.quantity, int(a.holds), YES_OR_NO, "a line") for a in answers]
    item = replace(
        sample.README, quantities=quantities, used=(), answers=answers, findings=()
    )
    text = render_markdown(sample.with_checklist(item))
    assert len(text) <= MAX_CHARACTERS


def test_the_json_has_every_answer_and_gives_it_back() -> None:
    report = sample.with_checklist()
    assert load_report(render_json(report), "x.json") == report


def test_an_answer_that_changed_reads_from_no_to_yes() -> None:
    quantities = [
        (name, 1 if name == "says_how_to_test" else value, unit, meaning)
        for name, value, unit, meaning in sample.README.quantities
    ]
    answers = [
        (
            answer.model_copy(update={"holds": True, "told": "A section says it."})
            if answer.quantity == "says_how_to_test"
            else answer
        )
        for answer in sample.README.answers
    ]
    item = replace(
        sample.README,
        quantities=quantities,
        answers=answers,
        findings=sample.README.findings[1:],
        mark=10.0,
    )
    found = compare(sample.with_checklist(), sample.with_checklist(item))
    (change,) = (one for one in found.items if one.item == "readme")
    assert changes.remarks(change)[0] == "says_how_to_test: no → yes"
    file = io.StringIO()
    show_comparison(found, Console(file=file, width=200))
    for text in (file.getvalue(), comparison_html(found), comparison_markdown(found)):
        assert "says_how_to_test: no → yes" in flat(text)
