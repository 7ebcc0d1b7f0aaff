"""What is imported held against what is declared, each way."""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from grader.checkers._dependencies_imports import Imported
from grader.environment.declarations import Declared, Manifest, is_for_tests
from grader.environment.import_names import purpose_of
from grader.environment.manifests import Project
from grader.model.measurement import Finding

_DEV_GROUPS = frozenset({"test", "dev"})
_BY_URL = re.compile(
    r"^(?:-e\s+)?([A-Za-z0-9][\w.-]*)\s*@|[#&]egg=([A-Za-z0-9][\w.-]*)"
)


@dataclass(frozen=True)
class Declarations:
    """The names that a repository declares, with their places.

    `counted` are those of the manifests that count, for running and for the tests. `near`
    are all names by the folder whose manifests declare them, whatever their group: a step
    or a frontend may have a list of its own.
    """

    counted: Mapping[str, Declared] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    near: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def for_file(self, path: str) -> Iterator[frozenset[str]]:
        """What is declared for a file: by its own folder's manifests, and those above."""
        folder = posixpath.dirname(path)
        while folder:
            yield self.near.get(folder, frozenset())
            folder = posixpath.dirname(folder)
        yield self.near.get("", frozenset())


def declarations_of(project: Project, compiled: Collection[str]) -> Declarations:
    """The declared names; what a lock or a compiled list adds of its own is not declared."""
    counted: dict[str, Declared] = {}
    groups: dict[str, set[str]] = {}
    paths = {manifest.path for manifest in project.counted}
    near: dict[str, set[str]] = {}
    asked = {
        one.name
        for manifest in project.manifests
        if not manifest.is_lock
        for one in manifest.declared
        if one.path not in compiled
    }
    for manifest in project.manifests:
        if manifest.is_lock:
            continue
        names = {
            one.name
            for one in manifest.declared
            if one.path not in compiled or one.name in asked
        }
        names |= {str(canonicalize_name(one.name)) for one in manifest.unmapped}
        names |= {
            str(canonicalize_name(match[1] or match[2]))
            for one in manifest.refused
            if (match := _BY_URL.search(one.text))
        }
        place = posixpath.dirname(manifest.path)
        if posixpath.basename(place) in {"requirements", "reqs", "tests", "test"}:
            place = posixpath.dirname(place)
        # What the project's own manifests say holds for all of it.
        near.setdefault("" if manifest.path in paths else place, set()).update(names)
    for manifest in project.counted:
        if manifest.is_lock or manifest.path in compiled:
            continue
        for one in manifest.declared:
            if one.path in compiled and one.name not in asked:
                continue  # of a compiled list that this one takes in
            if is_for_tests(one.group):
                counted.setdefault(one.name, one)
                groups.setdefault(one.name, set()).add(one.group)
    return Declarations(
        counted,
        {name: frozenset(found) for name, found in groups.items()},
        {place: frozenset(names) for place, names in near.items()},
    )


@dataclass(frozen=True)
class Use:
    """What is imported and not declared, declared and not used, declared for tests only.

    `undeclared` and `misplaced` are imports by the distribution they belong to.
    """

    imported: frozenset[str] = frozenset()
    undeclared: Mapping[str, tuple[Imported, ...]] = field(default_factory=dict)
    misplaced: Mapping[str, tuple[Imported, ...]] = field(default_factory=dict)
    unused: tuple[Declared, ...] = ()


def use_of(
    imports: Sequence[Imported], said: Declarations, started: Collection[str]
) -> Use:
    """Each import beside the declarations that hold for its file, and the other way round."""
    imported: set[str] = set()
    used: set[str] = set()
    undeclared: dict[str, list[Imported]] = {}
    misplaced: dict[str, list[Imported]] = {}
    squashed = _by_squashed(said)
    for one in imports:
        match = _declared_for(one, said, squashed)
        used.update(one.distributions)
        if match is not None:
            imported.add(match)
            used.add(match)
        elif one.is_required:
            imported.add(one.distributions[0])
            undeclared.setdefault(one.distributions[0], []).append(one)
        if match is not None and _is_misplaced(one, match, said):
            misplaced.setdefault(match, []).append(one)
    return Use(
        imported=frozenset(imported),
        undeclared={name: tuple(found) for name, found in sorted(undeclared.items())},
        misplaced={name: tuple(found) for name, found in sorted(misplaced.items())},
        unused=tuple(_unused(said.counted.values(), used | set(started))),
    )


def _is_misplaced(one: Imported, name: str, said: Declarations) -> bool:
    """Whether the program needs what only the lists for tests and development have."""
    if one.is_test or one.is_notebook or not one.is_required:
        return False
    *own, _ = said.for_file(one.path)
    groups = said.groups.get(name, frozenset())
    return (
        bool(groups)
        and groups <= _DEV_GROUPS
        and not purpose_of(name).is_tool
        and not any(name in names for names in own)
    )


def _unused(declared: Iterable[Declared], used: set[str]) -> Iterator[Declared]:
    for one in declared:
        purpose = purpose_of(one.name)
        # What a lock alone says is not what somebody asked for.
        if one.origin == "lock" or one.name in used or purpose.is_started:
            continue
        if not used.intersection(purpose.loaders):
            yield one


def _declared_for(
    one: Imported, said: Declarations, squashed: Mapping[str, str]
) -> str | None:
    """The declared distribution that brings a module; None where nothing declared does."""
    available = list(said.for_file(one.path))
    for distribution in one.distributions:
        if any(distribution in names for names in available):
            return distribution
    # `import skposthocs` where it is spelled scikit_posthocs or python-skposthocs.
    top = _squash(one.module.partition(".")[0])
    for spelled in (top, f"python{top}", f"py{top}"):
        name = squashed.get(spelled)
        if name is not None and any(name in names for names in available):
            return name
    return None


def _by_squashed(said: Declarations) -> dict[str, str]:
    names = sorted({name for names in said.near.values() for name in names})
    return {_squash(name): name for name in names}


def _squash(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def conflicts_of(project: Project) -> tuple[Finding, ...]:
    """The versions that contradict each other, between manifests and within one."""
    locks = {manifest.path for manifest in project.manifests if manifest.is_lock}
    between = (one for one in project.disagreements if one.path not in locks)
    return (
        *dict.fromkeys(between),
        *(one for manifest in project.counted for one in _within(manifest)),
    )


def _within(manifest: Manifest) -> Iterator[Finding]:
    """Two lines of one file that hold a package to different versions."""
    first: dict[tuple[str, str, str], Declared] = {}
    for one in manifest.declared:
        if not one.is_pinned:
            continue
        key = (one.name, one.group, str(one.parsed.marker))
        before = first.setdefault(key, one)
        if before.parsed.specifier != one.parsed.specifier:
            yield Finding(
                rule="manifest-disagreement",
                message=f"{one.name}: {before.written} and {one.written} in one file.",
                path=one.path,
                line=one.line,
                fix=f"Keep one of the two lines for {one.name}.",
            )
