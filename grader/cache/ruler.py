"""What measures: our own code, what is installed beside it, and the Python that runs it."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from functools import cache

from grader.cache.digest import digest
from grader.cache.entries import Entries

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
    return digest(
        [sys.version, platform.machine(), sys.platform, *known, *_installed()]
    )


@cache
def _code(top: str, entries: Entries) -> str | None:
    """A hash of a package's files, or of a module's that stands by itself.

    Reading them all takes longer than much else here. So the hash is kept as well, by what
    changes whenever any of them is written.
    """
    origin = getattr(sys.modules.get(top), "__file__", None)
    if origin is None:
        return None
    folder, name = os.path.split(origin)
    if name != "__init__.py":
        files = [origin]
    else:
        files = sorted(_files(folder, _BESIDE if top == _OURS else frozenset()))
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
