"""The files of earlier commits: all of them, once each, whatever the repository is."""

import os
import subprocess
from pathlib import Path

import pytest

from grader.engine.capture import capture
from grader.errors import CannotMeasure
from grader.model.past import Past, PastFile
from grader.submissions import past
from grader.submissions.past import GitPast
from tests.committing import git
from tests.engine.test_capture import write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "group"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, "Start", {"a.py": "a = 1\n", "src/b.py": "b = 1\n"})
    return folder


def commit(folder: Path, message: str, files: dict[str, str]) -> str:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def past_of(folder: Path, tmp_path: Path, name: str = "work") -> Past:
    work = tmp_path / name
    work.mkdir()
    found = capture(str(folder), work).snapshot.past
    assert found is not None
    return found


def most(path: str) -> int:
    return 1_000


def versions(found: tuple[PastFile, ...]) -> set[str]:
    return {one.path for one in found}


def test_a_file_that_was_deleted_is_found_with_the_commit_that_brought_it(
    repository: Path, tmp_path: Path
) -> None:
    added = commit(repository, "Add", {".env": "A=1\n"})
    (repository / ".env").unlink()
    commit(repository, "Remove", {"a.py": "a = 2\n"})
    found = past_of(repository, tmp_path).files(tmp_path)
    assert [one.commit for one in found.files if one.path == ".env"] == [added]
    assert versions(found.files) == {"a.py", "src/b.py", ".env"}
    assert (found.commits, found.gaps) == (3, ())


def test_every_content_of_a_file_is_there_once_and_the_oldest_first(
    repository: Path, tmp_path: Path
) -> None:
    for text in ("a = 2\n", "a = 1\n", "a = 3\n"):
        commit(repository, "Change", {"a.py": text})
    reader = past_of(repository, tmp_path)
    own = [one for one in reader.files(tmp_path).files if one.path == "a.py"]
    texts = reader.texts(own, tmp_path, most).texts
    assert [texts[one.object_id] for one in own] == [
        b"a = 1\n",
        b"a = 2\n",
        b"a = 3\n",
    ]


def test_what_a_merge_itself_brings_is_found(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    commit(repository, "Beside", {"c.py": "c = 1\n"})
    git(repository, "checkout", "-q", "main")
    commit(repository, "Meanwhile", {"d.py": "d = 1\n"})
    git(repository, "merge", "-q", "--no-commit", "--no-ff", "other")
    merge = commit(repository, "Merge", {"key.pem": "k\n"})
    (repository / "key.pem").unlink()
    commit(repository, "Remove", {})
    found = past_of(repository, tmp_path).files(tmp_path).files
    assert [one.commit for one in found if one.path == "key.pem"] == [merge]
    assert {"c.py", "d.py"} <= versions(found)


def test_a_branch_that_does_not_lead_to_the_graded_commit_is_not_looked_at(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    commit(repository, "Beside", {"c.py": "c = 1\n"})
    git(repository, "checkout", "-q", "main")
    assert "c.py" not in versions(past_of(repository, tmp_path).files(tmp_path).files)


def test_a_file_that_moved_is_there_under_both_names(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "mv", "a.py", "e.py")
    commit(repository, "Move", {})
    assert {"a.py", "e.py"} <= versions(
        past_of(repository, tmp_path).files(tmp_path).files
    )


def test_a_shallow_clone_is_said_to_be_one(repository: Path, tmp_path: Path) -> None:
    commit(repository, "Change", {"a.py": "a = 2\n"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    found = past_of(tmp_path / "shallow", tmp_path).files(tmp_path)
    assert found.commits == 1
    assert [gap for gap in found.gaps if "cut off" in gap]


def test_names_of_any_bytes_links_and_submodules_break_nothing(
    repository: Path, tmp_path: Path
) -> None:
    names = (b"line\nbreak.py", b"\xff\xfe.txt", b"tab\t.env")
    for name in names:
        (Path(os.fsdecode(os.fsencode(repository) + b"/" + name))).write_text("x = 1\n")
    (repository / "link").symlink_to("/etc/passwd")
    git(repository, "add", "-A")
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},module")
    git(repository, "commit", "-q", "-m", "Odd names")
    reader = past_of(repository, tmp_path)
    found = reader.files(tmp_path)
    assert {os.fsencode(one.path) for one in found.files} >= set(names)
    assert not {"link", "module"} & versions(found.files)
    assert not reader.texts(found.files, tmp_path, most).gaps


def test_binaries_and_large_files_are_passed_over_and_counted(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "model.pkl").write_bytes(b"\0" * 10)
    commit(repository, "Add", {"large.txt": "x" * 2_000})
    reader = past_of(repository, tmp_path)
    read = reader.texts(reader.files(tmp_path).files, tmp_path, most)
    assert read.passed_over == {"too large": 1, "binary": 1}
    assert len(read.texts) == 2
    assert read.gaps == ()


def test_content_that_a_partial_clone_lacks_is_a_gap(
    repository: Path, tmp_path: Path
) -> None:
    blob = git(repository, "rev-parse", "HEAD:a.py")
    commit(repository, "Change", {"a.py": "a = 2\n"})
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    reader = past_of(repository, tmp_path)
    found = reader.files(tmp_path)
    assert found.gaps == ()
    assert reader.texts(found.files, tmp_path, most).gaps == (
        "the content of 1 files is missing in the repository",
    )


def test_a_folder_that_is_missing_is_a_gap(repository: Path, tmp_path: Path) -> None:
    tree = git(repository, "rev-parse", "HEAD:src")
    commit(repository, "Change", {"src/b.py": "b = 2\n"})
    (repository / ".git/objects" / tree[:2] / tree[2:]).unlink()
    found = past_of(repository, tmp_path).files(tmp_path)
    assert found.gaps == ("some folders are missing in the repository",)


def test_an_object_that_is_another_than_its_name_says_is_not_read(
    repository: Path, tmp_path: Path
) -> None:
    tree = git(repository, "rev-parse", "HEAD:src")
    commit(repository, "Change", {"src/b.py": "b = 2\n"})
    other = git(repository, "rev-parse", "HEAD^{tree}")
    objects = repository / ".git/objects"
    (objects / tree[:2] / tree[2:]).unlink()
    (objects / tree[:2] / tree[2:]).write_bytes(
        (objects / other[:2] / other[2:]).read_bytes()
    )
    with pytest.raises(CannotMeasure, match="could not be read"):
        past_of(repository, tmp_path).files(tmp_path)


def test_a_few_objects_that_make_a_billion_files_are_not_unfolded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bomb"
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, {"x": "x\n"})
    blob = git(folder, "hash-object", "-w", "x")
    entry = "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10))
    for _ in range(9):
        tree = _tree(folder, entry)
        entry = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
    head = git(folder, "commit-tree", tree, "-m", "Bomb")
    monkeypatch.setattr(past, "MAX_ENTRIES", 5_000)
    found = GitPast(folder / ".git", head).files(tmp_path)
    assert found.gaps == ("it has too many files to look at them all",)
    assert len(found.files) < 5_000


def _tree(folder: Path, entries: str) -> str:
    done = subprocess.run(
        ["git", "mktree"],
        cwd=folder,
        input=entries,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_history_that_is_too_long_is_read_to_its_limit(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, "Change", {"a.py": "a = 2\n"})
    monkeypatch.setattr(past, "MAX_COMMITS", 1)
    found = past_of(repository, tmp_path).files(tmp_path)
    assert (found.commits, found.gaps) == (
        1,
        ("only the last 1 commits were looked at",),
    )


def test_text_beyond_what_is_read_is_a_gap_and_not_silence(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "TEXT_BYTES", 6)
    reader = past_of(repository, tmp_path)
    read = reader.texts(reader.files(tmp_path).files, tmp_path, most)
    assert len(read.texts) == 1
    assert [
        gap for gap in read.gaps if gap.startswith("1 versions of files are beyond")
    ]


def test_a_plain_folder_has_no_past(tmp_path: Path) -> None:
    write(tmp_path, {"plain/a.py": "a = 1\n"})
    work = tmp_path / "work"
    work.mkdir()
    assert capture(str(tmp_path / "plain"), work).snapshot.past is None
