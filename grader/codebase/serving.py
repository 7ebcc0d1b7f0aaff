"""What a container or a host starts, whether that is a server, and where it listens."""

import ast
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.codebase.code import Code, CodeFile, code_of
from grader.codebase.commands import Started
from grader.codebase.credentials import masked
from grader.codebase.dockerfiles import Instruction, Stage
from grader.codebase.reach import Reach, Start, reach_from
from grader.codebase.scripts import Ran, scripts_of
from grader.codebase.starting import script_paths, started_by_call
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

APIS = frozenset("uvicorn gunicorn hypercorn daphne granian waitress-serve".split())
_PAGES = frozenset({"streamlit", "gradio", "chainlit", "panel", "voila", "solara"})
_RUNS_SERVER = frozenset(
    "uvicorn.run uvicorn.Server().run uvicorn.Server().serve flask.Flask().run "
    "waitress.serve hypercorn.asyncio.serve granian.Granian().serve aiohttp.web.run_app "
    "gradio.Interface().launch gradio.Blocks().launch http.server.HTTPServer().serve_forever "
    "wsgiref.simple_server.make_server().serve_forever bentoml.serve".split()
)
_READS_PORT = frozenset(
    "os.getenv os.environ.get os.environ.setdefault decouple.config environ.get".split()
)
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash"})
_APP = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(\(.*\))?")
_PORT = re.compile(r"\$\{?PORT\b")
_PORT_GIVEN = re.compile(r"(?:.*:)?(?:\$\{\w+:-)?([0-9]{2,5})\}?")
_PORT_OPTIONS = frozenset(
    "--port -p -b --bind --listen --server.port --server_port --http".split()
)
_DEFAULT_PORTS = {
    **dict.fromkeys(("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"), 8000),
    **{"streamlit": 8501, "flask": 5000, "daphne": 8000, "waitress-serve": 8080},
}


@dataclass(frozen=True)
class Serving:
    """What a container starts: its command, the server found in it, what is wrong.

    `rank` is 2 for an API, 1 for pages, 0 for no server. `port` says how the port of the
    host is honoured, `""` where it is not. `listens` is the port where the host gives none,
    as far as it is said.
    """

    sight: Sight | None = None
    told: str = ""
    rank: int = 0
    port: str = ""
    port_told: str = ""
    listens: int | None = None


def serving(snapshot: Snapshot, path: str, stage: Stage, context: str) -> Serving:
    """What the image of a stage starts when it runs."""
    entry, command = _last(stage)
    given = entry or command
    if given is None:
        return Serving(
            told="It has neither CMD nor ENTRYPOINT: it starts what its base does."
        )
    what = masked(" ".join(given.words))[:120]
    sight = Sight(path=path, line=given.line, what=f"{given.keyword} {what}")
    words = _words(entry, command)
    script = _inner_script(words) if words else given.script
    is_shell = not words or script is not None
    text = script if script is not None else shlex.join(words)
    return serving_by(snapshot, text, sight, context, is_shell=is_shell)


def serving_by(
    snapshot: Snapshot, text: str, sight: Sight, folder: str, *, is_shell: bool = True
) -> Serving:
    """What a command starts that stands at `sight` and is run in a folder."""
    found = Serving(sight, f"It starts {_short(text)}, which is no server.")
    for one in scripts_of(snapshot).ran(text, sight.path, sight.line or 1, folder):
        # A script of the repository has a shell of its own.
        in_shell = is_shell or one.sight.path != sight.path
        server = _server(snapshot, one, folder, text, in_shell)
        if server is not None and server.rank >= found.rank:
            listens = server.listens or _listens(one)
            found = replace(server, sight=sight, listens=listens)
    return found


def _listens(ran: Ran) -> int | None:
    """The port of a command's own option, or its program's where it has none."""
    words = ran.started.words
    for at, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in _PORT_OPTIONS:
            given = value if sign else (words[at + 1] if at + 1 < len(words) else "")
            number = _PORT_GIVEN.fullmatch(given.strip("\"'"))
            return int(number[1]) if number else None
    names = (ran.name, *ran.command.bare[:1])
    return next((_DEFAULT_PORTS[one] for one in names if one in _DEFAULT_PORTS), None)


def _last(stage: Stage) -> tuple[Instruction | None, Instruction | None]:
    """ENTRYPOINT and CMD: an ENTRYPOINT drops the CMD of a stage before."""
    entry = command = None
    for one in stage.lineage:
        own = None
        for instruction in one.instructions:
            if instruction.keyword == "ENTRYPOINT":
                entry, command = instruction, own
            elif instruction.keyword == "CMD":
                own = command = instruction
    return entry, command


def _words(entry: Instruction | None, command: Instruction | None) -> list[str]:
    """The words that are started without a shell; none where a shell is given a text."""
    if entry is not None:
        first = entry.exec_form
        if first is None:
            return []
        after = command.exec_form if command else ()
        if after is None and command is not None:
            after = ("/bin/sh", "-c", command.text)
        return [*first, *(after or ())]
    return list(command.exec_form or ()) if command else []


def _inner_script(words: Sequence[str]) -> str | None:
    """The text that `sh -c` is given, wherever it stands among the words."""
    for at, word in enumerate(words[:-2]):
        if word.rpartition("/")[2] in _SHELLS:
            for later in range(at + 1, len(words) - 1):
                if re.fullmatch(r"-[a-z]*c", words[later]):
                    return words[later + 1]
                if not words[later].startswith("-"):
                    break
    return None


def _short(text: str) -> str:
    return masked(" ".join(text.split()))[:80]


def _server(
    snapshot: Snapshot, ran: Ran, context: str, text: str, in_shell: bool
) -> Serving | None:
    """The server that one program is, or None."""
    one, bare, name = ran.started, ran.command.bare, ran.name
    where = f"{ran.sight.path}:{ran.sight.line} " if ran.sight != ran.led else ""
    if "fastapi" in bare and {"run", "dev"} & set(bare):
        port, told = _by_option(snapshot, ran, in_shell)
        if not any(word.startswith("--port") for word in bare):
            port, told = "fastapi run reads PORT by itself", ""
        return Serving(None, f"{where}fastapi run starts the server.", 2, port, told)
    if one.kind == "script" and bare[:1] and bare[0] in _PAGES | {"streamlit"}:
        port, told = _by_option(snapshot, ran, in_shell)
        return Serving(None, f"{where}{bare[0]} serves pages.", 1, port, told)
    if one.kind in ("program", "module") and (
        name in APIS or (name == "flask" and "run" in one.words)
    ):
        app = next((m for word in one.words if (m := _APP.fullmatch(word))), None)
        if app is not None and (lacks := _lacking(snapshot, app[1], app[2])):
            return Serving(None, f"{name} is given {app[1]}, and {lacks}.", 0)
        port, told = _by_option(snapshot, ran, in_shell)
        if name == "gunicorn" and not port:
            port, told = _gunicorn_port(snapshot, one, told)
        what = f" of {app[1]}" if app else ""
        return Serving(None, f"{where}{name} starts the server{what}.", 2, port, told)
    if one.kind == "program" and one.words[:1] in (("serve",), ("models",)):
        if name in ("bentoml", "mlflow") and "serve" in one.words:
            port, told = _by_option(snapshot, ran, in_shell)
            return Serving(None, f"{where}{name} serves the model.", 2, port, told)
    if one.kind in ("script", "module"):
        if (file := _file(snapshot, one, context)) is not None:
            return _by_code(snapshot, file, where)
    return None


def _lacking(snapshot: Snapshot, dotted: str, attribute: str) -> str:
    """What of `module:attribute` is not there; `""` where both are, as far as is known."""
    stem = "/" + dotted.replace(".", "/")
    paths = [
        path
        for path in snapshot.python_files
        if f"/{path}".endswith((f"{stem}.py", f"{stem}/__init__.py"))
    ]
    if not paths:
        return "no module of that name is there"
    first, files = attribute.partition(".")[0], code_of(snapshot).files
    for path in paths:
        if (file := files.get(path)) is None or _defines(file, first):
            return ""
    return f"{paths[0]} has no {first}"


def _defines(file: CodeFile, name: str) -> bool:
    """Whether a module has a name, or takes all names of another."""
    if file.names.at_top(name) is not None or file.names.top_value(name) is not None:
        return True
    for node in file.names.nodes:
        match node:
            case ast.Name(id=bound, ctx=ast.Store()) if bound == name:
                return True
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return True
            case ast.alias(name=bound, asname=given) if name in (bound, given):
                return True
            case ast.FunctionDef(name=bound) if bound in (name, "__getattr__"):
                return True
    return False


def _by_option(snapshot: Snapshot, ran: Ran, in_shell: bool) -> tuple[str, str]:
    """How a command takes the port from the environment, or why it does not."""
    names = {"PORT"}
    text = scripts_of(snapshot).text(ran.sight.path) if ran.sight != ran.led else ""
    is_fixed = False
    for row in text.splitlines()[:500]:
        found = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(\S.*)", row)
        if found and _PORT.search(found[2]):
            names.add(found[1])
        elif found and found[1] == "PORT":
            is_fixed = True
    use = re.compile(rf"\$\{{?({'|'.join(map(re.escape, sorted(names)))})\b")
    using = [word for word in ran.started.words if use.search(word)]
    if not using:
        return "", f"{ran.name} is given a port of its own, or none."
    if is_fixed:
        return "", f"{ran.sight.path} sets PORT itself."
    if not in_shell or any(word in ran.command.quoted for word in using):
        return "", "No shell stands between, so that $PORT is not put in."
    return f"{ran.name} is given {using[0][:40]}", ""


def _gunicorn_port(snapshot: Snapshot, one: Started, told: str) -> tuple[str, str]:
    binds = any(
        word in ("-b", "--bind") or word.startswith(("-b", "--bind="))
        for word in one.words
    )
    if binds:
        return "", told
    names = ["gunicorn.conf.py"]
    for at, word in enumerate(one.words[:-1]):
        if word in ("-c", "--config"):
            names = [one.words[at + 1]]
    files = code_of(snapshot).files
    for path, file in files.items():
        if PurePosixPath(path).name == PurePosixPath(names[0]).name:
            code = code_of(snapshot)
            if any(_reads_port(code, file, node) for node in file.names.nodes):
                return f"{path} reads PORT", ""
            if any(
                isinstance(node, ast.Name) and node.id == "bind"
                for node in file.names.nodes
            ):
                return "", f"{path} binds to a port of its own."
    return "gunicorn without --bind listens on PORT", ""


def _file(snapshot: Snapshot, one: Started, context: str) -> str | None:
    files = code_of(snapshot).files
    for path in script_paths(one, context):
        if path in files:
            return path
    if one.kind == "script":
        found = scripts_of(snapshot).find(one.name, context)
        return found if found in files else None
    stem = one.name.replace(".", "/")
    ends = (f"/{stem}.py", f"/{stem}/__main__.py")
    same = [path for path in files if f"/{path}".endswith(ends)]
    return same[0] if len(same) == 1 else None


def _by_code(snapshot: Snapshot, path: str, where: str) -> Serving | None:
    """A script that runs a server, and whether the code that it runs reads PORT."""
    code, reach = code_of(snapshot), reach_from(snapshot, [Start(path)])
    for file, call in reach.calls():
        name = code.symbol(file, call.func) or ""
        runs = name in _RUNS_SERVER or (
            name.startswith(("subprocess.", "os.exec", "os.system"))
            and any(
                one.name.rpartition("/")[2] in APIS
                for one in started_by_call(file, call)
            )
        )
        if runs:
            told = f"{where}{path} starts the server by {name} ({file.path}:{call.lineno})."
            port = _port_of(code, reach)
            lacks = "" if port else f"Nothing that {path} runs reads PORT."
            return Serving(None, told, 2, port, lacks, _port_in(call))
    return None


def _port_in(call: ast.Call) -> int | None:
    for one in call.keywords:
        match one:
            case ast.keyword(arg="port", value=ast.Constant(value=int(number))):
                return number
    return None


def _port_of(code: Code, reach: Reach) -> str:
    for file, node in reach.nodes():
        if _reads_port(code, file, node):
            return f"{file.path}:{getattr(node, 'lineno', 1)} reads PORT"
    return ""


def _reads_port(code: Code, file: CodeFile, node: ast.AST) -> bool:
    match node:
        case ast.Call(func=called, args=[ast.Constant(value="PORT"), *_]):
            return (code.symbol(file, called) or "") in _READS_PORT
        case ast.Subscript(value=holder, slice=ast.Constant(value="PORT")):
            return code.symbol(file, holder) == "os.environ"
        case ast.ClassDef(bases=bases, body=body):
            # Settings of pydantic take a field's value from the variable of its name.
            if any(
                (code.symbol(file, one) or "").endswith("BaseSettings") for one in bases
            ):
                return any(
                    isinstance(one, ast.AnnAssign)
                    and isinstance(one.target, ast.Name)
                    and one.target.id.upper() == "PORT"
                    for one in body
                )
    return False
