"""The files of hosts that build from the repository: Render, Heroku, Fly, Railway and more."""

import posixpath
import re
from collections.abc import Callable, Mapping

from grader.checkers._deployment_model import (
    Deployment,
    Service,
    keys_at,
    number_at,
    text_at,
    variables_at,
    words_at,
)
from grader.codebase.documents import Document, documents_of, parse_yaml, text_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_BYTES = 200 * 1024
_PROCESS = re.compile(r"([A-Za-z0-9_-]+):\s*(.*)")
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)\n---[ \t]*(\n|\Z)", re.DOTALL)
_SPACE_PORT = 7860
_MOST_SERVICES = 50


def render(snapshot: Snapshot, path: str) -> Deployment:
    """A Blueprint of Render: its services of type web that are not static."""
    document = documents_of(snapshot).get(path)
    services, others = [], []
    listed = keys_at(document, "services") if not document.problem else []
    for at in listed[:_MOST_SERVICES]:
        kind = text_at(document, "services", at, "type")
        runtime = text_at(document, "services", at, "runtime")
        runtime = runtime or text_at(document, "services", at, "env")
        line = document.line_of("services", at)
        what = f"type: {kind}" + (f", runtime: {runtime}" if runtime else "")
        sight = Sight(path=path, line=line, what=what[:80])
        if kind != "web" or runtime == "static":
            others.append(sight)
            continue
        services.append(_of_render(document, ("services", at), sight, runtime))
    return Deployment(
        "Render",
        path,
        tuple(services),
        tuple(others),
        *_problem(document, "" if listed else "it has no list `services`"),
        variables=tuple(
            one
            for key in ("services", "envVarGroups")
            for at in keys_at(document, key)[:_MOST_SERVICES]
            for one in variables_at(document, key, at, "envVars")
        ),
    )


def _of_render(
    document: Document, at: tuple[str | int, ...], sight: Sight, runtime: str
) -> Service:
    folder = _folder(text_at(document, *at, "rootDir"))
    key = "dockerCommand" if runtime == "docker" else "startCommand"
    command = text_at(document, *at, key)
    dockerfile = None
    if runtime in ("docker", "image"):
        named = text_at(document, *at, "dockerfilePath")
        dockerfile = _joined(folder, named or "Dockerfile")
        dockerfile = "" if runtime == "image" else dockerfile
    return Service(
        sight,
        command=command.strip(),
        command_line=document.line_of(*at, key),
        folder=folder,
        dockerfile=dockerfile,
        health=text_at(document, *at, "healthCheckPath"),
        health_line=document.line_of(*at, "healthCheckPath"),
        variables=variables_at(document, *at, "envVars"),
    )


def procfile(snapshot: Snapshot, path: str) -> Deployment:
    """A Procfile: its process `web`."""
    text = text_of(snapshot, path, _BYTES)
    if text is None:
        return Deployment("Heroku", path, problem="it is no file, or too large")
    services, others = [], []
    for number, row in enumerate(text.splitlines(), start=1):
        found = _PROCESS.fullmatch(row.strip())
        if not found or not found[2].strip():
            continue
        sight = Sight(path=path, line=number, what=f"{found[1]}:"[:40])
        if found[1] == "web":
            services.append(
                Service(sight, found[2].strip(), number, folder=_home(path))
            )
        else:
            others.append(sight)
    lacks = "" if services or others else "it has no line like `web: command`"
    # The last `web` is the one that counts.
    return Deployment("Heroku", path, tuple(services[-1:]), tuple(others), lacks, None)


def heroku(snapshot: Snapshot, path: str) -> Deployment:
    """heroku.yml: the image of `web`, and what it runs."""
    document = documents_of(snapshot).get(path)
    dockerfile = text_at(document, "build", "docker", "web")
    command = " ".join(words_at(document, "run", "web"))
    if not command:
        command = text_at(document, "run", "web", "command")
    services = []
    if dockerfile or command:
        line = document.line_of("build", "docker", "web")
        line = line or document.line_of("run", "web")
        services.append(
            Service(
                Sight(path=path, line=line, what="web"),
                command,
                document.line_of("run", "web"),
                dockerfile=_joined("", dockerfile) if dockerfile else "",
                variables=variables_at(document, "build", "config"),
            )
        )
    lacks = "" if document.at("build") or services else "it has no `build`"
    return Deployment("Heroku", path, tuple(services), (), *_problem(document, lacks))


def fly(snapshot: Snapshot, path: str) -> Deployment:
    """fly.toml: its http_service, or its services."""
    document = documents_of(snapshot).get(path)
    home = _home(path)
    services = []
    places: list[tuple[str | int, ...]] = []
    if isinstance(document.at("http_service"), dict):
        places.append(("http_service",))
    places += [("services", at) for at in keys_at(document, "services")[:5]]
    for place in places:
        health = text_at(document, *place, "checks", 0, "path")
        health = health or text_at(document, *place, "http_checks", 0, "path")
        for name in keys_at(document, "checks")[:10]:
            health = health or text_at(document, "checks", name, "path")
        processes = keys_at(document, "processes")
        command = text_at(document, "processes", processes[0]) if processes else ""
        dockerfile = text_at(document, "build", "dockerfile")
        services.append(
            Service(
                Sight(path=path, what=f"[{place[0]}]"),
                command,
                folder=home,
                dockerfile=_joined(home, dockerfile or "Dockerfile"),
                port=number_at(document, *place, "internal_port") or 8080,
                health=health,
                variables=variables_at(document, "env"),
            )
        )
    lacks = "" if document.at("app") or services else "it names no app"
    return Deployment("Fly", path, tuple(services), (), *_problem(document, lacks))


def railway(snapshot: Snapshot, path: str) -> Deployment:
    """railway.json or railway.toml: what is deployed from it is one service."""
    document = documents_of(snapshot).get(path)
    home = _home(path)
    is_known = document.at("build") is not None or document.at("deploy") is not None
    services = []
    if is_known:
        command = text_at(document, "deploy", "startCommand")
        dockerfile = text_at(document, "build", "dockerfilePath")
        is_image = text_at(document, "build", "builder").upper() == "DOCKERFILE"
        named = _joined(home, dockerfile or "Dockerfile")
        is_image = is_image or bool(dockerfile) or named in snapshot.files
        beside = posixpath.join(home, "Procfile")
        if not command and not is_image and beside in snapshot.files:
            for one in procfile(snapshot, beside).services:
                command = one.command
        services.append(
            Service(
                Sight(path=path, what="deploy"),
                command,
                folder=home,
                dockerfile=named if is_image else None,
                health=text_at(document, "deploy", "healthcheckPath"),
            )
        )
    lacks = "" if is_known else "it has neither `build` nor `deploy`"
    return Deployment("Railway", path, tuple(services), (), *_problem(document, lacks))


def app_engine(snapshot: Snapshot, path: str) -> Deployment | None:
    """app.yaml of App Engine; None for another program's file of that name."""
    document = documents_of(snapshot).get(path)
    runtime = text_at(document, "runtime")
    if not document.problem and not runtime:
        return None
    services = []
    if runtime:
        home = _home(path)
        is_custom = runtime == "custom"
        command = text_at(document, "entrypoint")
        if not command and not is_custom:
            command = "gunicorn main:app"
        health = text_at(document, "readiness_check", "path")
        health = health or text_at(document, "liveness_check", "path")
        services.append(
            Service(
                Sight(path=path, line=document.line_of("runtime"), what=runtime[:40]),
                command,
                document.line_of("entrypoint"),
                folder=home,
                dockerfile=_joined(home, "Dockerfile") if is_custom else None,
                health=health,
                variables=variables_at(document, "env_variables"),
            )
        )
    return Deployment("App Engine", path, tuple(services), (), *_problem(document, ""))


def app_runner(snapshot: Snapshot, path: str) -> Deployment:
    """apprunner.yaml of AWS App Runner."""
    document = documents_of(snapshot).get(path)
    services = []
    if command := text_at(document, "run", "command"):
        services.append(
            Service(
                Sight(path=path, line=document.line_of("run"), what="run"),
                command,
                document.line_of("run", "command"),
                port=number_at(document, "run", "network", "port") or 8080,
                variables=variables_at(document, "run", "env"),
            )
        )
    lacks = "" if services else "it has no command in `run`"
    return Deployment(
        "App Runner", path, tuple(services), (), *_problem(document, lacks)
    )


def vercel(snapshot: Snapshot, path: str) -> Deployment:
    """vercel.json: the first Python file that it builds or has as a function."""
    document = documents_of(snapshot).get(path)
    sources = [
        text_at(document, "builds", at, "src")
        for at in keys_at(document, "builds")[:20]
    ]
    sources += [str(one) for one in keys_at(document, "functions")[:20]]
    files = [one.lstrip("/") for one in sources if one.endswith(".py")]
    others = tuple(
        Sight(path=path, what=one[:60]) for one in sources if not one.endswith(".py")
    )
    services = tuple(
        Service(
            Sight(path=path, what=one[:60]),
            app_file=_joined(_home(path), one),
            is_portless=True,
            variables=variables_at(document, "env"),
        )
        for one in files
    )
    return Deployment("Vercel", path, services, others, *_problem(document, ""))


def space(snapshot: Snapshot, path: str) -> Deployment | None:
    """The head of README.md that makes a Space of Hugging Face; None without one."""
    text = text_of(snapshot, path, _BYTES)
    head = _FRONT_MATTER.match(text or "")
    if head is None or "sdk" not in head[1]:
        return None
    # One line in front, where the dashes are.
    document = parse_yaml(path, f"\n{head[1]}")
    sdk = text_at(document, "sdk")
    if not document.problem and not sdk:
        return None
    sight = Sight(path=path, line=document.line_of("sdk"), what=f"sdk: {sdk}"[:40])
    if document.problem or sdk == "static":
        others = (sight,) if sdk else ()
        return Deployment("Space", path, (), others, *_problem(document, ""))
    app_file = text_at(document, "app_file") or "app.py"
    is_image = sdk == "docker"
    service = Service(
        sight,
        command=f"streamlit run {app_file}" if sdk == "streamlit" else "",
        dockerfile="Dockerfile" if is_image else None,
        app_file="" if sdk in ("docker", "streamlit") else app_file,
        port=(number_at(document, "app_port") or _SPACE_PORT) if is_image else None,
        is_portless=not is_image,
    )
    return Deployment("Space", path, (service,))


Reader = Callable[[Snapshot, str], Deployment | None]

# Where a host looks for its file: at the top, or in the folder that is deployed.
READERS: Mapping[str, Reader] = {
    "render.yaml": render,
    "render.yml": render,
    "Procfile": procfile,
    "heroku.yml": heroku,
    "fly.toml": fly,
    "railway.json": railway,
    "railway.toml": railway,
    "app.yaml": app_engine,
    "apprunner.yaml": app_runner,
    "vercel.json": vercel,
}


def _problem(document: Document, lacks: str) -> tuple[str, int | None]:
    if document.problem:
        return f"it can't be read: {document.problem}"[:200], document.line
    return lacks, None


def _home(path: str) -> str:
    return posixpath.dirname(path)


def _folder(given: str) -> str:
    folder = posixpath.normpath(given or ".").lstrip("/")
    return "" if folder == "." else folder


def _joined(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name.lstrip("/"))).lstrip("/")
