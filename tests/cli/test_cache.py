"""The cache as a user meets it: what is taken over, how to see it, how to be rid of it."""

import json
import shutil
from pathlib import Path

import pytest

from grader.cache import ruler
from grader.cache.entries import user_entries
from grader.cache.place import FOLDER, LIMIT
from grader.cli.app import run
from grader.sandbox.run import ToolOutput
from grader.sandbox.run import run as start
from tests.conftest import FIXTURES

RUBRIC = """\
name: Four checks
version: "1"
dimensions:
  - id: code
    title: Code
    items:
      - checker: formatting
        score: 10 * compliant_files / files
      - checker: error-handling
        score: min(10, try_blocks)
      - checker: file-presence
        score: 10 * found / expected
      - checker: coverage
        score: 10 * pass_rate
"""
# Nothing is built, and no box is made for what is our own.
HERE = ("--environment", "none", "--isolation", "none", "--no-signals", "--no-warm")


class Grading:
    """One user's runs on a repository, and the programs that each of them starts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository = folder / "repository"
        shutil.copytree(FIXTURES / "repos" / "solid", self.repository)
        self.rubric = folder / "rubric.yaml"
        self.rubric.write_text(RUBRIC)
        self.report = folder / "report.json"
        self.started: list[str] = []

        def started(argv: list[str], **how: object) -> ToolOutput:
            self.started += {"black", "pytest"} & set(argv) or {"pytest"}
            return start(argv, **how)  # type: ignore[arg-type]

        monkeypatch.setattr("grader.checkers._base.run", started)
        # Whoever works on the code while these tests run changes nothing here.
        monkeypatch.setattr(ruler, "_code", lambda top, entries: "the code")

    def grade(self, *options: str) -> dict[str, object]:
        """The report of one more run; what it started is in `started`."""
        self.started.clear()
        argv = ["-r", str(self.rubric), "-q", "-f", "json", "-o", str(self.report)]
        assert run([str(self.repository), *argv, *HERE, *options]) == 0
        found: dict[str, object] = json.loads(self.report.read_text())
        return found


@pytest.fixture
def grading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grading:
    return Grading(tmp_path, monkeypatch)


def test_an_unchanged_repository_starts_nothing_and_has_the_same_marks(
    grading: Grading,
) -> None:
    first = grading.grade()
    assert "black" in grading.started and "pytest" in grading.started
    second = grading.grade()
    assert grading.started == []
    assert second["grade"] == first["grade"]
    assert second["environment"] == first["environment"]
    told = json.dumps(second)
    assert "not run again" in told and "not run again" not in json.dumps(first)
    # An edited README is read by what reads it; a test might.
    (grading.repository / "README.md").write_text("# Another\n")
    grading.grade("--skip", "coverage")
    assert grading.started == []
    grading.grade("--rerun-tests")
    assert "pytest" in grading.started and "black" not in grading.started
    grading.grade()
    assert grading.started == []


def test_without_the_cache_all_is_measured_and_nothing_kept(grading: Grading) -> None:
    for _ in range(2):
        grading.grade("--no-cache", "--skip", "coverage")
        assert grading.started == ["black"]
    assert user_entries().filling().entries == 0


def test_the_cache_is_shown_and_cleared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "own"))
    monkeypatch.setenv(LIMIT, "7")
    user_entries().put("ab" * 32, b"content")
    assert run(["cache", "info"]) == 0
    told = capsys.readouterr().out
    assert str(tmp_path / "own" / "measurements") in "".join(told.split())
    assert "of 7 MiB" in told
    assert run(["cache", "clear"]) == 0
    assert "1 measurements removed" in capsys.readouterr().err
    assert user_entries().filling().entries == 0
    assert run(["cache", "clear"]) == 0


def test_a_folder_that_is_not_used_is_shown_with_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    (tmp_path / "measurements").mkdir(mode=0o755)
    assert run(["cache", "info"]) == 0
    assert "chmod 700" in capsys.readouterr().out.replace("\n", " ")
    assert run(["cache", "clear"]) == 3


@pytest.mark.parametrize("command", ["cache info", "cache clear", "grade ."])
def test_a_limit_that_is_no_number_is_said_at_once(
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(LIMIT, "lots")
    assert run(command.split()) == 2
    assert LIMIT in capsys.readouterr().err
