"""Why a test run has no complete results, and whose doing that is.

What ended the process is looked at before any result. What the student's code or settings
did is a measured fact; what can't be laid at their door raises `CannotMeasure`.
"""

import re
import signal
from collections.abc import Sequence
from dataclasses import replace

from grader.checkers._base import refuse_unknown
from grader.checkers._suite.exceeded import Ending, error, exceeded, where
from grader.checkers._suite.results import IMPORT_ERROR
from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.said import (
    TRACEBACK,
    Place,
    cut,
    first_line,
    own_places,
    plain,
    reason,
)
from grader.checkers._suite.settings import OwnSettings
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits

# Pytest's exit statuses. With these the session went to its end.
_PASSED, _FAILED, _NOTHING_COLLECTED, _TOO_MANY_WARNINGS = 0, 1, 5, 6
_INTERNAL_ERROR, _REFUSED = 3, 4
_AT_ITS_END = (_PASSED, _FAILED, _NOTHING_COLLECTED, _TOO_MANY_WARNINGS)

# Options that only a command line of ours can have brought.
_OURS = re.compile(r"unrecognized arguments:.*(?:--cov|--continue-on|--basetemp)")

# "ERROR: usage: …" has the complaint in the line below it.
_COMPLAINT = re.compile(
    r"^(?:ERROR: usage: .*\n.*?: error: |ERROR: )(\S.*)$", re.MULTILINE
)
_IN_TOML = re.compile(r"\(at line (\d+), column \d+\)")


def cut_short(
    run: SuiteRun, settings: OwnSettings, snapshot: Snapshot, limits: Limits
) -> Ending | None:
    """Why the results are not complete, or None when they are.

    Raises `CannotMeasure` when nothing of the project's explains it.
    """
    if not run.told.has_started:
        raise _not_started(run, limits)
    return (
        exceeded(run, limits)
        or _killed(run, snapshot)
        or _refused(run, settings, snapshot)
        or _broke_off(run, snapshot)
        or _misreported(run)
    )


def _not_started(run: SuiteRun, limits: Limits) -> CannotMeasure:
    """The box or the interpreter ended before anything of the project's could run."""
    output = run.output
    match output.killed_by:
        case None:
            why = "the tests were not started"
        case "time":
            why = f"the tests were not started within {limits.seconds:g} s"
        case taken:
            why = f"the tests were not started: too much was taken of {taken}"
    said = replace(
        output, stdout=plain(output.stdout, run), stderr=plain(output.stderr, run)
    )
    return refuse_unknown("pytest", said, why)


def _killed(run: SuiteRun, snapshot: Snapshot) -> Ending | None:
    name = _signal(run)
    if name is None:
        return None
    # Python prints where it was, the innermost call first.
    places = own_places(run.output.stderr, run, snapshot)[:1]
    message = f"Python was ended by {name} while the tests ran{where(run)}"
    return _incomplete(message, places or _at(run, snapshot))


def _signal(run: SuiteRun) -> str | None:
    status = run.output.exit_status
    if status > 128 and status != run.told.status:
        # A box has a shell's way of telling it.
        status = 128 - status
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _refused(run: SuiteRun, settings: OwnSettings, snapshot: Snapshot) -> Ending | None:
    """Pytest ended before any test ran: their settings, a conftest.py or a plugin."""
    output = run.output
    has_ended = run.told.status is not None
    if output.exit_status != _REFUSED and (has_ended or output.exit_status == _PASSED):
        return None
    if _OURS.search(output.stderr):
        raise refuse_unknown(
            "pytest", output, "does not know our options; pytest-cov 4.1 is the least"
        )
    places = own_places(output.stderr, run, snapshot)[-1:]
    if complaint := _complaint(run):
        return _misconfigured(complaint, places, settings)
    if has_ended or run.told.has_begun:
        return None
    if settings.problem:
        return _misconfigured(settings.problem, places, settings)
    if output.exit_status != _INTERNAL_ERROR and TRACEBACK not in output.stderr:
        return None
    if not places:
        raise refuse_unknown("pytest", output, "failed before the tests")
    return _misconfigured(reason(output.stderr, run), places, settings)


def _broke_off(run: SuiteRun, snapshot: Snapshot) -> Ending | None:
    output, stopped = run.output, run.told.stopped
    if stopped is not None and stopped.kind == "internal-error":
        places = own_places(stopped.text, run, snapshot)[-1:]
        if not places:
            raise refuse_unknown("pytest", output, "failed inside")
        why = first_line(stopped.message, run)
        said = f"The tests ended pytest itself with {why}{where(run)}"
        return _incomplete(said, places)
    if stopped is not None:
        places = own_places(stopped.text, run, snapshot)[:1]
        why = first_line(stopped.message, run)
        said = f"The tests were interrupted by {why}{where(run)}"
        return _incomplete(said, places or _at(run, snapshot))
    if run.told.status is None:
        said = f"The test process ended with status {output.exit_status} by itself"
        when = where(run) or (
            ", after the last test" if run.told.results.told else ", before any test"
        )
        return _incomplete(f"{said}{when}", _at(run, snapshot))
    return None


def _misreported(run: SuiteRun) -> Ending | None:
    """What was told does not fit: the process ended otherwise, or some of it is lost."""
    output, told = run.output, run.told
    if told.status != output.exit_status:
        said = (
            f"The tests had come to their end with status {told.status}, and then the "
            f"process ended with status {output.exit_status}"
        )
        return _incomplete(said, ())
    if told.lost:
        said = (
            f"{told.lost} reports of the tests did not arrive: something else wrote to "
            "where they are reported"
        )
        return _incomplete(said, ())
    if told.status not in _AT_ITS_END:
        raise refuse_unknown("pytest", output, "ended in a way we don't know")
    if told.arcs is None:
        raise CannotMeasure(
            "pytest-cov: told nothing although the tests ran to their end. "
            "Something in the project, a conftest.py perhaps, takes the plugin away."
        )
    return None


def _complaint(run: SuiteRun) -> str | None:
    """Pytest's own words for what it refuses, None where it refuses nothing."""
    if run.output.exit_status != _REFUSED:
        return None
    said = plain(run.output.stderr, run)
    if "while loading conftest" in said:
        return reason(said, run)
    found = _COMPLAINT.search(said)
    return cut(found[1]) if found else None


def _at(run: SuiteRun, snapshot: Snapshot) -> tuple[Place, ...]:
    """The file that it was in, as far as it is the repository's."""
    path = (run.told.at or "").partition("::")[0]
    return (Place(path, None),) if path in snapshot.files else ()


def _misconfigured(why: str, places: Sequence[Place], settings: OwnSettings) -> Ending:
    place = places[0] if places else None
    if place is None and settings.file and (where := _IN_TOML.search(why)):
        place = Place(settings.file, int(where[1]))
    finding = error(
        "configuration-error",
        f"Pytest can't start with this repository's settings or conftest.py: {why}",
        path=place.path if place else settings.file,
        line=place.line if place else None,
        fix="Run `python -m pytest` at the top of a fresh clone and mend what it says.",
    )
    is_import_error = IMPORT_ERROR.match(why) is not None
    return Ending("configuration_errors", finding, is_import_error)


def _incomplete(what: str, places: Sequence[Place]) -> Ending:
    place = places[0] if places else None
    finding = error(
        "incomplete",
        f"{what}. How the remaining tests end is not known, so none counts as passed.",
        path=place.path if place else None,
        line=place.line if place else None,
        fix="Tests and the code they import must not end the process: no sys.exit() at "
        "import, no os._exit(), no pytest.exit().",
    )
    return Ending("incomplete", finding)
