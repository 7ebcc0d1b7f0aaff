"""Runs checkers side by side on one snapshot and keeps each one's trouble its own."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grader.checkers._base import Bench, BoxSource, Checker, Options
from grader.engine.items import key
from grader.engine.starter import Starter
from grader.environment.given import Environment
from grader.errors import CannotMeasure
from grader.model.measurement import (
    Failed,
    Measured,
    Measurement,
    NotApplicable,
    Outcome,
)
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.remove import remove_tree

log = logging.getLogger(__name__)


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
class Workshop:
    """Where and under which limits the checks of one repository work.

    `jobs` is how many of them run at once, None for one on each core.
    """

    folder: Path
    limits: LimitsRule
    environment: Environment
    boxes: BoxSource
    extra_runs: bool = True
    jobs: int | None = None
    starter: Starter = field(default_factory=Starter)

    def bench(self, item: str) -> Bench:
        """A private bench for one item."""
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
            environment=self.environment,
            extra_runs=self.extra_runs,
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

    def work(item: Item) -> Measurement:
        watch.started(item.key)
        bench = workshop.bench(item.key)
        measurement = measure_item(snapshot, item, checkers[item.checker], bench)
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
    jobs = workshop.jobs or os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {same: pool.submit(work, item) for same, item in first.items()}
        return {item.key: futures[key(item)].result() for item in items}


def measure_item(
    snapshot: Snapshot, item: Item, checker: Checker[Options], bench: Bench
) -> Measurement:
    """One checker on one snapshot, timed; every kind of trouble becomes `Failed`."""
    started = time.monotonic()
    try:
        options = checker.options_type().model_validate(item.options)
        tools = checker.tool_versions()
        result = checker.measure(snapshot, options, bench)
        refuse_undeclared(checker, result.outcome)
    except CannotMeasure as error:
        return _failed(item, error.reason, started)
    except Exception as error:  # one checker's bug stays with that checker
        log.exception("the checker %s failed", checker.id)
        reason = f"a bug in the checker: {type(error).__name__}: {error}"
        return _failed(item, reason, started)
    return Measurement(
        checker=item.checker,
        options=item.options,
        outcome=result.outcome,
        tools=tools,
        command=result.command,
        fix_command=result.fix_command,
        population=result.population,
        duration_s=round(time.monotonic() - started, 3),
    )


def refuse_undeclared(
    checker: Checker[Options], outcome: Measured | NotApplicable
) -> None:
    """Raise `CannotMeasure` when the values are not the declared quantities.

    Only optional ones may be absent, and every answer must be its quantity's value.
    """
    if isinstance(outcome, NotApplicable):
        return
    declared = {quantity.name: quantity for quantity in checker.quantities}
    differing = declared.keys() ^ outcome.values.keys()
    wrong = {n for n in differing if n not in declared or not declared[n].optional}
    if wrong:
        odd = ", ".join(sorted(wrong))
        raise CannotMeasure(
            f"a bug in the checker: measured and declared differ: {odd}"
        )
    for name, value in outcome.values.items():
        most = declared[name].maximum
        if value < declared[name].minimum or (most is not None and value > most):
            raise CannotMeasure(
                f"a bug in the checker: {name} = {value} is out of range"
            )
    for answer in outcome.answers:
        if outcome.values.get(answer.quantity) != int(answer.holds):
            raise CannotMeasure(
                f"a bug in the checker: {answer.quantity} is answered otherwise"
            )


def _failed(item: Item, reason: str, started: float) -> Measurement:
    return Measurement(
        checker=item.checker,
        options=item.options,
        outcome=Failed(reason=reason),
        duration_s=round(time.monotonic() - started, 3),
    )
