"""A gradebook of Canvas or Moodle with a class's marks filled in, all else as it was.

Nothing is guessed: a person gets a mark where an id of the file is exactly a member's of one
graded group, and where the cell has no other mark yet. Whoever is left out is told by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from grader.errors import GradeError, did_you_mean
from grader.model.classroom import ClassResult, GroupLine
from grader.reporting import numbers, words
from grader.reporting._canvas import read_canvas
from grader.reporting._claims import Claim, claims
from grader.reporting._delimited import Delimited, decoded, read_delimited
from grader.reporting._gradebook import BLANK, Column, Gradebook, Person, listed, number
from grader.reporting._moodle import read_moodle

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Wish:
    """What to fill in, and how.

    `column` is a header, needed where several could take the marks; `by` the only column of
    ids to go by; `out_of` the maximum where the file has none. `overwrite` replaces marks
    that differ, `provisional` fills in totals that may still change. `feedback` are texts by
    group name for the column of comments, as HTML.
    """

    column: str | None = None
    by: str | None = None
    out_of: Decimal | None = None
    overwrite: bool = False
    provisional: bool = False
    feedback: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """The file with the marks, and what is to be told.

    `same` cells had the mark already. `left` says whose cell stays as it was and why, or who
    could not be found; `overwritten` which marks were replaced; `strangers` are the people of
    the file who are in no group. `matched` counts the members by the column that has their id.
    """

    content: bytes
    kind: str
    column: str
    filled: int
    same: int
    left: tuple[str, ...]
    overwritten: tuple[str, ...]
    strangers: tuple[str, ...]
    matched: Mapping[str, int]
    comments: int = 0


def fill_gradebook(
    content: bytes, source: str, result: ClassResult, wish: Wish
) -> Filled:
    """The file's bytes with each member's total in one column.

    `source` names the file in errors. Raises `GradeError` for a file that is no gradebook,
    and for a wish that it can't fulfil.
    """
    table, book = _read(decoded(content, source), source)
    column = _column(book, wish.column, source)
    _check_maximum(book, column, wish, source)
    if wish.feedback and column.feedback_at is None:
        raise GradeError(
            f'{source}: there is no column of comments that belongs to "{column.name}".',
            hint="Leave --feedback out, or export the gradebook with its feedback.",
        )
    claimed = claims(book, result.lines, wish.by, source)
    filling = _Filling(table, column, wish, uses_comma=_uses_comma(table))
    strangers = []
    for person in book.people:
        if person.row in claimed.by_row:
            filling.fill(person, claimed.by_row[person.row], book.kept)
        else:
            strangers.append(person.shown)
    return Filled(
        content=table.replaced(filling.cells),
        kind=book.kind,
        column=column.name,
        filled=filling.filled,
        same=filling.same,
        left=(*claimed.left, *filling.left),
        overwritten=tuple(filling.overwritten),
        strangers=tuple(strangers),
        matched=claimed.matched,
        comments=filling.comments,
    )


def _read(text: str, source: str) -> tuple[Delimited, Gradebook]:
    header = text.lstrip("\ufeff\r\n").partition("\n")[0]
    broken: GradeError | None = None
    for delimiter in sorted(",;\t", key=header.count, reverse=True):
        try:
            table = read_delimited(text, delimiter, source)
        except GradeError as error:
            # With another delimiter the quotes may be right.
            broken = broken or error
            continue
        book = read_canvas(table) or read_moodle(table, source)
        if book is not None:
            return table, book
    raise broken or GradeError(
        f"{source}: this is neither a gradebook of Canvas nor one of Moodle.",
        hint="Canvas: its first columns are Student, ID and, later, Section. Moodle, in "
        "English: First name, ID number or Email address; a grading worksheet: Identifier, "
        "Grade. Export it as CSV, and leave its first row as it is.",
    )


def _column(book: Gradebook, wanted: str | None, source: str) -> Column:
    offered = [column for column in book.columns if column.offered]
    if wanted is None:
        if len(offered) == 1:
            return offered[0]
        raise GradeError(
            f"{source}: {len(offered)} columns of this {book.kind} could take the marks.",
            hint=(
                f"Say which with --column: {listed(one.name for one in offered)}"
                if offered
                else "Make the assignment there first, then export the gradebook again."
            ),
        )
    found = [one for one in book.columns if one.name == wanted]
    found = found or [one for one in book.columns if wanted in one.short]
    if len(found) == 1:
        return found[0]
    if found:
        names = listed(one.name for one in found)
        raise GradeError(f'{source}: "{wanted}" is more than one column: {names}.')
    if wanted in book.computed:
        raise GradeError(
            f'{source}: the column "{wanted}" is not one that takes marks: it is read only, '
            "or computed from others."
        )
    known = [name for one in book.columns for name in (one.name, *one.short)]
    raise GradeError(
        f'{source}: there is no column "{wanted}".{did_you_mean(wanted, known)}',
        hint=f"It has: {listed(one.name for one in offered)}",
    )


def _check_maximum(book: Gradebook, column: Column, wish: Wish, source: str) -> None:
    said = {column.out_of, *(person.out_of for person in book.people)} - {None}
    if not said and wish.out_of is None:
        raise GradeError(
            f'{source}: the file does not say what "{column.name}" is out of.',
            hint="Give its maximum: --out-of 100",
        )
    if wish.out_of is not None and any(one != wish.out_of for one in said):
        raise GradeError(
            f'{source}: "{column.name}" is out of '
            f"{', '.join(sorted(str(one) for one in said))}, not of {wish.out_of}.",
            hint="Leave --out-of out: the file says it.",
        )


def _uses_comma(table: Delimited) -> bool:
    """Whether the file's numbers have a decimal comma, as far as there are any.

    Canvas and Moodle take a point from everybody; a spreadsheet may not.
    """
    texts = [
        cell.text
        for row in table.rows[1:]
        for cell in row
        if number(cell.text) is not None
    ]
    return any("," in text for text in texts) and not any("." in text for text in texts)


@dataclass
class _Filling:
    """The cells of one column as they are filled, and what is told of the rest."""

    table: Delimited
    column: Column
    wish: Wish
    uses_comma: bool
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    filled: int = 0
    same: int = 0
    comments: int = 0

    def fill(
        self, person: Person, claimants: Sequence[Claim], kept: Mapping[str, str]
    ) -> None:
        """Put a person's mark where it belongs, or say why not."""
        line = claimants[0].line
        groups = sorted({one.line.group.name for one in claimants})
        who = f"{person.name or claimants[0].member} ({', '.join(groups)})"
        if len(groups) > 1:
            self.left.append(f"{who}: is in {len(groups)} groups")
            return
        why = person.closed or self._no_mark(line)
        cells = self.table.rows[person.row]
        if not why and self.column.at >= len(cells):
            why = "the row ends before the column"
        out_of = self.column.out_of or person.out_of or self.wish.out_of
        if not why and out_of is None:
            why = "the row does not say what the mark is out of"
        if why or line.grade is None or line.grade.total is None or out_of is None:
            self.left.append(f"{who}: {why}")
            return
        was = cells[self.column.at].text.strip()
        mark = numbers.cell(Decimal(repr(line.grade.total)) * out_of / 10, out_of)
        if was in kept:
            self.left.append(f"{who}: {kept[was]}")
        elif was not in BLANK and _is_same(was, Decimal(mark)):
            self.same += 1
            self._comment(person, line)
        elif was in BLANK or self.wish.overwrite:
            written = mark.replace(".", ",") if self.uses_comma else mark
            self.cells[person.row, self.column.at] = written
            self.filled += 1
            if was not in BLANK:
                self.overwritten.append(f"{who}: {was} is now {written}")
            self._comment(person, line)
        else:
            self.left.append(f"{who}: has {was}, and would get {mark}")

    def _no_mark(self, line: GroupLine) -> str:
        grade = line.grade
        if grade is None or grade.total is None:
            return f"the group has no total: {words.no_grade(line)}"
        if not grade.is_final and not self.wish.provisional:
            why = " ".join(one.reason for one in grade.provisional)
            total = numbers.mark(grade.total)
            return f"the total of {total} is provisional: {why}"
        return ""

    def _comment(self, person: Person, line: GroupLine) -> None:
        at, text = self.column.feedback_at, self.wish.feedback.get(line.group.name)
        if at is None or text is None or at >= len(self.table.rows[person.row]):
            return
        was = self.table.rows[person.row][at].text.strip()
        if was in BLANK or self.wish.overwrite and was != text:
            self.cells[person.row, at] = text
            self.comments += 1


def _is_same(was: str, mark: Decimal) -> bool:
    """Whether a cell has the mark already, rounded to two decimals as both programs export."""
    there = number(was)
    if there is None:
        return False
    return there in (mark, mark.quantize(_CENT, ROUND_HALF_UP))
