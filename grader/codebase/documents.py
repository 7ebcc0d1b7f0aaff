"""YAML, TOML and JSON files as values, with lines where the format has them.

YAML is read with the booleans of version 1.2: `on:` in a workflow is a key, `yes` a text,
and only `true` and `false` are booleans. Everything is bounded, and a file that can't be
read is a value, not an exception.
"""

import json
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase import plain_yaml
from grader.codebase.plain_yaml import BadYaml, Node, Scalar
from grader.codebase.reading import Reading
from grader.model.snapshot import Snapshot

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 60

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]

_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_OPENING = re.compile(r"[\[{]+")


@dataclass(frozen=True)
class Document:
    """One file: its value, of YAML also its nodes with lines, or why it can't be read.

    An empty file's value is None, and so is that of one with a `problem`.
    """

    path: str
    value: Value = None
    node: Node | None = None
    problem: str | None = None
    line: int | None = None

    @property
    def mapping(self) -> dict[str, Value]:
        """The value where it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def at(self, *keys: str | int) -> Value:
        """The value below keys and positions; None where there is none."""
        value = self.value
        for key in keys:
            if isinstance(value, dict) and isinstance(key, str):
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int):
                value = value[key] if -len(value) <= key < len(value) else None
            else:
                return None
        return value

    def line_of(self, *keys: str | int) -> int | None:
        """The line, from 1, of the first value below keys and positions; of YAML only."""
        node = self.node
        for key in keys:
            if isinstance(node, dict) and isinstance(key, str):
                node = node.get(key)
            elif isinstance(node, list) and isinstance(key, int):
                node = node[key] if -len(node) <= key < len(node) else None
            else:
                return None
        return first_line(node)


class Documents:
    """The documents of a repository, each read when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._files = frozenset(snapshot.files)
        self._read: dict[str, Document] = {}

    def find(self, path: str) -> Document | None:
        """The document at a path; None where there is no such file."""
        if path not in self._files:
            return None
        if path not in self._read:
            self._read[path] = _document(self._snapshot, path)
        return self._read[path]

    def get(self, path: str) -> Document:
        """The document at a path; an empty one where there is no such file."""
        return self.find(path) or Document(path)


def _document(snapshot: Snapshot, path: str) -> Document:
    text = text_of(snapshot, path, MAX_BYTES)
    if text is None:
        return Document(path, problem="it is no regular file, or larger than 2 MiB")
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".toml" or PurePosixPath(path).name == "Pipfile":
        return _toml(path, text)
    if suffix in (".json", ".ipynb"):
        return _json(path, text)
    return parse_yaml(path, text)


def text_of(snapshot: Snapshot, path: str, most: int) -> str | None:
    """A file's text, what is no UTF-8 replaced; None for a link, a folder, a larger file."""
    file = snapshot.root / path
    if file.is_symlink() or not file.is_file() or file.stat().st_size > most:
        return None
    return file.read_bytes().decode("utf-8-sig", errors="replace")


def parse_yaml(path: str, text: str) -> Document:
    """A YAML text as a document: its first, where it has several."""
    try:
        node = plain_yaml.load(text)
    except BadYaml as error:
        return Document(path, problem=error.reason, line=error.line)
    return Document(path, value=_typed(node), node=node)


def _toml(path: str, text: str) -> Document:
    if _is_deep(text):
        return Document(path, problem="it is nested too deeply")
    try:
        return Document(path, value=_plain(tomllib.loads(text)))
    except (ValueError, RecursionError) as error:
        return Document(path, problem=str(error) or "it is nested too deeply")


def _json(path: str, text: str) -> Document:
    if _is_deep(text):
        return Document(path, problem="it is nested too deeply")
    try:
        return Document(path, value=_plain(json.loads(text)))
    except (ValueError, RecursionError) as error:
        return Document(path, problem=str(error) or "it is nested too deeply")


def _is_deep(text: str) -> bool:
    return any(len(run[0]) > MAX_DEPTH for run in _OPENING.finditer(text))


def _plain(value: object, depth: int = 0) -> Value:
    """A parsed value with nothing in it but what `Value` names."""
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case list():
            return [_plain(one, depth + 1) for one in value]
        case dict():
            return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    return str(value)


def _typed(node: Node | None) -> Value:
    match node:
        case None:
            return None
        case Scalar():
            return scalar(node)
        case list():
            return [_typed(one) for one in node]
        case dict():
            return _merged({key: _typed(one) for key, one in node.items()})


def _merged(mapping: dict[str, Value]) -> dict[str, Value]:
    """A mapping with what its `<<` brings, where it doesn't say otherwise itself."""
    if "<<" not in mapping:
        return mapping
    given = mapping.pop("<<")
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, dict):
            mapping = one | mapping
    return mapping


def scalar(value: Scalar) -> Value:
    """A scalar by YAML 1.2's core schema: quoted is text, `yes` is text, `true` is true."""
    text = value.text
    if not value.is_plain:
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if _INTEGER.fullmatch(text):
        return int(text, 0 if text[:2] in ("0o", "0x") else 10)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def first_line(node: Node | None) -> int | None:
    """The line of the first scalar in a node."""
    for _ in range(plain_yaml.MAX_DEPTH + 1):
        match node:
            case Scalar():
                return node.line
            case list():
                node = node[0] if node else None
            case dict():
                node = next(iter(node.values()), None)
            case None:
                return None
    return None


documents_of: Reading[Documents] = Reading(Documents)
