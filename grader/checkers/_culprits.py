"""Finds the files on which a tool crashes or hangs, so that the others are measured.

One such file loses the results of all, and most tools don't say which it was. So the tool
is run again on parts of the list until single files are left that it fails on alone, and
then once on the rest. All of that together may take as long as the tool itself was allowed:
after that, or where it fails on most files, nothing is measured, as for any other failure.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from grader.errors import CannotMeasure
from grader.sandbox.limits import Limits

# Into so many parts a list is divided, of which most often one hangs until it is stopped.
_PARTS = 4
# More is no accident of single files. Beside it, no more than half of them.
_MOST_CULPRITS = 20
_REASON_CHARACTERS = 300

T = TypeVar("T")


class CrashedOn(CannotMeasure):
    """A tool that crashed and said on which files.

    `reasons` has what it said of each, by its path relative to the repository.
    """

    def __init__(self, tool: str, reasons: Mapping[str, str]) -> None:
        first = min(reasons)
        super().__init__(f"{tool}: crashed on {first}: {reasons[first]}")
        self.reasons = {
            path: f"{tool}: crashed: {why}" for path, why in reasons.items()
        }


class Stopped(CannotMeasure):
    """A tool that was stopped at a limit, which it may have taken long to come to."""


@dataclass(frozen=True)
class Rest(Generic[T]):
    """What a tool gave for the files that it can read, and why it can't read the others."""

    result: T
    culprits: Mapping[str, str]


@dataclass(frozen=True)
class Runs(Generic[T]):
    """The ways to run a tool again, each under the limits given.

    On `only` some of the files; `without` some of them, for the result; on a `control` that
    is in order. Each raises `CannotMeasure` where the tool fails.
    """

    only: Callable[[Collection[str], Limits], object]
    without: Callable[[Collection[str], Limits], T]
    control: Callable[[Limits], object]


def measure_rest(
    failure: CannotMeasure, paths: Sequence[str], runs: Runs[T], limits: Limits
) -> Rest[T]:
    """Measure what a tool can read of `paths`, after its `failure` on all of them.

    Raises `failure` where it isn't the doing of single files.
    """
    if len(paths) < 2:
        raise failure
    started = time.monotonic()
    try:
        runs.control(replace(limits, seconds=limits.seconds / 4))
    except CannotMeasure:
        raise failure from None
    search = _Search(failure, paths, runs, limits, started)
    return search.measure_rest()


class _Search(Generic[T]):
    def __init__(
        self,
        failure: CannotMeasure,
        paths: Sequence[str],
        runs: Runs[T],
        limits: Limits,
        started: float,
    ) -> None:
        self._failure = failure
        self._paths = paths
        self._runs = runs
        self._limits = limits
        self._deadline = started + limits.seconds
        # A file of a few lines took a fourth of this, here and now.
        self._least = max(4 * (time.monotonic() - started), limits.seconds / 18)
        self._is_slow = isinstance(failure, Stopped)
        self._culprits: dict[str, str] = {}

    def measure_rest(self) -> Rest[T]:
        failure = self._failure
        while True:
            known = len(self._culprits)
            if not self._take_named(failure):
                self._look_through(self._rest())
            if len(self._culprits) == known:
                raise self._failure
            limits = replace(self._limits, seconds=self._time_left())
            try:
                result = self._runs.without(self._culprits, limits)
            except CannotMeasure as another:
                # Behind a crash may be a second one, or a file that hangs.
                failure = another
                self._is_slow |= isinstance(failure, Stopped)
            else:
                return Rest(result, self._culprits)

    def _limits_for(self, count: int) -> Limits:
        """The limits of a run on `count` files.

        Half of the time left; where the tool hangs on some file a small share, as each part
        with that file takes all of it. Never so little that a good file would not do.
        """
        left = self._time_left()
        share = left / 2
        if self._is_slow:
            part = self._limits.seconds / 4 * count / len(self._paths)
            share = max(part, self._least)
        if share < self._least or share > left:
            raise self._too_late()
        return replace(self._limits, seconds=share)

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left < self._least:
            raise self._too_late()
        return left

    def _too_late(self) -> CannotMeasure:
        return CannotMeasure(
            f"{_one_line(self._failure.reason)} The files that it is about could not be "
            "found in time."
        )

    def _rest(self) -> list[str]:
        return [path for path in self._paths if path not in self._culprits]

    def _take_named(self, failure: CannotMeasure) -> bool:
        if not isinstance(failure, CrashedOn):
            return False
        named = sorted(failure.reasons.keys() & self._rest())
        for path in named:
            self._blame(path, failure.reasons[path])
        return bool(named)

    def _look_through(self, paths: Sequence[str]) -> None:
        """Find the culprits among `paths`, on all of which together the tool fails."""
        size = -(-len(paths) // _PARTS)
        for start in range(0, len(paths), size):
            part = paths[start : start + size]
            limits = self._limits_for(len(part))
            try:
                self._runs.only(part, limits)
            except CannotMeasure as failure:
                self._is_slow |= isinstance(failure, Stopped)
                if self._take_named(failure):
                    continue
                if len(part) > 1:
                    self._look_through(part)
                else:
                    self._blame(part[0], failure.reason)

    def _blame(self, path: str, reason: str) -> None:
        self._culprits[path] = _one_line(reason)
        most = min(_MOST_CULPRITS, len(self._paths) // 2)
        if len(self._culprits) > most:
            raise CannotMeasure(
                f"{_one_line(self._failure.reason)} It fails on more than {most} of "
                f"{len(self._paths)} files, one of them {path}."
            )


def _one_line(reason: str) -> str:
    line = " ".join(reason.split())
    if len(line) <= _REASON_CHARACTERS:
        return line
    return f"{line[:_REASON_CHARACTERS]}…"
