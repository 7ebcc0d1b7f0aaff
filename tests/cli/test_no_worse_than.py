"""`grade --no-worse-than`: another state, graded the same way, and what becomes of it."""

import json
from pathlib import Path

import pytest

from grader.cli.app import run
from tests.cli.test_hook import CLEAN, QUICK, UGLY
from tests.committing import git

WORSE = UGLY + "z = open('/data/z.csv')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """`main` with an ugly module; the folder is at its second commit, on `work`."""
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "quick.yaml").write_text(QUICK)
    git(folder, "init", "-q", "-b", "main")
    for content, branch in ((UGLY, "work"), (CLEAN, "later")):
        (folder / "main.py").write_text(content)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "x")
        git(folder, "checkout", "-qb", branch)
    git(folder, "checkout", "-q", "work")
    return folder


def graded(folder: Path, *words: str) -> int:
    rubric = str(folder.parent / "quick.yaml")
    options = ["--rubric", rubric, "--skip", "coverage", "--quiet"]
    return run(["grade", str(folder), *options, *words])


def test_better_or_the_same_passes(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert graded(project, "--no-worse-than", "main") == 0
    said = capsys.readouterr()
    assert said.out.startswith("project: 10 of 10")
    assert "10 of 10 over 50 % of the rubric, no worse than main (+3)" in said.err
    assert graded(project, "--no-worse-than", "HEAD") == 0


def test_a_lower_total_ends_with_1_and_names_what_became_worse(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "main.py").write_text(WORSE)
    assert graded(project, "--no-worse-than", "main") == 1
    said = capsys.readouterr()
    assert "worse than main (-3)" in said.err
    assert "config-paths (7 → 4, 1 new finding)" in said.err
    # As the folder stands: by its commit it is better.
    assert graded(project, "--ref", "work", "--no-worse-than", "main") == 0


def test_the_base_is_written_as_a_result_of_its_own_commit(
    project: Path, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("head.json", "base.json")]
    (project / "main.py").write_text(WORSE)
    wanted = ["--report", f"json={files[0]}", "--base-report", str(files[1])]
    assert graded(project, "--no-worse-than", "main", *wanted) == 1
    head, base = (json.loads(file.read_text()) for file in files)
    assert (head["grade"]["total"], base["grade"]["total"]) == (4, 7)
    assert head["repository"]["uncommitted"]
    assert not base["repository"]["uncommitted"]
    assert base["repository"]["commit"] != head["repository"]["commit"]


def test_a_base_that_is_not_there_is_said_after_the_report_was_written(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "head.json"
    wanted = ["--no-worse-than", "nowhere", "--report", f"json={file}"]
    assert graded(project, *wanted) == 2
    assert 'has no branch, tag or commit "nowhere"' in capsys.readouterr().err
    assert json.loads(file.read_text())["grade"]["total"] == 10


def test_both_limits_are_held_and_the_more_serious_counts(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert graded(project, "--no-worse-than", "main", "--fail-under", "10") == 0
    (project / "main.py").write_text(UGLY)
    assert graded(project, "--no-worse-than", "main", "--fail-under", "8") == 1
    assert "is below 8" in capsys.readouterr().err


def test_a_file_for_the_base_without_a_base_is_refused(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert graded(project, "--base-report", str(tmp_path / "base.json")) == 2
    assert "--no-worse-than main" in capsys.readouterr().err
