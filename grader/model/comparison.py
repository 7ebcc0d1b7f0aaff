"""Two reports held against each other: what changed, and what the total's change is made of."""

from typing import Final, Literal

from grader.model.measurement import Finding, Stored, Tool
from grader.model.report import RubricFacts
from grader.model.score import ROUNDING, ItemResult, Mark, Penalty, Share

COMPARISON_VERSION: Final = 1


class Side(Stored):
    """One of the two reports: what was graded, when, by what, and what it came to."""

    name: str
    source: str
    commit: str | None
    uncommitted: bool
    graded_at: str
    generator: Tool
    rubric: RubricFacts
    total: Mark | None
    measured_share: Share
    is_final: bool


class Difference(Stored):
    """Something beside marks and findings in which the two reports differ, as a sentence.

    `is_ruler`: it moves marks whatever was done to the repository, so that the numbers of
    the two reports can't simply be compared.
    """

    about: Literal[
        "repository",
        "commit",
        "deadline",
        "rubric",
        "grader",
        "tools",
        "class",
        "isolation",
        "python",
        "platform",
        "environment",
        "graded-share",
        "arithmetic",
    ]
    statement: str
    is_ruler: bool


class NumberChange(Stored):
    """A measured number that is another; None where that report doesn't have it."""

    name: str
    unit: str
    before: int | float | None
    after: int | float | None


class ItemChange(Stored):
    """One item or criterion in the two reports.

    `before` and `after` are None where that report's rubric has no such item, the shares
    (of the rubric's weight) then 0. `by_mark` is what its mark moved of the total, at the
    weight that it had; `by_weight` what its weight did, and its being graded at all: that is
    counted from the total before, so that an item which comes in at the old total moves
    nothing. Both are points of the total (0..10), None where one of the totals is missing.

    `numbers` begin with those that the mark is made of. `came` and `went` are findings,
    `looks_came` and `looks_went` signals for a person.
    `notes` are sentences on how it was measured or marked otherwise.
    """

    item: str
    title: str
    dimension: str
    before: ItemResult | None
    after: ItemResult | None
    share_before: Share
    share_after: Share
    by_mark: float | None
    by_weight: float | None
    numbers: tuple[NumberChange, ...] = ()
    came: tuple[Finding, ...] = ()
    went: tuple[Finding, ...] = ()
    looks_came: tuple[Finding, ...] = ()
    looks_went: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    is_changed: bool

    @property
    def points(self) -> float | None:
        """Its part of the total's change, in points of the total."""
        if self.by_mark is None or self.by_weight is None:
            return None
        return self.by_mark + self.by_weight


class Comparison(Stored):
    """What changed from one report to another.

    `change` is in points of the total (0..10), None where one of the totals is missing. It is
    the sum of `by_marks`, `by_weights` and `by_penalties`, and of the items' parts and
    `by_penalties`, but for the last digits. `items` are in the order of the report after,
    then those that it doesn't have.
    """

    schema_version: Literal[1] = COMPARISON_VERSION
    before: Side
    after: Side
    differences: tuple[Difference, ...]
    change: float | None
    by_marks: float | None
    by_weights: float | None
    by_penalties: float | None
    items: tuple[ItemChange, ...]
    penalties_before: tuple[Penalty, ...] = ()
    penalties_after: tuple[Penalty, ...] = ()

    @property
    def changed(self) -> tuple[ItemChange, ...]:
        """The items in which something is another, the greatest part of the change first."""
        found = [one for one in self.items if one.is_changed]
        return tuple(sorted(found, key=lambda one: -abs(one.points or 0.0)))

    @property
    def is_unchanged(self) -> bool:
        """Whether no total, item or penalty is another, and nothing around them."""
        return (
            self.before.total == self.after.total
            and self.penalties_before == self.penalties_after
            and not self.changed
            and not self.differences
        )

    @property
    def is_worse(self) -> bool:
        """Whether the total went down; by less than marks are computed to is not down."""
        return self.change is not None and self.change < -ROUNDING
