"""What of a repository's pull requests, commits and releases counts: numbers without names.

A bot's pull requests and reviews count for nothing. What was said after a pull request had
been merged did not lead to its merge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.errors import CannotMeasure
from grader.model.hosted import Account, Hosted, HostedCommit, PullRequest, Review


@dataclass(frozen=True)
class CommitsCounted:
    """Commits of the main branch, the first one aside.

    Those that a pull request `brought`, the hashes of those that none did (`direct`), and
    how many of these are `of_bots`, and not among them.
    """

    brought: int = 0
    direct: tuple[str, ...] = ()
    of_bots: int = 0


@dataclass(frozen=True)
class ReleasesCounted:
    """Releases that are out: of commits on the main branch, `final` and `early` ones.

    `beside` are those of anything else.
    """

    final: int = 0
    early: int = 0
    beside: int = 0


@dataclass(frozen=True)
class Counted:
    """The pull requests by number, people by how many they are.

    `approved`, `self_merged`, `green` and `red` are of the `merged` ones; `written` are
    reviews.
    """

    opened: tuple[int, ...] = ()
    merged: tuple[int, ...] = ()
    of_bots: int = 0
    authors: int = 0
    reviewers: int = 0
    written: int = 0
    approved: tuple[int, ...] = ()
    self_merged: tuple[int, ...] = ()
    green: tuple[int, ...] = ()
    red: tuple[int, ...] = ()
    commits: CommitsCounted = CommitsCounted()
    releases: ReleasesCounted = ReleasesCounted()


def count(hosted: Hosted, bots: Iterable[str], review_words: int) -> Counted:
    """The numbers of a repository, by its deadline where it has one.

    `bots` are logins of bots beside those that are known to be; a review of `review_words`
    says something. Raises `CannotMeasure` where what was not read could change a number.
    """
    until = hosted.until
    named = frozenset(_login(one) for one in bots)
    in_time = [one for one in hosted.pull_requests if _is_by(one.opened, until)]
    opened = [one for one in in_time if not _is_bot(one.author, named)]
    merged = [_Merged.of(one, named) for one in opened if _is_by(one.merged, until)]
    people = {one.pull.author.login for one in merged if one.pull.author}
    said = [review for one in merged for review in one.reviews]
    bare = [one for one in merged if not one.is_approved]
    return Counted(
        opened=tuple(one.number for one in opened),
        merged=_numbers(merged),
        of_bots=len(in_time) - len(opened),
        authors=len(people),
        reviewers=len({one.reviewer.login for one in said if one.reviewer}),
        written=sum(1 for one in said if one.words >= review_words or one.comments),
        approved=_numbers(one for one in merged if one.is_approved),
        self_merged=_numbers(one for one in bare if one.is_by_its_author),
        green=_numbers(one for one in merged if one.pull.checks == "success"),
        red=_numbers(one for one in merged if one.pull.checks == "failure"),
        commits=_commits(hosted.commits, until),
        releases=_releases(hosted),
    )


@dataclass(frozen=True)
class _Merged:
    """A merged pull request with what others than its author said before."""

    pull: PullRequest
    reviews: tuple[Review, ...]

    @classmethod
    def of(cls, pull: PullRequest, bots: frozenset[str]) -> "_Merged":
        found = [
            one
            for one in sorted(pull.reviews, key=lambda one: one.at)
            if pull.merged is not None
            and one.at <= pull.merged
            and not _is_bot(one.reviewer, bots)
            # Of two accounts that are gone, one reviewed the other's work.
            and (one.reviewer is None or one.reviewer != pull.author)
        ]
        made = cls(pull, tuple(found))
        if pull.has_more_reviews and not made.is_approved:
            raise CannotMeasure(
                f"pull request #{pull.number} has more reviews than are read "
                f"({len(pull.reviews)}), and none of these approves it."
            )
        return made

    @property
    def is_approved(self) -> bool:
        """Whether anybody's last word on it was an approval."""
        last = {
            one.reviewer: one.verdict
            for one in self.reviews
            if one.verdict != "commented"
        }
        return "approved" in last.values()

    @property
    def is_by_its_author(self) -> bool:
        """Whether its author merged it; no for accounts that are gone."""
        return self.pull.merged_by is not None and (
            self.pull.merged_by == self.pull.author
        )


def _numbers(found: Iterable[_Merged]) -> tuple[int, ...]:
    return tuple(one.pull.number for one in found)


def _commits(commits: Sequence[HostedCommit], until: datetime | None) -> CommitsCounted:
    there = [
        one
        for one in commits
        if not one.is_root and _is_by(one.merged or one.committed, until)
    ]
    unbrought = [one for one in there if one.merged is None]
    direct = tuple(one.hash for one in unbrought if not one.is_by_bot)
    return CommitsCounted(
        brought=len(there) - len(unbrought),
        direct=direct,
        of_bots=len(unbrought) - len(direct),
    )


def _releases(hosted: Hosted) -> ReleasesCounted:
    on_main = {one.hash for one in hosted.commits}
    out = [
        one
        for one in hosted.releases
        if not one.is_draft and _is_by(one.published, hosted.until)
    ]
    there = [one for one in out if one.commit in on_main]
    if hosted.has_more_commits and any(
        one.commit is not None and one.commit not in on_main for one in out
    ):
        raise CannotMeasure(
            f"the main branch has more than {len(hosted.commits):,} commits, and whether a "
            "release is of one of the older ones was not asked."
        )
    early = sum(1 for one in there if one.is_prerelease)
    return ReleasesCounted(
        final=len(there) - early, early=early, beside=len(out) - len(there)
    )


def _is_by(moment: datetime | None, until: datetime | None) -> bool:
    """Whether it happened, and in time."""
    return moment is not None and (until is None or moment <= until)


def _is_bot(account: Account | None, bots: frozenset[str]) -> bool:
    return account is not None and (account.is_bot or _login(account.login) in bots)


def _login(name: str) -> str:
    return name.casefold().removesuffix("[bot]")
