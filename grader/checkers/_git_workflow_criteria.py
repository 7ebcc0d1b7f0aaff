"""The lines of the checker `git-workflow`."""

from grader.checkers._checklist import Criterion

CRITERIA = (
    Criterion(
        "several_authors",
        "several persons have a part in the work",
        "Let everybody commit their own work under their own name; credit a pair with "
        "Co-authored-by: lines at the end of the message.",
    ),
    Criterion(
        "small_steps",
        "the work came in many commits, not in a few large ones",
        "Commit each step when it works.",
    ),
    Criterion(
        "over_time",
        "there are commits of several days",
        "Begin early and commit on each day that you work.",
    ),
    Criterion(
        "not_last_minute",
        "most commits were made before the last hours",
        "Commit as you go, and leave corrections for the last day.",
    ),
    Criterion(
        "branches_merged",
        "branches were made and merged",
        "Make a branch for each change (git switch -c feat/NAME) and merge it into main "
        "when it works.",
    ),
    Criterion(
        "pull_requests_merged",
        "changes came in by pull requests",
        "Push the branch, open a pull request, and merge it there once somebody read it.",
    ),
    Criterion(
        "says_what",
        "the messages say what was changed",
        "Say in a few words what the commit changes: Validate the ranges of ages.",
    ),
    Criterion(
        "consistent_form",
        "the messages have one of the usual forms",
        "Begin messages with a verb as a command (Add, Fix, Remove) or with a type as in "
        "feat(api): add batch prediction.",
    ),
    Criterion(
        "version_tag",
        "a commit is tagged with a semantic version",
        "Tag what you hand in: git tag -a v1.0.0 -m 'First release', then git push --tags.",
    ),
)
