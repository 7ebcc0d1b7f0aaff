"""The Python files of a repository with their names resolved across files.

`Code.symbol` writes what an expression is as one dotted name, with `()` for what a call
gives: after `logger = logging.getLogger(__name__)`, in whatever module, `logger.info` is
`logging.getLogger().info`, and the method of an app is `fastapi.FastAPI().get`.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TypeGuard

from grader.codebase.modules import Modules, Target
from grader.codebase.names import Definition, Names, read_names
from grader.codebase.reading import Reading
from grader.model.snapshot import Snapshot, is_test_file

# Syntax trees take a hundred times their text, and these are all held at once.
MAX_BYTES = 3 * 1024 * 1024
# Names of names, functions that return what functions return: far above what people write.
_MAX_STEPS = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class CodeFile:
    """One Python file that could be parsed.

    `functions` and `classes` are those at its own level and, as `Class.method`, in classes
    there; `stars` the modules of its `from x import *`.
    """

    path: str
    tree: ast.Module
    names: Names
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    is_test: bool = False

    def own_value(self, attribute: ast.Attribute) -> ast.expr | None:
        """What `self.x` is assigned in its class, where it is assigned once."""
        node: ast.AST | None = attribute
        for _ in range(_MAX_STEPS):
            node = self.names.parents.get(node) if node else None
            if isinstance(node, ast.ClassDef):
                return self._own_values.get(node, {}).get(attribute.attr)
        return None

    @cached_property
    def _own_values(self) -> dict[ast.ClassDef, dict[str, ast.expr | None]]:
        found: dict[ast.ClassDef, dict[str, ast.expr | None]] = {}
        for holder in self.classes.values():
            values = found.setdefault(holder, {})
            for node in ast.walk(holder):
                match node:
                    case ast.Assign(
                        targets=[target], value=ast.expr() as value
                    ) | ast.AnnAssign(
                        target=target, value=ast.expr() as value
                    ) if is_self(
                        target
                    ):
                        again = target.attr in values
                        values[target.attr] = None if again else value
        return found

    @property
    def docstring(self) -> str | None:
        """The module's own."""
        return ast.get_docstring(self.tree)


@dataclass(frozen=True, eq=False)
class Defined:
    """A function or class of the repository, and the file that defines it."""

    file: CodeFile
    node: Definition

    @property
    def name(self) -> str:
        """Its name, of a method without the class."""
        return self.node.name


class Code:
    """All Python files of a repository that are followed, by path.

    Those beyond `MAX_BYTES` in all are not (`unread`), tests the first to be left out.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.files: dict[str, CodeFile] = {}
        self.unread: tuple[str, ...] = ()
        self.modules = Modules(snapshot.python_files)
        room, unread = MAX_BYTES, []
        for path in sorted(snapshot.python_files, key=is_test_file):
            module = snapshot.module(path)
            room -= len(module.text)
            if room < 0:
                unread.append(path)
            elif module.problem is None and (tree := module.tree) is not None:
                self.files[path] = read_file(path, tree)
        self.unread = tuple(sorted(unread))

    def defined(self, file: CodeFile, node: ast.AST | None) -> Defined | None:
        """The function or class that a name or attribute means, in whatever file it is."""
        if found := file.names.definition(node):
            definition, rest = found
            return _member(Defined(file, definition), rest)
        if (dotted := self._dotted(file, node)) is None:
            return None
        return self.at(dotted, file)

    def at(self, dotted: str, file: CodeFile) -> Defined | None:
        """What a dotted name, used in a file, stands for, through what modules re-export."""
        for _ in range(_MAX_STEPS):
            target = self.modules.find(dotted, file.path)
            if target is None or target.path is None or not target.rest:
                return None
            if target.path not in self.files:
                return None
            file = self.files[target.path]
            first, *rest = target.rest
            meaning = file.names.at_top(first)
            if meaning is None:
                meaning, rest = self._by_star(file, first, rest), []
            if isinstance(meaning, str):
                dotted = ".".join([meaning, *rest])
            elif meaning is not None:
                return _member(Defined(file, meaning), rest)
            else:
                return None
        return None

    def symbol(self, file: CodeFile, node: ast.AST | None) -> str | None:
        """What an expression is, as a dotted name with `()` for calls; None for no name.

        Names of the repository's own are those from its top: `src.models.Net().fit`.
        A builtin is its own name, and a call of what can't be known is no name.
        """
        return self._symbol(file, node, [_MAX_STEPS])

    def _symbol(
        self, file: CodeFile, node: ast.AST | None, steps: list[int]
    ) -> str | None:
        suffix = ""
        while steps[0] > 0:
            steps[0] -= 1
            match node:
                case ast.Attribute():
                    if is_self(node) and (value := file.own_value(node)) is not None:
                        node = value
                        continue
                    suffix = f".{node.attr}{suffix}"
                    node = node.value
                case ast.Await():
                    node = node.value
                case ast.Call():
                    if (made := self._returned(file, node, steps)) is not None:
                        return made + suffix
                    suffix = f"(){suffix}"
                    node = node.func
                case ast.Name():
                    if (value := file.names.value(node)) is not None:
                        node = value
                        continue
                    return self._named(file, node, suffix, steps)
                case _:
                    return None
        return None

    def _named(
        self, file: CodeFile, node: ast.Name, suffix: str, steps: list[int]
    ) -> str | None:
        """A name that no call or assignment of its own file explains."""
        if found := file.names.definition(node):
            return f"{self._top_name(Defined(file, found[0]))}{suffix}"
        dotted = self._dotted(file, node)
        if dotted is None:
            return None
        # The attributes may be modules still: `import src.log`, then `src.log.logger`.
        attributes, call, beyond = suffix.partition("()")
        return self._of_dotted(file, dotted + attributes, call + beyond, steps)

    def _of_dotted(
        self, file: CodeFile, dotted: str, tail: str, steps: list[int]
    ) -> str | None:
        """What a dotted name, used in a file, is, with what follows its first call."""
        steps[0] -= 1
        if steps[0] <= 0:
            return None
        target = self.modules.find(dotted, file.path)
        if target is None or target.path is None:
            return f"{dotted}{tail}"
        if not self._has(target):
            target = self._in_package(target) or target
        path = target.path or ""
        if not target.rest:
            return f"{self.modules.importable(path)}{tail}"
        name, *more = target.rest
        tail = "".join(f".{one}" for one in more) + tail
        inner = self.files.get(path)
        meaning = inner.names.at_top(name) if inner else None
        if inner is None:
            return f"{self.modules.importable(path)}.{name}{tail}"
        if meaning is None and (value := inner.names.top_value(name)) is not None:
            # A variable of another module: `from src.log import logger`.
            made = self._symbol(inner, value, steps)
            return f"{made}{tail}" if made else None
        if meaning is not None and not isinstance(meaning, str):
            return f"{self._top_name(Defined(inner, meaning))}{tail}"
        if meaning := meaning or self._by_star(inner, name, []):
            # The module has it from another one.
            attributes, call, beyond = tail.partition("()")
            return self._of_dotted(inner, meaning + attributes, call + beyond, steps)
        return f"{self.modules.importable(path)}.{name}{tail}"

    def _has(self, target: Target) -> bool:
        """Whether the module has the name that follows it."""
        file = self.files.get(target.path or "")
        if file is None or not target.rest:
            return False
        name = target.rest[0]
        return (
            file.names.at_top(name) is not None
            or file.names.top_value(name) is not None
            or self._by_star(file, name, []) is not None
        )

    def _in_package(self, target: Target) -> Target | None:
        """A module's name in its package, where that is something else than the module.

        After `from .logger import logger` in `log/__init__.py`, `log.logger` is what that
        brings, and not the module `log/logger.py`.
        """
        pure = PurePosixPath(target.path or "")
        init = str(pure.parent / "__init__.py")
        file = self.files.get(init)
        if file is None or pure.name == "__init__.py":
            return None
        meaning = file.names.at_top(pure.stem)
        if isinstance(meaning, str):
            there = self.modules.find(meaning, init)
            if there is not None and there.path == target.path and not there.rest:
                return None
        elif meaning is None and file.names.top_value(pure.stem) is None:
            return None
        return Target(init, str(pure.parent), (pure.stem, *target.rest))

    def _returned(self, file: CodeFile, call: ast.Call, steps: list[int]) -> str | None:
        """What a call of the repository's own function gives, where it returns one thing."""
        defined = self.defined(file, call.func)
        if defined is None or isinstance(defined.node, ast.ClassDef):
            return None
        returns = [
            node.value
            for node in own_nodes(defined.node)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        made = {self._symbol(defined.file, value, steps) for value in returns[:4]}
        return made.pop() if len(made) == 1 else None

    def _dotted(self, file: CodeFile, node: ast.AST | None) -> str | None:
        dotted = file.names.qualified(node)
        if dotted is None or not file.stars:
            return dotted
        first = dotted.partition(".")[0]
        for star in file.stars:
            if self.at(f"{star}.{first}", file) is not None:
                return f"{star}.{dotted}"
        return dotted

    def _by_star(self, file: CodeFile, first: str, rest: list[str]) -> str | None:
        """The dotted name of what a `from x import *` brings; relative to `file`."""
        for star in file.stars[:_MAX_STEPS]:
            target = self.modules.find(star, file.path)
            inner = self.files.get(target.path or "") if target else None
            if inner is None:
                continue
            names = inner.names
            if names.at_top(first) is not None or names.top_value(first) is not None:
                joint = "" if star.endswith(".") else "."
                return ".".join([f"{star}{joint}{first}", *rest])
        return None

    def _top_name(self, defined: Defined) -> str:
        home = self.modules.importable(defined.file.path)
        return f"{home}.{defined.name}" if home else defined.name


def _member(defined: Defined, rest: list[str]) -> Defined | None:
    """A method of a class, by name; the class or function itself where nothing follows."""
    if not rest:
        return defined
    if isinstance(defined.node, ast.ClassDef) and len(rest) == 1:
        for node in defined.node.body:
            if isinstance(node, Definition) and node.name == rest[0]:
                return Defined(defined.file, node)
    return None


def read_file(path: str, tree: ast.Module) -> CodeFile:
    """A parsed file with its names, functions and classes."""
    file = CodeFile(
        path=path,
        tree=tree,
        names=read_names(tree),
        stars=tuple(
            "." * node.level + (node.module or "")
            for node in _imports(tree)
            if any(alias.name == "*" for alias in node.names)
        ),
        is_test=is_test_file(path),
    )
    for node in _level(tree):
        if isinstance(node, ast.ClassDef):
            file.classes[node.name] = node
            for inner in _level(node):
                if isinstance(inner, Function):
                    file.functions[f"{node.name}.{inner.name}"] = inner
        elif isinstance(node, Function):
            file.functions[node.name] = node
    return file


def is_self(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether it is `self.x`."""
    match node:
        case ast.Attribute(value=ast.Name(id="self")):
            return True
    return False


def _imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    return (node for node in _level(tree) if isinstance(node, ast.ImportFrom))


def _level(holder: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """The statements of a level, also in its `if`, `try` and `with`, not in definitions."""
    stack: list[ast.AST] = list(reversed(holder.body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        if isinstance(node, Definition):
            continue
        inner = (
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
        )
        stack.extend(reversed(list(inner)))


def own_nodes(holder: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, without those of functions and classes defined in it."""
    stack = list(ast.iter_child_nodes(holder))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

code_of: Reading[Code] = Reading(Code)
