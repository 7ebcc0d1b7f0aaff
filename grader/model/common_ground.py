"""What two reports can be compared over: the items that neither of them failed to grade.

A base that was graded without its tests, or a head whose linter broke, has a total over
other items than its counterpart: the difference of such totals says nothing of the project.
"""

from dataclasses import dataclass

from grader.model.score import ROUNDING


@dataclass(frozen=True)
class CommonGround:
    """The items that two reports can be compared over, and what each comes to over them.

    `items` are ids in the order of the report after, `share` their part of the rubric's
    weight, 0..1. `before` and `after` are totals (0..10) over them, without what people took
    off, None where nothing of them has a mark. `beside` are the items that one report graded
    and that are not compared, because the other could not or did not. `obstacles` are
    sentences: each of them moves marks whatever was done to the project (another rubric,
    another version of a tool), so that there is no honest change.
    """

    items: tuple[str, ...]
    share: float
    before: float | None
    after: float | None
    beside: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()

    @property
    def change(self) -> float | None:
        """Points of the total (0..10) over the items; None where that would say nothing."""
        if self.obstacles or self.before is None or self.after is None:
            return None
        change = self.after - self.before
        # Totals are settled to this: what is less is rounding, not a mark.
        return 0.0 if abs(change) < ROUNDING else change

    @property
    def is_whole(self) -> bool:
        """Whether it is all that either report graded, so that these are their totals."""
        return not self.beside
