"""The additional runs: what they change, what they may cost, what they are taken to say."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from grader.checkers._signals.declared import NamingRules
from grader.checkers._signals.extra import (
    Change,
    Ends,
    Extra,
    Outcome,
    TestEnd,
    extra_runs,
)
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

SOURCE = """\
def double(rows):
    twice = []
    for row in rows:
        twice.append(row * 2)
    return twice
"""
FILES = {
    "src/a.py": SOURCE,
    "src/b.py": SOURCE,
    "tests/conftest.py": "import pytest\n",
    "tests/test_a.py": "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n",
}
PASSED = TestEnd("passed")
FAILED = TestEnd("failed", said="AssertionError: assert 1 == 2")
GRADED = Ends(
    {"tests/test_a.py::test_a": PASSED, "tests/test_a.py::test_b": PASSED},
    is_complete=True,
    duration_s=100.0,
)
Answer = Callable[[Change], Ends]


@dataclass
class Runs:
    """Stands in for real runs, and remembers what was asked for."""

    answers: list[Answer]
    asked: list[Change] = field(default_factory=list)

    def __call__(self, change: Change) -> Ends:
        self.asked.append(change)
        return self.answers[len(self.asked) - 1](change)


# What a canary of each kind has in its text.
_SIGNS: tuple[tuple[str, Outcome], ...] = (
    ("pytest.mark.xfail", "xfailed"),
    ("pytest.skip", "skipped"),
    ("+= 1", "failed"),
    (") == ", "failed"),
    (") != ", "passed"),
)


def canary_ends(change: Change) -> dict[str, TestEnd]:
    """Our own tests with the outcomes that they have."""
    found: dict[str, TestEnd] = {}
    for path, text in change.files.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = ast.unparse(node)
                outcomes = [outcome for sign, outcome in _SIGNS if sign in said]
                found[f"{path}::{node.name}"] = TestEnd([*outcomes, "error"][0])
    return found


def ends(
    tests: Mapping[str, TestEnd], *, seconds: float = 10.0, is_complete: bool = True
) -> Ends:
    return Ends(tests, is_complete=is_complete, duration_s=seconds)


def look(snapshot: Snapshot, runs: Runs, graded: Ends = GRADED) -> Extra:
    covered = {path: range(1, 6) for path in ("src/a.py", "src/b.py")}
    sources = ("src/a.py", "src/b.py")
    return extra_runs(snapshot, graded, sources, covered, NamingRules(), runs)


def mutants_called(*calls: int, **changed: TestEnd) -> Answer:
    """A first run in which `test_a` called these, with honest canaries."""

    def answer(change: Change) -> Ends:
        tests = {
            "tests/test_a.py::test_a": replace(PASSED, calls=frozenset(calls)),
            "tests/test_a.py::test_b": PASSED,
        }
        tests |= {f"tests/test_a.py::{name}": end for name, end in changed.items()}
        return ends({**tests, **canary_ends(change)})

    return answer


def same(change: Change) -> Ends:
    return ends(GRADED.tests)


def b_fails(change: Change) -> Ends:
    return ends({**GRADED.tests, "tests/test_a.py::test_b": FAILED})


def rules(extra: Extra) -> list[str]:
    return [finding.rule for finding in extra.signals]


def test_tests_that_notice_and_an_idle_conftest_raise_no_signal(
    make_snapshot: MakeSnapshot,
) -> None:
    noticed = replace(FAILED, calls=frozenset({1, 2}))
    runs = Runs([mutants_called(1, 2, test_a=noticed), same])
    extra = look(make_snapshot(FILES), runs)
    assert extra.signals == extra.notes == ()
    assert (len(extra.mutants.called), len(extra.mutants.survived)) == (2, 0)
    first, second = runs.asked
    assert first.has_conftest and not second.has_conftest
    assert {"src/a.py", "src/b.py"} < set(first.files)
    assert (first.caller or "?") in first.files["src/a.py"]
    assert second.files == {}


def test_mutants_that_nobody_notices_are_told_when_there_are_two(
    make_snapshot: MakeSnapshot,
) -> None:
    extra = look(make_snapshot(FILES), Runs([mutants_called(1, 2), same]))
    assert rules(extra) == ["no-mutant-noticed"]
    assert "`double` in src/a.py, `double` in src/b.py" in extra.signals[0].message
    one = look(make_snapshot(FILES), Runs([mutants_called(1), same]))
    assert one.signals == ()
    assert len(one.mutants.survived) == 1


def test_a_canary_that_comes_out_otherwise_is_told(make_snapshot: MakeSnapshot) -> None:
    def all_pass(change: Change) -> Ends:
        return ends({**GRADED.tests, **dict.fromkeys(canary_ends(change), PASSED)})

    extra = look(make_snapshot(FILES), Runs([all_pass, same]))
    assert rules(extra) == ["known-outcomes-differ"]
    assert "one that fails in an assertion, as passed" in extra.signals[0].message


def test_what_only_a_conftest_makes_pass_is_told_when_it_stays_so(
    make_snapshot: MakeSnapshot,
) -> None:
    runs = Runs([mutants_called(), b_fails, b_fails])
    extra = look(make_snapshot(FILES), runs)
    assert rules(extra) == ["conftest-decides"]
    assert "test_b" in extra.signals[0].message
    assert extra.signals[0].path == "tests/conftest.py"
    assert runs.asked[2].only == ("tests/test_a.py::test_b",)
    flaky = Runs([mutants_called(), b_fails, same])
    assert look(make_snapshot(FILES), flaky).signals == ()


@pytest.mark.parametrize(
    "end",
    [
        TestEnd("failed", said="ModuleNotFoundError: No module named 'src'"),
        TestEnd(
            "failed", said="Failed: async def functions are not natively supported."
        ),
        TestEnd("failed", said="ValueError: no option named '--stage'"),
        TestEnd("error", in_call=False, said="fixture 'rows' not found"),
        TestEnd("failed", in_call=False, said="AssertionError"),
        TestEnd("skipped"),
    ],
)
def test_what_misses_something_without_a_conftest_is_not_told(
    end: TestEnd, make_snapshot: MakeSnapshot
) -> None:
    def without(change: Change) -> Ends:
        return ends({**GRADED.tests, "tests/test_a.py::test_b": end})

    extra = look(make_snapshot(FILES), Runs([mutants_called(), without]))
    assert extra.signals == ()


def test_users_of_a_conftests_fixtures_are_not_told(
    make_snapshot: MakeSnapshot,
) -> None:
    using = replace(PASSED, uses_conftest=True)
    graded = replace(GRADED, tests=dict.fromkeys(GRADED.tests, using))
    extra = look(make_snapshot(FILES), Runs([mutants_called(), b_fails]), graded)
    assert extra.signals == ()


@pytest.mark.parametrize(
    "conftest",
    [
        "import os\nos.environ['MODE'] = 'test'\n",
        "import numpy as np\nnp.random.seed(1)\n",
        "import sys\nfrom unittest.mock import MagicMock\nsys.modules['torch'] = MagicMock()\n",
        "def pytest_configure(config):\n    open('data.csv', 'w').close()\n",
        "def f(:\n",
    ],
)  # fmt: skip
def test_a_conftest_that_prepares_something_is_left_in(
    conftest: str, make_snapshot: MakeSnapshot
) -> None:
    runs = Runs([mutants_called()])
    extra = look(make_snapshot({**FILES, "tests/conftest.py": conftest}), runs)
    assert extra.signals == ()
    assert len(runs.asked) == 1


def test_tests_by_chance_or_the_clock_are_not_told(make_snapshot: MakeSnapshot) -> None:
    flaky = "import random\n\n\ndef test_b():\n    assert random.random() < 0.5\n"
    runs = Runs([mutants_called(), b_fails])
    extra = look(make_snapshot({**FILES, "tests/test_a.py": flaky}), runs)
    assert extra.signals == ()


def test_without_a_conftest_there_is_one_run(make_snapshot: MakeSnapshot) -> None:
    files = {path: text for path, text in FILES.items() if "conftest" not in path}
    runs = Runs([mutants_called()])
    look(make_snapshot(files), runs)
    assert len(runs.asked) == 1


@pytest.mark.parametrize(
    "graded",
    [
        replace(GRADED, is_complete=False),
        replace(GRADED, tests=dict.fromkeys(GRADED.tests, FAILED)),
        replace(GRADED, tests={}),
    ],
)
def test_nothing_more_is_run_where_it_would_say_nothing(
    graded: Ends, make_snapshot: MakeSnapshot
) -> None:
    assert look(make_snapshot(FILES), Runs([]), graded) == Extra()


def test_the_runs_together_have_twice_the_suites_own_time(
    make_snapshot: MakeSnapshot,
) -> None:
    def slow(change: Change) -> Ends:
        return ends(canary_ends(change), seconds=150.0, is_complete=True)

    runs = Runs([slow, same])
    look(make_snapshot(FILES), runs)
    assert [change.seconds for change in runs.asked] == [200.0, 50.0]


def test_a_run_that_is_stopped_says_nothing_but_that(
    make_snapshot: MakeSnapshot,
) -> None:
    def stopped(change: Change) -> Ends:
        return ends({}, seconds=change.seconds, is_complete=False)

    extra = look(make_snapshot(FILES), Runs([stopped]))
    assert extra.signals == ()
    assert extra.mutants.called == ()
    assert {finding.severity for finding in extra.notes} == {"info"}
