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

from grader.model.history import Commit, History, Person, Tag, Time
from grader.submissions.git import Git

MAX_COMMITS = 5_000
MAX_BYTES = 64 * 1024 * 1024
TEXT_CHARACTERS = 200

# Signatures and merged tags are in the header too.
_HEADER_BYTES = 64 * 1024
# As much of a message as its first line may need.
_MESSAGE_BYTES = 4 * TEXT_CHARACTERS

MAX_CO_AUTHORS = 10
MAX_REFERENCES = 1_000
_TAG_BYTES = 64 * 1024
_TAGGED = re.compile(rb"object ([0-9a-f]{40})\ntype commit\n")
_TRAILER_BYTES = 8 * 1024
_TRAILER = re.compile(r"[A-Za-z0-9-]{1,60}:")
_CO_AUTHOR = re.compile(r"co-authored-by:([^<>\n]*)<([^<>\s]*)>", re.IGNORECASE)

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
    references = repository.references()
    return replace(
        _history(repository, found),
        tags=_tags(repository, references),
        branches=_branches(references),
    )


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


def _branches(references: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the branches, those of another repository without its name."""
    own = (one.removeprefix("refs/heads/") for one in _below("refs/heads/", references))
    others = (
        one.removeprefix("refs/remotes/").partition("/")[2]
        for one in _below("refs/remotes/", references)
    )
    names = {_cut(name) for name in (*own, *others) if name and name != "HEAD"}
    return tuple(sorted(names)[:MAX_REFERENCES])


def _below(place: str, references: Mapping[str, str]) -> list[str]:
    return [name for name in references if name.startswith(place)]


def _tags(repository: Git, references: Mapping[str, str]) -> tuple[Tag, ...]:
    """The tags of commits; what a tag names is looked up once, so that no chain is followed."""
    names = sorted(_below("refs/tags/", references))[:MAX_REFERENCES]
    objects = {name: references[name] for name in names}
    sizes = repository.annotated(sorted(set(objects.values())))
    small = [one for one, size in sizes.items() if size <= _TAG_BYTES]
    notes = {one.object_id: one.content for one in repository.objects(small)}
    found = []
    for name, object_id in objects.items():
        short = _cut(name.removeprefix("refs/tags/"))
        if object_id not in sizes:
            found.append(Tag(short, object_id))
            continue
        header = notes.get(object_id, b"").partition(b"\n\n")[0]
        if target := _TAGGED.match(header):
            made = stated_time(header, b"tagger")
            found.append(Tag(short, target[1].decode("ascii"), made))
    return tuple(found)


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
    header, _, message = content.partition(b"\n\n")
    if not content or len(header) > _HEADER_BYTES:
        header = b""
    authored, committed = stated_time(header, b"author"), stated_time(
        header, b"committer"
    )
    unreadable = Commit(name, "", "", authored, committed, 0, "")
    if not header or len(name) != 40:
        return unreadable
    commit = git.Commit(given, bytes.fromhex(name))
    try:
        author, parents, summary = commit.author, commit.parents, commit.summary
        committer = commit.committer
    except (ValueError, LookupError, AttributeError, TypeError):
        # What breaks GitPython's parser was not written by git.
        return unreadable
    return replace(
        unreadable,
        author_name=_cut(author.name or ""),
        author_email=_cut(author.email or ""),
        parents=len(parents),
        subject=_cut(summary if isinstance(summary, str) else ""),
        committer_email=_cut(committer.email or ""),
        co_authors=co_authors(message),
    )


def co_authors(message: bytes) -> tuple[Person, ...]:
    """Whom the trailers at a message's end credit: its last paragraph, if nothing else is in it.

    The first paragraph is the subject, whatever it looks like.
    """
    text = message[-_TRAILER_BYTES:].decode("utf-8", "replace").rstrip()
    before, blank, last = re.sub(r"\n[ \t\r]*(?=\n)", "\n", text).rpartition("\n\n")
    if not blank or not (before.strip() or len(message) > _TRAILER_BYTES):
        return ()
    lines = last.split("\n")
    if not all(_TRAILER.match(line) or line[:1].isspace() for line in lines):
        return ()
    found = (_CO_AUTHOR.match(line) for line in lines)
    persons = (Person(_cut(one[1].strip()), _cut(one[2])) for one in found if one)
    return tuple(dict.fromkeys(persons))[:MAX_CO_AUTHORS]


def stated_time(header: bytes, whose: bytes) -> Time:
    """When it was `author`, `committer` or `tagger`, as the header of an object states it."""
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
