"""The functions and classes that a project defines, found by their dotted names."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from grader.checkers._signals.sight import FUNCTIONS
from grader.model.snapshot import Snapshot, is_test_file

# Far above what people write: `src.models.churn.predict`, re-exported once or twice.
_MAX_PARTS = 12
_MAX_STEPS = 10

# What a name of a module stands for: a definition, or the dotted name it is imported from.
_Meaning = ast.stmt | str


class OwnCode:
    """The project's modules without its tests, by every way to import them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._read: dict[str, dict[str, _Meaning]] = {}
        self._methods: dict[ast.ClassDef, frozenset[str]] = {}

    def has(self, name: str) -> bool:
        """Whether a dotted name is a function, class or method of the project's.

        A constant, a made object, and what a module has from elsewhere are none.
        """
        # `from ..src import calc`
        parts = name.lstrip(".").split(".")
        # A project's `random.py` doesn't make `random.seed` its own, and the pickle of a
        # notebook's class needs that class in `__main__`.
        if parts[0] in sys.stdlib_module_names or parts[0] == "__main__":
            return False
        if len(parts) > _MAX_PARTS:
            return False
        return self._has(parts, set())

    def _has(self, parts: list[str], seen: set[tuple[str, ...]]) -> bool:
        # Imports and bases may lead in a circle, and to many files of one name.
        if tuple(parts) in seen or len(seen) >= _MAX_STEPS:
            return False
        seen.add(tuple(parts))
        # The longest module of the name, and what is named in it.
        for end in range(len(parts) - 1, 0, -1):
            if paths := self._paths.get(tuple(parts[:end])):
                return any(self._defines(path, parts[end:], seen) for path in paths)
        return False

    def _defines(self, path: str, rest: list[str], seen: set[tuple[str, ...]]) -> bool:
        meaning = self._meanings(path).get(rest[0])
        if isinstance(meaning, str):
            dotted = [part for part in meaning.split(".") if part]
            return self._has([*dotted, *rest[1:]][:_MAX_PARTS], seen)
        if isinstance(meaning, ast.ClassDef) and len(rest) == 2:
            return self._is_method(rest[1], meaning, path, seen)
        return meaning is not None and len(rest) == 1

    def _is_method(
        self, name: str, of: ast.ClassDef, path: str, seen: set[tuple[str, ...]]
    ) -> bool:
        # What `==` and `()` do is the class's own, written or not.
        if name.startswith("__") and name.endswith("__"):
            return True
        if of not in self._methods:
            self._methods[of] = frozenset(
                node.name for node in of.body if isinstance(node, FUNCTIONS)
            )
        if name in self._methods[of]:
            return True
        module = PurePosixPath(path).with_suffix("").parts
        return any(
            self._has([*module, base.id, name], seen)
            for base in of.bases
            if isinstance(base, ast.Name)
        )

    def _meanings(self, path: str) -> dict[str, _Meaning]:
        if path not in self._read:
            tree = self._snapshot.module(path).tree
            self._read[path] = {} if tree is None else dict(_bound(tree))
        return self._read[path]

    @cached_property
    def _paths(self) -> dict[tuple[str, ...], list[str]]:
        # Which folders are on the path is not known: `model`, `src.model`, …
        found: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for path in self._snapshot.python_files:
            if is_test_file(path):
                continue
            parts = PurePosixPath(path).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            for length in range(1, min(len(parts), _MAX_PARTS) + 1):
                if len(found[parts[-length:]]) < _MAX_STEPS:
                    found[parts[-length:]].append(path)
        return dict(found)


def _bound(tree: ast.Module) -> Iterator[tuple[str, _Meaning]]:
    """What the names of a module stand for, those within `if` and `try` included."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
                yield name, node
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.asname:
                        yield alias.asname, alias.name
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    bound = alias.asname or alias.name
                    yield bound, f"{node.module or ''}.{alias.name}"
            case ast.Module() | ast.If() | ast.Try() | ast.ExceptHandler() | ast.With():
                pending.extend(ast.iter_child_nodes(node))
