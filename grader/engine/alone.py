"""A repository by itself, graded again: its evidence is kept as long as nothing is another.

What that is is told as for a group of a class, without a copy of the repository, without git
and without a process.
"""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from grader.cache.digest import digest
from grader.cache.entries import Entries, user_entries
from grader.checkers._registry import Registry
from grader.engine.basis import Basis, Seen, basis_of, seen_at
from grader.engine.conditions import Surroundings, Which
from grader.model.evidence import Evidence
from grader.rubric.schema import Item

_VERSION = "alone 1"


@dataclass(frozen=True)
class Alone:
    """A repository by itself, whose evidence is kept whole: nothing else remembers it.

    Where the project's own code is run nothing is kept so: what that gives says when it was
    run, and is not believed for ever.
    """

    source: str
    which: Which
    entries: Entries
    basis: Basis
    seen: Seen

    def known(self) -> Evidence | None:
        """The evidence as measuring would give it again now; None where it may be another."""
        raw = self.entries.get(self._key())
        try:
            evidence = Evidence.model_validate_json(raw) if raw else None
        except ValidationError:
            return None
        if evidence is None or evidence.plan != self.basis.plan:
            return None
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        return evidence.model_copy(update={"measured_at": moment})

    def keep(self, evidence: Evidence) -> None:
        """Keep what was measured of what was seen before, if it lasts."""
        if not self.basis.is_lasting(evidence):
            return
        try:
            content = evidence.model_dump_json()
        except ValueError:
            # A file's name that is not UTF-8, as a lone surrogate: JSON has no such text.
            return
        if self.seen.is_as_it_was(self.source):
            self.entries.put(self._key(), content.encode())

    def _key(self) -> str:
        return digest(
            [
                *(_VERSION, self.basis.name, self.source, repr(astuple(self.which))),
                *(str(self.seen.folder), self.seen.state.digest),
            ]
        )


def alone(
    source: str,
    which: Which,
    items: tuple[Item, ...],
    surroundings: Surroundings,
    registry: Registry,
    isolation: str,
) -> Alone | None:
    """What is known of a repository by itself; None where nothing can be."""
    entries = user_entries()
    basis = basis_of(items, surroundings, registry, isolation, entries)
    if basis is None or basis.has_project:
        return None
    seen = seen_at(source)
    return None if seen is None else Alone(source, which, entries, basis, seen)
