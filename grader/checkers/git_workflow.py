"""How the work was done in git: steps, days, people, branches, messages and versions."""

from dataclasses import replace
from datetime import date

from grader.checkers import _git_workflow_answers as answers
from grader.checkers._base import Bench, Checker, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._git_workflow_criteria import CRITERIA
from grader.checkers._git_workflow_options import GitWorkflowOptions
from grader.codebase.claimed_times import made_at
from grader.codebase.contributors import Contributions
from grader.errors import CannotMeasure
from grader.model.history import History
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

_SHALLOW = (
    "The history was cut off when it was fetched, so that nobody can say how the work was "
    "done. Fetch all of it: git fetch --unshallow --tags (in CI: fetch-depth: 0)."
)


class GitWorkflow(Checker[GitWorkflowOptions]):
    """How the team worked with git.

    Why it matters
        A history of small steps on branches, with messages that say what changed,
        lets a team review, find the commit that broke something, and go back to what
        was released. One upload on the last evening lets nobody do any of it.

    How it is measured
        From the graded commit and all before it. Work is what people committed;
        merges and commits of bots (dependabot, pre-commit.ci, github-actions …) are
        counted apart. Co-authored-by: trailers at the end of a message credit further
        people, not bots or writing assistants. Signatures are one person's that share
        an e-mail address (or six letters and more before its @), a GitHub account or
        a name; a .mailmap is not asked. Times are the authors' own claims, in UTC;
        unbelievable ones are in no number. The last hours are those before the
        deadline, without one before the newest commit. A merge counts by git's and
        the hosts' words for it; a pull merges no branch, and main into a branch is
        catching up. A squashed pull request is told by its number, where GitHub made
        the commit. Of a message its first line is read: one that fits any commit
        ("update", "fix bug", "Add files via upload") or repeats another says nothing;
        fewer than three messages earn no line. A version tag has three numbers, as
        v1.2.3, on a graded commit; an annotated one that claims to be later than the
        deadline doesn't count.

    What it does not see
        Whether times and names are true. Who wrote what: lines are not counted. Two
        people with the same name are one; one with two names and two addresses is
        two. Branches whose merge left no trace (fast-forward, rebase) or was given
        words of its own. What a template or a fork had before the group, but by the
        day that the rubric names as `since`. Reviews, which are at the host. Whether
        a message is right. Times of tags that are not annotated. Verbs of other
        languages than English.

    How to fix
        Commit small steps as you go, each on a branch; merge by pull request; write
        what the commit does as a command; tag what you hand in.
    """

    id = "git-workflow"
    source = "https://git-scm.com/book/en/v2/Distributed-Git-Contributing-to-a-Project"
    criteria = CRITERIA
    needs_history = True
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("commits", "commits", "commits of people, merges aside"),
        Quantity("authors", "persons", "persons with a part in them"),
        Quantity(
            "largest_share",
            "share",
            "the largest part of one person in the commits; nobody is scored by it "
            "unless the rubric does",
            maximum=1,
        ),
        Quantity("co_authored_commits", "commits", "commits of several persons"),
        Quantity("assisted_commits", "commits", "commits that an assistant signed too"),
        Quantity("bot_commits", "commits", "commits that no person had a part in"),
        Quantity("merge_commits", "commits", "commits with several parents"),
        Quantity("branch_merges", "merges", "merges of branches, squashed ones too"),
        Quantity("pull_requests", "requests", "pull requests that merges name"),
        Quantity(
            "branches",
            "branches",
            "branches beside main, merged or there when captured",
        ),
        Quantity("days", "days", "days with commits"),
        Quantity("longest_gap_days", "days", "the longest time without a commit"),
        Quantity("last_day_share", "share", "commits of the last 24 hours", maximum=1),
        Quantity(
            "last_two_days_share", "share", "commits of the last 48 hours", maximum=1
        ),
        Quantity(
            "undated_commits", "commits", "commits whose time can't be believed or read"
        ),
        Quantity("said_share", "share", "messages that say what changed", maximum=1),
        Quantity(
            "conventional_share",
            "share",
            "messages of the form type(scope): subject",
            maximum=1,
        ),
        Quantity(
            "imperative_share", "share", "messages that begin with a verb", maximum=1
        ),
        Quantity("version_tags", "tags", "tags with a semantic version"),
    )

    def measure(
        self, snapshot: Snapshot, options: GitWorkflowOptions, bench: Bench
    ) -> Result:
        """Read the history that was captured with the files."""
        history = _since_day(_whole(snapshot), options.first_day)
        done = Contributions(history)
        checklist = Checklist(CRITERIA)
        values = {
            **answers.people(done, options, checklist),
            **answers.times(done, options, checklist),
            **answers.branches(history, options, checklist),
            **answers.messages(done, options, checklist),
            **answers.versions(history, checklist),
        }
        begin = f" since {options.since}" if options.since else ""
        return Result(
            checklist.measured(values),
            population=f"{len(history.commits):,} commits, the graded one and all before it"
            f"{begin}",
        )


def _whole(snapshot: Snapshot) -> History:
    """The history, all of it. Raises `CannotMeasure` where a part would be taken for it."""
    history = snapshot.history
    if history is None:
        raise CannotMeasure(
            "There is no git history to read: the folder came without one, or it could "
            "not be read."
        )
    if history.is_truncated:
        if len(history.commits) >= 1_000:
            raise CannotMeasure(
                f"The history has more than {len(history.commits):,} commits, or was cut "
                "off when it was fetched (git fetch --unshallow): it was not read to its "
                "beginning."
            )
        raise CannotMeasure(_SHALLOW)
    return history


def _since_day(history: History, day: date | None) -> History:
    """The same without what claims to be older; what claims nothing believable stays."""
    if day is None:
        return history
    times = ((one, made_at(one, history)) for one in history.commits)
    own = tuple(one for one, time in times if time is None or time.date() >= day)
    return replace(history, commits=own)
