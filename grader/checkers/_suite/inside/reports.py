"""What pytest's reports and items say."""

from __future__ import annotations

import inspect
import os

import pytest

MYPY = False
if MYPY:
    from typing import Union

    Reported = Union[pytest.TestReport, pytest.CollectReport]


def outcome_of(report: pytest.TestReport) -> str | None:
    """What one phase of a test says of the whole of it; None for what is no outcome.

    A part of a test that failed (a subtest) fails it; one that was skipped does not skip it.
    """
    is_part = getattr(report, "context", None) is not None
    if is_part and report.outcome != "failed":
        return None
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome, "failed")
    if report.outcome == "failed":
        return "error" if report.when in ("setup", "teardown") else "failed"
    # Of plugins there are others: a test that is run again ends as "rerun" first.
    return report.outcome if report.outcome in ("passed", "skipped") else None


def uses_conftest(item: pytest.Item) -> bool:
    """Whether one of a test's fixtures, also an automatic one, is from a conftest.py."""
    info = getattr(item, "_fixtureinfo", None)
    for fixtures in getattr(info, "name2fixturedefs", {}).values():
        for fixture in fixtures:
            function = inspect.unwrap(fixture.func)
            code = getattr(getattr(function, "__func__", function), "__code__", None)
            if os.path.basename(getattr(code, "co_filename", "")) == "conftest.py":
                return True
    return False


def marks(item: pytest.Item) -> int:
    """How many marks of a test skip it or let it fail."""
    return sum(mark.name in ("skip", "skipif", "xfail") for mark in item.iter_markers())


def reason(report: Reported) -> str:
    """Why it ended so, in short."""
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    said = report.longrepr
    if isinstance(said, tuple):
        return str(said[2])
    crash = getattr(said, "reprcrash", None)
    return str(getattr(crash, "message", said))


def text(report: Reported) -> str:
    """The whole of it: the traceback."""
    said = report.longrepr
    return str(said[2] if isinstance(said, tuple) else said)
