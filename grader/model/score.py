"""Marks: what an item got and why, and what they add up to.

A mark is 0..10 at full precision; it is rounded once, when it is shown.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from grader.model.measurement import Stored

Mark = Annotated[float, Field(ge=0.0, le=10.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

# Totals are settled to this: a smaller change is rounding, not a mark.
ROUNDING = 1e-9


class Compared(Stored):
    """One number held against a class: `relative(x)` or `percentile(x)`, and how it came out.

    `text` is the derivation with the numbers put in (`10 × (1 − 12 / 208)`), `groups` how
    many values of the class it was held against.
    """

    function: Literal["relative", "percentile"]
    quantity: str
    value: int | float
    result: float
    text: str
    groups: int


class Trace(Stored):
    """How a formula came to its value.

    `substituted` is the formula with the numbers put in (`10 × 18 / 21`), `value` the result
    before it is held to 0..10, `inputs` the quantities that were used, `compared` what was
    held against the class.
    """

    formula: str
    substituted: str
    value: float
    inputs: Mapping[str, int | float]
    compared: tuple[Compared, ...] = ()


class ItemScore(Stored):
    """An item's mark with its trace.

    `is_alone` says that the item compares with a class, that there was none to compare with,
    and that its `alone` formula was used. `note` is set where the rubric decided
    (`on_failure: zero`), and says why there was no class.
    """

    kind: Literal["scored"] = "scored"
    item: str
    mark: Mark
    trace: Trace
    is_alone: bool = False
    note: str = ""


class Ungraded(Stored):
    """Why an item has no mark.

    We failed to measure, nothing was there to measure, its formula could not be evaluated,
    the user left it out, nobody measured it when the class was graded, or a person is to
    mark it and has not.
    """

    kind: Literal["ungraded"] = "ungraded"
    item: str
    cause: Literal[
        "failed", "not-applicable", "formula", "left-out", "not-measured", "unmarked"
    ]
    reason: str


class Decided(Stored):
    """A mark that a person gave: for a criterion of the rubric's, or instead of a mark.

    `automatic` is what stands beside it, None for a criterion that only people mark.
    """

    kind: Literal["decided"] = "decided"
    item: str
    mark: Mark
    reason: str
    by: str
    automatic: Annotated[ItemScore | Ungraded | None, Field(discriminator="kind")] = (
        None
    )


ItemResult = Annotated[ItemScore | Ungraded | Decided, Field(discriminator="kind")]


def mark_of(result: ItemResult) -> float | None:
    """The mark that counts, 0..10; None for what was not graded."""
    return None if isinstance(result, Ungraded) else result.mark


class Penalty(Stored):
    """Points of the total (0..10) that are taken off, by whom and why."""

    points: Mark
    reason: str
    by: str


class DimensionScore(Stored):
    """The weighted mean of a dimension's graded items; None when none of them was graded.

    `weight` is the rubric's; `measured_share` the part of the dimension's weight, 0..1, that
    was graded.
    """

    id: str
    title: str
    weight: float
    mark: Mark | None
    measured_share: Share


class Provisional(Stored):
    """One reason why a total may still change, with the items it is about."""

    cause: Literal[
        "ungraded",
        "partly-measured",
        "left-out",
        "not-measured",
        "unmarked",
        "no-class",
    ]
    reason: str
    items: tuple[str, ...]


class Grade(Stored):
    """Items, dimensions and the total (0..10), which is None when nothing was graded.

    `measured_share` is the part of the rubric's weight that was graded, 0..1. The total is
    final when `provisional` is empty. Marks that people gave and `penalties` are in it;
    `automatic_total` is what it would be without any of them.
    """

    items: tuple[ItemResult, ...]
    dimensions: tuple[DimensionScore, ...]
    total: Mark | None
    measured_share: Share
    provisional: tuple[Provisional, ...] = ()
    automatic_total: Mark | None = None
    penalties: tuple[Penalty, ...] = ()

    @property
    def is_adjusted(self) -> bool:
        """Whether a person changed what the program gave, or points were taken off."""
        return bool(self.penalties) or any(
            isinstance(result, Decided) and result.automatic is not None
            for result in self.items
        )

    @property
    def total_of_100(self) -> float | None:
        """The total on a scale of 100."""
        return None if self.total is None else self.total * 10

    @property
    def is_final(self) -> bool:
        """Whether nothing is left that could change the total."""
        return not self.provisional

    @property
    def has_ungraded_checks(self) -> bool:
        """Whether a check could not be graded for a reason that is not the student's."""
        return any(reason.cause == "ungraded" for reason in self.provisional)
