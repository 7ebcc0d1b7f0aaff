"""The entries of a list of repositories, as written: CSV, lines of text, YAML.

Nothing is judged here but whether a row has the form of one; a row that hasn't carries its
problem along.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from grader.errors import GradeError, did_you_mean
from grader.rubric.document import Document, Location
from grader.submissions._columns import (
    PLAIN,
    Columns,
    column_name,
    columns_of,
    likeness,
)
from grader.submissions._repository import repository_of_page
from grader.submissions._table import MAX_ROWS, Record, decode, read_table
from grader.submissions._text import numbered, shown, tidy
from grader.submissions.address import looks_like_url
from grader.submissions.names import printable

_YAML = frozenset({".yaml", ".yml", ".json"})
_TABLES = frozenset({".csv", ".tsv", ".tab"})

_QUOTES = 'Text in quotes ends with the quote; a quote inside is doubled: "".'
_YAML_FORM = (
    "A group is an address, or {group: …, url: …} with branch, commit, members and probe "
    "if they are known."
)

_LINE = ("group", "url", "branch", "commit")
_KEYS = ("group", "url", "branch", "commit", "members", "probe")
_MEANINGS: Mapping[str, str] = {
    name: meaning
    for meaning, names in zip(
        _KEYS,
        (
            *(PLAIN.group, PLAIN.address, PLAIN.branch, PLAIN.commit, PLAIN.members),
            PLAIN.probe,
        ),
        strict=True,
    )
    for name in names
}
# Behind an address a comment may stand on the same line; in a name "#" is a sign like any.
_COMMENT = re.compile(r"((?:://|@[\w.-]+:)[^\r\n#]*?)[ \t]+#[^\r\n]*")


@dataclass(frozen=True)
class Entry:
    """One row of a list: the line it begins on, how to show it, and what it says.

    `probe` is the address of the group's deployed service.
    With a `problem` (and what to do, a `hint`) it is no group.
    """

    row: int | None
    text: str
    group: str = ""
    address: str = ""
    branch: str = ""
    commit: str = ""
    members: tuple[str, ...] = ()
    probe: str = ""
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Listed:
    """The entries of a list, and what to say of it. `is_by_student`: rows share a group."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    is_by_student: bool = False


def read_list(raw: bytes, source: str) -> Listed:
    """The entries in the bytes of a file. Raises `GradeError` for what is no list."""
    if PurePath(source).suffix.lower() in _YAML:
        return _of_yaml(raw, source)
    text, notes = decode(raw, source)
    table = read_table(text, source, likeness)
    if not table.rows:
        raise GradeError(
            f"{source}: is empty.", hint="Give a line for each group: name,url"
        )
    header = table.rows[0]
    is_table = PurePath(source).suffix.lower() in _TABLES
    if _is_header(header, table.rows, is_table=is_table):
        columns = columns_of(header.cells, source)
        rows = table.rows[1:]
        notes = notes + columns.notes + _hashes(rows) + _pinned(rows, columns)
        entries = tuple(_of_row(row, columns) for row in rows)
        return Listed(entries, notes, columns.is_by_student)
    lines = read_table(_without_comments(text), source, _has_address, has_comments=True)
    if len(lines.rows) > MAX_ROWS:
        raise GradeError(f"{source}: has more than {MAX_ROWS:,} rows.")
    return Listed(tuple(_of_line(row) for row in lines.rows), notes)


def _without_comments(text: str) -> str:
    """The text without what stands behind addresses, on lines as long as people write."""
    lines = io.StringIO(text, newline="")
    return "".join(
        _COMMENT.sub(r"\1", line) if "#" in line and len(line) < 2_000 else line
        for line in lines
    )


def _is_header(first: Record, rows: Sequence[Record], *, is_table: bool) -> bool:
    """Whether a text's first row names columns, be it by names that nobody knows."""
    if first.problem or _has_address(first.cells):
        return False
    known = likeness(first.cells)
    if known > 1 or known and not any("/" in cell for cell in first.cells):
        return True
    is_words = not any(re.search(r"[/\\:@~]", cell) for cell in first.cells)
    return is_words and len(first.cells) > 1 and (is_table or _any_address(rows))


def _has_address(cells: Sequence[str]) -> int:
    return sum(looks_like_url(tidy(cell)) for cell in cells)


def _any_address(rows: Sequence[Record]) -> bool:
    return any(_has_address(row.cells) for row in rows[:100])


def _of_row(record: Record, columns: Columns) -> Entry:
    shape = columns.shape
    cells = [shape.unguarded(tidy(cell)) for cell in record.cells]
    text = shown(", ".join(cells))
    if record.problem:
        return Entry(record.line, text, problem=record.problem, hint=_QUOTES)
    if any(cells[columns.count :]):
        return Entry(
            record.line,
            text,
            problem=f"it has {len(cells)} cells, and {columns.count} columns have a name",
            hint="Text that has the delimiter in it goes in quotes.",
        )
    address = columns.first(shape.address, cells)
    if shape.pages:
        address = repository_of_page(address)
    organization = columns.first(shape.organization, cells)
    if organization and address and not re.search(r"[/:\\]", address):
        address = f"https://github.com/{organization}/{address}"
    raw = " ".join(columns.all(shape.members, record.cells))
    return Entry(
        record.line,
        text,
        group=columns.first(shape.group, cells),
        address=address,
        branch=columns.first(shape.branch, cells),
        commit=columns.first(shape.commit, cells),
        members=(*_people(raw), *_person(columns, cells)),
        probe=columns.first(shape.probe, cells),
        hint=shape.hint,
    )


def _people(written: str) -> tuple[str, ...]:
    """The people of a cell; "Doe, Jane; Roe, Rick" are two."""
    apart = re.split(r"[;|\r\n]", written)
    if len(apart) == 1:
        apart = written.split(",")
    return tuple(printable(name) for part in apart if (name := tidy(part)))


def _person(columns: Columns, cells: Sequence[str]) -> tuple[str, ...]:
    """The one student of a row: the name on the teacher's roster, then the account's."""
    name = " ".join(part for part in columns.all(columns.shape.person, cells) if part)
    login = columns.first(columns.shape.login, cells)
    both = f"{name} ({login})" if name and login and name != login else name or login
    return (printable(both),) if both else ()


def _of_line(record: Record) -> Entry:
    cells = [tidy(cell) for cell in record.cells]
    while cells and not cells[-1]:
        cells.pop()
    text = shown(", ".join(cells))
    if record.problem:
        return Entry(record.line, text, problem=record.problem, hint=_QUOTES)
    if len(cells) == 1:
        return Entry(record.line, text, address=cells[0])
    if looks_like_url(cells[0]) and not looks_like_url(cells[1]):
        return Entry(
            record.line,
            text,
            problem="the address stands first, with something behind it",
            hint=f"The order is {','.join(_LINE)}.",
        )
    if len(cells) > len(_LINE):
        return Entry(
            record.line,
            text,
            problem=f"it has {len(cells)} parts",
            hint=f"A line has at most {','.join(_LINE)}.",
        )
    group, address, branch, commit, *_ = [*cells, "", ""]
    return Entry(
        record.line, text, group=group, address=address, branch=branch, commit=commit
    )


def _hashes(rows: Sequence[Record]) -> tuple[str, ...]:
    lines = [row.line for row in rows if tidy(row.cells[0]).startswith("#")]
    if not lines:
        return ()
    return (
        f'{numbered(lines).capitalize()} begin(s) with "#": under a row of column names '
        "that is a row like any other.",
    )


def _pinned(rows: Sequence[Record], columns: Columns) -> tuple[str, ...]:
    count = sum(bool(tidy(columns.first(columns.shape.commit, r.cells))) for r in rows)
    if not count:
        return ()
    return (
        f"{count} row(s) name the commit that is graded, whatever the deadline is "
        "(column commit).",
    )


def _of_yaml(raw: bytes, source: str) -> Listed:
    text, notes = decode(raw, source)
    document = Document.read(text.encode(), source, "a list of groups")
    at: tuple[str, ...] = ()
    content = document.content
    if isinstance(content, dict):
        unknown = next((key for key in content if key != "groups"), None)
        if unknown is not None:
            document.refuse(
                (unknown,),
                f'unknown key "{shown(unknown)}".{did_you_mean(unknown, ["groups"])} '
                "Known here: groups.",
                key=True,
            )
        at, content = ("groups",), content.get("groups")
    if content is None or content == []:
        raise GradeError(f"{source}: names no groups.", hint=_YAML_FORM)
    if not isinstance(content, list):
        raise GradeError(
            f"{document.place(at)}: the groups are a list.", hint=_YAML_FORM
        )
    if len(content) > MAX_ROWS:
        raise GradeError(f"{source}: has more than {MAX_ROWS:,} groups.")
    return Listed(
        tuple(
            _of_item(item, (*at, place), document) for place, item in enumerate(content)
        ),
        notes,
    )


def _of_item(item: object, at: Location, document: Document) -> Entry:
    row = document.line(at)
    written = document.text(at)
    if written is not None:
        return Entry(row, shown(written), address=tidy(written))
    if not isinstance(item, dict):
        return Entry(row, "", problem="it is no group", hint=_YAML_FORM)
    values: dict[str, str] = {}
    members: tuple[str, ...] = ()
    problem = ""
    for key, value in item.items():
        meaning = _MEANINGS.get(column_name(key))
        said = document.text((*at, key))
        if meaning is None:
            problem = problem or (
                f'unknown key "{shown(key, 40)}".{did_you_mean(key, list(_MEANINGS))} '
                f"Known here: {', '.join(_KEYS)}"
            )
        elif meaning in values or meaning == "members" and members:
            problem = problem or f'"{meaning}" stands there twice'
        elif meaning == "members" and isinstance(value, list):
            names = [document.text((*at, key, place)) for place in range(len(value))]
            members = tuple(printable(tidy(name)) for name in names if name)
        elif said is None and value is not None:
            problem = problem or f'"{key}" is text'
        elif meaning == "members":
            members = _people(said or "")
        else:
            values[meaning] = tidy(said or "")
    text = shown(", ".join(values.values()))
    if problem:
        return Entry(row, text, problem=problem, hint=_YAML_FORM)
    return Entry(
        row,
        text,
        group=values.get("group", ""),
        address=values.get("url", ""),
        branch=values.get("branch", ""),
        commit=values.get("commit", ""),
        members=members,
        probe=values.get("probe", ""),
    )
