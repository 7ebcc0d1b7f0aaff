"""Who logs: the modules and functions of the pipeline, and by which logger."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.codebase.bodies import is_stub
from grader.codebase.code import CodeFile, Function, code_of, own_nodes
from grader.codebase.entry import pipeline_of
from grader.codebase.log_calls import is_log_call, last_name
from grader.codebase.origins import Value, origins_of
from grader.codebase.units import units_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# Loggers that say by themselves from which module a message is.
_NAMED = ("loguru.logger", "structlog.", "absl.logging", "prefect.")
_PRINTS = frozenset({"print", "pprint.pprint", "rich.print", "pprint.pp"})
_MAX_DEPTH = 6


@dataclass
class Uses:
    """What logs in the code that runs, module by module.

    `modules` are those with a function that does something, without the one that only sets
    logging up; `named` those of them with a logger of their own name; `root` the messages
    given to the module `logging` itself; `traced` the handlers of errors that log where the
    error comes from; `functions` with how many of them log.
    """

    modules: dict[str, Sight | None] = field(default_factory=dict)
    named: dict[str, Sight] = field(default_factory=dict)
    root: list[Sight] = field(default_factory=list)
    traced: list[Sight] = field(default_factory=list)
    handlers: list[Sight] = field(default_factory=list)
    functions: int = 0
    functions_logging: int = 0

    @property
    def logging(self) -> dict[str, Sight]:
        """The modules that log, each with its first place."""
        return {path: one for path, one in self.modules.items() if one is not None}


def uses_of(snapshot: Snapshot, setting_up: set[str]) -> Uses:
    """What logs; `setting_up` are the files that set logging up."""
    return _Reader(snapshot).read(setting_up)


def prints_of(snapshot: Snapshot) -> tuple[list[Sight], int]:
    """Where source code outside tests prints, save below `__main__`, and its lines."""
    code, units = code_of(snapshot), units_of(snapshot)
    running = pipeline_of(snapshot).reach.paths
    paths = sorted({*snapshot.source_files, *running})
    found, lines = [], 0
    for path in paths:
        file = code.files.get(path)
        if file is None or file.is_test:
            continue
        lines += snapshot.module(path).line_count
        for node in file.names.nodes:
            if isinstance(node, ast.Call) and not units.of(node).is_script:
                if code.symbol(file, node.func) in _PRINTS:
                    found.append(Sight(path=path, line=node.lineno, what="print"))
    return found, lines


class _Reader:
    def __init__(self, snapshot: Snapshot) -> None:
        self._code = code_of(snapshot)
        self._origins = origins_of(snapshot)
        self._reach = pipeline_of(snapshot).reach
        self._uses = Uses()

    def read(self, setting_up: set[str]) -> Uses:
        places: dict[str, Sight] = {}
        names: dict[str, set[str]] = {}
        in_functions: set[ast.AST] = set()
        for file, node in self._reach.nodes():
            if file.is_test:
                continue
            if isinstance(node, ast.ExceptHandler):
                self._handler(file, node)
            elif isinstance(node, ast.Call) and is_log_call(self._code, file, node):
                sight = Sight(path=file.path, line=node.lineno, what=_method(node))
                places.setdefault(file.path, sight)
                in_functions.update(_functions_around(file, node))
                name = self._name(file, node)
                if name is None:
                    self._uses.root.append(sight)
                else:
                    names.setdefault(file.path, set()).add(name)
        self._modules(places, setting_up, in_functions)
        holders = Counter(name for found in names.values() for name in found)
        for path, found in names.items():
            if any(name == path or name and holders[name] == 1 for name in found):
                self._uses.named[path] = places[path]
        return self._uses

    def _modules(
        self,
        places: dict[str, Sight],
        setting_up: set[str],
        in_functions: set[ast.AST],
    ) -> None:
        for path in sorted(self._reach.paths):
            file = self._code.files[path]
            working = [
                node
                for node in file.functions.values()
                if self._reach.reaches(node) and not is_stub(file, node)
            ]
            only_sets_up = path in setting_up and path not in places
            if file.is_test or only_sets_up or not (working or path in places):
                continue
            self._uses.modules[path] = places.get(path)
            self._uses.functions += len(working)
            self._uses.functions_logging += sum(one in in_functions for one in working)

    def _handler(self, file: CodeFile, handler: ast.ExceptHandler) -> None:
        sight = Sight(path=file.path, line=handler.lineno)
        self._uses.handlers.append(sight)
        for node in own_nodes(handler):
            if isinstance(node, ast.Call) and is_log_call(self._code, file, node):
                if _is_traced(node):
                    what = f"{_method(node)} with the traceback"
                    place = Sight(path=file.path, line=node.lineno, what=what)
                    self._uses.traced.append(place)
                    return

    def _name(self, file: CodeFile, call: ast.Call) -> str | None:
        """The logger's name: a module's path for `__name__`, "" for one that is handed on.

        None for the root logger.
        """
        func = call.func
        if not isinstance(func, ast.Attribute):
            return ""
        symbol = self._code.symbol(file, func) or ""
        if symbol.startswith(_NAMED):
            return file.path
        if symbol == f"logging.{func.attr}" or symbol.startswith("logging.root."):
            return None
        return self._name_of(Value(file, func.value), _MAX_DEPTH)

    def _name_of(self, value: Value, depth: int) -> str | None:
        node = value.node
        if depth == 0:
            return ""
        if isinstance(node, ast.Call):
            symbol = self._code.symbol(value.file, node.func)
            if symbol == "logging.getLogger":
                given = [*node.args, *(one.value for one in node.keywords)]
                return self._given_name(value.other(given[0]), depth) if given else None
            inner = self._origins.returned(value)
            if symbol == "logging.LoggerAdapter":
                inner = [value.other(one) for one in node.args[:1]]
        else:
            inner = self._origins.of(value)
        for one in inner:
            # `logger: Logger | None = None` says nothing of the name.
            if not isinstance(one.node, ast.Constant):
                return self._name_of(one, depth - 1)
        return ""

    def _given_name(self, value: Value, depth: int) -> str:
        """What is given to getLogger: the path of the module whose `__name__` it is, a text."""
        node = value.node
        if isinstance(node, ast.Name) and node.id in ("__name__", "__file__"):
            return value.file.path
        if (text := self._origins.text(value)) is not None:
            return f'"{text}"'
        for one in self._origins.of(value) if depth else ():
            return self._given_name(one, depth - 1)
        return ""


def _is_traced(call: ast.Call) -> bool:
    if _method(call) == "exception":
        return True
    for keyword in call.keywords:
        if keyword.arg == "exc_info":
            match keyword.value:
                case ast.Constant(value=False | None):
                    return False
            return True
    match call.func:
        case ast.Attribute(
            value=ast.Call(func=ast.Attribute(attr="opt"), keywords=[*given])
        ):
            return any(one.arg == "exception" for one in given)
    return any(
        isinstance(node, ast.Attribute | ast.Name) and last_name(node) == "format_exc"
        for one in call.args
        for node in ast.walk(one)
    )


def _functions_around(file: CodeFile, node: ast.AST) -> Iterator[ast.AST]:
    above: ast.AST | None = node
    while above is not None:
        above = file.names.parents.get(above)
        if isinstance(above, Function):
            yield above


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
