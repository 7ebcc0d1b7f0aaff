"""The web applications of a repository: their routes, what serves them, what they come to.

Apps and routers are followed as objects, not by the names of variables: through imports,
factories and parameters, with the prefixes of `include_router`, `APIRouter` and `mount` put
together. A route counts where its router belongs to an app and the line that makes it runs
when that app is imported.
"""

import ast
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader.codebase.builds import context_of
from grader.codebase.code import Code, CodeFile, Function, code_of, own_nodes
from grader.codebase.dockerfiles import dockerfiles_of
from grader.codebase.names import Definition
from grader.codebase.origins import UNKNOWN, Origins, Value, origins_of
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.reading import Reading
from grader.codebase.servers import Server, servers_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_APPS = frozenset({"fastapi.FastAPI", "fastapi.applications.FastAPI"})
_ROUTERS = frozenset({"fastapi.APIRouter", "fastapi.routing.APIRouter"})
_METHODS = frozenset("get post put patch delete head options".split())
_ANY_METHOD = frozenset({"route", "api_route"})
_ADDS_ROUTE = frozenset({"add_api_route", "add_route"})
_OTHERS = {
    "flask.Flask": "Flask",
    "flask_restful.Api": "Flask",
    "starlette.applications.Starlette": "Starlette",
    "litestar.Litestar": "Litestar",
    "quart.Quart": "Quart",
    "sanic.Sanic": "Sanic",
    "bottle.Bottle": "Bottle",
    "aiohttp.web.Application": "aiohttp",
    "tornado.web.Application": "Tornado",
    "bentoml.Service": "BentoML",
    "bentoml.service": "BentoML",
    "gradio.Interface": "Gradio",
    "gradio.Blocks": "Gradio",
    "streamlit.title": "Streamlit",
}
# What stands for a part of a path that the code doesn't say.
OPEN = "…"
_MAX_STEPS = 60
_MAX_DEPTH = 12
_MAX_ROUTES = 2_000
_MAX_WORDS = 100


@dataclass(frozen=True, eq=False)
class Route:
    """One path of an app with the function that answers.

    `path` begins with `/`, `OPEN` for what of it is not known; `handler` is None for one
    that is not the repository's own. `call` makes the route: a decorator or a call.
    """

    methods: frozenset[str]
    path: str
    file: CodeFile
    handler: Function | None
    call: ast.Call

    @property
    def sight(self) -> Sight:
        """Where it is made."""
        what = f"{'/'.join(sorted(self.methods))} {self.path}"[:_MAX_WORDS]
        return Sight(path=self.file.path, line=self.call.lineno, what=what)

    def option(self, name: str) -> ast.expr | None:
        """What the route is given by a keyword: `response_model`."""
        return keyword(self.call, name)


@dataclass(frozen=True, eq=False)
class App:
    """One `FastAPI()`, and all routes that belong to it.

    `uses` are calls on the app other than routes: `exception_handler`, `on_event`.
    """

    file: CodeFile
    call: ast.Call
    routes: tuple[Route, ...] = ()
    uses: tuple[tuple[str, CodeFile, ast.Call], ...] = ()
    servers: tuple[Server, ...] = ()

    @property
    def sight(self) -> Sight:
        """Where it is made."""
        return Sight(path=self.file.path, line=self.call.lineno, what="FastAPI()")


@dataclass(frozen=True, eq=False)
class Served:
    """What a repository serves.

    `apps` are those that a command or the code starts; where nothing starts any, those that
    exist once their module is imported. `idle` are the others, `orphans` routes that no
    app of `apps` has. `others` are applications of other frameworks. `reach` is what runs
    when `apps` are imported and their routes are called.
    """

    apps: tuple[App, ...]
    idle: tuple[App, ...]
    orphans: tuple[Route, ...]
    servers: tuple[Server, ...]
    others: tuple[Sight, ...]
    reach: Reach

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes of all served apps."""
        return tuple(route for app in self.apps for route in app.routes)


@dataclass(eq=False)
class _Node:
    """An app or router with what is put on it, before prefixes are joined."""

    file: CodeFile
    call: ast.Call
    is_app: bool
    prefix: str = ""
    routes: list[Route] = field(default_factory=list)
    uses: list[tuple[str, CodeFile, ast.Call]] = field(default_factory=list)
    # Routers and apps below it, each with its prefix and the call that includes it.
    below: list[tuple["_Node", str, CodeFile, ast.Call]] = field(default_factory=list)


class _Web:
    """All apps and routers of a repository."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.code: Code = code_of(snapshot)
        self._origins: Origins = origins_of(snapshot)
        self.nodes: dict[ast.Call, _Node] = {}
        self.others: list[Sight] = []
        self.files = [one for one in self.code.files.values() if not one.is_test]
        for file in self.files:
            for node in file.names.nodes:
                if isinstance(node, ast.Call):
                    self._make(file, node)
        if self.nodes:
            for file in self.files:
                for node in file.names.nodes:
                    if isinstance(node, Function):
                        self._decorated(file, node)
                    elif isinstance(node, ast.Call):
                        self._called(file, node)

    def made(self, value: Value) -> list[_Node]:
        """The apps and routers that an expression may be."""
        found: dict[ast.Call, _Node] = {}
        stack, seen = [value], set[int]()
        for _ in range(_MAX_STEPS):
            if not stack:
                break
            one = stack.pop()
            if id(one.node) in seen:
                continue
            seen.add(id(one.node))
            if isinstance(one.node, ast.Call):
                if one.node in self.nodes:
                    found[one.node] = self.nodes[one.node]
                else:
                    stack += self._origins.returned(one)
            else:
                stack += self._origins.of(one)
        return list(found.values())

    def named(
        self, dotted: str, name: str, by: str
    ) -> tuple[str, list[_Node], bool] | None:
        """What `module:name` of a command leads to: the module's path, apps, is it a factory.

        A command may be run in any folder: the module is one whose dotted name ends so.
        Of several it is that which the Dockerfile `by` copies, else which lies in the
        folder of the file `by`, else the nearest to the top.
        """
        for path in self._modules(dotted, by):
            file = self.code.files[path]
            first = name.partition(".")[0]
            if (value := file.names.top_value(first)) is not None:
                if nodes := self.made(Value(file, value)):
                    return path, nodes, False
            meaning = file.names.at_top(first)
            if isinstance(meaning, Definition):
                if nodes := self._returned(file, meaning):
                    return path, nodes, True
            elif isinstance(meaning, str):
                if nodes := self._imported(meaning, file):
                    return path, nodes, False
            # `app` is assigned twice: wrapped, or made in one of two ways.
            own = [
                node
                for node in self.nodes.values()
                if node.is_app
                and node.file is file
                and first in _targets(file, node.call)
            ]
            if own:
                return path, own, False
        return None

    def _imported(self, dotted: str, file: CodeFile) -> list[_Node]:
        for _ in range(_MAX_DEPTH):
            target = self.code.modules.find(dotted, file.path)
            if target is None or target.path not in self.code.files:
                return []
            file = self.code.files[target.path]
            if len(target.rest) != 1:
                return []
            if (value := file.names.top_value(target.rest[0])) is not None:
                return self.made(Value(file, value))
            meaning = file.names.at_top(target.rest[0])
            if isinstance(meaning, Definition):
                return self._returned(file, meaning)
            if meaning is None:
                return []
            dotted = meaning
        return []

    def _returned(self, file: CodeFile, node: Definition) -> list[_Node]:
        if isinstance(node, ast.ClassDef):
            return []
        return [
            made
            for one in own_nodes(node)
            if isinstance(one, ast.Return) and one.value is not None
            for made in self.made(Value(file, one.value))
        ]

    def _modules(self, dotted: str, by: str) -> list[str]:
        wanted = dotted.removesuffix(".py").strip("./").replace("/", ".")
        found = [
            file.path
            for file in self.files
            if f".{self.code.modules.importable(file.path)}".endswith(f".{wanted}")
        ]
        if len(found) < 2:
            return found
        copied, folder = self._copied.get(by, ()), posixpath.dirname(by)
        end = wanted.count(".") + 1

        def likely(path: str) -> tuple[bool, bool, int, str]:
            whole = path.removesuffix("/__init__.py")
            root = "/".join(whole.split("/")[:-end])
            is_copied = any(f"{path}/".startswith(one) for one in copied)
            return not is_copied, root != folder, path.count("/"), path

        return sorted(found, key=likely)

    @cached_property
    def _copied(self) -> dict[str, tuple[str, ...]]:
        """What each Dockerfile copies: paths that end with `/`, `""` for everything."""
        found: dict[str, tuple[str, ...]] = {}
        for file in dockerfiles_of(self._snapshot):
            context = context_of(self._snapshot, file)
            paths = [
                posixpath.normpath(posixpath.join(context, source.lstrip("/")))
                for source in file.sources
            ]
            found[file.path] = tuple("" if one == "." else f"{one}/" for one in paths)
        return found

    def _make(self, file: CodeFile, call: ast.Call) -> None:
        name = self.code.symbol(file, call.func) or ""
        if name in _APPS | _ROUTERS or self._extends(file, call):
            is_app = name not in _ROUTERS
            prefix = self._path(file, keyword(call, "prefix")) if not is_app else ""
            self.nodes[call] = _Node(file, call, is_app, prefix)
        elif name in _OTHERS:
            what = _OTHERS[name]
            self.others.append(Sight(path=file.path, line=call.lineno, what=what))

    def _extends(self, file: CodeFile, call: ast.Call) -> bool:
        defined = self.code.defined(file, call.func)
        if defined is None or not isinstance(defined.node, ast.ClassDef):
            return False
        bases = (self.code.symbol(defined.file, one) for one in defined.node.bases)
        return any(base in _APPS for base in bases)

    def _decorated(self, file: CodeFile, function: Function) -> None:
        for decorator in function.decorator_list:
            match decorator:
                case ast.Call(func=ast.Attribute(value=on, attr=attr)) as call:
                    if attr in _METHODS or attr in _ANY_METHOD:
                        self._route(file, call, on, attr, function)

    def _called(self, file: CodeFile, call: ast.Call) -> None:
        if not isinstance(call.func, ast.Attribute):
            return
        on, attr = call.func.value, call.func.attr
        if attr in _ADDS_ROUTE:
            given = [*call.args[1:2], keyword(call, "endpoint")]
            handler = next((one for one in given if one is not None), None)
            defined = self.code.defined(file, handler)
            node = defined.node if defined else None
            function = node if isinstance(node, Function) else None
            home = defined.file if defined and function else file
            self._route(file, call, on, attr, function, home)
        elif attr in ("include_router", "mount"):
            self._includes(file, call, on, attr)
        elif attr in ("exception_handler", "add_exception_handler", "on_event") or (
            attr in ("middleware", "add_middleware", "add_event_handler")
        ):
            for used in self.made(Value(file, on)):
                used.uses.append((attr, file, call))

    def _route(
        self,
        file: CodeFile,
        call: ast.Call,
        on: ast.expr,
        attr: str,
        function: Function | None,
        home: CodeFile | None = None,
    ) -> None:
        nodes = self.made(Value(file, on))
        if not nodes:
            return
        given = [*call.args[:1], keyword(call, "path")]
        path = next((one for one in given if one is not None), None)
        methods = _methods(call) if attr not in _METHODS else {attr.upper()}
        text = self._path(file, path)
        for node in nodes:
            if len(node.routes) < _MAX_ROUTES:
                node.routes.append(
                    Route(frozenset(methods), text, home or file, function, call)
                )

    def _includes(
        self, file: CodeFile, call: ast.Call, on: ast.expr, attr: str
    ) -> None:
        if attr == "mount":
            path = [*call.args[:1], keyword(call, "path")]
            child = [*call.args[1:2], keyword(call, "app")]
        else:
            path = [keyword(call, "prefix")]
            child = [*call.args[:1], keyword(call, "router")]
        router = next((one for one in child if one is not None), None)
        prefix = next((one for one in path if one is not None), None)
        if router is None:
            return
        below = self.made(Value(file, router))
        text = self._path(file, prefix)
        for node in self.made(Value(file, on)) if below else ():
            node.below += [(one, text, file, call) for one in below if one is not node]

    def _path(self, file: CodeFile, node: ast.expr | None) -> str:
        if node is None:
            return ""
        text = self._origins.text(Value(file, node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        return OPEN if text is None else text.replace(UNKNOWN, OPEN)


def _served(snapshot: Snapshot) -> Served:
    web, servers = _Web(snapshot), servers_of(snapshot)
    starts: dict[Start, None] = {}
    served: dict[_Node, list[Server]] = {}
    for server in servers:
        found = _started(web, server)
        for start in found[0]:
            starts[start] = None
        for node in found[1]:
            served.setdefault(node, []).append(server)
    apps = [node for node in web.nodes.values() if node.is_app]
    mounted = {one for node in web.nodes.values() for one, *_ in node.below}
    if not served:
        for node in apps:
            start = Start(node.file.path)
            if reach_from(snapshot, [start]).runs(node.call) and node not in mounted:
                starts[start] = None
                served[node] = []
    reach = reach_from(snapshot, starts)
    built = {node: _built(node, reach, served.get(node, [])) for node in apps}
    ours = [built[node] for node in served if node in built]
    taken = {route.call for app in ours for route in app.routes}
    orphans = [
        route
        for node in web.nodes.values()
        for route in node.routes
        if route.call not in taken
    ]
    idle = [built[node] for node in apps if node not in served and node not in mounted]
    return Served(
        apps=tuple(ours),
        idle=tuple(idle),
        orphans=tuple(orphans),
        servers=servers,
        others=tuple(web.others),
        reach=reach,
    )


def _started(web: _Web, server: Server) -> tuple[list[Start], list[_Node]]:
    """Where a server begins, and the apps that it serves."""
    if server.handed is not None:
        file, expression = server.handed
        nodes = web.made(Value(file, expression))
        return [Start(file.path), *_homes(nodes)], nodes
    module, _, name = server.app.partition(":")
    if not module:
        return [], []
    found = web.named(module, name or "app", server.sight.path)
    if found is None:
        return [], []
    path, nodes, is_factory = found
    starts = [Start(path)]
    if is_factory:
        starts.append(Start(path, name))
    return [*starts, *_homes(nodes)], nodes


def _homes(nodes: Sequence[_Node]) -> list[Start]:
    return [Start(one.file.path) for one in nodes]


def _built(top: _Node, reach: Reach, servers: Sequence[Server]) -> App:
    """An app with the routes of everything below it, prefixes joined."""
    routes: list[Route] = []
    for node, prefix in _below(top, reach):
        for route in node.routes:
            if len(routes) < _MAX_ROUTES and reach.runs(route.call):
                path = _joined(prefix, route.path)
                routes.append(
                    Route(route.methods, path, route.file, route.handler, route.call)
                )
    uses = [one for one in top.uses if reach.runs(one[2])]
    return App(top.file, top.call, tuple(routes), tuple(uses), tuple(servers))


def _below(top: _Node, reach: Reach) -> Iterator[tuple[_Node, str]]:
    stack: list[tuple[_Node, str, int]] = [(top, "", 0)]
    seen: set[tuple[ast.Call, str]] = set()
    while stack and len(seen) < _MAX_ROUTES:
        node, prefix, depth = stack.pop()
        own = _joined(prefix, node.prefix) if node.prefix else prefix
        if (node.call, own) in seen or depth > _MAX_DEPTH:
            continue
        seen.add((node.call, own))
        yield node, own
        for child, text, _, call in reversed(node.below):
            if reach.runs(call):
                stack.append((child, _joined(own, text) if text else own, depth + 1))


def _joined(prefix: str, path: str) -> str:
    whole = f"{prefix.rstrip('/')}/{path.lstrip('/')}" if prefix else path
    return whole if whole.startswith("/") else f"/{whole}"


def _methods(call: ast.Call) -> set[str]:
    """The methods of `api_route` and `add_api_route`; GET where they say none."""
    given = keyword(call, "methods")
    if isinstance(given, ast.List | ast.Tuple | ast.Set):
        texts = {
            one.value.upper()
            for one in given.elts
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        }
        return texts or {"GET"}
    return {"GET"}


def _targets(file: CodeFile, call: ast.Call) -> list[str]:
    match file.names.parents.get(call):
        case ast.Assign(targets=targets):
            return [one.id for one in targets if isinstance(one, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """What a call is given by a keyword; None where it isn't."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def served_of(snapshot: Snapshot) -> Served:
    """The apps of a repository, their routes, and what is reached from them."""
    return _served_of(snapshot)


_served_of: Reading[Served] = Reading(_served)
