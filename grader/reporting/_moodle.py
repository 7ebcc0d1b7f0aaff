"""Moodle: the CSV of its gradebook, and an assignment's offline grading worksheet.

Read as Moodle itself reads them (https://github.com/moodle/moodle). The gradebook: a user is
found by ID number, e-mail address or username, a grade is a number on the item's own scale,
empty or "-" is no grade, and totals can't be imported (`grade/import/csv/classes/
load_data.php`, https://docs.moodle.org/en/Grade_import). The worksheet: a row is found by its
Identifier; one whose grade is locked, or is above the maximum, or was changed since is left
out; comments are HTML (`mod/assign/feedback/offline/`,
https://docs.moodle.org/en/Assignment_grading).
"""

import re
from collections.abc import Mapping, Sequence

from grader.errors import GradeError
from grader.reporting._delimited import Delimited
from grader.reporting._gradebook import Column, Gradebook, Person, number

_IDS = ("ID number", "Email address", "Username", "Identifier")
_NAMES = ("Full name", "First name", "Last name", "Surname")
_NOT_MARKS = frozenset(
    (
        *(*_IDS, *_NAMES, "Institution", "Department", "Suspended"),
        *("Last downloaded from this course", "Status", "Country", "City/town"),
    )
)
_SUFFIX = re.compile(r"(.+) \((Real|Percentage|Letter|Feedback)\)")
_MODIFIED = "Last modified (grade)"


def read_moodle(table: Delimited, source: str) -> Gradebook | None:
    """What the file says; None where it is no export of Moodle's in English.

    Raises `GradeError` for a worksheet that Moodle would not take.
    """
    rows = [[cell.text for cell in row] for row in table.rows]
    header = [text.strip() for text in rows[0]] if rows else []
    if "Identifier" in header and "Grade" in header:
        return _worksheet(header, rows, source)
    if any(name in header for name in _IDS) and any(name in header for name in _NAMES):
        return _gradebook(header, rows)
    return None


def _worksheet(
    header: Sequence[str], rows: Sequence[Sequence[str]], source: str
) -> Gradebook:
    if _MODIFIED not in header:
        raise GradeError(
            f'{source}: the worksheet has no column "{_MODIFIED}", without which Moodle '
            "does not take it.",
            hint="Download the grading worksheet of the assignment again.",
        )
    comments = "Feedback comments"
    return Gradebook(
        kind="Moodle grading worksheet",
        people=_people(header, rows),
        columns=(
            Column(
                header.index("Grade"),
                "Grade",
                feedback_at=header.index(comments) if comments in header else None,
            ),
        ),
    )


def _gradebook(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Gradebook:
    columns, computed = [], []
    has_kinds = any(_SUFFIX.fullmatch(name) for name in header)
    for at, name in enumerate(header):
        suffix = _SUFFIX.fullmatch(name)
        if not name or name in _NOT_MARKS or suffix and suffix[2] == "Feedback":
            continue
        base = suffix[1] if suffix else name
        is_total = base.lower().endswith(" total") and ": " not in base
        if is_total or suffix and suffix[2] != "Real":
            computed.append(name)
            continue
        short = [base] if suffix else []
        if ": " in base:
            short.append(base.split(": ", 1)[1])
        feedback = f"{base} (Feedback)"
        columns.append(
            Column(
                at,
                name,
                tuple(short),
                feedback_at=header.index(feedback) if feedback in header else None,
                # With kinds on some columns, the others are fields of the profile.
                offered=suffix is not None or not has_kinds and ": " in name,
            )
        )
    return Gradebook(
        kind="Moodle gradebook",
        people=_people(header, rows),
        columns=tuple(columns),
        computed=tuple(computed),
    )


def _people(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Person, ...]:
    return tuple(
        _person(at, dict(zip(header, row, strict=False)))
        for at, row in enumerate(rows)
        if at and any(row)
    )


def _person(at: int, said: Mapping[str, str]) -> Person:
    maximum = next((said[k] for k in said if k.lower() == "maximum grade"), "")
    out_of = number(maximum)
    locked = said.get("Grade can be changed", "").strip() == "No"
    names = [said[name].strip() for name in _NAMES if said.get(name, "").strip()]
    return Person(
        row=at,
        name=" ".join(names),
        ids={name: said[name].strip() for name in _IDS if said.get(name, "").strip()},
        out_of=out_of if out_of is not None and out_of > 0 else None,
        closed="Moodle says that the grade can't be changed" if locked else "",
    )
