"""HOSTILE's cases 1 to 20 at the level of capture: nothing runs, nothing else is touched."""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.engine.capture import Capture, capture
from grader.errors import GradeError
from grader.model.history import History
from grader.model.snapshot import MAX_FILE_BYTES, MAX_PYTHON_FILES
from grader.reporting.clean import clean
from grader.submissions import choice
from tests.hostile import git_repositories as hostile

# Repositories that are bombs: seconds each, left to .ci/run.
pytestmark = pytest.mark.sandbox

Case = Callable[[Path], Path]


class Scene:
    """A case's folder, fingerprinted when the repository stands, and captures of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "theirs"
        self.folder.mkdir()
        self._work = folder / "ours"
        self._work.mkdir()
        self._before: dict[str, str] = {}
        self._captures = 0

    def make(self, case: Case) -> Path:
        path = case(self.folder)
        assert not hostile.marker(self.folder).exists(), "the test itself ran the bait"
        self._before = fingerprint(self.folder)
        return path

    def capture(self, source: Path | str, ref: str | None = None) -> Capture:
        self._captures += 1
        work = self._work / str(self._captures)
        work.mkdir()
        captured = capture(str(source), work, ref=ref)
        assert_is_contained(captured)
        return captured

    def refused(self, source: Path | str, ref: str | None = None) -> GradeError:
        with pytest.raises(GradeError) as caught:
            self.capture(source, ref)
        assert "\n" not in caught.value.message
        return caught.value

    def assert_untouched(self) -> None:
        assert not hostile.marker(self.folder).exists(), "something of theirs ran"
        assert fingerprint(self.folder) == self._before


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path)
    monkeypatch.chdir(made.folder)
    yield made
    made.assert_untouched()


def fingerprint(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        about = f"{status.st_mode:o} {status.st_size} {status.st_mtime_ns}"
        if stat.S_ISREG(status.st_mode) and status.st_size < 2**20:
            about += hashlib.sha1(path.read_bytes()).hexdigest()
        found[str(path)] = about
    return found


def assert_is_contained(captured: Capture) -> None:
    """No link of the copy leads out of it; what is named is there, and nothing else."""
    root = captured.snapshot.root
    there = set()
    for parent, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink():
                assert Path(os.path.realpath(path)).is_relative_to(root)
            elif not path.is_dir():
                assert stat.S_ISREG(path.lstat().st_mode)
                there.add(path.relative_to(root).as_posix())
    assert there == set(captured.snapshot.files)
    assert all(one.path.isprintable() for one in captured.snapshot.left_out)


def reasons(captured: Capture) -> dict[str, str]:
    return {one.path: one.reason for one in captured.snapshot.all_left_out}


def history_of(captured: Capture) -> History:
    assert captured.snapshot.history is not None, captured.notes
    return captured.snapshot.history


def test_01_an_empty_repository_is_graded_as_one(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_01))
    assert (captured.snapshot.files, captured.snapshot.commit) == ((), None)
    assert captured.snapshot.history is None
    assert captured.notes == ("The repository has no commits.",)


def test_02_a_head_that_does_not_exist_is_not_an_empty_repository(scene: Scene) -> None:
    path = scene.make(hostile.case_02)
    error = scene.refused(path)
    assert "no commit where its HEAD points" in error.message
    assert "dev" in error.hint
    assert scene.capture(path, "dev").snapshot.files == ("rent.py",)
    assert 'no branch, tag or commit "gone"' in scene.refused(path, "gone").message


@pytest.mark.parametrize("address", hostile.ADDRESSES)
def test_03_an_address_that_could_run_something_is_refused(
    address: str, scene: Scene
) -> None:
    error = scene.refused(address)
    assert "hunter2" not in error.hint + error.message
    assert sorted(scene.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ext::sh -c x", "white space"),
        ("ext::sh", '"ext::" names a program'),
        ("ssh://-oProxyCommand=x/y", "host begins with a hyphen"),
        ("git@example.org:-x", "path begins with a hyphen"),
        ("-oProxyCommand=x@example.org:y", "begins with a hyphen, as an option"),
        ("https://example.org/$HOME", 'a "\\$"'),
        ("http://example.org/a", '"http://" is not protected'),
        ("file:///etc", "given by its path"),
        ("https://example.org/a?b", "can be a secret"),
        ("ssh://%2doProxyCommand=x/y", "odd characters"),
    ],
)
def test_03_a_refusal_says_what_is_wrong(
    address: str, reason: str, scene: Scene
) -> None:
    with pytest.raises(GradeError, match=reason):
        scene.capture(address)


@pytest.mark.parametrize("name", ["-x", "--upload-pack=x", "-c x"])
def test_03_a_folder_named_as_an_option_is_a_folder(name: str, scene: Scene) -> None:
    path = scene.make(lambda folder: hostile.worktree(folder, {"a.py": b""}, name))
    for source in (path, f"./{name}"):
        assert scene.capture(source).snapshot.files == ("a.py",)


def test_04_a_tree_bomb_is_named_and_not_unpacked(scene: Scene) -> None:
    path = scene.make(hostile.case_04)
    error = scene.refused(path)
    assert "more than 200,000 files and folders" in error.message
    assert path.name in error.message


def test_04_a_bomb_of_folders_alone_is_one_too(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        store = hostile.Store(folder / "bomb.git")
        tree = store.tree([])
        for _ in range(40):
            tree = store.tree((hostile.FOLDER, b"%d" % at, tree) for at in range(2))
        return store.branch(store.commit(tree))

    assert "more than 200,000" in scene.refused(scene.make(make)).message


def test_04_names_of_a_megabyte_do_not_multiply(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        store = hostile.Store(folder / "bomb.git")
        one = store.blob(b"")
        tree = store.tree([(hostile.FILE, b"n" * 2**20, one)])
        for _ in range(4):
            tree = store.tree((hostile.FOLDER, b"%02d" % at, tree) for at in range(10))
        return store.branch(store.commit(tree))

    captured = scene.capture(scene.make(make))
    assert captured.snapshot.files == ()
    assert len(captured.snapshot.left_out) == 10_000
    assert set(reasons(captured).values()) == {"its name is too long"}


def test_05_a_blob_of_two_gibibytes_is_left_out(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_05))
    assert captured.snapshot.files == ("rent.py",)
    assert reasons(captured) == dict.fromkeys(
        ["model.bin", "weights.py"], "too large: over 100 MiB"
    )


def test_05_so_is_a_file_of_the_folder(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        path = hostile.worktree(folder, {"rent.py": hostile.SOURCE, "big.bin": b"1"})
        os.truncate(path / "big.bin", 2 * 2**30)
        return path

    captured = scene.capture(scene.make(make))
    assert captured.snapshot.files == ("rent.py",)
    assert reasons(captured) == {"big.bin": "too large: over 100 MiB"}


def test_06_of_a_hundred_thousand_files_the_code_is_graded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Writing fifty thousand files would only take longer.
    monkeypatch.setattr(choice, "MAX_FILES", 1_000)
    captured = scene.capture(scene.make(hostile.case_06))
    assert len(captured.snapshot.files) == 1_000
    # Sorted by name, `data/` alone would have filled the room.
    assert "rent.py" in captured.snapshot.files
    assert len(captured.snapshot.left_out) == 99_001
    assert set(reasons(captured).values()) == {"more than 1,000 files"}


def test_07_links_out_of_the_repository_are_left_out_unread(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_07))
    assert captured.snapshot.files == ("rent.py",)
    assert len(reasons(captured)) == 8
    assert set(reasons(captured).values()) == {
        "a symbolic link that leads out of the repository"
    }
    assert sorted(os.listdir(captured.snapshot.root)) == ["rent.py"]


def test_08_links_in_circles_end_and_are_told(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_08))
    assert captured.snapshot.files == ("rent.py",)
    told = reasons(captured)
    assert told["above"] == "a symbolic link that leads out of the repository"
    assert (
        told["here"] == told["sub/top"] == "a symbolic link to a folder that it is in"
    )
    assert told["long.py"] == told["nul.py"] == "a symbolic link that can't be made"
    assert len(told) == 2_008
    assert not (captured.snapshot.root / "here").is_symlink()


def test_09_names_that_lead_elsewhere_are_never_written(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_09))
    assert captured.snapshot.files == ("rent.py",)
    assert (captured.snapshot.root / "rent.py").read_bytes() == hostile.SOURCE
    told = reasons(captured)
    for name in (".git/config", ".GIT/hooks/post-checkout", "git~1/config"):
        assert told[name] == "its name is that of git's own folder"
    for name in ("..//evil.py", "//etc//evil.py", "sub//evil.py", "../config"):
        assert told[name] == "its name leads elsewhere"
    assert told["a\\b.py"] == "its name has a backslash"
    assert told["rent.py"] == "listed twice under one name"
    assert '"way" is a file' in told["way/escaped.py"]
    assert os.listdir(captured.snapshot.root) == ["rent.py"]


def test_09_an_index_can_hold_them_too(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        path = hostile.worktree(folder, {"rent.py": hostile.SOURCE, "aa/evil.py": b"1"})
        (folder / "evil.py").write_text("1")
        index = path / ".git" / "index"
        content = index.read_bytes()[:-20].replace(b"aa/evil.py", b"../evil.py")
        index.write_bytes(content + hashlib.sha1(content).digest())
        return path

    captured = scene.capture(scene.make(make))
    assert captured.snapshot.files == ("rent.py",)
    assert reasons(captured) == {"../evil.py": "its name leads elsewhere"}
    assert captured.snapshot.uncommitted


def test_10_submodules_are_listed_and_never_fetched(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_10))
    assert captured.snapshot.files == (".gitmodules", "rent.py")
    assert reasons(captured) == {"lib": "a submodule"}


def test_11_lfs_pointers_are_told_and_never_followed(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_11))
    # A data file is there by its name; code that isn't there is no broken code.
    assert "model.pkl" in captured.snapshot.files
    assert captured.snapshot.python_files == ("rent.py",)
    assert reasons(captured) == {"weights.py": "a Git LFS pointer instead of code"}
    (note,) = captured.notes
    assert note.startswith("1 file(s) are Git LFS pointers") and "model.pkl" in note


def test_11_a_file_that_lfs_has_put_in_is_not_a_change(scene: Scene) -> None:
    content = b"weights" * 1_000

    def make(folder: Path) -> Path:
        digest = hashlib.sha256(content).hexdigest().encode()
        pointer = (
            b"version https://git-lfs.github.com/spec/v1\n"
            b"oid sha256:%s\nsize %d\n" % (digest, len(content))
        )
        path = hostile.worktree(folder, {"model.pkl": pointer})
        (path / "model.pkl").write_bytes(content)
        return path

    captured = scene.capture(scene.make(make))
    assert not captured.snapshot.uncommitted
    assert (captured.snapshot.root / "model.pkl").read_bytes() == content


def test_12_attributes_change_no_byte_of_what_is_graded(scene: Scene) -> None:
    path = scene.make(hostile.case_12)
    for ref in (None, "HEAD"):
        root = scene.capture(path, ref).snapshot.root
        assert (root / "rent.py").read_bytes() == hostile.SOURCE
        assert (root / "utf16.py").read_bytes() == hostile.SOURCE
        assert (root / "crlf.py").read_bytes() == b"a = 1\nb = 2\n"
        assert (root / "ident.py").read_bytes() == b"# $Id$\n"
        assert (root / "subst.py").read_bytes() == b"# $Format:%an$\n"


def test_13_a_bare_repository_inside_stays_files(scene: Scene) -> None:
    path = scene.make(hostile.case_13)
    for ref in (None, "HEAD"):
        captured = scene.capture(path, ref)
        assert {"src/config", "config", "HEAD"} <= set(captured.snapshot.files)
        assert captured.snapshot.commit is not None


def test_14_a_hostile_configuration_runs_nothing(scene: Scene) -> None:
    path = scene.make(hostile.case_14)
    captured = scene.capture(path)
    assert captured.snapshot.files == ("notes.md", "rent.py")
    assert not captured.snapshot.uncommitted
    assert len(history_of(captured).commits) == 1
    # At the commit an object is missing: it is not asked of the remote, and not forgotten.
    error = scene.refused(path, "HEAD")
    assert "lacks the content of notes.md" in error.message


@pytest.mark.parametrize("case", [hostile.case_14_file, hostile.case_14_link])
def test_14_a_git_that_leads_to_another_group_is_not_followed(
    case: Case, scene: Scene
) -> None:
    path = scene.make(case)
    captured = scene.capture(path)
    assert (captured.snapshot.root / "rent.py").read_bytes() == hostile.SOURCE
    assert captured.snapshot.commit is None and captured.snapshot.history is None
    assert "does not lead back here" in captured.notes[0]
    assert "not a git repository" in scene.refused(path, "HEAD").message


def test_14_objects_that_are_linked_from_another_group_are_not_read(
    scene: Scene,
) -> None:
    path = scene.make(hostile.case_14_objects)
    captured = scene.capture(path)
    assert captured.snapshot.commit is None
    assert captured.snapshot.files == ()
    scene.refused(path, "HEAD")


def test_14_alternates_are_not_followed_and_said(scene: Scene) -> None:
    path = scene.make(hostile.case_14_alternates)
    captured = scene.capture(path)
    assert (captured.snapshot.root / "rent.py").read_bytes() == hostile.SOURCE
    assert captured.snapshot.commit is None
    assert "objects/info/alternates" in captured.notes[0]
    assert "objects/info/alternates" in scene.refused(path, "HEAD").message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_14_a_pipe_where_git_reads_keeps_nobody_waiting(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        path = hostile.worktree(folder, {"rent.py": hostile.SOURCE, "pipe.py": b"1"})
        (path / "pipe.py").unlink()
        for name in (".git/packed-refs", ".git/shallow", "pipe.py"):
            os.mkfifo(path / name)
        return path

    captured = scene.capture(scene.make(make))
    assert captured.snapshot.files == ("rent.py",)
    assert reasons(captured) == {"pipe.py": "not a regular file"}
    assert captured.snapshot.uncommitted


def test_14_an_object_that_is_not_what_its_name_says_is_refused(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        store = hostile.Store(folder / "group-7.git")
        entries = store.files({b"rent.py": hostile.SOURCE})
        better = store.blob(b'"""Much better code."""\n')
        objects = store.path / "objects"
        (objects / entries[0][2][:2] / entries[0][2][2:]).write_bytes(
            (objects / better[:2] / better[2:]).read_bytes()
        )
        return store.branch(store.commit(store.tree(entries)))

    assert "is not what its name says" in scene.refused(scene.make(make)).message


def test_14_a_worktree_and_a_submodule_of_ones_own_are_repositories(
    scene: Scene,
) -> None:
    def make(folder: Path) -> Path:
        main = hostile.worktree(folder, {"rent.py": hostile.SOURCE})
        hostile.run_git(main, "worktree", "add", "-q", "-b", "two", "../second")
        class_ = hostile.worktree(folder, {}, "class")
        hostile.run_git(class_, "submodule", "--quiet", "add", str(main), "group")
        return folder

    folder = scene.make(make)
    for path in (folder / "second", folder / "class" / "group"):
        for ref in (None, "HEAD"):
            captured = scene.capture(path, ref)
            assert captured.snapshot.files == ("rent.py",)
            assert captured.snapshot.commit is not None
            assert not captured.snapshot.uncommitted


def test_15_names_that_can_not_be_shown_are_left_out_as_escapes(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_15))
    assert captured.snapshot.files == ("rent.py",)
    assert len(captured.snapshot.left_out) == len(hostile.ODD_NAMES)
    told = reasons(captured)
    assert set(told.values()) == {"its name has control characters or is not UTF-8"}
    for shown in (
        *("new\\nline.py", "tab\\there.py", "esc\\x1b[31mred.py"),
        *("bad\\udcff\\udcfe.py", "bidi\\u202eyp.exe.py"),
    ):
        assert shown in told


def test_16_names_like_options_are_only_names(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_16))
    assert set(captured.snapshot.python_files) == {*hostile.OPTION_NAMES, "rent.py"}


def test_17_of_twins_the_first_is_graded_on_every_system(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_17))
    assert set(captured.snapshot.files) == {
        *("Rent.py", "STRASSE.py", "cafe\u0301.py", "src/Load.py"),
        *("Tools", "src/Load.py"),
    }
    told = reasons(captured)
    assert (
        told["rent.py"] == 'its name is that of "Rent.py" but for capitals or accents'
    )
    assert "cafe\u0301.py" in told["caf\u00e9.py"]
    assert "STRASSE.py" in told["stra\u00dfe.py"]
    assert '"Tools" is a file' in told["tools/Load.py"]


def test_18_names_too_long_and_folders_too_deep_are_listed(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_18))
    assert captured.snapshot.files == ("rent.py",)
    told = reasons(captured)
    assert told["d/" * 101] == "nested too deeply"
    assert sorted(told.values()) == ["its name is too long"] * 2 + ["nested too deeply"]


def test_18_a_folder_that_is_too_deep_on_disk_is_listed(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        path = folder / "plain"
        (path / "/".join("d" * 120)).mkdir(parents=True)
        (path / "/".join("d" * 120) / "deep.py").write_text("")
        (path / "rent.py").write_text("")
        return path

    captured = scene.capture(scene.make(make))
    assert captured.snapshot.files == ("rent.py",)
    assert reasons(captured) == {"d/" * 101: "nested too deeply"}


def test_19_authors_are_who_the_commits_name_and_only_text(scene: Scene) -> None:
    captured = scene.capture(scene.make(hostile.case_19))
    history = history_of(captured)
    assert len(history.commits) == len(hostile.AUTHORS)
    # Where an address begins is git's to say: at the first angle bracket.
    assert [one.author_email for one in history.commits[:2]] == [
        "script",
        "[/]@example.org",
    ]
    assert history.commits[1].author_name == "[link=https://evil.example]Ada[/link]"
    assert "Grace" not in repr(history)
    for commit in history.commits:
        for said in (commit.author_name, commit.author_email, commit.subject):
            assert len(said) <= 200
            assert clean(said).isprintable()


def test_20_times_are_what_was_claimed_or_none(scene: Scene) -> None:
    history = history_of(scene.capture(scene.make(hostile.case_20)))
    found = [one.committed.utc and one.committed.utc.year for one in history.commits]
    assert found == [year for _, year in hostile.TIMES]
    claims = [one.committed.claim for one in history.commits]
    assert claims == [time.decode()[:200] for time, _ in hostile.TIMES]
    offsets = {
        one.committed.utc.utcoffset()
        for one in history.commits[:4]
        if one.committed.utc
    }
    assert [str(offset) for offset in offsets] == ["0:00:00"]


def test_20_a_long_history_is_cut_and_said_to_be(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.submissions import history as reading

    monkeypatch.setattr(reading, "MAX_COMMITS", 50)

    def make(folder: Path) -> Path:
        store = hostile.Store(folder / "group-7.git")
        tree = store.tree(store.files({b"rent.py": hostile.SOURCE}))
        commits: list[str] = []
        for at in range(60):
            time = b"%d +0000" % (1_700_000_000 + at)
            commits.append(store.commit(tree, time=time, parents=commits[-1:]))
        return store.branch(commits[-1])

    history = history_of(scene.capture(scene.make(make)))
    assert (len(history.commits), history.is_truncated) == (50, True)


def test_20_a_shallow_history_is_said_to_be_cut_off(scene: Scene) -> None:
    def make(folder: Path) -> Path:
        path = hostile.worktree(folder, {"rent.py": hostile.SOURCE})
        hostile.run_git(path, "commit", "-q", "--allow-empty", "-m", "Second")
        url = path.as_uri()
        hostile.run_git(folder, "clone", "-q", "--depth=1", url, "shallow")
        return folder / "shallow"

    captured = scene.capture(scene.make(make))
    history = history_of(captured)
    assert (len(history.commits), history.is_truncated) == (1, True)
    assert not captured.snapshot.uncommitted


@pytest.mark.skipif(sys.platform == "win32", reason="a shell stands in for ssh")
@pytest.mark.parametrize(
    "case",
    [
        *(hostile.case_09, hostile.case_10, hostile.case_11, hostile.case_15),
        *(hostile.case_17, hostile.case_19, hostile.case_20),
    ],
)
def test_a_clone_brings_the_same_as_the_folder(
    case: Case, scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What git's own check would refuse a whole group for is looked at by us."""
    path = scene.make(case)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(
        '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    here = scene.capture(path).snapshot
    there = scene.capture(f"ssh://git@example.org{path}").snapshot
    assert (there.files, there.left_out) == (here.files, here.left_out)
    assert there.history == here.history
    for name in here.files:
        assert (there.root / name).read_bytes() == (here.root / name).read_bytes()


def test_python_files_that_are_too_large_or_too_many_are_skipped_and_listed(
    scene: Scene,
) -> None:
    def make(folder: Path) -> Path:
        store = hostile.Store(folder / "group-7.git")
        many = {b"m%04d.py" % at: b"x = 1\n" for at in range(MAX_PYTHON_FILES + 1)}
        wide = b"x = '" + b"y" * 10_001 + b"'\n"
        large = b"x = 1\n" * (MAX_FILE_BYTES // 6 + 1)
        files = {**many, b"a_large.py": large, b"a_wide.py": wide}
        return store.branch(store.commit(store.tree(store.files(files))))

    captured = scene.capture(scene.make(make))
    assert len(captured.snapshot.python_files) == MAX_PYTHON_FILES
    told = reasons(captured)
    assert told["a_large.py"] == "too large: over 1 MiB"
    assert told["a_wide.py"].startswith("too large: a line of over")
    assert told["m2000.py"] == f"more than {MAX_PYTHON_FILES} Python files"
