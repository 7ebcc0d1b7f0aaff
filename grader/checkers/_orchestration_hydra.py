"""Hydra: whether what runs is started by it, with a configuration that is there."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.command_files import joined
from grader.codebase.documents import Documents, documents_of
from grader.codebase.origins import UNKNOWN, Origins, Value, origins_of
from grader.codebase.reach import Reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MAIN = frozenset({"hydra.main", "hydra.main.main"})
_COMPOSE = frozenset({"hydra.compose", "hydra.compose.compose"})
_INITIALIZE = frozenset(
    "hydra.initialize hydra.initialize_config_dir hydra.experimental.initialize".split()
)
_STORES = ".ConfigStore.instance().store"
_SUFFIXES = ("", ".yaml", ".yml")


@dataclass(frozen=True)
class HydraUse:
    """One use of Hydra: where, the file it takes, or why there is none that it could take."""

    sight: Sight
    config: str = ""
    problem: str = ""
    is_reached: bool = True


class HydraUses:
    """What a repository starts with Hydra."""

    def __init__(self, snapshot: Snapshot, reach: Reach) -> None:
        self._code: Code = code_of(snapshot)
        self._origins: Origins = origins_of(snapshot)
        self._documents: Documents = documents_of(snapshot)
        self._files: Sequence[str] = snapshot.files
        self._reach = reach
        # Whoever uses it names it: most files are passed over at once.
        self._naming = frozenset(
            path for path in self._code.files if "hydra" in snapshot.module(path).text
        )
        self.uses = tuple((*self._decorated(), *self._composed()))

    def _decorated(self) -> Iterator[HydraUse]:
        for file in self._code.files.values():
            is_meant = file.path in self._naming and not file.is_test
            for function in file.functions.values() if is_meant else ():
                for decorator in function.decorator_list:
                    symbol = self._code.symbol(file, decorator) or ""
                    if symbol.removesuffix("()") in _MAIN:
                        yield self._use(file, function, decorator)

    def _use(self, file: CodeFile, function: Function, decorator: ast.expr) -> HydraUse:
        call = decorator if isinstance(decorator, ast.Call) else None
        sight = Sight(
            path=file.path, line=decorator.lineno, what=f"{function.name}()"[:120]
        )
        is_reached = self._reach.reaches(function)
        if call is None:
            told = "@hydra.main has no brackets, and takes the function for a path"
            return HydraUse(sight, problem=told, is_reached=is_reached)
        folder = _argument(call, 0, "config_path")
        name = _argument(call, 1, "config_name")
        config, problem = self._config(file, folder, name)
        return HydraUse(sight, config, problem, is_reached)

    def _composed(self) -> Iterator[HydraUse]:
        """`compose`, with the folder of an `initialize` in the same file."""
        for file, call in self._reach.calls():
            if file.is_test or file.path not in self._naming:
                continue
            symbol = self._code.symbol(file, call.func) or ""
            if symbol not in _COMPOSE:
                continue
            folders = [
                _argument(node, 0, "config_path") or _argument(node, 0, "config_dir")
                for node in file.names.nodes
                if isinstance(node, ast.Call)
                and (self._code.symbol(file, node.func) or "") in _INITIALIZE
            ]
            sight = Sight(path=file.path, line=call.lineno, what=symbol)
            name = _argument(call, 0, "config_name")
            if not folders:
                told = "compose() without initialize() has no folder to take it from"
                yield HydraUse(sight, problem=told)
                continue
            config, problem = self._config(file, folders[0], name)
            yield HydraUse(sight, config, problem)

    def _config(
        self, file: CodeFile, folder: ast.expr | None, name: ast.expr | None
    ) -> tuple[str, str]:
        """The file that a use of Hydra takes, or why it finds none."""
        named = None if _is_none(name) else self._text(file, name)
        if _is_none(name):
            return "", "it names no configuration"
        if named is None:
            return "", "the name of its configuration can't be read from the code"
        if named in self._stored:
            return named, ""
        where = None if _is_none(folder) else self._text(file, folder)
        if where is not None:
            home = str(PurePosixPath(file.path).parent)
            bases = [joined(joined(home, where), named), joined(where, named)]
            bases = bases if where.startswith(UNKNOWN) else bases[:1]
        elif folder is not None and not _is_none(folder):
            # The folder is put together when it runs: the name must be there somewhere.
            bases = [
                str(PurePosixPath(path).with_suffix(""))
                for path in self._files
                if PurePosixPath(path).stem == PurePosixPath(named).stem
                and PurePosixPath(path).suffix in (".yaml", ".yml")
            ]
        else:
            home = str(PurePosixPath(file.path).parent)
            bases = [joined(home, named)]
        for base in bases:
            for suffix in _SUFFIXES:
                document = self._documents.find(base + suffix)
                if document is None or not (base + suffix).endswith(_SUFFIXES[1:]):
                    continue
                if document.problem:
                    return "", f"{document.path} can't be read: {document.problem}"
                return document.path, ""
        shown = f"{where}/{named}" if where and UNKNOWN not in where else named
        return "", f"{shown[:120]}.yaml is not there"

    def _text(self, file: CodeFile, node: ast.expr | None) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value  # `.`, which says nothing as a part of a path.
        text = self._origins.text(Value(file, node)) if node is not None else None
        if text is None or UNKNOWN in text:
            return None
        return text.removeprefix("file://")

    @cached_property
    def _stored(self) -> frozenset[str]:
        """The names that code gives to Hydra's ConfigStore."""
        found = set()
        for file in self._code.files.values():
            for node in file.names.nodes if file.path in self._naming else ():
                if isinstance(node, ast.Call) and _is_store(node.func):
                    symbol = self._code.symbol(file, node.func) or ""
                    given = _argument(node, 99, "name")
                    if symbol.endswith(_STORES) and given is not None:
                        text = self._text(file, given)
                        if text:
                            found.add(text)
        return frozenset(found)


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place < len(call.args) else None


def _is_store(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "store"


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
