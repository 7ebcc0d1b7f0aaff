"""Canvas: the CSV that its gradebook exports and takes back.

Read as Canvas itself reads it, in `lib/gradebook_importer.rb` and `gradebook_exporter.rb` of
https://github.com/instructure/canvas-lms: the first two columns are Student and ID (or three:
LastName, FirstName, ID); up to Section they say who a student is, and Canvas looks for the ID
first, then the SIS ids; a row of points possible, perhaps after one of posting policies,
stands before the students; "(read only)" there and columns such as "Final Score" are not
taken; "EX" is excused and "N/A" not assigned. Rules for people:
https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807
"""

import re
from collections.abc import Sequence

from grader.reporting._delimited import Delimited
from grader.reporting._gradebook import Column, Gradebook, Person, number

_IDS = ("ID", "SIS User ID", "SIS Login ID")
_COMPUTED = re.compile(
    r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)"
)
_POSTING = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)
_READ_ONLY = re.compile(r"read\s+only", re.IGNORECASE)
_TITLE = re.compile(r"(.+) \(\d+\)")
_POINTS = "Points Possible"


def read_canvas(table: Delimited) -> Gradebook | None:
    """What the file says; None where it is no export of Canvas's."""
    rows = [[cell.text for cell in row] for row in table.rows]
    header = [text.strip() for text in rows[0]] if rows else []
    names = _names(header)
    if names is None or "Section" not in header:
        return None
    points = next((row for row in rows if _POINTS in row[0]), [])
    first = header.index("Section") + 1
    taking, computed = [], []
    for at, name in enumerate(header[first:], first):
        said = points[at] if at < len(points) else ""
        if _COMPUTED.search(name) or _READ_ONLY.search(said):
            computed.append(name)
        elif name:
            taking.append(_column(at, name, said))
    return Gradebook(
        kind="Canvas gradebook",
        people=tuple(
            _person(at, header, row, names)
            for at, row in enumerate(rows)
            if at and not _is_about_columns(row)
        ),
        columns=tuple(taking),
        computed=tuple(computed),
        kept={"N/A": "Canvas says N/A: it is not assigned, or still anonymous"},
    )


def _names(header: Sequence[str]) -> int | None:
    """How many columns the name takes; None where it is no header of Canvas's."""
    if header[:2] == ["Student", "ID"]:
        return 1
    return 2 if header[:3] == ["LastName", "FirstName", "ID"] else None


def _column(at: int, name: str, points: str) -> Column:
    title = _TITLE.fullmatch(name)
    out_of = number(points)
    if out_of is not None and out_of <= 0:
        out_of = None
    # What has no points may be a column for notes.
    short = (title[1],) if title else ()
    return Column(at, name, short, out_of, offered=out_of is not None)


def _person(at: int, header: Sequence[str], row: Sequence[str], names: int) -> Person:
    said = dict(zip(header, row, strict=False))
    return Person(
        row=at,
        name=" ".join(reversed(row[:names])).strip(),
        ids={name: said[name].strip() for name in _IDS if said.get(name, "").strip()},
    )


def _is_about_columns(row: Sequence[str]) -> bool:
    return _POINTS in row[0] or all(_POSTING.fullmatch(text) for text in row)
