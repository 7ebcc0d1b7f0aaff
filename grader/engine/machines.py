"""Where the groups of a class are measured, and what comes back of each.

Loaded when there is a group to be measured.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from grader.cache.states import below
from grader.checkers._registry import installed
from grader.engine.batch import GROUP_BYTES, ClassRequest, ClassWatch
from grader.engine.cluster import ATTEMPTS, WorkerLost, cluster_at
from grader.engine.cores import at_once
from grader.engine.task import Task, measure_group
from grader.errors import GradeError
from grader.model.classroom import Group
from grader.model.evidence import Evidence, Trouble
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes
from grader.sandbox.warm import stove
from grader.sandbox.workers import WorkerDied, WorkerPool
from grader.submissions.address import looks_like_url

# As many files and folders of a repository as its size is told by.
_LOOKED_AT = 5_000


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


def largest_first(groups: Sequence[Group]) -> list[Group]:
    """In the order to measure them: who begins last with the most is waited for by all.

    What lies elsewhere isn't known, and stays in order behind what lies here.
    """
    return sorted(groups, key=lambda group: -_python_bytes(group.source))


def _python_bytes(source: str) -> int:
    """About how much Python there is to measure; 0 where that can't be told."""
    if looks_like_url(source):
        return 0
    found = below(os.path.expanduser(source), is_hidden_too=False)
    try:
        return sum(
            status.st_size
            for path, status in islice(found, _LOOKED_AT)
            if path.endswith(".py")
        )
    except (OSError, ValueError):
        return 0


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


def machines_for(
    request: ClassRequest, boxes: Boxes
) -> AbstractContextManager[Machines]:
    """The workers of the cluster that is asked for, or the processes of this machine."""
    if request.cluster is not None:
        return cluster_at(request.cluster, request.isolation)
    return _this_machine(request, boxes)


# What is imported late, and every group needs all the same: to be measured, and at the end.
_LATER = (
    "grader.checkers._coverage_work",
    "grader.engine.pages",
    "grader.engine.task",
    "grader.environment.identity",
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
    count = request.workers or at_once(GROUP_BYTES)
    pool = WorkerPool(count, preloaded())
    try:
        yield _ThisMachine(pool, count, boxes.description())
    finally:
        pool.stop()


def warm_for(
    request: ClassRequest, items: Sequence[Item], work: Path, boxes: Boxes
) -> AbstractContextManager[Path | None]:
    """The parent that the tools of these items are forked from, where there is to be one."""
    # The workers of a cluster may be on other machines.
    if not request.warm or request.cluster is not None:
        return nullcontext()
    # Found once, and not by each worker for itself.
    boxes.for_forks()
    checkers = installed().checkers
    chosen = (checkers[item.checker] for item in items)
    longest = sorted(chosen, key=lambda one: -one.typical_s)
    tools = dict.fromkeys(tool for one in longest for tool in one.tools)
    return stove(tuple(tools), for_several=True, within=work)
