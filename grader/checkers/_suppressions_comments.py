"""Comments that hide code from a tool, found among the tokens: a string is no comment."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.model.snapshot import Snapshot

Kind = Literal[
    "noqa", "pylint", "types", "no-cover", "format", "imports", "nosec", "allowlist"
]

# Each `#` of a comment may begin another one: `# noqa: E501  # pylint: disable=x`.
_PIECE = re.compile(r"#[^#]*")
_HINT = re.compile(
    r"#.*(noqa|pylint:|type:|mypy:|py(right|re|type)|pragma|fmt:|yapf:|isort:|nosec)",
    re.IGNORECASE,
)
_CODES = r"(?:[:=]\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?"
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("noqa", re.compile(rf"#\s*(?P<file>flake8[:=]|ruff:)\s*noqa\b{_CODES}", re.I)),
    ("noqa", re.compile(rf"#\s*noqa\b{_CODES}", re.I)),
    (
        "pylint",
        re.compile(
            r"#.*?\bpylint:\s*(?:(?P<file>skip-file)|"
            r"disable(?:-next|-all|-msg)?\s*=?\s*(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)?)"
        ),
    ),
    ("types", re.compile(r"#\s*type:\s*ignore\b(?:\[(?P<codes>[\w, -]*)\])?")),
    (
        "types",
        re.compile(
            r"#\s*mypy:\s*(?P<file>ignore-errors|disable-error-code|allow-[\w-]+)"
            r"(?:\s*=\s*\"?(?P<codes>[\w, -]+))?"
        ),
    ),
    (
        "types",
        re.compile(r"#\s*(?:pyright|pyre|pytype)(?::\s*|-)(?:ignore|disable|basic)\b"),
    ),
    ("no-cover", re.compile(r"#\s*pragma[:\s]?\s*no\s*(?:cover|branch)\b", re.I)),
    ("format", re.compile(r"#\s*(?:fmt:\s*(?:off|skip)|yapf:\s*disable)\b")),
    ("imports", re.compile(r"#\s*isort:\s*(?:(?P<file>skip_file)|skip|off)\b")),
    ("nosec", re.compile(r"#\s*nosec\b(?:[:\s]+(?P<codes>B\d+(?:[,\s]+B\d+)*))?")),
    (
        "allowlist",
        re.compile(r"#\s*pragma: ?(?:allow|white)list(?:\s+nextline)?\s+secret\b"),
    ),
)
# What comes back with a `fmt: off` or an `isort: off` when it is taken out.
_ENDS: dict[Kind, re.Pattern[str]] = {
    "format": re.compile(r"#\s*(?:fmt:\s*on|yapf:\s*enable)\b"),
    "imports": re.compile(r"#\s*isort:\s*(?:on|split)\b"),
}


@dataclass(frozen=True)
class Suppression:
    """One comment that hides something: which kind, where, and which rules.

    `codes` are the rules that it names; none means all. `is_whole_file`: it hides the file.
    """

    kind: Kind
    path: str
    line: int
    codes: tuple[str, ...] = ()
    is_whole_file: bool = False


@dataclass(frozen=True)
class _Comment:
    line: int
    column: int
    text: str
    is_alone: bool


def suppressions_in(path: str, text: str) -> tuple[Suppression, ...]:
    """The comments of one file that hide something, in their order."""
    return tuple(
        found
        for comment in _comments(text)
        for piece in _PIECE.findall(comment.text)
        for found in _read(path, comment, piece)
    )


def suppressions_of(snapshot: Snapshot) -> tuple[Suppression, ...]:
    """Those of all Python files."""
    return tuple(
        found
        for path in snapshot.python_files
        for found in suppressions_in(path, snapshot.module(path).text)
    )


def without(text: str, kind: Kind) -> str:
    """The text as if nobody had written the comments of one kind; each line keeps its number.

    A comment on a line of its own becomes an empty one, at the end of a line it goes with
    the space before it: neither is anything that a tool would report.
    """
    lines = text.split("\n")
    for comment in _comments(text):
        pieces = _PIECE.findall(comment.text)
        kept = [piece for piece in pieces if not _is_of(kind, comment, piece)]
        if kept == pieces:
            continue
        line = lines[comment.line - 1]
        before, rest = line[: comment.column], "".join(kept).rstrip()
        if comment.is_alone:
            lines[comment.line - 1] = before + (rest or "#")
        else:
            lines[comment.line - 1] = (before + rest).rstrip()
    return "\n".join(lines)


def _is_of(kind: Kind, comment: _Comment, piece: str) -> bool:
    if any(found.kind == kind for found in _read("", comment, piece)):
        return True
    end = _ENDS.get(kind)
    return end is not None and end.match(piece) is not None


def _read(path: str, comment: _Comment, piece: str) -> Iterator[Suppression]:
    for kind, pattern in _PATTERNS:
        match = pattern.match(piece)
        if match is None:
            continue
        groups = match.groupdict()
        is_file = bool(groups.get("file"))
        # flake8 takes its own for the file's only on a line of its own.
        if kind == "noqa" and is_file and not comment.is_alone:
            continue
        codes = re.split(r"[,\s]+", (groups.get("codes") or "").strip())
        yield Suppression(
            *(kind, path, comment.line, tuple(code for code in codes if code)),
            is_whole_file=is_file,
        )


def _comments(text: str) -> Iterator[_Comment]:
    """The comments among the tokens; of a broken file those before it breaks."""
    # Most files have none, and to read tokens takes long.
    if not _HINT.search(text):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                is_alone = not token.line[:column].strip()
                yield _Comment(line, column, token.string, is_alone)
    except (tokenize.TokenError, SyntaxError, RecursionError):
        return
