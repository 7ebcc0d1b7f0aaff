"""What need not be measured again: a measurement is kept by everything that it depends on.

Nothing is looked up by name or time. The key is a hash of what went into the number, so that
what was kept under it is what measuring would give. What can't be put into a key (a service
that runs, a host's answers, whatever failed) is never kept.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import ValidationError

from grader.cache.contents import Contents
from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.cache.ruler import ruler
from grader.cache.verdicts import Verdicts
from grader.checkers._base import Checker, Options
from grader.engine.conditions import consulted
from grader.engine.declared import is_whole, refuse_undeclared
from grader.engine.request import Caching
from grader.environment.given import Environment
from grader.environment.wishes import RESOLUTION_AGE_DAYS
from grader.errors import CannotMeasure
from grader.model.environment import EnvironmentFacts
from grader.model.history import History
from grader.model.measurement import Failed, Measurement, Stored, Tool
from grader.model.snapshot import Snapshot

_VERSION: Final = 1


class _Kept(Stored):
    """An entry: a measurement, when it was made (UTC), and the project's environment then."""

    version: Literal[1] = _VERSION
    measured_at: datetime
    measurement: Measurement
    environment: EnvironmentFacts | None = None


@dataclass(frozen=True)
class Asked:
    """One measurement that is wanted, by what it depends on.

    `is_project`: it runs the project's own code, or asks for its environment.
    """

    key: str
    checker: Checker[Options]
    is_project: bool


class Reuse:
    """What earlier runs measured of one repository. Safe to use from several threads.

    `conditions` are what all numbers depend on beside the repository and the tools,
    `of_tests` what those of the project's own code do. `verdicts` are on single files.
    """

    def __init__(
        self,
        entries: Entries,
        caching: Caching,
        snapshot: Snapshot,
        environment: Environment,
        *,
        conditions: tuple[str, ...],
        of_tests: tuple[str, ...],
    ) -> None:
        contents = Contents(snapshot)
        self.verdicts = Verdicts(entries, contents, is_read=caching.is_read)
        self._entries = entries
        self._caching = caching
        self._contents = contents
        self._environment = environment
        self._conditions = conditions
        self._of_tests = of_tests
        self._facts: EnvironmentFacts | None = None

    @property
    def environment(self) -> EnvironmentFacts | None:
        """The environment that something which was taken over ran in."""
        return self._facts

    def asked(
        self, checker: Checker[Options], options: Options, tools: Sequence[Tool]
    ) -> Asked | None:
        """What a measurement depends on; None for one that can't be kept."""
        is_project = checker.needs_project(options)
        if checker.is_live or checker.asks_host or checker.needs_history:
            return None
        kind = type(checker)
        code = ruler(kind.__module__, self._entries)
        where = self._where() if is_project else ""
        if code is None or where is None:
            return None
        snapshot = self._contents.snapshot
        reads = checker.reads(snapshot, options)
        paths = snapshot.files if reads is None else reads
        parts = [
            *(f"measurement {_VERSION}", code),
            *(checker.id, f"{kind.__module__}.{kind.__qualname__}"),
            options.model_dump_json(),
            *map(str, tools),
            *("conditions", *self._conditions),
            *("shape", self._contents.shape),
            *("content", self._contents.all_of(paths)),
            *("consulted", *consulted(checker, options)),
        ]
        if is_project:
            parts += ["project", where, snapshot.name, *self._of_tests]
        if reads is None or checker.reads_history:
            parts += ["commits", *_commits(snapshot)]
        return Asked(digest(parts), checker, is_project)

    def _where(self) -> str | None:
        # Only the project's own code needs what reads its manifests.
        from grader.environment.identity import identity

        return identity(self._environment)

    def known(self, asked: Asked) -> Measurement | None:
        """What was measured before; None for nothing that holds."""
        if not self._caching.is_read or (
            asked.is_project and self._caching.reruns_tests
        ):
            return None
        kept = self._kept(asked)
        if kept is None:
            return None
        measurement = kept.measurement
        if asked.is_project:
            # A declaration without versions may come to others by then.
            age = _now() - kept.measured_at
            if age > timedelta(days=RESOLUTION_AGE_DAYS):
                return None
            self._facts = kept.environment
            measurement = measurement.model_copy(
                update={"population": _told(measurement.population, kept.measured_at)}
            )
        return measurement

    def _kept(self, asked: Asked) -> _Kept | None:
        raw = self._entries.get(asked.key)
        if raw is None:
            return None
        try:
            kept = _Kept.model_validate_json(raw)
            outcome = kept.measurement.outcome
            if kept.measurement.checker != asked.checker.id:
                return None
            if isinstance(outcome, Failed) or not is_whole(asked.checker, outcome):
                return None
            refuse_undeclared(asked.checker, outcome)
        except (ValidationError, CannotMeasure):
            # Whoever wrote it, it is no measurement of ours: it is made again.
            return None
        return kept

    def keep(self, asked: Asked, measurement: Measurement) -> None:
        """Keep a measurement for later runs, if it is whole."""
        if not is_whole(asked.checker, measurement.outcome):
            return
        facts = self._environment.facts() if asked.is_project else None
        kept = _Kept(measured_at=_now(), measurement=measurement, environment=facts)
        try:
            content = kept.model_dump_json()
        except ValueError:
            # A file's name that is not UTF-8, as a lone surrogate: JSON has no such text.
            return
        self._entries.put(asked.key, content.encode())


def _now() -> datetime:
    return datetime.now(UTC)


def _told(population: str, measured_at: datetime) -> str:
    when = f"{measured_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    told = f"measured {when} on the same files, and not run again"
    return f"{population}; {told}" if population else told


def _commits(snapshot: Snapshot) -> Iterator[str]:
    yield json.dumps([snapshot.name, snapshot.commit, snapshot.uncommitted])
    history = snapshot.history
    yield from () if history is None else _digest_of(history)


def _digest_of(history: History) -> Iterator[str]:
    yield f"{history.is_truncated} {history.deadline}"
    yield str(len(history.commits))
    yield from (one.hash for one in history.commits)
    yield from (f"{one.name} {one.commit} {one.made}" for one in history.tags)
    yield from history.branches
