"""What the host of a repository knows of the work on it: pull requests, reviews, releases.

Everything here was said by the host's API about what strangers did. Texts are not kept: a
login, cut, is all that there is of a person, and it is never shown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LOGIN_CHARACTERS = 100

Checks = Literal["success", "failure", "none"]
Verdict = Literal["approved", "refused", "dismissed", "commented"]


@dataclass(frozen=True)
class Account:
    """Somebody, or a bot, by the login in small letters."""

    login: str
    is_bot: bool


@dataclass(frozen=True)
class Review:
    """One review; `reviewer` is None where the account was deleted.

    `words` are in its text, `comments` on lines of the change.
    """

    reviewer: Account | None
    verdict: Verdict
    at: datetime
    words: int = 0
    comments: int = 0


@dataclass(frozen=True)
class PullRequest:
    """One pull request; an account that was deleted is None.

    `merged` is when, None where it was not. `checks` are those of its last commit together.
    `has_more_reviews`: there are older ones than those of `reviews`.
    """

    number: int
    author: Account | None
    opened: datetime
    merged: datetime | None = None
    merged_by: Account | None = None
    checks: Checks = "none"
    reviews: tuple[Review, ...] = ()
    has_more_reviews: bool = False


@dataclass(frozen=True)
class HostedCommit:
    """One commit of the main branch.

    `merged` is when a pull request brought it, None where none did; `committed` is what its
    author's git was told.
    """

    hash: str
    committed: datetime
    merged: datetime | None = None
    is_root: bool = False
    is_by_bot: bool = False


@dataclass(frozen=True)
class Release:
    """One release; `commit` is what its tag names, None where there is no such tag.

    `published` is None for a draft.
    """

    published: datetime | None
    commit: str | None
    is_draft: bool = False
    is_prerelease: bool = False


@dataclass(frozen=True)
class Hosted:
    """One repository as its host knows it.

    `repository` is `owner/name`, which may differ from what was asked for: it was renamed.
    `branch` is the main one, empty where there is none. Of its `commits` the newest are
    here; `has_more_commits` says that there are more. With `until` only what happened by
    then counts, which nothing here leaves out. `requests` is how many it took, `left` how
    many more the token is good for, None where that was not said.
    """

    host: str
    repository: str
    branch: str = ""
    pull_requests: tuple[PullRequest, ...] = ()
    commits: tuple[HostedCommit, ...] = ()
    has_more_commits: bool = False
    releases: tuple[Release, ...] = ()
    until: datetime | None = None
    requests: int = 0
    left: int | None = None
