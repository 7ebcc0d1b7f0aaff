"""The whole look, with real runs of pytest: few, of small projects that we wrote."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader.checkers._base import Bench
from grader.checkers._signals.look import Looked, changed_signals, look
from grader.checkers._signals.mutants import Mutant, MutantFacts
from grader.checkers._suite.run import run_suite
from grader.checkers._suite.settings import read_own_settings
from grader.model.snapshot import is_test_file
from tests.conftest import MakeSnapshot

SOURCE = """\
def total(rows):
    found = 0
    for row in rows:
        found += row
    return found


def is_empty(rows):
    size = len(rows)
    return size in (0,)
"""
PROJECT = {
    "src/sums.py": SOURCE,
    "tests/conftest.py": (
        "import pytest\n\n\n@pytest.fixture\ndef rows():\n    return [1, 2]\n"
    ),
    "tests/test_sums.py": (
        "from src.sums import is_empty, total\n\n\n"
        "def test_total(rows):\n    assert total(rows) == 3\n\n\n"
        "def test_is_empty(rows):\n    assert not is_empty(rows)\n\n\n"
        "def test_alone():\n    assert total([]) == 0\n"
    ),
}
# Both tests call the functions, and one of them fails; only what it writes is forged.
FORGED = {
    **PROJECT,
    "tests/conftest.py": (
        "import sys\n\n"
        "python = sys.modules['_py' + 'test.python']\n"
        "setattr(vars(python)['Function'], 'run' + 'test', lambda self: None)\n"
    ),
    "tests/test_sums.py": "def test_wrong():\n    assert 1 == 2\n",
}
IDLE = {
    **PROJECT,
    "tests/test_sums.py": (
        "from src.sums import is_empty, total\n\n\n"
        "def test_total(rows):\n    total(rows)\n\n\n"
        "def test_is_empty(rows):\n    is_empty(rows)\n"
    ),
}


def looked(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> Looked:
    snapshot = make_snapshot(files)
    settings = read_own_settings(snapshot)
    run = run_suite(snapshot, settings, bench)
    sources = [path for path in snapshot.source_files if not is_test_file(path)]
    return look(snapshot, settings, sources, run, bench)


@pytest.mark.sandbox
def test_tests_that_check_what_they_call_raise_no_signal(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    found = looked(PROJECT, make_snapshot, bench)
    assert found.signals == ()
    assert found.values == {"mutants": 2, "surviving_mutants": 0}


@pytest.mark.sandbox
def test_tests_that_check_nothing_notice_no_mutant(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    found = looked(IDLE, make_snapshot, bench)
    assert [signal.rule for signal in found.signals] == ["no-mutant-noticed"]
    assert found.values == {"mutants": 2, "surviving_mutants": 2}


def test_a_forgery_that_no_reading_finds_is_found_by_running(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    found = looked(FORGED, make_snapshot, bench)
    assert "known-outcomes-differ" in {signal.rule for signal in found.signals}


def test_without_more_runs_only_what_is_there_is_looked_at(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        **IDLE,
        "tests/test_end.py": "import os\n\n\ndef test_end():\n    os._exit(0)\n",
    }
    found = looked(files, make_snapshot, replace(bench, extra_runs=False))
    assert {signal.rule for signal in found.signals} == {
        *("ends-the-process", "no-end-reported"),
    }
    assert found.values == {}


def test_mutants_are_counted_only_where_a_test_called_one() -> None:
    mutants = [Mutant(n, "a.py", "f", n, "nothing") for n in (1, 2)]
    assert Looked().values == {}
    assert Looked(mutants=MutantFacts(tuple(mutants[:1]))).values == {
        **{"mutants": 1, "surviving_mutants": 0}
    }
    both = MutantFacts(tuple(mutants), tuple(mutants[1:]))
    assert Looked(mutants=both).values == {"mutants": 2, "surviving_mutants": 1}


def test_code_that_is_not_what_it_was_is_told(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    names = ("a.py", "b.py", "c.py", "d.py", "e.py", "same.py")
    snapshot = make_snapshot({**dict.fromkeys(names, "X = 1\n"), "data.csv": "1"})
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "same.py").write_text("X = 1\n")
    assert [found.path for found in changed_signals(snapshot, copy)] == ["a.py"]
    (copy / "a.py").write_text("X = 2\n")
    (copy / "b.py").symlink_to(copy / "same.py")
    (copy / "c.py").mkdir()
    (copy / "d.py").write_text("X = 1\n# more\n")
    os.mkfifo(copy / "e.py")
    (found,) = changed_signals(snapshot, copy)
    assert "a.py, b.py, c.py, d.py, e.py." in found.message
    for name in names:
        (copy / name).unlink() if name != "c.py" else (copy / name).rmdir()
        (copy / name).write_text("X = 1\n")
    assert changed_signals(snapshot, copy) == ()
