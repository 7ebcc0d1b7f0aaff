"""What the answer to a request comes to: the functions that a route's handler calls.

Functions are followed by name, methods by the class of what they are called on: an
annotation, a constructor, what was put on `app.state`, or else by a method's name where
one class of the application has it. What is cached is not come to by each request.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.model_loads import is_model_load
from grader.codebase.reach import Reach
from grader.codebase.reading import Reading
from grader.codebase.routes import served_of
from grader.model.snapshot import Snapshot

MODEL_CALLS = frozenset(
    "predict predict_proba predict_log_proba decision_function predict_classes "
    "score_samples".split()
)
_CACHES = re.compile(
    r"(functools\.(lru_cache|cache|cached_property)|cachetools\.(func\.)?\w*cache\w*"
    r"|async_lru\.alru_cache)(\(\))?"
)
_MAX_FUNCTIONS = 200

Method = tuple[CodeFile, Function]


@dataclass(frozen=True, eq=False)
class Answering:
    """What one handler comes to.

    `functions` are itself and what it calls, in the order found, each in its file.
    `model_calls` are calls of a model's own method; `loads` those that load a model for
    each request.
    """

    file: CodeFile
    handler: Function
    functions: tuple[Method, ...]
    model_calls: tuple[tuple[CodeFile, ast.Call], ...]
    loads: tuple[tuple[CodeFile, ast.Call], ...]

    @property
    def own(self) -> tuple[Method, ...]:
        """The handler, and what it calls of its own file."""
        return tuple(one for one in self.functions if one[0] is self.file)

    @property
    def others(self) -> tuple[Method, ...]:
        """What it comes to in other modules."""
        return tuple(one for one in self.functions if one[0] is not self.file)

    def calls(self, *, own: bool = False) -> Iterator[tuple[CodeFile, ast.Call]]:
        """Every call in these functions; with `own` in those of the handler's file."""
        for file, node in self.own if own else self.functions:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    yield file, inner


class Answers:
    """What the handlers of a repository's application come to."""

    def __init__(self, code: Code, reach: Reach) -> None:
        self._code = code
        self._methods: dict[str, dict[str, Method]] = {}
        self._by_name: dict[str, list[Method]] = {}
        self._state: dict[str, list[str]] = {}
        for file in code.files.values():
            if not file.is_test:
                self._index(file, reach)
        for file, node in reach.nodes():
            match node:
                case ast.Assign(
                    targets=[
                        ast.Attribute(value=ast.Attribute(attr="state"), attr=name)
                    ],
                    value=value,
                ):
                    for one in ast.walk(value):
                        if isinstance(one, ast.Call):
                            made = code.symbol(file, one)
                            self._state.setdefault(name, []).append(made or "")
        self._read: dict[ast.AST, Answering] = {}

    def of(self, file: CodeFile, handler: Function) -> Answering:
        """What a handler comes to."""
        if handler not in self._read:
            self._read[handler] = self._follow(file, handler)
        return self._read[handler]

    def _index(self, file: CodeFile, reach: Reach) -> None:
        home = self._code.modules.importable(file.path)
        for name, node in file.functions.items():
            holder, _, own = name.rpartition(".")
            if not holder or not reach.reaches(file.classes[holder]):
                continue
            dotted = f"{home}.{holder}" if home else holder
            self._methods.setdefault(dotted, {})[own] = (file, node)
            self._by_name.setdefault(own, []).append((file, node))

    def _follow(self, file: CodeFile, handler: Function) -> Answering:
        found: dict[ast.AST, Method] = {handler: (file, handler)}
        # Whether each request comes to it, or the first one only.
        each: dict[ast.AST, bool] = {handler: True}
        todo = [handler]
        model_calls: list[tuple[CodeFile, ast.Call]] = []
        loads: list[tuple[CodeFile, ast.Call]] = []
        while todo and len(found) < _MAX_FUNCTIONS:
            node = todo.pop(0)
            home = found[node][0]
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    if self._is_model_call(home, inner):
                        model_calls.append((home, inner))
                    symbol = self._code.symbol(home, inner.func) or ""
                    if is_model_load(symbol) or _is_load_by_method(inner):
                        if each[node] and not _is_guarded(home, inner):
                            loads.append((home, inner))
                for other_file, other in self._named(home, inner):
                    is_each = (
                        each[node]
                        and not self._is_cached(other_file, other)
                        and not _is_guarded(home, inner)
                    )
                    if other not in found:
                        found[other] = (other_file, other)
                        each[other] = is_each
                        todo.append(other)
                    elif is_each and not each[other]:
                        each[other] = True
                        todo.append(other)
        return Answering(
            file,
            handler,
            tuple(found.values()),
            tuple(dict.fromkeys(model_calls)),
            tuple(dict.fromkeys(loads)),
        )

    def _named(self, file: CodeFile, node: ast.AST) -> list[Method]:
        """The project's functions that a name, or a call on an object, means."""
        if isinstance(node, ast.Name | ast.Attribute):
            defined = self._code.defined(file, node)
            if defined is not None and not defined.file.is_test:
                if isinstance(defined.node, ast.ClassDef):
                    made = defined.file.functions.get(f"{defined.name}.__init__")
                    is_made = made is not None and _is_made(file, node)
                    return [(defined.file, made)] if made and is_made else []
                return [(defined.file, defined.node)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self.methods(file, node.func)
        return []

    def methods(self, file: CodeFile, called: ast.Attribute) -> list[Method]:
        """The project's methods that `service.predict` may be."""
        name = called.attr
        if name not in self._by_name:
            return []
        for dotted in self._classes(file, called.value):
            if dotted in self._methods:
                found = self._methods[dotted].get(name)
                return [found] if found else []
            if dotted:
                return []
        same = self._by_name[name]
        # `model.predict` of nobody knows what is more likely a model's own.
        return same if len(same) == 1 and name not in MODEL_CALLS else []

    def _classes(self, file: CodeFile, receiver: ast.expr) -> list[str]:
        """The dotted names of the classes that an object may be of; `""` for unknown."""
        if annotated := self._annotated(file, receiver):
            return [annotated]
        match receiver:
            case ast.Name() if (value := file.names.value(receiver)) is not None:
                receiver = value
        state = _state_attribute(receiver)
        if state is not None and state in self._state:
            made = [one.removesuffix("()") for one in self._state[state]]
            return [one for one in made if one in self._methods] or made[:1]
        symbol = self._code.symbol(file, receiver)
        if is_self_name(receiver):
            return [self._own_class(file, receiver)]
        if symbol is None or ".state." in symbol:
            return []
        return [symbol.removesuffix("()")] if symbol.endswith("()") else []

    def _annotated(self, file: CodeFile, receiver: ast.expr) -> str | None:
        """The class of a variable by its own annotation: `service: Service = …`."""
        if not isinstance(receiver, ast.Name):
            return None
        value = file.names.value(receiver)
        parent = file.names.parents.get(value) if value is not None else None
        if isinstance(parent, ast.AnnAssign):
            symbol = self._code.symbol(file, parent.annotation)
            return symbol if symbol in self._methods else None
        return None

    def _own_class(self, file: CodeFile, receiver: ast.expr) -> str:
        node: ast.AST | None = receiver
        while node is not None and not isinstance(node, ast.ClassDef):
            node = file.names.parents.get(node)
        home = self._code.modules.importable(file.path)
        return f"{home}.{node.name}" if node else ""

    def _is_model_call(self, file: CodeFile, call: ast.Call) -> bool:
        called = call.func
        if not isinstance(called, ast.Attribute) or called.attr not in MODEL_CALLS:
            return False
        defined = self._code.defined(file, called)
        return defined is None and not self.methods(file, called)

    def _is_cached(self, file: CodeFile, function: Function) -> bool:
        for decorator in function.decorator_list:
            if _CACHES.fullmatch(self._code.symbol(file, decorator) or ""):
                return True
        return False


def _is_made(file: CodeFile, node: ast.AST) -> bool:
    """Whether a class is called, or handed to a call that will: `Depends(Service)`."""
    parent = file.names.parents.get(node)
    return isinstance(parent, ast.Call)


def is_self_name(node: ast.expr) -> bool:
    """Whether it is the name `self`."""
    return isinstance(node, ast.Name) and node.id == "self"


def _state_attribute(node: ast.expr) -> str | None:
    """`model` of `app.state.model` and `getattr(app.state, "model", None)`."""
    match node:
        case ast.Attribute(value=ast.Attribute(attr="state"), attr=name):
            return name
        case ast.Call(
            func=ast.Name(id="getattr"),
            args=[ast.Attribute(attr="state"), ast.Constant(value=str(name)), *_],
        ):
            return name
    return None


def _is_load_by_method(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr="load_from_checkpoint" | "from_pretrained"):
            return True
    return False


def _is_guarded(file: CodeFile, node: ast.AST) -> bool:
    """Whether it runs only while something is not there yet: `if model is None:`."""
    parent = file.names.parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.If) and _asks_for_absence(parent.test):
            return True
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return _returns_what_is_there(parent)
        parent = file.names.parents.get(parent)
    return False


def _returns_what_is_there(function: Function) -> bool:
    """`global model`, then `if model is not None: return model`."""
    keeps = any(isinstance(node, ast.Global) for node in function.body)
    for node in function.body:
        match node:
            case ast.If(test=test, body=[ast.Return(value=value), *_]) if value:
                if keeps and not _asks_for_absence(test):
                    return True
    return False


def _asks_for_absence(test: ast.expr) -> bool:
    stack = [test]
    while stack:
        match stack.pop():
            case ast.Compare(
                ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]
            ):
                return True
            case ast.Compare(ops=[ast.NotIn()]):
                return True
            case ast.UnaryOp(
                op=ast.Not(), operand=ast.Name() | ast.Attribute() | ast.Subscript()
            ):
                return True
            case ast.BoolOp(values=values):
                stack.extend(values)
    return False


def answers_of(snapshot: Snapshot) -> Answers:
    """What the handlers of the served apps come to."""
    return _answers_of(snapshot)


_answers_of: Reading[Answers] = Reading(
    lambda snapshot: Answers(code_of(snapshot), served_of(snapshot).reach)
)
