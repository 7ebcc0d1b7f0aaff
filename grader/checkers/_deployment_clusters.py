"""Manifests of Kubernetes and of Knative (Cloud Run): what runs, and what leads to it."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from grader.checkers._deployment_model import (
    Deployment,
    Service,
    Variable,
    keys_at,
    number_at,
    text_at,
    variables_at,
    words_at,
)
from grader.codebase.documents import Document, parse_yaml, text_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_BYTES = 200 * 1024
_MAX_FILES = 300
_MAX_PARTS = 100
_SEPARATOR = re.compile(r"^---[ \t]*(#.*)?$", re.MULTILINE)
_RUNS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Pod"})
# Images of others, which serve no app of the repository.
_FOREIGN = re.compile(
    r"(.*/)?(postgres|redis|mysql|mariadb|mongo|nginx|traefik|grafana|prometheus|minio|mlflow"
    r"|rabbitmq|kafka|zookeeper|busybox|alpine|elasticsearch|localstack|adminer|prefect)"
    r"([-:@].*)?"
)


def clusters(snapshot: Snapshot, paths: list[str]) -> tuple[Deployment, ...]:
    """The manifests in some YAML files: their services where both parts are there."""
    documents: list[Document] = []
    broken: list[Deployment] = []
    for path in paths[:_MAX_FILES]:
        text = text_of(snapshot, path, _BYTES)
        if text is None or "apiVersion:" not in text or "kind:" not in text:
            continue
        if "{{" in text:
            # A template of a chart is no YAML before it is filled in.
            continue
        for one in _parts(path, text):
            if one.problem:
                told = f"it can't be read: {one.problem}"[:200]
                broken.append(Deployment("Kubernetes", path, (), (), told, one.line))
                break
            documents.append(one)
    selectors = [one for one in documents if _is_service(one)]
    found = []
    for one in documents:
        api, kind = text_at(one, "apiVersion"), text_at(one, "kind")
        if api.startswith("serving.knative.dev/") and kind == "Service":
            found.append(_knative(one))
        elif kind in _RUNS and api in ("apps/v1", "v1"):
            found.append(_workload(one, kind, selectors))
    return (*found, *broken)


def _parts(path: str, text: str) -> Iterator[Document]:
    """Each document of a text, with the lines that it has in the file."""
    start, parts = 0, 0
    for end in (*(one.start() for one in _SEPARATOR.finditer(text)), len(text)):
        piece = text[start:end]
        if piece.startswith("---"):
            piece = f"#{piece}"
        if piece.strip("-# \t\r\n") and parts < _MAX_PARTS:
            parts += 1
            yield parse_yaml(path, "\n" * text.count("\n", 0, start) + piece)
        start = end


def _is_service(document: Document) -> bool:
    return text_at(document, "kind") == "Service" and isinstance(
        document.at("spec", "selector"), dict
    )


def _knative(document: Document) -> Deployment:
    """A service of Cloud Run: its first container gets $PORT."""
    pod: tuple[str | int, ...] = ("spec", "template", "spec")
    at = (*pod, "containers", 0)
    service = _container(document, at, port=None)
    is_foreign = _is_foreign(document, at)
    return Deployment(
        "Cloud Run",
        document.path,
        () if is_foreign else (service,),
        (service.sight,) if is_foreign else (),
        variables=_variables(document, pod),
    )


def _workload(document: Document, kind: str, selectors: list[Document]) -> Deployment:
    pod: tuple[str | int, ...] = (
        ("spec",) if kind == "Pod" else (*("spec", "template", "spec"),)
    )
    labels = document.at(*pod[:-1], "metadata", "labels")
    labels = labels if isinstance(labels, dict) else {}
    leads = [one for one in selectors if _selects(one, labels)]
    services, others = [], []
    for index in keys_at(document, *pod, "containers")[:10]:
        at = (*pod, "containers", index)
        port = number_at(document, *at, "ports", 0, "containerPort")
        # A name of a port is one of the container's; without any it is the Service's own.
        target = (
            number_at(leads[0], "spec", "ports", 0, "targetPort") if leads else None
        )
        own = number_at(leads[0], "spec", "ports", 0, "port") if leads else None
        port = target or port or own
        found = _container(document, at, port=port)
        if leads and port and not _is_foreign(document, at):
            services.append(found)
        else:
            others.append(found.sight)
    return Deployment(
        "Kubernetes",
        document.path,
        tuple(services),
        tuple(others),
        variables=_variables(document, pod),
    )


def _variables(document: Document, pod: tuple[str | int, ...]) -> tuple[Variable, ...]:
    """What all containers of a pod are given."""
    return tuple(
        one
        for kind in ("containers", "initContainers")
        for at in keys_at(document, *pod, kind)[:10]
        for one in variables_at(document, *pod, kind, at, "env")
    )


def _selects(service: Document, labels: Mapping[str, object]) -> bool:
    selector = service.at("spec", "selector")
    return (
        isinstance(selector, dict)
        and bool(selector)
        and all(labels.get(key) == value for key, value in selector.items())
    )


def _is_foreign(document: Document, at: tuple[str | int, ...]) -> bool:
    image = text_at(document, *at, "image")
    return bool(_FOREIGN.fullmatch(image.lower()))


def _container(
    document: Document, at: tuple[str | int, ...], *, port: int | None
) -> Service:
    image = text_at(document, *at, "image")
    line = document.line_of(*at, "image") or document.line_of("kind")
    words = [*words_at(document, *at, "command"), *words_at(document, *at, "args")]
    is_whole = bool(words_at(document, *at, "command"))
    health, health_line = "", None
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        place = (*at, probe, "httpGet", "path")
        if not health and (health := text_at(document, *place)):
            health_line = document.line_of(*place)
    return Service(
        Sight(path=document.path, line=line, what=f"image: {image}"[:80]),
        command=shlex.join(words) if is_whole else "",
        command_line=document.line_of(*at, "command"),
        dockerfile="",
        image=image,
        port=port,
        health=health,
        health_line=health_line,
        variables=variables_at(document, *at, "env"),
    )


def is_manifest(path: str) -> bool:
    """Whether a path may be a manifest: YAML, and no workflow."""
    pure = PurePosixPath(path)
    return pure.suffix in (".yaml", ".yml") and not path.startswith(".github/")
