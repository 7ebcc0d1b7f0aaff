"""The formatting checker: black's standard error, read file by file."""

import pytest

from grader.checkers._base import Bench
from grader.checkers.formatting import Formatting, FormattingOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from tests.conftest import MakeSnapshot, Recorded

CLEAN = "x = 1\n"
MESSY = "x=1\n"
BROKEN = 'print "x"\n'
CODED = "# coding: nonsense\nx = 1\n"
FOUR = {"clean.py": CLEAN, "messy.py": MESSY, "broken.py": BROKEN, "coded.py": CODED}


def test_each_file_is_counted_once(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FOUR)
    output = recorded("black/dirty.txt", snapshot, exit_status=123, stream="stderr")
    measured = Formatting().parse(output, snapshot, FormattingOptions())
    assert measured.values == {
        "files": 4,
        "compliant_files": 1,
        "files_to_change": 1,
        "unparsable": 2,
        "switched_off": 0,
    }
    assert [(f.rule, f.path, f.line) for f in measured.findings] == [
        ("unparsable", "broken.py", 1),
        ("unparsable", "coded.py", None),
        ("would-reformat", "messy.py", None),
    ]


def test_a_crash_is_not_a_clean_result(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN})
    # Exit status 1 is what black gives for files to change, and Python for a traceback.
    output = recorded("black/crash.txt", snapshot, exit_status=1, stream="stderr")
    with pytest.raises(CannotMeasure, match="did not report on every file"):
        Formatting().parse(output, snapshot, FormattingOptions())


def test_a_file_that_black_does_not_mention_is_not_compliant_by_silence(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({**FOUR, "new.py": CLEAN})
    output = recorded("black/dirty.txt", snapshot, exit_status=123, stream="stderr")
    with pytest.raises(CannotMeasure, match="did not report on every file"):
        Formatting().parse(output, snapshot, FormattingOptions())


def test_a_file_that_black_accepts_but_python_does_not_is_not_compliant(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # Black's parser takes an assignment to a call, Python's does not.
    snapshot = make_snapshot({"a.py": "f() = 1\n"})
    outcome = Formatting().measure(snapshot, FormattingOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert (outcome.values["compliant_files"], outcome.values["unparsable"]) == (0, 1)


def test_the_repositorys_own_force_exclude_hides_nothing(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/messy.py": MESSY,
            "pyproject.toml": "[tool.black]\nforce-exclude = '.*'\nexclude = '.*'\n",
        }
    )
    outcome = Formatting().measure(snapshot, FormattingOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["compliant_files"] == 0
    assert [f.rule for f in outcome.findings] == ["would-reformat", "own-settings"]
