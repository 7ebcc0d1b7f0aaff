"""What a person is asked to look at: said in every format, apart from the findings."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from grader.model.measurement import Finding
from grader.model.report import Report
from grader.reporting import words
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json
from grader.reporting.markdown import render_markdown
from grader.reporting.terminal import SHORT_SIGNALS, render_terminal
from tests.reporting import sample
from tests.reporting.page import read_page


def terminal(report: Report, *, verbose: bool = False) -> str:
    file = io.StringIO()
    render_terminal(report, Console(file=file, width=200), verbose=verbose)
    return file.getvalue()


def many(count: int) -> Report:
    return sample.with_signals(
        [
            Finding(
                rule="ctypes", message=f"number {n}.", path="tests/a.py", line=n + 1
            )
            for n in range(count)
        ]
    )


@pytest.mark.parametrize("render", [render_html, render_markdown, terminal])
def test_nothing_is_said_where_there_is_nothing_to_look_at(
    render: Callable[[Report], str],
) -> None:
    assert "Please look" not in render(sample.clean())


def test_each_signal_says_what_was_seen_and_where() -> None:
    report = sample.with_signals()
    section = read_page(render_html(report)).one(
        "section", **{"aria-labelledby": "look"}
    )
    for text in (section.text, terminal(report), render_markdown(report)):
        flat = " ".join(text.replace("\\", "").split())
        assert "Please look" in flat
        assert words.LOOK in flat
        assert "tests/test_main.py:7" in flat
        assert "ends the process at once" in flat
        assert "the repository" in flat
        assert "3 functions were emptied, and every test still passed." in flat
    assert [a.attributes["href"] for a in section.all("a")] == ["#check-coverage"] * 2


def test_signals_are_neither_findings_nor_in_the_mark() -> None:
    report, without = sample.with_signals(), many(0)
    assert words.finding_count(report.check("coverage")) == words.finding_count(
        without.check("coverage")
    )
    assert report.grade == without.grade


def test_the_json_has_every_one_and_gives_it_back() -> None:
    report = many(300)
    assert load_report(render_json(report), "x.json") == report


def test_a_long_list_is_cut_where_there_is_little_room() -> None:
    report = many(SHORT_SIGNALS + 3)
    assert "3 more with --verbose." in terminal(report)
    assert f"number {SHORT_SIGNALS + 2}." in terminal(report, verbose=True)
    assert "280 more in the JSON report." in render_markdown(many(300))
