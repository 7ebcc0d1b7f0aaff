"""The query for what a repository's people did, and what GitHub's answers to it mean.

What was asked for and is not in an answer is an error: nothing stands in for it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

from pydantic import AwareDatetime, Field

from grader.github.client import Answer
from grader.model.hosted import (
    LOGIN_CHARACTERS,
    Account,
    Checks,
    HostedCommit,
    PullRequest,
    Release,
    Review,
    Verdict,
)

# More than anybody's patience with a review.
MAX_WORDS: Final = 1_000

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

QUERY: Final = """
query (
  $owner: String!, $name: String!, $few: Int!, $many: Int!, $reviews: Int!,
  $pulls: String, $commits: String, $releases: String,
  $wantsPulls: Boolean!, $wantsCommits: Boolean!, $wantsReleases: Boolean!
) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    defaultBranchRef {
      name
      target {
        ... on Commit {
          history(first: $many, after: $commits) @include(if: $wantsCommits) {
            pageInfo { hasNextPage endCursor }
            nodes {
              oid
              committedDate
              author { email }
              parents(first: 1) { totalCount }
              associatedPullRequests(first: 5) { nodes { mergedAt } }
            }
          }
        }
      }
    }
    pullRequests(
      first: $few, after: $pulls, orderBy: {field: CREATED_AT, direction: ASC}
    ) @include(if: $wantsPulls) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        number
        createdAt
        mergedAt
        author { __typename login }
        mergedBy { __typename login }
        reviews(last: $reviews) {
          totalCount
          nodes {
            state
            submittedAt
            body
            author { __typename login }
            comments { totalCount }
          }
        }
        commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
      }
    }
    releases(
      first: $few, after: $releases, orderBy: {field: CREATED_AT, direction: DESC}
    ) @include(if: $wantsReleases) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { isDraft isPrerelease publishedAt tagCommit { oid } }
    }
  }
}
"""

Node = TypeVar("Node", bound=Answer)


class _PageInfo(Answer):
    hasNextPage: bool
    endCursor: str | None


class _Total(Answer):
    totalCount: int


class _Nodes(Answer, Generic[Node]):
    """Some of a list; GitHub leaves out what the token may not see."""

    nodes: tuple[Node | None, ...]

    @property
    def there(self) -> list[Node]:
        return [node for node in self.nodes if node is not None]


class Page(Answer, Generic[Node]):
    """One page of a list that is read to its end."""

    pageInfo: _PageInfo
    totalCount: int = 0
    nodes: tuple[Node, ...]


class _Actor(Answer):
    typename: str = Field(alias="__typename")
    login: str


class _Review(Answer):
    state: str
    # None while it is not handed in.
    submittedAt: AwareDatetime | None
    body: str
    author: _Actor | None
    comments: _Total


class _Reviews(_Nodes[_Review]):
    totalCount: int


class _Rollup(Answer):
    state: str


class _Checked(Answer):
    statusCheckRollup: _Rollup | None


class _PullCommit(Answer):
    commit: _Checked


class PullNode(Answer):
    number: int
    createdAt: AwareDatetime
    mergedAt: AwareDatetime | None
    # None where the account was deleted.
    author: _Actor | None
    mergedBy: _Actor | None
    reviews: _Reviews
    commits: _Nodes[_PullCommit]


class _Email(Answer):
    email: str | None


class _Merge(Answer):
    mergedAt: AwareDatetime | None


class CommitNode(Answer):
    oid: str
    committedDate: AwareDatetime
    author: _Email | None
    parents: _Total
    associatedPullRequests: _Nodes[_Merge] | None


class _Tagged(Answer):
    oid: str


class ReleaseNode(Answer):
    isDraft: bool
    isPrerelease: bool
    publishedAt: AwareDatetime | None
    tagCommit: _Tagged | None


class _Target(Answer):
    # Only where it is wanted, as the lists below.
    history: Page[CommitNode] | None = None


class _Branch(Answer):
    name: str
    target: _Target | None


class _Repository(Answer):
    nameWithOwner: str
    # None in a repository without commits.
    defaultBranchRef: _Branch | None
    pullRequests: Page[PullNode] | None = None
    releases: Page[ReleaseNode] | None = None


class Found(Answer):
    repository: _Repository | None


def pull_request(pull: PullNode) -> PullRequest:
    """A pull request; a state of its checks that isn't success is a failure."""
    return PullRequest(
        number=pull.number,
        author=_account(pull.author),
        opened=pull.createdAt,
        merged=pull.mergedAt,
        merged_by=_account(pull.mergedBy),
        checks=_checks(pull.commits.there),
        reviews=tuple(_reviews(pull.reviews.there)),
        has_more_reviews=pull.reviews.totalCount > len(pull.reviews.there),
    )


def _account(actor: _Actor | None) -> Account | None:
    if actor is None:
        return None
    login = actor.login[:LOGIN_CHARACTERS].casefold()
    is_bot = actor.typename == "Bot" or login.endswith("[bot]")
    return Account(login, is_bot)


_VERDICTS: dict[str, Verdict] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "refused",
    "DISMISSED": "dismissed",
    "COMMENTED": "commented",
}


def _reviews(found: Iterable[_Review]) -> Iterable[Review]:
    for review in found:
        verdict = _VERDICTS.get(review.state)
        if verdict is None or review.submittedAt is None:
            continue
        # Only what has letters or digits is a word, so that a row of dots is none.
        words = re.findall(r"[^\W_]+", review.body[: 20 * MAX_WORDS])
        yield Review(
            reviewer=_account(review.author),
            verdict=verdict,
            at=review.submittedAt,
            words=min(len(words), MAX_WORDS),
            comments=review.comments.totalCount,
        )


def _checks(commits: Sequence[_PullCommit]) -> Checks:
    rollup = commits[-1].commit.statusCheckRollup if commits else None
    if rollup is None:
        return "none"
    # What has not ended has not been seen to be green.
    return "success" if rollup.state == "SUCCESS" else "failure"


def commit_of(commit: CommitNode) -> HostedCommit:
    """A commit, with the first merge that had it."""
    brought = commit.associatedPullRequests
    merges = [one.mergedAt for one in brought.there if one.mergedAt] if brought else []
    email = (commit.author.email or "" if commit.author else "").casefold()
    return HostedCommit(
        hash=_hash(commit.oid) or "",
        committed=commit.committedDate,
        merged=min(merges, default=None),
        is_root=commit.parents.totalCount == 0,
        # A bot is no user, and GitHub gives it such an address.
        is_by_bot=email.partition("@")[0].endswith("[bot]"),
    )


def release_of(release: ReleaseNode) -> Release:
    """A release."""
    return Release(
        published=release.publishedAt,
        commit=_hash(release.tagCommit.oid) if release.tagCommit else None,
        is_draft=release.isDraft,
        is_prerelease=release.isPrerelease,
    )


def _hash(text: str) -> str | None:
    return text if _HASH.fullmatch(text) else None
