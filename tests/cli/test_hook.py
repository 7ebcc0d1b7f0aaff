"""The hook: it grades what is staged, holds it to what was asked, and says so in ten lines."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from grader.cli.app import run
from grader.resources import shipped
from tests.committing import ENVIRONMENT, git

ROOT = Path(__file__).resolve().parents[2]
CLEAN = '"""A module."""\n\nVALUE = 1\n'
UGLY = "import os\nx=open( '/data/x.csv' )\ny =  2\n"
# Our own reading of the files: no tool has to start.
QUICK = """\
name: Quick
version: "1"
dimensions:
  - id: quick
    title: Quick
    items:
      - checker: config-paths
        score: max(0, 10 - 3 * hardcoded_paths)
        advice: Read paths from the configuration.
      - checker: coverage
        score: "10"
"""


def staged(place: Path, text: str) -> Path:
    """A repository without a commit, one module staged, and a rubric beside it."""
    folder = place / "project"
    folder.mkdir()
    (folder / "main.py").write_text(text)
    (place / "quick.yaml").write_text(QUICK)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit with a clean module."""
    folder = staged(tmp_path, CLEAN)
    git(folder, "commit", "-qm", "first")
    return folder


@dataclass(frozen=True)
class Ran:
    """What the command came to."""

    returncode: int
    stdout: str
    stderr: str


class Hook(Protocol):
    """Runs `mlops-grade hook` in a repository, as git would."""

    def __call__(self, folder: Path, *words: str, **environment: str) -> Ran: ...


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hook:
    def called(folder: Path, *words: str, **environment: str) -> Ran:
        rubric = str(folder.parent / "quick.yaml")
        with monkeypatch.context() as patched:
            patched.chdir(folder)
            for name, value in environment.items():
                patched.setenv(name, value)
            code = run(["hook", "--rubric", rubric, *words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return called


def test_what_is_staged_counts_and_not_what_lies_there(
    repository: Path, hook: Hook
) -> None:
    (repository / "main.py").write_text(UGLY)
    assert hook(repository, "--fail-under", "9").returncode == 0
    git(repository, "add", "main.py")
    (repository / "main.py").write_text(CLEAN)
    (repository / "untracked.py").write_text(CLEAN)
    found = hook(repository, "--fail-under", "9")
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    assert lines[0].startswith("mlops-grade: 7 of 10 over 50 % of the rubric, below 9")
    assert lines[1] == "  +3 config-paths: Read paths from the configuration."
    assert len(lines) <= 10


def test_the_tests_are_not_run_and_nothing_of_them_is_asked_for(
    repository: Path, hook: Hook
) -> None:
    found = hook(repository)
    assert found.returncode == 0
    assert "coverage" not in found.stdout
    assert found.stderr == ""


def test_only_a_commit_that_makes_it_worse_is_refused(
    repository: Path, hook: Hook
) -> None:
    (repository / "main.py").write_text(UGLY)
    git(repository, "commit", "-qam", "ugly")
    same = hook(repository, "--no-worse-than", "HEAD")
    assert same.returncode == 0, same.stdout
    (repository / "more.py").write_text("y = open('/data/y.csv')\n")
    git(repository, "add", "more.py")
    worse = hook(repository, "--no-worse-than", "HEAD")
    assert worse.returncode == 1
    first, second, *_ = worse.stdout.splitlines()
    assert "worse than HEAD (-3)" in first
    assert second.startswith("  -3 config-paths (7 → 4, 1 new finding)")
    (repository / "main.py").write_text(CLEAN)
    git(repository, "add", "main.py")
    assert hook(repository, "--no-worse-than", "HEAD").returncode == 0


def test_the_first_commit_of_all_has_nothing_to_be_worse_than(
    tmp_path: Path, hook: Hook
) -> None:
    folder = staged(tmp_path, UGLY)
    found = hook(folder, "--no-worse-than", "HEAD")
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_commit_that_cannot_be_read_is_not_taken_for_none_at_all(
    repository: Path, hook: Hook
) -> None:
    """A clone that shares its objects: what is staged is its own, HEAD is not."""
    sharing = repository.parent / "sharing"
    git(repository.parent, "clone", "-q", "--shared", "project", "sharing")
    (sharing / "main.py").write_text(UGLY)
    git(sharing, "add", "main.py")
    found = hook(sharing, "--no-worse-than", "HEAD")
    assert found.returncode == 3, found.stdout
    assert "objects/info/alternates" in found.stderr
    assert found.stdout == ""


@pytest.mark.parametrize("written", ["", "0" * 39, "ref: refs/heads/main"])
def test_a_branch_whose_file_is_broken_is_not_taken_for_one_without_commits(
    written: str, repository: Path, hook: Hook
) -> None:
    (repository / "main.py").write_text(UGLY)
    git(repository, "add", "main.py")
    branch = git(repository, "symbolic-ref", "HEAD")
    (repository / ".git" / branch).write_text(written)
    found = hook(repository, "--no-worse-than", "HEAD")
    assert found.returncode == 3, found.stdout
    assert "can't be read" in found.stderr


def test_the_index_that_git_is_about_to_commit_is_the_one(
    repository: Path, hook: Hook
) -> None:
    """`git commit FILE` makes its own index, and tells its hooks by GIT_INDEX_FILE."""
    (repository / "main.py").write_text(UGLY)
    (repository / "other.py").write_text(UGLY)
    git(repository, "add", "-A")
    own = repository / ".git" / "next-index-1.lock"
    own.write_bytes((repository / ".git" / "index").read_bytes())
    git(repository, "reset", "-q", "--hard")
    assert hook(repository, "--fail-under", "9").returncode == 0
    told = {"GIT_INDEX_FILE": str(own), "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/"}
    found = hook(repository, "--fail-under", "9", **told)
    assert found.returncode == 1
    assert "4 of 10" in found.stdout


def test_before_a_push_the_commit_that_is_pushed_is_graded(
    repository: Path, hook: Hook
) -> None:
    (repository / "main.py").write_text(UGLY)
    git(repository, "commit", "-qam", "ugly")
    parent = git(repository, "rev-parse", "HEAD~1")
    before = hook(repository, "--fail-under", "9", PRE_COMMIT_TO_REF="HEAD")
    assert before.returncode == 1
    first = hook(repository, "--fail-under", "9", PRE_COMMIT_TO_REF=parent)
    assert first.returncode == 0


def test_what_is_no_repository_is_said(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "quick.yaml").write_text(QUICK)
    folder = tmp_path / "plain"
    folder.mkdir()
    found = hook(folder)
    assert found.returncode == 2
    assert "nothing is staged there" in found.stderr


def test_the_published_hooks_are_what_pre_commit_expects() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [one["id"] for one in hooks] == ["mlops-grade", "mlops-grade-full"]
    for one in hooks:
        assert one["language"] == "python"
        assert one["pass_filenames"] is False
        assert one["entry"].split()[:2] == ["mlops-grade", "hook"]


@pytest.mark.sandbox
def test_pre_commit_itself_runs_it_and_a_bad_commit_is_refused(
    repository: Path, tmp_path: Path
) -> None:
    program = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    assert program is not None
    assert shipped("rubric.yaml").exists()
    # A clone of what is committed here, as the hook's users get it.
    copy = tmp_path / "mlops-grade"
    git(tmp_path, "clone", "-q", str(ROOT), str(copy))
    revision = git(copy, "rev-parse", "HEAD")
    config = {
        "repos": [
            {
                "repo": str(copy),
                "rev": revision,
                "hooks": [
                    {
                        "id": "mlops-grade",
                        "args": [
                            "--fail-under=9",
                            "--rubric",
                            str(tmp_path / "quick.yaml"),
                        ],
                    }
                ],
            }
        ]
    }
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    environment = ENVIRONMENT | {
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "HOME": os.environ.get("HOME", str(tmp_path)),
    }

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            words, cwd=repository, env=environment, capture_output=True, text=True
        )

    git(repository, "add", "-A")
    passed = call(program, "run", "--verbose")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "10 of 10" in passed.stdout
    assert call(program, "install").returncode == 0
    (repository / "main.py").write_text(UGLY)
    git(repository, "add", "main.py")
    refused = call("git", "commit", "-m", "ugly")
    assert refused.returncode == 1
    assert "below 9" in refused.stdout + refused.stderr
    tried = call(program, "try-repo", str(copy), "mlops-grade", "--verbose")
    assert "mlops-grade" in tried.stdout
