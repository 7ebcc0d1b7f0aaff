"""Entries by key, each a file of its own that is there whole or not at all.

    <folder>/<two digits of the key>/<the other digits>

No lock and no index: a file appears by being renamed, which holds for any number of
processes, when one is killed, and on a network's file system. What can't be read, is cut off,
or is not what its first line says, isn't there. The oldest by last use go when there is no
room.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.cache.place import limit_mebibytes, user_cache

MEBIBYTE = 1024 * 1024
MAX_ENTRY_BYTES = 64 * MEBIBYTE

_LAYOUT = b"mlops-grade entry 1"
_NEW = ".new-"
# What takes no more than this on a disk takes this.
_BLOCK = 4096
# Looking at every entry is worth it when about this share of the room was written since.
_SHARE = 64
# After a sweep there is room for a while.
_LEFT = 0.9
_UNFINISHED_S = 3600.0
# Where they are lacking (Windows), there are no links to follow either.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Filling:
    """How full it is: entries, the room that they take on the disk, and the oldest use."""

    entries: int
    size_bytes: int
    oldest_use: float | None


@dataclass(frozen=True)
class _Kept:
    used: float
    size_bytes: int
    file: Path


@dataclass(frozen=True)
class Entries:
    """What is kept below a folder, in at most about `limit_bytes`; 0 keeps nothing.

    Nothing here raises for what happens on the disk: without a cache everything is done
    again, no more.
    """

    folder: Path
    limit_bytes: int

    @cached_property
    def trouble(self) -> str:
        """Why nothing is read or written here; empty when all is well."""
        if self.limit_bytes <= 0:
            return "the limit is 0"
        return _why_foreign(self.folder)

    def get(self, key: str) -> bytes | None:
        """The content of an entry; None where there is none that can be believed."""
        if self.trouble:
            return None
        file = self._file(key)
        try:
            descriptor = os.open(file, os.O_RDONLY | _NO_FOLLOW)
        except OSError:
            return None
        try:
            with os.fdopen(descriptor, "rb") as stream:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or not _is_ours(status):
                    return None
                raw = stream.read(MAX_ENTRY_BYTES + 1)
        except OSError:
            return None
        content = _content(raw, key)
        with contextlib.suppress(OSError):
            if content is None:
                file.unlink()
            else:
                os.utime(file)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep this content; who else writes the same key writes the same."""
        if self.trouble or len(content) > min(MAX_ENTRY_BYTES, self.limit_bytes) // 2:
            return
        file = self._file(key)
        with contextlib.suppress(OSError):
            try:
                descriptor, name = tempfile.mkstemp(prefix=_NEW, dir=file.parent)
            except FileNotFoundError:
                _make(self.folder)
                file.parent.mkdir(mode=0o700, exist_ok=True)
                descriptor, name = tempfile.mkstemp(prefix=_NEW, dir=file.parent)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(_head(key, content) + content)
                os.replace(name, file)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        # A key's digits are as good as chance, and need no count that processes share: on
        # the average one in so many writes that a share of the room is filled.
        chance = int(key[:8], 16) / 2**32
        if chance < _on_disk(len(content)) * _SHARE / self.limit_bytes:
            self.sweep()

    def filling(self) -> Filling:
        """How full it is."""
        kept = [] if _why_foreign(self.folder) else list(self._kept())
        return Filling(
            len(kept),
            sum(one.size_bytes for one in kept),
            min((one.used for one in kept), default=None),
        )

    def sweep(self) -> None:
        """Make room, where there is none: what was used last goes last."""
        kept = sorted(self._kept(), key=lambda one: one.used)
        size = sum(one.size_bytes for one in kept)
        if size <= self.limit_bytes:
            return
        for one in kept:
            if size <= self.limit_bytes * _LEFT:
                return
            with contextlib.suppress(OSError):
                one.file.unlink()
            size -= one.size_bytes

    def clear(self) -> Filling:
        """Remove everything, and say how much that was."""
        before = self.filling()
        if not _why_foreign(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
        return before

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def _kept(self) -> Iterator[_Kept]:
        now = time.time()
        for folder in _listed(self.folder):
            if not folder.is_dir(follow_symlinks=False):
                continue
            for one in _listed(Path(folder.path)):
                try:
                    status = one.stat(follow_symlinks=False)
                except OSError:
                    continue
                file = Path(one.path)
                if not one.name.startswith(_NEW):
                    yield _Kept(status.st_mtime, _on_disk(status.st_size), file)
                elif now - status.st_mtime > _UNFINISHED_S:
                    # Whoever wrote it was killed.
                    with contextlib.suppress(OSError):
                        file.unlink()


def user_entries() -> Entries:
    """The measurements of this user. Raises `GradeError` for a limit that is no number."""
    return Entries(user_cache() / "measurements", limit_mebibytes() * MEBIBYTE)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _head(key: str, content: bytes) -> bytes:
    checksum = hashlib.sha256(content).hexdigest()
    return b"%s %s %s\n" % (_LAYOUT, key.encode(), checksum.encode())


def _content(raw: bytes, key: str) -> bytes | None:
    head, _, content = raw.partition(b"\n")
    return content if head + b"\n" == _head(key, content) else None


def _on_disk(size: int) -> int:
    return -(-max(size, 1) // _BLOCK) * _BLOCK


def _make(folder: Path) -> None:
    """The folder, for its owner only: findings quote code that may be private."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _is_ours(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _why_foreign(folder: Path) -> str:
    """Why a folder can't be believed to be only ours; empty for one that is, or isn't there."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        status = None
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    if status is not None:
        if not stat.S_ISDIR(status.st_mode):
            return f"{folder} is no folder, or a link to one"
        if not _is_ours(status):
            return f"{folder} belongs to somebody else"
        if os.name != "nt" and status.st_mode & 0o077:
            return f"{folder} is open to others: chmod 700 it"
    # What root writes along somebody's links ends where that somebody wants it.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        for above in (*folder.parents, *folder.resolve().parents):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if above.lstat().st_uid != 0:
                    return f"{above} belongs to somebody else, and this is root"
    return ""
