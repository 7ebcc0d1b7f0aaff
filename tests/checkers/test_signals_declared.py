"""Tests that are written and were not collected: told, unless an honest reason is known."""

import pytest

from grader.checkers._signals.declared import (
    NamingRules,
    declared_tests,
    missing_signals,
    read_naming_rules,
)
from tests.conftest import MakeSnapshot

WRITTEN = """\
import pytest
import unittest
from hypothesis import given, strategies as st
from unittest.mock import patch


def test_plain():
    pass


async def test_async():
    pass


@pytest.mark.parametrize("x", [1])
def test_marked(x):
    pass


@given(st.integers())
@patch("os.getcwd")
def test_decorated(n, cwd):
    pass


class TestGroup:
    def test_method(self):
        pass

    class TestInner:
        def test_deep(self):
            pass


class Case(unittest.TestCase):
    def test_case(self):
        pass
"""

# Nothing in here is certain to be collected.
NOT_CERTAIN = """\
import pytest
from somewhere import Base, route, test_imported


def helper():
    def test_nested():
        pass


@pytest.fixture
def test_data():
    pass


@route("/test")
def test_route():
    pass


def test_yields():
    yield 1


if helper():
    def test_maybe():
        pass


def test_replaced():
    pass


test_replaced = None


def test_deleted():
    pass


del test_deleted


class TestWithInit:
    def __init__(self):
        pass

    def test_a(self):
        pass


class TestChild(Base):
    def test_a(self):
        pass


class Helper:
    def test_a(self):
        pass
"""


def names(text: str, make_snapshot: MakeSnapshot) -> set[str]:
    snapshot = make_snapshot({"tests/test_a.py": text})
    return set(declared_tests(snapshot, NamingRules()).get("tests/test_a.py", ()))


def test_what_pytest_would_take_is_written(make_snapshot: MakeSnapshot) -> None:
    assert names(WRITTEN, make_snapshot) == {
        *("test_plain", "test_async", "test_marked", "test_decorated"),
        *("TestGroup::test_method", "TestGroup::TestInner::test_deep"),
        "Case::test_case",
    }


def test_what_is_not_certain_does_not_count(make_snapshot: MakeSnapshot) -> None:
    assert names(NOT_CERTAIN, make_snapshot) == set()


def test_two_of_one_name_are_one(make_snapshot: MakeSnapshot) -> None:
    text = "def test_a():\n    pass\n\n\ndef test_a():\n    pass\n"
    snapshot = make_snapshot({"test_a.py": text})
    assert declared_tests(snapshot, NamingRules()) == {"test_a.py": {"test_a": 5}}


def test_a_file_that_says_itself_what_is_a_test_is_left_alone(
    make_snapshot: MakeSnapshot,
) -> None:
    assert (
        names("def test_a():\n    pass\n\n__test__ = False\n", make_snapshot) == set()
    )


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        ("[pytest]\npython_files = check_*.py\npython_functions = check\n", "pytest.ini"),
        ('[tool.pytest.ini_options]\npython_files = ["check_*.py"]\n'
         'python_functions = ["check_*"]\n', "pyproject.toml"),
    ],
)  # fmt: skip
def test_the_projects_own_names_hold(
    settings: str, file: str, make_snapshot: MakeSnapshot
) -> None:
    text = "def check_a():\n    pass\n\n\ndef test_a():\n    pass\n"
    snapshot = make_snapshot({file: settings, "check_x.py": text, "test_x.py": text})
    rules = read_naming_rules(snapshot, file)
    assert declared_tests(snapshot, rules) == {"check_x.py": {"check_a": 1}}


@pytest.mark.parametrize("settings", ["[pytest\n", "[pytest]\naddopts = 'x\n", ""])
def test_settings_that_cannot_be_read_are_the_defaults(
    settings: str, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot({"pytest.ini": settings})
    assert read_naming_rules(snapshot, "pytest.ini") == NamingRules()
    assert read_naming_rules(snapshot, None) == NamingRules()


def test_only_the_settings_places_are_looked_at(make_snapshot: MakeSnapshot) -> None:
    test = "def test_a():\n    pass\n"
    paths = ("tests/test_a.py", "tests/deep/test_b.py", "other/test_c.py")
    files = {"pytest.ini": "[pytest]\ntestpaths = ./tests/ missing\n"}
    snapshot = make_snapshot({**files, **dict.fromkeys(paths, test)})
    rules = read_naming_rules(snapshot, "pytest.ini")
    assert set(declared_tests(snapshot, rules)) == set(paths[:2])
    everywhere = make_snapshot({"build/test_d.py": test, "a/.b/test_e.py": test})
    assert declared_tests(everywhere, NamingRules()) == {}


def test_missing_tests_are_named_with_their_file_and_line() -> None:
    declared = {
        "tests/test_a.py": {"test_a": 3, "test_b": 9, "test_c": 12},
        "tests/test_b.py": {"test_a": 1},
        "tests/test_c.py": {"test_a": 1},
    }
    seen = {"tests/test_a.py": {"test_b", "test_x"}, "tests/test_b.py": {"test_a"}}
    (found,) = missing_signals(declared, seen, excused={"tests/test_c.py"})
    assert (found.rule, found.path, found.line) == (
        *("tests-not-collected", "tests/test_a.py"),
        3,
    )
    assert found.message == (
        "3 tests are written here, 1 of them collected. Missing: test_a, test_c."
    )
    (found,) = missing_signals({"a.py": {f"test_{n}": n for n in range(1, 9)}}, {}, ())
    assert found.message.startswith("8 tests are written here, 0 of them collected.")
    assert found.message.endswith("test_5 and 3 more.")
