"""Finds the installed checkers through the entry-point group `mlops_grade.checkers`.

Built-in and third-party checkers come through the same door: found, then loaded when one is
asked for, then classified. One that does not load is kept aside with its package and the
reason.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TypeVar

from grader.checkers._base import SECTIONS, Checker, Options
from grader.errors import ExitCode, GradeError

GROUP = "mlops_grade.checkers"
Value = TypeVar("Value")


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point that gave no checker: its name, its distribution and why."""

    name: str
    distribution: str
    reason: str


class OnDemand(Mapping[str, Value]):
    """Values by name, each made when it is asked for; `names` says which there are."""

    def __init__(
        self, value: Callable[[str], Value], names: Callable[[], Collection[str]]
    ) -> None:
        self._value, self._names = value, names

    def __getitem__(self, name: str) -> Value:
        return self._value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


@dataclass(frozen=True)
class _Loaded:
    """What came of the entry points of one name: the first that gave a checker."""

    checker: Checker[Options] | None
    distribution: str
    broken: tuple[BrokenPlugin, ...]


class Registry:
    """The checkers by id, which distribution each comes from, and what did not load.

    A checker is loaded when it is asked for by its id: a rubric names a few of many.
    """

    def __init__(self, points: Mapping[str, Sequence[metadata.EntryPoint]]) -> None:
        self._points = points
        self._loaded: dict[str, _Loaded] = {}

    @property
    def checkers(self) -> Mapping[str, Checker[Options]]:
        """The checkers by id, sorted."""
        return OnDemand(self._checker, self._ids)

    @property
    def modules(self) -> frozenset[str]:
        """The modules that the checkers stand in, told without loading one."""
        return frozenset(
            point.module for points in self._points.values() for point in points
        )

    @property
    def distributions(self) -> Mapping[str, str]:
        """The package that each checker comes from, by the checker's id."""
        return OnDemand(lambda name: self._whole(name).distribution, self._ids)

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        """What gave no checker; all of them are loaded to tell."""
        return tuple(
            plugin for name in self._points for plugin in self._load(name).broken
        )

    def _ids(self) -> tuple[str, ...]:
        return tuple(
            name for name in self._points if self._load(name).checker is not None
        )

    def _checker(self, name: str) -> Checker[Options]:
        checker = self._whole(name).checker
        assert checker is not None
        return checker

    def _whole(self, name: str) -> _Loaded:
        loaded = self._load(name)
        if loaded.checker is None:
            raise KeyError(name)
        return loaded

    def _load(self, name: str) -> _Loaded:
        if name not in self._loaded:
            # The first of two threads wins, so that everybody has the same objects.
            self._loaded.setdefault(name, _first_of(self._points.get(name, ())))
        return self._loaded[name]


@cache
def installed() -> Registry:
    """Every checker of this Python environment, sorted by id."""
    # The same entry point is seen twice where an editable install left metadata behind.
    points = {(p.name, p.value): p for p in metadata.entry_points(group=GROUP)}
    if not points:
        raise GradeError(
            "no checkers are installed.",
            hint="mlops-grade must be installed (pip install -e .), not only on the path.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    named: dict[str, list[metadata.EntryPoint]] = {}
    for _, point in sorted(points.items()):
        named.setdefault(point.name, []).append(point)
    return Registry(named)


def _first_of(points: Sequence[metadata.EntryPoint]) -> _Loaded:
    checker: Checker[Options] | None = None
    owner = ""
    broken: list[BrokenPlugin] = []
    for point in points:
        distribution = point.dist.name if point.dist else "an unknown distribution"
        try:
            found = _load(point)
        except _NotAChecker as error:
            broken.append(BrokenPlugin(point.name, distribution, str(error)))
            continue
        if checker is not None:
            reason = f"its id is taken by {owner}"
            broken.append(BrokenPlugin(point.name, distribution, reason))
            continue
        checker, owner = found, distribution
    return _Loaded(checker, owner, tuple(broken))


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
