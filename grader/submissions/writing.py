"""Writing the private copy that is graded: nothing is followed, nothing overwritten."""

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from grader.errors import ExitCode, GradeError
from grader.model.snapshot import LeftOut
from grader.sandbox.limits import MEBIBYTE
from grader.submissions.choice import left, within_limits
from grader.submissions.git import Damaged, Git, TreeEntry, hash_of
from grader.submissions.names import printable

# As much of a commit's files as is held in memory at once, unless one file is larger.
_AT_ONCE = 64 * MEBIBYTE
_LINK_CHARACTERS = 1_000
# As Linux does: further links are followed nowhere.
_FOLLOWED = 40
_POINTER_BYTES = 1024
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_PIECE = 1024 * 1024

# Where they are lacking (Windows), there are no links to follow either.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)
BINARY = getattr(os, "O_BINARY", 0)


class Copy:
    """The folder below which files are graded, and what came of each entry.

    `pointers` are those of the `files` whose content Git LFS keeps elsewhere.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir()
        root.chmod(0o755)
        self.root = root
        self.files: list[str] = []
        self.pointers: list[str] = []
        self.left_out: list[LeftOut] = []
        self._links: list[tuple[TreeEntry, str]] = []
        self._folders: set[Path] = {root}

    def take_objects(self, entries: Iterable[TreeEntry], git: Git) -> None:
        """Write entries of a commit, in whatever order their content comes."""
        taken = list(entries)
        sizes = git.sizes(sorted({entry.object_id for entry in taken}))
        for entry in taken:
            if entry.object_id not in sizes:
                # As in a partial clone: the file would be missing from every number.
                raise Damaged(f"it lacks the content of {printable(entry.path)}")
        by_path = {entry.path: sizes[entry.object_id] for entry in taken}
        chosen = within_limits(taken, by_path)
        self.left_out += chosen.left_out
        by_id: dict[str, list[TreeEntry]] = {}
        for entry in chosen.taken:
            by_id.setdefault(entry.object_id, []).append(entry)
        for some in _portions(by_id, sizes):
            for stored in git.objects(some):
                for entry in by_id[stored.object_id]:
                    self._write(entry, stored.content)

    def take_files(self, entries: Iterable[TreeEntry], folder: Path) -> None:
        """Copy entries that are on disk below `folder`; none of them may be a folder."""
        taken = list(entries)
        sizes = {entry.path: (folder / entry.path).lstat().st_size for entry in taken}
        chosen = within_limits(taken, sizes)
        self.left_out += chosen.left_out
        for entry in chosen.taken:
            source = folder / entry.path
            if entry.is_link:
                self._links.append((entry, os.readlink(source)))
            else:
                self._copy(entry, source)

    def finish(self) -> None:
        """Make the links that lead to something in the copy; all are left out.

        Before this there is no link in it at all that a file could be written through.
        """
        links = {entry.path: target for entry, target in self._links}
        there = {folder.relative_to(self.root).as_posix() for folder in self._folders}
        there.update(self.files)
        for entry, target in self._links:
            reason = _why_no_link(entry.path, links, there)
            if reason is None:
                try:
                    os.symlink(target, self._place(entry))
                except OSError:  # Windows, without the right to make links
                    reason = "a symbolic link that can't be made"
            reason = reason or "a symbolic link (what it points to is graded)"
            self.left_out.append(left(entry, reason))

    def _write(self, entry: TreeEntry, content: bytes) -> None:
        if entry.is_link:
            target = content[: _LINK_CHARACTERS + 1].decode("utf-8", "surrogateescape")
            self._links.append((entry, target))
            return
        mode = 0o755 if entry.mode == "100755" else 0o644
        self._save(entry, iter([content]), mode)

    def _copy(self, entry: TreeEntry, source: Path) -> None:
        try:
            # Not a pipe, which would keep us waiting, and not what a link leads to.
            descriptor = os.open(source, os.O_RDONLY | BINARY | NO_FOLLOW | NO_WAIT)
        except OSError as error:
            raise GradeError(
                f"{printable(str(source))} can't be read: {error.strerror}.",
                exit_code=ExitCode.ENVIRONMENT,
            ) from error
        with open(descriptor, "rb") as reading:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self.left_out.append(left(entry, "not a regular file"))
                return
            mode = 0o755 if status.st_mode & 0o111 else 0o644
            self._save(entry, _pieces(reading, status.st_size), mode)

    def _save(self, entry: TreeEntry, pieces: Iterator[bytes], mode: int) -> None:
        first = next(pieces, b"")
        if is_pointer(first):
            if entry.path.endswith(".py"):
                self.left_out.append(left(entry, "a Git LFS pointer instead of code"))
                return
            self.pointers.append(entry.path)
        with open(self._created(entry, mode), "wb") as file:
            for piece in chain([first], pieces):
                file.write(piece)
        self.files.append(entry.path)

    def _created(self, entry: TreeEntry, mode: int) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY | NO_FOLLOW
        descriptor = os.open(self._place(entry), flags, mode)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)  # whatever the user's umask says
        return descriptor

    def _place(self, entry: TreeEntry) -> Path:
        path = self.root / entry.path
        missing = []
        folder = path.parent
        while folder not in self._folders:
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            folder.mkdir()
            folder.chmod(0o755)
            self._folders.add(folder)
        return path


def is_pointer(content: bytes) -> bool:
    """Whether a file's content is Git LFS's note of where the content is."""
    return len(content) <= _POINTER_BYTES and content.startswith(_POINTER)


def is_unchanged(content: bytes, object_id: str) -> bool:
    """Whether a file of the working tree is what git has under an id.

    Git itself may have put in other line ends, or the content for an LFS pointer.
    """
    if hash_of("blob", content, object_id) == object_id:
        return True
    digest = hashlib.sha256(content).hexdigest().encode()
    pointer = _POINTER + b"oid sha256:%s\nsize %d\n" % (digest, len(content))
    forms = (content.replace(b"\r\n", b"\n"), pointer)
    return any(hash_of("blob", form, object_id) == object_id for form in forms)


def _portions(by_id: Iterable[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    some: list[str] = []
    room = _AT_ONCE
    for object_id in by_id:
        if some and sizes[object_id] > room:
            yield some
            some, room = [], _AT_ONCE
        some.append(object_id)
        room -= sizes[object_id]
    yield some


def _pieces(file: BinaryIO, at_most: int) -> Iterator[bytes]:
    while at_most > 0 and (piece := file.read(min(_PIECE, at_most))):
        at_most -= len(piece)
        yield piece


def _why_no_link(
    path: str, links: Mapping[str, str], there: Collection[str]
) -> str | None:
    """Why a link is not made, found out without asking the disk where it leads.

    `links` are targets by path, `there` the files and folders of the copy, itself as `.`.
    """
    folder = path.split("/")[:-1]
    place: list[str] = []
    pending = path.split("/")[::-1]
    followed = 0
    while pending:
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return "a symbolic link that leads out of the repository"
            place.pop()
            continue
        place.append(part)
        target = links.get("/".join(place))
        if target is None:
            continue
        followed += 1
        if followed > _FOLLOWED:
            return "a symbolic link that leads in circles"
        if target.startswith("/") or "\\" in target:
            return "a symbolic link that leads out of the repository"
        if "\0" in target or len(target) > _LINK_CHARACTERS:
            return "a symbolic link that can't be made"
        place.pop()
        pending += target.split("/")[::-1]
    if ("/".join(place) or ".") not in there:
        return "a symbolic link that leads to nothing"
    if folder[: len(place)] == place:
        return "a symbolic link to a folder that it is in"
    return None
