"""Finds the installed checkers through the entry-point group `mlops_grade.checkers`.

Built-in and third-party checkers come through the same door: found, then loaded, then
classified. One that does not load is kept aside with its package and the reason.
"""

from dataclasses import dataclass
from functools import cache
from importlib import metadata

from grader.checkers._base import SECTIONS, Checker, Options
from grader.errors import ExitCode, GradeError

GROUP = "mlops_grade.checkers"


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point that gave no checker: its name, its distribution and why."""

    name: str
    distribution: str
    reason: str


@dataclass(frozen=True)
class Registry:
    """The checkers by id, which distribution each comes from, and what did not load."""

    checkers: dict[str, Checker[Options]]
    distributions: dict[str, str]
    broken: tuple[BrokenPlugin, ...]


@cache
def installed() -> Registry:
    """Every checker of this Python environment, sorted by id."""
    checkers: dict[str, Checker[Options]] = {}
    distributions: dict[str, str] = {}
    broken: list[BrokenPlugin] = []
    # The same entry point is seen twice where an editable install left metadata behind.
    points = {(p.name, p.value): p for p in metadata.entry_points(group=GROUP)}
    for _, point in sorted(points.items()):
        distribution = point.dist.name if point.dist else "an unknown distribution"
        try:
            checker = _load(point)
        except _NotAChecker as error:
            broken.append(BrokenPlugin(point.name, distribution, str(error)))
            continue
        if checker.id in checkers:
            reason = f"its id is taken by {distributions[checker.id]}"
            broken.append(BrokenPlugin(point.name, distribution, reason))
            continue
        checkers[checker.id] = checker
        distributions[checker.id] = distribution
    if not checkers:
        raise GradeError(
            "no checkers are installed.",
            hint="mlops-grade must be installed (pip install -e .), not only on the path.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    return Registry(checkers, distributions, tuple(broken))


class _NotAChecker(Exception):
    """Why an entry point gives no usable checker."""


def _load(point: metadata.EntryPoint) -> Checker[Options]:
    try:
        kind = point.load()
    except (Exception, SystemExit) as error:  # a plugin's import may fail in any way
        raise _NotAChecker(f"{type(error).__name__}: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Checker)):
        raise _NotAChecker(f"{point.value} is not a Checker class")
    if problem := _what_is_missing(kind, point.name):
        raise _NotAChecker(problem)
    checker: Checker[Options] = kind()
    return checker


def _what_is_missing(kind: type[Checker[Options]], name: str) -> str | None:
    for attribute in ("id", "quantities", "source"):
        if not getattr(kind, attribute, None):
            return f"it does not declare {attribute}"
    if kind.id != name:
        return f'its id "{kind.id}" is not the entry point\'s name "{name}"'
    lacking = [title for title in SECTIONS if not kind.sections().get(title)]
    if lacking:
        return f"its docstring lacks the section {', '.join(lacking)}"
    try:
        kind.options_type()
    except TypeError as error:
        return str(error)
    if getattr(kind, "__abstractmethods__", None):
        return "it does not implement " + ", ".join(sorted(kind.__abstractmethods__))
    return None
