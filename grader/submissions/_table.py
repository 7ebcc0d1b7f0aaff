"""CSV as people and spreadsheets save it: encodings, delimiters, line ends, broken quotes.

A row's number is the line it begins on, from 1: what an editor shows, and a spreadsheet too
unless a cell has line breaks in it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grader.errors import GradeError
from grader.submissions._text import tidy

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 10_000

# A quote that nobody closed would otherwise swallow every row behind it.
_RECORD_LINES = 100

_DELIMITERS = (",", ";", "\t", "|")
# What Excel writes and reads as the first line of a CSV.
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAVE_AS = 'Save it as "CSV UTF-8" and give that file.'


@dataclass(frozen=True)
class Record:
    """One row: the line it begins on, its cells as written, and why it can't be read."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in the row."""
        return not self.problem and not any(tidy(cell) for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """The rows of a CSV text that are not blank; the first may be the columns' names."""

    delimiter: str
    rows: tuple[Record, ...]


def read_limited(path: Path, what: str) -> bytes:
    """The bytes of a file. Raises `GradeError` when it can't be read or is too large."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GradeError(f'cannot read {what} "{path}": {error.strerror}.') from error
    if len(raw) > MAX_BYTES:
        raise GradeError(f"{path}: {what} has at most {MAX_BYTES // 2**20} MiB.")
    return raw


def decode(raw: bytes, source: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file as editors and spreadsheets save it, and what to say about it.

    Raises `GradeError` for what is no text.
    """
    if raw.startswith(_WORKBOOKS):
        raise GradeError(f"{source}: is a spreadsheet's own file.", hint=_SAVE_AS)
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return _decoded(raw[len(bom) :], encoding, source), ()
    if b"\0" in raw[:2]:
        encoding = "utf-16-be" if raw[:1] == b"\0" else "utf-16-le"
        return _decoded(raw, encoding, source), ()
    try:
        return raw.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    if b"\0" in raw:
        raise GradeError(f"{source}: is not a text file.", hint=_SAVE_AS)
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    note = (
        f"{source} is not UTF-8 (line {line}) and was read as Latin-1 (Windows-1252): "
        "look whether accented letters came out right."
    )
    return text, (note,)


def _decoded(raw: bytes, encoding: str, source: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise GradeError(
            f"{source}: is not {encoding.upper()} text (byte {error.start}).",
            hint=_SAVE_AS,
        ) from error


def read_table(
    text: str,
    source: str,
    likeness: Callable[[Sequence[str]], int],
    *,
    has_comments: bool = False,
) -> Table:
    """The rows of a text, split where its first row is most like what is expected.

    `likeness` says how much a first row's cells are like that. Lines that begin with "#"
    are left out before the first row, and with `has_comments` everywhere. Raises
    `GradeError` for more rows than a class can have.
    """
    # Not splitlines(): that also splits at characters that may stand inside a cell.
    lines = list(io.StringIO(text, newline=""))
    start = 0
    while start < len(lines) and _is_nothing(lines[start]):
        start += 1
    delimiter = None
    if start < len(lines) and (said := _SEPARATOR_LINE.fullmatch(lines[start])):
        delimiter = said[1]
        start += 1
        while start < len(lines) and _is_nothing(lines[start]):
            start += 1
    if delimiter is None:
        delimiter = _likeliest(lines, start, likeness)
    rows = tuple(islice(_records(lines, start, delimiter, has_comments), MAX_ROWS + 2))
    if len(rows) > MAX_ROWS + 1:
        raise GradeError(f"{source}: has more than {MAX_ROWS:,} rows.")
    return Table(delimiter, rows)


def _likeliest(
    lines: Sequence[str], start: int, likeness: Callable[[Sequence[str]], int]
) -> str:
    def worth(delimiter: str) -> tuple[int, int]:
        first = next(_records(lines[: start + _RECORD_LINES], start, delimiter), None)
        cells = first.cells if first else ()
        return likeness(cells), len(cells)

    # The first of equals: a comma.
    return max(_DELIMITERS, key=worth)


def _records(
    lines: Sequence[str], start: int, delimiter: str, has_comments: bool = False
) -> Iterator[Record]:
    """The rows from a line on. One that is broken costs its own line only."""
    at = start
    while at < len(lines):
        line = lines[at]
        if not line.strip() or (has_comments and line.lstrip().startswith("#")):
            at += 1
            continue
        reader = csv.reader(
            lines[at : at + _RECORD_LINES],
            delimiter=delimiter,
            strict=True,
            skipinitialspace=delimiter != "\t",
        )
        try:
            record = Record(at + 1, tuple(next(reader)))
        except csv.Error:
            written = tuple(line.strip().split(delimiter))
            yield Record(at + 1, written, "its quotes are not closed, or not doubled")
            at += 1
            continue
        if not record.is_blank:
            yield record
        at += reader.line_num


def _is_nothing(line: str) -> bool:
    bare = line.strip()
    return not bare or bare.startswith("#")
