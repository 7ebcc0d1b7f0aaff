"""What starts a web server: commands in the files that deploy or explain, and calls in code.

A command counts where a tool or a person would run it: a Dockerfile's CMD, a Procfile,
render.yaml and its like, a compose file, a Makefile, a shell script, code in a README.
Comments and prose are no commands.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.commands import Started, started, started_by
from grader.codebase.documents import Document, Value, documents_of, text_of
from grader.codebase.markdown import read_markdown
from grader.codebase.reach import Start, reach_from, started_by_call
from grader.codebase.reading import Reading
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

Origin = Literal["deployment", "code", "script", "readme"]

_PROGRAMS = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian"})
_SERVES = frozenset({"uvicorn.run", "uvicorn.Config", "hypercorn.asyncio.serve"})
_RUNS = frozenset({"run", "call", "system", "Popen", "check_call"})
_APP = re.compile(r"([A-Za-z_][\w./]*):([A-Za-z_][\w.]*)(\(.*\))?")
_FASTAPI = re.compile(r"(^|[\s;&|])fastapi\s+(run|dev)\s")
_DEPLOYS = re.compile(
    r"(render|heroku|app|docker-compose.*|compose.*|fly|railway|koyeb|apprunner"
    r"|cloudbuild|zeet|nixpacks)\.(ya?ml|toml|json)"
)
_DOCKERFILE = re.compile(r"(.*\.)?(dockerfile|containerfile)(\..*)?", re.IGNORECASE)
_EXPLAINS = re.compile(r"(readme|install|usage|deploy|run)\w*\.md")
_MAX_BYTES = 200 * 1024
_MAX_FILES = 200
_MAX_LEAVES = 2_000


@dataclass(frozen=True, eq=False)
class Server:
    """One start of a server: the program, the app as it is written, and where.

    `app` is `module:name` or the path of a script, `""` where the code hands over an
    object: `handed` then is that, in its file.
    """

    program: str
    app: str
    sight: Sight
    origin: Origin
    is_factory: bool = False
    handed: tuple[CodeFile, ast.expr] | None = None


def _servers(snapshot: Snapshot) -> tuple[Server, ...]:
    found = list(_from_files(snapshot))
    found += _from_code(snapshot)
    order: tuple[Origin, ...] = ("deployment", "code", "script", "readme")
    return tuple(sorted(found, key=lambda one: order.index(one.origin)))


def _from_files(snapshot: Snapshot) -> Iterator[Server]:
    documents = documents_of(snapshot)
    looked = 0
    for path in snapshot.files:
        name = PurePosixPath(path).name
        is_text = (
            _DOCKERFILE.fullmatch(name)
            or name in ("Procfile", "Makefile", "makefile", "GNUmakefile", "justfile")
            or name.endswith(".sh")
            or _EXPLAINS.fullmatch(name.lower())
        )
        is_document = _DEPLOYS.fullmatch(name.lower())
        if not (is_text or is_document) or snapshot.foreign(path):
            continue
        looked += 1
        if looked > _MAX_FILES:
            return
        if is_document:
            yield from _from_document(documents.get(path))
        elif (text := text_of(snapshot, path, _MAX_BYTES)) is not None:
            yield from _from_text(path, name, text)


def _from_text(path: str, name: str, text: str) -> Iterator[Server]:
    if name.endswith(".md"):
        reading = read_markdown(text)
        for block in reading.code_blocks:
            if block.language not in ("python", "py", "json", "yaml", "toml"):
                yield from _in_lines(path, _prompted(block.text), block.line, "readme")
        for words in reading.texts:
            for code in words.codes:
                yield from _in_lines(path, code, words.line, "readme")
    elif _DOCKERFILE.fullmatch(name):
        for line, ran in docker_starts(text):
            for one in ran:
                yield from _server(one, Sight(path=path, line=line), "deployment")
    elif name == "Procfile":
        for number, row in enumerate(text.splitlines(), start=1):
            yield from _in_lines(path, row.partition(":")[2], number, "deployment")
    elif name.endswith(".sh"):
        yield from _in_lines(path, text, 1, "script")
    else:
        recipes = "\n".join(
            row.strip().lstrip("@-+") if row.startswith(("\t", "    ")) else ""
            for row in text.splitlines()
        )
        yield from _in_lines(path, recipes, 1, "script")


def _prompted(text: str) -> str:
    """A block without the prompts before its commands."""
    return "\n".join(re.sub(r"^\s*[$>%]\s+", "", row) for row in text.splitlines())


def _in_lines(path: str, text: str, first: int, origin: Origin) -> Iterator[Server]:
    """The servers that a piece of shell starts, by the line that the command begins on."""
    whole, start = "", first
    for number, row in enumerate(text.splitlines(), start=first):
        start = start if whole else number
        whole += row.rstrip("\\") + " "
        if row.endswith("\\"):
            continue
        sight = Sight(path=path, line=start)
        for one in _started(whole):
            yield from _server(one, sight, origin)
        whole = ""


def _started(text: str) -> tuple[Started, ...]:
    found = started(text)
    if _FASTAPI.search(f" {text}"):
        # `fastapi run app/main.py` is told as the script that it is given.
        return tuple(
            (
                Started("program", "fastapi", (one.name, *one.words))
                if one.kind == "script"
                else one
            )
            for one in found
        )
    return found


def _server(one: Started, sight: Sight, origin: Origin) -> Iterator[Server]:
    program = one.name.rpartition("/")[2]
    if program == "fastapi" and one.words:
        given = next((word for word in one.words if word.endswith(".py")), "")
        yield Server("fastapi", given, sight, origin)
    elif program in _PROGRAMS and one.kind in ("program", "module"):
        for word in one.words:
            if found := _APP.fullmatch(word.strip("\"'")):
                factory = "--factory" in one.words or found[3] is not None
                yield Server(program, f"{found[1]}:{found[2]}", sight, origin, factory)
                return
        yield Server(program, "", sight, origin)


def docker_starts(text: str) -> list[tuple[int, tuple[Started, ...]]]:
    """What the last stage of a Dockerfile starts, by CMD and ENTRYPOINT, with lines."""
    entry: tuple[int, str] | None = None
    command: tuple[int, str] | None = None
    for line, keyword, rest in instructions(text):
        if keyword == "FROM":
            entry = command = None
        elif keyword == "ENTRYPOINT":
            entry, command = (line, rest), None
        elif keyword == "CMD":
            command = (line, rest)
    found = []
    words = [_exec_form(one[1]) for one in (entry, command) if one]
    if entry and command and all(words):
        joined = [word for part in words for word in part or ()]
        found.append((entry[0], started_by(joined)))
    for one in (entry, command):
        if one:
            form = _exec_form(one[1])
            found.append((one[0], _started(one[1]) if form is None else _run(form)))
    return found


def _run(words: list[str]) -> tuple[Started, ...]:
    if words[:1] == ["fastapi"]:
        return _started(" ".join(words))
    return started_by(words)


def instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """The instructions of a Dockerfile: line, keyword in capitals, the rest on one line."""
    whole, start = "", 0
    for number, row in enumerate(text.splitlines(), start=1):
        stripped = row.strip()
        if not stripped or stripped.startswith("#"):
            continue
        start = start if whole else number
        if stripped.endswith("\\"):
            whole += stripped[:-1] + " "
            continue
        keyword, _, rest = (whole + stripped).partition(" ")
        yield start, keyword.upper(), rest.strip()
        whole = ""


def _exec_form(rest: str) -> list[str] | None:
    if not rest.startswith("["):
        return None
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    if isinstance(words, list) and all(isinstance(one, str) for one in words):
        return list(words)
    return None


def _from_document(document: Document) -> Iterator[Server]:
    stack: list[tuple[tuple[str | int, ...], Value]] = [((), document.value)]
    leaves = 0
    while stack and leaves < _MAX_LEAVES:
        keys, value = stack.pop()
        leaves += 1
        sight = Sight(path=document.path, line=document.line_of(*keys))
        match value:
            case str():
                for one in _started(value):
                    yield from _server(one, sight, "deployment")
            case list() if value and all(isinstance(one, str) for one in value):
                for one in _run([str(one) for one in value]):
                    yield from _server(one, sight, "deployment")
            case list():
                stack.extend(((*keys, at), one) for at, one in enumerate(value))
            case dict():
                stack.extend(((*keys, key), one) for key, one in value.items())


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
