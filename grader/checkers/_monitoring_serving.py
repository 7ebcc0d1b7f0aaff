"""What answers requests: the handlers that predict, and what stands around each request."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.codebase.answering import Answering, Answers, answers_of
from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.names import said
from grader.codebase.predicting import predicting_of, predicts_by_name
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.routes import Route, Served, keyword, served_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# Applications of other frameworks that route by decorators, as `Code.symbol` writes them.
_FLASK = re.compile(r"(flask|quart|sanic|bottle)\.\w+\(\)\.(\w+)(\(\))?")
_ROUTES = frozenset({"route", "get", "post", "put"})
_AROUND = frozenset(
    "before_request after_request teardown_request middleware on_request on_response "
    "add_hook hook".split()
)
_ERRORS = frozenset({"errorhandler", "exception", "error"})
_MAX_PARTS = 6
_MAX_WORDS = 80


@dataclass(frozen=True, eq=False)
class Handler:
    """A function that answers requests with predictions, and what it comes to."""

    sight: Sight
    answering: Answering


@dataclass(frozen=True, eq=False)
class Around:
    """Something that runs around each request: of the repository, or a library's by name.

    `answering` are the functions of the repository's own, empty for a library's `symbol`.
    """

    sight: Sight
    symbol: str
    answering: tuple[Answering, ...] = ()


class Serving:
    """What a repository's applications do with a request.

    `handlers` are those that predict; `around` what is on the application, `errors` what
    answers an exception; `loose` middlewares that are defined and on no application.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._code: Code = code_of(snapshot)
        self.served: Served = served_of(snapshot)
        self._answers: Answers = answers_of(snapshot)
        self.reach: Reach = self.served.reach
        self.routes: list[Route] = list(self.served.routes)
        self.handlers: list[Handler] = []
        self.around: list[Around] = []
        self.errors: list[Around] = []
        predicting = predicting_of(snapshot)
        for route in predicting.routes:
            if (answering := predicting.answering(route)) is not None:
                self.handlers.append(Handler(route.sight, answering))
        for app in self.served.apps:
            self._on_app(app.file, app.call)
            for attr, file, call in app.uses:
                if attr in ("middleware", "add_middleware"):
                    self.around += self._middleware(attr, file, call)
                elif "exception_handler" in attr:
                    self.errors += self._exceptions(attr, file, call)
        if self.served.others:
            self._others(snapshot)

    @property
    def is_any(self) -> bool:
        """Whether anything is served at all."""
        return bool(self.served.apps or self.routes or self.handlers)

    @property
    def answers(self) -> Answers:
        """What functions come to, when a request comes."""
        return self._answers

    def loose(self) -> list[Sight]:
        """Middlewares of the repository that no served application has."""
        on = {
            node
            for one in self.around
            for each in one.answering
            for _, node in each.functions
        }
        found = []
        for file in self._code.files.values():
            if file.is_test:
                continue
            for name, node in file.functions.items():
                names = [one.arg for one in node.args.args]
                if "call_next" in names and node not in on:
                    found.append(_sight(file, node, f"{name}()"))
        return found

    def _on_app(self, file: CodeFile, call: ast.Call) -> None:
        """`FastAPI(middleware=[…], dependencies=[…])`."""
        for name in ("middleware", "dependencies"):
            given = keyword(call, name)
            parts = given.elts if isinstance(given, ast.List | ast.Tuple) else []
            for one in parts:
                if isinstance(one, ast.Call) and one.args:
                    self.around += self._made(file, one, one.args[0])

    def _middleware(
        self, attr: str, file: CodeFile, call: ast.Call
    ) -> Iterator[Around]:
        if attr == "add_middleware":
            given = [*call.args[:1], keyword(call, "middleware_class")]
            for one in given:
                if one is not None:
                    yield from self._made(file, call, one)
                    return
        elif (found := self._decorated(file, call)) is not None:
            yield found

    def _made(
        self, file: CodeFile, call: ast.Call, given: ast.expr
    ) -> Iterator[Around]:
        """A class or function that is put around each request, by name."""
        if (dispatch := keyword(call, "dispatch")) is not None:
            given = dispatch
        symbol = self._code.symbol(file, given) or ""
        defined = self._code.defined(file, given)
        sight = Sight(path=file.path, line=call.lineno, what=symbol[:100])
        if defined is None:
            yield Around(sight, symbol)
            return
        if isinstance(defined.node, ast.ClassDef):
            methods = [
                node
                for name, node in defined.file.functions.items()
                if name.startswith(f"{defined.name}.") and not name.endswith("__init__")
            ]
        else:
            methods = [defined.node]
        answering = tuple(self._answers.of(defined.file, one) for one in methods)
        yield Around(sight, symbol, answering)

    def _decorated(self, file: CodeFile, call: ast.Call) -> Around | None:
        """`@app.middleware("http")`, or `app.middleware("http")(log_requests)`."""
        parent = file.names.parents.get(call)
        if isinstance(parent, Function):
            answering = self._answers.of(file, parent)
            return Around(_sight(file, parent, f"{parent.name}()"), "", (answering,))
        if isinstance(parent, ast.Call) and parent.func is call and parent.args:
            defined = self._code.defined(file, parent.args[0])
            if defined is not None and not isinstance(defined.node, ast.ClassDef):
                answering = self._answers.of(defined.file, defined.node)
                what = f"{defined.name}()"
                return Around(
                    _sight(defined.file, defined.node, what), "", (answering,)
                )
        return None

    def _exceptions(
        self, attr: str, file: CodeFile, call: ast.Call
    ) -> Iterator[Around]:
        if attr == "exception_handler":
            if (found := self._decorated(file, call)) is not None:
                yield found
        elif len(call.args) > 1:
            yield from self._made(file, call, call.args[1])

    def _others(self, snapshot: Snapshot) -> None:
        """Routes of Flask and its like: a function, a decorator of the application."""
        starts = dict.fromkeys(Start(one.path) for one in self.served.others)
        reach = reach_from(snapshot, starts)
        answers = Answers(self._code, reach)
        for unit in list(reach.units):
            if unit.node is None or unit.file.is_test:
                continue
            file, node = unit.file, unit.node
            for decorator in node.decorator_list:
                symbol = self._code.symbol(file, decorator) or ""
                found = _FLASK.fullmatch(symbol)
                if found is None:
                    continue
                answering = answers.of(file, node)
                sight = _sight(file, node, f"{node.name}()")
                if found[2] in _AROUND:
                    self.around.append(Around(sight, "", (answering,)))
                elif found[2] in _ERRORS:
                    self.errors.append(Around(sight, "", (answering,)))
                elif found[2] in _ROUTES:
                    self._other_route(decorator, sight, answering)
        if not self.served.apps:
            self.reach, self._answers = reach, answers

    def _other_route(
        self, decorator: ast.expr, sight: Sight, answering: Answering
    ) -> None:
        call = decorator if isinstance(decorator, ast.Call) else None
        path = _text(call.args[0]) if call and call.args else ""
        methods = frozenset({"GET"})
        if call and isinstance(given := keyword(call, "methods"), ast.List | ast.Tuple):
            methods = frozenset(_text(one).upper() for one in given.elts)
        route = Route(
            methods,
            path,
            answering.file,
            answering.handler,
            call or ast.Call(func=decorator, args=[], keywords=[]),
        )
        self.routes.append(route)
        named = predicts_by_name(path) or predicts_by_name(answering.handler.name)
        if is_stub(answering.file, answering.handler):
            return
        if answering.model_calls or named:
            self.handlers.append(Handler(sight, answering))


def _sight(file: CodeFile, node: Function, what: str) -> Sight:
    return Sight(path=file.path, line=node.lineno, what=what[:100])


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
    return ""


def within(nodes: Sequence[type[ast.AST]], file: CodeFile, node: ast.AST) -> bool:
    """Whether a node stands inside one of these kinds, below the function around it."""
    above = file.names.parents.get(node)
    while above is not None and not isinstance(above, Function):
        if isinstance(above, tuple(nodes)):
            return True
        above = file.names.parents.get(above)
    return False


def called(file: CodeFile, call: ast.Call) -> Sight:
    """Where a call stands, and the end of what is called: `metrics.LATENCY.observe()`."""
    what = said(call.func, _MAX_PARTS)[-_MAX_WORDS:]
    return Sight(path=file.path, line=call.lineno, what=f"{what}()")
