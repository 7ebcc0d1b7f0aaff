"""What people decided about a class, as marking takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.model.score import Penalty
from grader.scoring.totals import Given


@dataclass(frozen=True)
class Decided:
    """What people decided about a class, by group name: marks by item, and penalties.

    `late` are the groups that were given longer at the price of the rubric's penalty.
    """

    marks: Mapping[str, Mapping[str, Given]] = field(default_factory=dict)
    penalties: Mapping[str, Sequence[Penalty]] = field(default_factory=dict)
    late: frozenset[str] = frozenset()


UNDECIDED = Decided()
