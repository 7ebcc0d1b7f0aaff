"""Signals out of the graded run itself: an end, a count or a line that doesn't fit."""

from collections.abc import Collection
from dataclasses import dataclass

from grader.checkers._signals.sight import signal
from grader.model.measurement import Finding

_SHOWN = 5


@dataclass(frozen=True)
class Course:
    """How the graded run went, beside the tests' outcomes; tests are by pytest's ids.

    `exit_status` is the process's, `finish_status` what the run's last report says of it,
    None when that never came. `was_stopped` by a limit of ours. `collected` are the tests
    that were to run, `reported` those with an outcome. `dropped` were collected and taken
    out again, though not by the settings. `marked` were skipped or expected to fail by a
    mark that they got from a hook. `odd_lines` are lines among the results that can't be
    from our reporter, `lost_lines` those of it that are missing. `bad` counts the tests
    that failed, erred or could not be collected.
    """

    exit_status: int
    finish_status: int | None
    was_stopped: bool = False
    collected: Collection[str] = ()
    reported: Collection[str] = ()
    dropped: Collection[str] = ()
    marked: Collection[str] = ()
    odd_lines: int = 0
    lost_lines: int = 0
    bad: int = 0


def graded_signals(course: Course) -> tuple[Finding, ...]:
    """What of it deserves a look, nothing where all fits together."""
    found: list[Finding] = []
    if course.odd_lines:
        found.append(
            signal(
                "foreign-results",
                f"Among the results were {_lines(course.odd_lines)} that the run's own "
                "reporter does not write.",
            )
        )
    if course.lost_lines and course.finish_status is not None:
        found.append(
            signal(
                "lost-results",
                f"Of the run's own results {_lines(course.lost_lines)} did not arrive.",
            )
        )
    found += _ending(course)
    found += _counts(course)
    return tuple(found)


def _ending(course: Course) -> list[Finding]:
    """An end that pretends; a crash or an error is told as what it is, in the numbers."""
    if course.was_stopped:
        return []
    if course.finish_status is None:
        if course.exit_status != 0:
            return []
        return [
            signal(
                "no-end-reported",
                "The process of the tests ended with status 0, which means that every "
                "test passed, before the run had reported its end.",
            )
        ]
    if course.finish_status != course.exit_status:
        if _is_crash(course.exit_status):
            return []
        return [
            signal(
                "other-exit-status",
                f"The run reported its end with status {course.finish_status}; the "
                f"process ended with {course.exit_status}.",
            )
        ]
    if course.exit_status == 0 and course.bad:
        return [
            signal(
                "other-exit-status",
                "The run ended with status 0, which means that every test passed; "
                f"{course.bad} did not.",
            )
        ]
    return []


def _is_crash(exit_status: int) -> bool:
    # A signal, as it is told with and without a box; 120: the last output was not taken.
    return exit_status < 0 or exit_status >= 120


def _counts(course: Course) -> list[Finding]:
    found: list[Finding] = []
    if course.dropped:
        found.append(
            signal(
                "tests-dropped",
                f"{_tests(course.dropped)} collected and then taken out by code, not by "
                f"an option: {_named(course.dropped)}.",
            )
        )
    if course.marked:
        found.append(
            signal(
                "tests-marked-later",
                f"{_tests(course.marked)} skipped or expected to fail by a mark that a "
                f"hook added: {_named(course.marked)}.",
            )
        )
    if course.finish_status is None or course.was_stopped:
        return found
    if unreported := set(course.collected) - set(course.reported):
        found.append(
            signal(
                "tests-not-reported",
                f"{_tests(unreported)} to run and got no outcome: {_named(unreported)}.",
            )
        )
    if unknown := set(course.reported) - set(course.collected):
        found.append(
            signal(
                "tests-not-known",
                f"{_tests(unknown)} reported without having been collected: "
                f"{_named(unknown)}.",
            )
        )
    return found


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _tests(tests: Collection[str]) -> str:
    return "1 test was" if len(tests) == 1 else f"{len(tests)} tests were"


def _named(tests: Collection[str]) -> str:
    first = sorted(tests)[:_SHOWN]
    more = f" and {len(tests) - _SHOWN} more" if len(tests) > _SHOWN else ""
    return ", ".join(first) + more
