"""The OpenAPI document of a service: its routes, and what its references stand for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue

_HEALTH = re.compile(
    r"(health|healthz|healthcheck|health[-_]check|livez?|liveness|readyz?|readiness"
    r"|heartbeat|alive|ping|status)"
)
_PREDICTS = re.compile(
    r"(^|[-_/.])(predict\w*|infer\w*|scor(e|ing)|classif\w*|forecast\w*|recommend\w*"
    r"|estimat\w*)($|[-_/.])"
)
_SEVERAL = re.compile(r"batch|bulk|many|csv|file|upload|list")
_MAX_OPERATIONS = 500
_MAX_REFERENCES = 20

Object = Mapping[str, JsonValue]
_NOTHING: Object = {}


def read_json(body: bytes) -> JsonValue:
    """The value in a body. Raises `ValueError` for what is no JSON, NaN among it."""
    try:
        value: JsonValue = json.loads(body, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def mapping(value: JsonValue) -> Object:
    """A value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def listed(value: JsonValue) -> list[JsonValue]:
    """A value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class Operation:
    """One route of a document: a method in capitals, a path, and what is said of it."""

    method: str
    path: str
    said: Object
    parameters: tuple[Object, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path that is no parameter, in small letters."""
        parts = [one for one in self.path.split("/") if one and "{" not in one]
        return parts[-1].lower() if parts else ""


class Document:
    """A document, asked for routes and references."""

    def __init__(self, root: Object) -> None:
        self._root = root

    @property
    def root_path(self) -> str:
        """The path below which the first server has its routes; `""` for the top."""
        for one in listed(self._root.get("servers"))[:1]:
            url = mapping(one).get("url")
            if isinstance(url, str) and "{" not in url:
                path = urlsplit(url).path if _is_url(url) else ""
                return path.rstrip("/") if path.startswith("/") else ""
        return ""

    def resolved(self, schema: JsonValue) -> Object:
        """A mapping, followed where it is a reference within the document."""
        found = mapping(schema)
        for _ in range(_MAX_REFERENCES):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            beside = {key: value for key, value in found.items() if key != "$ref"}
            found = {**mapping(self._at(reference)), **beside}
        return _NOTHING

    def _at(self, reference: str) -> JsonValue:
        if not reference.startswith("#/"):
            return None
        value: JsonValue = dict(self._root)
        for part in reference[2:].split("/")[:50]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            value = mapping(value).get(name)
        return value

    def operations(self) -> Iterator[Operation]:
        """Its routes, in order."""
        count = 0
        for path, item in mapping(self._root.get("paths")).items():
            said = self.resolved(item)
            shared = listed(said.get("parameters"))
            for method, one in said.items():
                count += 1
                if count > _MAX_OPERATIONS:
                    return
                if method in ("get", "post") and isinstance(one, dict):
                    own = [*shared, *listed(one.get("parameters"))]
                    parameters = tuple(self.resolved(each) for each in own[:50])
                    yield Operation(method.upper(), path, one, parameters)

    def health(self) -> str | None:
        """The path of the GET route that tells whether the service works."""
        named = [
            one.path
            for one in self.operations()
            if one.method == "GET" and "{" not in one.path
            if _HEALTH.fullmatch(one.name)
        ]
        # /health before /ping and /status.
        return min(named, key=lambda p: ("health" not in p, len(p)), default=None)

    def predicting(self, path: str | None = None) -> Operation | None:
        """The POST route that predicts one thing, or that of a given path.

        Where no path says so it is the only POST route that takes anything.
        """
        posts = [one for one in self.operations() if one.method == "POST"]
        if path is not None:
            same = (one for one in posts if one.path.rstrip("/") == path.rstrip("/"))
            return next(same, None)
        posts = [one for one in posts if one.said.get("requestBody") or one.parameters]
        named = [one for one in posts if _PREDICTS.search(one.path.lower())]
        if not named and len(posts) == 1:
            return posts[0]
        return min(named, key=_unlikeliness, default=None)

    def is_guarded(self, operation: Operation) -> bool:
        """Whether the document says that a route asks for credentials."""
        said = operation.said.get("security", self._root.get("security"))
        return any(mapping(one) for one in listed(said))


def _is_url(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


def _unlikeliness(one: Operation) -> tuple[bool, bool, bool, int]:
    path = one.path.lower()
    return (
        bool(_SEVERAL.search(path)),
        one.name != "predict",
        "{" in path,
        len(path),
    )
