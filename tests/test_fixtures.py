"""The contract of every checker, on every fixture repository, and the marks they get."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from benchmarks import parity
from grader.checkers._registry import installed
from grader.engine.selftest import judge
from grader.model.measurement import Failed, Measured
from grader.model.report import Report
from grader.model.score import ItemScore
from grader.reporting.json import load_report, render_json
from tests.golden import FIXTURES, REPOSITORIES, as_text, grade_fixture

# To measure a project again takes as long again: all but the empty one are left to .ci/run,
# whose numbers the golden marks hold too.
AGAIN = [
    name if name == "empty" else pytest.param(name, marks=pytest.mark.sandbox)
    for name in REPOSITORIES
]


class Graded(Mapping[str, Report]):
    """Each fixture's report, graded when it is first asked for, by one of the test processes."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared

    def __getitem__(self, name: str) -> Report:
        file = self._shared / f"{name}.json"
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                file.write_text(render_json(grade_fixture(name)), "utf-8")
        return load_report(file.read_bytes(), str(file))

    def __iter__(self) -> Iterator[str]:
        return iter(REPOSITORIES)

    def __len__(self) -> int:
        return len(REPOSITORIES)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Graded:
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "fixtures"
    shared.mkdir(exist_ok=True)
    return Graded(shared)


@pytest.mark.parametrize("name", REPOSITORIES)
def test_no_checker_fails_and_values_are_what_was_declared(
    name: str, reports: Graded
) -> None:
    checkers = installed().checkers
    for check in reports[name].checks:
        assert check.measurement is not None
        outcome = check.measurement.outcome
        assert not isinstance(outcome, Failed), f"{check.id}: {outcome.reason}"
        if isinstance(outcome, Measured):
            quantities = checkers[check.checker].quantities
            declared = {quantity.name for quantity in quantities}
            optional = {quantity.name for quantity in quantities if quantity.optional}
            assert declared - optional <= set(outcome.values) <= declared
            assert isinstance(check.result, ItemScore)


@pytest.mark.parametrize("name", AGAIN)
def test_the_same_repository_gets_the_same_twice(name: str, reports: Graded) -> None:
    again = grade_fixture(name)
    for first, second in zip(reports[name].checks, again.checks, strict=True):
        assert first.result == second.result
        assert first.measurement and second.measurement
        assert first.measurement.outcome == second.measurement.outcome, first.id
        assert first.measurement.command == second.measurement.command


@pytest.mark.parametrize("name", REPOSITORIES)
def test_the_marks_are_the_golden_ones(name: str, reports: Graded) -> None:
    # Regenerate with: python -m tests.golden
    golden = (FIXTURES / "golden" / f"{name}.json").read_text("utf-8")
    assert as_text(reports[name]) == golden


def test_no_check_marks_clean_messy_and_empty_alike(reports: Graded) -> None:
    three = {name: reports[name] for name in ("solid", "messy", "empty")}
    assert {row.item: row.problem for row in judge(three) if row.problem} == {}


def test_a_check_that_marks_everybody_alike_is_noticed(
    reports: Graded,
) -> None:
    alike = {"one": reports["messy"], "two": reports["messy"]}
    rows = judge(alike)
    assert rows
    assert all(row.problem and "tells nothing apart" in row.problem for row in rows)


def test_better_work_gets_a_better_total(reports: Graded) -> None:
    totals = [reports[name].grade.total for name in ("solid", "middling", "messy")]
    assert None not in totals
    assert totals == sorted(totals, key=lambda total: -(total or 0))
    assert totals[0] != totals[1] != totals[2]


@pytest.mark.sandbox
def test_what_hides_files_from_the_tools_changes_no_mark(
    tmp_path: Path, reports: Graded
) -> None:
    """Without its hostile settings the messy project measures the same."""
    from grader.engine.request import Request, grade_repository

    folder = tmp_path / "messy"
    shutil.copytree(FIXTURES / "repos" / "messy", folder)
    settings = (".flake8", ".pylintrc", "setup.cfg", "pyproject.toml", ".coveragerc")
    for name in settings:
        (folder / name).unlink()
    honest = grade_repository(Request(str(folder), environment="none"))
    for check in reports["messy"].checks:
        assert check.result == honest.check(check.id).result, check.id


@pytest.mark.parametrize("name", AGAIN)
def test_every_number_equals_the_tools_own_command_line(name: str) -> None:
    import sys

    rows = parity.compare(str(FIXTURES / "repos" / name), sys.executable)
    assert [row for row in rows if not row.is_equal] == []
    assert len(rows) >= (20 if name != "empty" else 2)
