"""A box that doesn't start is our trouble: never a number, whatever it ends with."""

from dataclasses import dataclass, replace

import pytest

from grader.checkers._base import Bench, Options
from grader.checkers._registry import installed
from grader.errors import CannotMeasure
from grader.sandbox.access import Access
from grader.sandbox.box import Box, PlainBox, Program, Tier, Wrapped
from tests.conftest import MakeSnapshot

# Every one of these is for some tool the status of "violations found", or of success.
STATUSES = (0, 1, 2, 4, 32, 125, 126, 127)
PROJECT = {
    "src/__init__.py": "",
    "src/calc.py": "import os\nimport logging\n\n\ndef add(a,b):\n    return a+b\n",
    "tests/test_calc.py": "from src.calc import add\n\n\ndef test_add():\n"
    "    assert add(1, 2) == 3\n",
}
# Those that run nothing can't be failed by a box.
READERS = ("config-paths", "error-handling", "file-presence")


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

    def for_tests(self) -> Box:
        return self


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "name", [name for name in installed().checkers if name not in READERS]
)
def test_a_box_that_does_not_start_is_no_measurement(
    name: str, status: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    checker = installed().checkers[name]
    options = checker.options_type().model_validate({})
    assert isinstance(options, Options)
    broken = replace(bench, boxes=Unusable(status))
    with pytest.raises(CannotMeasure):
        checker.measure(make_snapshot(PROJECT), options, broken)


class FailsLater(PlainBox):
    """Works for what is asked of the interpreter first, and not for the suite itself."""

    def wrap(self, program: Program, access: Access) -> Wrapped:
        if program.descriptors:
            return Unusable(1).wrap(program, access)
        return super().wrap(program, access)

    def for_tools(self) -> Box:
        return self

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
