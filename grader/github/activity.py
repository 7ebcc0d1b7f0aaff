"""What a repository's people did on GitHub: pull requests, reviews, checks, releases.

One query fetches a page of each: pull requests with their reviews and checks, commits of the
main branch with the pull requests that brought them, releases. What is read is bounded, and
what doesn't fit is said. Titles are not asked for; of a review's text only its words are
counted.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic

from grader.github.activity_query import (
    QUERY,
    CommitNode,
    Found,
    Node,
    Page,
    PullNode,
    ReleaseNode,
    commit_of,
    pull_request,
    release_of,
)
from grader.github.client import TRIES, GitHub
from grader.github.trouble import GitHubError, Gone, Refused, Unavailable
from grader.model.hosted import Hosted

# Of one repository, each try counted.
MAX_REQUESTS: Final = 20
# Of each list; whole pages of either size.
MOST, MOST_COMMITS = 600, 1_200
# Entries on a page; the smaller one where GitHub can't answer for the larger.
PAGE, SMALL_PAGE = 50, 10
COMMITS_PAGE: Final = 100
REVIEWS: Final = 50
_REPOSITORY = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
)


@dataclass
class _Shelf(Generic[Node]):
    """What was fetched of one list, at `most` so much, and where it goes on."""

    most: int
    nodes: list[Node] = field(default_factory=list)
    cursor: str | None = None
    has_more: bool = True
    total: int = 0
    read: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether the next page is to be fetched."""
        return self.has_more and self.read < self.most

    def take(self, page: Page[Node] | None) -> None:
        if not self.is_wanted:
            return
        if page is None:
            raise GitHubError("GitHub's answer lacks what it was asked for.")
        before = self.cursor
        self.nodes += page.nodes
        self.read += len(page.nodes)
        self.total = page.totalCount
        self.has_more = page.pageInfo.hasNextPage
        self.cursor = page.pageInfo.endCursor
        if self.has_more and (not page.nodes or self.cursor in (None, before)):
            raise GitHubError("GitHub says that there is more, and not where.")


def read_activity(
    github: GitHub, host: str, repository: str, until: datetime | None = None
) -> Hosted:
    """What GitHub knows of a repository, `owner/name`.

    Raises `GitHubError`: in words for whatever GitHub answers, `Gone` where it isn't there,
    and where there is more than is read of what must be read whole.
    """
    owner, _, name = repository.partition("/")
    before = github.sent
    pulls, commits = _Shelf[PullNode](MOST), _Shelf[CommitNode](MOST_COMMITS)
    releases = _Shelf[ReleaseNode](MOST)
    size, branch, called = PAGE, "", repository
    while pulls.is_wanted or commits.is_wanted or releases.is_wanted:
        _refuse_spent(github.sent - before)
        try:
            found = github.query(
                QUERY,
                Found,
                owner=owner,
                name=name,
                few=size,
                many=COMMITS_PAGE if size == PAGE else size,
                reviews=REVIEWS,
                pulls=pulls.cursor,
                commits=commits.cursor,
                releases=releases.cursor,
                wantsPulls=pulls.is_wanted,
                wantsCommits=commits.is_wanted,
                wantsReleases=releases.is_wanted,
            ).repository
        except Unavailable:
            # So it ends what takes it too long; and long texts make a page too large.
            if size == SMALL_PAGE:
                raise
            size = SMALL_PAGE
            continue
        except Refused as error:
            raise _refused(error) from None
        if found is None:
            raise Gone(f"{repository} is not there, or the token may not see it.")
        called = found.nameWithOwner
        if not _REPOSITORY.fullmatch(called):
            raise GitHubError("GitHub calls the repository by what is no name.")
        main = found.defaultBranchRef
        if main is None:
            # There is no commit yet.
            commits.has_more = False
        branch = main.name if main else ""
        pulls.take(found.pullRequests)
        commits.take(main.target.history if main and main.target else None)
        releases.take(found.releases)
    _refuse_more(pulls, "pull requests")
    _refuse_more(releases, "releases")
    return Hosted(
        host=host,
        repository=called,
        branch=branch,
        pull_requests=tuple(map(pull_request, pulls.nodes)),
        commits=tuple(map(commit_of, commits.nodes)),
        has_more_commits=commits.has_more,
        releases=tuple(map(release_of, releases.nodes)),
        until=until,
        requests=github.sent - before,
        left=github.left,
    )


def _refuse_spent(sent: int) -> None:
    """Raise where the next request, tried as often as that is done, may be one too many."""
    if sent + TRIES > MAX_REQUESTS:
        raise GitHubError(
            f"GitHub was asked {sent} times and has not answered everything; no more "
            f"than {MAX_REQUESTS} requests are made for one repository.",
            hint="Try again later.",
        )


def _refuse_more(shelf: _Shelf[Node], what: str) -> None:
    """Raise where a list was cut off: numbers of a part would be taken for the whole's."""
    if shelf.has_more:
        raise GitHubError(
            f"the repository has {shelf.total:,} {what}, of which only "
            f"{shelf.read:,} were read."
        )


def _refused(error: Refused) -> Refused:
    return Refused(
        f"{error.message} It needs to read contents, pull requests, commit statuses and "
        "checks; not every fine-grained token can be given that, a classic one with "
        "the scope repo has it.",
        status=error.status,
    )
