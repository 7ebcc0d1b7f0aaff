"""Item analysis: what each item of a rubric tells apart in a class.

Classical test theory: an item's difficulty is the mean of its marks as a share of the most
there is, its discrimination the correlation with the rest of the total. (Ebel and Frisbie,
Essentials of Educational Measurement, 5th edition, 1991, chapter 13.)
"""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from statistics import fmean, median, pstdev

from grader.model.analysis import Distribution, Flag, ItemStatistics
from grader.model.place import BINS
from grader.model.score import Grade
from grader.scoring.correlation import pearson
from grader.scoring.items import clamp, marks_of

# Below this a discrimination says little of an item (Ebel's "poor": revise or reject).
WEAK = 0.2
# An item at which so many are at one end has little left to tell.
CROWDED = 0.8
# Fewer groups say nothing of an item.
FEW = 10


def distribution(marks: Sequence[float]) -> Distribution:
    """Marks 0..10 as numbers."""
    if not marks:
        return Distribution(graded=0, bins=(0,) * BINS)
    return Distribution(
        graded=len(marks),
        bins=bins(marks),
        # A mean of equal marks may miss them by the last bit.
        mean=clamp(fmean(marks)),
        median=median(marks),
        lowest=min(marks),
        highest=max(marks),
        deviation=pstdev(marks),
    )


def bins(marks: Iterable[float]) -> tuple[int, ...]:
    """How many marks lie in each half point of 0..10, those of 10 in the last."""
    counts = [0] * BINS
    for mark in marks:
        counts[min(BINS - 1, int(mark * BINS / 10))] += 1
    return tuple(counts)


def item_statistics(
    grades: Sequence[Grade], shares: Mapping[str, float]
) -> tuple[ItemStatistics, ...]:
    """Every item and criterion of a rubric over a class, in the rubric's order.

    `shares` are the items' parts of the rubric. Marks are those that count: where a person
    gave one, that.
    """
    by_group = [marks_of(grade) for grade in grades]
    return tuple(_item(key, share, by_group, shares) for key, share in shares.items())


def _item(
    key: str,
    share: float,
    by_group: Sequence[Mapping[str, float]],
    shares: Mapping[str, float],
) -> ItemStatistics:
    graded = [marks for marks in by_group if key in marks]
    own = [marks[key] for marks in graded]
    found = distribution(own)
    pairs = [
        (marks[key], rest)
        for marks in graded
        if (rest := _rest(key, marks, shares)) is not None
    ]
    telling = pearson(pairs)
    floor, ceiling = own.count(0.0), own.count(10.0)
    flags = tuple(_flags(found, telling, floor, ceiling))
    return ItemStatistics(
        item=key,
        share=min(1.0, share),
        distribution=found,
        difficulty=None if found.mean is None else found.mean / 10,
        discrimination=telling,
        floor=floor,
        ceiling=ceiling,
        flags=flags,
        advice=tuple(_advice(flag, found, floor, ceiling) for flag in flags),
    )


def _rest(
    key: str, marks: Mapping[str, float], shares: Mapping[str, float]
) -> float | None:
    """A group's total without one item; None where that leaves nothing."""
    others = [(shares[one], mark) for one, mark in marks.items() if one != key]
    weight = fsum(share for share, _ in others)
    return fsum(s * m for s, m in others) / weight if weight > 0 else None


def _flags(
    found: Distribution, telling: float | None, floor: int, ceiling: int
) -> Iterable[Flag]:
    if found.graded < 2:
        return
    if found.lowest == found.highest:
        yield "same"
        return
    if floor >= CROWDED * found.graded:
        yield "floor"
    if ceiling >= CROWDED * found.graded:
        yield "ceiling"
    if telling is not None and telling <= -WEAK:
        yield "reversed"
    elif telling is not None and telling < WEAK:
        yield "weak"
    if found.graded < FEW:
        yield "few"


def _advice(flag: Flag, found: Distribution, floor: int, ceiling: int) -> str:
    match flag:
        case "same":
            return (
                f"All {found.graded} groups have the same mark: it moves every total alike "
                "and tells nobody apart. Raise what it asks for, or give its weight to others."
            )
        case "floor":
            return (
                f"{floor} of {found.graded} groups have 0: too hard, or its formula falls too "
                "fast. Look at what it measures in two of them before it counts."
            )
        case "ceiling":
            return (
                f"{ceiling} of {found.graded} groups have 10: it is met by nearly everybody. "
                "A stricter formula would tell more, or a lower weight."
            )
        case "reversed":
            return (
                "Groups with better totals have lower marks here: it may punish size or "
                "effort. Look at a high and a low group before it counts."
            )
        case "weak":
            return "It says little of how good a group is in the rest."
        case "few":
            return "So few groups say little of an item: take the numbers as a hint."
