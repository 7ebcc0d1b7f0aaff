"""Which strings of a Python file are hard-coded absolute paths.

A string is judged by its form and by its use. `C:/data`, `~/data` and `file:///data`
can hardly be anything else. `/data/x` may be a file or a route of a web application, so
there the use decides: what it is passed to, or the name it is given.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from grader.codebase.names import Names
from grader.codebase.path_uses import Use, Uses

_MAX_PATH_CHARACTERS = 4096


class Form(Enum):
    """How a path is written."""

    POSIX = "an absolute path"
    WINDOWS = "a path on a Windows drive"
    SHARE = "a network share"
    HOME = "a path below a home folder"
    FILE_URL = "a file:// URL"


@dataclass(frozen=True)
class PathLiteral:
    """One hard-coded path: the string (or its constant beginning), line from 1, its node."""

    text: str
    form: Form
    line: int
    node: ast.Constant


def hardcoded_paths(names: Names) -> Iterator[PathLiteral]:
    """The hard-coded absolute paths of a file, in the order of the source."""
    uses = Uses(names)
    for node in names.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            form = form_of(node.value)
            if form and _is_path(node.value, form, uses.of(node)):
                yield PathLiteral(node.value, form, _line(node, names), node)


def _line(node: ast.Constant, names: Names) -> int:
    # Before Python 3.12 the parts of an f-string stand where the whole does.
    parent = names.parents[node]
    return parent.lineno if isinstance(parent, ast.JoinedStr) else node.lineno


_FORMS = (
    (Form.FILE_URL, re.compile(r"file://(/[^%{]|[^/.%{])", re.IGNORECASE)),
    (Form.SHARE, re.compile(r"\\{2,4}[\w.$-]{2,}\\+[\w.$-]{2,}")),
    (Form.WINDOWS, re.compile(r"[A-Za-z]:(?:\\+|/)(?:[\w.$%(~ -]|$)")),
    (Form.HOME, re.compile(r"~[\w.-]*/")),
    (Form.POSIX, re.compile(r"/[^/]")),
)


def form_of(text: str) -> Form | None:
    """The form of a string that could be an absolute path, else None."""
    if len(text) > _MAX_PATH_CHARACTERS or "\n" in text or "\0" in text:
        return None
    return next((form for form, pattern in _FORMS if pattern.match(text)), None)


# Where people keep files; a path that starts so is one unless its use says otherwise.
_ROOTS = re.compile(
    r"/(home|Users|mnt|tmp|var|etc|opt|usr|root|data|datasets|content|kaggle|app"
    r"|workspaces?|Workspace|srv|media|Volumes|dbfs|databricks|lakehouse|private"
    r"|scratch|storage|shared|gpfs|lustre|nfs)(?P<more>/.*)?"
)
# The same on every machine with the operating system.
_SYSTEM = re.compile(r"/(dev/(?!shm)|proc/|sys/|bin/|usr/bin/env\b|\.dockerenv)")
_EXTENSION = re.compile(r".*\.[A-Za-z]\w{0,9}")
# What patterns, routes, queries and commands have and names of files hardly ever.
_NO_FILE_NAME = re.compile(r"[\^|?<>;]|\.\*|\.\+|\(\?|\\[dwsbDWSB](?![A-Za-z_])")


def _is_path(text: str, form: Form, use: Use) -> bool:
    if use is Use.TEXT:
        return False
    if use in (Use.PATH, Use.NAMED_FILE):
        return not _SYSTEM.match(text)
    if _NO_FILE_NAME.search(text) or _is_prose(text):
        return False
    if form is not Form.POSIX:
        return True
    root = _ROOTS.fullmatch(text)
    if use is Use.ROUTE or _SYSTEM.match(text):
        return False
    if use is Use.NAMED_PATH:
        return root is not None or _EXTENSION.fullmatch(text) is not None
    return root is not None and root["more"] is not None


def _is_prose(text: str) -> bool:
    last = re.split(r"[/\\]", text)[-1]
    return last.count(" ") >= 3 and not _EXTENSION.fullmatch(last)
