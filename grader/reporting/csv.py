"""CSV for spreadsheets: a class with a row per group, and a row per group and item.

As RFC 4180 says, in UTF-8 with a byte order mark, without which Excel takes it for another
encoding (Python reads it as `utf-8-sig`). What has no mark is a blank cell, never a 0.
Numbers are numbers; text that a spreadsheet would take for a formula is not one any more.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from math import fsum

from grader.model.classroom import ClassResult, GroupLine
from grader.model.score import (
    Decided,
    DimensionScore,
    Grade,
    ItemResult,
    ItemScore,
    Ungraded,
)
from grader.reporting import decisions, numbers, words
from grader.reporting.clean import spreadsheet_text

BYTE_ORDER_MARK = "\ufeff"

Cell = str | int | None

_BEFORE = (
    *("rank", "group", "members", "total", "total_of_100", "automatic_total"),
    *("state", "measured_share"),
)
_AFTER = (
    *("penalties", "adjusted", "commit", "commit_time", "later_commits", "signals"),
    "not_graded_because",
)
_ITEMS = (
    *("group", "item", "title", "dimension", "mark", "automatic_mark", "state"),
    *("formula", "substituted", "compared", "quantities", "reason", "by"),
)


def scores_csv(result: ClassResult) -> str:
    """A row for each group, in the list's order.

    `total` is 0..10 and `total_of_100` the same on the other scale, to four decimals;
    `measured_share` is 0..1. A dimension's column is `dimension.ID`, an item's `item.ID`: an
    item may have the id of a dimension, or be called `total`.
    """
    dimensions = _dimensions(result)
    header = [
        *_BEFORE,
        *(f"dimension.{one.id}" for one in dimensions),
        *(f"item.{item}" for item in result.items),
        *_AFTER,
    ]
    return _table(
        header,
        (_score_row(line, result, dimensions) for line in result.lines),
    )


def items_csv(result: ClassResult) -> str:
    """A row for each group and item or criterion, also where there is no mark.

    `quantities` are those that the formula used, as `name=value`, and `compared` how they
    came out against the class; both, and the formula, belong to the `automatic_mark`.
    """
    return _table(
        _ITEMS,
        (
            _item_row(line, item, result)
            for line in result.lines
            for item in result.items
        ),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([spreadsheet_text(name) for name in header])
    writer.writerows(rows)
    return BYTE_ORDER_MARK + file.getvalue()


def _dimensions(result: ClassResult) -> tuple[DimensionScore, ...]:
    # Every graded group has the rubric's dimensions; without any there is no column to fill.
    grades = (line.grade for line in result.lines if line.grade is not None)
    return next((grade.dimensions for grade in grades), ())


def _score_row(
    line: GroupLine, result: ClassResult, dimensions: Sequence[DimensionScore]
) -> list[Cell]:
    grade, items = line.grade, result.items
    has_deadline = result.record.deadline is not None or line.later_count > 0
    about = [line.rank, _text(line.group.name), _text("; ".join(line.group.members))]
    if grade is None:
        marks: list[Cell] = [None] * (1 + len(dimensions) + len(items))
        after: list[Cell] = [None] * (len(_AFTER) - 1)
        why = _text(words.no_grade(line))
        return [*about, None, None, None, "not graded", *marks, *after, why]
    by_dimension = {one.id: one.mark for one in grade.dimensions}
    by_item = {one.item: words.mark_of(one) for one in grade.items}
    return [
        *about,
        _number(grade.total),
        _number(grade.total_of_100, 100),
        _number(grade.automatic_total),
        words.state(grade),
        _number(grade.measured_share, 1),
        *(_number(by_dimension.get(one.id)) for one in dimensions),
        *(_number(by_item.get(item)) for item in items),
        _number(fsum(one.points for one in grade.penalties)),
        _text("; ".join(one.item for one in decisions.overrides(grade))),
        _text(line.commit or ""),
        _text(line.commit_time or ""),
        line.later_count if has_deadline else None,
        line.signals,
        _text(words.no_grade(line)),
    ]


def _item_row(line: GroupLine, item: str, whole: ClassResult) -> list[Cell]:
    title, dimension = whole.titles.get(item, ""), whole.dimensions.get(item, "")
    texts = (line.group.name, item, title, dimension)
    about: list[Cell] = [_text(text) for text in texts]
    result = _result(line.grade, item)
    if result is None:
        why = words.no_grade(line) or "The grade has no such item."
        return [*about, None, None, "not graded", *[None] * 4, _text(why), None]
    automatic = words.automatic(result)
    score = automatic if isinstance(automatic, ItemScore) else None
    by, reason = "", ""
    if isinstance(result, Decided):
        by, reason = result.by, result.reason
    elif isinstance(result, Ungraded):
        reason = result.reason
    else:
        reason = result.note
    return [
        *about,
        _number(words.mark_of(result)),
        _number(score.mark if score else None),
        _state(result),
        _text(score.trace.formula if score else ""),
        _text(score.trace.substituted if score else ""),
        _text("; ".join(words.comparisons(score)) if score else ""),
        _text(_quantities(score) if score else ""),
        _text(reason),
        _text(by),
    ]


def _result(grade: Grade | None, item: str) -> ItemResult | None:
    results = grade.items if grade else ()
    return next((one for one in results if one.item == item), None)


def _state(result: ItemResult) -> str:
    """`scored`, `scored without a class`, `by a person`, or why there is no mark."""
    match result:
        case Decided():
            return "by a person"
        case ItemScore():
            return "scored without a class" if result.is_alone else "scored"
        case Ungraded():
            return result.cause


def _quantities(score: ItemScore) -> str:
    return "; ".join(
        f"{name}={numbers.exact(value)}" for name, value in score.trace.inputs.items()
    )


def _number(value: float | None, most: int = 10) -> str | None:
    return None if value is None else numbers.cell(value, most)


def _text(text: str) -> str:
    return spreadsheet_text(text)
