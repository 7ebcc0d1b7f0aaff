"""What a gradebook's file says, whichever program exported it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

# What a cell says that has no mark, in Canvas and in Moodle.
BLANK = frozenset({"", "-"})

_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Person:
    """One student's row: a name for talking of them, and the ids by their column.

    `out_of` is the row's own maximum, where the file has one for each; `closed` why the
    program would not take a mark for this row.
    """

    row: int
    name: str
    ids: Mapping[str, str]
    out_of: Decimal | None = None
    closed: str = ""

    @property
    def shown(self) -> str:
        """How the person is called, by the place in the file where there is no name."""
        return self.name or f"row {self.row + 1}"


@dataclass(frozen=True)
class Column:
    """A column that takes marks: its header, the shorter names it is known by, its maximum.

    `feedback_at` is the column of comments that belongs to it. A column that is not
    `offered` is filled only when it is asked for by name.
    """

    at: int
    name: str
    short: tuple[str, ...] = ()
    out_of: Decimal | None = None
    feedback_at: int | None = None
    offered: bool = True


@dataclass(frozen=True)
class Gradebook:
    """Who is in a file, where marks can go, and the columns that the program computes itself.

    `kept` are texts that are never written over, with what they mean.
    """

    kind: str
    people: tuple[Person, ...]
    columns: tuple[Column, ...]
    computed: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


def listed(names: Iterable[str]) -> str:
    """The names of columns, quoted: the first twelve, and how many more."""
    quoted = [f'"{name}"' for name in names]
    more = f" and {len(quoted) - 12} more" if len(quoted) > 12 else ""
    return ", ".join(quoted[:12]) + more


def number(text: str) -> Decimal | None:
    """A number as gradebooks write it, with a decimal point or comma; None for other text.

    Neither Canvas nor Moodle writes separators of thousands.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped) or not stripped.isascii():
        return None
    return Decimal(stripped.replace(",", "."))
