"""The commits behind what is graded, as their authors state them.

Everything here is a claim: names, addresses and times are what somebody's git was told.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Time:
    """A time as a commit states it: in UTC, or None where the `claim` is no such time."""

    utc: datetime | None
    claim: str


@dataclass(frozen=True)
class Commit:
    """One commit; `parents` is how many it has, `subject` its message's first line.

    Texts are cut to a few hundred characters. Of a commit that can't be read they are empty.
    """

    hash: str
    author_name: str
    author_email: str
    authored: Time
    committed: Time
    parents: int
    subject: str


@dataclass(frozen=True)
class History:
    """Commits from the graded one back, newest first.

    `is_truncated`: there are more, which were not fetched or not read.
    """

    commits: tuple[Commit, ...]
    is_truncated: bool

    @property
    def authors(self) -> int:
        """How many different authors, told apart by e-mail address, or by name without one."""
        return len(
            {one.author_email.casefold() or one.author_name for one in self.commits}
        )
