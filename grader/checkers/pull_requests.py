"""Pull requests: how a group worked together on GitHub, as its API tells."""

import shlex

from grader.checkers._base import Bench, Checker, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._pull_requests_answers import Answers, counted_as
from grader.checkers._pull_requests_counted import Counted, count
from grader.checkers._pull_requests_criteria import CRITERIA, PullRequestsOptions
from grader.model.hosted import Hosted
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

_NONE_MERGED = "absent where no pull request was merged"


class PullRequests(Checker[PullRequestsOptions]):
    """Pull requests, reviews and releases on GitHub.

    Why it matters
        A change that somebody else has read before it is merged is understood by two, and
        what is wrong with it costs less to mend. Checks that run on the pull request keep
        the main branch working for everybody.

    How it is measured
        GitHub's API is asked about the repository that was graded: its address, or the
        `origin` of the clone. That needs a token (GITHUB_TOKEN or GH_TOKEN); without one,
        offline, or for a repository that is not on GitHub, nothing is graded here. With a
        deadline only what happened by then counts: opened, reviewed, merged, published.
        Bots count for nothing: neither their pull requests nor their reviews. An approval
        counts where it is somebody else's than the author's, its giver's last word, and
        given before the merge. Checks are those of the pull request's last commit, all
        together. A commit of the main branch came by a pull request where GitHub says that
        a merged one brought it; the first commit and those of bots are left aside, and of
        a long history the newest 1,200 are looked at. A release counts when it is
        published, neither a draft nor a pre-release, and its tag names a commit of the main
        branch. How large a pull request is counts for nothing.

    What it does not see
        Who the members of the group are: the rubric says how many are to take part. One
        person with two accounts. Who an account that was deleted belonged to: it is
        nobody's in the counts of people. Whether the checks were green at the merge or
        after it, and whether they check anything: see ci. Rules of branches. Talk outside
        reviews. A repository with more than 600 pull requests is not graded here.

    How to fix
        Make each change on a branch, open a pull request, let somebody else review and
        approve it, and merge when its checks are green. Publish a release from main.
    """

    id = "pull-requests"
    source = (
        "https://docs.github.com/en/pull-requests/"
        "collaborating-with-pull-requests/reviewing-changes-in-pull-requests"
    )
    criteria = CRITERIA
    is_live = True
    asks_host = True
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("pull_requests", "pull requests", "opened by people, not bots"),
        Quantity("merged", "pull requests", "those of them that were merged"),
        Quantity("authors", "people", "people with a merged pull request"),
        Quantity(
            "reviewers", "people", "people who reviewed another's before its merge"
        ),
        Quantity(
            "approved_share",
            "share",
            f"merged ones that somebody else had approved; {_NONE_MERGED}",
            better="higher",
            ideal=1,
            maximum=1,
            optional=True,
        ),
        Quantity(
            "self_merged",
            "pull requests",
            "merged by their authors without anybody's approval",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "checked_share",
            "share",
            f"merged ones whose checks had all passed; {_NONE_MERGED}",
            better="higher",
            ideal=1,
            maximum=1,
            optional=True,
        ),
        Quantity(
            "failed_checks",
            "pull requests",
            "merged with checks that failed or had not ended",
            better="lower",
            ideal=0,
        ),
        Quantity("written_reviews", "reviews", "reviews of others' work with words"),
        Quantity(
            "by_pull_request_share",
            "share",
            "commits of the main branch that came by a pull request; absent where it has "
            "none beside its first and those of bots",
            better="higher",
            ideal=1,
            maximum=1,
            optional=True,
        ),
        Quantity(
            "direct_commits",
            "commits",
            "commits of the main branch that no pull request brought",
            better="lower",
            ideal=0,
        ),
        Quantity("releases", "releases", "published, of the main branch"),
        Quantity("prereleases", "releases", "pre-releases, of the main branch"),
    )

    def measure(
        self, snapshot: Snapshot, options: PullRequestsOptions, bench: Bench
    ) -> Result:
        """Count what the repository's host knows, and answer each line."""
        hosted = bench.hosted()
        counted = count(hosted, options.bots, options.review_words)
        checklist = Checklist(CRITERIA)
        Answers(hosted, counted, options).give(checklist)
        return Result(
            checklist.measured(_values(counted)),
            command=_command(hosted),
            population=_population(hosted),
        )


def _values(counted: Counted) -> dict[str, int | float]:
    merged, commits = len(counted.merged), counted.commits
    values: dict[str, int | float] = {
        "pull_requests": len(counted.opened),
        "merged": merged,
        "authors": counted.authors,
        "reviewers": counted.reviewers,
        "self_merged": len(counted.self_merged),
        "failed_checks": len(counted.red),
        "written_reviews": counted.written,
        "direct_commits": len(commits.direct),
        "releases": counted.releases.final,
        "prereleases": counted.releases.early,
    }
    if merged:
        values["approved_share"] = len(counted.approved) / merged
        values["checked_share"] = len(counted.green) / merged
    if every := commits.brought + len(commits.direct):
        values["by_pull_request_share"] = commits.brought / every
    return values


def _command(hosted: Hosted) -> str:
    fields = "number,author,mergedAt,mergedBy,reviews,statusCheckRollup"
    where = f"{hosted.host}/{hosted.repository}"
    return shlex.join(
        [
            "gh",
            "pr",
            "list",
            "--repo",
            where,
            "--state",
            "all",
            "--limit",
            "1000",
            "--json",
            fields,
        ]
    )


def _population(hosted: Hosted) -> str:
    left = (
        f"; the token is good for {hosted.left:,} more"
        if hosted.left is not None
        else ""
    )
    return (
        f"what {hosted.host} says of {hosted.repository}: "
        f"{counted_as(len(hosted.pull_requests), 'pull request')}, "
        f"{counted_as(len(hosted.commits), 'commit')} of the main branch, "
        f"{counted_as(len(hosted.releases), 'release')}, read with "
        f"{counted_as(hosted.requests, 'request')}{left}"
    )
