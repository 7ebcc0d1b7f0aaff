"""Continuous integration: what GitHub Actions does with a change, and with a release."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._ci_criteria import CRITERIA
from grader.checkers._ci_look import ALONE, Look
from grader.checkers._ci_work import Work
from grader.codebase.scripts import scripts_of
from grader.codebase.workflows import workflows_of
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

_OTHERS = frozenset(
    ".gitlab-ci.yml .travis.yml azure-pipelines.yml azure-pipelines.yaml Jenkinsfile "
    "bitbucket-pipelines.yml appveyor.yml .appveyor.yml .drone.yml".split()
)


class CiOptions(Options):
    """Nothing to set: the points of each line are the rubric's."""


class Ci(Checker[CiOptions]):
    """Continuous integration with GitHub Actions.

    Why it matters
        A check that runs by itself on every change is the only one that runs on the day
        when everybody is in a hurry. A deployment that waits for it can't ship what is
        broken.

    How it is measured
        The workflows below .github/workflows/ are read as GitHub reads them, with the
        reusable workflows and composite actions of the repository followed. Commands are
        taken apart as a shell would, and followed through make, tox, nox, invoke, tasks
        of pyproject.toml and scripts. The main branch is main or master. What can never
        run (`if: false`), what runs only by hand, and a check whose failure stops nothing
        (continue-on-error, `|| true`, a pipe without pipefail, a script that goes on)
        doesn't count, and the answer says so; nor do tests behind `if [ -f a.py ]` where
        the repository has no such file. What a step writes as `API_KEY=…` is looked at
        like a setting.

    What it does not see
        Whether the runs are green: that is on GitHub. Branch protection and environments
        with reviewers. Conditions other than on the event and the branch are taken to be
        true. Other systems (GitLab CI, CircleCI, Azure Pipelines, Jenkins) are named and
        not graded. A hosting service that deploys by itself.

    How to fix
        Start one workflow on push and pull request to main that installs, lints and runs
        pytest; let what deploys wait for it, or for a release.
    """

    id = "ci"
    source = (
        "https://docs.github.com/en/actions/reference/workflows-and-actions/"
        "workflow-syntax"
    )
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("workflows", "files", "files below .github/workflows/"),
        Quantity("jobs", "jobs", "jobs that run on a push or pull request to main"),
        Quantity(
            "uncounted_tests",
            "places",
            "places in workflows that run tests and do not count",
        ),
    )

    def measure(self, snapshot: Snapshot, options: CiOptions, bench: Bench) -> Result:
        """Read the workflows and answer each line; without any, each is a no."""
        workflows = workflows_of(snapshot)
        others = ", ".join(_other_systems(snapshot))
        other = f" {others} is another system's, and is not graded." if others else ""
        checklist = Checklist(CRITERIA)
        if not workflows:
            told = f"There is no workflow below .github/workflows/.{other}"
            for criterion in CRITERIA:
                checklist.no(criterion.name, told)
            values = {"workflows": 0, "jobs": 0, "uncounted_tests": 0}
            return Result(checklist.measured(values), population="no workflow")
        look = Look(Work(scripts_of(snapshot), workflows), workflows)
        look.answer(checklist)
        values = {
            "workflows": len(workflows),
            "jobs": sum(1 for job in look.jobs if job.occasions & ALONE),
            "uncounted_tests": sum(1 for one in look.work.tests if one.why_not),
        }
        paths = ", ".join(PurePosixPath(one.path).name for one in workflows[:10])
        return Result(checklist.measured(values), population=f"{paths}.{other}")


def _other_systems(snapshot: Snapshot) -> Iterable[str]:
    for path in snapshot.files:
        if path in _OTHERS or path == ".circleci/config.yml":
            yield path
