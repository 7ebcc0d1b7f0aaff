"""The lines that one commit of a repository has and another has not, by path.

Git says which, in a bare repository of ours and as it is run everywhere here; what a line
says is not looked at.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from grader.errors import GradeError
from grader.sandbox.limits import MEBIBYTE
from grader.submissions.git import Git
from grader.submissions.local import GitFolder, adopt, git_folder, is_bare
from grader.submissions.names import printable

# What is changed in more is not a change to be annotated line by line.
MAX_BYTES = 64 * MEBIBYTE
MAX_LINES = 200_000
# A line of a patch, as far as it has to be read: the longest path of git's, quoted.
_LINE_BYTES = 64 * 1024

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
    b'"': b'"',
    b"\\": b"\\",
}


def changed_lines(
    folder: Path, before: str, after: str, work: Path
) -> Mapping[str, frozenset[int]]:
    """Numbers of the lines that `after` has and `before` has not, by path.

    `folder` is a repository with both commits, by their whole hashes; `work` a private empty
    folder. The first `MAX_LINES` of them. Nothing where the folder has no git. Raises
    `GradeError` where git can't tell, because a commit is missing for example.
    """
    home, directory = work / "git", work / "repository.git"
    source = folder.resolve()
    found = GitFolder(source, source) if is_bare(source) else None
    if found is None and os.path.lexists(source / ".git"):
        found = git_folder(source, home)
    if found is None:
        return {}
    git = adopt(found, directory, home).git
    return lines_between(git, before, after)


def lines_between(git: Git, before: str, after: str) -> Mapping[str, frozenset[int]]:
    """As `changed_lines`, of a bare repository of ours."""
    commits = [_commit(git, one) for one in (before, after)]
    lines: dict[str, set[int]] = {}
    room = MAX_LINES
    with git.patch(commits[0], commits[1], MAX_BYTES).open("rb") as stream:
        for path, start, count in _hunks(stream):
            taken = min(count, room)
            if taken:
                lines.setdefault(path, set()).update(range(start, start + taken))
            room -= taken
            if not room:
                break
    return {path: frozenset(numbers) for path, numbers in lines.items()}


def _commit(git: Git, wanted: str) -> str:
    found = git.commit(wanted)
    if found is None:
        raise GradeError(
            f'the repository has no commit "{printable(wanted)}", so its lines are not known.',
            hint="In CI check out the whole history: fetch-depth: 0.",
        )
    return found


def _hunks(stream: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Path, first line and number of lines of each piece of a patch that was added.

    A line of a file can look like any line of a patch: as many are passed over as the head
    of a piece says it has.
    """
    path: str | None = None
    for line in _lines(stream):
        if line.startswith(b"diff --git "):
            path = None
        elif line.startswith(b"+++ "):
            path = _path(line[4:].rstrip(b"\n"))
        elif hunk := _HUNK.match(line):
            removed, start, added = (int(part or 1) for part in hunk.groups())
            _pass(stream, removed + added)
            if path is not None:
                yield path, start, added


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LINE_BYTES):
        end = line
        # The rest of a long line is no line of its own.
        while end and not end.endswith(b"\n"):
            end = stream.readline(_LINE_BYTES)
        yield line


def _pass(stream: BinaryIO, count: int) -> None:
    for line in _lines(stream):
        # "\ No newline at end of file" belongs to the line before it.
        count -= not line.startswith(b"\\")
        if count <= 0:
            return


def _path(written: bytes) -> str | None:
    """The path as git writes it after `+++`: quoted where it is odd; None for no file."""
    # A name with a space has a tab after it, for other readers of patches.
    written = written.removesuffix(b"\t")
    if written == b"/dev/null":
        return None
    if written.startswith(b'"') and written.endswith(b'"'):
        written = _ESCAPE.sub(_unescaped, written[1:-1])
    return written.removeprefix(b"b/").decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return _ESCAPED[sign] if sign in _ESCAPED else bytes([int(sign, 8) & 0xFF])
