"""How much a boxed process has written."""

import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

# Looking must not cost more than this share of the time.
_SHARE = 0.05
_BETWEEN_S = 0.25

# Less than this and other programs of the machine are in trouble.
_FLOOR_BYTES = 256 * 2**20

# The kernel takes paths of 4,096 bytes. No honest folder is nested that deep.
_LONGEST_PATH = 3_500

_SHARED_MEMORY = Path("/dev/shm")

# What is used up: what the program may write, or the machine's own disk.
Overrun = Literal["disk", "machine"]


class DiskWatch:
    """Looks at some folders now and then, the more seldom the longer a look takes.

    What is in them at the start doesn't count. What `owner`, a user of the box's own, has in
    the machine's shared memory does: a box without one of its own would have no bound there.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        most_bytes: int,
        most_files: int,
        owner: int | None = None,
    ) -> None:
        self._folders = folders
        self._owner = owner
        size, count = _contents(folders, sys.maxsize, sys.maxsize)
        self._most_bytes = size + most_bytes
        self._most_files = count + most_files
        self._next = time.monotonic() + _BETWEEN_S

    def exceeded(self) -> Overrun | None:
        """What there is too much for, if anything; None between two looks."""
        started = time.monotonic()
        if not self._folders or started < self._next:
            return None
        exceeded = self.look()
        taken = time.monotonic() - started
        self._next = started + max(_BETWEEN_S, taken / _SHARE)
        return exceeded

    def look(self) -> Overrun | None:
        """Whether the folders hold more than they may, and else whether the disk is full."""
        size, count = _contents(self._folders, self._most_bytes, self._most_files)
        if self._owner is not None:
            shared_size, shared_count = _shared(self._owner)
            size, count = size + shared_size, count + shared_count
        if size > self._most_bytes or count > self._most_files:
            return "disk"
        return "machine" if self.is_full() else None

    def is_full(self) -> bool:
        """Whether the machine's disk is all but full, whoever filled it."""
        return any(_is_full(folder) for folder in self._folders)


def _contents(
    folders: Sequence[Path], most_bytes: int, most_files: int
) -> tuple[int, int]:
    """Bytes on disk and number of entries; not further than what is too much."""
    size = count = 0
    for entry, status in entries_below(folders):
        count += 1
        if len(entry.path) > _LONGEST_PATH:
            # What is below can't be looked at by its path any more.
            return sys.maxsize, sys.maxsize
        # What is allocated: a file of one byte may claim to be huge.
        size += status.st_blocks * 512
        if size > most_bytes or count > most_files:
            break
    return size, count


def _shared(owner: int) -> tuple[int, int]:
    """Bytes and number of a user's files in the machine's shared memory."""
    sizes = [
        status.st_blocks * 512
        for _, status in entries_below([_SHARED_MEMORY])
        if status.st_uid == owner
    ]
    return sum(sizes), len(sizes)


def entries_below(
    folders: Sequence[Path],
) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Everything below some folders; no link is followed.

    What is gone meanwhile, may not be read, or is nested deeper than a path can say, is
    left out.
    """
    pending = [str(folder) for folder in folders]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(entry.path)
                    yield entry, status
        except OSError:
            continue


def _is_full(folder: Path) -> bool:
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _FLOOR_BYTES
