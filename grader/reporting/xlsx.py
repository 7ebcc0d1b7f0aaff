"""`grades.xlsx`: a class's marks, items, findings, and what was not graded, a sheet for each.

Marks are numbers at full precision, shown with two decimals, and blank where there is none.
Every text is written as text, never as a formula, link or number, and the apostrophe of the
CSV files stands before what would be a formula: a sheet may be saved as CSV and opened again.
The same class gives the same bytes. Rows are written to disk as they come, so that a class
of any size needs no more memory than its marks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import BinaryIO

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from grader.model.classroom import ClassRecord, ClassResult, Group
from grader.model.report import Report
from grader.reporting import words
from grader.reporting.class_rows import (
    FINDING_COLUMNS,
    ITEM_COLUMNS,
    NOT_GRADED_COLUMNS,
    Scaled,
    Value,
    finding_rows,
    item_rows,
    not_graded_rows,
    score_columns,
    score_rows,
)
from grader.reporting.clean import clean, spreadsheet_text

# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767

# Orange, white, blue: told apart by those who can't tell red from green.
_LOW, _MIDDLE, _HIGH = "#F4B183", "#FFFFFF", "#9DC3E6"

# In points: a long name takes two lines of a column no wider than these characters.
_HEADER_HEIGHT, _NAME_WIDTH = 32, 16
# In characters; the rest is as wide as its name.
_WIDTHS = {
    **{"group": 26, "members": 34, "item": 18, "title": 30, "dimension": 18},
    **{"formula": 34, "substituted": 34, "compared": 40, "quantities": 34},
    **{"reason": 60, "by": 18, "state": 14, "severity": 10, "rule": 18, "path": 40},
    **{"line": 8, "message": 80, "inherited": 14, "cause": 18, "adjusted": 20},
    **{"commit": 14, "commit_time": 26, "not_graded_because": 60},
    **{"measured_share": 16, "total_of_100": 14, "automatic_total": 16},
}

AddFindings = Callable[[Group, Report], None]


@contextmanager
def grades_xlsx(
    result: ClassResult, target: BinaryIO, *, sheet_rows: int = SHEET_ROWS
) -> Iterator[AddFindings]:
    """Write a class's workbook to `target`, which is complete when the block ends.

    What comes out takes one group's findings at a time, in the order they are to stand in.
    Findings beyond the rows of a sheet are counted in its last row.
    """
    book = Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    try:
        _describe(book, result)
        styles = _Styles(book)
        _write_marks(book, styles, result, sheet_rows)
        items = _Sheet(book, styles, "items", ITEM_COLUMNS, sheet_rows, frozen=2)
        for row in item_rows(result):
            items.add(row)
        items.colour("mark")
        items.colour("automatic_mark")
        items.end("items")
        findings = _Sheet(book, styles, "findings", FINDING_COLUMNS, sheet_rows)
        lacking = _Sheet(book, styles, "not graded", NOT_GRADED_COLUMNS, sheet_rows)
        for row in not_graded_rows(result):
            lacking.add(row)
        lacking.end("rows")

        def add(group: Group, report: Report) -> None:
            for row in finding_rows(group.name, report):
                findings.add(row)

        yield add
        findings.end("findings")
    finally:
        book.close()


def _write_marks(
    book: Workbook, styles: "_Styles", result: ClassResult, sheet_rows: int
) -> None:
    columns = score_columns(result)
    sheet = _Sheet(book, styles, "marks", columns, sheet_rows, frozen=2)
    for row in score_rows(result):
        sheet.add(row)
    sheet.bar("total", 10)
    sheet.bar("total_of_100", 100)
    for name in columns:
        if name.startswith(("dimension.", "item.")):
            sheet.colour(name)
    sheet.mark_words("state", ("provisional", "not graded"))
    sheet.end("groups")


def _describe(book: Workbook, result: ClassResult) -> None:
    rubric = words.rubric(result.rubric)
    program = str(result.record.generator)
    book.set_properties(
        {
            "title": "Grades",
            "comments": clean(f"Rubric: {rubric}. Program: {program}."),
            # Else it is now, and the same class would give another file each time.
            "created": _moment(result.record),
        }
    )


def _moment(record: ClassRecord) -> datetime:
    try:
        moment = datetime.fromisoformat(record.started_at)
    except ValueError:
        return datetime(1980, 1, 1)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class _Styles:
    """The cell formats of a workbook; a number's is made when it is first needed."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._numbers: dict[str, Format] = {}
        self.header = book.add_format(
            {
                **{"bold": True, "bottom": 1, "bg_color": "#E7E6E6"},
                **{"valign": "top", "text_wrap": True},
            }
        )
        # Excel keeps such a cell a text when somebody edits it.
        self.text = book.add_format({"quote_prefix": True, "valign": "top"})
        self.note = book.add_format({"italic": True})
        self.attention = book.add_format({"bg_color": "#FFE699", "italic": True})

    def number(self, shown_as: str) -> Format:
        if shown_as not in self._numbers:
            self._numbers[shown_as] = self._book.add_format(
                {"num_format": shown_as, "valign": "top"}
            )
        return self._numbers[shown_as]


@dataclass
class _Sheet:
    """One sheet with a header, written row by row."""

    book: Workbook
    styles: _Styles
    name: str
    columns: Sequence[str]
    most_rows: int
    frozen: int = 1
    written: int = 0
    beyond: int = 0
    _sheet: Worksheet = field(init=False)

    def __post_init__(self) -> None:
        self._sheet = self.book.add_worksheet(self.name)
        self._sheet.freeze_panes(1, self.frozen)
        self._sheet.set_landscape()
        self._sheet.repeat_rows(0)
        if self.frozen > 1:
            # On paper too each page says whose numbers these are.
            self._sheet.repeat_columns(0, self.frozen - 1)
        else:
            self._sheet.fit_to_pages(1, 0)
        self._sheet.set_row(0, _HEADER_HEIGHT)
        for at, column in enumerate(self.columns):
            width = _WIDTHS.get(column, max(8, min(len(column) + 3, _NAME_WIDTH)))
            self._sheet.set_column(at, at, width)
            self._sheet.write_string(0, at, _text(column), self.styles.header)

    def add(self, row: Sequence[Value]) -> None:
        # The header stands in the first row; the last is kept for saying what is beyond.
        if self.written >= self.most_rows - 2:
            self.beyond += 1
            return
        self.written += 1
        for at, value in enumerate(row):
            match value:
                case None | "":
                    pass
                case str():
                    shown = _text(value)
                    self._sheet.write_string(self.written, at, shown, self.styles.text)
                case Scaled():
                    style = self.styles.number(_shown_as(value))
                    self._sheet.write_number(self.written, at, value.value, style)
                case int():
                    style = self.styles.number("0")
                    self._sheet.write_number(self.written, at, value, style)

    def end(self, noun: str) -> None:
        """Nothing more is added: say what is beyond, let it be filtered."""
        last = self.written
        if self.beyond:
            said = (
                f"{self.beyond} more {noun} are not here: a sheet has no more rows. Each "
                "group's report.json has all of its own."
            )
            self._sheet.write_string(last + 1, 0, said, self.styles.note)
        self._sheet.autofilter(0, 0, last, len(self.columns) - 1)

    def bar(self, column: str, most: int) -> None:
        """Show a column's numbers as bars too, from 0 to `most`."""
        self._condition(
            column,
            {
                **{"type": "data_bar", "bar_solid": True, "bar_color": _HIGH},
                **{"min_type": "num", "min_value": 0},
                **{"max_type": "num", "max_value": most},
            },
        )

    def colour(self, column: str) -> None:
        """Colour a column's marks from 0 by 5 to 10, beside the number."""
        self._condition(
            column,
            {
                **{"type": "3_color_scale", "min_color": _LOW, "mid_color": _MIDDLE},
                **{"max_color": _HIGH, "min_type": "num", "min_value": 0},
                **{"mid_type": "num", "mid_value": 5},
                **{"max_type": "num", "max_value": 10},
            },
        )

    def mark_words(self, column: str, marked: Sequence[str]) -> None:
        """Set the cells of a column apart that have one of these words."""
        for word in marked:
            self._condition(
                column,
                {
                    **{"type": "cell", "criteria": "==", "value": f'"{word}"'},
                    "format": self.styles.attention,
                },
            )

    def _condition(self, column: str, options: dict[str, object]) -> None:
        if self.written:
            at = self.columns.index(column)
            self._sheet.conditional_format(1, at, self.written, at, options)


def _shown_as(number: Scaled) -> str:
    """The format of a number: with more decimals where fewer would say an end it isn't."""
    is_share = number.most == 1
    value = Decimal(repr(number.value)) * (100 if is_share else 1)
    ends = (Decimal(0), Decimal(100 if is_share else number.most))
    sign = "%" if is_share else ""
    for places in (1, 4) if is_share else (2, 4):
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if rounded not in ends or value in ends:
            return f"0.{'0' * places}{sign}"
    return f"0.{'0' * 15}{sign}"


def _text(text: str) -> str:
    shown = spreadsheet_text(text)[:CELL_CHARACTERS]
    # XlsxWriter would take this for its own markup of rich text, and not encode it.
    return f"{shown} " if shown.startswith("<r>") and shown.endswith("</r>") else shown
