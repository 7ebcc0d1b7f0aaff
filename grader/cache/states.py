"""What a folder holds, told without reading it: by what changes whenever something is written.

The file system says of every file when it, or anything about it, was last written, to a
fraction of a second, and nobody can set that time. Git tells in the same way which files to
look into. A file that was written a moment ago may be written again at what counts as the same
time, so a state counts only once it has settled.
"""

import os
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.cache.digest import digest

# A folder with more is looked into: beside that it would take too long.
MAX_FILES = 20_000
# Longer than the steps in which any file system in use counts time.
_SETTLED_S = 3.0


@dataclass(frozen=True)
class State:
    """A hash of what the file system says, and since when it has been so, in its seconds."""

    digest: str
    since: float

    def is_settled(self, at: float) -> bool:
        """Whether what was written after that moment has a later time for certain."""
        return self.since < at - _SETTLED_S


def state_of_folder(folder: Path) -> State | None:
    """Everything below a folder; None where that can't be told, or takes too long."""
    # On Windows it is the time when a file was made, and its number is lacking.
    if os.name == "nt":
        return None
    try:
        return _state(below(os.fspath(folder)))
    except OSError:
        return None


def state_of_files(files: Collection[Path]) -> State | None:
    """Some files; None where one is none, a link to one among them."""
    if os.name == "nt":
        return None
    try:
        found = [(os.fspath(file), file.lstat()) for file in files]
    except OSError:
        return None
    if not all(stat.S_ISREG(status.st_mode) for _, status in found):
        return None
    return _state(found)


def now() -> float:
    """The clock that a state is held against."""
    return time.time()


def _state(found: "Collection[_Entry] | Iterator[_Entry]") -> State | None:
    said = []
    since = 0.0
    for path, status in found:
        since = max(since, status.st_ctime, status.st_mtime)
        said.append(f"{path}\0{_stated(status)}")
        if len(said) > MAX_FILES:
            return None
    return State(digest(sorted(said)), since)


def _stated(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        # What is in it is looked at.
        return f"{status.st_mode}"
    return (
        f"{status.st_mode} {status.st_size} {status.st_ino} {status.st_dev} "
        f"{status.st_mtime_ns} {status.st_ctime_ns}"
    )


_Entry = tuple[str, os.stat_result]


def below(folder: str, *, is_hidden_too: bool = True) -> Iterator[_Entry]:
    """Everything in a folder and its folders, however deep. Raises `OSError`."""
    left = [folder]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if not is_hidden_too and entry.name.startswith("."):
                    continue
                yield entry.path, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
