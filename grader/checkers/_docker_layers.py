"""How an image is built: its bases, the order of its layers, what they leave behind."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.credentials import masked
from grader.codebase.dockerfiles import Dockerfile, Instruction, Stage
from grader.codebase.installing import installs
from grader.codebase.scripts import Ran, Scripts
from grader.model.measurement import Sight

_CODENAMES = frozenset(
    "buster bullseye bookworm trixie focal jammy noble bionic oracular plucky".split()
)
_SLIM = re.compile(
    r"slim|alpine|distroless|micromamba|minimal|chainguard|wolfi|^scratch$|busybox|cgr\.dev"
)
_MANIFEST = re.compile(
    r".*requirements.*\.(txt|in)|requirements|pyproject\.toml|setup\.(py|cfg)|.*\.lock"
    r"|Pipfile|(environment|conda|env).*\.ya?ml|.*lock.*\.(ya?ml|json|txt)|readme.*"
    r"|licen[cs]e.*|\.python-version|.*constraints.*\.txt|package.*\.json|makefile"
    r"|.*\.whl|pip\.conf|uv\.toml|\.condarc|packages\.txt|apt\.txt|pixi\.toml",
    re.IGNORECASE,
)
# What reads the project's own list of dependencies.
_DECLARED = re.compile(
    r"-r\S*|--requirement(=.*)?|--file(=.*)?|-f|\.|\./?(\[.*\])?|-e|--editable|sync|env"
    r"|.*\.(txt|ya?ml|toml|lock)"
)


@dataclass(frozen=True)
class Pin:
    """One image that a build takes from elsewhere, where, and what is wrong, or `""`."""

    image: str
    sight: Sight
    lacks: str = ""


def pins(file: Dockerfile, stage: Stage) -> list[Pin]:
    """The images from elsewhere that building a stage needs."""
    found = []
    for one in file.built_with(stage):
        if one.parent is None and one.base.lower() != "scratch":
            sight = Sight(path=file.path, line=one.line, what=f"FROM {one.base[:100]}")
            found.append(Pin(one.base, sight, _floats(one.base)))
        for instruction in one.instructions:
            source = instruction.flag("from") or ""
            if instruction.keyword == "COPY" and source and not file.stage(source):
                sight = Sight(path=file.path, line=instruction.line, what=source[:100])
                found.append(Pin(source, sight, _floats(source)))
    return found


def _floats(image: str) -> str:
    """Why an image is not the same one tomorrow; `""` for a version or a digest."""
    if "@sha256:" in image:
        return ""
    if "$" in image:
        return "its name depends on an argument without a value"
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return "it has no tag, which means latest"
    words = re.split(r"[-_.]", tag.lower())
    if "latest" in words:
        return "its tag is latest"
    if not any(letter.isdigit() for letter in tag) and not _CODENAMES & set(words):
        return f"its tag {tag[:40]} is no version"
    return ""


def is_slim(base: str) -> bool:
    """Whether an image has little more than a program needs."""
    return bool(_SLIM.search(base.lower()))


@dataclass(frozen=True)
class Order:
    """Whether dependencies are installed before the code is there: where, or what is wrong."""

    holds: bool
    told: str
    sights: tuple[Sight, ...] = ()


def order(file: Dockerfile, stage: Stage, scripts: Scripts, context: str) -> Order:
    """The order of the layers of the stage that installs the dependencies."""
    candidates = [stage, *reversed(file.built_with(stage)[:-1])]
    for one in candidates:
        steps = list(one.each("COPY", "ADD", "RUN"))
        at = _first_install(steps, file.path, scripts, context)
        if at is not None:
            break
    else:
        return Order(False, "No RUN installs dependencies.")
    install = _sight(file.path, steps[at])
    before = [step for step in steps[:at] if _code(step)]
    if before:
        sight = _sight(file.path, before[0])
        told = (
            "The code is copied first, so that every change of it installs all again."
        )
        return Order(False, told, (sight, install))
    builders = file.built_with(stage)
    after = [
        step
        for step in (*steps[at + 1 :], *(s for b in builders for s in b.instructions))
        if step.keyword in ("COPY", "ADD") and _code(step)
    ]
    if not after:
        return Order(False, "No code is copied after the dependencies.", (install,))
    told = "The list of dependencies is copied and installed before the code."
    return Order(True, told, (install, _sight(file.path, after[0])))


def _first_install(
    steps: Sequence[Instruction], path: str, scripts: Scripts, context: str
) -> int | None:
    """The first RUN that installs what the project declares, else any dependencies."""
    any_at: int | None = None
    for at, step in enumerate(steps):
        if step.keyword != "RUN":
            continue
        for ran in run_of(step, path, scripts, context):
            name, words = ran.name, ran.started.words
            if not installs(name, words, ran.command.bare):
                continue
            is_declared = name in ("poetry", "pipenv", "pdm", "conda-lock", "pixi")
            if is_declared or any(_DECLARED.fullmatch(word) for word in words):
                return at
            any_at = at if any_at is None else any_at
    return any_at


def _code(step: Instruction) -> bool:
    """Whether a COPY brings more than lists of dependencies and what they need."""
    if step.keyword == "RUN" or step.flag("from") is not None or step.body:
        return False
    sources = [word.rstrip("*") for word in step.words[:-1]]
    return any(
        not source.startswith(("http://", "https://"))
        and not _MANIFEST.fullmatch(PurePosixPath(source).name or ".")
        for source in sources
    )


def run_of(
    step: Instruction, path: str, scripts: Scripts, context: str
) -> tuple[Ran, ...]:
    """What a RUN runs in the end."""
    given = step.exec_form
    text = " ".join(given) if given is not None else step.script
    return scripts.ran(text, path, step.line, context)


def leftovers(
    file: Dockerfile, stage: Stage, scripts: Scripts, context: str
) -> tuple[list[Sight], list[Sight]]:
    """Where the image installs, and where that leaves a cache behind."""
    installing, left = [], []
    for step in stage.each("RUN"):
        ran = run_of(step, file.path, scripts, context)
        for one in ran:
            if (kind := _kind(one)) is None:
                continue
            sight = _sight(file.path, step, what=" ".join(one.command.bare))
            if sight not in installing:
                installing.append(sight)
            if not _is_clean(kind, one, ran, step, stage):
                what = f"{kind} leaves its {'lists' if kind == 'apt' else 'cache'}"
                mark = sight.model_copy(update={"what": what})
                if mark not in left:
                    left.append(mark)
    return installing, left


def _kind(ran: Ran) -> str | None:
    """The installer that a command is; None for none, and for pip that brings itself up."""
    name, words = ran.name, ran.started.words
    if name in ("apt", "apt-get") and "install" in words:
        return "apt"
    if name == "apk" and "add" in words:
        return "apk"
    if name in ("dnf", "yum", "microdnf") and "install" in words:
        return "dnf"
    if not installs(name, words, ran.command.bare):
        is_conda = name in ("conda", "mamba") and {"install", "create"} & set(words[:2])
        return "conda" if is_conda else None
    if name in ("conda", "mamba", "micromamba", "conda-lock"):
        return "conda"
    if re.fullmatch(r"pip[\d.]*", name):
        return "pip"
    if name in ("uv", "poetry", "pipenv", "pdm"):
        return name
    return "uv" if ran.command.bare[:1] == ("uv",) else None


def _is_clean(
    kind: str, one: Ran, ran: Sequence[Ran], step: Instruction, stage: Stage
) -> bool:
    mounts = [
        value for name, value in step.flags if name == "mount" and "type=cache" in value
    ]
    if mounts and kind != "apt":
        return True
    words = set(one.started.words) | set(one.command.words)
    names = stage.environment
    removed = " ".join(
        " ".join(other.command.words) for other in ran if other.name == "rm"
    )
    purged = [other for other in ran if other.name in (kind, "pip", "conda", "mamba")]
    if kind == "apt":
        return "/var/lib/apt/lists" in removed or any("apt" in one for one in mounts)
    if kind == "apk":
        return "--no-cache" in words or "/var/cache/apk" in removed
    if kind == "conda":
        return any(
            "clean" in other.started.words[:1]
            for other in ran
            if other.name in ("conda", "mamba", "micromamba")
        )
    if kind == "dnf":
        return any("clean" in other.started.words for other in ran)
    if ".cache" in removed or "CACHE_DIR" in removed:
        return True
    if any({"cache", "purge"} <= set(o.started.words) for o in purged):
        return True
    if any({"cache", "clear"} <= set(o.started.words) for o in purged):
        return True
    if any({"cache", "clean"} <= set(o.started.words) for o in purged):
        return True
    if kind == "uv":
        return bool({"--no-cache", "-n", "--no-cache-dir"} & words) or _on(
            names, one, "UV_NO_CACHE"
        )
    if kind == "poetry":
        return "--no-cache" in words or _on(names, one, "POETRY_NO_CACHE")
    return "--no-cache-dir" in words or _on(names, one, "PIP_NO_CACHE_DIR")


def _on(names: object, one: Ran, name: str) -> bool:
    """Whether a variable is set to more than nothing, for the image or the one command."""
    value = names.get(name, "") if isinstance(names, dict) else ""
    for word in one.command.words:
        if word.startswith(f"{name}="):
            value = word.partition("=")[2]
    return bool(value) and str(value).lower() not in ("0", "false", "off", "no")


def _sight(path: str, step: Instruction, what: str = "") -> Sight:
    text = what or f"{step.keyword} {' '.join(step.text.split())}"
    return Sight(path=path, line=step.line, what=masked(text)[:120])


def sources(stage: Stage) -> Iterator[tuple[Instruction, str]]:
    """What the stage's image is given out of the context, path by path."""
    for step in stage.each("COPY", "ADD"):
        if step.flag("from") is None and not step.body:
            for word in step.words[:-1]:
                if not word.startswith(("http://", "https://", "git@")):
                    path = posixpath.normpath(word.lstrip("/") or ".")
                    yield step, path
