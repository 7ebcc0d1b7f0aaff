"""Capturing: which files are graded, from a folder, a repository, a commit."""

import os
import subprocess
from pathlib import Path

import pytest

from grader.engine.capture import Capture, capture
from grader.errors import GradeError

IDENTITY = ["-c", "user.name=A Student", "-c", "user.email=a@example.org"]


def git(folder: Path, *arguments: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *IDENTITY, "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=clean,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "group 7"
    folder.mkdir()
    git(folder, "init", "-q")
    write(
        folder, {"src/a.py": "a = 1\n", "README.md": "# A\n", ".gitignore": "*.log\n"}
    )
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def text(captured: Capture, path: str) -> str:
    return (captured.snapshot.root / path).read_text("utf-8")


def test_a_clean_working_tree_is_its_commit(repository: Path, work: Path) -> None:
    captured = capture(str(repository), work)
    assert captured.snapshot.files == (".gitignore", "README.md", "src/a.py")
    assert captured.snapshot.commit == git(repository, "rev-parse", "HEAD")
    assert not captured.snapshot.uncommitted
    assert captured.snapshot.name == "group 7"
    assert captured.notes == ()


def test_uncommitted_changes_are_graded_and_said(repository: Path, work: Path) -> None:
    write(
        repository, {"src/a.py": "a = 2\n", "debug.log": "x", "src/new.py": "b = 1\n"}
    )
    captured = capture(str(repository), work)
    assert text(captured, "src/a.py") == "a = 2\n"
    assert captured.snapshot.uncommitted
    # Not tracked is not graded, and that is told.
    assert captured.snapshot.python_files == ("src/a.py",)
    assert "src/new.py" in captured.notes[0]


def test_staged_and_deleted_files_count_as_the_folder_stands(
    repository: Path, work: Path
) -> None:
    write(repository, {"src/b.py": "b = 1\n"})
    git(repository, "add", "src/b.py")
    (repository / "README.md").unlink()
    captured = capture(str(repository), work)
    assert captured.snapshot.files == (".gitignore", "src/a.py", "src/b.py")
    assert captured.snapshot.uncommitted


def test_a_ref_grades_that_commit_whatever_the_folder_holds(
    repository: Path, work: Path
) -> None:
    first = git(repository, "rev-parse", "HEAD")
    write(repository, {"src/a.py": "a = 2\n"})
    git(repository, "commit", "-q", "-am", "Change")
    git(repository, "tag", "v2")
    for ref, expected in [(first, "a = 1\n"), ("v2", "a = 2\n"), ("main", "a = 2\n")]:
        place = work / ref
        place.mkdir()
        captured = capture(str(repository), place, ref=ref)
        assert text(captured, "src/a.py") == expected
        assert not captured.snapshot.uncommitted


def test_a_ref_that_does_not_exist_is_a_clear_error(
    repository: Path, work: Path
) -> None:
    for at, ref in enumerate(["nothing", "--output=x", "main; true"]):
        place = work / str(at)
        place.mkdir()
        with pytest.raises(GradeError, match="has no branch, tag or commit"):
            capture(str(repository), place, ref=ref)


def test_a_bare_repository_is_graded_at_its_head(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    captured = capture(str(tmp_path / "bare.git"), work)
    assert captured.snapshot.name == "bare"
    assert "src/a.py" in captured.snapshot.files


def test_a_repository_without_commits_is_graded_as_it_stands(
    tmp_path: Path, work: Path
) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    git(folder, "init", "-q")
    captured = capture(str(folder), work)
    assert (captured.snapshot.files, captured.snapshot.commit) == ((), None)
    assert captured.notes == ("The repository has no commits yet.",)


def test_a_plain_folder_is_taken_without_what_gitignore_names(
    tmp_path: Path, work: Path
) -> None:
    folder = tmp_path / "plain"
    write(
        folder,
        {
            "a.py": "",
            "data/raw.csv": "",
            "data/keep.csv": "",
            "logs/run.log": "",
            ".gitignore": "*.log\ndata/*\n!data/keep.csv\n",
            "sub/.gitignore": "local.py\n",
            "sub/local.py": "",
            "sub/b.py": "",
            ".venv/lib/x.py": "",
        },
    )
    captured = capture(str(folder), work)
    assert captured.snapshot.files == (
        ".gitignore",
        ".venv/lib/x.py",
        "a.py",
        "data/keep.csv",
        "sub/.gitignore",
        "sub/b.py",
    )
    assert captured.snapshot.python_files == ("a.py", "sub/b.py")
    assert [(one.path, one.reason) for one in captured.snapshot.all_left_out] == [
        (".venv/lib/x.py", "in a virtual environment")
    ]


def test_links_are_never_followed_out_of_the_repository(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.py").write_text("password = 'hunter2'\n")
    (repository / "src" / "leak.py").symlink_to(tmp_path / "secret.py")
    (repository / "src" / "up.py").symlink_to("../../secret.py")
    (repository / "src" / "same.py").symlink_to("a.py")
    (repository / "loop").symlink_to(".")
    git(repository, "add", "-A")
    for at, ref in enumerate([None, "HEAD"]):
        place = work / str(at)
        place.mkdir()
        if ref:
            git(repository, "commit", "-q", "-m", "Links")
        captured = capture(str(repository), place, ref=ref)
        assert captured.snapshot.python_files == ("src/a.py",)
        reasons = {one.path: one.reason for one in captured.snapshot.left_out}
        assert "leads out" in reasons["src/leak.py"]
        assert "leads out" in reasons["src/up.py"]
        assert "is graded" in reasons["src/same.py"]
        assert not (captured.snapshot.root / "src/leak.py").exists()
        everything = "".join(
            p.read_text("utf-8")
            for p in captured.snapshot.root.rglob("*")
            if p.is_file()
        )
        assert "hunter2" not in everything


def test_a_tracked_folder_replaced_by_a_link_is_not_followed(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere"
    write(outside, {"a.py": "stolen = True\n"})
    (repository / "src" / "a.py").unlink()
    (repository / "src").rmdir()
    (repository / "src").symlink_to(outside)
    captured = capture(str(repository), work)
    assert captured.snapshot.python_files == ()


def test_odd_names_are_left_out_and_shown_as_text(repository: Path, work: Path) -> None:
    for name in ["a\nb.py", "esc\x1b[31m.py", "-rf.py", "ünï.py"]:
        (repository / name).write_text("x = 1\n")
    (Path(os.fsdecode(os.fsencode(repository) + b"/bad\xff.py"))).write_text("x = 1\n")
    git(repository, "add", "-A")
    captured = capture(str(repository), work)
    assert captured.snapshot.python_files == ("-rf.py", "src/a.py", "ünï.py")
    shown = [one.path for one in captured.snapshot.left_out]
    assert "a\\nb.py" in shown
    assert "esc\\x1b[31m.py" in shown
    assert any(path.startswith("bad") for path in shown)


def test_the_configuration_of_a_local_repository_is_not_obeyed(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch '{trap}'\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "core.pager"):
        git(repository, "config", key, str(script))
    git(repository, "config", "core.hooksPath", str(tmp_path))
    write(repository, {".gitattributes": "* filter=x\n", "src/a.py": "a = 3\n"})
    trap.unlink(missing_ok=True)
    for at, ref in enumerate([None, "HEAD"]):
        place = work / str(at)
        place.mkdir()
        capture(str(repository), place, ref=ref)
    assert not trap.exists()


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c 'touch x'",
        "https://example.org/$(id)",
        "ssh://-oProxyCommand=id/x",
        "git@-oProxyCommand:x",
        "file:///etc",
        "http://example.org/a.git",
        "fd::17",
    ],
)
def test_addresses_that_could_run_something_never_reach_git(
    source: str, work: Path
) -> None:
    with pytest.raises(GradeError, match="not a repository address"):
        capture(source, work)


def test_a_password_in_an_address_is_refused_without_repeating_it(work: Path) -> None:
    with pytest.raises(GradeError) as caught:
        capture("https://me:hunter2@example.org/a.git", work)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_missing_path_and_a_file_are_said_to_be(tmp_path: Path, work: Path) -> None:
    with pytest.raises(GradeError, match="there is nothing at"):
        capture(str(tmp_path / "gone"), work)
    file = tmp_path / "file.py"
    file.touch()
    with pytest.raises(GradeError, match="is a file"):
        capture(str(file), work)
