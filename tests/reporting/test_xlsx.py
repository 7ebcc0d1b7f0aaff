"""The workbook of a class: its numbers are the JSON's, and no text in it is anything else."""

import csv
import io
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from grader.model.classroom import ClassResult, Group
from grader.model.measurement import Finding
from grader.model.report import Report
from grader.model.score import mark_of
from grader.reporting import words
from grader.reporting.clean import spreadsheet_text
from grader.reporting.csv import items_csv, scores_csv
from grader.reporting.xlsx import CELL_CHARACTERS, grades_xlsx
from tests.reporting import sample
from tests.reporting.test_csv import FORMULAS, of_texts

SHEETS = ["marks", "items", "findings", "not graded"]
# What XlsxWriter takes for markup of its own, Excel for an escape, and XML for nothing.
MARKUP = (
    "<r><t>rich</t></r>",
    "<r></b></r>",
    "_x000D_ and _x0041_",
    "]]>&amp;<!--",
    "https://evil.example",
    "internal:Sheet1!A1",
    "{=1+1}",
    "1e5",
    "\ufffe\uffff",
)


def content(
    result: ClassResult,
    reports: Iterable[tuple[Group, Report]] = (),
    sheet_rows: int | None = None,
) -> bytes:
    file = io.BytesIO()
    limit = {} if sheet_rows is None else {"sheet_rows": sheet_rows}
    with grades_xlsx(result, file, **limit) as add:
        for group, report in reports:
            add(group, report)
    return file.getvalue()


def opened(raw: bytes) -> Workbook:
    with warnings.catch_warnings():
        # It doesn't know the extension of Excel 2010 for data bars without a gradient.
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(io.BytesIO(raw))


def rows(book: Workbook, name: str) -> list[dict[str, object]]:
    header, *found = sheet(book, name).iter_rows(values_only=True)
    return [
        dict(zip(map(str, header), map(_as_excel_reads_it, row), strict=True))
        for row in found
    ]


def _as_excel_reads_it(value: object) -> object:
    # openpyxl leaves Excel's escapes alone in strings that stand in the cell itself.
    return unescape(value) if isinstance(value, str) else value


def sheet(book: Workbook, name: str) -> Worksheet:
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def judged_class() -> tuple[ClassResult, list[tuple[Group, Report]]]:
    result = sample.classroom()
    return result, [(result.lines[0].group, sample.judged())]


def test_there_is_a_sheet_for_each_question_frozen_and_filtered() -> None:
    book = opened(content(*judged_class()))
    assert book.sheetnames == SHEETS
    for name in SHEETS:
        found = sheet(book, name)
        assert found.freeze_panes in ("C2", "B2")
        assert found.auto_filter.ref == found.dimensions
        assert found.print_title_rows == "$1:$1"


def test_marks_are_the_results_numbers_and_blank_where_there_are_none() -> None:
    result, reports = judged_class()
    found = rows(opened(content(result, reports)), "marks")
    for line, row in zip(result.lines, found, strict=True):
        grade = line.grade
        assert row["group"] == line.group.name
        assert row["rank"] == line.rank
        if grade is None:
            assert row["total"] is row["total_of_100"] is row["item.lint"] is None
            continue
        assert row["total"] == pytest.approx(grade.total, rel=1e-15)
        assert row["total_of_100"] == pytest.approx(grade.total_of_100, rel=1e-15)
        assert row["automatic_total"] == pytest.approx(grade.automatic_total, rel=1e-15)
        assert row["measured_share"] == pytest.approx(grade.measured_share, rel=1e-15)
        marks = {f"dimension.{one.id}": one.mark for one in grade.dimensions}
        marks |= {f"item.{one.item}": mark_of(one) for one in grade.items}
        for name, mark in marks.items():
            assert row[name] == (
                None if mark is None else pytest.approx(mark, rel=1e-15)
            ), name


@pytest.mark.parametrize("name, table", [("marks", scores_csv), ("items", items_csv)])
def test_a_sheet_says_what_the_csv_says(name: str, table: object) -> None:
    assert callable(table)
    result = sample.hostile_class()
    text = str(table(result))[1:]
    expected = list(csv.DictReader(io.StringIO(text, newline="")))
    found = rows(opened(content(result)), name)
    assert len(found) == len(expected)
    for there, here in zip(expected, found, strict=True):
        assert list(there) == list(here)
        for column, value in here.items():
            if isinstance(value, int | float):
                assert value == pytest.approx(float(there[column]), abs=1e-4)
            else:
                assert (value or "") == there[column]


def test_each_finding_has_a_row_and_the_starters_are_marked() -> None:
    result, reports = judged_class()
    found = rows(opened(content(result, reports)), "findings")
    lint = [row for row in found if row["item"] == "lint"]
    check = reports[0][1].check("lint")
    own, starters = words.findings(check), words.inherited(check)
    assert len(lint) == len(own) + len(starters)
    assert lint[0] == {
        "group": "José's group",
        "item": "lint",
        "severity": words.severity(own[0]),
        "rule": own[0].rule,
        "path": own[0].path,
        "line": own[0].line,
        "message": own[0].message,
        "inherited": None,
    }
    inherited = [row for row in lint if row["inherited"]]
    assert len(inherited) == len(starters)
    assert inherited[0]["inherited"] == words.STARTER


def test_findings_beyond_a_sheets_rows_are_counted_in_its_last() -> None:
    result = sample.classroom()
    report = sample.with_findings(
        [Finding(rule="r", message=f"number {at}") for at in range(7)]
    )
    group = result.lines[0].group
    book = opened(content(result, [(group, report)], sheet_rows=6))
    found = [row[0].value for row in sheet(book, "findings").iter_rows()]
    assert len(found) == 6
    assert str(found[-1]).startswith("3 more findings are not here")
    whole = opened(content(result, [(group, report)], sheet_rows=9))
    assert len(rows(whole, "findings")) == 7


def test_what_was_not_graded_is_told_by_group_item_and_row_of_the_list() -> None:
    found = rows(opened(content(sample.classroom())), "not graded")
    told = {(row["group"], row["item"]): row for row in found}
    assert told["gone", "the whole group"]["cause"] == "private-or-gone"
    assert "Check the address." in str(told["gone", "the whole group"]["reason"])
    assert told["later", "the whole group"]["cause"] == "not graded"
    assert told["José's group", "readme-by-eye"]["cause"] == "unmarked"
    assert told["group 9;;", "row 9 of the list"]["reason"] == (
        "The row names no repository."
    )
    # A person gave a mark where the program had none: it is graded.
    assert ("José's group", "pylint") not in told


def test_only_an_exact_end_of_the_scale_is_shown_as_one() -> None:
    result = sample.classroom()
    graded = result.lines[0].grade
    assert graded is not None
    shown = {}
    for total in (10.0, 9.9996, 9.9999999, 7.5, 0.0, 0.004):
        grade = graded.model_copy(update={"total": total})
        line = result.lines[0].model_copy(update={"grade": grade})
        book = opened(content(result.model_copy(update={"lines": (line,)})))
        shown[total] = sheet(book, "marks")["D2"].number_format
    assert shown == {
        10.0: "0.00",
        9.9996: "0.0000",
        9.9999999: "0.000000000000000",
        7.5: "0.00",
        0.0: "0.00",
        0.004: "0.0000",
    }


def test_totals_have_bars_marks_have_colours_and_a_share_is_in_per_cent() -> None:
    book = opened(content(*judged_class()))
    marks = sheet(book, "marks")
    kinds = {
        str(where.sqref): {rule.type for rule in where.rules}
        for where in marks.conditional_formatting
    }
    assert kinds["D2:D5"] == {"dataBar"}
    assert kinds["I2:I5"] == {"colorScale"}
    assert kinds["G2:G5"] == {"cellIs"}
    assert marks["H2"].number_format == "0.0%"
    assert marks["D2"].data_type == "n"
    assert marks["B2"].alignment.vertical == "top"


@pytest.mark.parametrize("texts", [FORMULAS, sample.HOSTILE, MARKUP])
def test_no_text_of_others_is_a_formula_a_link_or_a_number(
    texts: tuple[str, ...],
) -> None:
    result = of_texts(texts)
    findings = [Finding(rule=one, message=one, path=one) for one in texts]
    report = sample.with_findings(findings)
    raw = content(result, [(line.group, report) for line in result.lines])
    _check_inert(raw)
    book = opened(raw)
    names = [str(row["group"]).strip() for row in rows(book, "marks")]
    assert names == [spreadsheet_text(text).strip() for text in texts]
    assert len(rows(book, "findings")) == len(texts) ** 2


@settings(max_examples=12)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=3).map(tuple))
def test_whatever_others_write_opens_as_text(texts: tuple[str, ...]) -> None:
    result = of_texts(texts)
    report = sample.with_findings([Finding(rule=texts[0], message=texts[-1])])
    _check_inert(content(result, [(result.lines[0].group, report)]))


def _check_inert(raw: bytes) -> None:
    book = opened(raw)
    for name in SHEETS:
        for row in sheet(book, name).iter_rows():
            for cell in row:
                assert cell.data_type in ("n", "s", "inlineStr"), cell.value
                assert cell.hyperlink is None
                if isinstance(cell.value, str):
                    assert len(cell.value) <= CELL_CHARACTERS
                    assert cell.value.isprintable()
                    assert not cell.value.startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        sheets = [one for one in archive.namelist() if "/worksheets/" in one]
        assert len(sheets) == len(SHEETS)
        for one in sheets:
            text = archive.read(one)
            assert b"<f>" not in text
            assert b"<hyperlink" not in text


def test_the_same_class_gives_the_same_bytes() -> None:
    assert content(*judged_class()) == content(*judged_class())
    properties = opened(content(*judged_class())).properties
    assert properties.created is not None
    assert properties.created.isoformat() == "2025-05-30T06:00:00"


def test_a_class_of_nobody_has_its_sheets() -> None:
    book = opened(content(sample.classroom([])))
    assert rows(book, "marks") == []
    assert [row["item"] for row in rows(book, "not graded")] == ["row 9 of the list"]


@pytest.mark.sandbox
def test_libreoffice_reads_the_same_marks_and_no_formula(tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")
    result = of_texts((*FORMULAS, *MARKUP))
    file = tmp_path / "grades.xlsx"
    file.write_bytes(content(result))
    # All sheets, UTF-8, as they are and not as they are shown.
    wanted = (
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,true,false,-1"
    )
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = [office, "--headless", home, "--convert-to", wanted]
    subprocess.run(
        [*command, "--outdir", str(tmp_path), str(file)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    text = (tmp_path / "grades-marks.csv").read_text("utf-8")
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = rows(opened(file.read_bytes()), "marks")
    assert [row["group"] for row in found] == [row["group"] for row in expected]
    for here, there in zip(found, expected, strict=True):
        total = there["total"]
        if total is None:
            assert here["total"] == ""
        else:
            assert float(here["total"]) == pytest.approx(float(str(total)))
