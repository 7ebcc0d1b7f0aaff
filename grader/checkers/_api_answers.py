"""The lines of the checklist `api`: what the routes of a served application come to."""

import ast
from collections.abc import Iterable, Sequence

from grader.checkers._api_models import Models
from grader.checkers._api_tests import requests_of
from grader.checkers._checklist import Checklist
from grader.codebase.answering import Answering
from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.model_loads import is_model_load
from grader.codebase.origins import origins_of
from grader.codebase.predicting import (
    health_routes,
    is_health_path,
    is_named,
    predicting_of,
)
from grader.codebase.routes import App, Route, Served, keyword
from grader.codebase.stages import words_of
from grader.environment.manifests import manifests_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_MANY = frozenset("batch batches bulk many multiple".split())
_SERVERS = ("uvicorn", "hypercorn", "gunicorn", "granian", "daphne")
_ANSWERS = ("JSONResponse", "Response", "PlainTextResponse", "ORJSONResponse")


class ApiAnswers:
    """The routes of a served application, and what they come to."""

    def __init__(self, snapshot: Snapshot, served: Served) -> None:
        self._snapshot, self._served = snapshot, served
        self._code: Code = code_of(snapshot)
        self._models = Models(self._code)
        self._predicting = predicting_of(snapshot)
        self.named = self._predicting.named
        self.predicting = self._predicting.routes

    def answer(self, checklist: Checklist) -> None:
        """Every line that the application decides."""
        self._health(checklist)
        self._predict(checklist)
        self._contract(checklist)
        self._delegates(checklist)
        self._errors(checklist)
        self._tests(checklist)
        self._loads(checklist)
        _documented(checklist, self._served.apps)

    def _health(self, checklist: Checklist) -> None:
        gets = [one for one in self._served.routes if "GET" in one.methods]
        found = [one.sight for one in health_routes(gets)]
        elsewhere = [
            one
            for one in self._served.orphans
            if "GET" in one.methods and is_health_path(one.path)
        ]
        if found:
            checklist.yes("health", f"{found[0].what} answers.", *found)
        elif elsewhere:
            told = f"{elsewhere[0].sight.what} is on no application that is served."
            checklist.no("health", told, *(one.sight for one in elsewhere))
        else:
            tops = [one.sight for one in gets if one.path == "/"]
            told = "No GET route is called /health, /healthz, /ping or the like."
            if tops:
                told += " GET / says no status."
            checklist.no("health", told, *tops)

    def _predict(self, checklist: Checklist) -> None:
        sights = [one.sight for one in self.predicting]
        if sights:
            checklist.yes("predict", f"{sights[0].what} predicts.", *sights)
            return
        orphans = [one for one in self._served.orphans if "POST" in one.methods]
        asked = [one for one in orphans if is_named(one)]
        others = [
            one
            for one in self._served.routes
            if "POST" not in one.methods and is_named(one)
        ]
        if self.named:
            told = f"The function behind {self.named[0].sight.what} is empty."
            checklist.no("predict", told, *(one.sight for one in self.named))
        elif asked:
            told = f"{asked[0].sight.what} is on no application that is served."
            checklist.no("predict", told, *(one.sight for one in asked))
        elif others:
            told = f"{others[0].sight.what} takes no POST."
            checklist.no("predict", told, *(one.sight for one in others))
        else:
            told = f"None of the {len(self._served.routes)} routes is a POST that predicts."
            checklist.no("predict", told)

    def _contract(self, checklist: Checklist) -> None:
        many = [
            one.sight
            for one in self.predicting
            if not _MANY.isdisjoint(words_of(one.path)) or self._models.takes_many(one)
        ]
        taken = [(one, self._models.taken(one)) for one in self.predicting]
        given = [(one, self._models.returned(one)) for one in self.predicting]
        none = "" if self.predicting else "No route predicts."
        checklist.seen(
            "batch",
            many,
            yes="Several records are predicted in one request.",
            no=none or "No route that predicts takes a list of records.",
        )
        checklist.seen(
            "request_model",
            [_handler(one, names[0]) for one, names in taken if names],
            yes="The input is a pydantic model.",
            no=none
            or f"{self._first()} takes no pydantic model of the project as a parameter.",
        )
        checklist.seen(
            "response_model",
            [_handler(one, names[0]) for one, names in given if names],
            yes="The answer is a pydantic model.",
            no=none
            or f"{self._first()} has no response_model= and no annotation that is a model.",
        )

    def _delegates(self, checklist: Checklist) -> None:
        answering = self._each()
        direct = [
            Sight(
                path=file.path,
                line=call.lineno,
                what=f"{ast.unparse(call.func)[:60]}()",
            )
            for one in answering
            for file, call in one.model_calls
            if file is one.file
        ]
        delegated = [
            Sight(path=file.path, line=node.lineno, what=f"{node.name}()")
            for one in answering
            for file, node in self._predicting.delegated(one)
        ]
        if not answering:
            checklist.no("delegates", "No route predicts.")
        elif direct:
            told = f"{direct[0].what} is called in the module of the application."
            checklist.no("delegates", told, *direct)
        else:
            checklist.seen(
                "delegates",
                delegated,
                yes=f"{delegated[0].what if delegated else ''} predicts, in its own module.",
                no=f"{self._first()} comes to no function of inference in another module.",
            )

    def _errors(self, checklist: Checklist) -> None:
        sights = [sight for one in self._each() for sight in self._handled(one)]
        for app in self._served.apps:
            for name, file, call in app.uses:
                if "exception_handler" in name and self.predicting:
                    sights.append(Sight(path=file.path, line=call.lineno, what=name))
        checklist.seen(
            "error_handling",
            sights,
            yes="An error is answered as one.",
            no=(
                f"{self._first()} raises no HTTPException and handles no error."
                if self.predicting
                else "No route predicts."
            ),
        )

    def _handled(self, one: Answering) -> Iterable[Sight]:
        for file, call in one.calls():
            name = self._code.symbol(file, call.func) or ""
            is_error = name.endswith("exceptions.HTTPException") or (
                name in ("fastapi.HTTPException", "starlette.HTTPException")
            )
            if is_error or (
                name.rpartition(".")[2] in _ANSWERS and _is_error_status(call)
            ):
                what = name.rpartition(".")[2]
                yield Sight(path=file.path, line=call.lineno, what=what)
        for file, node in one.own:
            for inner in ast.walk(node):
                if isinstance(inner, ast.ExceptHandler) and not _is_idle(inner):
                    yield Sight(path=file.path, line=inner.lineno, what="except")

    def _tests(self, checklist: Checklist) -> None:
        origins = origins_of(self._snapshot)
        found = requests_of(self._code, origins, self._served.routes)
        if found.asserted:
            told = f"Tests send {len(found.asserted)} requests and assert."
            checklist.yes("tests", told, *found.asserted)
        elif found.silent:
            told = "Requests are sent, and the tests assert nothing."
            checklist.no("tests", told, *found.silent)
        elif found.astray:
            told = f"{found.astray[0].what} is no route of the application."
            checklist.no("tests", told, *found.astray)
        elif found.made:
            told = "A client is made, and no test that runs sends a request with it."
            checklist.no("tests", told, *found.made)
        elif found.imported:
            told = "TestClient is imported, and no test uses it."
            checklist.no("tests", told, *found.imported)
        else:
            checklist.no("tests", "No test uses TestClient or a client of httpx.")

    def _loads(self, checklist: Checklist) -> None:
        each = [_called(file, call) for one in self._each() for file, call in one.loads]
        once = [
            _called(file, call)
            for file, call in self._served.reach.calls()
            if not file.is_test
            and is_model_load(self._code.symbol(file, call.func) or "")
        ]
        if each:
            routes = [
                one.sight.what
                for one in self.predicting
                if (found := self._predicting.answering(one)) and found.loads
            ]
            told = f"{each[0].what} runs for each request to {routes[0]}."
            checklist.no("loads_once", told, *each)
        else:
            checklist.seen(
                "loads_once",
                once if self.predicting else (),
                yes="It is loaded when the application starts, or kept from then on.",
                no=(
                    "Nothing that the application comes to loads a model."
                    if self.predicting
                    else "No route predicts."
                ),
            )

    def _each(self) -> list[Answering]:
        found = (self._predicting.answering(one) for one in self.predicting)
        return [one for one in found if one is not None]

    def _first(self) -> str:
        return self.predicting[0].sight.what if self.predicting else ""


def answer_app(checklist: Checklist, served: Served) -> None:
    """Whether there is an application, and what makes it one that counts."""
    if served.apps:
        app = served.apps[0]
        by = app.servers[0].sight.path if app.servers else ""
        told = (
            f"{app.sight.path} makes it, and {by} starts it."
            if by
            else (
                f"{app.sight.path} makes it; nothing in the repository says what starts it."
            )
        )
        checklist.yes("app", told, *(one.sight for one in served.apps))
    elif served.idle:
        told = "An application is made where nothing comes to it."
        checklist.no("app", told, *(one.sight for one in served.idle))
    elif served.others:
        first = served.others[0]
        told = f"{first.path} is made with {first.what}; FastAPI is asked for."
        checklist.no("app", told, *served.others)
    else:
        checklist.no("app", "No module makes a FastAPI().")


def answer_server(checklist: Checklist, served: Served) -> None:
    """What starts the application."""
    starting = [server for app in served.apps for server in app.servers]
    sights = [
        Sight(
            path=one.sight.path,
            line=one.sight.line,
            what=f"{one.program} {one.app}"[:100],
        )
        for one in starting
    ]
    if sights:
        told = f"{sights[0].path} starts it with {starting[0].program}."
        checklist.yes("server", told, *sights)
    elif not served.idle and (served.others or not served.servers):
        checklist.no("server", "There is no FastAPI application.")
    elif served.servers:
        one = served.servers[0]
        told = f"{one.sight.path} starts {one.app[:100]}, which is not there."
        if not one.app:
            told = f"{one.sight.path} starts {one.program} without an application."
        checklist.no("server", told, *(one.sight for one in served.servers))
    else:
        told = (
            "No Dockerfile, Procfile, render.yaml, script, README or module starts it."
        )
        checklist.no("server", told)


def answer_declared(checklist: Checklist, snapshot: Snapshot) -> None:
    """Whether a manifest names a server."""
    project = manifests_of(snapshot)
    sights = [
        Sight(path=one.path, line=one.line, what=one.name)
        for manifest in project.manifests
        if not manifest.is_lock
        for one in manifest.declared
        if one.name in _SERVERS
        or (one.name == "fastapi" and {"standard", "all"} & one.parsed.extras)
    ]
    checklist.seen(
        "server_declared",
        sights,
        yes="The server is declared.",
        no="No manifest names uvicorn, hypercorn or gunicorn, or fastapi[standard].",
    )


def _documented(checklist: Checklist, apps: Sequence[App]) -> None:
    said = []
    for app in apps:
        given = [one.arg for one in app.call.keywords if one.arg]
        more = {"version", "description", "summary", "openapi_tags"} & set(given)
        if "title" in given and more:
            what = ", ".join(["title", *sorted(more)])
            said.append(Sight(path=app.file.path, line=app.call.lineno, what=what))
    checklist.seen(
        "documented",
        said,
        yes="Its page of documentation says what it is.",
        no="FastAPI() is given no title with a version, description or tags.",
    )
    if not said:
        told = "FastAPI() is given no title with a version, description or tags."
        checklist.no("documented", told, *(app.sight for app in apps))


def _handler(route: Route, model: str) -> Sight:
    line = route.handler.lineno if route.handler else route.call.lineno
    return Sight(path=route.file.path, line=line, what=model)


def _called(file: CodeFile, call: ast.Call) -> Sight:
    what = f"{ast.unparse(call.func)[:60]}()"
    return Sight(path=file.path, line=call.lineno, what=what)


def _is_error_status(call: ast.Call) -> bool:
    match keyword(call, "status_code"):
        case ast.Constant(value=int(status)):
            return status >= 400
        case ast.Attribute(attr=name):
            return name.startswith(("HTTP_4", "HTTP_5"))
    return False


def _is_idle(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(one, ast.Pass | ast.Continue) for one in handler.body)
