"""A class that was graded: who is in it, under which conditions, and what each group got."""

from typing import Annotated, Final, Literal

from pydantic import Field

from grader.model.evidence import Trouble
from grader.model.maturity import Level
from grader.model.measurement import Stored, Tool
from grader.model.report import RubricFacts
from grader.model.score import DimensionScore, Grade

CLASS_VERSION: Final = 1


class Group(Stored):
    """One group of the list: its name, the folder its results are in, and what is graded.

    `row` is where it stands in the list, `probe` the address of its deployed service.
    """

    name: str
    folder: Annotated[str, Field(pattern=r"^[^/\\\x00]+$", max_length=120)]
    source: str
    branch: str | None = None
    commit: str | None = None
    members: tuple[str, ...] = ()
    row: int | None = None
    probe: str | None = None


class Refused(Stored):
    """A row of the list that could not be read as a group."""

    row: int | None
    text: str
    reason: str


class Shard(Stored):
    """A part of a class: of `of` parts the one with this number, counted from 1."""

    number: Annotated[int, Field(ge=1)]
    of: Annotated[int, Field(ge=1)]

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def its(self, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        """The groups of this part: every `of`-th of the list, from its number on."""
        return groups[self.number - 1 :: self.of]


class ClassRecord(Stored):
    """What a class's folder says of its run, written before the first group is graded.

    Times are UTC, ISO 8601. `deadline` is ISO 8601 with the offset of `timezone`.
    `rubric_folder` is where the rubric was, for the paths in it. `finished_at` is None while
    the run goes on, and after one that was stopped. With a `shard` only that part of the
    groups was measured.
    """

    schema_version: Literal[1] = CLASS_VERSION
    run: str
    generator: Tool
    started_at: str
    finished_at: str | None = None
    duration_s: float | None = None
    rubric: RubricFacts
    rubric_folder: str
    deadline: str | None = None
    timezone: str = "UTC"
    isolation: str = ""
    groups: tuple[Group, ...]
    shard: Shard | None = None
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()


class GroupLine(Stored):
    """One group's result in the class: its grade, or why there is none.

    `rank` counts from 1 by the total; equal totals share the better rank, and a total over
    less than half of the rubric has none. `until` is the group's deadline, `extension` why it
    has longer than the class. `maturity` is its level of MLOps, None where it is not stated.
    """

    group: Group
    grade: Grade | None
    trouble: Trouble | None = None
    rank: int | None = None
    commit: str | None = None
    commit_time: str | None = None
    until: str | None = None
    extension: str = ""
    later_count: int = 0
    signals: int = 0
    maturity: Level | None = None


class ClassResult(Stored):
    """Every group's line, in the list's order, and the run they come from.

    `items` are the ids of items and criteria in the rubric's order, with their titles and the
    ids of their dimensions.
    """

    record: ClassRecord
    rubric: RubricFacts
    items: tuple[str, ...]
    titles: dict[str, str]
    dimensions: dict[str, str]
    lines: tuple[GroupLine, ...]

    @property
    def rubric_dimensions(self) -> tuple[DimensionScore, ...]:
        """The rubric's dimensions, as the first graded group has them; none without one."""
        grades = (line.grade for line in self.lines if line.grade is not None)
        return next((grade.dimensions for grade in grades), ())
