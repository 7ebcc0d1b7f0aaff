"""The term: what each run of a class came to, small enough to keep every one of them.

Marks and totals only: no finding, no measured number. What a mark was made of is in the
class's folder as long as it is the last run's.
"""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import model_validator

from grader.model.measurement import Stored, Tool
from grader.model.report import RubricFacts
from grader.model.score import Mark, Share

TERM_VERSION: Final = 1


class GroupEntry(Stored):
    """One group in one run. `marks` are in the order of the entry's items, None: not graded.

    The total is None where there is none, for whatever reason. Nothing is rounded.
    """

    name: str
    commit: str | None = None
    commit_time: str | None = None
    total: Mark | None = None
    automatic_total: Mark | None = None
    rank: int | None = None
    is_final: bool = False
    measured_share: Share = 0.0
    marks: tuple[Mark | None, ...]


class RunFacts(Stored):
    """Which run of a class that ended, or which marking of it anew (`is_remark`).

    `when` is UTC, ISO 8601: when the run ended, or the marking.
    """

    run: str
    when: str
    is_remark: bool = False
    rubric: RubricFacts
    generator: Tool
    deadline: str | None = None
    isolation: str = ""


class Entry(RunFacts):
    """One run as it is kept.

    `shares` are the parts of the rubric, 0..1, of `items`, the ids of items and criteria.
    """

    schema_version: Literal[1] = TERM_VERSION
    items: tuple[str, ...]
    shares: tuple[Share, ...]
    groups: tuple[GroupEntry, ...]

    @model_validator(mode="after")
    def _check_lengths(self) -> "Entry":
        rows = (self.shares, *(group.marks for group in self.groups))
        if any(len(row) != len(self.items) for row in rows):
            raise ValueError("not every item has a share and a mark in each group")
        return self

    def marks(self, group: GroupEntry) -> Mapping[str, float]:
        """A group's marks by item, without what was not graded."""
        pairs = zip(self.items, group.marks, strict=True)
        return {item: mark for item, mark in pairs if mark is not None}

    @property
    def facts(self) -> RunFacts:
        """Which run it is, without what came of it."""
        names = RunFacts.model_fields
        return RunFacts(**{name: getattr(self, name) for name in names})

    @property
    def share_of(self) -> Mapping[str, float]:
        """Each item's part of the rubric."""
        return dict(zip(self.items, self.shares, strict=True))

    @property
    def ranked(self) -> int:
        """How many groups have a rank."""
        return sum(group.rank is not None for group in self.groups)


class RunLine(Stored):
    """One run in the table of runs. Mean, median and the ends are of all totals.

    `final` counts the totals that nothing can change any more; `moved` those that are others
    than in the run before, None for the first run. `is_same`: no commit, total, rank or
    rubric is another than there.
    """

    when: str
    run: str
    is_remark: bool
    rubric: RubricFacts
    generator: Tool
    is_other_rubric: bool
    groups: int
    graded: int
    final: int
    mean: Mark | None
    median: Mark | None
    lowest: Mark | None
    highest: Mark | None
    moved: int | None
    is_same: bool


class Part(Stored):
    """What one item moved of a total, in points of the total."""

    item: str
    before: Mark | None
    after: Mark | None
    points: float


class Move(Stored):
    """One group's total before and after, and through which items, the greatest first.

    `rest` is what no item explains of the change: points taken off, or items that only one
    of two rubrics has. `is_same_commit`: it moved although the repository did not, through
    the class, the rubric or a person; False also where there are no commits.
    """

    group: str
    before: Mark
    after: Mark
    change: float
    rank_before: int | None
    rank_after: int | None
    through: tuple[Part, ...]
    rest: float
    is_same_commit: bool


class Moves(Stored):
    """What moved from one run of a class to another.

    `totals` are the groups whose total is another, the greatest change first; `still` counts
    those whose total is the same. By name, in the list's order: `came` and `went` are the
    groups that only one of the two lists has, `gained` and `lost` those of both with a total
    on one side only. A group is matched by its name.
    """

    before: RunFacts
    after: RunFacts
    totals: tuple[Move, ...]
    still: int
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def up(self) -> int:
        """How many totals went up."""
        return sum(one.change > 0 for one in self.totals)

    @property
    def down(self) -> int:
        """How many totals went down."""
        return sum(one.change < 0 for one in self.totals)

    @property
    def is_other_rubric(self) -> bool:
        """Whether the two were marked by rubrics of another text."""
        return self.before.rubric.digest != self.after.rubric.digest


class GroupRun(Stored):
    """One group in one run, and what changed since the last run in which it had a total.

    `change` and `rest` are in points of the total, None where there is nothing to compare;
    `through` are the items that moved it, the greatest movement first, and `rest` what no
    item explains: points taken off, or items that only one of two rubrics has.
    """

    when: str
    run: str
    is_remark: bool
    rubric: RubricFacts
    is_other_rubric: bool
    commit: str | None
    total: Mark | None
    is_final: bool
    measured_share: Share
    rank: int | None
    ranked: int
    change: float | None = None
    through: tuple[Part, ...] = ()
    rest: float | None = None
    is_same: bool = False


class TermTable(Stored):
    """A class's runs, oldest first. `unread` are the files that can't be believed."""

    schema_version: Literal[1] = TERM_VERSION
    kind: Literal["class"] = "class"
    runs: tuple[RunLine, ...]
    unread: tuple[str, ...] = ()


class GroupTerm(Stored):
    """One group's runs, oldest first."""

    schema_version: Literal[1] = TERM_VERSION
    kind: Literal["group"] = "group"
    group: str
    runs: tuple[GroupRun, ...]
    unread: tuple[str, ...] = ()
