"""The tests that send a request to a route of the app and assert something of the answer."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.codebase.code import Code, CodeFile, Function
from grader.codebase.origins import UNKNOWN, Origins, Value
from grader.codebase.routes import OPEN, Route, keyword
from grader.model.measurement import Sight

_CLIENTS = re.compile(
    r"((fastapi|starlette)\.testclient\.TestClient|httpx\.(Async)?Client"
    r"|async_asgi_testclient\.TestClient)\(\)(\.__enter__\(\))?"
)
_CALLS = frozenset("get post put patch delete head options request".split())
_SKIPS = re.compile(r"pytest\.mark\.skip(\(\))?|unittest\.skip\(\)")
_HELPERS = 40


@dataclass(frozen=True)
class Requests:
    """What tests ask: where each request stands, those of tests that assert, and imports.

    `asserted` hit a route of the app; `astray` none of them, `silent` are of tests without
    an assertion; `made` where a client is made at all, `imported` where it is only imported.
    """

    asserted: tuple[Sight, ...]
    astray: tuple[Sight, ...]
    silent: tuple[Sight, ...]
    made: tuple[Sight, ...]
    imported: tuple[Sight, ...]


class _Reader:
    def __init__(self, code: Code, origins: Origins, routes: Iterable[Route]) -> None:
        self._code, self._origins = code, origins
        self._routes = [_pattern(route) for route in routes]
        self._files = [one for one in code.files.values() if one.is_test]
        self._fixtures: dict[str, list[tuple[CodeFile, Function]]] = {}
        for file in self._files:
            for node in file.functions.values():
                if any(self._is_fixture(file, one) for one in node.decorator_list):
                    self._fixtures.setdefault(node.name, []).append((file, node))

    def read(self) -> Requests:
        """All requests of all tests."""
        asserted, astray, silent = list[Sight](), list[Sight](), list[Sight]()
        for file in self._files:
            for name, node in file.functions.items():
                if name.rpartition(".")[2].startswith("test"):
                    if not self._is_skipped(file, node):
                        sent = list(self._sent(file, node))
                        hits = [sight for sight, hit in sent if hit]
                        (asserted if self._asserts(file, node) else silent).extend(hits)
                        astray += [sight for sight, hit in sent if not hit]
        return Requests(
            tuple(asserted),
            tuple(astray),
            tuple(silent),
            tuple(self._made()),
            tuple(self._imported()),
        )

    def _is_fixture(self, file: CodeFile, decorator: ast.expr) -> bool:
        symbol = self._code.symbol(file, decorator) or ""
        return symbol.removesuffix("()") in ("pytest.fixture", "pytest_asyncio.fixture")

    def _is_skipped(self, file: CodeFile, node: Function) -> bool:
        marks = (self._code.symbol(file, one) or "" for one in node.decorator_list)
        return any(_SKIPS.fullmatch(mark) for mark in marks)

    def _bodies(
        self, file: CodeFile, node: Function
    ) -> list[tuple[CodeFile, Function]]:
        """A test, and the helpers of the suite that it calls."""
        found = {node: (file, node)}
        todo = [node]
        while todo and len(found) < _HELPERS:
            one = todo.pop()
            home = found[one][0]
            for inner in ast.walk(one):
                if isinstance(inner, ast.Call):
                    defined = self._code.defined(home, inner.func)
                    if (
                        defined is not None
                        and defined.file.is_test
                        and isinstance(defined.node, Function)
                        and defined.node not in found
                    ):
                        found[defined.node] = (defined.file, defined.node)
                        todo.append(defined.node)
        return list(found.values())

    def _sent(self, file: CodeFile, node: Function) -> Iterator[tuple[Sight, bool]]:
        for home, body in self._bodies(file, node):
            for call in ast.walk(body):
                if not isinstance(call, ast.Call):
                    continue
                func = call.func
                if not isinstance(func, ast.Attribute) or func.attr not in _CALLS:
                    continue
                if not self._is_client(home, body, func.value):
                    continue
                given = call.args[1:2] if func.attr == "request" else call.args[:1]
                expression = [*given, *filter(None, [keyword(call, "url")])]
                text = self._text(home, expression[0]) if expression else None
                what = f"{func.attr}({text})" if text else func.attr
                sight = Sight(
                    path=home.path,
                    line=call.lineno,
                    what=what.replace(UNKNOWN, OPEN)[:80],
                )
                yield sight, text is None or self._hits(text)

    def _text(self, file: CodeFile, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self._origins.text(Value(file, node))

    def _is_client(self, file: CodeFile, body: Function, receiver: ast.expr) -> bool:
        if _CLIENTS.fullmatch(self._code.symbol(file, receiver) or ""):
            return self._is_of_an_app(file, receiver)
        if isinstance(receiver, ast.Name):
            arguments = (*body.args.posonlyargs, *body.args.args, *body.args.kwonlyargs)
            annotations = {one.arg: one.annotation for one in arguments}
            if receiver.id in annotations:
                for home, fixture in self._fixtures.get(receiver.id, []):
                    if any(self._makes(home, one) for one in ast.walk(fixture)):
                        return True
                    # A client made at the file's level, handed on by the fixture.
                    for one in ast.walk(fixture):
                        if isinstance(one, ast.Return | ast.Yield) and one.value:
                            symbol = self._code.symbol(home, one.value) or ""
                            if _CLIENTS.fullmatch(symbol):
                                return True
        return False

    def _is_of_an_app(self, file: CodeFile, receiver: ast.expr) -> bool:
        """Whether a client of httpx is given an app, and not an address of the network."""
        symbol = self._code.symbol(file, receiver) or ""
        if not symbol.startswith("httpx"):
            return True
        value: ast.expr | None = receiver
        if isinstance(receiver, ast.Name):
            value = file.names.value(receiver)
        return isinstance(value, ast.Call) and _has_app(value)

    def _makes(self, file: CodeFile, node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        symbol = f"{self._code.symbol(file, node.func) or ''}()"
        if not _CLIENTS.fullmatch(symbol):
            return False
        return not symbol.startswith("httpx") or _has_app(node)

    def _made(self) -> Iterator[Sight]:
        for file in self._files:
            for node in file.names.nodes:
                if isinstance(node, ast.Call) and self._makes(file, node):
                    yield Sight(path=file.path, line=node.lineno, what="a client")

    def _imported(self) -> Iterator[Sight]:
        for file in self._files:
            for node in file.names.nodes:
                if isinstance(node, ast.ImportFrom) and node.module in (
                    "fastapi.testclient",
                    "starlette.testclient",
                ):
                    yield Sight(path=file.path, line=node.lineno, what="an import")

    def _hits(self, text: str) -> bool:
        path = re.sub(r"^https?://[^/]*", "", text).partition("?")[0]
        if UNKNOWN in path:
            return True
        path = "/" + path.strip("/")
        return any(pattern.fullmatch(path) for pattern in self._routes)

    def _asserts(self, file: CodeFile, node: Function) -> bool:
        for home, body in self._bodies(file, node):
            for one in ast.walk(body):
                if isinstance(one, ast.Assert):
                    return True
                if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
                    symbol = self._code.symbol(home, one.func) or ""
                    own = one.func.attr.startswith("assert")
                    if own or symbol == "pytest.raises":
                        return True
        return False


def _has_app(call: ast.Call) -> bool:
    return any(one.arg in ("app", "transport") for one in call.keywords)


def _pattern(route: Route) -> re.Pattern[str]:
    """A route's path as what it matches: a parameter is anything up to a slash."""
    path = "/" + route.path.strip("/")
    written = ""
    for part in re.split(r"(\{[^{}]*\}|/?" + OPEN + ")", path):
        if part.endswith(OPEN):
            # The prefix may be empty as well.
            written += ".*"
        elif part.startswith("{"):
            written += ".*" if part.endswith(":path}") else "[^/]+"
        else:
            written += re.escape(part)
    return re.compile(written)


def requests_of(code: Code, origins: Origins, routes: Iterable[Route]) -> Requests:
    """What the tests of a repository ask of some routes."""
    return _Reader(code, origins, routes).read()
