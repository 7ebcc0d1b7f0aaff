"""The level of MLOps in every format: stated with what says so, or not stated and why."""

import csv
import io
from typing import Literal

import pytest
from rich.console import Console

from grader.model.maturity import Level, Maturity, MaturityLine
from grader.model.measurement import Sight
from grader.model.report import Report
from grader.reporting import maturity
from grader.reporting.class_page import render_class_page
from grader.reporting.csv import scores_csv
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json
from grader.reporting.markdown import render_markdown
from grader.reporting.terminal import render_terminal
from tests.reporting import sample
from tests.reporting.page import read_page


def line(
    level: Literal[1, 2], holds: bool | None, told: str, checker: str = "ci"
) -> MaturityLine:
    title = f"Something of level {level}"
    place = Sight(path="src/main.py", line=7, what="main()")
    return MaturityLine(
        level=level,
        title=title,
        holds=holds,
        told=told,
        checker=checker,
        quantity="tests",
        sights=(place,),
    )


def with_level(level: Level | None, *lines: MaturityLine) -> Report:
    found = Maturity(level=level, lines=lines)
    return sample.messy().model_copy(update={"maturity": found})


FIRST = with_level(1, line(1, True, "It is run."), line(2, False, "No tests run."))
UNSTATED = with_level(
    None, line(1, None, "It crashed."), line(2, None, "Left out.", "api")
)


def shown(report: Report) -> dict[str, str]:
    """What each format has of it, on one line."""
    file = io.StringIO()
    render_terminal(report, Console(file=file, width=300))
    page = read_page(render_html(report))
    section = page.one("section", **{"class": "maturity"})
    texts = {
        "html": section.text,
        "md": render_markdown(report).replace("\\", ""),
        "terminal": file.getvalue(),
    }
    return {name: " ".join(text.split()) for name, text in texts.items()}


def test_every_format_states_the_level_and_that_it_carries_no_points() -> None:
    for text in shown(FIRST).values():
        assert "Level 1 of 2: automated pipeline" in text
        assert "carries no points" in text


def test_every_format_says_what_the_next_level_asks_for() -> None:
    for text in shown(FIRST).values():
        after = text.partition("What level 2 still asks for")[2]
        assert "Something of level 2" in after


def test_the_page_has_every_line_with_what_was_said_and_its_place() -> None:
    text = shown(FIRST)["html"]
    assert "It is run." in text and "No tests run." in text
    assert "src/main.py:7" in text.replace(" ", "")


def test_what_was_not_measured_is_named_and_no_level_is_stated() -> None:
    for text in shown(UNSTATED).values():
        assert "Not stated, because ci and api were not measured" in text
        assert "Level 0 of 2" not in text and "of 2:" not in text


def test_a_report_without_a_level_has_no_such_section() -> None:
    report = sample.messy()
    assert report.maturity is None
    assert maturity.TITLE not in render_markdown(report)
    assert maturity.TITLE not in render_html(report)


def test_the_last_level_asks_for_nothing_more() -> None:
    report = with_level(2, line(1, True, "a"), line(2, True, "b"))
    for text in shown(report).values():
        assert "Level 2 of 2: CI/CD" in text and "still asks for" not in text


def test_it_survives_being_stored() -> None:
    assert load_report(render_json(FIRST), "report.json").maturity == FIRST.maturity


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_class_has_the_level_as_a_column_and_nothing_where_it_is_not_stated(
    level: Level,
) -> None:
    result = sample.classroom()
    first, *rest = result.lines
    with_first = (first.model_copy(update={"maturity": level}), *rest)
    stated = result.model_copy(update={"lines": with_first})
    rows = list(csv.DictReader(io.StringIO(scores_csv(stated).lstrip("\ufeff"))))
    assert [row["maturity"] for row in rows] == [str(level), *[""] * len(rest)]
    assert f"level {level}" in render_class_page(sample.told(stated))


def test_a_class_without_levels_has_no_such_column() -> None:
    result = sample.classroom()
    assert "maturity" not in scores_csv(result).splitlines()[0]
    assert "Maturity" not in render_class_page(sample.told(result))
