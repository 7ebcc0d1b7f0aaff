"""The tables of a class: what is blank, what is a number, and that no text is a formula."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model.classroom import ClassResult, GroupLine
from grader.model.evidence import Trouble
from grader.reporting.csv import BYTE_ORDER_MARK, items_csv, scores_csv
from tests.reporting import sample

TABLES = [scores_csv, items_csv]
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    '"=1',
    " =1",
    "a;=1",
    "\uff1d1",
    "nul\x00 and \udcff",
    "one\r\n=two",
)
Table = Callable[[ClassResult], str]


def rows(text: str) -> list[dict[str, str]]:
    """The table as a spreadsheet reads it, from the bytes of its file."""
    content = text.encode("utf-8").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline=""), strict=True))


def of_texts(texts: tuple[str, ...]) -> ClassResult:
    """A class in which every text that others write is one of these."""
    graded = sample.judged().grade
    items = tuple(
        (
            one.model_copy(update={"by": texts[0], "reason": texts[0]})
            if one.kind == "decided"
            else one
        )
        for one in graded.items
    )
    grade = graded.model_copy(update={"items": items})
    return sample.classroom(
        [
            GroupLine(
                group=sample.group(text, f"group-{number}", texts),
                grade=grade if number % 2 == 0 else None,
                trouble=(
                    Trouble(group=text, cause="other", reason=text, hint=text)
                    if number % 2
                    else None
                ),
                commit=text,
                commit_time=text,
            )
            for number, text in enumerate(texts)
        ]
    )


def test_each_group_has_a_row_in_the_lists_order() -> None:
    found = rows(scores_csv(sample.classroom()))
    assert [row["group"] for row in found] == ["José's group", "best", "gone", "later"]
    assert [row["rank"] for row in found] == ["2", "1", "", ""]
    assert found[0]["members"] == "José Núñez; Ada L."


def test_a_row_has_the_total_with_and_without_people_and_every_mark() -> None:
    judged, best, _, _ = rows(scores_csv(sample.classroom()))
    assert {
        name: judged[name]
        for name in ("total", "total_of_100", "automatic_total", "measured_share")
    } == {
        "total": "7.1",
        "total_of_100": "71",
        "automatic_total": "6.8",
        "measured_share": "0.8333",
    }
    assert judged["state"] == "provisional"
    assert judged["item.lint"] == "6.0096"
    assert judged["item.formatting"] == "8"
    assert judged["dimension.testing"] == "5.5873"
    assert judged["penalties"] == "0.5"
    assert judged["adjusted"] == "formatting; pylint"
    assert judged["later_commits"] == "4"
    assert judged["signals"] == "3"
    assert judged["commit_time"] == "2025-05-29T20:41:07+00:00"
    assert best["state"] == "final"
    assert (best["penalties"], best["adjusted"]) == ("0", "")


def test_an_item_may_be_called_as_a_dimension_or_another_column() -> None:
    result = sample.classroom()
    named = result.model_copy(update={"items": ("testing", "total", "signals")})
    found = rows(scores_csv(named))
    assert found[0]["total"] == "7.1"
    assert found[0]["item.total"] == found[0]["item.testing"] == ""
    assert found[0]["dimension.testing"] == "5.5873"
    assert found[0]["signals"] == "3"


def test_what_has_no_mark_is_blank_and_never_a_0() -> None:
    judged, _, gone, later = rows(scores_csv(sample.classroom()))
    assert judged["item.readme-by-eye"] == ""
    assert judged["dimension.documentation"] == ""
    said = {"group", "members", "state", "not_graded_because"}
    for row in (gone, later):
        assert {value for name, value in row.items() if name not in said} == {""}
        assert row["state"] == "not graded"
    assert gone["not_graded_because"].endswith("name to show. Check the address.")
    assert later["not_graded_because"] == "It has not been graded yet."
    assert judged["not_graded_because"] == ""


def test_a_class_without_a_deadline_has_no_number_of_later_commits() -> None:
    result = sample.classroom()
    record = result.record.model_copy(update={"deadline": None})
    found = rows(scores_csv(result.model_copy(update={"record": record})))
    assert found[1]["later_commits"] == ""


def test_each_group_and_item_has_a_row_with_how_its_mark_comes_about() -> None:
    result = sample.classroom()
    found = rows(items_csv(result))
    assert len(found) == len(result.lines) * len(result.items)
    by_item = {row["item"]: row for row in found if row["group"] == "José's group"}
    lint = by_item["lint"]
    assert (lint["mark"], lint["state"]) == ("6.0096", "scored")
    assert lint["substituted"] == "relative(83)"
    assert lint["compared"] == (
        "relative(83) is 10 × (1 - 83 / 208) = 6.01 among 12 groups"
    )
    assert lint["quantities"] == "violations=83; lines=1187"
    formatting = by_item["formatting"]
    assert (formatting["mark"], formatting["automatic_mark"]) == ("8", "6.4286")
    assert formatting["state"] == "by a person"
    assert formatting["by"] == "Prof. Hopper"
    assert formatting["reason"] == "Counted two files twice"
    assert by_item["readme-by-eye"]["mark"] == ""
    assert by_item["readme-by-eye"]["state"] == "unmarked"
    assert by_item["pylint"]["automatic_mark"] == ""


def test_the_items_of_a_group_that_was_not_graded_are_there_and_blank() -> None:
    found = [r for r in rows(items_csv(sample.classroom())) if r["group"] == "gone"]
    assert {(row["mark"], row["state"]) for row in found} == {("", "not graded")}
    assert all("Check the address." in row["reason"] for row in found)


@pytest.mark.parametrize("table", TABLES)
def test_a_file_is_as_rfc_4180_says_and_excel_needs(table: Table) -> None:
    text = table(sample.classroom())
    assert text.startswith(BYTE_ORDER_MARK)
    assert text.count("\n") == text.count("\r\n") > 1
    assert text.endswith("\r\n")
    widths = {len(row) for row in csv.reader(io.StringIO(text, newline=""))}
    assert len(widths) == 1


@pytest.mark.parametrize("table", TABLES)
def test_a_class_of_nobody_is_a_header(table: Table) -> None:
    text = table(sample.classroom([]))
    assert text.count("\r\n") == 1
    assert "group" in text


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("texts", [FORMULAS, sample.HOSTILE])
def test_no_text_of_others_is_a_formula_or_breaks_a_row(
    texts: tuple[str, ...], table: Table
) -> None:
    result = of_texts(texts)
    _check(result, table(result))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3).map(tuple))
def test_whatever_others_write_is_one_inert_cell(texts: tuple[str, ...]) -> None:
    result = of_texts(texts)
    for table in TABLES:
        _check(result, table(result))


def _check(result: ClassResult, text: str) -> None:
    found = rows(text)
    assert len(found) in (len(result.lines), len(result.lines) * len(result.items))
    for row in found:
        for name, cell in row.items():
            assert isinstance(cell, str), name
            assert cell.isprintable()
    # A reader that separates by semicolons sees other cells in the same file.
    for separator in ",;":
        lines = csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator)
        for cells in lines:
            for cell in cells:
                is_marked = cell.startswith("'")
                assert is_marked or not cell.lstrip(" \"'").startswith(
                    tuple("=+-@\uff1d\uff0b\uff0d\uff20")
                ), cell
