"""What the jobs of workflows do, where, and why some of it does not count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from grader.checkers._ci_steps import (
    LINT_ACTIONS,
    cached,
    deploys,
    deploys_by_action,
    installs_by_action,
    is_test,
    linted,
)
from grader.codebase.installing import installs
from grader.codebase.occasions import Occasion
from grader.codebase.scripts import Ran, Scripts
from grader.codebase.workflows import Job, Step, Workflow
from grader.model.measurement import Sight

_TALK = frozenset(
    "echo printf curl exit set export cd true false sleep wget [ test".split()
)


@dataclass(frozen=True)
class Seen:
    """Something that a step does, where, and why it counts for nothing, where it does.

    `lost` says why its failure would stop nothing, whenever it runs.
    """

    job: Job
    step: Step
    sight: Sight
    why_not: str = ""
    lost: str = ""

    @property
    def occasions(self) -> frozenset[Occasion]:
        """When it runs."""
        return self.step.occasions & self.job.occasions

    @property
    def is_checked(self) -> bool:
        """Whether it runs by itself on a push or a pull request, and its failure counts."""
        return not self.why_not and bool(self.occasions & {"push", "pull_request"})


class Work:
    """What the jobs of a repository's workflows do."""

    def __init__(self, scripts: Scripts, workflows: Sequence[Workflow]) -> None:
        self._scripts = scripts
        self.workflows = [one for one in workflows if not one.problem]
        self._ran: dict[int, tuple[Ran, ...]] = {}

    def steps(self) -> Iterator[tuple[Workflow, Job, Step]]:
        """Every step of every job."""
        for workflow in self.workflows:
            for job in workflow.jobs:
                for step in job.steps:
                    yield workflow, job, step

    def ran(self, step: Step) -> tuple[Ran, ...]:
        """What a step's shell runs in the end."""
        if step.run is None:
            return ()
        if id(step) not in self._ran:
            folder = "" if step.folder == "." else step.folder
            self._ran[id(step)] = self._scripts.ran(
                step.run, step.path, step.run_line, folder, step.shell
            )
        return self._ran[id(step)]

    @cached_property
    def tests(self) -> list[Seen]:
        """Where tests are run, also where it doesn't count."""
        found = []
        for workflow, job, step in self.steps():
            for ran in self.ran(step):
                if is_test(ran):
                    why = _why_not(workflow, job, step, ran.lost)
                    lost = _hidden(job, step) or ran.lost
                    found.append(Seen(job, step, _sight(ran), why, lost))
        return found

    @cached_property
    def lints(self) -> list[Seen]:
        """Where a linter checks, also where it doesn't count."""
        found = []
        for workflow, job, step in self.steps():
            if step.uses and LINT_ACTIONS.fullmatch(step.action):
                sight = Sight(path=step.path, line=step.line, what=step.action)
                found.append(Seen(job, step, sight, _why_not(workflow, job, step, "")))
            for ran in self.ran(step):
                if (lost := linted(ran)) is not None:
                    why = _why_not(workflow, job, step, lost or ran.lost)
                    found.append(Seen(job, step, _sight(ran), why))
        return found

    @cached_property
    def installs(self) -> list[Seen]:
        """Where dependencies are installed."""
        found = []
        for workflow, job, step in self.steps():
            why = _why_not(workflow, job, step, "", is_check=False)
            if step.uses and installs_by_action(step):
                sight = Sight(path=step.path, line=step.line, what=step.action)
                found.append(Seen(job, step, sight, why))
            for ran in self.ran(step):
                # An image has what is needed, where the tests run in it.
                in_image = is_test(ran) and ran.command.bare[:1] == ("docker",)
                if in_image or installs(
                    ran.started.name, ran.started.words, ran.command.bare
                ):
                    found.append(Seen(job, step, _sight(ran), why))
        return found

    @cached_property
    def caches(self) -> list[Seen]:
        """Where dependencies are kept from one run to the next."""
        found = []
        for workflow, job, step in self.steps():
            if step.uses and (what := cached(step)):
                sight = Sight(path=step.path, line=step.line, what=what)
                why = _why_not(workflow, job, step, "", is_check=False)
                found.append(Seen(job, step, sight, why))
        return found

    @cached_property
    def deploys(self) -> list[Seen]:
        """Where something is deployed or published."""
        found = []
        for workflow, job, step in self.steps():
            why = step.never or job.never
            if step.uses and deploys_by_action(step):
                sight = Sight(path=step.path, line=step.line, what=step.action)
                found.append(Seen(job, step, sight, why))
            for ran in self.ran(step):
                if deploys(ran):
                    found.append(Seen(job, step, _sight(ran), why))
        return found

    def works(self, job: Job) -> bool:
        """Whether a job checks or builds the project, rather than only deploy or greet."""
        lines = {(one.sight.path, one.sight.line) for one in self.deploys}
        for step in job.steps:
            if step.never:
                continue
            if step.uses and LINT_ACTIONS.fullmatch(step.action):
                return True
            if step.uses and step.action == "docker/build-push-action":
                return True
            for ran in self.ran(step):
                is_deploy = (ran.sight.path, ran.sight.line) in lines
                if ran.name not in _TALK and not is_deploy:
                    return True
        return False


def _sight(ran: Ran) -> Sight:
    """The place in the workflow, and what it leads to where that stands elsewhere."""
    what = ran.led.what
    if ran.led != ran.sight:
        what = f"{what} → {ran.sight.path}:{ran.sight.line} {ran.sight.what}"
    return Sight(path=ran.led.path, line=ran.led.line, what=what[:160])


def _why_not(
    workflow: Workflow, job: Job, step: Step, lost: str, *, is_check: bool = True
) -> str:
    """Why a step doesn't count as a check of every change; `""` where it does."""
    if never := step.never or job.never:
        return never
    if hidden := (_hidden(job, step) or lost) * is_check:
        return hidden
    if not step.occasions & job.occasions & {"push", "pull_request"}:
        occasions = step.occasions & job.occasions
        if occasions == {"manual"}:
            return "it only runs when somebody starts it by hand"
        when = ", ".join(sorted(occasions)) or "; ".join(workflow.notes)
        return f"it runs on no push or pull request to the main branch ({when})"
    return ""


def _hidden(job: Job, step: Step) -> str:
    if step.never or job.never:
        return step.never or job.never
    if step.may_fail or job.may_fail:
        return "`continue-on-error: true` passes over its failure"
    return ""
