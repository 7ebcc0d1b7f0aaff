"""Which of a repository's manifests count, as what, and in which order.

The order and its reasons stand in the docstring of `manifests`.
"""

from grader.environment._recognise import Candidate
from grader.environment.declarations import (
    LOCK_KINDS,
    Chosen,
    Kind,
    Manifest,
    is_for_tests,
)
from grader.model.snapshot import LeftOut

_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv", "conda-lock"})
_LOCK_OF: dict[Kind, tuple[Kind, ...]] = {
    "conda": ("conda-lock",),
    "pyproject": ("uv.lock", "poetry.lock", "pdm.lock", "pylock"),
    "pipfile": ("pipfile.lock",),
    "requirements": ("pylock",),
}

_Read = dict[str, Manifest]


def choose(
    candidates: list[Candidate], read: _Read, files: frozenset[str]
) -> tuple[tuple[Chosen, ...], list[LeftOut]]:
    """The manifests that count, the deciding ones first; and why the others don't."""
    folders = _folders(candidates, read, files)
    mine = [c for c in candidates if c.folder in folders]
    first: list[Chosen] = []
    others: list[Chosen] = []
    for folder in folders:
        here = [c for c in mine if c.folder == folder]
        for candidate in sorted(here, key=lambda c: _rank(c, read[c.path], here)):
            if not _may_count(candidate, read[candidate.path], bool(first)):
                continue
            is_near = folder == folders[0]
            if not first:
                first.append(Chosen(candidate.path, "first"))
            elif is_near and candidate.group != "runtime":
                first.append(Chosen(candidate.path, "tests"))
            else:
                others.append(Chosen(candidate.path, "addition"))
    near = [c for c in mine if c.folder == folders[0]] if folders else []
    chosen = [*first, *others, *_locks(first, read, near), *_python_files(near, read)]
    taken = {item.path for item in chosen}
    passed_over = [
        LeftOut(c.path, _why_not(c, folders, read[c.path]))
        for c in candidates
        if c.path not in taken
    ]
    return tuple(chosen), passed_over


def _declares(manifest: Manifest) -> bool:
    """More than the tools that install: Python and pip alone declare nothing."""
    return any(
        is_for_tests(d.group) and d.name not in _INSTALLERS for d in manifest.declared
    )


def _may_count(candidate: Candidate, manifest: Manifest, has_first: bool) -> bool:
    if candidate.kind in LOCK_KINDS or candidate.kind == "python-version":
        return False
    if not is_for_tests(candidate.group):
        return False
    says_more = bool(manifest.python or manifest.installs_project or manifest.refused)
    return (
        _declares(manifest) or says_more or (not has_first and bool(manifest.declared))
    )


def _folders(
    candidates: list[Candidate], read: _Read, files: frozenset[str]
) -> list[str]:
    """The folders that speak for the project: the top, or all that are nearest to it.

    Those with packages of their own before those with a file for tests alone; a step of
    an MLproject last of all.
    """

    def rank(candidate: Candidate) -> tuple[bool, bool, int]:
        is_step = candidate.folder != "" and f"{candidate.folder}/MLproject" in files
        return is_step, candidate.group != "runtime", candidate.depth

    speaking = [
        candidate
        for candidate in candidates
        if is_for_tests(candidate.group)
        and (_declares(read[candidate.path]) or read[candidate.path].is_lock)
    ]
    if not speaking:
        return [""]
    best = min(map(rank, speaking))
    return sorted({c.folder for c in speaking if rank(c) == best})


def _rank(
    candidate: Candidate, manifest: Manifest, here: list[Candidate]
) -> tuple[bool, bool, int, str]:
    """The place in the order: those for the tests and those that say nothing last."""
    name = candidate.path.rsplit("/", 1)[-1].lower()
    locks = _LOCK_OF.get(candidate.kind, ())
    is_locked = any(other.kind in locks for other in here)
    match candidate.kind:
        case "conda":
            place = 0 if name.startswith("env") else 1
        case "pyproject":
            place = 2 if is_locked or _is_poetry(manifest) else 4
        case "requirements":
            # A .in is what a .txt of the same name was compiled from.
            place = 8 if name.endswith(".in") else 3
        case "pipfile":
            place = 5
        case "setup.cfg":
            place = 6
        case _:
            place = 7
    return (
        not _declares(manifest),
        candidate.group != "runtime",
        place,
        candidate.path,
    )


def _is_poetry(manifest: Manifest) -> bool:
    return manifest.python is not None and manifest.python.written.startswith(
        "python ="
    )


def _locks(first: list[Chosen], read: _Read, near: list[Candidate]) -> list[Chosen]:
    """The lock of the first manifest; any lock where nothing is declared beside it."""
    locks = [c for c in near if c.kind in LOCK_KINDS]
    if first and _declares(read[first[0].path]):
        kinds = _LOCK_OF.get(read[first[0].path].kind, ())
        locks = [c for c in locks if c.kind in kinds]
    return [Chosen(c.path, "lock") for c in locks[:1]]


def _python_files(near: list[Candidate], read: _Read) -> list[Chosen]:
    return [
        Chosen(c.path, "python")
        for c in near
        if c.kind == "python-version" and read[c.path].python
    ]


def _why_not(candidate: Candidate, folders: list[str], manifest: Manifest) -> str:
    where = f"{folders[0]}/" if folders[0] else "the top folder"
    if candidate.folder not in folders:
        return f"not chosen: the manifests in {where} are the project's"
    if not is_for_tests(candidate.group):
        return f'not chosen: by its name it is for "{candidate.group}"'
    if manifest.is_lock:
        return "not chosen: it locks another manifest than the one used"
    if manifest.problems:
        return f"not chosen: {manifest.problems[0].message}"
    return "not chosen: it declares nothing"
