"""What of a request flows where: its data, what is predicted, how long that took.

Followed by name through assignments, arguments and results of the functions that answer a
request; what is only said of data (its length, its columns) is not the data.
"""

import ast
from collections.abc import Iterator
from typing import Literal

from grader.codebase.answering import MODEL_CALLS, Answering, Answers
from grader.codebase.bindings import all_parameters, parameters
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.log_calls import last_name
from grader.codebase.predicting import is_around, predicts_by_name
from grader.codebase.stages import stages_of, words_of
from grader.model.snapshot import Snapshot

Kind = Literal["input", "prediction", "latency", "clock"]
Kinds = frozenset[Kind]

NOTHING: Kinds = frozenset()
_CLOCKS = frozenset(
    "time.time time.time_ns time.perf_counter time.perf_counter_ns time.monotonic "
    "time.monotonic_ns time.process_time timeit.default_timer datetime.datetime.now "
    "datetime.datetime.utcnow asyncio.get_event_loop().time".split()
)
# A request as a whole, and what else FastAPI hands in: no data by itself.
_NO_DATA = frozenset(
    "Request Response BackgroundTasks WebSocket HTTPConnection SecurityScopes".split()
)
_HANDED_IN = frozenset("Depends Security Header Cookie".split())
_BODIES = frozenset("json body form get_json get_data stream".split())
_SAYS_OF_DATA = frozenset(
    "shape size columns dtypes index filename content_type headers method url client "
    "path".split()
)
_ABOUT_FILES = frozenset("filename content_type headers method url client path".split())
_ASKS = frozenset("len type isinstance hasattr id".split())
_COLLECTS = frozenset(
    "append appendleft extend add update insert setdefault add_data add_row put "
    "writerow writerows write".split()
)
_MODELS = frozenset(
    {"model", "net", "classifier", "predictor", "regressor", "pipeline", "pipe"}
)
_SESSIONS = frozenset({"session", "sess", "ort"})
_ROUNDS = 4
_MAX_NODES = 20_000


class Flow:
    """The kinds of values in the functions that answer one request."""

    def __init__(
        self, snapshot: Snapshot, answers: Answers, answering: Answering
    ) -> None:
        self._code: Code = code_of(snapshot)
        self._answers = answers
        self._inference = {
            one.node
            for one in stages_of(snapshot).of("inference")
            if not is_around(one.node.name)
        }
        self._homes = {node: file for file, node in answering.functions}
        self._model_calls = {call for _, call in answering.model_calls}
        self._nodes = {node: _nodes(node) for node in self._homes}
        self._predicting = {
            node
            for node in self._homes
            if node is not answering.handler
            and (
                (predicts_by_name(node.name) and not is_around(node.name))
                or not self._model_calls.isdisjoint(self._nodes[node])
            )
        }
        self._values: dict[tuple[ast.AST | str, str], Kinds] = {}
        self._returns: dict[ast.AST, Kinds] = {}
        self._is_changed = False
        self._hand_in(answering)
        for _ in range(_ROUNDS):
            self._is_changed = False
            for node, file in self._homes.items():
                self._pass(file, node)
            if not self._is_changed:
                break

    def of(self, function: Function, expression: ast.expr) -> Kinds:
        """What an expression in one of the functions carries."""
        found: set[Kind] = set()
        file, stack = self._homes[function], list[ast.AST]([expression])
        while stack:
            node = stack.pop()
            match node:
                case ast.Name(id=name):
                    found |= self._named(file, function, name)
                case ast.Attribute(attr=attr) if attr in _SAYS_OF_DATA:
                    continue
                case ast.BinOp(left=left, op=ast.Sub()) if self._is_clock(
                    file, function, left
                ):
                    found.add("latency")
                    continue
                case ast.Call():
                    given = self._of_call(file, node)
                    if given is None:
                        continue
                    found |= given
            stack.extend(ast.iter_child_nodes(node))
        return frozenset(found)

    def is_about(self, function: Function, expression: ast.expr) -> bool:
        """Whether an expression asks anything of the input: its values, its length."""
        file = self._homes[function]
        stack = list[ast.AST]([expression])
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Attribute) and node.attr in _ABOUT_FILES:
                continue
            if isinstance(node, ast.Name):
                if "input" in self._named(file, function, node.id):
                    return True
            stack.extend(ast.iter_child_nodes(node))
        return False

    def _of_call(self, file: CodeFile, call: ast.Call) -> Kinds | None:
        """What a call gives beside what it is given; None where that does not matter."""
        symbol = self._code.symbol(file, call.func) or ""
        if symbol in _ASKS:
            return None
        if symbol in _CLOCKS:
            return frozenset({"clock"})
        found: set[Kind] = set()
        if call in self._model_calls or last_name(call.func) in _MODELS:
            found.add("prediction")
        if any(
            isinstance(one, ast.Attribute) and one.attr in MODEL_CALLS
            for one in call.args
        ):
            # `run_in_threadpool(model.predict, frame)`
            found.add("prediction")
        match call.func:
            case ast.Attribute(attr=attr, value=ast.Name(id="request" | "req")):
                if attr in _BODIES:
                    found.add("input")
            case ast.Attribute(attr="run", value=receiver):
                # Of ONNX: `session.run(None, {…})`
                if not _SESSIONS.isdisjoint(words_of(last_name(receiver))):
                    found.add("prediction")
        for node in self._called(file, call.func):
            found |= self._returns.get(node, NOTHING)
            # What another module asks the module of inference for; its own helpers may be
            # about anything.
            is_asked = node in self._inference and self._homes[node] is not file
            if node in self._predicting or is_asked:
                found.add("prediction")
        return frozenset(found) - {"clock"}

    def _called(self, file: CodeFile, called: ast.expr) -> list[Function]:
        defined = self._code.defined(file, called)
        if defined is not None:
            node: ast.AST | None = defined.node
            if isinstance(node, ast.ClassDef):
                node = defined.file.functions.get(f"{defined.name}.__init__")
            found = [node] if isinstance(node, Function) else []
        elif isinstance(called, ast.Attribute):
            found = [node for _, node in self._answers.methods(file, called)]
        else:
            found = []
        return [one for one in found if one in self._homes]

    def _named(self, file: CodeFile, function: Function, name: str) -> Kinds:
        own = self._values.get((function, name), NOTHING)
        return own | self._values.get((file.path, name), NOTHING)

    def _is_clock(self, file: CodeFile, function: Function, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return (self._code.symbol(file, node.func) or "") in _CLOCKS
        return isinstance(node, ast.Name) and (
            "clock" in self._named(file, function, node.id)
        )

    def _hand_in(self, answering: Answering) -> None:
        """The parameters of the handler that are data of the request."""
        arguments = answering.handler.args
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        handed = {
            id(one)
            for one in defaults
            if isinstance(one, ast.Call) and last_name(one.func) in _HANDED_IN
        }
        places = [*arguments.posonlyargs, *arguments.args]
        by_default = dict(
            zip([one.arg for one in reversed(places)], reversed(arguments.defaults))
        )
        for one in [*places, *arguments.kwonlyargs]:
            default = by_default.get(one.arg)
            kind = last_name(one.annotation) if one.annotation is not None else ""
            if kind in _NO_DATA or id(default) in handed or one.arg == "self":
                continue
            self._add((answering.handler, one.arg), frozenset({"input"}))

    def _pass(self, file: CodeFile, function: Function) -> None:
        for node in self._nodes[function]:
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._assign(file, function, target, value)
                case (
                    ast.AnnAssign(target=target, value=ast.expr() as value)
                    | ast.AugAssign(target=target, value=value)
                    | ast.NamedExpr(target=target, value=value)
                    | ast.For(target=target, iter=value)
                    | ast.AsyncFor(target=target, iter=value)
                    | ast.comprehension(target=target, iter=value)
                ):
                    self._assign(file, function, target, value)
                case ast.Return(value=ast.expr() as value):
                    kinds = self.of(function, value) - {"clock"}
                    if not kinds <= self._returns.get(function, NOTHING):
                        self._returns[function] = (
                            self._returns.get(function, NOTHING) | kinds
                        )
                        self._is_changed = True
                case ast.Call():
                    self._collect(file, function, node)
                    self._bind(file, function, node)

    def _assign(
        self, file: CodeFile, function: Function, target: ast.expr, value: ast.expr
    ) -> None:
        kinds = self.of(function, value)
        if not kinds:
            return
        stack = [target]
        while stack:
            match stack.pop():
                case ast.Tuple(elts=parts) | ast.List(elts=parts):
                    stack.extend(parts)
                case ast.Starred(value=inner):
                    stack.append(inner)
                case ast.Name(id=name):
                    self._add((function, name), kinds)
                case (ast.Subscript() | ast.Attribute()) as place:
                    self._add_to(file, function, place, kinds)

    def _add_to(
        self, file: CodeFile, function: Function, place: ast.expr, kinds: Kinds
    ) -> None:
        """Something is put into a variable: of the function, or else of the module."""
        for _ in range(50):
            if not isinstance(place, ast.Subscript | ast.Attribute):
                break
            place = place.value
        if not isinstance(place, ast.Name) or place.id == "self":
            return
        is_own = (function, place.id) in self._values or (
            file.names.top_value(place.id) is None
            and place.id not in _top_names(file.tree)
        )
        self._add((function if is_own else file.path, place.id), kinds - {"clock"})

    def _collect(self, file: CodeFile, function: Function, call: ast.Call) -> None:
        """`rows.append(row)`: the list has it now."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in _COLLECTS:
            kinds: set[Kind] = set()
            for one in call.args:
                kinds |= self.of(function, one)
            if kinds:
                self._add_to(file, function, call.func.value, frozenset(kinds))

    def _bind(self, file: CodeFile, function: Function, call: ast.Call) -> None:
        """What a call, or one that is to be made later, hands to a function."""
        for node in self._called(file, call.func):
            self._give(function, node, call.args, call.keywords)
        for index, one in enumerate(call.args):
            if isinstance(one, ast.Name | ast.Attribute):
                for node in self._called(file, one):
                    rest = call.args[index + 1 :]
                    self._give(function, node, rest, call.keywords)
        target = next((one for one in call.keywords if one.arg == "target"), None)
        if target is not None:
            match next((one.value for one in call.keywords if one.arg == "args"), None):
                case ast.Tuple(elts=given) | ast.List(elts=given):
                    for node in self._called(file, target.value):
                        self._give(function, node, given, [])

    def _give(
        self,
        function: Function,
        called: Function,
        given: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> None:
        for name, one in zip(parameters(called), given):
            self._add((called, name), self.of(function, one))
        for keyword in keywords:
            names = [keyword.arg] if keyword.arg else all_parameters(called)
            kinds = self.of(function, keyword.value)
            for name in names:
                self._add((called, name), kinds)

    def _add(self, place: tuple[ast.AST | str, str], kinds: Kinds) -> None:
        known = self._values.get(place, NOTHING)
        if not kinds <= known:
            self._values[place] = known | kinds
            self._is_changed = True


def _nodes(function: Function) -> list[ast.AST]:
    found = []
    for node in ast.walk(function):
        found.append(node)
        if len(found) >= _MAX_NODES:
            break
    return found


def _top_names(tree: ast.Module) -> Iterator[str]:
    """The variables that a module assigns on its own level."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets):
                yield from (one.id for one in targets if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
