"""The docstrings checker: pydocstyle's log and its count; what is public."""

import ast
from dataclasses import replace

import pytest

from grader.checkers._base import Bench
from grader.checkers._public_definitions import public_definitions
from grader.checkers.docstrings import Docstrings, DocstringsOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput
from tests.conftest import MakeSnapshot, Recorded

CLEAN = '''"""Adds numbers."""


def add(left, right):
    """Return the sum."""
    return left + right
'''
DIRTY = '''def public():
    return 1


class Model:
    """a model"""

    def __init__(self):
        self.x = 1

    def _private(self):
        return self.x
'''
# Python's parser takes it, its compiler and pydocstyle don't.
DROPPED = '"""Returns too early."""\nreturn 1\n'
FORMATTED = '"""M."""\n\n\ndef f():\n    f"""Return {1}."""\n'
BROKEN = "def f(:\n    pass\n"
PLAIN = DocstringsOptions()


def dirty(snapshot: Snapshot, recorded: Recorded) -> ToolOutput:
    said = recorded("pydocstyle/dirty.txt", snapshot, exit_status=1)
    warned = recorded("pydocstyle/dirty-stderr.txt", snapshot, exit_status=1)
    return replace(said, stderr=warned.stdout)


@pytest.fixture
def snapshot(make_snapshot: MakeSnapshot) -> Snapshot:
    return make_snapshot(
        {
            "src/broken.py": BROKEN,
            "src/clean.py": CLEAN,
            "src/dirty.py": DIRTY,
            "src/dropped.py": DROPPED,
        }
    )


def test_violations_are_counted_per_file_that_could_be_read(
    snapshot: Snapshot, recorded: Recorded
) -> None:
    measured = Docstrings().parse(dirty(snapshot, recorded), snapshot, PLAIN)
    assert measured.values == {
        "violations": 4,
        "files": 4,
        "violations_per_file": 2,
        "missing": 3,
        "public_definitions": 6,
        "documented": 3,
        "documented_share": 0.5,
        "parsable_files": 2,
        "unparsable": 2,
    }
    assert [(f.rule, f.path, f.line) for f in measured.findings] == [
        ("unparsable", "src/broken.py", 1),
        ("unparsable", "src/dropped.py", None),
        ("D100", "src/dirty.py", 1),
        ("D103", "src/dirty.py", 1),
        ("D400", "src/dirty.py", 6),
        ("D107", "src/dirty.py", 8),
    ]
    assert measured.findings[-1].message == "Missing docstring in __init__."


def test_documented_code_has_no_violation(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    output = recorded("pydocstyle/clean.txt", snapshot, exit_status=0)
    measured = Docstrings().parse(output, snapshot, PLAIN)
    assert measured.values["violations"] == 0
    assert measured.values["documented_share"] == 1
    assert measured.findings == ()


def test_output_that_is_incomplete_is_not_a_result(
    snapshot: Snapshot, recorded: Recorded
) -> None:
    output = dirty(snapshot, recorded)
    lines = output.stdout.splitlines(keepends=True)
    for doubtful, why in (
        (replace(output, exit_status=0), "contradicts itself"),
        (replace(output, exit_status=3), "ended in a way"),
        (replace(output, stdout="".join(lines[1:])), "did not read every file"),
        (replace(output, stdout="".join(lines[:-3]) + "5\n"), "counts what"),
        (replace(output, stdout="".join(lines[:-2]) + "5\n"), "printed what"),
        (replace(output, stdout=output.stdout + "Goodbye\n"), "printed what"),
        (replace(output, stderr="WARNING: error generating tokens\n"), "said what"),
    ):
        with pytest.raises(CannotMeasure, match=why):
            Docstrings().parse(doubtful, snapshot, PLAIN)


def test_a_crash_has_the_exit_status_of_violations_and_is_told_apart(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN, "src/formatted.py": FORMATTED})
    said = recorded("pydocstyle/crash.txt", snapshot, exit_status=1)
    traceback = recorded("pydocstyle/crash-stderr.txt", snapshot, exit_status=1)
    crash = replace(said, stderr=traceback.stdout)
    with pytest.raises(CannotMeasure, match=r"crashed on src/formatted\.py"):
        Docstrings().parse(crash, snapshot, PLAIN)
    unknown = replace(crash, stderr=crash.stderr + "KeyError: 'x'\n")
    with pytest.raises(CannotMeasure, match=r"src/formatted\.py: KeyError: 'x'"):
        Docstrings().parse(unknown, snapshot, PLAIN)


def test_wrong_usage_is_not_a_result(snapshot: Snapshot, recorded: Recorded) -> None:
    output = recorded("pydocstyle/usage.txt", snapshot, exit_status=2, stream="stderr")
    with pytest.raises(CannotMeasure, match="Illegal convention"):
        Docstrings().parse(output, snapshot, PLAIN)


def test_a_file_that_makes_pydocstyle_crash_does_not_lose_the_others(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # Bytes in place of a docstring crash it on every Python; NUL and Latin-1 do too.
    snapshot = make_snapshot(
        {
            "src/bytes.py": 'def f():\n    b"""Return."""\n',
            "src/dirty.py": DIRTY,
            "src/latin.py": b'"""M\xe9."""\n',
            "src/nul.py": b"\0",
        }
    )
    result = Docstrings().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["violations"] == 4
    assert result.outcome.values["unparsable"] == 2
    assert result.outcome.values["files"] == 3
    assert [file.path for file in result.outcome.not_measured] == ["src/bytes.py"]
    assert "in place of a docstring" in result.outcome.not_measured[0].reason
    assert result.command is not None and result.command.endswith(" src/dirty.py")


def test_neither_settings_nor_names_hide_a_file(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/test_model.py": CLEAN + "\n\ndef f():\n    pass\n",
            "src/.hidden/-x.py": CLEAN + "\n\ndef g():\n    pass\n",
            "setup.cfg": "[pydocstyle]\nmatch = nothing\nselect = D300\n",
            "src/tox.ini": "[pydocstyle]\nselect = D300\n",
        }
    )
    outcome = Docstrings().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(outcome, Measured)
    assert [(f.rule, f.path) for f in outcome.findings] == [
        ("D103", "src/.hidden/-x.py"),
        ("D103", "src/test_model.py"),
        ("own-settings", "setup.cfg"),
    ]


def test_without_a_readable_file_nothing_else_is_scanned_instead(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # Without a file name pydocstyle takes the folder that it stands in.
    snapshot = make_snapshot({"src/broken.py": BROKEN, "tests/test_it.py": DIRTY})
    outcome = Docstrings().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["violations"] == 0
    assert (outcome.values["parsable_files"], outcome.values["unparsable"]) == (0, 1)


def test_empty_files_are_nothing_to_measure(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    result = Docstrings().measure(make_snapshot({"src/__init__.py": ""}), PLAIN, bench)
    assert isinstance(result.outcome, NotApplicable)


@pytest.mark.parametrize(
    ("path", "code", "count"),
    [
        pytest.param("src/a.py", "", 1, id="the module"),
        pytest.param("src/_a.py", "def f(): ...\ndef _g(): ...", 1, id="by its name"),
        pytest.param("src/_inner/a.py", "", 0, id="below a private folder"),
        pytest.param("src/__init__.py", "", 1, id="a package"),
        pytest.param("a.py", "if 1:\n  def f():\n    def g(): ...", 2, id="nested"),
        pytest.param(
            "a.py",
            "class A:\n def __init__(self): ...\n def __eq__(self, o): ...\n"
            " def m(self): ...\n def _p(self): ...\n class B:\n  def m(self): ...",
            7,
            id="methods",
        ),
        pytest.param("a.py", "class _A:\n def m(self): ...", 1, id="a private class"),
        pytest.param(
            "a.py",
            "class A:\n @property\n def x(self): ...\n @x.setter\n def x(self, v): ...",
            3,
            id="a property with its setter",
        ),
        pytest.param(
            "a.py", "@overload\ndef f(): ...\ndef f(): ...", 2, id="overloads"
        ),
        pytest.param(
            "a.py", "__all__ = ['_f']\ndef _f(): ...\ndef g(): ...", 2, id="__all__"
        ),
        pytest.param(
            "a.py", "__all__ = ['f'] + x\ndef g(): ...", 2, id="a computed __all__"
        ),
    ],
)
def test_public_is_what_pydocstyle_takes_for_public(
    path: str,
    code: str,
    count: int,
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    found = list(public_definitions(path, ast.parse(code), with_init=True))
    assert found == [False] * count
    # A comment, as an empty file alone is nothing to measure.
    outcome = Docstrings().measure(
        make_snapshot({path: f"# M\n{code}\n"}), PLAIN, bench
    )
    assert isinstance(outcome.outcome, Measured)
    assert outcome.outcome.values["missing"] == count


def test_a_docstring_must_say_something() -> None:
    code = '"""M."""\ndef f():\n    """ """\ndef g():\n    """G."""\n'
    tree = ast.parse(code)
    assert list(public_definitions("a.py", tree, with_init=True)) == [True, False, True]


def test_numpys_convention_has_no_docstring_for_the_constructor() -> None:
    tree = ast.parse("class A:\n    def __init__(self): ...\n")
    assert len(list(public_definitions("a.py", tree, with_init=False))) == 2
