"""What people decided about a class, as they wrote it: marks.csv and overrides.yaml.

Every mistake is named with its file and line, and all of them at once: a mark that was
quietly left out would be a wrong mark.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GradeError, did_you_mean
from grader.rubric.document import Document, Location
from grader.submissions._columns import column_name
from grader.submissions._reading import Reading, one_line
from grader.submissions._table import Record, Table, decode, read_limited, read_table
from grader.submissions._text import shown, tidy

_MARK = re.compile(r"\d{1,2}([.,]\d{1,6})?", re.ASCII)
_GROUP = ("group", "group_name", "team", "team_name", "name")
_LONG = ("item", "mark")
_BESIDE = ("comment", "by")

_FORM = (
    "marks.csv has a column group and one for each criterion, or the columns group, item "
    "and mark; comment and by may be there too."
)


@dataclass(frozen=True)
class ManualMark:
    """A mark 0..10 that a person gave a group for a criterion; `line` of the file."""

    group: str
    item: str
    mark: float
    comment: str
    by: str
    line: int


@dataclass(frozen=True)
class Override:
    """A mark 0..10 instead of an item's own, why, and who decided it."""

    group: str
    item: str
    mark: float
    reason: str
    by: str
    line: int


@dataclass(frozen=True)
class Penalty:
    """Points of the total, 0..10, that are taken off, why, and by whom."""

    group: str
    points: float
    reason: str
    by: str
    line: int


@dataclass(frozen=True)
class Extension:
    """Another deadline for one group, as written. `is_late`: what is after the class's own
    deadline still costs what the rubric says."""

    group: str
    until: str
    reason: str
    by: str
    is_late: bool
    line: int


@dataclass(frozen=True)
class Decisions:
    """What overrides.yaml says, in its order, and what to say of how it was read."""

    overrides: tuple[Override, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    extensions: tuple[Extension, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Marks:
    """What marks.csv says, in its order, and what to say of how it was read."""

    marks: tuple[ManualMark, ...] = ()
    notes: tuple[str, ...] = ()


def read_marks(
    path: Path, criteria: Sequence[str], groups: Sequence[str]
) -> tuple[ManualMark, ...]:
    """The marks in a CSV file; cells that are still empty are none.

    Raises `GradeError` with every mistake and its line.
    """
    raw = read_limited(path, "a file of marks")
    return parse_marks(raw, str(path), criteria, groups).marks


def read_decisions(
    path: Path, items: Sequence[str], groups: Sequence[str]
) -> Decisions:
    """The overrides, penalties and extensions in a YAML file.

    Raises `GradeError` with every mistake and its line and column.
    """
    raw = read_limited(path, "a file of decisions")
    return parse_decisions(raw, str(path), items, groups)


def parse_marks(
    raw: bytes, source: str, criteria: Sequence[str], groups: Sequence[str]
) -> Marks:
    """The marks in the bytes of a CSV. Raises `GradeError` with every mistake."""
    text, notes = decode(raw, source)
    known = {*_GROUP, *_LONG, *_BESIDE, *map(column_name, criteria)}

    def likeness(cells: Sequence[str]) -> int:
        return len(known & {column_name(cell) for cell in cells})

    table = read_table(text, source, likeness)
    if not table.rows:
        return Marks((), notes)
    reading = Reading(source, criteria, groups)
    marks = _Sheet(table, reading).marks()
    reading.finish()
    return Marks(tuple(marks), (*notes, *reading.notes))


def parse_decisions(
    raw: bytes, source: str, items: Sequence[str], groups: Sequence[str]
) -> Decisions:
    """The decisions in the bytes of a YAML. Raises `GradeError` with every mistake."""
    text, notes = decode(raw, source)
    document = Document.read(text.encode(), source, "a file of decisions")
    if document.content is None:
        return Decisions(notes=notes)
    if not isinstance(document.content, dict):
        document.refuse(
            (), f"this is a mapping; known here: {', '.join(_Decided.PARTS)}."
        )
    reading = Reading(source, items, groups)
    decided = _Decided(document, reading)
    decided.read(document.content)
    reading.finish()
    return Decisions(
        tuple(decided.overrides),
        tuple(decided.penalties),
        tuple(decided.extensions),
        (*notes, *reading.notes),
    )


class _Sheet:
    """A table of marks: a column for each criterion, or a row for each mark."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self._reading = reading
        self._header, self._rows = table.rows[0], table.rows[1:]
        self._takes_commas = table.delimiter != ","
        self._names = [column_name(cell) for cell in self._header.cells]
        self._places = {
            name: at for at, name in reversed(list(enumerate(self._names))) if name
        }
        self._given: dict[tuple[str, str], int] = {}

    def marks(self) -> list[ManualMark]:
        """The marks of every row that is in order; the others are mistakes."""
        place = self._place(self._header)
        group = next((name for name in _GROUP if name in self._places), None)
        if self._header.problem or group is None:
            named = ", ".join(f'"{shown(cell, 30)}"' for cell in self._header.cells)
            raise GradeError(
                f"{place}: no column names the group; there are {named}.", hint=_FORM
            )
        is_long = all(name in self._places for name in _LONG)
        criteria = {} if is_long else self._criteria(group)
        if is_long:
            self._check_long(group)
        found = []
        for row in self._rows:
            if row.problem:
                self._reading.mistake(self._place(row), f"{row.problem}.")
            elif any(map(tidy, row.cells[len(self._names) :])):
                self._reading.mistake(
                    self._place(row),
                    f"it has {len(row.cells)} cells, and there are {len(self._names)} "
                    "columns. Text that has the delimiter in it goes in quotes.",
                )
            elif is_long:
                found += self._of_long(row, group)
            else:
                found += self._of_wide(row, group, criteria)
        return found

    def _criteria(self, group: str) -> dict[str, int]:
        """The column of each criterion, by its id."""
        ids = {column_name(item): item for item in self._reading.items}
        place = self._place(self._header)
        criteria: dict[str, int] = {}
        for at, name in enumerate(self._names):
            if not name or name in (group, *_BESIDE):
                continue
            item = ids.get(name)
            if item is None:
                close = did_you_mean(name, list(ids)).replace("_", "-")
                self._reading.mistake(
                    place,
                    f'the rubric has no manual criterion "{shown(self._header.cells[at])}".'
                    f"{close} It has: {', '.join(self._reading.items) or 'none'}.",
                )
            elif item in criteria:
                self._reading.mistake(place, f'"{item}" has two columns.')
            else:
                criteria[item] = at
        return criteria

    def _check_long(self, group: str) -> None:
        for name in self._names:
            known = (group, *_LONG, *_BESIDE)
            if name and name not in known:
                self._reading.mistake(
                    self._place(self._header),
                    f'unknown column "{shown(name, 40)}".'
                    f"{did_you_mean(name, list(known))} Known here: {', '.join(known)}.",
                )

    def _of_wide(
        self, row: Record, group: str, criteria: Mapping[str, int]
    ) -> list[ManualMark]:
        written = {
            item: cell for item, at in criteria.items() if (cell := _cell(row, at))
        }
        name = _cell(row, self._places[group])
        if not written and not name:
            return []
        found = self._reading.group(name, self._place(row))
        marks = [self._mark(row, found, item, cell) for item, cell in written.items()]
        return [mark for mark in marks if mark is not None]

    def _of_long(self, row: Record, group: str) -> list[ManualMark]:
        cell = self._named(row, "mark")
        place = self._place(row)
        found = self._reading.group(_cell(row, self._places[group]), place)
        item = self._reading.item(self._named(row, "item"), place)
        if item is None or not cell:
            return []
        mark = self._mark(row, found, item, cell)
        return [mark] if mark else []

    def _mark(
        self, row: Record, group: str | None, item: str, cell: str
    ) -> ManualMark | None:
        value = self._value(row, item, cell)
        if value is None or group is None:
            return None
        if (first := self._given.get((group, item))) is not None:
            self._reading.mistake(
                self._place(row),
                f'group "{shown(group)}" has a mark for "{item}" in line {first} already.',
            )
        self._given.setdefault((group, item), row.line)
        return ManualMark(
            group=group,
            item=item,
            mark=value,
            comment=one_line(self._named(row, "comment")),
            by=one_line(self._named(row, "by")),
            line=row.line,
        )

    def _value(self, row: Record, item: str, cell: str) -> float | None:
        is_mark = _MARK.fullmatch(cell) is not None
        if is_mark and "," in cell and not self._takes_commas:
            self._reading.mistake(
                self._place(row),
                f'"{item}": "{cell}": between commas a mark has a point: '
                f"{cell.replace(',', '.')}.",
            )
            return None
        value = float(cell.replace(",", ".")) if is_mark else math.nan
        if 0 <= value <= 10:
            return value
        self._reading.mistake(
            self._place(row),
            f'"{item}": "{shown(cell, 40)}" is not a mark from 0 to 10. A cell is left '
            "empty as long as there is none.",
        )
        return None

    def _named(self, row: Record, name: str) -> str:
        return _cell(row, self._places[name]) if name in self._places else ""

    def _place(self, row: Record) -> str:
        return f"{self._reading.source}:{row.line}"


def _cell(row: Record, at: int) -> str:
    return tidy(row.cells[at]) if at < len(row.cells) else ""


@dataclass(frozen=True)
class _Line:
    """One decision as written, and where it stands; `group` is None if unknown."""

    at: Location
    values: Mapping[str, object]
    group: str | None
    reason: str
    by: str
    line: int


@dataclass
class _Decided:
    """The decisions of a document that are in order; the others are mistakes."""

    PARTS = ("overrides", "penalties", "extensions")
    _KEYS = {
        "overrides": ("group", "item", "mark", "reason", "by"),
        "penalties": ("group", "points", "reason", "by"),
        "extensions": ("group", "until", "reason", "by", "late"),
    }

    document: Document
    reading: Reading
    overrides: list[Override] = field(default_factory=list)
    penalties: list[Penalty] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    _lines: dict[tuple[object, ...], int] = field(default_factory=dict)

    def read(self, content: Mapping[str, object]) -> None:
        """Take in every decision."""
        for part, listed in content.items():
            if part not in self.PARTS:
                self._unknown((part,), part, self.PARTS)
            elif isinstance(listed, list):
                for place, one in enumerate(listed):
                    self._one(part, (part, place), one)
            elif listed is not None:
                self._mistake(
                    (part,), f'"{part}" is a list: each line begins with "-".'
                )

    def _one(self, part: str, at: Location, one: object) -> None:
        keys = self._KEYS[part]
        if not isinstance(one, dict):
            self._mistake(at, f"this is a mapping with {', '.join(keys)}.")
            return
        for key in one:
            if key not in keys:
                self._unknown((*at, key), key, keys)
        for key in keys:
            if key != "late" and one.get(key) in (None, ""):
                self._mistake(at, f'"{key}" is missing.')
            elif key != "late" and self.document.text((*at, key)) is None:
                self._mistake((*at, key), f'"{key}" is one value, no list or mapping.')
        named = (*at, "group")
        written = self._written(named)
        group = (
            self.reading.group(written, self.document.place(named)) if written else None
        )
        line = _Line(
            at,
            one,
            group,
            self._told((*at, "reason")),
            self._told((*at, "by")),
            self.document.line(at),
        )
        if part == "overrides":
            self._override(line)
        elif part == "penalties":
            self._penalty(line)
        else:
            self._extension(line)

    def _override(self, line: _Line) -> None:
        at = (*line.at, "item")
        written = self._written(at)
        item = self.reading.item(written, self.document.place(at)) if written else None
        mark = self._number(line, "mark")
        if line.group is None or item is None or mark is None:
            return
        what = f'group "{shown(line.group)}" has an override of "{item}"'
        self._only(line, ("override", line.group, item), what)
        self.overrides.append(
            Override(line.group, item, mark, line.reason, line.by, line.line)
        )

    def _penalty(self, line: _Line) -> None:
        points = self._number(line, "points")
        if line.group is None or points is None:
            return
        key = ("penalty", line.group, points, line.reason)
        self._only(line, key, f'group "{shown(line.group)}" has this very penalty')
        self.penalties.append(
            Penalty(line.group, points, line.reason, line.by, line.line)
        )

    def _extension(self, line: _Line) -> None:
        is_late = line.values.get("late", False)
        if not isinstance(is_late, bool):
            self._mistake((*line.at, "late"), '"late" is true or false.')
            return
        if line.group is None:
            return
        key = ("extension", line.group)
        self._only(line, key, f'group "{shown(line.group)}" has an extension')
        until = self._told((*line.at, "until"))
        self.extensions.append(
            Extension(line.group, until, line.reason, line.by, is_late, line.line)
        )

    def _only(self, line: _Line, key: tuple[object, ...], what: str) -> None:
        if (first := self._lines.get(key)) is not None:
            self._mistake(line.at, f"{what} in line {first} already.")
        self._lines.setdefault(key, line.line)

    def _number(self, line: _Line, key: str) -> float | None:
        value = line.values.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, int | float) and is_number and 0 <= value <= 10:
            return float(value)
        written = self.document.text((*line.at, key)) or "this"
        what = "a mark from 0 to 10" if key == "mark" else "points from 0 to 10"
        comma = " Its decimals are behind a point." if "," in written else ""
        self._mistake(
            (*line.at, key), f'"{shown(written, 40)}" is not {what}, a number.{comma}'
        )
        return None

    def _told(self, at: Location) -> str:
        """A text that is not only white space."""
        written = self._written(at)
        told = one_line(written)
        if written and not told:
            self._mistake(at, f'"{at[-1]}" is only white space.')
        return told

    def _written(self, at: Location) -> str:
        """A value as it stands in the file: a group may be called 007 or on."""
        return self.document.text(at) or ""

    def _unknown(self, at: Location, key: str, known: Sequence[str]) -> None:
        place = self.document.place(at, key=True)
        self.reading.mistake(
            place,
            f'unknown key "{shown(key, 40)}".{did_you_mean(key, list(known))} '
            f"Known here: {', '.join(known)}.",
        )

    def _mistake(self, at: Location, words: str) -> None:
        self.reading.mistake(self.document.place(at), words)
