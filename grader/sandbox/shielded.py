"""Runs a Python tool so that no code below the graded repository can run with it.

    python -I -m grader.sandbox.shielded [--bare [--find FOLDER]] ROOT MODULE [ARG ...]

pylint puts the repository's folders on `sys.path` in order to find modules there, and
then imports its own late dependencies through the same path: a repository's `isort.py`
or `email.py` would run. Here finding tells the truth and loading doesn't follow it: a
module that was found below ROOT is loaded from where it also stands outside, or not at
all. Hiding the files instead would change what pylint says, as astroid asks the import
system which of the repository's folders are packages.

With `--bare`, which is for pylint, the site-packages folders leave `sys.path` as well:
pylint itself is still imported from there, but infers nothing from packages that happen
to be installed beside it, so that it says the same on every machine. With `--find` it
finds what is installed in a folder of the project's own environment; as with ROOT, nothing
below that folder is ever loaded.
"""

import os
import runpy
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import (
    BuiltinImporter,
    FrozenImporter,
    ModuleSpec,
    PathFinder,
)
from importlib.metadata import Distribution, DistributionFinder
from importlib.util import module_from_spec
from types import CodeType, ModuleType


class Inside:
    """Whether a path lies below one of `roots`, by its name or by where its links lead."""

    def __init__(self, *roots: str) -> None:
        self._roots = tuple(
            os.path.normcase(place)
            for root in roots
            for place in {os.path.abspath(root), os.path.realpath(root)}
        )

    def __contains__(self, path: str) -> bool:
        for full in (os.path.abspath(path), os.path.realpath(path)):
            place = os.path.normcase(full)
            if any(
                place == root or place.startswith(root + os.sep) for root in self._roots
            ):
                return True
        return False


class OutsideOnly:
    """A path finder whose modules never come from `inside`.

    `hidden` are folders that are searched for top-level modules after `sys.path`.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self.hidden: list[str] = []

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Where the module stands; inside, with a loader that goes elsewhere."""
        places = list(sys.path if path is None else path)
        later = self.hidden if path is None else []
        spec = _first(fullname, places, later, target)
        if spec is None or spec.origin is None or spec.origin not in self._inside:
            # A folder without `__init__.py` has no origin; nothing runs when it is
            # imported.
            return spec
        outside = [place for place in places if place not in self._inside]
        spec.loader = _Elsewhere(_first(fullname, outside, later, target))
        return spec

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterable[Distribution]:
        """Metadata of what is installed outside: flake8 finds its plugins by it."""
        asked = DistributionFinder.Context() if context is None else context
        places = [*asked.path, *(self.hidden if asked.path is sys.path else ())]
        allowed = [place for place in places if place not in self._inside]
        return PathFinder.find_distributions(
            DistributionFinder.Context(name=asked.name, path=allowed)
        )

    def invalidate_caches(self) -> None:
        """As `importlib.invalidate_caches` asks of every finder."""
        PathFinder.invalidate_caches()


def _first(
    fullname: str,
    places: Sequence[str],
    later: Sequence[str],
    target: ModuleType | None,
) -> ModuleSpec | None:
    spec = PathFinder.find_spec(fullname, places, target)
    if later and (spec is None or spec.loader is None):
        # As on one long path: a module in a later folder wins over a namespace folder.
        found = PathFinder.find_spec(fullname, later, target)
        if found is not None and (spec is None or found.loader is not None):
            return found
    return spec


class _Elsewhere(Loader):
    """Loads the module of the same name that stands outside, where there is one."""

    def __init__(self, outside: ModuleSpec | None) -> None:
        self._outside = outside

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if self._outside is None:
            raise ModuleNotFoundError(
                f"{spec.name} stands only in the graded repository: not imported",
                name=spec.name,
            )
        return module_from_spec(self._outside)

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just given it the place inside as its own.
        module.__spec__ = self._outside
        if self._outside is None or self._outside.submodule_search_locations is None:
            vars(module).pop("__path__", None)
        if self._outside is not None and self._outside.loader is not None:
            self._outside.loader.exec_module(module)


def refuse_code(inside: Inside) -> None:
    """Refuse, for the rest of the process, to execute code that comes from `inside`.

    The finder guards imports; this guards what goes around them, such as a plugin that
    a tool loads by its file name.
    """

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        file: object = None
        if event == "exec" and isinstance(arguments[0], CodeType):
            file = arguments[0].co_filename
        elif event == "import":
            file = arguments[1]  # of an extension module; None for the others
        if isinstance(file, str) and not file.startswith("<") and file in inside:
            raise ImportError(f"code of the graded repository is not run: {file}")

    sys.addaudithook(refuse)


def hide_neighbours(guard: OutsideOnly, found: Sequence[str]) -> None:
    """Make pylint forget site-packages, for `found`, before it looks at the first file.

    Not earlier: it finds its own checkers through `sys.path`, and goes on without those
    that it doesn't find.
    """
    from pylint.lint import PyLinter, Run

    class Bare(PyLinter):
        def check(self, files_or_modules: Sequence[str]) -> None:
            guard.hidden[:] = _strip_path()
            sys.path.extend(found)
            # The other finders (editable installs) would still find what the path
            # doesn't.
            sys.meta_path[:] = [BuiltinImporter, FrozenImporter, guard]
            super().check(files_or_modules)

    Run.LinterClass = Bare


def _strip_path() -> list[str]:
    """Leave the standard library on `sys.path` and return the rest.

    `site` appends site-packages, and what their .pth files name, after the standard
    library.
    """
    names = [os.path.basename(os.path.normpath(place)) for place in sys.path]
    sites = [i for i, n in enumerate(names) if n in {"site-packages", "dist-packages"}]
    first = min(sites, default=len(sys.path))
    rest = sys.path[first:]
    del sys.path[first:]
    return rest


def main(argv: Sequence[str]) -> None:
    """Put the guards in place, then run the module as `python -m` would."""
    arguments = list(argv)
    is_bare = arguments[0] == "--bare"
    if is_bare:
        arguments.pop(0)
    found: list[str] = []
    if arguments[0] == "--find":
        found = [arguments[1]]
        del arguments[:2]
    root, module, *rest = arguments
    # The environment may be the grader's own, where pylint itself must load from.
    own = {os.path.realpath(place) for place in sys.path}
    inside = Inside(
        root, *(place for place in found if os.path.realpath(place) not in own)
    )
    guard = OutsideOnly(inside)
    sys.meta_path[:] = [
        guard if finder is PathFinder else finder for finder in sys.meta_path
    ]
    refuse_code(inside)
    if is_bare:
        hide_neighbours(guard, found)
    sys.argv[:] = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
