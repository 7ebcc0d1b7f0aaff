"""The workflows of a repository, held against each line of the checklist."""

import re
from collections.abc import Iterator, Sequence

from grader.checkers._checklist import Checklist
from grader.checkers._ci_steps import has_matrix
from grader.checkers._ci_work import Seen, Work
from grader.codebase.credentials import has_known_form, is_credential
from grader.codebase.documents import Value
from grader.codebase.occasions import Occasion
from grader.codebase.workflows import Job, Step, Workflow
from grader.model.measurement import Sight

ALONE: frozenset[Occasion] = frozenset(("push", "pull_request"))
# `API_KEY=abc` in what a step runs, or writes to a file.
_ASSIGNED = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=([^\s`]+)")
_FOR_RELEASES: frozenset[Occasion] = frozenset(("release", "tag"))


class Look:
    """The workflows of one repository, looked through line by line."""

    def __init__(self, work: Work, workflows: Sequence[Workflow]) -> None:
        self.work = work
        self._workflows = workflows
        self.jobs = [
            job
            for workflow in work.workflows
            for job in workflow.jobs
            if job.occasions and not job.never and job.steps
        ]

    def answer(self, checklist: Checklist) -> None:
        """Settle every line."""
        self._valid(checklist)
        self._started(checklist, "on_push", "push", "pushes")
        self._started(checklist, "on_pull_request", "pull_request", "pull requests")
        self._done(checklist, "installs", self.work.installs, "installs dependencies")
        self._done(checklist, "lints", self.work.lints, "runs a linter")
        self._done(checklist, "tests", self.work.tests, "runs tests")
        self._matrix(checklist)
        self._done(checklist, "cache", self.work.caches, "keeps dependencies")
        self._secrets(checklist)
        self._permissions(checklist)
        self._pinned(checklist)
        self._deploys(checklist)

    def _valid(self, checklist: Checklist) -> None:
        broken = [one for one in self._workflows if one.problem]
        if broken:
            sights = [
                Sight(path=one.path, line=one.problem_line, what=one.problem[:160])
                for one in broken
            ]
            told = f"GitHub can't run {broken[0].path}: {broken[0].problem[:160]}."
            checklist.no("valid", told, *sights)
            return
        sights = [Sight(path=one.path, what=one.title[:80]) for one in self._workflows]
        checklist.yes("valid", f"{len(sights)} can be read.", *sights)

    def _started(
        self, checklist: Checklist, line: str, occasion: Occasion, what: str
    ) -> None:
        sights = [
            Sight(path=one.path, line=one.line(occasion), what=f"on: {occasion}")
            for one in self.work.workflows
            if any(
                occasion in job.occasions and not job.never and self.work.works(job)
                for job in one.jobs
            )
        ]
        said = [f"{one.path}: {note}" for one in self._workflows for note in one.notes]
        why = f" ({'; '.join(said[:3])})" if said else ""
        checklist.seen(
            line,
            sights,
            yes=f"{sights[0].path if sights else ''} runs for {what}.",
            no=f"No job that checks or builds runs on {what} to the main branch{why}.",
        )

    def _done(
        self, checklist: Checklist, line: str, found: Sequence[Seen], does: str
    ) -> None:
        """A line that holds where a step does it on every change."""
        counted = [one.sight for one in found if one.is_checked]
        if counted:
            first = counted[0]
            told = f"{first.path} {does}: {first.what}"
            checklist.yes(line, told, *dict.fromkeys(counted))
            return
        if found:
            first = found[0].sight
            told = f"{first.path} {does} ({first.what}), but {found[0].why_not}."
            checklist.no(line, told, *(one.sight for one in found))
            return
        checklist.no(line, f"No step of any workflow {does}.")

    def _matrix(self, checklist: Checklist) -> None:
        tested = {
            (one.job.path, one.job.name): one.job
            for one in self.work.tests
            if one.is_checked
        }
        sights = [
            job.sight.model_copy(update={"what": varied})
            for job in tested.values()
            if (varied := has_matrix(job))
        ]
        no = "The tests run on one version only."
        checklist.seen(
            "matrix",
            sights,
            yes=f"They run on {sights[0].what if sights else ''}.",
            no=no if tested else "No tests run on every change, on no version.",
        )

    def _secrets(self, checklist: Checklist) -> None:
        literal, named = [], set[str]()
        for workflow in self.work.workflows:
            for where, key, value in _settings(workflow):
                if is_credential(key, value) or has_known_form(str(value or "")):
                    what = f"{key} has its value in the file"
                    literal.append(where.model_copy(update={"what": what[:120]}))
                named.update(re.findall(r"secrets\.(\w+)", str(value)))
        if literal:
            told = "A credential stands in a workflow, for all who can read the repository."
            checklist.no("no_literal_secrets", told, *literal)
        elif not self.work.workflows:
            checklist.no("no_literal_secrets", "There is no workflow that can be read.")
        else:
            some = ", ".join(sorted(named)[:5])
            told = f"They come from secrets: {some}." if some else "None is needed."
            sights = [Sight(path=one.path) for one in self.work.workflows]
            checklist.yes("no_literal_secrets", told, *sights)

    def _permissions(self, checklist: Checklist) -> None:
        lacking = [
            job.sight
            for job in self.jobs
            if not job.states_permissions or job.permissions == "write-all"
        ]
        sights = [job.sight for job in self.jobs]
        if lacking:
            told = (
                f"{lacking[0].what} of {lacking[0].path} does not limit what it may do."
            )
            checklist.no("permissions", told, *lacking)
        else:
            checklist.seen(
                "permissions",
                sights,
                yes="Every job that runs states them.",
                no="There is no job that could state them.",
            )

    def _pinned(self, checklist: Checklist) -> None:
        used = [
            (step, step.uses or "")
            for job in self.jobs
            for step in job.steps
            if step.uses and not step.uses.startswith("./")
        ]
        loose = [(step, name) for step, name in used if not _is_pinned(name)]
        sights = [
            Sight(path=step.path, line=step.line, what=name[:120])
            for step, name in loose or used
        ]
        if loose:
            told = f"{loose[0][1][:80]} is whatever its authors push next."
            checklist.no("pinned_actions", told, *sights)
        else:
            checklist.seen(
                "pinned_actions",
                sights,
                yes=f"All {len(used)} uses name a version.",
                no="No job that runs uses an action.",
            )

    def _deploys(self, checklist: Checklist) -> None:
        running = [one for one in self.work.deploys if not one.why_not]
        by_itself = [one for one in running if one.occasions - {"manual", "other"}]
        hasty = [one for one in by_itself if not self._waits(one)]
        if hasty:
            when = ", ".join(sorted(hasty[0].occasions))
            told = f"It deploys on {when} without waiting for the tests or a release."
            checklist.no("deploy_waits", told, *(one.sight for one in hasty))
        elif by_itself:
            whys = [self._waits(one) for one in by_itself]
            told = f"It deploys {whys[0]}."
            checklist.yes("deploy_waits", told, *(one.sight for one in by_itself))
        elif running:
            told = "It deploys only when somebody starts it by hand."
            checklist.no("deploy_waits", told, *(one.sight for one in running))
        elif self.work.deploys:
            first = self.work.deploys[0]
            told = f"It would deploy, but {first.why_not}."
            checklist.no("deploy_waits", told, first.sight)
        else:
            checklist.no("deploy_waits", "No step of any workflow deploys anything.")

    def _waits(self, deploy: Seen) -> str:
        """What a deployment waits for, as part of a sentence; `""` for nothing."""
        if deploy.occasions - {"manual"} <= _FOR_RELEASES:
            return "only for a release or a tag"
        workflow = next(
            one
            for one in self.work.workflows
            if any(job is deploy.job for job in one.jobs)
        )
        tested = [one for one in self.work.tests if not one.lost]
        steps = deploy.job.steps
        condition = f"{deploy.job.condition} {deploy.step.condition}"
        if "always()" in condition:
            return ""
        for one in tested:
            if one.job is deploy.job and _index(steps, one.step) < _index(
                steps, deploy.step
            ):
                return "after the tests in the same job"
            if any(one.job is job for job in _needed(workflow, deploy.job)):
                return "once the job of the tests has passed"
        is_after = deploy.occasions - {"manual"} <= {*_FOR_RELEASES, "after"}
        if is_after and re.search(r"conclusion\s*==\s*'success'", condition):
            titles = set(workflow.after)
            for other in self.work.workflows:
                if other.title in titles and any(
                    one.job is job for one in tested for job in other.jobs
                ):
                    return "once the workflow of the tests has passed"
        return ""


def _needed(workflow: Workflow, job: Job) -> Iterator[Job]:
    """The jobs that a job waits for, those that they wait for included."""
    by_name = {one.name: one for one in workflow.jobs}
    todo, done = list(job.needs), set[str]()
    while todo:
        name = todo.pop()
        if name in by_name and name not in done:
            done.add(name)
            yield by_name[name]
            todo += by_name[name].needs


def _index(steps: Sequence[Step], step: Step) -> int:
    return next((at for at, one in enumerate(steps) if one is step), len(steps))


def _settings(workflow: Workflow) -> Iterator[tuple[Sight, str, Value]]:
    """Every setting of a workflow by its name, the text of its steps, and what they set."""

    def of(
        values: dict[str, Value] | None, sight: Sight
    ) -> Iterator[tuple[Sight, str, Value]]:
        for key, value in (values or {}).items():
            yield sight, key, value

    yield from of(workflow.environment, Sight(path=workflow.path))
    for job in workflow.jobs:
        yield from of(job.environment, job.sight)
        for step in job.steps:
            sight = Sight(path=step.path, line=step.line)
            yield from of(step.environment, sight)
            yield from of(step.options, sight)
            yield sight, "run", step.run
            for at, row in enumerate(str(step.run or "").splitlines()):
                if found := _ASSIGNED.match(row[:1_000]):
                    place = Sight(path=step.path, line=step.run_line + at)
                    yield place, found[1], found[2]


def _is_pinned(used: str) -> bool:
    """Whether a version, a tag or a commit stands behind the name of an action."""
    if used.startswith("docker://"):
        tag = used.rpartition("/")[2].partition(":")[2]
        return "@sha256:" in used or any(letter.isdigit() for letter in tag)
    version = used.partition("@")[2]
    return any(letter.isdigit() for letter in version) and version not in ("HEAD",)
