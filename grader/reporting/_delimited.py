"""A delimited file in which cells are replaced and all else stays as it was, to the byte.

Python's `csv` reads such a file and forgets how it was written: which cells were quoted, how
lines end. Here each cell knows where it stands, and only the replaced ones are written anew.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from grader.errors import GradeError

# A gradebook of a thousand students and two hundred columns has three.
MAX_BYTES = 64 * 1024 * 1024

_BYTE_ORDER_MARK = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_LINE_END = re.compile(r"\r\n|\r|\n")
_SAVE = "Give the file as the gradebook exported it, or save it as CSV in UTF-8."


@dataclass(frozen=True)
class Cell:
    """What a cell says, and from where to where it stands in the text, quotes included."""

    text: str
    start: int
    end: int
    is_quoted: bool


@dataclass(frozen=True)
class Delimited:
    """A file's text with its rows of cells. Bytes that are not UTF-8 are lone surrogates."""

    text: str
    delimiter: str
    rows: tuple[tuple[Cell, ...], ...]

    def replaced(self, cells: Mapping[tuple[int, int], str]) -> bytes:
        """The file with other texts in some cells, by row and column, both from 0."""
        parts: list[str] = []
        done = 0
        for row, column in sorted(cells):
            old = self.rows[row][column]
            parts += [
                self.text[done : old.start],
                self._written(old, cells[row, column]),
            ]
            done = old.end
        parts.append(self.text[done:])
        return _encoded("".join(parts))

    def _written(self, old: Cell, text: str) -> str:
        special = ('"', "\r", "\n", self.delimiter)
        if old.is_quoted or any(one in text for one in special):
            return '"' + text.replace('"', '""') + '"'
        return text


def decoded(content: bytes, source: str) -> str:
    """A file's text, from which `Delimited.replaced` comes back to the same bytes.

    Raises `GradeError` for what is too large, or in an encoding of two bytes a character.
    """
    if len(content) > MAX_BYTES:
        raise GradeError(
            f"{source}: is larger than {MAX_BYTES // 2**20} MiB.", hint=_SAVE
        )
    if content.startswith(_UTF_16) or b"\x00" in content[:4]:
        raise GradeError(f"{source}: is in UTF-16, or no text.", hint=_SAVE)
    return content.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def read_delimited(text: str, delimiter: str, source: str) -> Delimited:
    """The cells of a text as RFC 4180 has them, with any line ends.

    Raises `GradeError` for a quote that is not closed, or that does not end its cell.
    """
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    at = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
    rows: list[tuple[Cell, ...]] = []
    cells: list[Cell] = []
    while at < len(text) or cells:
        cell = _cell(text, at, plain, source)
        cells.append(cell)
        at = cell.end
        if text.startswith(delimiter, at):
            at += len(delimiter)
            continue
        end = _LINE_END.match(text, at)
        if end is None and at < len(text):
            raise _broken(text, at, source, "there is text after a closing quote")
        rows.append(tuple(cells))
        cells = []
        at = end.end() if end else at
    return Delimited(text, delimiter, tuple(rows))


def _cell(text: str, at: int, plain: re.Pattern[str], source: str) -> Cell:
    if text.startswith('"', at):
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise _broken(text, at, source, "a quote is not closed")
        return Cell(quoted[1].replace('""', '"'), at, quoted.end(), True)
    found = plain.match(text, at)
    assert found is not None  # It matches nothing, too.
    return Cell(found[0], at, found.end(), False)


def _broken(text: str, at: int, source: str, why: str) -> GradeError:
    line = len(_LINE_END.findall(text, 0, at)) + 1
    return GradeError(f"{source}:{line}: {why}.", hint=_SAVE)
