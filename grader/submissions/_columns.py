"""Which columns of a CSV say what: our own names and their synonyms, and known exports.

The columns of the exports are those of GitHub Classroom's "Download grades" and of
Classroom 50 (github.com/foundation50/classroom50): its "Download groups (CSV)" and
`gh teacher group list --csv`, its "Download scores (CSV)", and the scores.csv that
`gh teacher download` writes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.errors import GradeError, did_you_mean
from grader.submissions._text import shown, tidy

_WOULD_DO = (
    "A list has a row of column names with url (or repo, repository, repo_url) in it, and "
    "may have group (or team, name), branch, commit, members, probe. Without such a row it has "
    "url, or name,url,branch,commit on each line."
)

# Where the group's service is deployed. Never the repository's own words: a list is the
# instructor's.
PROBE = (
    "probe",
    "probe_url",
    "service_url",
    "deployment_url",
    "deployed_url",
    "live_url",
)


@dataclass(frozen=True)
class Shape:
    """One kind of table: by which columns it is known, and where it has what.

    Of several columns for one thing the first that is not empty counts, row by row. `pages`:
    its addresses are pages of a repository. `hint` is for a repository that isn't found.
    `is_guarded`: an apostrophe stands before what a spreadsheet would compute.
    """

    title: str
    needs: frozenset[str]
    address: tuple[str, ...]
    group: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    organization: tuple[str, ...] = ()
    probe: tuple[str, ...] = PROBE
    other: tuple[str, ...] = ()
    pages: bool = False
    hint: str = ""
    is_guarded: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """Every column that it may have."""
        return (
            *self.group,
            *self.address,
            *self.branch,
            *self.commit,
            *self.members,
            *self.person,
            *self.login,
            *self.organization,
            *self.probe,
            *self.other,
        )

    def unguarded(self, cell: str) -> str:
        """What a cell says, without the apostrophe that guards it."""
        return cell[1:] if self.is_guarded and _GUARDED.match(cell) else cell


PLAIN = Shape(
    title="a list",
    needs=frozenset(),
    address=(
        "url",
        "repo_url",
        "repository_url",
        "clone_url",
        "git_url",
        "html_url",
        "github_url",
        "address",
        "link",
        "source",
        "path",
        "folder",
        "repository",
        "repo",
    ),
    group=("group", "group_name", "team", "team_name", "name"),
    branch=("branch", "ref"),
    commit=("commit", "sha", "commit_sha", "hash", "revision"),
    members=("members", "students", "usernames", "authors"),
    person=("member", "student", "student_name"),
    login=("username", "github_username", "login", "github"),
    organization=("organization", "organisation", "org"),
)

_GUARDED = re.compile(r"'[=+@-]")

_PERSON = ("first_name", "last_name")

SHAPES = (
    Shape(
        title="GitHub Classroom's grades",
        needs=frozenset({"student_repository_url"}),
        address=("student_repository_url",),
        group=("group_name", "student_repository_name"),
        branch=("branch",),
        commit=("commit",),
        person=("roster_identifier",),
        login=("github_username",),
        other=(
            "assignment_name",
            "assignment_url",
            "starter_code_url",
            "submission_timestamp",
            "points_awarded",
            "points_available",
        ),
    ),
    Shape(
        title="Classroom 50's groups",
        needs=frozenset({"group", "team_slug", "repo", "username"}),
        address=("url", "repo_url", "repo"),
        group=("group_name", "group"),
        branch=("branch",),
        commit=("commit",),
        person=_PERSON,
        login=("username",),
        organization=("organization", "organisation", "org"),
        other=("team_slug", "email", "section", "github_id", "role", "in_roster")
        + ("note",),
        hint="Classroom 50 names a repository without its organization: add a column "
        'organization, or put the file into the folder that "gh teacher download" made.',
        is_guarded=True,
    ),
    Shape(
        title="Classroom 50's scores",
        needs=frozenset({"usernames", "submitted_at", "commit", "review"}),
        address=("url", "commit", "review", "release"),
        branch=("branch",),
        commit=("commit",),
        members=("usernames",),
        other=("name", "score", "max_score", "submissions", "submitted_at", "late")
        + _PERSON,
        pages=True,
        is_guarded=True,
    ),
    Shape(
        title="Classroom 50's scores.csv",
        needs=frozenset({"username", "submission_tag", "review_url"}),
        address=("url", "review_url"),
        branch=("branch",),
        commit=("commit",),
        person=_PERSON,
        login=("username",),
        other=("email", "section", "score", "max_score", "datetime", "submission_tag")
        + ("submitted_by", "late", "override"),
        pages=True,
        is_guarded=True,
    ),
)

_ROSTERS = (
    ({"identifier", "github_username"}, "GitHub Classroom's roster"),
    ({"username", "github_id"}, "Classroom 50's roster"),
)

_KNOWN = frozenset(PLAIN.known).union(*(shape.known for shape in SHAPES))


@dataclass(frozen=True)
class Columns:
    """A table's shape, and at which place of its rows each column stands."""

    shape: Shape
    places: Mapping[str, int]
    count: int
    notes: tuple[str, ...] = ()

    @property
    def is_by_student(self) -> bool:
        """Whether a row is a student, so that those of one group share a repository."""
        return any(name in self.places for name in self.shape.person + self.shape.login)

    def first(self, names: Sequence[str], cells: Sequence[str]) -> str:
        """What a row has in the first of these columns that is not empty there."""
        return next((cell for cell in self.all(names, cells) if cell), "")

    def all(self, names: Sequence[str], cells: Sequence[str]) -> list[str]:
        """What a row has in each of these columns, as far as they are there."""
        places = [self.places[name] for name in names if name in self.places]
        return [cells[place] if place < len(cells) else "" for place in places]


def column_name(written: str) -> str:
    """A column's name as the code knows it: `Repo URL` is `repo_url`."""
    return re.sub(r"[\s./-]+", "_", tidy(written).casefold()).strip("_:*")


def likeness(cells: Sequence[str]) -> int:
    """How many known columns a row names."""
    return len(_KNOWN & {column_name(cell) for cell in cells})


def columns_of(header: Sequence[str], source: str) -> Columns:
    """What each column of a table is. Raises `GradeError` when no column has an address."""
    names = [column_name(cell) for cell in header]
    found = set(names)
    shape = next((one for one in SHAPES if one.needs <= found), None)
    if shape is None:
        shape = _narrowed(PLAIN, found)
    if not found & set(shape.address):
        raise _no_address(header, found, source)
    used = [name for name in shape.known if name in found]
    twice = next((name for name in used if names.count(name) > 1), None)
    if twice is not None:
        raise GradeError(
            f'{source}: the column "{twice}" stands there twice.',
            hint="Rename the one that is not meant.",
        )
    places = {name: names.index(name) for name in used}
    if shape.title == PLAIN.title:
        notes = _unused(header, names, used)
    else:
        notes = (f"{source} was read as {shape.title}.",)
    return Columns(shape, places, len(names), notes)


def _narrowed(shape: Shape, found: set[str]) -> Shape:
    """The shape with the first column that is there for each thing."""

    def first(names: Sequence[str]) -> tuple[str, ...]:
        return tuple([name for name in names if name in found][:1])

    return replace(
        shape,
        address=first(shape.address),
        group=first(shape.group),
        branch=first(shape.branch),
        commit=first(shape.commit),
        members=first(shape.members),
        person=first(shape.person),
        login=first(shape.login),
        organization=first(shape.organization),
        probe=first(shape.probe),
    )


def _no_address(header: Sequence[str], found: set[str], source: str) -> GradeError:
    for columns, title in _ROSTERS:
        if columns <= found:
            return GradeError(
                f"{source}: is {title}, which names students, not repositories.",
                hint="Give what an assignment's page has for download: GitHub Classroom's "
                "grades, Classroom 50's groups or scores.",
            )
    named = ", ".join(f'"{shown(cell, 30)}"' for cell in header[:12] if tidy(cell))
    close = [
        did_you_mean(column_name(cell), list(PLAIN.address)) for cell in header[:12]
    ]
    return GradeError(
        f"{source}: no column has the repositories' addresses; it has {named or 'none'}."
        f"{next((text for text in close if text), '')}",
        hint=_WOULD_DO,
    )


def _unused(
    header: Sequence[str], names: Sequence[str], used: Sequence[str]
) -> tuple[str, ...]:
    known = ["group", "url", "branch", "commit", "members", "probe"]
    free = [name for name in known if name not in used]
    unused = [
        f'"{shown(cell, 30)}"{_perhaps(name, free)}'
        for cell, name in zip(header, names, strict=True)
        if name and name not in used
    ]
    if not unused:
        return ()
    more = f" and {len(unused) - 12} more" if len(unused) > 12 else ""
    return (f"Columns that mean nothing here: {', '.join(unused[:12])}{more}.",)


def _perhaps(name: str, known: list[str]) -> str:
    close = did_you_mean(name, known).strip()
    return f" ({close[0].lower()}{close[1:]})" if close else ""
