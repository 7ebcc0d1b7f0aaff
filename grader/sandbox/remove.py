"""Removes what code of strangers has left, however it is nested and whatever its modes are."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_folder(
    prefix: str = "mlops-grade-", within: Path | None = None
) -> Iterator[Path]:
    """A new folder that is gone afterwards, by its real path; below `within` if given.

    Others may pass through it to folders below, and can't see what these are called: as root
    what runs in a box is another user.
    """
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=within)).resolve()
    place.chmod(0o711)
    try:
        yield place
    finally:
        remove_tree(place)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it; what resists is left without an error.

    `shutil.rmtree` stops at a folder that its owner may not enter, and at some thousand
    levels. Here every folder is brought to the top before it is emptied, so that no path
    gets long.
    """
    try:
        shutil.rmtree(folder)
        return
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        pass
    top = Path(tempfile.mkdtemp(prefix="removed-", dir=folder.parent))
    found = [_brought(str(folder), top, 0)]
    count = 1
    while found:
        here = found.pop()
        for entry in _entries(here):
            if entry.is_dir(follow_symlinks=False):
                found.append(_brought(entry.path, top, count))
                count += 1
            else:
                _quietly_unlink(entry.path)
        _quietly_rmdir(here)
    _quietly_rmdir(str(top))


def remove_owned(user: int) -> None:
    """Remove what a user of a box's own has left in the machine's shared memory."""
    for entry in _entries(_SHARED_MEMORY):
        try:
            is_theirs = entry.stat(follow_symlinks=False).st_uid == user
        except OSError:
            continue
        if is_theirs:
            _quietly_unlink(entry.path)


_SHARED_MEMORY = "/dev/shm"


def _brought(folder: str, top: Path, number: int) -> str:
    target = str(top / str(number))
    try:
        # Its owner must be able to write to a folder that is moved.
        os.chmod(folder, stat.S_IRWXU)
        os.rename(folder, target)
    except OSError:
        return folder
    return target


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _quietly_unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _quietly_rmdir(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass
