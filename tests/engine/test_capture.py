"""Capturing: which files are graded, from a folder, a repository, a commit."""

import os
from pathlib import Path

import pytest

import grader
from grader.engine.capture import Capture, capture
from grader.errors import GradeError
from tests.committing import git
from tests.conftest import MakeSnapshot


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


def test_a_project_inside_its_own_environment_is_still_its_own(
    make_snapshot: MakeSnapshot,
) -> None:
    # What `python -m venv .` leaves at the top.
    files = ["pyvenv.cfg", "src/a.py", "lib/python3.12/site-packages/b.py"]
    snapshot = make_snapshot({name: "x = 1\n" for name in files})
    assert snapshot.python_files == ("src/a.py",)


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


def test_the_history_is_read_with_its_authors(repository: Path, work: Path) -> None:
    for name in ("Ada <ada@example.org>", "A. Lovelace <ADA@example.org>"):
        git(repository, "commit", "-q", "--allow-empty", "-m", name, "--author", name)
    history = capture(str(repository), work).snapshot.history
    assert history is not None and not history.is_truncated
    newest, second, first = history.commits
    assert (newest.hash, newest.author_name, newest.parents) == (
        *(git(repository, "rev-parse", "HEAD"), "A. Lovelace"),
        1,
    )
    assert (first.subject, first.parents) == ("Start", 0)
    assert second.authored.utc is not None
    assert second.authored.utc.timestamp() == int(
        git(repository, "log", "-1", "--format=%at", second.hash)
    )
    # One address is one author, however the name is written.
    assert history.authors == 2


def test_the_report_tells_of_the_commit_and_bounds_its_lists(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(4):
        (repository / f"link{at}.py").symlink_to("/etc/passwd")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Links")
    monkeypatch.setattr("grader.engine.gather.LISTED", 3)
    facts = grader.grade(repository, only=["file-presence"]).repository
    assert facts.commit == git(repository, "rev-parse", "HEAD")
    assert (facts.commit_author, facts.commits, facts.authors) == ("A Student", 2, 1)
    assert facts.commit_time is not None and facts.commit_time.endswith("+00:00")
    assert len(facts.left_out) == 3
    assert facts.notes == ("1 more files are left out, not listed here.",)


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_COMMON_DIR", "GIT_INDEX_FILE"])
def test_what_a_hook_of_gits_sets_leads_nowhere(
    variable: str, repository: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As under pre-commit, which runs inside `git commit`.
    monkeypatch.setenv(variable, "/nowhere")
    captured = capture(str(repository), work)
    assert captured.snapshot.history is not None
    assert not captured.snapshot.uncommitted


def test_other_line_ends_are_not_a_change(repository: Path, work: Path) -> None:
    (repository / "src" / "a.py").write_bytes(b"a = 1\r\n")
    captured = capture(str(repository), work)
    assert not captured.snapshot.uncommitted
    assert (captured.snapshot.root / "src" / "a.py").read_bytes() == b"a = 1\r\n"


def test_a_repository_with_sha_256_names_is_graded(tmp_path: Path, work: Path) -> None:
    folder = tmp_path / "modern"
    folder.mkdir()
    git(folder, "init", "-q", "--object-format=sha256")
    write(folder, {"src/a.py": "a = 1\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    for at, ref in enumerate([None, "HEAD"]):
        place = work / str(at)
        place.mkdir()
        captured = capture(str(folder), place, ref=ref)
        assert captured.snapshot.files == ("src/a.py",)
        assert captured.snapshot.commit == git(folder, "rev-parse", "HEAD")
        assert not captured.snapshot.uncommitted
        assert captured.notes == ("The history was not read: its hashes are SHA-256.",)


def test_packed_and_loose_objects_and_references_are_read_alike(
    repository: Path, work: Path
) -> None:
    git(repository, "tag", "-a", "v1", "-m", "One")
    git(repository, "branch", "feature/x")
    write(repository, {"src/a.py": "a = 1\n" * 2_000})
    git(repository, "commit", "-q", "-am", "Long")
    git(repository, "gc", "-q")
    write(repository, {"src/b.py": "b = 1\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Loose")
    found = {}
    for ref in ("v1", "feature/x", "HEAD", "HEAD~1"):
        place = work / ref
        place.mkdir(parents=True)
        found[ref] = capture(str(repository), place, ref=ref).snapshot
    assert found["v1"].commit == found["feature/x"].commit
    assert (found["HEAD~1"].root / "src/a.py").stat().st_size == 12_000
    assert "src/b.py" in found["HEAD"].files


def test_a_split_index_and_a_detached_head_are_read(
    repository: Path, work: Path
) -> None:
    git(repository, "update-index", "--split-index")
    git(repository, "checkout", "-q", "--detach")
    write(repository, {"src/b.py": "b = 1\n"})
    git(repository, "add", "-A")
    captured = capture(str(repository), work)
    assert captured.snapshot.python_files == ("src/a.py", "src/b.py")
    assert captured.snapshot.uncommitted


def test_patterns_of_gitignore_that_take_for_ever_or_mean_nothing_are_passed_over(
    tmp_path: Path, work: Path
) -> None:
    folder = tmp_path / "plain"
    lines = ["!", "\\", "a*" * 60 + "b", "**/" * 40 + "x", "*.log"]
    write(
        folder,
        {".gitignore": "\n".join(lines), "a" * 250: "", "a.py": "", "run.log": ""},
    )
    assert capture(str(folder), work).snapshot.files == (
        ".gitignore",
        "a.py",
        "a" * 250,
    )


def test_the_mode_of_a_file_is_gits_and_nothing_more(
    repository: Path, work: Path
) -> None:
    (repository / "src" / "a.py").chmod(0o4711)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Executable")
    for at, ref in enumerate([None, "HEAD"]):
        place = work / str(at)
        place.mkdir()
        root = capture(str(repository), place, ref=ref).snapshot.root
        assert (root / "src" / "a.py").stat().st_mode & 0o7777 == 0o755
        assert (root / "README.md").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(
    ("origin", "page"),
    [
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("https://ghp_secret@github.com/o/r.git", "https://github.com/o/r"),
        ("https://git.example.org/o/r.git", None),
    ],
)
def test_the_page_is_that_of_origin_without_its_secrets(
    repository: Path, work: Path, origin: str, page: str | None
) -> None:
    git(repository, "remote", "add", "origin", origin)
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert capture(str(repository), work).web == page


def test_origin_is_not_taken_from_a_file_that_the_configuration_includes(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more"
    more.write_text('[remote "origin"]\n\turl = git@github.com:other/group.git\n')
    git(repository, "config", "include.path", str(more))
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert capture(str(repository), work).web is None


def test_a_commit_and_a_bare_repository_have_the_page_too(
    repository: Path, work: Path, tmp_path: Path
) -> None:
    git(repository, "remote", "add", "origin", "git@gitlab.com:o/deep/r.git")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert (
        capture(str(repository), work, ref="HEAD").web == "https://gitlab.com/o/deep/r"
    )
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path / "bare.git", "remote", "set-url", "origin", "git@github.com:o/r.git")
    other = tmp_path / "other work"
    other.mkdir()
    bare = capture(str(tmp_path / "bare.git"), other)
    assert bare.web == "https://github.com/o/r"


def test_a_commit_that_was_not_pushed_has_no_page(repository: Path, work: Path) -> None:
    git(repository, "remote", "add", "origin", "git@github.com:o/r.git")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    write(repository, {"src/a.py": "a = 2\n"})
    git(repository, "commit", "-q", "-am", "Not pushed")
    assert capture(str(repository), work).web is None
    for ref, page in [("HEAD~", "https://github.com/o/r"), ("HEAD", None)]:
        place = work / ref.replace("~", "-before")
        place.mkdir()
        assert capture(str(repository), place, ref=ref).web == page
