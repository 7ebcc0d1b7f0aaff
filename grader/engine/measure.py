"""Runs checkers side by side on one snapshot and keeps each one's trouble its own."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grader.checkers._base import Bench, BoxSource, Checker, Options, nobody_asked
from grader.engine.cores import at_once
from grader.engine.declared import is_settled, refuse_undeclared
from grader.engine.items import key
from grader.engine.reuse import Reuse
from grader.engine.starter import Starter
from grader.engine.turns import Turns
from grader.environment.given import Blame, Environment
from grader.errors import CannotMeasure
from grader.model.environment import EnvironmentFacts
from grader.model.hosted import Hosted
from grader.model.live import Probe
from grader.model.measurement import (
    Failed,
    Measured,
    Measurement,
    Outcome,
)
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.remove import remove_tree

log = logging.getLogger(__name__)

# What one of our tools takes of memory on a large project.
_CHECK_BYTES = 512 * MEBIBYTE


class Watch(Protocol):
    """Is told how the measuring goes; called from several threads."""

    def planned(self, count: int) -> None:
        """So many checks are going to run."""

    def told(self, words: str) -> None:
        """Something longer has begun: a package index is asked, packages are installed."""

    def started(self, item: str) -> None:
        """A check begins."""

    def finished(self, item: str, outcome: Outcome) -> None:
        """A check has ended, with this outcome."""


class Unwatched:
    """A `Watch` that nobody looks at."""

    def planned(self, count: int) -> None:
        """Nothing."""

    def told(self, words: str) -> None:
        """Nothing."""

    def started(self, item: str) -> None:
        """Nothing."""

    def finished(self, item: str, outcome: Outcome) -> None:
        """Nothing."""


@dataclass(frozen=True)
class _Unhurried:
    """An environment whose packages are fetched in nobody's turn: others work meanwhile."""

    inner: Environment
    turns: Turns

    def python(self) -> str:
        """The interpreter; whoever asks has a turn, and has it again afterwards."""
        self.turns.release()
        try:
            return self.inner.python()
        finally:
            self.turns.acquire()

    def blame(self, name: str) -> Blame:
        """As the environment says."""
        return self.inner.blame(name)

    def has_sources_on_path(self) -> bool:
        """As the environment says."""
        return self.inner.has_sources_on_path()

    def facts(self) -> EnvironmentFacts | None:
        """As the environment says."""
        return self.inner.facts()


@dataclass(frozen=True)
class Workshop:
    """Where and under which limits the checks of one repository work.

    `jobs` is how many of them run at once, None for one on each core. `probe` asks the
    service that the instructor named, None where none was; `hosted` asks the repository's
    host. `warm` is the address of the parent of warm tools. `reuse` has what earlier runs
    measured, None where all is measured anew.
    """

    folder: Path
    limits: LimitsRule
    environment: Environment
    boxes: BoxSource
    extra_runs: bool = True
    jobs: int | None = None
    starter: Starter = field(default_factory=Starter)
    probe: Probe | None = None
    hosted: Callable[[], Hosted] = nobody_asked
    warm: Path | None = None
    reuse: Reuse | None = None

    def bench(self, item: str, turns: Turns | None = None) -> Bench:
        """A private bench for one item; the project's packages are waited for in no turn."""
        scratch = self.folder / "checks" / item
        scratch.mkdir(parents=True)
        rule = self.limits
        tests = Limits(
            seconds=rule.test_seconds,
            output_bytes=rule.output_mebibytes * MEBIBYTE,
            memory_bytes=rule.test_memory_mebibytes * MEBIBYTE,
            processes=rule.processes,
            disk_bytes=rule.disk_mebibytes * MEBIBYTE,
            files=rule.disk_files,
        )
        tools = replace(
            tests,
            seconds=rule.tool_seconds,
            memory_bytes=rule.tool_memory_mebibytes * MEBIBYTE,
        )
        return Bench(
            scratch=scratch,
            tool_limits=tools,
            test_limits=tests,
            boxes=self.boxes,
            environment=(
                _Unhurried(self.environment, turns) if turns else self.environment
            ),
            extra_runs=self.extra_runs,
            probe=self.probe,
            hosted=self.hosted,
            warm=self.warm,
            verdicts=self.reuse.verdicts if self.reuse else None,
        )


def measure(
    snapshot: Snapshot,
    items: Sequence[Item],
    checkers: Mapping[str, Checker[Options]],
    workshop: Workshop,
    watch: Watch,
) -> dict[str, Measurement]:
    """One measurement for each item, by item id; what fails is `Failed`, never an exception.

    Items with the same checker and options share one measurement.
    """

    jobs = workshop.jobs or at_once(_CHECK_BYTES)
    turns = Turns(jobs)

    def work(item: Item) -> Measurement:
        # From its look-up on: who began first would else be overtaken.
        with turns:
            watch.started(item.key)
            bench = workshop.bench(item.key, turns)
            measurement = measure_item(
                snapshot, item, checkers[item.checker], bench, workshop.reuse
            )
            if isinstance(measurement.outcome, Measured):
                outcome = workshop.starter.divided(
                    key(measurement), measurement.outcome, snapshot.root
                )
                measurement = measurement.model_copy(update={"outcome": outcome})
            remove_tree(bench.scratch)
            watch.finished(item.key, measurement.outcome)
            return measurement

    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(key(item), item)
    watch.planned(len(first))
    # The longest first: begun last, it would run alone at the end.
    longest = sorted(first, key=lambda one: -checkers[first[one].checker].typical_s)
    # One more, which waits for the project's packages while the others work.
    with ThreadPoolExecutor(max_workers=jobs + 1) as pool:
        futures = {same: pool.submit(work, first[same]) for same in longest}
        return {item.key: futures[key(item)].result() for item in items}


def measure_item(
    snapshot: Snapshot,
    item: Item,
    checker: Checker[Options],
    bench: Bench,
    reuse: Reuse | None = None,
) -> Measurement:
    """One checker on one snapshot, timed; every kind of trouble becomes `Failed`.

    What `reuse` has of it is not measured again.
    """
    started = time.monotonic()
    try:
        options = checker.options_type().model_validate(item.options)
        tools = checker.tool_versions()
        asked = reuse.asked(checker, options, tools) if reuse else None
        if reuse and asked and (known := reuse.known(asked)):
            return known.model_copy(update={"options": item.options})
        started = time.monotonic()
        result = checker.measure(snapshot, options, bench)
        refuse_undeclared(checker, result.outcome)
    except CannotMeasure as error:
        return _failed(item, error.reason, started)
    except Exception as error:  # one checker's bug stays with that checker
        log.exception("the checker %s failed", checker.id)
        reason = f"a bug in the checker: {type(error).__name__}: {error}"
        return _failed(item, reason, started)
    measurement = Measurement(
        checker=item.checker,
        options=item.options,
        outcome=result.outcome,
        tools=tools,
        command=result.command,
        fix_command=result.fix_command,
        population=result.population,
        duration_s=round(time.monotonic() - started, 3),
    )
    if reuse and asked and is_settled(checker, result):
        reuse.keep(asked, measurement)
    return measurement


def _failed(item: Item, reason: str, started: float) -> Measurement:
    return Measurement(
        checker=item.checker,
        options=item.options,
        outcome=Failed(reason=reason),
        duration_s=round(time.monotonic() - started, 3),
    )
