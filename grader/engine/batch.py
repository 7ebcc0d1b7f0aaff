"""Grades a class: every group in a process of its own, each result written as it ends.

What is written is evidence; marks are made from it afterwards (`grader.engine.marking`). A
run that was stopped, however that was, goes on where it stopped; a run that had ended looks
at every group again and measures what changed.
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from grader.checkers._registry import installed
from grader.engine.basis import Seen
from grader.engine.conditions import (
    Earlier,
    Surroundings,
    Which,
    generator,
    rubric_facts,
)
from grader.engine.cores import at_once, cores
from grader.engine.items import choose
from grader.engine.request import AUTO, Caching
from grader.engine.store import ClassFolder
from grader.engine.ticker import Listener, follow
from grader.engine.unchanged import Unchanged, unchanged_in
from grader.errors import GradeError, did_you_mean
from grader.model.classroom import ClassRecord, Group, Refused, Shard
from grader.model.evidence import Evidence, Trouble
from grader.rubric.load import LoadedRubric
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes, Isolation
from grader.sandbox.limits import GIBIBYTE
from grader.sandbox.remove import private_folder

# What one group's tools and tests use together most of the time.
GROUP_BYTES = 2 * GIBIBYTE


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


class Unwatched:
    """A `ClassWatch` that nobody looks at."""

    def began(self, groups: Sequence[Group], done: int, workers: int) -> None:
        """Nothing."""

    def group_started(self, group: Group) -> None:
        """Nothing."""

    def group_graded(self, group: Group, evidence: Evidence) -> None:
        """Nothing."""

    def group_failed(self, group: Group, trouble: Trouble) -> None:
        """Nothing."""

    def check_started(self, group: str, item: str) -> None:
        """Nothing."""

    def check_finished(self, group: str, item: str, outcome: str) -> None:
        """Nothing."""

    def told(self, group: str, words: str) -> None:
        """Nothing."""

    def waited(self) -> None:
        """Nothing."""


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
    run = _Run(request, folder, watch, items, boxes, before)
    unchanged = run.unchanged()
    found = {
        group.folder: evidence
        for group in wanted
        if unchanged and (evidence := unchanged.holding(group, _which(request, group)))
    }
    if len(found) == len(wanted):
        record = _record(request, before, boxes.description())
        folder.save_record(record)
        watch.began(wanted, 0, request.workers or at_once(GROUP_BYTES))
        run.take_over(wanted, found)
    else:
        record = run.measure(wanted, found, unchanged)
    return record.model_copy(
        update={
            "finished_at": _now(),
            "duration_s": round(time.monotonic() - started, 1),
        }
    )


@dataclass(frozen=True)
class _Run:
    """A class's run under way: what was asked, and what the run before it said of itself."""

    request: ClassRequest
    folder: ClassFolder
    watch: ClassWatch
    items: tuple[Item, ...]
    boxes: Boxes
    before: ClassRecord | None

    @property
    def surroundings(self) -> Surroundings:
        """The conditions as they were asked for; without the starter."""
        request = self.request
        return Surroundings(
            limits=request.loaded.rubric.limits,
            environment=request.environment,
            is_offline=request.is_offline,
            from_source=request.from_source,
            signals=request.signals,
            caching=caching_of(request),
        )

    def unchanged(self) -> Unchanged | None:
        """What need not be looked into; None where everything is.

        A part says of each group which run looked at it; a starter may have changed; a
        cluster's repositories are on other machines.
        """
        request = self.request
        has_starter = request.loaded.rubric.template is not None
        if request.shard or has_starter or request.cluster is not None:
            return None
        return unchanged_in(
            self.folder,
            self.items,
            self.surroundings,
            installed(),
            self.boxes.description(),
        )

    def take_over(self, groups: Sequence[Group], found: Mapping[str, Evidence]) -> None:
        """Tell of the groups whose results stay as they are."""
        for group in groups:
            if group.folder in found:
                self.watch.group_started(group)
                self.watch.group_graded(group, found[group.folder])

    def measure(
        self,
        wanted: Sequence[Group],
        found: Mapping[str, Evidence],
        unchanged: Unchanged | None,
    ) -> ClassRecord:
        """Look into every group that was not found to be unchanged."""
        # What measures takes long to load.
        from grader.engine.machines import (
            largest_first,
            machines_for,
            results,
            warm_for,
        )
        from grader.engine.pages import load_meanwhile
        from grader.engine.starting import starter_of
        from grader.engine.task import Task

        request, folder, watch = self.request, self.folder, self.watch
        # The folder goes last: nobody may be at work in it any more.
        with (
            _workplace(folder) as work,
            machines_for(request, self.boxes) as machines,
            warm_for(request, self.items, work, self.boxes) as warm,
        ):
            record = _record(request, self.before, machines.isolation)
            folder.save_record(record)
            is_resumed = self.before is not None and self.before.run == record.run
            count = min(request.workers or machines.count, machines.count)
            left = [group for group in wanted if group.folder not in found]
            done = [g for g in left if is_resumed and _is_done(folder, g, record.run)]
            left = largest_first([group for group in left if group not in done])
            side_by_side = max(1, min(count, len(left)))
            surroundings = replace(
                self.surroundings,
                jobs=max(1, cores() // side_by_side),
                work=work,
                warm=warm,
            )
            surroundings = starter_of(
                request.loaded.rubric,
                self.items,
                installed(),
                surroundings,
                self.boxes,
            )
            watch.began(wanted, len(done), count)
            self.take_over(wanted, found)
            load_meanwhile()
            ticks = work / "ticks.jsonl"
            seen: dict[str, Seen | None] = {}

            def task(group: Group) -> Task:
                seen[group.folder] = unchanged.seen(group) if unchanged else None
                return Task(
                    group=group,
                    which=_which(request, group),
                    items=self.items,
                    surroundings=surroundings,
                    boxes=self.boxes,
                    run=record.run,
                    earlier=_earlier(request, folder, group, is_resumed),
                    ticker=ticks,
                )

            with follow(ticks, watch) as tick:

                def look() -> None:
                    tick()
                    machines.look()

                pool = machines.open(ticks)
                tasks = (task(group) for group in left)
                for group, came in results(pool, tasks, count, watch, look):
                    if isinstance(came, Evidence):
                        folder.save(group.folder, came)
                        before = seen.pop(group.folder)
                        if unchanged and before:
                            unchanged.keep(group, before, _which(request, group), came)
                        watch.group_graded(group, came)
                    else:
                        folder.save_trouble(group.folder, came)
                        watch.group_failed(group, came)
        return record


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


def caching_of(request: ClassRequest) -> Caching:
    """What of the user's cache a class's run uses."""
    # What is to be measured again is taken from nowhere.
    return (
        replace(request.caching, is_read=False) if request.refresh else request.caching
    )


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
