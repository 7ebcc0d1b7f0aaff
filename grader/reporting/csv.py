"""CSV for spreadsheets: a class with a row per group, and a row per group and item.

As RFC 4180 says, in UTF-8 with a byte order mark, without which Excel takes it for another
encoding (Python reads it as `utf-8-sig`). What has no mark is a blank cell, never a 0.
Numbers are numbers; text that a spreadsheet would take for a formula is not one any more.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from grader.model.classroom import ClassResult
from grader.reporting import numbers
from grader.reporting.class_rows import (
    ITEM_COLUMNS,
    Scaled,
    Value,
    item_rows,
    score_columns,
    score_rows,
)
from grader.reporting.clean import spreadsheet_text

BYTE_ORDER_MARK = "\ufeff"


def scores_csv(result: ClassResult) -> str:
    """A row for each group, in the list's order.

    `total` is 0..10 and `total_of_100` the same on the other scale, to four decimals;
    `measured_share` is 0..1. A dimension's column is `dimension.ID`, an item's `item.ID`: an
    item may have the id of a dimension, or be called `total`.
    """
    return table(score_columns(result), score_rows(result))


def items_csv(result: ClassResult) -> str:
    """A row for each group and item or criterion, also where there is no mark.

    `quantities` are those that the formula used, as `name=value`, and `compared` how they
    came out against the class; both, and the formula, belong to the `automatic_mark`.
    """
    return table(ITEM_COLUMNS, item_rows(result))


def table(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Any rows as such a file."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([spreadsheet_text(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return BYTE_ORDER_MARK + file.getvalue()


def _cell(value: Value) -> str | int | None:
    match value:
        case Scaled():
            return numbers.cell(value.value, value.most)
        case str():
            return spreadsheet_text(value)
        case _:
            return value
