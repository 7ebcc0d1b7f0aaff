"""Lists of repositories: a folder of clones, lines of text, CSV, YAML, classrooms' exports.

A row that can't be graded is refused with its number, its reason and what to do; the others
are kept. Only what no list can be made of is an error.
"""

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import GradeError
from grader.model.service import service_address
from grader.submissions._listed import Entry, Listed, read_list
from grader.submissions._repository import (
    Repository,
    check_branch,
    check_commit,
    find_repository,
)
from grader.submissions._table import MAX_ROWS, read_limited
from grader.submissions._text import numbered, shown, tidy
from grader.submissions.names import printable, sameness

NAME_CHARACTERS = 500

_PLAIN_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,59}(?<!\.)")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_HASH_DIGITS = 8
# What a folder's name looks like that has a hash; no other may.
_HASHED = re.compile(rf".*-[0-9a-f]{{{_HASH_DIGITS}}}", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """One group and its repository.

    `group` is its name, unique in the list; `source` an address that git may be given, or
    the path of a folder; `row` the line of the list, from 1; `probe` the address of the
    group's deployed service.
    """

    group: str
    source: str
    branch: str | None = None
    commit: str | None = None
    members: tuple[str, ...] = ()
    row: int | None = None
    probe: str | None = None


@dataclass(frozen=True)
class Rejected:
    """A row that is no group: its text without secrets, why, and what to do."""

    row: int | None
    text: str
    reason: str
    hint: str


@dataclass(frozen=True)
class SubmissionList:
    """The groups of a list in its order, the rows that are none, and what else to say."""

    submissions: tuple[Submission, ...]
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()


def read_submissions(path: Path) -> SubmissionList:
    """The groups that a file or a folder of clones lists.

    Raises `GradeError` where the whole list can't be read.
    """
    if os.path.isdir(path):
        return _clones(path)
    if not os.path.exists(path):
        raise GradeError(
            f'there is no list of groups at "{path}".',
            hint="Give a CSV, text or YAML file, or a folder of clones.",
        )
    raw = read_limited(path, "a list of groups")
    return parse_submissions(raw, str(path), path.resolve().parent)


def parse_submissions(raw: bytes, source: str, base: Path) -> SubmissionList:
    """The groups in the bytes of a list; paths in it are relative to `base`.

    Raises `GradeError` where the whole list can't be read.
    """
    listed = read_list(raw, source)
    candidates: list[_Candidate] = []
    rejected: list[Rejected] = []
    for entry in listed.entries:
        try:
            candidates.append(_candidate(entry, base))
        except GradeError as error:
            rejected.append(Rejected(entry.row, entry.text, error.message, error.hint))
    return _together(candidates, rejected, listed)


def folder_of(group: str) -> str:
    """The name of a group's folder: safe on every file system, the same in every class.

    A plain name is its own folder. Any other gets a hash, so that the names of two groups
    that `sameness` keeps apart never meet, whatever other groups there are.
    """
    name = unicodedata.normalize("NFC", group)
    is_plain = _PLAIN_FOLDER.fullmatch(name) and not _DEVICE.fullmatch(name)
    if is_plain and not _HASHED.fullmatch(name):
        return name
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # Without dots: to Windows "con.x-1f" is the console.
    stem = re.sub(r"[^A-Za-z0-9]+", "-", ascii_only)[:40].strip("-") or "group"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{stem}-{digest[:_HASH_DIGITS]}"


@dataclass(frozen=True)
class _Candidate:
    """A row whose address, branch and commit are in order."""

    entry: Entry
    group: str
    repository: Repository
    branch: str | None
    commit: str | None
    probe: str | None = None

    @property
    def identity(self) -> tuple[str, str | None, str | None]:
        """What is graded: groups may share a repository, each with a branch of its own."""
        return self.repository.identity, self.branch, self.commit

    @property
    def row(self) -> int:
        return self.entry.row or 0

    @property
    def place(self) -> str:
        """Where the row stands, in words."""
        return f"row {self.entry.row}" if self.entry.row else f'"{self.entry.text}"'

    def refused(self, reason: str, hint: str) -> Rejected:
        return Rejected(self.entry.row, self.entry.text, reason, hint)

    def submission(self) -> Submission:
        return Submission(
            group=self.group,
            source=self.repository.source,
            branch=self.branch,
            commit=self.commit,
            members=self.entry.members,
            row=self.entry.row,
            probe=self.probe,
        )


def _candidate(entry: Entry, base: Path) -> _Candidate:
    if entry.problem:
        raise GradeError(f"{entry.problem}.", hint=entry.hint)
    _check_name(entry.group)
    named = f'group "{shown(entry.group, 60)}": ' if entry.group else ""
    if not entry.address:
        who = named or "".join(f"{shown(name, 60)}: " for name in entry.members[:1])
        raise GradeError(
            f"{who}no repository is given; perhaps nothing was handed in.",
            hint="Give its address, or take the row out.",
        )
    hint = entry.hint
    try:
        repository = find_repository(entry.address, base)
        hint = ""
        branch, commit = check_branch(entry.branch), check_commit(entry.commit)
        probe = str(service_address(entry.probe)) if entry.probe else None
    except GradeError as error:
        raise GradeError(f"{named}{error.message}", hint=hint or error.hint) from error
    return _Candidate(entry, entry.group, repository, branch, commit, probe)


def _check_name(name: str) -> None:
    if not name.isprintable():
        raise GradeError(
            f'"{shown(name, 60)}" has characters that can\'t be seen.',
            hint="Give the group a name that can be printed.",
        )
    if len(name) > NAME_CHARACTERS:
        raise GradeError(
            f'the name "{shown(name, 30)}" has {len(name)} characters.',
            hint=f"A group's name has at most {NAME_CHARACTERS}.",
        )


def _together(
    candidates: Sequence[_Candidate], rejected: Sequence[Rejected], listed: Listed
) -> SubmissionList:
    """The rows as one list, in which no name and no repository stands twice."""
    notes = [*listed.notes, *_http_note(candidates)]
    named, unnamed = _named(candidates)
    # Where no row has a name, nobody expects another.
    if 0 < len(unnamed) < len(named):
        notes.append(
            f"Named after the repository, for want of a name: {numbered(unnamed)}."
        )
    merged, equal = _merged(named)
    if equal and not listed.is_by_student:
        notes.append(f"Equal to a row above, and kept once: {numbered(equal)}.")
    notes += _several_services(named, merged)
    kept, shared = _without_shared(merged)
    single, twins = _without_twins(kept)
    everyone = [*rejected, *shared, *twins]
    everyone.sort(key=lambda one: one.row or 0)
    return SubmissionList(
        tuple(one.submission() for one in single), tuple(everyone), tuple(notes)
    )


def _http_note(candidates: Iterable[_Candidate]) -> list[str]:
    rows = [
        one.row for one in candidates if one.entry.address.lower().startswith("http://")
    ]
    return [f"http:// was taken for https://: {numbered(rows)}."] if rows else []


def _named(
    candidates: Sequence[_Candidate],
) -> tuple[list[_Candidate], list[int]]:
    """The rows, each with a name, and the numbers of those that came without.

    A repository's own name does, unless another row has it: then with its owner's.
    """
    claims: dict[str, set[str]] = defaultdict(set)
    for one in candidates:
        name = one.group or one.repository.names[0]
        claims[sameness(name)].add(one.repository.identity)
    named = []
    unnamed = []
    for one in candidates:
        if not one.group:
            short, long = one.repository.names
            is_free = len(claims[sameness(short)]) == 1
            one = replace(one, group=printable(tidy(short if is_free else long)))
            unnamed.append(one.row)
        named.append(one)
    return named, unnamed


def _merged(candidates: Sequence[_Candidate]) -> tuple[list[_Candidate], list[int]]:
    """The rows without those that say the same again; their members are joined."""
    first: dict[object, _Candidate] = {}
    equal = []
    for one in candidates:
        key = (sameness(one.group), one.identity)
        if (seen := first.get(key)) is None:
            first[key] = one
            continue
        equal.append(one.row)
        members = tuple(dict.fromkeys((*seen.entry.members, *one.entry.members)))
        first[key] = replace(
            seen,
            entry=replace(seen.entry, members=members),
            probe=seen.probe or one.probe,
        )
    return list(first.values()), equal


def _several_services(
    named: Sequence[_Candidate], merged: list[_Candidate]
) -> list[str]:
    """Takes the service from groups whose rows name different ones, and says so.

    Which of two is the group's, nobody knows.
    """
    claims: dict[object, set[str]] = defaultdict(set)
    for one in named:
        if one.probe is not None:
            claims[sameness(one.group), one.identity].add(one.probe)
    notes = []
    for at, one in enumerate(merged):
        if len(claims[sameness(one.group), one.identity]) > 1:
            merged[at] = replace(one, probe=None)
            notes.append(
                f'group "{shown(one.group, 60)}": its rows name different services; none '
                "is probed."
            )
    return notes


def _without_shared(
    candidates: Sequence[_Candidate],
) -> tuple[list[_Candidate], list[Rejected]]:
    """The rows whose repository no other group claims. Which of two is right, nobody knows."""
    claims: dict[object, list[_Candidate]] = defaultdict(list)
    for one in candidates:
        claims[one.identity].append(one)
    kept = []
    refused = []
    for one in candidates:
        claim = claims[one.identity]
        if len(claim) == 1:
            kept.append(one)
            continue
        other = claim[0] if claim[0] is not one else claim[1]
        more = f", and {len(claim) - 2} more" if len(claim) > 2 else ""
        refused.append(
            one.refused(
                f'group "{shown(one.group, 60)}": row {other.row} '
                f'("{shown(other.group, 60)}"){more} give(s) the same repository; none of '
                "them is graded.",
                "Mend the wrong one, or give each its branch.",
            )
        )
    return kept, refused


def _without_twins(
    candidates: Sequence[_Candidate],
) -> tuple[list[_Candidate], list[Rejected]]:
    """The rows whose name no row above has, be it in other capitals.

    Nor its folder: a name can be searched for that has another's hash.
    """
    first: dict[str, _Candidate] = {}
    folders: dict[str, _Candidate] = {}
    kept = []
    refused = []
    for one in candidates:
        folder = folder_of(one.group).casefold()
        seen = first.get(sameness(one.group)) or folders.get(folder)
        if seen is None:
            first[sameness(one.group)] = folders[folder] = one
            kept.append(one)
            continue
        is_equal = seen.group == one.group or not seen.entry.row
        other = "" if is_equal else f' ("{shown(seen.group, 60)}")'
        refused.append(
            one.refused(
                f'group "{shown(one.group, 60)}": {seen.place} has that name already'
                f"{other}, with another repository, branch or commit.",
                "Give each group a name of its own.",
            )
        )
    return kept, refused


def _clones(folder: Path) -> SubmissionList:
    """Each folder in a folder, named as it is; links are told, not followed."""
    if os.path.exists(folder / ".git"):
        raise GradeError(
            f'"{folder}" is a repository itself.',
            hint=f"Give the folder that holds the clones; one repository is graded by: "
            f"mlops-grade {folder}",
        )
    try:
        with os.scandir(folder.resolve()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise GradeError(
            f'cannot read the folder "{folder}": {error.strerror}.'
        ) from error
    notes = []
    clones = []
    for entry in found:
        path = Path(entry.path)
        if entry.is_symlink():
            notes.append(f'"{shown(entry.name)}" is a symbolic link: not followed.')
        elif not entry.is_dir() or _is_hidden(path):
            continue
        elif os.path.isfile(path / "class.json"):
            notes.append(
                f'"{shown(entry.name)}" is the folder of a class run: left out.'
            )
        else:
            clones.append(path)
    if not clones:
        raise GradeError(
            f'"{folder}" has no folders that could be clones.',
            hint="; ".join(notes)
            or "Give the folder that holds a folder for each group.",
        )
    if len(clones) > MAX_ROWS:
        raise GradeError(f'"{folder}" has more than {MAX_ROWS:,} folders.')
    return _of_clones(clones, notes)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") and not os.path.exists(path / ".git")


def _of_clones(clones: Sequence[Path], notes: Sequence[str]) -> SubmissionList:
    candidates = []
    rejected = []
    for path in clones:
        is_bare = path.suffix == ".git" and os.path.isfile(path / "HEAD")
        name = tidy(path.stem if is_bare else path.name)
        try:
            _check_name(name)
        except GradeError as error:
            text = shown(path.name)
            rejected.append(Rejected(None, text, error.message, error.hint))
            continue
        repository = Repository(str(path), str(path), (name or "repository", str(path)))
        entry = Entry(None, shown(path.name), group=name, address=str(path))
        candidates.append(_Candidate(entry, name, repository, None, None))
    kept, refused = _without_twins(candidates)
    return SubmissionList(
        tuple(one.submission() for one in kept), (*rejected, *refused), tuple(notes)
    )
