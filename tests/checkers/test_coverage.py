"""The coverage checker: real runs of little projects, and what comes out."""

import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers._coverage_options import CoverageOptions
from grader.checkers._coverage_work import counted_files
from grader.checkers.coverage import Coverage
from grader.environment.given import GivenInterpreter
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from tests.checkers.suite.conclusions import chosen, measure, said
from tests.checkers.suite.recordings import CALC, SMALL
from tests.conftest import MakeSnapshot

# What stops a run or hides its results, all at once.
HOSTILE_ADDOPTS = (
    "-qx --maxfail=1 --collect-only --no-cov --no-cov-on-fail -p no:cov -p no:junitxml "
    "--cov=tests --cov-fail-under=100 --cov-config=own --junitxml=own.xml --stepwise "
    "--disable-plugin-autoload --basetemp=src"
)


def test_what_the_rubric_omits_and_tests_below_src_do_not_count(
    make_snapshot: MakeSnapshot,
) -> None:
    paths = ["src/main.py", "src/a/run.py", "src/a/model.py", "src/tests/test_a.py"]
    snapshot = make_snapshot(dict.fromkeys(paths, "X = 1\n"))
    counted = counted_files(snapshot, CoverageOptions(omit=("src/main.py", "*/run.py")))
    assert counted == ("src/a/model.py",)
    with pytest.raises(ValidationError, match="File pattern can't include"):
        CoverageOptions(omit=("a**b",))


def test_an_interpreter_without_pytest_is_named_before_anything_runs(
    make_snapshot: MakeSnapshot, bench: Bench, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    bare = tmp_path / "bare" / Path(sys.executable).parent.name / "python"
    snapshot = make_snapshot(SMALL)
    with pytest.raises(CannotMeasure, match="lacks pytest, pytest-cov, coverage"):
        measure(snapshot, replace(bench, environment=GivenInterpreter(str(bare))))
    with pytest.raises(CannotMeasure, match="could not be started"):
        measure(
            snapshot,
            replace(bench, environment=GivenInterpreter(str(tmp_path / "none"))),
        )


def test_the_projects_settings_hold_and_cannot_switch_the_measuring_off(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # The tests are found through `testpaths` and `pythonpath` only; the modules at the
    # top would keep pytest and coverage from starting.
    files = {
        "src/calc.py": CALC,
        "checks/check_calc.py": "import os, shutil\nfrom calc import add\n\n\n"
        "def test_add():\n    assert add(1, 2) == 4\n\n\n"
        "def test_again():\n    shutil.rmtree('data')\n    open('new', 'w').close()\n"
        "    assert os.environ['MPLBACKEND'] == 'Agg' and 'SECRET' not in os.environ\n",
        "data/rows.csv": "1\n",
        "random.py": "raise RuntimeError\n",
        "coverage.py": "raise RuntimeError\n",
        ".coveragerc": "[run]\nomit = *\n",
        "pytest.ini": "[pytest]\ntestpaths = checks\npython_files = check_*.py\n"
        f"pythonpath = src\naddopts = {HOSTILE_ADDOPTS}\n",
    }
    snapshot = make_snapshot(files)
    measured = measure(snapshot, bench)
    assert chosen(measured, "collected", "passed", "failed", "covered_statements") == {
        "collected": 2,
        "passed": 1,
        "failed": 1,
        "covered_statements": 4,
    }
    assert said(measured) == [
        ("test-failed", "checks/check_calc.py", 5),
        ("own-settings", "pytest.ini", None),
        ("own-settings", ".coveragerc", None),
    ]
    assert "--collect-only --no-cov --no-cov-on-fail" in measured.findings[1].message
    left = {str(p.relative_to(snapshot.root)) for p in snapshot.root.rglob("*.*")}
    assert left == set(files)


@pytest.mark.sandbox
def test_the_command_shown_prints_the_same_numbers(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # No src/: modules at the top, a package with tests inside, a folder without
    # __init__.py that no test imports.
    snapshot = make_snapshot(
        {
            "app.py": CALC,
            "never.py": "X = 1\n",
            "pkg/__init__.py": "",
            "pkg/more.py": "from app import sub\nY = sub(2, 1)\n",
            "pkg/tests/test_more.py": "from pkg.more import Y\n\n\ndef test_y():\n"
            "    assert Y == 1\n",
            "loose/script.py": "Z = 1\n",
            "test_app.py": "import pytest\nfrom app import add\n\n\n"
            "@pytest.mark.xfail\ndef test_add():\n    assert add(1, 2) == 4\n",
        }
    )
    result = Coverage().measure(snapshot, CoverageOptions(), bench)
    assert isinstance(result.outcome, Measured) and result.command is not None
    counted = chosen(result.outcome, "statements", "covered_statements", "coverage")
    assert list(counted.values()) == [10, 7, 0.7]
    settings = bench.scratch / "person.cfg"
    command = result.command.replace("/tmp/coverage.cfg", str(settings))
    python = f"{Path(sys.executable).parent}/python"
    typed = command.replace(" python -m", f" {python} -m")
    printed = bench.run(["sh", "-c", typed], cwd=snapshot.root).stdout
    total = next(line for line in printed.splitlines() if line.startswith("TOTAL"))
    assert total.split() == ["TOTAL", "10", "3", "70%"]
    assert "1 passed, 1 xfailed" in printed


def test_without_a_python_file_nothing_is_started(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "# Soon\n"})
    measured = measure(
        snapshot, replace(bench, environment=GivenInterpreter("/no/such/python"))
    )
    assert set(measured.values.values()) == {0}
    assert [f.rule for f in measured.findings] == ["no-tests"]


@pytest.mark.parametrize(
    ("body", "settled"), [("assert True", True), ("import os; os._exit(3)", False)]
)
def test_a_run_that_broke_off_is_not_settled(
    body: str, settled: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {**SMALL, "tests/test_end.py": f"def test_end(): {body}\n"}
    )
    once = replace(bench, extra_runs=False)
    found = Coverage().measure(snapshot, CoverageOptions(), once)
    assert found.settled is settled
