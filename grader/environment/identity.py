"""Which environment it is, told without building or starting it."""

import os
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from grader.cache.digest import digest
from grader.environment.environments import BuiltEnvironment, wish_of
from grader.environment.given import Environment, GivenInterpreter
from grader.environment.uv import where_from
from grader.sandbox.access import prefixes_of

_PACKAGES = (
    "lib*/python3*/*-packages",
    "lib/python3/dist-packages",
    "Lib/site-packages",
)


def identity(environment: Environment) -> str | None:
    """A hash of what a project's tests find there; None for a kind that isn't known.

    Of a built one it is what is to be installed and where that comes from: which versions
    these are today only resolving says. Of a given one it is what is installed by now.
    """
    if isinstance(environment, GivenInterpreter):
        return digest(["given", *_found(environment)])
    if not isinstance(environment, BuiltEnvironment):
        return None
    wish = wish_of(environment.project)
    conda = sorted(wish.conda)
    return digest(
        [
            *("built", repr((astuple(wish)[:3], conda, wish.python))),
            str(environment.has_sources_on_path()),
            *sorted(f"{name}={value}" for name, value in where_from().items()),
        ]
    )


def _found(given: GivenInterpreter) -> Iterator[str]:
    python = Path(given.path)
    yield f"{given.path} {given.remedy}"
    yield _state(python.resolve())
    # The system's own folders are no prefix of it: they are there for every interpreter.
    system = (Path("/usr"), Path("/usr/local"))
    for prefix in (*prefixes_of(given.path), *system):
        yield _state(prefix / "pyvenv.cfg")
        for pattern in _PACKAGES:
            for folder in sorted(prefix.glob(pattern)):
                yield str(folder)
                yield from sorted(_state(Path(one.path)) for one in os.scandir(folder))


def _state(file: Path) -> str:
    """What changes when a file, or what is installed under this name, does."""
    try:
        status = file.stat()
    except OSError:
        return f"{file} -"
    # Other folders change as Python first compiles what is in them.
    if file.is_dir() and file.suffix not in (".dist-info", ".egg-info"):
        return str(file)
    return f"{file} {status.st_size} {status.st_mtime_ns}"
