"""The checklist of the check dependencies, answered from what was read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.checkers._checklist import Checklist
from grader.checkers._dependencies_imports import Imported
from grader.checkers._dependencies_locks import Lock
from grader.checkers._dependencies_use import Declarations, Use
from grader.environment.declarations import Declared
from grader.environment.import_names import import_names, purpose_of
from grader.environment.manifests import Project
from grader.model.measurement import Finding, Sight

_LOOKED_FOR = (
    "environment.yml, conda.yml, requirements*.txt, pyproject.toml, Pipfile, setup.cfg "
    "and setup.py"
)
_LOCKS = (
    "conda-lock.yml, uv.lock, poetry.lock, pdm.lock, pylock.toml, Pipfile.lock and a "
    "requirements.txt compiled from another file"
)
_NAMED = 5
# Of one file; more of them are told in one finding.
_MOST_UNUSED = 15


@dataclass(frozen=True)
class Facts:
    """All that the answers are given from."""

    project: Project
    said: Declarations
    use: Use
    locks: tuple[Lock, ...]
    pinned: frozenset[str]
    conflicts: tuple[Finding, ...]
    compiled: frozenset[str]

    @property
    def declared(self) -> tuple[Declared, ...]:
        """The declared packages, in the manifests' order."""
        return tuple(self.said.counted.values())


def answer(answers: Checklist, facts: Facts) -> None:
    """Settle every line."""
    first = facts.project.counted[0].path if facts.declared else ""
    answers.seen(
        "manifest",
        [_sight(one) for one in facts.declared[:1]],
        yes=f"{len(facts.declared)} packages are declared, first of all in {first}.",
        no=f"No file declares a package. Looked for: {_LOOKED_FOR}.",
    )
    _imports(answers, facts)
    _used(answers, facts)
    _pinned(answers, facts)
    _locks(answers, facts)
    stated = [m.python for m in facts.project.counted if m.python]
    python = next((one for one in stated if one.path), facts.project.python)
    answers.seen(
        "python_stated",
        (
            [Sight(path=python.path, line=python.line, what=python.written)]
            if python
            else []
        ),
        yes="The project says which Python it needs.",
        no="Neither a manifest nor a .python-version says which Python is needed.",
    )
    _apart(answers, facts)
    _consistent(answers, facts)


def _imports(answers: Checklist, facts: Facts) -> None:
    undeclared = facts.use.undeclared
    if undeclared:
        answers.no(
            "imports_declared",
            "Imported, and neither declared nor a module of the project: "
            f"{_list(undeclared)}.",
            *(_import_sight(found[0]) for found in undeclared.values()),
        )
    elif not facts.use.imported:
        answers.no("imports_declared", "No file imports a package.")
    else:
        answers.yes(
            "imports_declared",
            f"All {len(facts.use.imported)} packages that are imported are declared.",
            *(
                _sight(facts.said.counted[n])
                for n in sorted(facts.use.imported)
                if n in facts.said.counted
            ),
        )


def _used(answers: Checklist, facts: Facts) -> None:
    unused = facts.use.unused
    if not facts.declared:
        answers.no("all_used", "Nothing is declared.")
    elif unused:
        answers.no(
            "all_used",
            "Declared, and neither imported nor started, nor known to be loaded by a "
            f"package that is: {_list([one.name for one in unused])}.",
            *map(_sight, unused),
        )
    else:
        answers.yes(
            "all_used",
            f"All {len(facts.declared)} declared packages are used.",
            *map(_sight, facts.declared[:1]),
        )


def _pinned(answers: Checklist, facts: Facts) -> None:
    loose = [one for one in facts.declared if one.name not in facts.pinned]
    if not facts.declared:
        answers.no("pinned", "Nothing is declared that could be held to a version.")
    elif loose:
        answers.no(
            "pinned",
            f"{len(loose)} of {len(facts.declared)} packages are not held to one "
            f"version: {_list([one.name for one in loose])}.",
            *map(_sight, loose),
        )
    else:
        answers.yes(
            "pinned",
            f"All {len(facts.declared)} packages are held to one version.",
            *map(_sight, facts.declared[:1]),
        )


def _locks(answers: Checklist, facts: Facts) -> None:
    in_step = [lock for lock in facts.locks if lock.is_in_step]
    if in_step:
        answers.yes(
            "lock_file",
            f"{in_step[0].path} locks what {in_step[0].source} declares.",
            *(Sight(path=lock.path, line=1) for lock in in_step),
        )
    elif stale := [lock for lock in facts.locks if lock.missing]:
        lock = stale[0]
        answers.no(
            "lock_file",
            f"{lock.path} is not in step: it lacks what {lock.source} asks for: "
            f"{_list([one.written for one in lock.missing])}.",
            *map(_sight, lock.missing),
        )
    elif facts.locks:
        lock = facts.locks[0]
        answers.no(
            "lock_file",
            f"{lock.path} stands alone: the manifest that it locks is not beside it.",
            Sight(path=lock.path, line=1),
        )
    else:
        answers.no(
            "lock_file", f"There is no lock file beside the manifests: {_LOCKS}."
        )


def _apart(answers: Checklist, facts: Facts) -> None:
    """The list of what runs has no tool in it, and the tools are declared elsewhere.

    In a conda course environment.yml is where people develop: where a list of another
    kind says what runs, that one is judged.
    """
    counted = [m for m in facts.project.counted if m.path not in facts.compiled]
    runtime = [one for m in counted for one in m.declared if one.group == "runtime"]
    kinds = {m.path: m.kind for m in counted}
    plain = [one for one in runtime if kinds.get(one.path) != "conda"]
    listed = plain or runtime
    tools = [one for m in counted for one in m.declared if purpose_of(one.name).is_tool]
    mixed = [one for one in listed if purpose_of(one.name).is_tool]
    apart = [one for one in tools if one not in listed]
    if facts.use.misplaced:
        answers.no(
            "dev_apart",
            "The program imports what only the developers' or the tests' list has: "
            f"{_list(facts.use.misplaced)}.",
            *(_import_sight(found[0]) for found in facts.use.misplaced.values()),
        )
    elif mixed:
        answers.no(
            "dev_apart",
            f"Tools for development stand in the list of what runs: "
            f"{_list([one.name for one in mixed])}.",
            *map(_sight, mixed),
        )
    elif apart and listed:
        answers.yes(
            "dev_apart",
            "The tools for development are declared apart from what runs.",
            _sight(apart[0]),
            _sight(listed[0]),
        )
    else:
        answers.no(
            "dev_apart",
            "No tool for development (pytest, black, jupyter …) is declared apart from "
            "what runs.",
        )


def _consistent(answers: Checklist, facts: Facts) -> None:
    if not facts.declared:
        answers.no("consistent", "Nothing is declared.")
    elif facts.conflicts:
        count = len(facts.conflicts)
        answers.no(
            "consistent",
            f"{count} {'version contradicts' if count == 1 else 'versions contradict'} "
            "another.",
            *(
                Sight(path=one.path, line=one.line, what=one.message)
                for one in facts.conflicts
                if one.path
            ),
        )
    else:
        paths = dict.fromkeys(one.path for one in facts.declared)
        answers.yes(
            "consistent",
            "No two versions contradict each other.",
            *(Sight(path=path) for path in paths),
        )


def use_findings(use: Use) -> Iterator[Finding]:
    """One finding for each package: not declared, not used, in the wrong list."""
    for name, found in use.undeclared.items():
        more = f", and in {len(found) - 1} more places" if len(found) > 1 else ""
        module = found[0].module.partition(".")[0]
        own = f" no module of the project is called {module},"
        if module.lower() in import_names().modules:
            own = ""
        yield Finding(
            rule="undeclared",
            message=f"{module} is imported here{more},{own} and no manifest declares "
            f"{name}.",
            path=found[0].path,
            line=found[0].line,
            fix=f"Declare {name}; if another package brings it today, tomorrow it may not.",
        )
    by_file: dict[str, list[Declared]] = {}
    for declared in use.unused:
        by_file.setdefault(declared.path, []).append(declared)
    for path, unused in by_file.items():
        if len(unused) > _MOST_UNUSED:
            yield Finding(
                rule="unused",
                message=f"{len(unused)} of the packages of this file are neither "
                "imported nor started, nor known to be loaded by a package that is: "
                f"{_list(one.name for one in unused)}. `pip freeze` writes such lists: "
                "what the project needs can't be told from what that brings.",
                path=path,
                line=unused[0].line,
                fix="Declare what the project imports, and lock the rest in a lock file.",
            )
            continue
        for declared in unused:
            yield Finding(
                rule="unused",
                message=f"{declared.name} is neither imported nor started, nor known "
                "to be loaded by a package that is.",
                path=declared.path,
                line=declared.line,
                severity="info",
                fix=f"Take {declared.name} out of the manifest.",
            )
    for name, found in use.misplaced.items():
        yield Finding(
            rule="declared-for-tests-only",
            message=f"The program imports {name}, which only the list for tests or "
            "development declares.",
            path=found[0].path,
            line=found[0].line,
            fix=f"Declare {name} with what the program needs to run.",
        )


def _sight(one: Declared) -> Sight:
    return Sight(path=one.path, line=one.line, what=one.written)


def _import_sight(one: Imported) -> Sight:
    where = f" in cell {one.cell}" if one.cell else ""
    return Sight(path=one.path, line=one.line, what=f"import of {one.module}{where}")


def _list(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
