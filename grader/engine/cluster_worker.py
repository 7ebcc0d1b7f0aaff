"""What a worker of a Dask cluster does: it measures one group, with what is installed there.

Each group is measured in a process of its own. A worker uses its own tokens, caches and
temporary files, and measures nothing unless its program, tools and isolation are those that
every other one has.
"""

import pickle
import platform
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from grader.checkers._registry import installed
from grader.engine.conditions import Earlier, Surroundings, Which
from grader.engine.cores import cores
from grader.engine.task import Task, measure_group
from grader.errors import CannotMeasure
from grader.model.classroom import Group
from grader.model.evidence import Trouble
from grader.rubric.schema import Item
from grader.sandbox.apart import run_apart
from grader.sandbox.choose import Boxes, Isolation
from grader.sandbox.remove import private_folder
from grader.sandbox.workers import WorkerDied

if TYPE_CHECKING:
    from distributed import Worker


@dataclass(frozen=True)
class Machine:
    """What a mark depends on beside the repository and the rubric, as one worker has it."""

    node: str
    cores: int
    versions: Mapping[str, str]
    isolation: str

    def differences(self, other: "Machine") -> list[str]:
        """What it has otherwise than another one."""
        names = [n for n in other.versions if n in self.versions]
        names += [n for n in (*other.versions, *self.versions) if n not in names]
        found = [
            f"{name} {self.versions.get(name, 'missing')}, "
            f"not {other.versions.get(name, 'missing')}"
            for name in dict.fromkeys(names)
            if self.versions.get(name) != other.versions.get(name)
        ]
        if self.isolation != other.isolation:
            found.append(f'isolation "{self.isolation}", not "{other.isolation}"')
        return found


@cache
def this_machine(isolation: Isolation) -> Machine:
    """What this process would measure with. The tiers of isolation are tried."""
    return Machine(
        node=platform.node(),
        cores=cores(),
        versions=_versions(),
        isolation=_boxes(isolation).description(),
    )


def _versions() -> dict[str, str]:
    registry = installed()
    found = program()
    for name, checker in registry.checkers.items():
        package = registry.distributions[name]
        found[package] = metadata.version(package)
        try:
            for tool in checker.tool_versions():
                found[tool.name] = tool.version
        except CannotMeasure as error:
            found[f"checker {name}"] = error.reason
    return found


def program() -> dict[str, str]:
    """What must be the same on the scheduler too, which reads the names of what is sent."""
    return {
        "mlops-grade": metadata.version("mlops-grade"),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "distributed": metadata.version("distributed"),
    }


async def describe(isolation: Isolation) -> Machine:
    """What a worker of the cluster would measure with."""
    import asyncio

    # Not in the worker's own thread: it would not answer its scheduler meanwhile.
    return await asyncio.to_thread(this_machine, isolation)


@dataclass(frozen=True)
class Errand:
    """A task as it is sent: without boxes and folders, which each machine has of its own.

    `is_here` is whether the group is a folder of the machine that sends it, `mates` how many
    groups are measured at once on each node, `topic` under which progress is told.
    """

    name: str
    group: Group
    which: Which
    items: tuple[Item, ...]
    surroundings: Surroundings
    run: str
    earlier: Earlier | None
    isolation: Isolation
    expected: Machine
    is_here: bool
    mates: Mapping[str, int]
    topic: str


@dataclass(frozen=True)
class Unlike:
    """A worker that came later measures with something else; nothing was measured."""

    words: str


@dataclass(frozen=True)
class Died:
    """The process that measured the group ended without a result."""

    status: int | None


def measure_on_worker(raw: bytes) -> str | Unlike | Died:
    """What a worker of the cluster does: `measure_group`, in a process of its own."""
    from distributed import get_worker

    errand: Errand = pickle.loads(raw)
    worker = get_worker()
    worker.log_event(errand.topic, ["begun", errand.name])
    try:
        return _measured(errand, worker)
    finally:
        worker.log_event(errand.topic, ["ended", errand.name])


def _measured(errand: Errand, worker: "Worker") -> str | Unlike | Died:
    key = worker.get_current_task()
    machine = this_machine(errand.isolation)
    if differences := machine.differences(errand.expected):
        words = f"{worker.address} on {machine.node}: {'; '.join(differences)}"
        return Unlike(words)
    source = errand.group.source
    if errand.is_here and not Path(source).exists():
        return _unreachable(errand, machine).model_dump_json()
    jobs = max(
        1, machine.cores // errand.mates.get(machine.node, worker.state.nthreads)
    )
    place = Path(worker.local_directory)
    with suppress(OSError):
        # As root what runs in a box is another user, who must pass through.
        place.chmod(0o711)
    with private_folder(within=place) as work:
        ticks = work / "ticks.jsonl"
        ticks.touch(mode=0o600)
        task = Task(
            group=errand.group,
            which=errand.which,
            items=errand.items,
            surroundings=replace(errand.surroundings, work=work, jobs=jobs),
            boxes=_boxes(errand.isolation),
            run=errand.run,
            earlier=errand.earlier,
            ticker=ticks,
        )
        with ticks.open("rb") as stream:

            def tell() -> None:
                if told := stream.read():
                    text = told.decode("utf-8", "replace")
                    worker.log_event(errand.topic, ["told", text])

            def is_wanted() -> bool:
                tell()
                return _is_wanted(worker, str(key))

            try:
                return run_apart(is_wanted, measure_group, task)
            except WorkerDied as error:
                return Died(error.status)
            finally:
                tell()


def dask_setup(worker: "Worker") -> None:
    """A worker that we start ourselves: a key that is pressed is for us, not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_wanted(worker: "Worker", key: str) -> bool:
    """Whether somebody still waits: who is stopped or killed waits for nothing any more."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state not in ("cancelled", "released", "forgotten")


@cache
def _boxes(isolation: Isolation) -> Boxes:
    return Boxes(isolation)


def _unreachable(errand: Errand, machine: Machine) -> Trouble:
    return Trouble(
        group=errand.group.name,
        run=errand.run,
        cause="not-on-worker",
        reason=f'"{errand.group.source}" is not there on the worker {machine.node}.',
        hint="Put the folders where every worker sees them under the same path, or list "
        "the repositories' addresses.",
    )
