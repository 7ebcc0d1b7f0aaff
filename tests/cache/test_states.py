"""What the file system says of a folder is another whenever anything in it is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.cache import states
from grader.cache.states import state_of_files, state_of_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "inner").mkdir(parents=True)
    (home / "inner" / "a.py").write_text("x = 1\n")
    (home / "b.py").write_text("y = 1\n")
    (home / "link").symlink_to("b.py")
    return home


def _rewritten(home: Path) -> None:
    """As many bytes, and the time of the last change put back."""
    file = home / "inner" / "a.py"
    before = file.stat()
    file.write_text("x = 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(home: Path) -> None:
    before = (home / "b.py").stat()
    (home / "new").write_text("y = 2\n")
    os.utime(home / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(home / "new", home / "b.py")


def _relinked(home: Path) -> None:
    (home / "link").unlink()
    (home / "link").symlink_to("c.py")


CHANGES: dict[str, Callable[[Path], object]] = {
    "rewritten": _rewritten,
    "replaced": _replaced,
    "relinked": _relinked,
    "made executable": lambda home: (home / "b.py").chmod(0o755),
    "removed": lambda home: (home / "b.py").unlink(),
    "renamed": lambda home: (home / "b.py").rename(home / "c.py"),
    "moved": lambda home: (home / "b.py").rename(home / "inner" / "b.py"),
    "an empty file": lambda home: (home / ".hidden").touch(),
    "an empty folder": lambda home: (home / "empty").mkdir(),
    "closed": lambda home: (home / "inner").chmod(0o700),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_makes_another_state(folder: Path, how: str) -> None:
    before = state_of_folder(folder)
    assert before is not None
    assert state_of_folder(folder) == before
    CHANGES[how](folder)
    after = state_of_folder(folder)
    assert after is not None
    assert after.digest != before.digest


def test_what_was_written_a_moment_ago_is_not_settled(folder: Path) -> None:
    state = state_of_folder(folder)
    assert state is not None
    assert not state.is_settled(states.now())
    assert state.is_settled(states.now() + 60)


def test_what_cannot_be_told_is_no_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_of_folder(folder / "nowhere") is None
    assert state_of_files([folder / "b.py", folder / "nowhere"]) is None
    assert state_of_files([folder / "link"]) is None
    assert state_of_files([folder / "b.py"]) is not None
    monkeypatch.setattr(states, "MAX_FILES", 2)
    assert state_of_folder(folder) is None


def test_folders_in_folders_are_told_however_deep(folder: Path) -> None:
    # As text: pathlib, `makedirs` and `rmtree` call themselves for each folder.
    chain = [os.fspath(folder)]
    for _ in range(1_200):
        chain.append(f"{chain[-1]}/d")
        os.mkdir(chain[-1])
    before = state_of_folder(folder)
    os.mkdir(f"{chain[-1]}/e")
    after = state_of_folder(folder)
    for one in (f"{chain[-1]}/e", *reversed(chain[1:])):
        os.rmdir(one)
    assert before and after
    assert before.digest != after.digest


def test_a_name_that_is_no_text_is_told(folder: Path) -> None:
    before = state_of_folder(folder)
    with open(os.fsencode(folder) + b"/\xff.py", "wb"):
        pass
    after = state_of_folder(folder)
    assert before and after
    assert before.digest != after.digest
