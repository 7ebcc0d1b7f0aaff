"""What a class says of its rubric: each item's statistics, and how firm the ranks are.

Marks are 0..10. Nothing here changes a mark: it is for the person who decides about the
rubric, and for a group that wants to know where it stands.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from grader.model.classroom import ClassResult
from grader.model.measurement import Stored, Tool
from grader.model.score import Mark, Share
from grader.model.term import Moves

REPORT_VERSION: Final = 1

Correlation = Annotated[float, Field(ge=-1.0, le=1.0)]

Flag = Literal["same", "floor", "ceiling", "reversed", "weak", "few"]


class Distribution(Stored):
    """Marks 0..10 as numbers: how many, where they lie, and how they spread.

    `bins` counts them by half points, 10 in the last. `deviation` is the population's
    standard deviation. Without a mark everything else is None.
    """

    graded: int
    bins: tuple[int, ...]
    mean: Mark | None = None
    median: Mark | None = None
    lowest: Mark | None = None
    highest: Mark | None = None
    deviation: float | None = None


class ItemStatistics(Stored):
    """One item or criterion over the class, as classical test theory has it.

    `difficulty` is the mean mark as a share of 10, also called facility: 1 is easy for all.
    `discrimination` is the correlation of the item's marks with the rest of the total (the
    item itself left out); None where one of the two does not vary or there are fewer than
    three groups. `floor` and `ceiling` count the marks of exactly 0 and 10. `share` is the
    item's part of the rubric. `flags` are what a person should look at, `advice` the same
    in sentences.
    """

    item: str
    share: Share
    distribution: Distribution
    difficulty: Share | None = None
    discrimination: Correlation | None = None
    floor: int = 0
    ceiling: int = 0
    flags: tuple[Flag, ...] = ()
    advice: tuple[str, ...] = ()


class Standing(Stored):
    """One group in one marking of the class: its total and rank, None where it has none."""

    group: str
    total: Mark | None
    rank: int | None


class Variant(Stored):
    """The class marked otherwise: by another normalisation, or with another weight.

    `agreement` is Spearman's correlation between the ranks as they are and as they would be,
    over the groups with a total on both sides; `mean_change` and `largest_change` are of
    totals, in points without sign; `ranks_changed` counts groups. `about` is the item or
    dimension whose weight is doubled. `lines` are in the list's order.
    """

    id: str
    title: str
    kind: Literal["normalisation", "weight"]
    about: str | None = None
    agreement: Correlation | None
    mean_change: float
    largest_change: float
    ranks_changed: int
    lines: tuple[Standing, ...]


class ToolCount(Stored):
    """A tool's version, and how many groups were measured with it."""

    tool: Tool
    groups: int


class Analysis(Stored):
    """What a class says of its rubric, and which tools it was measured with."""

    totals: Distribution
    items: tuple[ItemStatistics, ...]
    variants: tuple[Variant, ...] = ()
    tools: tuple[ToolCount, ...] = ()


class ClassReport(Stored):
    """Everything that the class's page says: `index.json` in the class's folder.

    `moves` are what moved since the run before this one, None for the first.
    """

    schema_version: Literal[1] = REPORT_VERSION
    result: ClassResult
    analysis: Analysis
    moves: Moves | None = None
