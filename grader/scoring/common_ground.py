"""Finds what two reports can be compared over, and what each comes to over it."""

from collections.abc import Iterable, Set
from math import fsum

from grader.model.common_ground import CommonGround
from grader.model.report import ManualCheck, Report, ReportCheck
from grader.model.score import ItemResult, Ungraded, mark_of
from grader.scoring.comparison import compare


def common_ground(before: Report, after: Report) -> CommonGround:
    """What the two reports can be compared over.

    An item with nothing to measure in one of them is compared: by the rubric's own rule it
    takes its weight out of that total. One that failed, was left out or is still to be marked
    in one of them is taken out of both.
    """
    results = [
        {row.id: row.result for row in _rows(before)},
        {row.id: row.result for row in _rows(after)},
    ]
    known = [{key for key in side if _is_known(side[key])} for side in results]
    items = known[0] & known[1]
    ordered = tuple(dict.fromkeys(row.id for row in (*_rows(after), *_rows(before))))
    return CommonGround(
        items=tuple(key for key in ordered if key in items),
        share=min(1.0, fsum(r.weight_share for r in _rows(after) if r.id in items)),
        before=_total(_rows(before), items),
        after=_total(_rows(after), items),
        beside=tuple(
            key
            for key in ordered
            if key not in items
            and any(key in side and mark_of(side[key]) is not None for side in results)
        ),
        obstacles=tuple(
            one.statement
            for one in compare(before, after).differences
            # That the totals are over different items is what this is the answer to.
            if one.is_ruler and one.about != "graded-share"
        ),
    )


def _rows(report: Report) -> tuple[ReportCheck | ManualCheck, ...]:
    return (*report.checks, *report.manual)


def _is_known(result: ItemResult) -> bool:
    return not isinstance(result, Ungraded) or result.cause == "not-applicable"


def _total(rows: Iterable[ReportCheck | ManualCheck], items: Set[str]) -> float | None:
    graded = [
        (row.weight_share, mark)
        for row in rows
        if row.id in items and (mark := mark_of(row.result)) is not None
    ]
    weight = fsum(share for share, _ in graded)
    if weight <= 0:
        return None
    total = fsum(share * mark for share, mark in graded) / weight
    # Sums of shares may miss the ends by the last bit.
    return min(10.0, max(0.0, total))
