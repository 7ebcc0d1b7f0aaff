"""What a result rests on beside the repository, and a repository told without looking into it."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR

from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.cache.ruler import program
from grader.cache.states import State, now, state_of_folder
from grader.checkers._base import Checker, Options
from grader.checkers._registry import Registry
from grader.engine.conditions import Earlier, Surroundings, consulted
from grader.engine.declared import is_whole
from grader.engine.items import key
from grader.engine.request import AUTO, NONE
from grader.model.evidence import Evidence
from grader.rubric.schema import Item
from grader.submissions.address import looks_like_url


@dataclass(frozen=True)
class Seen:
    """A repository in a folder as its file system tells it, and when it was asked."""

    folder: Path
    state: State
    at: float

    def is_as_it_was(self, source: str) -> bool:
        """Whether nothing was written since for certain, what looked into it aside."""
        again = seen_at(source)
        is_same = again is not None and again.state == self.state
        return is_same and self.state.is_settled(self.at)


def seen_at(source: str) -> Seen | None:
    """A repository before it is looked into; None where that tells nothing."""
    if looks_like_url(source):
        return None
    at = now()
    try:
        folder = Path(source).expanduser().resolve()
        has_git = S_ISDIR((folder / ".git").lstat().st_mode)
    except (OSError, RuntimeError, ValueError):
        # No such folder or user, links in a circle, or no path at all: capturing it says so.
        return None
    # Of a folder without git those above it may say what is taken, of a `.git` that is a
    # file others what it stands for.
    state = state_of_folder(folder) if has_git else None
    return None if state is None else Seen(folder, state, at)


@dataclass(frozen=True)
class Basis:
    """What all results of a run rest on beside the repositories: `name` is a hash of it.

    `has_project` says whether a check runs the project's own code, or asks for its
    environment.
    """

    name: str
    plan: str
    items: Sequence[Item]
    registry: Registry
    has_project: bool

    def is_lasting(self, evidence: Evidence) -> bool:
        """Whether measuring again on another day would take over all of this."""
        # Loaded by now, as something was measured.
        from grader.engine.gather import still_holding

        if not evidence.is_lasting or evidence.plan != self.plan:
            return False
        checkers = self.registry.checkers
        if not all(
            is_whole(checkers[m.checker], m.outcome) for m in evidence.measurements
        ):
            return False
        kept = still_holding(
            Earlier(evidence), evidence.content, evidence.plan, checkers
        )
        return {key(item) for item in self.items} == set(kept)


def basis_of(
    items: Sequence[Item],
    surroundings: Surroundings,
    registry: Registry,
    isolation: str,
    entries: Entries,
) -> Basis | None:
    """What results rest on under these conditions; None where nothing is to be taken over so."""
    caching = surroundings.caching
    if not caching.is_on or not caching.is_read or caching.reruns_tests:
        return None
    checks = [
        (item, checker, checker.options_type().model_validate(item.options))
        for item in items
        for checker in (registry.checkers[item.checker],)
    ]
    has_project = any(checker.needs_project(given) for _, checker, given in checks)
    if has_project and surroundings.environment not in (AUTO, NONE):
        return None
    if not all(_is_of_the_files(checker) for _, checker, _ in checks):
        return None
    code = program([type(checker).__module__ for _, checker, _ in checks], entries)
    if code is None:
        return None
    plan = surroundings.digest(isolation)
    parts: list[str | bytes] = [code, plan, sys.executable, platform.platform()]
    for item, checker, given in checks:
        parts += [item.model_dump_json(), "consulted", *consulted(checker, given)]
    return Basis(digest(parts), plan, items, registry, has_project)


def _is_of_the_files(checker: Checker[Options]) -> bool:
    """Whether a check asks nothing but the repository, and what is built from it."""
    return not (checker.is_live or checker.asks_host or checker.needs_history)
