"""The commits behind what is graded, as their authors state them.

Everything here is a claim: names, addresses and times are what somebody's git was told.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Time:
    """A time as a commit states it: in UTC, or None where the `claim` is no such time."""

    utc: datetime | None
    claim: str


@dataclass(frozen=True)
class Person:
    """Somebody as one commit calls them."""

    name: str
    email: str


@dataclass(frozen=True)
class Commit:
    """One commit; `parents` is how many it has, `subject` its message's first line.

    Texts are cut to a few hundred characters. Of a commit that can't be read they are empty.
    `co_authors` are of the trailers at the message's end. `committer_email` is the host's
    own where a button on its pages made the commit.
    """

    hash: str
    author_name: str
    author_email: str
    authored: Time
    committed: Time
    parents: int
    subject: str
    committer_email: str = ""
    co_authors: tuple[Person, ...] = ()

    @property
    def author(self) -> Person:
        """Its author."""
        return Person(self.author_name, self.author_email)


@dataclass(frozen=True)
class Tag:
    """A name for a commit; an annotated one claims when it was made."""

    name: str
    commit: str
    made: Time | None = None


@dataclass(frozen=True)
class History:
    """Commits from the graded one back, newest first.

    `is_truncated`: there are more, which were not fetched or not read. `tags` and `branches`
    are the repository's as it was captured, of these or other commits; a branch and its copy
    of another repository are one name. `read_at` is when that was, `deadline` the moment that
    chose the graded commit.
    """

    commits: tuple[Commit, ...]
    is_truncated: bool
    tags: tuple[Tag, ...] = ()
    branches: tuple[str, ...] = ()
    read_at: datetime | None = field(default=None, compare=False)
    deadline: datetime | None = None

    @property
    def authors(self) -> int:
        """How many different authors, told apart by e-mail address, or by name without one."""
        return len(
            {one.author_email.casefold() or one.author_name for one in self.commits}
        )
