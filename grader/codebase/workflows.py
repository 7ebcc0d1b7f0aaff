"""GitHub Actions workflows: on which occasions which jobs run which steps.

Reusable workflows and composite actions of the repository are followed, so that a job's
steps are all that it runs. What can never run, or only by hand, is told apart.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from grader.codebase.documents import Document, Documents, Value, documents_of
from grader.codebase.occasions import (
    EVENTS,
    OCCASIONS,
    Occasion,
    conditioned,
    texts,
    triggers,
)
from grader.codebase.plain_yaml import Node, Scalar
from grader.codebase.reading import Reading
from grader.codebase.scripts import Shell
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_FOLDER = ".github/workflows/"
_MAX_FILES = 60
_MAX_STEPS = 500
_DEPTH = 5


@dataclass(frozen=True)
class Step:
    """One step: the shell it runs or the action it uses, and on which occasions.

    `mayfail` says that its failure is passed over, by `continue-on-error`.
    """

    path: str
    line: int
    run: str | None = None
    run_line: int = 0
    uses: str | None = None
    options: dict[str, Value] | None = None
    environment: dict[str, Value] | None = None
    folder: str = ""
    shell: Shell = Shell()
    occasions: frozenset[Occasion] = OCCASIONS
    condition: str = ""
    may_fail: bool = False
    never: str = ""

    @property
    def action(self) -> str:
        """The action's name in lower case, without its version."""
        return (self.uses or "").partition("@")[0].lower()

    def option(self, name: str) -> Value:
        """One of the values under `with:`."""
        return (self.options or {}).get(name)


@dataclass(frozen=True)
class Job:
    """One job with all its steps, those of what it calls included.

    `occasions` are those on which it runs; `never` says why there are none.
    """

    path: str
    name: str
    line: int
    steps: tuple[Step, ...]
    occasions: frozenset[Occasion]
    needs: tuple[str, ...] = ()
    condition: str = ""
    may_fail: bool = False
    never: str = ""
    matrix: Value = None
    permissions: Value = None
    states_permissions: bool = False
    environment: dict[str, Value] | None = None
    value: Value = None

    @property
    def sight(self) -> Sight:
        """Where it stands."""
        return Sight(path=self.path, line=self.line, what=f"job {self.name}")


@dataclass(frozen=True)
class Workflow:
    """One file: its title, its occasions with their lines, its jobs, or what is wrong."""

    path: str
    title: str = ""
    occasions: frozenset[Occasion] = frozenset()
    lines: dict[Occasion, int] | None = None
    notes: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    environment: dict[str, Value] | None = None
    problem: str = ""
    problem_line: int | None = None

    def line(self, occasion: Occasion) -> int | None:
        """The line that names an occasion."""
        return (self.lines or {}).get(occasion)


def _workflows(snapshot: Snapshot) -> tuple[Workflow, ...]:
    documents = documents_of(snapshot)
    paths = [
        path
        for path in snapshot.files
        if path.startswith(_FOLDER)
        and "/" not in path[len(_FOLDER) :]
        and path.endswith((".yml", ".yaml"))
    ]
    return tuple(_workflow(documents, path) for path in paths[:_MAX_FILES])


def _workflow(documents: Documents, path: str) -> Workflow:
    document = documents.get(path)
    if problem := _problem(document):
        return Workflow(path, problem=problem, problem_line=document.line)
    reader = _Reader(documents, document)
    title = document.at("name")
    occasions, notes, after = triggers(document)
    lines = {one: _line_of_event(document, one) for one in occasions}
    return Workflow(
        path,
        title=str(title) if title else path,
        occasions=occasions,
        lines=lines,
        notes=notes,
        after=after,
        jobs=tuple(reader.jobs(occasions)),
        environment=_mapping(document.at("env")),
    )


def _problem(document: Document) -> str:
    """Why GitHub would not run a workflow; `""` for one that it would."""
    if document.problem is not None:
        return f"it is no YAML that can be read: {document.problem}"
    if not document.mapping:
        return "it is empty"
    if "on" not in document.mapping:
        return "it has no `on`"
    jobs = document.at("jobs")
    if not isinstance(jobs, dict) or not jobs:
        return "it has no jobs"
    for name, job in jobs.items():
        if not isinstance(job, dict):
            return f"the job {name} is no mapping"
        if "uses" in job:
            continue
        if "runs-on" not in job:
            return f"the job {name} does not say what it runs on"
        steps = job.get("steps")
        if not isinstance(steps, list) or not steps:
            return f"the job {name} has no steps"
        for at, step in enumerate(steps, start=1):
            if not isinstance(step, dict) or not ("run" in step) ^ ("uses" in step):
                return f"step {at} of the job {name} has neither run nor uses, or both"
    return ""


class _Reader:
    """Reads the jobs of one workflow, and of those that it calls."""

    def __init__(self, documents: Documents, document: Document) -> None:
        self._documents = documents
        self._document = document
        self._left = _MAX_STEPS

    def jobs(self, occasions: frozenset[Occasion]) -> Iterator[Job]:
        """The jobs with the occasions that they run on, what they need taken in."""
        read = {job.name: job for job in self._all(self._document, occasions, "", 0)}
        for job in read.values():
            waits = "always()" in job.condition or "!cancelled()" in job.condition
            never, left = job.never, job.occasions
            for needed in job.needs if not waits else ():
                if needed.startswith(f"{job.name}/"):
                    continue  # A job of the workflow that it calls.
                other = read.get(needed)
                if other is not None and not never:
                    left &= other.occasions
                    never = f"it needs the job {needed}: {other.never}" * bool(
                        other.never
                    )
            yield replace(job, never=never, occasions=frozenset() if never else left)

    def _all(
        self,
        document: Document,
        occasions: frozenset[Occasion],
        prefix: str,
        depth: int,
        caller: Job | None = None,
    ) -> Iterator[Job]:
        jobs = document.at("jobs")
        for name, value in (jobs if isinstance(jobs, dict) else {}).items():
            if not isinstance(value, dict):
                continue
            left, never = conditioned(value.get("if"), occasions)
            if caller is not None and caller.never:
                left, never = frozenset(), caller.never
            strategy = value.get("strategy")
            matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
            own = "permissions" in value
            job = Job(
                document.path,
                f"{prefix}{name}",
                _line(document, "jobs", name) or 1,
                (),
                left,
                needs=tuple(f"{prefix}{one}" for one in texts(value.get("needs")))
                + (caller.needs if caller else ()),
                condition=str(value.get("if") or ""),
                may_fail=_is_true(value.get("continue-on-error"))
                or bool(caller and caller.may_fail),
                never=never,
                matrix=matrix or (caller.matrix if caller else None),
                permissions=(
                    value.get("permissions") if own else document.at("permissions")
                ),
                states_permissions=own
                or "permissions" in document.mapping
                or bool(caller and caller.states_permissions),
                environment=_mapping(value.get("env")),
                value=value,
            )
            called = value.get("uses")
            if isinstance(called, str):
                yield from self._called(job, called, depth)
            else:
                steps = tuple(self._steps(document, ("jobs", name), value, job))
                yield replace(job, steps=steps)

    def _called(self, job: Job, called: str, depth: int) -> Iterator[Job]:
        """A job that calls a workflow: itself as using it, and the jobs of that one."""
        step = Step(job.path, job.line, uses=called, occasions=job.occasions)
        local = called.startswith("./") and depth < _DEPTH
        path = posixpath.normpath(called) if local else ""
        document = self._documents.find(path) if local else None
        if document is None:
            yield replace(job, steps=() if local else (step,))
            return
        inner = list(self._all(document, job.occasions, f"{job.name}/", depth + 1, job))
        yield replace(job, steps=(), needs=(*job.needs, *(one.name for one in inner)))
        yield from inner

    def _steps(
        self,
        document: Document,
        keys: tuple[str, ...],
        holder: dict[str, Value],
        job: Job,
    ) -> Iterator[Step]:
        defaults = [
            _run_defaults(holder.get("defaults")),
            _run_defaults(document.at("defaults")),
        ]
        outer = Step(job.path, job.line, occasions=job.occasions, never=job.never)
        yield from self._listed(document, (*keys, "steps"), defaults, outer, 0)

    def _listed(
        self,
        document: Document,
        keys: tuple[str, ...],
        defaults: Sequence[dict[str, Value]],
        outer: Step,
        depth: int,
    ) -> Iterator[Step]:
        steps = document.at(*keys)
        for at, value in enumerate(steps if isinstance(steps, list) else ()):
            if not isinstance(value, dict) or self._left <= 0:
                continue
            self._left -= 1
            occasions, never = conditioned(value.get("if"), outer.occasions)
            line = (
                _line(document, *keys, at, "uses")
                or _line(document, *keys, at)
                or outer.line
            )
            run = value.get("run")
            said = [value, *defaults]
            shell = next((one["shell"] for one in said if one.get("shell")), None)
            folder = next(
                (
                    one["working-directory"]
                    for one in said
                    if one.get("working-directory")
                ),
                "",
            )
            uses = value.get("uses")
            step = Step(
                document.path,
                line,
                run=str(run) if run is not None and _is_shell(shell) else None,
                run_line=_run_line(document, (*keys, at, "run")) or line,
                uses=str(uses) if uses is not None else None,
                options=_mapping(value.get("with")),
                environment=_mapping(value.get("env")),
                folder=posixpath.normpath(str(folder)) if folder else "",
                shell=_shell(shell),
                occasions=occasions,
                condition=str(value.get("if") or ""),
                may_fail=outer.may_fail or _is_true(value.get("continue-on-error")),
                never=outer.never or never,
            )
            yield step
            if step.uses and step.uses.startswith("./") and depth < _DEPTH:
                yield from self._composite(step, depth)

    def _composite(self, step: Step, depth: int) -> Iterator[Step]:
        folder = posixpath.normpath(step.uses or "")
        for name in ("action.yml", "action.yaml"):
            path = name if folder == "." else f"{folder}/{name}"
            document = self._documents.find(path)
            if document is not None and document.at("runs", "using") == "composite":
                yield from self._listed(
                    document, ("runs", "steps"), (), step, depth + 1
                )
                return


def _run_defaults(value: Value) -> dict[str, Value]:
    run = value.get("run") if isinstance(value, dict) else None
    return run if isinstance(run, dict) else {}


def _is_shell(shell: Value) -> bool:
    return not str(shell or "bash").startswith(("python", "node", "perl"))


def _shell(shell: Value) -> Shell:
    """How the runner calls the shell: `bash -e` unless told, with pipefail for `bash`."""
    text = str(shell or "")
    if not text:
        return Shell(ends=True, pipefail=False)
    if text in ("bash", "sh"):
        return Shell(ends=True, pipefail=text == "bash")
    options = [word for word in text.split()[1:] if word.startswith("-")]
    ends = any("e" in word and not word.startswith("--") for word in options)
    is_other = text.startswith(("pwsh", "powershell", "cmd"))
    return Shell(ends=ends or is_other, pipefail="pipefail" in text or is_other)


def _line_of_event(document: Document, occasion: Occasion) -> int:
    names = [name for name, one in EVENTS.items() if one == occasion]
    for name in names if occasion != "tag" else ["push"]:
        if (line := _line(document, "on", name)) is not None:
            return line
    return _line(document, "on") or 1


def _line(document: Document, *keys: str | int) -> int | None:
    """The line of a value; of a mapping or list that of its first scalar."""
    return document.line_of(*keys)


def _run_line(document: Document, keys: tuple[str | int, ...]) -> int | None:
    """The line on which the text of `run:` begins: below a `|`, else beside it."""
    node: Node | None = document.node
    for key in keys:
        if isinstance(node, dict) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            return None
    if not isinstance(node, Scalar):
        return None
    return node.line if node.is_plain or "\n" not in node.text else node.line + 1


def _mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _is_true(value: Value) -> bool:
    return value is True or bool(
        re.fullmatch(r"\$\{\{\s*true\s*\}\}", str(value or ""))
    )


workflows_of: Reading[tuple[Workflow, ...]] = Reading(_workflows)
