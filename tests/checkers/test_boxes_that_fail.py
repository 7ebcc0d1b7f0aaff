"""A box that doesn't start is our trouble: never a number, whatever it ends with."""

import json
from dataclasses import dataclass, replace

import pytest

from grader.checkers._base import Bench, Options
from grader.checkers._registry import installed
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from grader.sandbox.access import Access
from grader.sandbox.box import Box, Confining, PlainBox, Program, Tier, Wrapped
from tests.conftest import MakeSnapshot

# Every one of these is for some tool the status of "violations found", or of success.
STATUSES = (0, 1, 2, 4, 32, 125, 126, 127)
PROJECT = {
    "src/__init__.py": "",
    "src/calc.py": "import os\nimport logging\n\n\ndef add(a,b):\n    return a+b\n",
    "tests/test_calc.py": "from src.calc import add\n\n\ndef test_add():\n"
    "    assert add(1, 2) == 3\n",
    "notebooks/a.ipynb": json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "cell_type": "code",
                    "source": "key = 'a'\nurl = 'https://example.org'",
                    "metadata": {},
                    "outputs": [],
                    "execution_count": 1,
                }
            ],
        }
    ),
}
# Those that run nothing can't be failed by a box. `suppressions` leaves out each number
# whose tool could not be run: a test of its own. So has what looks through a history, of
# which a folder has none.
RUNNERS = [
    name
    for name, checker in installed().checkers.items()
    if checker.tools and name != "suppressions" and not checker.reads_history
]


@dataclass(frozen=True)
class Unusable:
    """Ends by itself before the program is there, as bwrap does when it is refused."""

    status: int

    @property
    def tier(self) -> Tier:
        return "bubblewrap"

    @property
    def description(self) -> str:
        return "unusable"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        script = f"echo 'bwrap: Creating new namespace failed' >&2; exit {self.status}"
        return Wrapped(("/bin/sh", "-c", script), program.environment)

    def for_tools(self) -> Box:
        return self

    def for_forks(self) -> Confining | None:
        return None

    def for_tests(self) -> Box:
        return self


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", RUNNERS)
def test_a_box_that_does_not_start_is_no_measurement(
    name: str, status: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    checker = installed().checkers[name]
    options = checker.options_type().model_validate({})
    assert isinstance(options, Options)
    broken = replace(bench, boxes=Unusable(status))
    with pytest.raises(CannotMeasure):
        checker.measure(make_snapshot(PROJECT), options, broken)


def test_every_checker_that_runs_a_tool_is_tried() -> None:
    tools = (
        "formatting imports lint logging pylint coverage complexity secrets docstrings"
    )
    assert set(tools.split()) | {"notebooks", "secrets-hygiene"} == set(RUNNERS)


class FailsLater(PlainBox):
    """Works for what is asked of the interpreter first, and not for the suite itself."""

    def wrap(self, program: Program, access: Access) -> Wrapped:
        if program.descriptors:
            return Unusable(1).wrap(program, access)
        return super().wrap(program, access)

    def for_tools(self) -> Box:
        return self

    def for_forks(self) -> Confining | None:
        return None

    def for_tests(self) -> Box:
        return self


def test_a_box_that_fails_for_the_suite_is_not_the_suites_doing(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    checker = installed().checkers["coverage"]
    options = checker.options_type().model_validate({})
    broken = replace(bench, boxes=FailsLater())
    with pytest.raises(CannotMeasure, match="Creating new namespace failed"):
        checker.measure(make_snapshot(PROJECT), options, broken)


def test_what_comments_hide_is_absent_where_its_tool_could_not_be_run(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"src/a.py": "import os  # noqa: F401\nx = 1  # pylint: disable=C0103\n"}
    checker = installed().checkers["suppressions"]
    options = checker.options_type().model_validate({})
    broken = replace(bench, boxes=Unusable(1))
    outcome = checker.measure(make_snapshot(files), options, broken).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["comments"] == 2
    absent = {"hidden_violations", "hidden_pylint_points", "hidden_pylint_messages"}
    assert absent.isdisjoint(outcome.values)
