"""Which file of the repository a dotted name means, as Python would find it.

Student projects are run from many places: the top (`from src.data import load`), `src/`
(`from data import load`), the script's own folder. All of them are looked at, the nearest
to the importing file first.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

# Deeper than any package; a name of a thousand dots is cut here.
_MAX_PARTS = 20


@dataclass(frozen=True)
class Target:
    """A file that a dotted name leads to, and what of it is named beyond the module.

    `path` is None for a folder of modules without an `__init__.py`.
    """

    path: str | None
    folder: str
    rest: tuple[str, ...]


class Modules:
    """The repository's Python files by the dotted names that reach them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = frozenset(paths)
        self._folders = frozenset(
            str(parent) for path in paths for parent in PurePosixPath(path).parents
        )

    def find(self, dotted: str, importer: str) -> Target | None:
        """Where a name leads that `importer` uses; None for what is not the project's own.

        Leading dots count from the importer's own package. The standard library is never
        the project's, whatever its files are called.
        """
        name = dotted.lstrip(".")
        level = len(dotted) - len(name)
        parts = tuple(part for part in name.split(".")[:_MAX_PARTS] if part)
        home = PurePosixPath(importer).parent
        if level:
            above = [home, *home.parents]
            package = str(above[min(level, len(above)) - 1])
            return self._below(package, parts) or self._package(package, parts)
        if not parts or parts[0] in sys.stdlib_module_names:
            return None
        found = [one for root in self._roots(home) if (one := self._below(root, parts))]
        # `model.model` from src/model/run.py, which puts src/ on its path: the module of
        # the package rather than the neighbour of the package's name.
        return min(found, key=lambda one: len(one.rest), default=None)

    def importable(self, path: str) -> str:
        """A file's dotted name from the top of the repository: `src.data.load`."""
        pure = PurePosixPath(path)
        named = pure.parent if pure.name == "__init__.py" else pure.with_suffix("")
        return ".".join(named.parts)

    def packages(self, path: str) -> Iterator[str]:
        """The `__init__.py` files that run before a module does, outermost first."""
        for parent in reversed(PurePosixPath(path).parents):
            init = _joined(str(parent), "__init__.py")
            if init in self._files and init != path:
                yield init

    def _roots(self, home: PurePosixPath) -> Iterator[str]:
        seen = dict.fromkeys(str(one) for one in (home, *home.parents))
        seen["src"] = None
        yield from seen

    def _below(self, root: str, parts: Sequence[str]) -> Target | None:
        """The longest part of a name that is a file or folder below `root`."""
        for size in range(len(parts), 0, -1):
            rest = tuple(parts[size:])
            stem = _joined(root, "/".join(parts[:size]))
            if f"{stem}.py" in self._files:
                return Target(f"{stem}.py", _parent(stem), rest)
            if found := self._package(stem, rest):
                return found
        return None

    def _package(self, folder: str, rest: Sequence[str]) -> Target | None:
        """A folder as a package; without an `__init__.py` it has no names of its own."""
        if folder not in self._folders:
            return None
        init = _joined(folder, "__init__.py")
        path = init if init in self._files else None
        return Target(path, folder, tuple(rest)) if path or not rest else None


def _joined(folder: str, name: str) -> str:
    if folder in ("", "."):
        return name or "."
    return f"{folder}/{name}" if name else folder


def _parent(stem: str) -> str:
    return str(PurePosixPath(stem).parent)
