"""The history of a commit, read with GitPython out of what our own git hands over.

GitPython starts no process here and looks into no folder: it is given the bytes of commits
that were checked against their hashes, and takes them apart. Only the times are read again:
one that is none it makes 1970.

Importing this module runs `git version`, as GitPython does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import git

from grader.model.history import Commit, History, Time
from grader.submissions.git import Git

MAX_COMMITS = 5_000
MAX_BYTES = 64 * 1024 * 1024
TEXT_CHARACTERS = 200

# Signatures and merged tags are in the header too.
_HEADER_BYTES = 64 * 1024
# As much of a message as its first line may need.
_MESSAGE_BYTES = 4 * TEXT_CHARACTERS

# Seconds since 1970, and how far the author's clock was from UTC.
_TIME = re.compile(r"([0-9]{1,15}) [+-][0-9]{1,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_history(repository: Git, commit: str) -> History | None:
    """The commit and its ancestors; None for SHA-256 names, which GitPython doesn't read.

    Raises `Damaged` when git can't read them.
    """
    if len(commit) != 40:
        return None
    found = repository.ancestry(commit, MAX_COMMITS + 1)
    return _history(repository, found)


def read_first_parents(repository: Git, tip: str) -> History:
    """A branch's own line: its tip and what each commit was made on, without what it merged.

    Of commits with SHA-256 names only hash and times are read. Raises `Damaged` when git
    can't read them.
    """
    return _history(repository, repository.first_parents(tip, MAX_COMMITS + 1))


def read_beyond(repository: Git, commit: str, tip: str) -> History:
    """What a tip has that a commit has not, merged or not; as `read_first_parents`."""
    return _history(repository, repository.beyond(commit, tip, MAX_COMMITS + 1))


def _history(repository: Git, found: Sequence[str]) -> History:
    named = found[:MAX_COMMITS]
    sizes = repository.sizes(named, "commit")
    room = MAX_BYTES
    wanted = []
    for one in named:
        room -= sizes.get(one, 0)
        if room >= 0:
            wanted.append(one)
    contents = {one.object_id: one.content for one in repository.objects(wanted)}
    given = _Given(contents)
    return History(
        commits=tuple(_read(one, contents.get(one, b""), given) for one in named),
        is_truncated=len(found) > MAX_COMMITS or repository.is_shallow,
    )


class _Objects(git.GitCmdObjectDB):
    """What GitPython takes for a store of objects: the bytes that it is given."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        # Not the base's: that looks for a folder.
        self._contents = contents

    def stream(self, binsha: bytes) -> tuple[bytes, bytes, int, BytesIO]:
        """The start of a commit by its binary hash: hash, kind, size and bytes."""
        header, blank, message = self._contents[binsha.hex()].partition(b"\n\n")
        start = header + blank + message[:_MESSAGE_BYTES]
        return binsha, b"commit", len(start), BytesIO(start)


class _Given(git.Repo):
    """What GitPython takes for a repository, without a folder."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        # Not the base's: that obeys GIT_DIR, GIT_COMMON_DIR and others.
        self.odb = _Objects(contents)


def _read(name: str, content: bytes, given: _Given) -> Commit:
    header = content.partition(b"\n\n")[0]
    if not content or len(header) > _HEADER_BYTES:
        header = b""
    authored, committed = _time(header, b"author"), _time(header, b"committer")
    unreadable = Commit(name, "", "", authored, committed, 0, "")
    if not header or len(name) != 40:
        return unreadable
    commit = git.Commit(given, bytes.fromhex(name))
    try:
        author, parents, summary = commit.author, commit.parents, commit.summary
    except (ValueError, LookupError, AttributeError, TypeError):
        # What breaks GitPython's parser was not written by git.
        return unreadable
    return replace(
        unreadable,
        author_name=_cut(author.name or ""),
        author_email=_cut(author.email or ""),
        parents=len(parents),
        subject=_cut(summary if isinstance(summary, str) else ""),
    )


def _time(header: bytes, whose: bytes) -> Time:
    line = re.search(rb"^" + whose + rb" ([^\n]*)", header, re.MULTILINE)
    claim = line[1].rpartition(b">")[2].strip() if line else b""
    text = _cut(claim.decode("utf-8", "replace"))
    stated = _TIME.fullmatch(text)
    if stated is None:
        return Time(None, text)
    try:
        return Time(_EPOCH + timedelta(seconds=int(stated[1])), text)
    except OverflowError:  # after the year 9999
        return Time(None, text)


def _cut(text: str) -> str:
    return text[:TEXT_CHARACTERS]
