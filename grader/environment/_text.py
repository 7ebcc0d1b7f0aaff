"""Reads a manifest's text: bounded, below the repository only, never through a link."""

import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1024 * 1024
MAX_LINES = 5_000
# A lock file is written by a program and lists every wheel of every package: 0.7 MiB
# for an ordinary PyTorch project.
MAX_LOCK_BYTES = 4 * 1024 * 1024
MAX_LOCK_LINES = 60_000
# Of all files together, nearest to the top first.
MAX_TOTAL_BYTES = 16 * 1024 * 1024
MAX_TOTAL_LINES = 100_000
# Looking for a line in a longer text, thousands of times, would take minutes.
MAX_SEARCHED = 256 * 1024


@dataclass(frozen=True)
class Text:
    """A file's text, and a remark where it was not plain UTF-8."""

    path: str
    text: str
    remark: str = ""

    def line_of(self, written: str) -> int | None:
        """The first line, from 1, where something stands; tomllib keeps no places."""
        if len(self.text) > MAX_SEARCHED:
            return None
        first = written.split("\n", 1)[0]
        at = self.text.find(first) if first else -1
        return self.text.count("\n", 0, at) + 1 if at >= 0 else None


@dataclass(frozen=True)
class Unread:
    """Why a file was not read."""

    path: str
    reason: str


class Files:
    """The repository's files, by path; the only way to a text for the readers."""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self._root = root
        self._files = frozenset(files)
        self._bytes = 0
        self._lines = 0

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str, *, is_lock: bool = False) -> Text | Unread:
        """The text at a path, or why not."""
        if reason := self._not_ours(path):
            return Unread(path, reason)
        most = MAX_LOCK_BYTES if is_lock else MAX_BYTES
        try:
            with (self._root / path).open("rb") as stream:
                raw = stream.read(most + 1)
        except OSError as error:
            return Unread(path, f"cannot be read: {error.strerror}")
        if len(raw) > most:
            return Unread(
                path, f"is over {most // 1024 // 1024} MiB, so it is not read"
            )
        decoded = _decode(raw)
        if decoded is None:
            return Unread(path, "is not text")
        text, remark = decoded
        most_lines = MAX_LOCK_LINES if is_lock else MAX_LINES
        if text.count("\n") > most_lines:
            return Unread(path, f"has over {most_lines:,} lines, so it is not read")
        self._bytes += len(raw)
        self._lines += text.count("\n")
        if self._bytes > MAX_TOTAL_BYTES or self._lines > MAX_TOTAL_LINES:
            return Unread(path, "is not read: the manifests are too large together")
        return Text(path, text, remark)

    def beside(self, path: str, named: str) -> str | Unread:
        """The path that a file means by `named`, or why it is not followed."""
        if "\\" in named or named.startswith(("/", "~")) or "://" in named:
            return Unread(named, "only files of the repository are followed")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
        if target == ".." or target.startswith("../"):
            return Unread(named, "lies outside the repository, so it is not followed")
        if target not in self._files:
            return Unread(named, "there is no such file in the repository")
        return target

    def _not_ours(self, path: str) -> str:
        if path not in self._files or path.startswith("/") or ".." in path.split("/"):
            return "there is no such file in the repository"
        here = self._root
        mode = 0
        for part in path.split("/"):
            here = here / part
            try:
                mode = here.lstat().st_mode
            except (OSError, ValueError):
                return "cannot be read"
            if stat.S_ISLNK(mode):
                return "is a symbolic link, which is not followed"
        return "" if stat.S_ISREG(mode) else "is not a file"


def _decode(raw: bytes) -> tuple[str, str] | None:
    text, remark = "", ""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        remark = (
            "is written in UTF-16, as PowerShell's `>` does; read as that. "
            "Not every tool reads it: save it as UTF-8"
        )
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError:
            return None
    elif b"\0" in raw:
        # UTF-16 of ASCII text without its mark: a zero in every other byte.
        zeros = raw[1::2].count(0)
        if zeros * 10 < len(raw) * 4:
            return None
        text = raw.decode("utf-16-le", errors="replace")
        remark = "looks like UTF-16 without its mark; read as that. Save it as UTF-8"
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("utf-8", errors="replace")
            remark = (
                "is not UTF-8; what could not be read is left out. Save it as UTF-8"
            )
    if "\0" in text:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n"), remark
