"""The layers hold, and every contract of pyproject.toml covers what exists."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
PACKAGE = REPOSITORY / "grader"


def contract(contract_id: str) -> dict[str, list[str]]:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    found: dict[str, list[str]] = next(c for c in contracts if c["id"] == contract_id)
    return found


def test_the_contracts_hold() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


def test_every_checker_is_in_the_independence_contract_and_an_entry_point() -> None:
    files = {path.stem for path in (PACKAGE / "checkers").glob("[!_]*.py")}
    modules = {name.rpartition(".")[2] for name in contract("checkers")["modules"]}
    points = PROJECT["project"]["entry-points"]["mlops_grade.checkers"].values()
    assert modules == files
    assert {point.partition(":")[0].rpartition(".")[2] for point in points} == files


def test_every_part_but_the_sandbox_is_in_the_process_contract() -> None:
    parts = {
        path.stem
        for path in PACKAGE.iterdir()
        if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
    }
    named = {
        name.rpartition(".")[2] for name in contract("processes")["source_modules"]
    }
    assert named == parts - {"sandbox"}


def test_there_is_no_drawer_for_everything() -> None:
    forbidden = {"utils", "common", "helpers", "manager"}
    names = {path.stem for path in Path(PACKAGE).rglob("*.py")}
    assert not names & forbidden


def test_the_measuring_tools_are_pinned_exactly() -> None:
    tools = [
        *("black", "isort", "flake8", "flake8-logging", "flake8-logging-format"),
        *("pylint", "astroid", "pytest", "pytest-cov", "coverage", "radon"),
        *("detect-secrets", "pydocstyle", "pycodestyle", "pyflakes", "mccabe"),
        "setuptools",
    ]
    pinned = {
        line.split("==")[0]
        for line in PROJECT["project"]["dependencies"]
        if "==" in line
    }
    assert set(tools) <= pinned


def test_syntax_trees_are_made_one_at_a_time() -> None:
    # Python's parser takes two threads for one: what checks may do side by side has the lock.
    alone = {"grader/rubric/formula.py"}  # before the checks begin, and after they end
    without = []
    for file in sorted((REPOSITORY / "grader").rglob("*.py")):
        text = file.read_text("utf-8")
        makes = re.search(r"\bast\.(parse|literal_eval)\(|\banalysis2\(", text)
        path = file.relative_to(REPOSITORY).as_posix()
        if makes and "with PARSING" not in text and path not in alone:
            without.append(path)
    assert without == []
