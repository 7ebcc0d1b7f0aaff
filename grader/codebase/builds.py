"""How the repository builds its images: from which Dockerfile, context and target.

Read from compose files, `docker build` in workflows, Makefiles and scripts, and the action
that builds images; else guessed from the sources that the Dockerfile copies.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.dockerfiles import Dockerfile
from grader.codebase.documents import Document, documents_of, text_of
from grader.codebase.reading import Reading
from grader.codebase.shell import commands
from grader.codebase.workflows import workflows_of
from grader.model.snapshot import Snapshot

_BYTES = 100 * 1024
_MAX_FILES = 100
_COMPOSE = re.compile(r"(docker-)?compose([._-].*)?\.ya?ml")
_WITH_VALUE = frozenset(
    "-t --tag --build-arg --platform --label --cache-from --cache-to --output -o "
    "--secret --ssh --progress --network --builder --iidfile --metadata-file".split()
)


@dataclass(frozen=True)
class Build:
    """One way in which a Dockerfile is built; `target` is `""` for the last stage."""

    dockerfile: str
    context: str
    target: str = ""


@dataclass(frozen=True)
class Compose:
    """A compose file that has services: their names."""

    path: str
    services: tuple[str, ...]


def context_of(snapshot: Snapshot, file: Dockerfile) -> str:
    """The folder that a Dockerfile copies from; `""` for the top."""
    folder = str(PurePosixPath(file.path).parent)
    built = [one.context for one in builds_of(snapshot) if one.dockerfile == file.path]
    # A compose file may name a folder in which nothing lies that is copied.
    found = list(dict.fromkeys((*built, "" if folder == "." else folder, "")))
    return max(found, key=lambda one: _there(snapshot, file.sources, one))


def _there(snapshot: Snapshot, sources: Sequence[str], folder: str) -> int:
    files = set(snapshot.files)
    found = 0
    for source in sources[:50]:
        path = posixpath.normpath(posixpath.join(folder, source.lstrip("/")))
        found += path in files or snapshot.has_folder(path)
    return found


def _builds(snapshot: Snapshot) -> tuple[Build, ...]:
    return tuple(dict.fromkeys(_found(snapshot)))


def _found(snapshot: Snapshot) -> Iterator[Build]:
    documents = documents_of(snapshot)
    for compose in composes_of(snapshot):
        yield from _of_compose(documents.get(compose.path))
    for workflow in workflows_of(snapshot):
        for job in workflow.jobs:
            for step in job.steps:
                if step.run is not None:
                    yield from _of_shell(step.run, step.folder)
                elif step.action == "docker/build-push-action":
                    context = str(step.option("context") or ".")
                    file = str(step.option("file") or "")
                    target = str(step.option("target") or "")
                    yield _build(context, file, target)
    looked = 0
    for path in snapshot.files:
        pure = PurePosixPath(path)
        if pure.name in ("Makefile", "makefile", "tasks.py") or pure.suffix == ".sh":
            looked += 1
            text = text_of(snapshot, path, _BYTES)
            if looked <= _MAX_FILES and text is not None:
                folder = str(pure.parent)
                yield from _of_shell(text, "" if folder == "." else folder)


def _of_compose(document: Document) -> Iterator[Build]:
    services = document.at("services")
    home = posixpath.dirname(document.path)
    for service in (services if isinstance(services, dict) else {}).values():
        build = service.get("build") if isinstance(service, dict) else None
        if isinstance(build, str):
            yield _build(posixpath.join(home, build), "", "")
        elif isinstance(build, dict):
            context = posixpath.join(home, str(build.get("context") or "."))
            file = str(build.get("dockerfile") or "")
            file = posixpath.join(context, file) if file else ""
            yield _build(context, file, str(build.get("target") or ""))


def _of_shell(text: str, folder: str) -> Iterator[Build]:
    if "build" not in text:
        return
    for command in commands(text):
        words = [
            word.lstrip("@-") if at == 0 else word
            for at, word in enumerate(command.bare)
        ]
        if words[:1] not in (["docker"], ["podman"], ["nerdctl"]):
            continue
        rest = words[2:] if words[1:2] == ["buildx"] else words[1:]
        if rest[:1] != ["build"]:
            continue
        given = {"-f": "", "--file": "", "--target": ""}
        context, at = "", 1
        while at < len(rest):
            word = rest[at]
            name, sign, value = word.partition("=")
            if name in given:
                given[name] = value if sign else (rest[at + 1 : at + 2] or [""])[0]
                at += 1 if sign else 2
            elif word in _WITH_VALUE:
                at += 2
            else:
                context = context if word.startswith("-") and word != "-" else word
                at += 1
        file = given["-f"] or given["--file"]
        if context and "$" not in context + file:
            file = posixpath.join(folder, file) if file else ""
            yield _build(posixpath.join(folder, context), file, given["--target"])


def _build(context: str, file: str, target: str) -> Build:
    context = posixpath.normpath(context or ".").lstrip("/")
    file = posixpath.normpath(file or posixpath.join(context, "Dockerfile"))
    return Build(file, "" if context == "." else context, target)


def _composes(snapshot: Snapshot) -> tuple[Compose, ...]:
    documents, found = documents_of(snapshot), list[Compose]()
    for path in snapshot.files:
        if not _COMPOSE.fullmatch(PurePosixPath(path).name) or snapshot.foreign(path):
            continue
        services = documents.get(path).at("services")
        if isinstance(services, dict) and services and len(found) < _MAX_FILES:
            found.append(Compose(path, tuple(services)))
    return tuple(found)


composes_of: Reading[tuple[Compose, ...]] = Reading(_composes)
builds_of: Reading[tuple[Build, ...]] = Reading(_builds)
