"""The rows of a class's tables as values, which each format of table then writes its own way.

What has no mark is None, never a 0. Texts are as they are: each format makes them inert.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum

from grader.model.classroom import ClassResult, GroupLine
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.model.score import (
    Decided,
    DimensionScore,
    Grade,
    ItemResult,
    ItemScore,
    Ungraded,
    mark_of,
)
from grader.reporting import decisions, numbers, words


@dataclass(frozen=True)
class Scaled:
    """A number on a scale from 0 to `most`: a mark, a total, a share."""

    value: float
    most: int = 10


Value = str | int | Scaled | None
Row = tuple[Value, ...]

_BEFORE = (
    *("rank", "group", "members", "total", "total_of_100", "automatic_total"),
    *("state", "measured_share"),
)
_AFTER = (
    *("penalties", "adjusted", "commit", "commit_time", "later_commits", "signals"),
    "not_graded_because",
)
# Where the rubric has the checks that a level is read from; blank where it is not stated.
_MATURITY = ("maturity",)
ITEM_COLUMNS = (
    *("group", "item", "title", "dimension", "mark", "automatic_mark", "state"),
    *("formula", "substituted", "compared", "quantities", "reason", "by"),
)
FINDING_COLUMNS = (
    *("group", "item", "severity", "rule", "path", "line", "message", "inherited"),
)
NOT_GRADED_COLUMNS = ("group", "item", "cause", "reason")


def score_columns(result: ClassResult) -> tuple[str, ...]:
    """The columns of `score_rows`. A dimension's is `dimension.ID`, an item's `item.ID`."""
    return (
        *_BEFORE,
        *(f"dimension.{one.id}" for one in result.rubric_dimensions),
        *(f"item.{item}" for item in result.items),
        *_AFTER,
        *(_MATURITY if _has_maturity(result) else ()),
    )


def score_rows(result: ClassResult) -> Iterator[Row]:
    """A row for each group, in the list's order."""
    dimensions = result.rubric_dimensions
    has_maturity = _has_maturity(result)
    for line in result.lines:
        level: Row = (line.maturity,) if has_maturity else ()
        yield (*_score_row(line, result, dimensions), *level)


def item_rows(result: ClassResult) -> Iterator[Row]:
    """A row for each group and item or criterion, also where there is no mark."""
    for line in result.lines:
        for item in result.items:
            yield _item_row(line, item, result)


def finding_rows(group: str, report: Report) -> Iterator[Row]:
    """A row for each finding of a group's report, in the rubric's order."""
    for check in report.checks:
        outcome = check.measurement.outcome if check.measurement else None
        if not isinstance(outcome, Measured):
            continue
        for finding in outcome.findings:
            yield (
                group,
                check.id,
                words.severity(finding),
                finding.rule,
                finding.path or "",
                finding.line,
                finding.message,
                words.STARTER if finding.inherited else "",
            )


def not_graded_rows(result: ClassResult) -> Iterator[Row]:
    """A row for each item without a mark, each group without a total, each row refused."""
    for line in result.lines:
        if line.grade is None or line.grade.total is None:
            cause = line.trouble.cause if line.trouble else "not graded"
            yield line.group.name, "the whole group", cause, words.no_grade(line)
        for one in line.grade.items if line.grade else ():
            if isinstance(one, Ungraded):
                yield line.group.name, one.item, one.cause, one.reason
    for refused in result.record.refused:
        where = "a row of the list"
        if refused.row is not None:
            where = f"row {refused.row} of the list"
        yield refused.text, where, "refused", refused.reason


def _score_row(
    line: GroupLine, result: ClassResult, dimensions: Sequence[DimensionScore]
) -> Row:
    grade, items = line.grade, result.items
    has_deadline = result.record.deadline is not None or line.later_count > 0
    about: Row = (line.rank, line.group.name, "; ".join(line.group.members))
    if grade is None:
        marks: Row = (None,) * (1 + len(dimensions) + len(items))
        after: Row = (None,) * (len(_AFTER) - 1)
        why = words.no_grade(line)
        return (*about, None, None, None, "not graded", *marks, *after, why)
    by_dimension = {one.id: one.mark for one in grade.dimensions}
    by_item = {one.item: mark_of(one) for one in grade.items}
    return (
        *about,
        _scaled(grade.total),
        _scaled(grade.total_of_100, 100),
        _scaled(grade.automatic_total),
        words.state(grade),
        _scaled(grade.measured_share, 1),
        *(_scaled(by_dimension.get(one.id)) for one in dimensions),
        *(_scaled(by_item.get(item)) for item in items),
        _scaled(fsum(one.points for one in grade.penalties)),
        "; ".join(one.item for one in decisions.overrides(grade)),
        line.commit or "",
        line.commit_time or "",
        line.later_count if has_deadline else None,
        line.signals,
        words.no_grade(line),
    )


def _item_row(line: GroupLine, item: str, whole: ClassResult) -> Row:
    title, dimension = whole.titles.get(item, ""), whole.dimensions.get(item, "")
    about = (line.group.name, item, title, dimension)
    result = _result(line.grade, item)
    if result is None:
        why = words.no_grade(line) or "The grade has no such item."
        return (*about, None, None, "not graded", None, None, None, None, why, None)
    automatic = words.automatic(result)
    score = automatic if isinstance(automatic, ItemScore) else None
    by, reason = "", ""
    if isinstance(result, Decided):
        by, reason = result.by, result.reason
    elif isinstance(result, Ungraded):
        reason = result.reason
    else:
        reason = result.note
    return (
        *about,
        _scaled(mark_of(result)),
        _scaled(score.mark if score else None),
        _state(result),
        score.trace.formula if score else "",
        score.trace.substituted if score else "",
        "; ".join(words.comparisons(score)) if score else "",
        _quantities(score) if score else "",
        reason,
        by,
    )


def _has_maturity(result: ClassResult) -> bool:
    return any(line.maturity is not None for line in result.lines)


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


def _scaled(value: float | None, most: int = 10) -> Scaled | None:
    return None if value is None else Scaled(value, most)
