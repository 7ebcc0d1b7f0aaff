"""Logging that is declared: the mapping given to dictConfig, the file given to fileConfig."""

import ast
import configparser
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.code import code_of
from grader.codebase.documents import Document
from grader.codebase.documents import Value as Plain
from grader.codebase.documents import documents_of, text_of
from grader.codebase.origins import UNKNOWN, Origins, Value
from grader.model.snapshot import Snapshot

_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
_MAX_BYTES = 256 * 1024
_MAX_FILES = 200
_MAX_DEPTH = 8


@dataclass(frozen=True)
class DeclaredHandler:
    """One handler that a declared logger has."""

    class_name: str
    level: str | None = None
    format: str | None = None
    place: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Declared:
    """The handlers and levels of a declaration; `path` is the file that it stands in."""

    handlers: tuple[DeclaredHandler, ...]
    levels: tuple[str, ...]
    path: str | None
    is_level_configured: bool


def declared_by_dict(
    snapshot: Snapshot, origins: Origins, value: Value, running: Collection[str]
) -> Declared | None:
    """What a mapping declares: one written in the code, else the file that holds one."""
    for one in (value, *origins.of(value), *origins.returned(value)):
        if isinstance(one.node, ast.Dict):
            plain = _plain(origins, one, _MAX_DEPTH)
            is_configured = _has_configured_level(origins, one)
            return _of_mapping(plain, None, is_configured, None)
    words = _words(snapshot, running)
    documents = documents_of(snapshot)
    named = [path for path in snapshot.files if path.endswith(_SUFFIXES)]
    for path in named[:_MAX_FILES]:
        if PurePosixPath(path).name not in words:
            continue
        document = documents.get(path)
        for holder in (document.value, *_sections(document)):
            found = _of_mapping(holder, path, True, document)
            if found is not None:
                return found
    return None


def declared_by_file(
    snapshot: Snapshot, origins: Origins, value: Value, running: Collection[str]
) -> Declared | None:
    """What a file of the old format declares."""
    del running
    text = origins.text(value) or ""
    name = PurePosixPath(text.replace(UNKNOWN, "")).name
    path = next((p for p in snapshot.files if PurePosixPath(p).name == name), None)
    content = text_of(snapshot, path, _MAX_BYTES) if path and name else None
    if path is None or content is None:
        return None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(content)
    except configparser.Error:
        return None
    mapping: dict[str, Plain] = {"version": 1}
    for kind in ("handler", "formatter", "logger"):
        mapping[f"{kind}s"] = {
            section.partition("_")[2]: _section(dict(parser.items(section)))
            for section in parser.sections()
            if section.startswith(f"{kind}_")
        }
    return _of_mapping(mapping, path, True, None)


def _section(items: dict[str, str]) -> dict[str, Plain]:
    found: dict[str, Plain] = dict(items)
    if "handlers" in items:
        found["handlers"] = [one.strip() for one in items["handlers"].split(",")]
    if "args" in items:
        quoted = items["args"].replace('"', "'").split("'")
        found["filename"] = quoted[1] if len(quoted) > 1 else None
    if "class" in items and "logging." not in items["class"]:
        found["class"] = f"logging.{items['class']}"
    return found


def _sections(document: Document) -> Iterator[Plain]:
    yield from document.mapping.values()


def _of_mapping(
    holder: Plain,
    path: str | None,
    is_level_configured: bool,
    document: Document | None,
) -> Declared | None:
    if not isinstance(holder, dict) or not isinstance(holder.get("handlers"), dict):
        return None
    formats = _mapping(holder.get("formatters"))
    loggers = [
        _mapping(holder.get("root")),
        *map(_mapping, _mapping(holder.get("loggers")).values()),
    ]
    used = {str(name) for logger in loggers for name in _list(logger.get("handlers"))}
    handlers = []
    for name, given in _mapping(holder.get("handlers")).items():
        one = _mapping(given)
        if name not in used:
            continue
        form = _mapping(formats.get(str(one.get("formatter"))))
        handlers.append(
            DeclaredHandler(
                class_name=str(one.get("class") or ""),
                level=_text(one.get("level")),
                format=_text(form.get("format") or form.get("fmt") or form.get("()")),
                place=_text(one.get("filename")),
                line=document.line_of("handlers", name) if document else None,
            )
        )
    levels = [_text(logger.get("level")) for logger in loggers]
    return Declared(
        handlers=tuple(handlers),
        levels=tuple(level for level in levels if level),
        path=path,
        is_level_configured=is_level_configured,
    )


def _mapping(value: Plain) -> dict[str, Plain]:
    return value if isinstance(value, dict) else {}


def _list(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else []


def _text(value: Plain) -> str | None:
    return value if isinstance(value, str) and value.strip(UNKNOWN) else None


def _plain(origins: Origins, value: Value, depth: int) -> Plain:
    """A literal as a value; what is no literal as far as its text is known."""
    node = value.node
    if depth == 0:
        return None
    match node:
        case ast.Dict(keys=keys, values=values):
            found: dict[str, Plain] = {}
            for key, one in zip(keys, values):
                if isinstance(key, ast.Constant):
                    inner = value.other(one)
                    found[str(key.value)] = _plain(origins, inner, depth - 1)
            return found
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_plain(origins, value.other(one), depth - 1) for one in parts]
        case ast.Attribute(attr=name) if name.isupper():
            # `logging.DEBUG`
            return name
    return origins.text(value)


def _has_configured_level(origins: Origins, value: Value) -> bool:
    for node in ast.walk(value.node):
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, one in zip(keys, values):
                    if isinstance(key, ast.Constant) and key.value == "level":
                        if origins.is_configured(value.other(one)):
                            return True
    return False


def _words(snapshot: Snapshot, running: Collection[str]) -> set[str]:
    """The last parts of the texts that files which run have: names of files among them."""
    files = code_of(snapshot).files
    return {
        PurePosixPath(node.value).name
        for path in running
        if path in files
        for node in files[path].names.nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and len(node.value) < 200
    }
