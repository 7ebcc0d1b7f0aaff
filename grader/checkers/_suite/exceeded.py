"""A test run that was stopped at a limit of ours; what a run that was cut short is."""

from dataclasses import dataclass
from typing import Literal

from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.said import cut
from grader.model.measurement import Finding
from grader.sandbox.limits import MEBIBYTE, Limits

Flag = Literal[
    "configuration_errors",
    "incomplete",
    "timed_out",
    "output_exceeded",
    "memory_exceeded",
    "processes_exceeded",
    "disk_exceeded",
]
FLAGS: tuple[Flag, ...] = (
    *("configuration_errors", "incomplete", "timed_out", "output_exceeded"),
    *("memory_exceeded", "processes_exceeded", "disk_exceeded"),
)


@dataclass(frozen=True)
class Ending:
    """A run cut short by the project's own doing: what to set to 1, what to tell."""

    flag: Flag
    finding: Finding
    is_import_error: bool = False


def exceeded(run: SuiteRun, limits: Limits) -> Ending | None:
    """Which limit the tests ran into, if they did; no result of theirs counts then."""
    match run.output.killed_by:
        case "time":
            said = f"The tests did not finish within {limits.seconds:g} s"
            return _stopped(run, "timed_out", "timed-out", said)
        case "output":
            most = f"{limits.output_bytes // MEBIBYTE} MiB"
            said = f"The tests printed or reported more than {most}"
            return _stopped(run, "output_exceeded", "output-exceeded", said)
        case "memory":
            most = f"{limits.memory_bytes // MEBIBYTE} MiB of memory"
            said = f"The tests and what they started took more than {most}"
            return _stopped(run, "memory_exceeded", "memory-exceeded", said)
        case "processes":
            said = f"The tests had {limits.processes} processes or threads at once"
            return _stopped(run, "processes_exceeded", "processes-exceeded", said)
        case "disk":
            most = f"{limits.disk_bytes // MEBIBYTE} MiB, or {limits.files} files"
            said = f"The tests wrote more than {most}"
            return _stopped(run, "disk_exceeded", "disk-exceeded", said)
        case None:
            return None


_FIXES = {
    "timed-out": "Look for a loop that does not end, a wait for input or for a network, "
    "and for training on the full data inside a test.",
    "output-exceeded": "Log less in a loop, and don't print whole data sets.",
    "memory-exceeded": "Test with a few rows, not with the full data or model.",
    "processes-exceeded": "Start a few workers, not one for each row, and end them.",
    "disk-exceeded": "Test with a few rows, and write less in a loop.",
}


def _stopped(run: SuiteRun, flag: Flag, rule: str, said: str) -> Ending:
    finding = error(
        rule,
        f"{said} and were stopped{where(run)}. No result counts.",
        fix=_FIXES[rule],
    )
    return Ending(flag, finding)


def where(run: SuiteRun) -> str:
    """The test or file that it was in, as the end of a sentence."""
    return f", in {cut(run.told.at)}" if run.told.at else ""


def error(
    rule: str,
    message: str,
    *,
    path: str | None = None,
    line: int | None = None,
    fix: str,
) -> Finding:
    """The finding that says it."""
    return Finding(
        rule=rule, message=message, path=path, line=line, severity="error", fix=fix
    )
