"""The groups of a class that need not be looked into: nothing is another than when measured.

A result holds as long as its repository, what was asked, the program and the result's own
files are what they were. Each of these is told without a copy of the repository, without
git and without a process. What can't be told so, as a repository elsewhere, is looked into.
"""

from dataclasses import dataclass

from grader.cache.digest import digest
from grader.cache.entries import Entries, user_entries
from grader.checkers._registry import Registry
from grader.engine.basis import Basis, Seen, basis_of, seen_at
from grader.engine.conditions import Surroundings, Which
from grader.engine.store import ClassFolder
from grader.model.classroom import Group
from grader.model.evidence import Evidence
from grader.rubric.schema import Item

_VERSION = "group 1"
_HOLDS = b"holds"


@dataclass(frozen=True)
class Unchanged:
    """The groups of a class's folder whose results hold; none where there is no `basis`."""

    folder: ClassFolder
    entries: Entries
    basis: Basis | None

    def holding(self, group: Group, which: Which) -> Evidence | None:
        """The result that looking into the repository would give again; None where it may not."""
        seen = self.seen(group)
        name = self._key(group, seen, which) if seen else None
        if name is None or self.entries.get(name) != _HOLDS:
            return None
        evidence = self.folder.light(group.folder)
        if evidence is None:
            return None
        return evidence.model_copy(update={"reused": len(evidence.measurements)})

    def seen(self, group: Group) -> Seen | None:
        """A group's repository before it is looked into; None where that tells nothing."""
        return seen_at(group.source) if self.basis else None

    def keep(self, group: Group, seen: Seen, which: Which, evidence: Evidence) -> None:
        """A result was written of what was seen before; it is kept that it holds, if it does."""
        if self.basis is None or not self.basis.is_lasting(evidence):
            return
        name = self._key(group, seen, which)
        if name is not None and seen.is_as_it_was(group.source):
            self.entries.put(name, _HOLDS)

    def _key(self, group: Group, seen: Seen, which: Which) -> str | None:
        seal = self.folder.seal(group.folder)
        if seal is None or self.basis is None:
            return None
        asked = (which.ref, which.commit, which.deadline, which.extension)
        return digest(
            [
                *(_VERSION, self.basis.name, group.model_dump_json(), repr(asked)),
                *(str(seen.folder), seen.state.digest, "result", seal),
            ]
        )


def unchanged_in(
    folder: ClassFolder,
    items: tuple[Item, ...],
    surroundings: Surroundings,
    registry: Registry,
    isolation: str,
) -> Unchanged:
    """Those of a class that is measured on this machine under these conditions."""
    entries = user_entries()
    basis = basis_of(items, surroundings, registry, isolation, entries)
    return Unchanged(folder, entries, basis)
