"""Which routes of a served application predict, and which say that it is healthy.

A route predicts where its path or function is called so and has a body, or where it comes
to a model or to a function of inference.
"""

import ast
from collections.abc import Iterable, Sequence

from grader.codebase.answering import Answering, Method, answers_of
from grader.codebase.bodies import is_stub
from grader.codebase.reading import Reading
from grader.codebase.routes import Route, served_of
from grader.codebase.stages import stages_of, words_of
from grader.model.snapshot import Snapshot

PREDICTS = frozenset(
    "predict predicts prediction predictions predictor infer inference inferences score "
    "scores scoring classify classification forecast forecasts estimate invocations".split()
)
# What is done with a prediction, or around it.
_AROUND = frozenset(
    "log save store write load read fetch format validate check prepare monitor record "
    "track observe publish append count send report plot build parse".split()
)
_HEALTH = frozenset(
    "health healthz healthcheck health_check health-check heartbeat ping live livez "
    "liveness ready readyz readiness status".split()
)
_STATUS = frozenset("status health healthy alive ok model_loaded".split())


class Predicting:
    """The routes that predict.

    `named` are POST routes that are called so, with or without a body; `routes` those that
    do.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._answers = answers_of(snapshot)
        self._inference = {one.node for one in stages_of(snapshot).of("inference")}
        posts = [one for one in served_of(snapshot).routes if "POST" in one.methods]
        self.named = [one for one in posts if is_named(one)]
        self.routes = [one for one in posts if self._predicts(one)]

    def answering(self, route: Route) -> Answering | None:
        """What a route's function comes to; None where it is not the repository's own."""
        if route.handler is None:
            return None
        return self._answers.of(route.file, route.handler)

    def delegated(self, answering: Answering) -> Iterable[Method]:
        """The functions of inference that a handler comes to, in other modules."""
        calling = {id(file): set[ast.AST]() for file, _ in answering.others}
        for file, call in answering.model_calls:
            calling.setdefault(id(file), set()).add(call)
        for file, node in answering.others:
            words = words_of(node.name)
            is_inference = predicts_by_name(node.name) or node in self._inference
            has_model = any(one in calling[id(file)] for one in ast.walk(node))
            if is_stub(file, node):
                continue
            if has_model or (is_inference and _AROUND.isdisjoint(words[:1])):
                yield file, node

    def _predicts(self, route: Route) -> bool:
        answering = self.answering(route)
        if answering is None or is_stub(route.file, answering.handler):
            return False
        if is_named(route):
            return True
        return bool(answering.model_calls or list(self.delegated(answering)))


def is_named(route: Route) -> bool:
    """Whether a route's path or function is called after predicting."""
    names = [route.path] + ([route.handler.name] if route.handler else [])
    return any(map(predicts_by_name, names))


def predicts_by_name(name: str) -> bool:
    """Whether a word of a name says that something predicts."""
    return not PREDICTS.isdisjoint(words_of(name))


def is_around(name: str) -> bool:
    """Whether a name begins with what is done around a prediction: `log_predictions`."""
    return not _AROUND.isdisjoint(words_of(name)[:1])


def health_routes(routes: Sequence[Route]) -> list[Route]:
    """The GET routes that say how it is: by their path, or `/` with a status."""
    gets = [one for one in routes if "GET" in one.methods]
    named = [one for one in gets if is_health_path(one.path)]
    at_top = [
        one
        for one in gets
        if one.path == "/" and one.handler and _says_status(one.handler)
    ]
    return [*named, *at_top]


def is_health_path(path: str) -> bool:
    """Whether a path ends like one of health: `/api/v1/healthz/`."""
    return path.rstrip("/").rpartition("/")[2].lower() in _HEALTH


def _says_status(handler: ast.AST) -> bool:
    """Whether a dictionary with a status is returned."""
    for node in ast.walk(handler):
        match node:
            case ast.Return(value=ast.Dict(keys=keys)):
                for key in keys:
                    if isinstance(key, ast.Constant) and key.value in _STATUS:
                        return True
    return False


predicting_of: Reading[Predicting] = Reading(Predicting)
