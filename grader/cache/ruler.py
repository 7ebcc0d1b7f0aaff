"""What measures: our own code, what is installed beside it, and the Python that runs it."""

import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.resources import shipped

_OURS = __name__.partition(".")[0]
# No checker can import these (the layers that the tests hold), so no number depends on them.
_BESIDE = frozenset({"cli", "github", "reporting", "scoring", "submissions"})
_LOADED_AT = time.time()


def ruler(module: str, entries: Entries) -> str | None:
    """A hash of all that measures, for a checker of this module.

    A version says too little: whoever works on a checker changes it many times between
    two. None where it can't be told: code has changed since this process began, or a
    plugin's lies nowhere.
    """
    top = module.partition(".")[0]
    codes = [_code(name, entries) for name in dict.fromkeys((_OURS, top))]
    known = [code for code in codes if code is not None]
    if len(known) < len(codes):
        return None
    return digest([*_machine(), *known, *_installed()])


def program(modules: Iterable[str], entries: Entries) -> str | None:
    """A hash of all that makes results and reports, with the checkers of these modules.

    The `ruler`, and what reads repositories, marks and renders: nothing that is left out of it
    would change what a class's folder holds. None as there.
    """
    tops = dict.fromkeys(module.partition(".")[0] for module in modules)
    codes = [
        _all_of_ours(entries),
        *(_code(name, entries) for name in tops if name != _OURS),
    ]
    known = [code for code in codes if code is not None]
    if len(known) < len(codes):
        return None
    return digest(["program", *_machine(), *known, *_installed()])


def _machine() -> tuple[str, ...]:
    return sys.version, platform.machine(), sys.platform


@cache
def _code(top: str, entries: Entries) -> str | None:
    """A hash of a package's files, or of a module's that stands by itself."""
    origin = getattr(sys.modules.get(top), "__file__", None)
    if origin is None:
        return None
    folder, name = os.path.split(origin)
    if name != "__init__.py":
        return _hash_of([origin], folder, entries)
    beside = _BESIDE if top == _OURS else frozenset()
    return _hash_of(sorted(_files(folder, beside)), folder, entries)


@cache
def _all_of_ours(entries: Entries) -> str | None:
    """A hash of our whole package, and of the templates that pages are made of."""
    package = os.path.dirname(os.path.dirname(__file__))
    parts = [
        _hash_of(sorted(_files(folder, frozenset())), folder, entries)
        for folder in (package, os.fspath(shipped("templates")))
    ]
    known = [part for part in parts if part is not None]
    return digest(known) if len(known) == len(parts) else None


def _hash_of(files: Sequence[str], folder: str, entries: Entries) -> str | None:
    """A hash of what these files below a folder hold.

    Reading them all takes longer than much else here. So the hash is kept as well, by what
    changes whenever any of them is written.
    """
    stated = []
    for file in files:
        status = os.stat(file)
        if status.st_mtime > _LOADED_AT:
            # What runs may be the code from before.
            return None
        numbers = (
            status.st_size,
            status.st_ino,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        stated.append(f"{file} {numbers}")
    key = digest(["code", *stated])
    if kept := entries.get(key):
        return kept.decode("ascii", "replace")
    found = digest(
        part for file in files for part in (file[len(folder) :], _read(file))
    )
    entries.put(key, found.encode())
    return found


def _files(folder: str, beside: frozenset[str]) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name != "__pycache__" and not (place == folder and name in beside)
        ]
        yield from (os.path.join(place, name) for name in names)


def _read(file: str) -> bytes:
    with open(file, "rb") as stream:
        return stream.read()


@cache
def _installed() -> tuple[str, ...]:
    """The distributions that can be imported: the folders' names have the versions."""
    found: set[str] = set()
    for place in sys.path:
        try:
            names = os.listdir(place or ".")
        except OSError:
            continue
        found |= {name for name in names if name.endswith((".dist-info", ".egg-info"))}
    return tuple(sorted(found))
