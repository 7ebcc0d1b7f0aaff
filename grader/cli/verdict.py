"""What a total is held to, and the exit code that comes of it: for `grade` and for the hook."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import ExitCode

if TYPE_CHECKING:
    from grader.engine.measure import Watch
    from grader.engine.request import Request
    from grader.model.report import Report
    from grader.reporting.gate import Held

FailUnder = Annotated[
    float | None,
    typer.Option(min=0, max=10, help="Refuse a total below this (0 to 10)."),
]


def held_against(
    report: "Report", request: "Request", than: str, watch: "Watch | None" = None
) -> "Held":
    """The report beside that of another branch, tag or commit, graded as `request` says."""
    from grader.engine.request import grade_repository
    from grader.reporting.gate import Held
    from grader.scoring.comparison import compare

    base = grade_repository(replace(request, staged=None, ref=than), watch)
    return Held(report, compared=compare(base, report), than=than, base=base)


def verdict(held: "Held") -> ExitCode:
    """1 for what falls short, 3 where that can't be decided, 0 where nothing was asked."""
    if held.least is None and held.compared is None:
        return ExitCode.GRADED
    if held.undecided:
        return ExitCode.ENVIRONMENT
    if held.is_below or held.is_worse:
        return ExitCode.BELOW_THRESHOLD
    return ExitCode.GRADED
