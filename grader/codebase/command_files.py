"""Whether what a command starts is there: the scripts and modules of an MLproject or dvc.yaml.

Paths are followed as a shell would, from the folder that the command is run in and through
`cd`. Console scripts of pyproject.toml are the modules that they name. Of what else a command
starts (pytest) nothing is said.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from grader.codebase.commands import Started, started_by
from grader.codebase.documents import documents_of, text_of
from grader.codebase.reading import Reading
from grader.codebase.shell import commands
from grader.codebase.task_files import rules
from grader.model.snapshot import Snapshot

_MAX_TARGETS = 100
_BYTES = 200 * 1024
_DEPTH = 3
# `src\train.py`, as a shell of Windows has it.
_BACKSLASH = re.compile(r"(?<=\w)\\(?=[A-Za-z_])")
# Put in when the command is run: `{name}`, `$NAME`.
_OPEN = re.compile(r"[{}$*\0]")
_RUN_NOTEBOOKS = frozenset({"jupyter", "papermill", "runipy"})
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")


@dataclass(frozen=True)
class Target:
    """One thing that a command starts.

    `path` is the file of the repository that it is; without one `is_missing` says that it
    should be one and is not there, else it is a program from elsewhere.
    """

    started: Started
    path: str | None = None
    is_missing: bool = False


class CommandFiles:
    """The files of a repository, as commands name them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._files = frozenset(snapshot.files)
        self._folders = frozenset(folders_of(snapshot.files))

    def targets(self, command: str, folder: str = "") -> tuple[Target, ...]:
        """What a command starts that is run in a folder, in order."""
        found: list[Target] = []
        for one in self._targets(command, "" if folder == "." else folder, 0):
            found.append(one)
            if len(found) >= _MAX_TARGETS:
                break
        return tuple(found)

    def _targets(self, command: str, folder: str, depth: int) -> Iterator[Target]:
        for said in commands(_BACKSLASH.sub("/", command)):
            words = said.bare
            if words[:1] == ("cd",) and len(words) == 2:
                folder = joined(folder, words[1])
                continue
            for one in started_by(words):
                if one.name in ("cmd", "cmd.exe") and depth < _DEPTH:
                    # `cmd /c "set A=b && python main.py"`.
                    rest = " ".join(one.words[1:])
                    yield from self._targets(rest, folder, depth + 1)
                elif one.kind == "make":
                    yield self._make(one, words, folder)
                else:
                    yield self._target(one, folder)

    def _target(self, one: Started, folder: str) -> Target:
        if one.kind == "script":
            return self._script(one, one.name, folder)
        if one.kind == "module":
            return self._module(one, folder)
        if one.name in _RUN_NOTEBOOKS:
            for word in one.words:
                if word.endswith(".ipynb"):
                    return self._script(one, word, folder)
        return Target(one, self._console.get(one.name))

    @cached_property
    def _console(self) -> dict[str, str]:
        """The files of the console scripts that pyproject.toml declares, by their names."""
        document = documents_of(self._snapshot).get("pyproject.toml")
        found: dict[str, str] = {}
        for keys in (("project", "scripts"), ("tool", "poetry", "scripts")):
            given = document.at(*keys)
            for name, value in (given if isinstance(given, dict) else {}).items():
                module = (
                    value.partition(":")[0].strip() if isinstance(value, str) else ""
                )
                stem = module.replace(".", "/")
                for path in (f"{stem}.py", f"src/{stem}.py", f"src/{stem}/__init__.py"):
                    if path in self._files:
                        found.setdefault(name, path)
        return found

    def _script(self, one: Started, name: str, folder: str) -> Target:
        path = joined(folder, name)
        if path in self._files:
            return Target(one, path)
        # A folder with a __main__.py can be run as well.
        main = joined(path, "__main__.py")
        if main in self._files:
            return Target(one, main)
        return Target(one, is_missing=not _OPEN.search(name))

    def _module(self, one: Started, folder: str) -> Target:
        stem = one.name.replace(".", "/")
        for home in (folder, joined(folder, "src")):
            for name in (f"{stem}.py", f"{stem}/__main__.py"):
                path = joined(home, name)
                if path in self._files:
                    return Target(one, path)
        first = joined(folder, stem.partition("/")[0])
        is_own = first in self._folders or f"{first}.py" in self._files
        return Target(one, is_missing=is_own and not _OPEN.search(one.name))

    def _make(self, one: Started, words: tuple[str, ...], folder: str) -> Target:
        if "-C" in words[:-1]:
            folder = joined(folder, words[words.index("-C") + 1])
        for name in _MAKEFILES:
            path = joined(folder, name)
            if path in self._files:
                text = text_of(self._snapshot, path, _BYTES) or ""
                has_it = not one.name or one.name in rules(text)
                return Target(one, path if has_it else None, is_missing=not has_it)
        return Target(one, is_missing=True)


def joined(folder: str, name: str) -> str:
    """A path below a folder, `""` for the top; what leaves the repository begins with `..`."""
    path = posixpath.normpath(posixpath.join(folder, name))
    return "" if path == "." else path


def folders_of(paths: Iterable[str]) -> Iterator[str]:
    """Every folder above the paths, the top left out."""
    seen: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in seen:
            seen.add(above)
            above = above.rpartition("/")[0]
    yield from seen


command_files_of: Reading[CommandFiles] = Reading(CommandFiles)
