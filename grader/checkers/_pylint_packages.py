"""Keeps pylint to its files where one of them stands for a whole package."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot


def ignore_option(snapshot: Snapshot) -> tuple[str, ...]:
    """The option that keeps pylint to our files.

    Given an `__init__.py` it takes the whole package: tests, vendored code and stubs in
    it would be in the rating.
    """
    packages = {
        PurePosixPath(path).parent
        for path in snapshot.source_files
        if PurePosixPath(path).name == "__init__.py"
    }
    patterns = {
        pattern
        for package in packages
        for pattern in _others(snapshot, snapshot.root / package)
    }
    for pattern in patterns:
        for own in snapshot.source_files:
            if re.match(pattern, own):
                raise CannotMeasure(f"pylint: {own} can't be told from {pattern}.")
    return ("--ignore-paths=" + ",".join(sorted(patterns)),) if patterns else ()


def _others(snapshot: Snapshot, package: Path) -> Iterator[str]:
    """Patterns for what is Python in a package's folder and is not ours.

    From the disk: links are there, which the snapshot's files don't name.
    """
    ours = snapshot.source_files
    for folder, subfolders, names in os.walk(package):
        here = Path(folder).relative_to(snapshot.root)
        for name in list(subfolders):
            path = (here / name).as_posix()
            if not any(own.startswith(f"{path}/") for own in ours):
                subfolders.remove(name)
                below = [
                    file
                    for _, _, files in os.walk(Path(folder, name))
                    for file in files
                ]
                if any(map(_is_python, below)):
                    yield _literally(path) + "(/|$)"
        for path in ((here / name).as_posix() for name in names):
            if _is_python(path) and path not in ours:
                yield _literally(path) + "$"


def _literally(path: str) -> str:
    # The option takes a backslash for a slash, and a comma for the pattern's end.
    pieces = (
        "." if c in r"[\^," else f"[{c}]" if c in "().*+?$|{}" else c for c in path
    )
    return "".join(pieces)


def _is_python(path: str) -> bool:
    return path.endswith((".py", ".pyi", ".pyw"))
