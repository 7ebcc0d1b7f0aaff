"""Runs a Python tool so that nothing below the graded repository can be imported.

    python -I -m grader.sandbox.shielded [--bare] ROOT MODULE [ARG ...]

pylint puts the repository's folders on `sys.path` in order to find modules there, and then
imports its own late dependencies through the same path: a repository's `isort.py` or
`email.py` would run. Here every import is refused that would load a file below ROOT, while
finding files (which is all that astroid does with them) still works.

With `--bare` the site-packages folders leave `sys.path` as well: the tool itself is still
imported from there, but it infers nothing from packages that happen to be installed beside
it, so that it says the same on every machine.
"""

import os
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class OutsideOnly:
    """A path finder that never looks below `root`; top-level imports may also use `extra`."""

    def __init__(self, root: str, extra: Sequence[str] = ()) -> None:
        self._root = os.path.realpath(root)
        self._extra = tuple(extra)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The module's spec from the folders outside the root, or None."""
        places = [*sys.path, *self._extra] if path is None else list(path)
        allowed = [place for place in places if not self._is_inside(place)]
        return PathFinder.find_spec(fullname, allowed, target)

    def invalidate_caches(self) -> None:
        """As `importlib.invalidate_caches` asks of every finder."""
        PathFinder.invalidate_caches()

    def _is_inside(self, place: str) -> bool:
        full = os.path.realpath(place or os.getcwd())
        return full == self._root or full.startswith(self._root + os.sep)


def main(argv: Sequence[str]) -> None:
    """Replace the path finder, then run the module as `python -m` would."""
    arguments = list(argv)
    is_bare = arguments[0] == "--bare"
    if is_bare:
        arguments.pop(0)
    root, module, *rest = arguments
    extra: list[str] = []
    if is_bare:
        extra = [place for place in sys.path if _is_site_folder(place)]
        sys.path[:] = [place for place in sys.path if not _is_site_folder(place)]
    guard = OutsideOnly(root, extra)
    sys.meta_path[:] = [
        guard if finder is PathFinder else finder for finder in sys.meta_path
    ]
    sys.argv[:] = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _is_site_folder(place: str) -> bool:
    return os.path.basename(place) in {"site-packages", "dist-packages"}


if __name__ == "__main__":
    main(sys.argv[1:])
