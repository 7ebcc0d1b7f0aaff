"""Why a test run has no complete results, and whose doing that is.

The exit status is looked at before any result. What the student's code or settings did
is a measured fact; what can't be laid at their door raises `CannotMeasure`.
"""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.checkers._base import refuse_unknown
from grader.checkers._suite.junit import IMPORT_ERROR
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
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits

# Pytest's exit statuses. With these the session went to its end.
_PASSED, _FAILED, _NOTHING_COLLECTED, _TOO_MANY_WARNINGS = 0, 1, 5, 6
_INTERRUPTED, _INTERNAL_ERROR, _REFUSED = 2, 3, 4
_AT_ITS_END = (_PASSED, _FAILED, _NOTHING_COLLECTED, _TOO_MANY_WARNINGS)

# Options that only a command line of ours can have brought.
_OURS = re.compile(
    r"unrecognized arguments:.*(?:--cov|--junitxml|--continue-on|--basetemp)"
    r"|argument --cov-report: invalid choice: \"json:"
)

# "ERROR: usage: …" has the complaint in the line below it.
_COMPLAINT = re.compile(
    r"^(?:ERROR: usage: .*\n.*?: error: |ERROR: )(\S.*)$", re.MULTILINE
)
_INTERRUPTION = re.compile(r"^!{3,} (.+?) !{3,}$", re.MULTILINE)
_IN_TOML = re.compile(r"\(at line (\d+), column \d+\)")

Flag = Literal["timed_out", "output_exceeded", "incomplete", "configuration_errors"]


@dataclass(frozen=True)
class Ending:
    """A run cut short by the project's own doing: what to set to 1, what to tell."""

    flag: Flag
    finding: Finding
    is_import_error: bool = False


def cut_short(
    run: SuiteRun, settings: OwnSettings, snapshot: Snapshot, limits: Limits
) -> Ending | None:
    """Why the results are not complete, or None when they are.

    Raises `CannotMeasure` when nothing of the project's explains it.
    """
    return (
        _exceeded(run, limits)
        or _killed(run, snapshot)
        or _refused(run, settings, snapshot)
        or _broke_off(run, snapshot)
    )


def _exceeded(run: SuiteRun, limits: Limits) -> Ending | None:
    if run.output.killed_by == "time":
        finding = _finding(
            "timed-out",
            f"The tests did not finish within {limits.seconds:g} s and were stopped.",
            fix="Look for a loop that does not end, a wait for input or for a network, "
            "and for training on the full data inside a test.",
        )
        return Ending("timed_out", finding)
    if run.output.killed_by == "output" or run.oversized:
        finding = _finding(
            "output-exceeded",
            f"The tests printed more than {limits.output_bytes // 2**20} MiB "
            "and were stopped.",
            fix="Log less in a loop, and don't print whole data sets.",
        )
        return Ending("output_exceeded", finding)
    return None


def _killed(run: SuiteRun, snapshot: Snapshot) -> Ending | None:
    status = run.output.exit_status
    if status >= 0:
        return None
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    # Python prints where it was, the innermost call first.
    places = own_places(run.output.stderr, run, snapshot)[:1]
    message = f"Python was ended by {name} while the tests ran"
    return _incomplete(message, places)


def _refused(run: SuiteRun, settings: OwnSettings, snapshot: Snapshot) -> Ending | None:
    """Pytest ended before any test ran: their settings, a conftest.py or a plugin."""
    output = run.output
    is_over = run.junit is None and output.exit_status != _PASSED
    if output.exit_status != _REFUSED and not is_over:
        return None
    if _OURS.search(output.stderr):
        raise refuse_unknown(
            "pytest", output, "does not know our options; pytest-cov 4.1 is the least"
        )
    places = own_places(output.stderr, run, snapshot)[-1:]
    if complaint := _complaint(run):
        return _misconfigured(complaint, places, settings)
    if run.junit is not None:
        return None
    if settings.problem:
        return _misconfigured(settings.problem, places, settings)
    if output.exit_status != _INTERNAL_ERROR and TRACEBACK not in output.stderr:
        return None
    if not places:
        raise refuse_unknown("pytest", output, "failed without a report")
    return _misconfigured(reason(output.stderr, run), places, settings)


def _broke_off(run: SuiteRun, snapshot: Snapshot) -> Ending | None:
    output = run.output
    if run.junit is None:
        message = f"The test process ended with status {output.exit_status} by itself"
        return _incomplete(f"{message}, before pytest could report", ())
    if output.exit_status == _INTERNAL_ERROR:
        trouble = "\n".join(
            line for line in output.stdout.splitlines() if "INTERNALERROR>" in line
        )
        places = own_places(trouble, run, snapshot)[-1:]
        if not places:
            raise refuse_unknown("pytest", output, "failed inside")
        why = plain(trouble.splitlines()[-1], run).removeprefix("INTERNALERROR> ")
        return _incomplete(f"The tests ended pytest itself with {cut(why)}", places)
    was_told_to_stop = "_pytest.outcomes.Exit:" in output.stdout
    if output.exit_status == _INTERRUPTED or (
        run.coverage is None and was_told_to_stop
    ):
        # Pytest's line of exclamation marks, and the place in the line below it.
        said = _INTERRUPTION.findall(output.stdout)
        by = first_line(said[-1], run) if said else "something unknown"
        places = own_places(output.stdout.rpartition("!!!!")[2], run, snapshot)[:1]
        return _incomplete(f"The tests were interrupted by {by}", places)
    if output.exit_status not in _AT_ITS_END:
        raise refuse_unknown("pytest", output, "ended in a way we don't know")
    # With no file that ran and none that can be parsed, coverage writes no report.
    if run.coverage is None and "No data to report" not in output.stdout:
        raise CannotMeasure(
            "pytest-cov: wrote no report although the tests ran to their end. "
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


def _misconfigured(why: str, places: Sequence[Place], settings: OwnSettings) -> Ending:
    place = places[0] if places else None
    if place is None and settings.file and (where := _IN_TOML.search(why)):
        place = Place(settings.file, int(where[1]))
    finding = _finding(
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
    finding = _finding(
        "incomplete",
        f"{what}. How the remaining tests end is not known, so none counts as passed.",
        path=place.path if place else None,
        line=place.line if place else None,
        fix="Tests and the code they import must not end the process: no sys.exit() at "
        "import, no os._exit(), no pytest.exit().",
    )
    return Ending("incomplete", finding)


def _finding(
    rule: str,
    message: str,
    *,
    path: str | None = None,
    line: int | None = None,
    fix: str,
) -> Finding:
    return Finding(
        rule=rule, message=message, path=path, line=line, severity="error", fix=fix
    )
