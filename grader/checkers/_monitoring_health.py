"""What a service says of itself: its health, and its metrics for who asks for them."""

import ast
import re
from collections.abc import Iterator

from grader.checkers._monitoring_serving import Serving, called
from grader.codebase.answering import Answering
from grader.codebase.code import Code, CodeFile, Function, code_of
from grader.codebase.predicting import health_routes
from grader.codebase.routes import Route
from grader.codebase.stages import words_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MODEL_WORDS = frozenset(
    "model models pipeline artifact artifacts predictor classifier regressor estimator "
    "service loaded ready preprocessor inferencer session net".split()
)
_TESTS = frozenset("bool hasattr callable all any isinstance".split())
_EXISTS = frozenset("exists is_file isfile is_dir".split())
_EXPOSES = re.compile(
    r"prometheus_fastapi_instrumentator\..*\.expose|prometheus_client\.start_http_server"
    r"|prometheus_client\.exposition\.start_http_server"
    r"|prometheus_flask_exporter\.\w*PrometheusMetrics"
    r"|opentelemetry\.exporter\.prometheus\.PrometheusMetricReader"
)
_APPS = re.compile(r"prometheus_client\.(\w+\.)*make_(asgi|wsgi)_app\(\)")
_GENERATES = re.compile(r"prometheus_client\.(\w+\.)*generate_latest")
_HANDLERS = re.compile(
    r"starlette_exporter\.(\w+\.)*handle_(metrics|openmetrics)"
    r"|starlette_prometheus\.(\w+\.)*metrics|aioprometheus\.(\w+\.)*metrics"
)


class Health:
    """The routes of health and metrics, and what they look at."""

    def __init__(self, snapshot: Snapshot, serving: Serving) -> None:
        self._code: Code = code_of(snapshot)
        self._serving = serving
        # Whoever gives metrics names the library somewhere: most are passed over at once.
        self._is_named = any(
            name in snapshot.module(path).text
            for path in self._code.files
            for name in ("prometheus", "starlette_exporter")
        )
        self.routes: list[Route] = health_routes(serving.routes)
        self.named_metrics: list[Route] = [
            one
            for one in serving.routes
            if one.path.rstrip("/").lower().endswith("/metrics")
        ]

    def looking(self) -> Iterator[Sight]:
        """Where a route of health looks whether the model is there."""
        for route in self.routes:
            if route.handler is None:
                continue
            answering = self._serving.answers.of(route.file, route.handler)
            for file, node in self._looks(answering):
                yield Sight(path=file.path, line=node.lineno, what=route.sight.what)
                break

    def metrics(self) -> Iterator[Sight]:
        """Where metrics are given to who asks for them."""
        for file, call in self._serving.reach.calls() if self._is_named else ():
            if file.is_test:
                continue
            symbol = self._code.symbol(file, call.func) or ""
            if _EXPOSES.fullmatch(symbol):
                yield called(file, call)
                continue
            given = [*call.args, *(one.value for one in call.keywords)]
            for one in given:
                for value in one.values if isinstance(one, ast.Dict) else [one]:
                    what = self._code.symbol(file, value) or ""
                    if _APPS.fullmatch(what) or _HANDLERS.fullmatch(what):
                        yield called(file, call)
        for route in self._serving.routes:
            if route.handler is not None:
                answering = self._serving.answers.of(route.file, route.handler)
                for file, call in answering.calls():
                    if _GENERATES.fullmatch(self._code.symbol(file, call.func) or ""):
                        yield route.sight
                        break

    def _looks(self, answering: Answering) -> Iterator[tuple[CodeFile, ast.expr]]:
        for file, call in answering.model_calls:
            yield file, call
        for file, node in answering.functions:
            for inner in ast.walk(node):
                if isinstance(inner, ast.expr) and self._is_look(file, inner):
                    yield file, inner

    def _is_look(self, file: CodeFile, node: ast.expr) -> bool:
        """Whether an expression asks for something that is called after the model."""
        match node:
            case ast.Compare():
                return _names_model(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _names_model(operand)
            case ast.IfExp(test=test):
                return _names_model(test)
            case ast.BoolOp():
                return _names_model(node)
            case ast.Call(func=ast.Name(id=name)) if name in _TESTS:
                return any(map(_names_model, node.args))
            case ast.Call(func=ast.Attribute(attr=attr, value=value)):
                return (attr in _EXISTS and _names_model(value)) or self._asks(
                    file, node
                )
            case ast.Call():
                return self._asks(file, node)
            case ast.Name() | ast.Attribute():
                # `if model:`, and `model_loaded=service.is_loaded`
                parent = file.names.parents.get(node)
                is_test = isinstance(parent, ast.If) and parent.test is node
                return is_test and _names_model(node)
        return False

    def _asks(self, file: CodeFile, call: ast.Call) -> bool:
        """Whether a function of the project gets or checks the model."""
        defined = self._code.defined(file, call.func)
        if defined is not None:
            is_function = isinstance(defined.node, Function)
            return is_function and not _MODEL_WORDS.isdisjoint(words_of(defined.name))
        if isinstance(call.func, ast.Attribute):
            found = self._serving.answers.methods(file, call.func)
            return any(
                not _MODEL_WORDS.isdisjoint(words_of(node.name)) for _, node in found
            )
        return False


def _names_model(node: ast.AST) -> bool:
    """Whether a name, an attribute or a key in it is called after the model."""
    for inner in ast.walk(node):
        match inner:
            case (
                ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.Constant(value=str(name))
            ):
                if not _MODEL_WORDS.isdisjoint(words_of(name)):
                    return True
    return False
