"""The lines of the checklist of pull requests, and what the rubric may set for them."""

from typing import Annotated

from pydantic import Field

from grader.checkers._base import Options
from grader.checkers._checklist import Criterion

Count = Annotated[int, Field(ge=1, le=1_000)]
Share = Annotated[float, Field(gt=0, le=1)]


class PullRequestsOptions(Options):
    """From which number on a line holds; what each is worth is the rubric's formula.

    `merged` pull requests, of `authors` people, looked at by `reviewers` people;
    `written_reviews` of at least `review_words` words; `self_merged` is how many may be. The
    shares are of the merged pull requests, `by_pull_request_share` of the main branch's
    commits. `bots` are logins that count as bots beside those that GitHub says are.
    """

    merged: Count = 3
    authors: Count = 2
    reviewers: Count = 2
    approved_share: Share = 0.5
    by_pull_request_share: Share = 0.8
    checked_share: Share = 0.8
    written_reviews: Count = 2
    review_words: Count = 3
    self_merged: Annotated[int, Field(ge=0, le=1_000)] = 0
    releases: Count = 1
    bots: tuple[str, ...] = ()


CRITERIA = (
    Criterion(
        "used",
        "several pull requests were merged",
        "Make each change on a branch, open a pull request for it, and merge it there.",
    ),
    Criterion(
        "several_authors",
        "several people's pull requests were merged",
        "Let everybody open pull requests for what they have written.",
    ),
    Criterion(
        "few_direct_commits",
        "most commits of the main branch came there by a pull request",
        "Protect the main branch: Settings, Rules, require a pull request before merging.",
    ),
    Criterion(
        "mostly_approved",
        "most merged pull requests had been approved by somebody else",
        "Ask somebody for a review, and merge once it is approved; a rule of the branch can "
        "ask for it.",
    ),
    Criterion(
        "several_reviewers",
        "several people reviewed what others had written, before it was merged",
        "Take turns at reviewing.",
    ),
    Criterion(
        "reviews_say_something",
        "reviews of others' work say something: in words, or on lines of the change",
        "Say in a review what you looked at and what you would change, on the line itself.",
    ),
    Criterion(
        "no_self_merges",
        "nobody merged a pull request of their own without somebody's approval",
        "Let somebody approve it first; a rule of the branch can ask for that.",
    ),
    Criterion(
        "mostly_checked",
        "the checks of most merged pull requests had passed",
        "Start a workflow on pull_request, and merge when it is green.",
    ),
    Criterion(
        "released",
        "there is a release of what is on the main branch",
        "Make a release from a tag of the main branch: Releases, Draft a new release, "
        "Publish.",
    ),
)
