"""Grades a class: every group in a process of its own, each result written as it ends.

What is written is evidence; marks are made from it afterwards (`grader.engine.marking`). A
run that was stopped, however that was, goes on where it stopped; a run that had ended looks
at every group again and measures what changed.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from grader.checkers._registry import installed
from grader.engine.assemble import rubric_facts
from grader.engine.cluster import ATTEMPTS, WorkerLost, cluster_at
from grader.engine.cores import at_once, cores
from grader.engine.environment import AUTO
from grader.engine.gather import Earlier, Surroundings, Which, generator
from grader.engine.grade import choose
from grader.engine.reuse import Caching
from grader.engine.starting import starter_of
from grader.engine.store import ClassFolder
from grader.engine.task import Task, measure_group
from grader.engine.ticker import Listener, follow
from grader.errors import GradeError, did_you_mean
from grader.model.classroom import ClassRecord, Group, Refused, Shard
from grader.model.evidence import Evidence, Trouble
from grader.rubric.load import LoadedRubric
from grader.sandbox.choose import Boxes, Isolation
from grader.sandbox.limits import GIBIBYTE
from grader.sandbox.remove import private_folder
from grader.sandbox.warm import stove
from grader.sandbox.workers import WorkerDied, WorkerPool

# What one group's tools and tests use together most of the time.
_GROUP_BYTES = 2 * GIBIBYTE


class ClassWatch(Listener, Protocol):
    """Is told how a class's run goes."""

    def began(self, groups: Sequence[Group], done: int, workers: int) -> None:
        """So many groups are going to be looked at; `done` an earlier run has finished."""

    def group_started(self, group: Group) -> None:
        """A group's repository is fetched and measured from here on."""

    def group_graded(self, group: Group, evidence: Evidence) -> None:
        """A group's result is written."""

    def group_failed(self, group: Group, trouble: Trouble) -> None:
        """Nothing of a group could be measured."""


class Machines(Protocol):
    """Where the groups of a class are measured."""

    @property
    def count(self) -> int:
        """How many groups at once."""

    @property
    def isolation(self) -> str:
        """What confines the projects' tests there."""

    def open(self, ticks: Path) -> Executor:
        """What measures them. What it is at is written to `ticks`."""

    def look(self) -> None:
        """Called several times a second. Raises `GradeError` when it can't go on there."""


@dataclass(frozen=True)
class ClassRequest:
    """A class and how to grade it.

    `deadlines` are by group name, for those with another than the class's, each with the
    reason. `only_groups` and `limit` leave the others as they are. With `refresh` everything
    is measured again. `workers` is how many groups at once, None for what suits the machine.
    `shard` is the part of the class to measure, None for the whole; `cluster` where to
    measure it (`grader.engine.cluster`), None for this machine. Without `warm` each tool is
    started as a program of its own.
    """

    groups: Sequence[Group]
    loaded: LoadedRubric
    refused: Sequence[Refused] = ()
    notes: Sequence[str] = ()
    deadline: datetime | None = None
    timezone: str = "UTC"
    deadlines: dict[str, tuple[datetime, str]] | None = None
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    environment: str = AUTO
    is_offline: bool = False
    from_source: bool = False
    isolation: Isolation = "auto"
    signals: bool = True
    refresh: bool = False
    only_groups: Sequence[str] = ()
    limit: int | None = None
    workers: int | None = None
    shard: Shard | None = None
    cluster: str | None = None
    warm: bool = True
    caching: Caching = Caching()


def run_class(
    request: ClassRequest, folder: ClassFolder, watch: ClassWatch
) -> ClassRecord:
    """Measure every group of a class into its folder, whose lock is held.

    The record that says so is returned and not kept: the run has ended when everything that
    is made from its results is written too. Until then the same command goes on with it.

    Raises `GradeError` for what stops the whole run; one group's trouble is its own, written
    beside the others' results.
    """
    started = time.monotonic()
    items = choose(request.loaded.rubric.items, request.only, request.skip)
    wanted = _wanted(request)
    boxes = Boxes(request.isolation)
    before = folder.record()
    _refuse_other_part(request, before, folder)
    # The folder goes last: nobody may be at work in it any more.
    with (
        _workplace(folder) as work,
        _machines(request, boxes) as machines,
        _warm(request, work, boxes) as warm,
    ):
        record = _record(request, before, machines.isolation)
        folder.save_record(record)
        is_resumed = before is not None and before.run == record.run
        count = min(request.workers or machines.count, machines.count)
        surroundings = Surroundings(
            limits=request.loaded.rubric.limits,
            environment=request.environment,
            is_offline=request.is_offline,
            from_source=request.from_source,
            signals=request.signals,
            caching=_caching(request),
            jobs=max(1, cores() // count),
            work=work,
            warm=warm,
        )
        registry = installed()
        surroundings = starter_of(
            request.loaded.rubric, items, registry, surroundings, boxes
        )
        done = [g for g in wanted if is_resumed and _is_done(folder, g, record.run)]
        watch.began(wanted, len(done), count)
        ticks = work / "ticks.jsonl"
        tasks = (
            Task(
                group=group,
                which=_which(request, group),
                items=items,
                surroundings=surroundings,
                boxes=boxes,
                run=record.run,
                earlier=_earlier(request, folder, group, is_resumed),
                ticker=ticks,
            )
            for group in wanted
            if group not in done
        )
        with follow(ticks, watch) as tick:

            def look() -> None:
                tick()
                machines.look()

            pool = machines.open(ticks)
            for group, found in results(pool, tasks, count, watch, look):
                if isinstance(found, Evidence):
                    folder.save(group.folder, found)
                    watch.group_graded(group, found)
                else:
                    folder.save_trouble(group.folder, found)
                    watch.group_failed(group, found)
    return record.model_copy(
        update={
            "finished_at": _now(),
            "duration_s": round(time.monotonic() - started, 1),
        }
    )


def results(
    pool: Executor,
    tasks: Iterator[Task],
    count: int,
    watch: ClassWatch,
    tick: Callable[[], None],
) -> Iterator[tuple[Group, Evidence | Trouble]]:
    """What each task came to, as they end, `count` under way at a time.

    A task is made when its turn comes, so that a class of any size needs no more memory.
    """
    running: dict[Future[str], tuple[Task, int]] = {}
    while True:
        while len(running) < count and (task := next(tasks, None)) is not None:
            watch.group_started(task.group)
            running[pool.submit(measure_group, task)] = (task, 1)
        if not running:
            return
        ended, _ = wait(running, timeout=0.25, return_when=FIRST_COMPLETED)
        tick()
        for future in ended:
            task, attempt = running.pop(future)
            try:
                yield task.group, _parsed(future.result())
            except WorkerDied as error:
                if attempt < ATTEMPTS:
                    running[pool.submit(measure_group, task)] = (task, attempt + 1)
                else:
                    yield task.group, _lost(task, error)
            except WorkerLost:
                yield task.group, _killer(task)
            except GradeError:  # what a group's own trouble is not: the run can't go on
                raise
            except Exception as error:  # our bug, in one group: the others go on
                yield task.group, _broken(task, error)


def _parsed(text: str) -> Evidence | Trouble:
    if text.startswith('{"schema_version"'):
        return Evidence.model_validate_json(text)
    return Trouble.model_validate_json(text)


def _lost(task: Task, error: WorkerDied) -> Trouble:
    return task.trouble(
        "worker",
        f"{error}, {ATTEMPTS} times.",
        "If memory ran out, grade fewer groups at once: --workers 1.",
    )


def _killer(task: Task) -> Trouble:
    return task.trouble(
        "worker",
        f"the cluster's worker ended while it measured this group, {ATTEMPTS} times.",
        "The worker's own log may say why. If memory ran out, let it measure fewer "
        "groups at once: --nworkers 1 --nthreads 1.",
    )


def _broken(task: Task, error: Exception) -> Trouble:
    return task.trouble(
        "bug",
        f"a bug in mlops-grade: {type(error).__name__}: {error}",
        "Grade this group by itself for a log to report.",
    )


def _wanted(request: ClassRequest) -> list[Group]:
    known = {group.name for group in request.groups}
    for name in request.only_groups:
        if name not in known:
            raise GradeError(
                f'--only-group "{name}": the list has no such group.'
                f"{did_you_mean(name, sorted(known))}"
            )
    groups = tuple(request.groups)
    if request.shard is not None:
        if request.only_groups or request.limit is not None:
            raise GradeError(
                "--shard goes with neither --only-group nor --limit: a part that lacks "
                "groups makes no class.",
            )
        groups = request.shard.its(groups)
    wanted = [
        group
        for group in groups
        if not request.only_groups or group.name in request.only_groups
    ]
    return wanted if request.limit is None else wanted[: request.limit]


def _refuse_other_part(
    request: ClassRequest, before: ClassRecord | None, folder: ClassFolder
) -> None:
    """A folder holds one part or a whole class: a part would take the other's place."""
    if request.shard is None or before is None or before.shard == request.shard:
        return
    held = f"part {before.shard}" if before.shard else "a whole class"
    raise GradeError(
        f'"{folder.root}" holds {held}, not part {request.shard}.',
        hint="Give each part a folder of its own with --output.",
    )


@dataclass(frozen=True)
class _ThisMachine:
    """The processes of this machine."""

    pool: WorkerPool
    count: int
    isolation: str

    def open(self, ticks: Path) -> Executor:
        """The workers write to the file themselves."""
        return self.pool

    def look(self) -> None:
        """Nothing: it is here as long as we are."""


def _caching(request: ClassRequest) -> Caching:
    # What is to be measured again is taken from nowhere.
    return (
        replace(request.caching, is_read=False) if request.refresh else request.caching
    )


def _machines(request: ClassRequest, boxes: Boxes) -> AbstractContextManager[Machines]:
    if request.cluster is not None:
        return cluster_at(request.cluster, request.isolation)
    return _this_machine(request, boxes)


# What is imported late, and every group needs all the same.
_LATER = (
    "grader.checkers._coverage_work",
    "grader.engine.task",
    "grader.environment.provision",
    "grader.submissions.history",
)


def preloaded() -> tuple[str, ...]:
    """The modules that every group needs, loaded once for all their processes.

    What others bring is loaded in each process: it may not bear to be forked.
    """
    ours = (name for name in installed().modules if name.startswith("grader."))
    return (*_LATER, *sorted(ours))


@contextmanager
def _this_machine(request: ClassRequest, boxes: Boxes) -> Iterator[Machines]:
    count = request.workers or at_once(_GROUP_BYTES)
    pool = WorkerPool(count, preloaded())
    try:
        yield _ThisMachine(pool, count, boxes.description())
    finally:
        pool.stop()


def _warm(
    request: ClassRequest, work: Path, boxes: Boxes
) -> AbstractContextManager[Path | None]:
    # The workers of a cluster may be on other machines.
    if not request.warm or request.cluster is not None:
        return nullcontext()
    # Found once, and not by each worker for itself.
    boxes.for_forks()
    return stove(prepares=True, within=work)


def _record(
    request: ClassRequest, before: ClassRecord | None, isolation: str
) -> ClassRecord:
    """What this run says of itself; it is the unfinished run before it where that is the same."""
    deadline = (
        request.deadline.isoformat(timespec="seconds") if request.deadline else None
    )
    record = ClassRecord(
        run=uuid.uuid4().hex,
        generator=generator(),
        started_at=_now(),
        rubric=rubric_facts(request.loaded),
        rubric_folder=str(request.loaded.folder),
        deadline=deadline,
        timezone=request.timezone,
        isolation=isolation,
        groups=tuple(request.groups),
        shard=request.shard,
        refused=tuple(request.refused),
        notes=tuple(request.notes),
    )
    if before is None or before.finished_at is not None or request.refresh:
        return record
    same = record.model_copy(
        update={"run": before.run, "started_at": before.started_at}
    )
    # Another list, deadline, rubric or version: what was measured is looked at again.
    return same if same == before else record


def _is_done(folder: ClassFolder, group: Group, run: str) -> bool:
    evidence = folder.light(group.folder)
    return evidence is not None and evidence.run == run


def _earlier(
    request: ClassRequest, folder: ClassFolder, group: Group, is_resumed: bool
) -> Earlier | None:
    if request.refresh:
        return None
    evidence = folder.load(group.folder)
    return None if evidence is None else Earlier(evidence, retries=not is_resumed)


def _which(request: ClassRequest, group: Group) -> Which:
    deadline, extension = request.deadline, ""
    if request.deadlines and group.name in request.deadlines:
        deadline, extension = request.deadlines[group.name]
    return Which(
        ref=group.branch,
        commit=group.commit,
        deadline=deadline,
        extension=extension,
        now=datetime.now(UTC),
        is_cached=True,
    )


def _now() -> str:
    # Runs are told apart and put in order by it: several may end within a second.
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _workplace(folder: ClassFolder) -> Iterator[Path]:
    try:
        with private_folder("mlops-grade-class-") as work:
            folder.remember_work(work)
            yield work
    finally:
        folder.forget_work()
