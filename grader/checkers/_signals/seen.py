"""Signals out of the code alone: read, never run."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from grader.checkers._signals.hooks import hooks
from grader.checkers._signals.own import OwnCode
from grader.checkers._signals.patches import patches
from grader.checkers._signals.reach import reach
from grader.checkers._signals.sight import Code, signal, signals_of
from grader.checkers._signals.tampers import tampers
from grader.codebase.names import read_names
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

# A module of such a name at the top is imported in place of the tool, or at every start.
# Others (`json.py`, `random.py`) are oddities: what we need is imported before them.
_TOOLS = frozenset({"pytest", "_pytest", "pluggy", "coverage", "pytest_cov"})
_AT_START = frozenset({"sitecustomize", "usercustomize"})


def code_signals(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Every file's signals, in the order of the files; only what Python can parse."""
    found: list[Finding] = []
    own = OwnCode(snapshot)
    for path in snapshot.python_files:
        tree = snapshot.module(path).tree
        if tree is None:
            continue
        code = Code(path, tree, read_names(tree))
        sights = [*reach(code), *patches(code), *hooks(code), *tampers(code, own)]
        found += signals_of(path, sights)
    return tuple(found)


def file_signals(snapshot: Snapshot, plugins: Iterable[str]) -> tuple[Finding, ...]:
    """Files that are loaded in place of the tools or before the tests.

    `plugins` are what the repository's own pytest settings name with `-p`.
    """
    found: list[Finding] = []
    for path in snapshot.files:
        module = _top_module(path)
        if module in _TOOLS:
            found.append(
                signal(
                    "named-as-a-tool",
                    f"This has the name of `{module}`, with which the tests are run and "
                    "measured.",
                    path,
                )
            )
        elif module in _AT_START or path.endswith(".pth"):
            found.append(
                signal(
                    "runs-at-start",
                    "Python runs a file of this name at its start, before any test.",
                    path,
                )
            )
    for plugin in plugins:
        file = f"{plugin.replace('.', '/')}.py"
        places = (file, f"src/{file}", file.removesuffix(".py") + "/__init__.py")
        found_at = [place for place in places if place in snapshot.files]
        if found_at:
            found.append(
                signal(
                    "own-plugin",
                    f"The repository's own pytest settings load `{plugin}` as a plugin, "
                    "before any test.",
                    found_at[0],
                )
            )
    return tuple(found)


def _top_module(path: str) -> str | None:
    """The top-level module that a file is part of, when the top or `src` is on the path."""
    parts = PurePosixPath(path.removeprefix("src/")).parts
    if not path.endswith(".py"):
        return None
    return parts[0].removesuffix(".py") if len(parts) <= 2 else None
