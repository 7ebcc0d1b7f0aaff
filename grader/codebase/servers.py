"""What starts a web server: commands in files that deploy or explain, and calls in code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.commands import Started
from grader.codebase.reach import Start, reach_from
from grader.codebase.reading import Reading
from grader.codebase.starting import script_paths, started_by_call
from grader.codebase.written_commands import Origin, written_commands_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_PROGRAMS = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian"})
_SERVES = frozenset({"uvicorn.run", "uvicorn.Config", "hypercorn.asyncio.serve"})
_RUNS = frozenset({"run", "call", "system", "Popen", "check_call"})
_APP = re.compile(r"([A-Za-z_][\w./]*):([A-Za-z_][\w.]*)(\(.*\))?")


@dataclass(frozen=True, eq=False)
class Server:
    """One start of a server: the program, the app as it is written, and where.

    `app` is `module:name` or the path of a script, `""` where the code hands over an
    object: `handed` then is that, in its file. `beside` are the scripts of the repository
    that the same command runs, such as one that fetches the model first.
    """

    program: str
    app: str
    sight: Sight
    origin: Origin
    is_factory: bool = False
    handed: tuple[CodeFile, ast.expr] | None = None
    beside: tuple[str, ...] = ()


def _servers(snapshot: Snapshot) -> tuple[Server, ...]:
    code = code_of(snapshot)
    # The commands of one script share what it starts: it is gone through once for all.
    beside: dict[int, tuple[str, ...]] = {}
    found: list[Server] = []
    for one in written_commands_of(snapshot):
        for server in _server(one.started, one.sight, one.origin):
            if id(one.among) not in beside:
                beside[id(one.among)] = _scripts(code, one.among)
            found.append(replace(server, beside=beside[id(one.among)]))
    found += _from_code(snapshot)
    order: tuple[Origin, ...] = ("deployment", "code", "script", "readme")
    return tuple(sorted(found, key=lambda one: order.index(one.origin)))


def _scripts(code: Code, among: tuple[Started, ...]) -> tuple[str, ...]:
    paths = (path for one in among for path in script_paths(one, ""))
    return tuple(dict.fromkeys(path for path in paths if path in code.files))


def _server(one: Started, sight: Sight, origin: Origin) -> Iterator[Server]:
    program = one.name.rpartition("/")[2]
    if program == "fastapi" and one.words:
        given = next((word for word in one.words if word.endswith(".py")), "")
        yield Server("fastapi", given, sight, origin)
    elif program in _PROGRAMS and one.kind in ("program", "module"):
        for word in one.words:
            if found := _APP.fullmatch(word.strip("\"'")):
                factory = "--factory" in one.words or found[3] is not None
                app = f"{found[1]}:{found[2]}"
                yield Server(program, app, sight, origin, factory)
                return
        yield Server(program, "", sight, origin)


def _from_code(snapshot: Snapshot) -> Iterator[Server]:
    """The servers that a script of the repository starts when it is run."""
    code = code_of(snapshot)
    for file in code.files.values():
        if file.is_test:
            continue
        found = [
            (node, server)
            for node in file.names.nodes
            if isinstance(node, ast.Call)
            for server in _of_call(code, file, node)
        ]
        if found:
            reach = reach_from(snapshot, [Start(file.path)])
            yield from (server for node, server in found if reach.runs(node))


def _of_call(code: Code, file: CodeFile, call: ast.Call) -> Iterator[Server]:
    name = code.symbol(file, call.func) or ""
    sight = Sight(path=file.path, line=call.lineno, what=name)
    if name in _SERVES:
        named = [one.value for one in call.keywords if one.arg == "app"]
        given = [*call.args, *named][:1]
        factory = any(one.arg == "factory" for one in call.keywords)
        program = name.partition(".")[0]
        match given:
            case [ast.Constant(value=str(text))]:
                yield Server(program, text, sight, "code", factory)
            case [expression]:
                handed = (file, expression)
                yield Server(program, "", sight, "code", factory, handed)
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _RUNS and call.args:
        for one in started_by_call(file, call):
            yield from _server(one, sight, "script")


servers_of: Reading[tuple[Server, ...]] = Reading(_servers)
