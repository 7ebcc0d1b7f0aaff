"""Holds a pull request's report against its base's, over what both could be graded on."""

from collections.abc import Set

from grader.model.report import Report
from grader.reporting.pull_request import Against
from grader.scoring.common_ground import common_ground
from grader.scoring.comparison import compare


def held_against(base: Report, head: Report) -> Against:
    """How the pull request compares with its base, item by item.

    The base may have been graded without its tests: what only one of the two has a mark for
    is in neither total that is compared.
    """
    ground = common_ground(base, head)
    items = frozenset(ground.items)
    return Against(
        base=base,
        comparison=compare(
            _only(base, items, ground.before), _only(head, items, ground.after)
        ),
        share=ground.share,
        beside=ground.beside,
        obstacles=ground.obstacles,
    )


def _only(report: Report, items: Set[str], total: float | None) -> Report:
    """The report as if its rubric had only these items, which come to this total.

    Points that people took off are not in it: they say nothing of the change.
    """
    grade = report.grade.model_copy(
        update={
            "items": tuple(one for one in report.grade.items if one.item in items),
            "total": total,
            "penalties": (),
        }
    )
    return report.model_copy(
        update={
            "grade": grade,
            "checks": tuple(one for one in report.checks if one.id in items),
            "manual": tuple(one for one in report.manual if one.id in items),
        }
    )
