"""What the files of a repository hold, as hashes: each read once, when it is first asked for."""

import hashlib
import os
import stat
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from grader.cache.digest import digest
from grader.model.snapshot import Snapshot


@dataclass(frozen=True)
class Contents:
    """The hashes of a snapshot's files. Safe to ask from several threads."""

    snapshot: Snapshot
    _known: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: str) -> str:
        """One file: its content and whether it can be executed; of a link, what it leads to."""
        with self._lock:
            if path not in self._known:
                self._known[path] = self._read(path)
            return self._known[path]

    def all_of(self, paths: Collection[str]) -> str:
        """Several files and their paths, in whatever order they are given."""
        named = sorted(set(paths))
        return digest(part for path in named for part in (path, self.of(path)))

    @cached_property
    def shape(self) -> str:
        """What is known without reading: every file's name, links, what was left out."""
        snapshot = self.snapshot
        return digest(
            [
                snapshot.root.name,
                str(len(snapshot.files)),
                *(part for path in snapshot.files for part in (path, self._link(path))),
                *(part for one in snapshot.left_out for part in (one.path, one.reason)),
            ]
        )

    def is_link(self, path: str) -> bool:
        """Whether a file is a symbolic link."""
        return (self.snapshot.root / path).is_symlink()

    def _link(self, path: str) -> str:
        return os.readlink(self.snapshot.root / path) if self.is_link(path) else ""

    def _read(self, path: str) -> str:
        full = self.snapshot.root / path
        link = self._link(path)
        target = full.resolve() if link else full
        if link and not target.is_relative_to(self.snapshot.root.resolve()):
            return digest(["outside", link])
        if not target.is_file():
            return digest(["no file", link])
        with target.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode & stat.S_IXUSR
            content = hashlib.file_digest(stream, "sha256").digest()
        return digest(["file", link, str(mode), content])
