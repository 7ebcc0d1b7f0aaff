"""Error handling: what is counted, what only looks like it, and across which files."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.error_handling import ErrorHandling, ErrorHandlingOptions
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

MIXED = '''
import contextlib as c
import builtins

class DataError(Exception): ...

def load(path):
    try:
        return open(path).read()
    except OSError as error:
        raise DataError(path) from error

def silent(path):
    try:
        open(path)
    except (KeyError, Exception):
        pass

async def bare():
    try:
        work()
    except:
        ...

def hollow():
    try:
        """Nothing here."""
        x = [1, -2]
        print("started")
    except ValueError as error:
        report(error)

def cleanup():
    try:
        work()
    finally:
        close()

def again():
    try:
        work()
    except builtins.Exception:
        report()
        raise

def group():
    def inner():
        raise DataError
    try:
        work()
    except* ValueError:
        report()
    with c.suppress(FileNotFoundError):
        remove()
'''


def measured(
    snapshot: Snapshot, bench: Bench, options: ErrorHandlingOptions | None = None
) -> Measured:
    options = options or ErrorHandlingOptions()
    outcome = ErrorHandling().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def test_every_form_is_counted_once(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    outcome = measured(make_snapshot({"main.py": MIXED}), bench)
    assert outcome.values == {
        "files": 1,
        "parsable_files": 1,
        "unparsable": 0,
        "try_blocks": 7,
        "effective_try_blocks": 4,
        "hollow_tries": 1,
        "handlers": 6,
        "silent_handlers": 2,
        "bare_excepts": 1,
        "broad_excepts": 1,
        "suppressions": 1,
        "raises": 3,
        "custom_exceptions": 1,
        "functions": 8,
        "functions_with_handling": 8,
    }
    assert [(f.rule, f.line) for f in outcome.findings] == [
        ("broad-except", 16),
        ("silent-handler", 16),
        ("bare-except", 22),
        ("silent-handler", 22),
        ("hollow-try", 26),
    ]
    assert all(finding.fix for finding in outcome.findings)


@pytest.mark.parametrize(
    ("body", "is_hollow"),
    [
        ("pass", True),
        ("...", True),
        ("'words'", True),
        ("x = 1", True),
        ("x: int = -1", True),
        ("x = y = {'a': [1, (2,)]}", True),
        ("return None", True),
        ("print('started')", True),
        ("x = y", False),
        ("x = 1 / 0", False),
        ("x.a = 1", False),
        ("x = f'{y}'", False),
        ("print(x)", False),
        ("import yaml", False),
        ("assert False", False),
        ("pass; work()", False),
    ],
)
def test_a_try_is_hollow_only_when_nothing_in_it_can_fail(
    body: str, is_hollow: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = f"def f():\n    try:\n        {body}\n    except E:\n        report()\n"
    values = measured(make_snapshot({"main.py": code}), bench).values
    assert values["hollow_tries"] == is_hollow
    assert values["effective_try_blocks"] == (not is_hollow)


@pytest.mark.parametrize(
    ("body", "is_silent"),
    [
        ("pass", True),
        ("...", True),
        ("continue", True),
        ("'ignored'; pass", True),
        ("return None", False),
        ("x = 1", False),
        ("raise", False),
        ("log(error)", False),
    ],
)
def test_a_handler_is_silent_when_it_does_nothing(
    body: str, is_silent: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = (
        "def f():\n  for x in y:\n    try: work()\n    except OSError: " + body + "\n"
    )
    values = measured(make_snapshot({"main.py": code}), bench).values
    assert values["silent_handlers"] == is_silent
    assert values["effective_try_blocks"] == (not is_silent)


def test_one_handler_that_acts_makes_a_try_effective(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = "try: work()\nexcept KeyError: pass\nexcept OSError: report()\n"
    values = measured(make_snapshot({"main.py": code}), bench).values
    assert (values["silent_handlers"], values["effective_try_blocks"]) == (1, 1)


def test_exceptions_are_followed_through_aliases_and_files(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/churn/__init__.py": "from .base import Trouble\n",
            "src/churn/base.py": "class Trouble(Exception): ...\n",
            "src/churn/a.py": "from churn.base import Trouble as T\nclass A(T): ...\n",
            "src/churn/b.py": "from . import base as b\nclass B(b.Trouble): ...\n",
            "src/churn/c.py": "from churn import Trouble\nclass C(Trouble): ...\n",
            "src/churn/d.py": "from .base import *\nclass D(Trouble): ...\n",
            "src/churn/e.py": "E = ValueError\nclass E2(E): ...\nclass E3(E2): ...\n",
            "src/churn/f.py": "import click as c\nclass F(c.UsageError): ...\n",
            "src/churn/g.py": "import builtins\nclass G(builtins.OSError): ...\n",
        }
    )
    assert measured(snapshot, bench).values["custom_exceptions"] == 9


def test_classes_that_are_no_exceptions_are_not_counted(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = """
class PredictionError(BaseModel): ...
class Worse(PredictionError): ...
class Note(UserWarning): ...
class Plain: ...
class Round(Robin): ...
class Robin(Round): ...
class Exception(Exception): ...
class Numbers(list): ...
class Called(make_error()): ...
"""
    snapshot = make_snapshot({"a.py": code, "b.py": "class Trouble: ...\n"})
    # Only the class that hides the builtin under its own name is one.
    assert measured(snapshot, bench).values["custom_exceptions"] == 1


def test_a_base_class_outside_the_scope_is_known_but_not_counted(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/a.py": "from shared.base import Trouble\nclass A(Trouble): ...\n",
            "shared/base.py": "class Trouble(Exception): ...\ntry: f()\nexcept: pass\n",
        }
    )
    everything = ErrorHandlingOptions(scope="all")
    assert measured(snapshot, bench).values["custom_exceptions"] == 1
    assert measured(snapshot, bench).values["try_blocks"] == 0
    assert measured(snapshot, bench, everything).values["custom_exceptions"] == 2


def test_a_project_that_cannot_be_parsed_handles_no_error(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({"main.py": "try:\n  x = (\n"}), bench)
    assert outcome.values["files"] == outcome.values["unparsable"] == 1
    assert outcome.values["parsable_files"] == outcome.values["try_blocks"] == 0
    assert [finding.rule for finding in outcome.findings] == ["unparsable"]


@pytest.mark.parametrize("files", [{}, {"tests/test_a.py": "x = 1\n"}, {"a.py": " \n"}])
def test_without_code_of_the_projects_own_there_is_nothing_to_measure(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(files)
    outcome = ErrorHandling().measure(snapshot, ErrorHandlingOptions(), bench).outcome
    assert isinstance(outcome, NotApplicable)


def test_thousands_of_classes_of_one_name_are_one_class(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = "class A(A): ...\n" * 3_000 + "class B(A, ValueError): ...\n"
    snapshot = make_snapshot({"a.py": code, "b.py": code.replace("(A)", "(B)")})
    assert measured(snapshot, bench).values["custom_exceptions"] == 3


def test_a_sum_of_900_terms_in_a_try_is_measured(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = "try: x = " + " + ".join(["1"] * 900) + "\nexcept E: report()\n"
    assert measured(make_snapshot({"a.py": code}), bench).values["hollow_tries"] == 0
