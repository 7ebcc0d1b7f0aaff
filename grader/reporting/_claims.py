"""Which row of a gradebook is whose: members of groups found by the file's ids, never guessed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.errors import GradeError, did_you_mean
from grader.model.classroom import GroupLine
from grader.reporting._gradebook import Gradebook, listed

# The rows that an id stands in, each with the columns where it does.
_Rows = Mapping[int, set[str]]


@dataclass(frozen=True)
class Claim:
    """A member of a group whom one row of the file belongs to."""

    line: GroupLine
    member: str


@dataclass(frozen=True)
class Claims:
    """Who claims each row, and who could not be found there.

    `left` says who and why; `matched` counts the members by the column that has their id.
    """

    by_row: Mapping[int, Sequence[Claim]]
    left: tuple[str, ...]
    matched: Mapping[str, int]


def claims(
    book: Gradebook, lines: Sequence[GroupLine], by: str | None, source: str
) -> Claims:
    """The claims of every member of a class's groups, by one column of ids or by all.

    Raises `GradeError` for a column that is not there, and where numbers of members are ids
    of different kinds.
    """
    rows_of = _rows_by_id(book, by, source)
    names = {person.row: person.shown for person in book.people}
    by_row: dict[int, list[Claim]] = defaultdict(list)
    left: list[str] = []
    matched: Counter[str] = Counter()
    numeric: dict[str, set[str]] = {}
    for line in lines:
        if not line.group.members:
            left.append(f"{line.group.name}: the list of groups names no members")
        for member in line.group.members:
            found: dict[int, set[str]] = defaultdict(set)
            for form in _forms(member):
                for row, columns in rows_of.get(_key(form), {}).items():
                    found[row] |= columns
                    if form.isdigit():
                        numeric.setdefault(member, set()).update(columns)
            who = f"{member} ({line.group.name})"
            if len(found) == 1:
                row, columns = found.popitem()
                by_row[row].append(Claim(line, member))
                matched.update(columns)
            elif found:
                several = ", ".join(names[row] for row in found)
                left.append(
                    f"{who}: is an id of more than one person: {several}; --by goes by one "
                    "column of ids"
                )
            else:
                left.append(f"{who}: is no id of the file")
    _check_numbers(numeric, source)
    return Claims(by_row, tuple(left), dict(matched))


def _rows_by_id(book: Gradebook, by: str | None, source: str) -> Mapping[str, _Rows]:
    known = {name for person in book.people for name in person.ids}
    if by is not None and by not in known:
        raise GradeError(
            f'{source}: no column of ids is called "{by}".{did_you_mean(by, list(known))}',
            hint=f"It has: {listed(sorted(known))}",
        )
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for person in book.people:
        for column, text in person.ids.items():
            if by in (None, column):
                found[_key(text)][person.row].add(column)
    return found


def _check_numbers(numeric: Mapping[str, set[str]], source: str) -> None:
    """A number may be one student's id there and another's here: they must be of one kind."""
    if not numeric or set.intersection(*numeric.values()):
        return
    columns = sorted(set().union(*numeric.values()))
    raise GradeError(
        f"{source}: the members' numbers are ids of different columns: {listed(columns)}. "
        "The same number can be another student's in each.",
        hint=f'Say which to go by, for example --by "{columns[-1]}"',
    )


def _forms(member: str) -> tuple[str, ...]:
    """The ids that a member's text may be: all of it, before (login), within <address>."""
    forms = [member]
    if member.endswith(")") and " (" in member:
        forms.append(member.rpartition(" (")[0])
    if member.endswith(">") and "<" in member:
        forms.append(member.rpartition("<")[2][:-1])
    return tuple(form.strip() for form in forms if form.strip())


def _key(text: str) -> str:
    """Ids are compared exactly, addresses without regard to case."""
    return text.strip().casefold() if "@" in text else text.strip()
