"""Where a group stands in its class, told without anybody else's mark."""

from typing import Final, Literal

from grader.model.measurement import Stored
from grader.model.score import Mark

# How finely marks are counted: twenty bins of half a point, the last with 10 itself.
BINS: Final = 20


class Place(Stored):
    """One group's place in a class: for its total, a dimension or an item.

    `mark` is its own; `lower`, `equal` and `higher` count the other groups' marks, `bins`
    everybody's by half points: no mark of another group can be read from it.
    """

    of: Literal["total", "dimension", "item"]
    key: str
    title: str
    mark: Mark
    lower: int
    equal: int
    higher: int
    bins: tuple[int, ...]
