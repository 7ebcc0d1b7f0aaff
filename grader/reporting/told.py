"""A class's statistics in words, for charts and for those who can't see them."""

import re
from collections.abc import Mapping

from grader.model.analysis import Distribution, Flag, ItemStatistics
from grader.model.place import Place
from grader.model.score import Decided, ItemResult, ItemScore
from grader.reporting import numbers, words

# What a person should look at: that a class is small says nothing of an item.
_FLAGS: Mapping[Flag, str] = {
    "same": "the same for all",
    "floor": "nearly all at 0",
    "ceiling": "nearly all at 10",
    "reversed": "against the rest",
    "weak": "says little of the rest",
}


def spread(found: Distribution) -> str:
    """`median 7.49, mean 7.14, from 3.34 to 9.11`."""
    if (
        found.median is None
        or found.mean is None
        or found.lowest is None
        or found.highest is None
    ):
        return "no marks"
    lowest, highest = numbers.mark(found.lowest), numbers.mark(found.highest)
    return (
        f"median {numbers.mark(found.median)}, mean {numbers.mark(found.mean)}, "
        f"from {lowest} to {highest}"
    )


def is_idle(item: ItemStatistics) -> bool:
    """Whether a person should look at the item, for more than that the class is small."""
    return any(flag in _FLAGS for flag in item.flags)


def flags(item: ItemStatistics) -> str:
    """`nearly all at 10, against the rest`."""
    return ", ".join(_FLAGS[flag] for flag in item.flags if flag in _FLAGS)


def standing(place: Place) -> str:
    """`Total: 7.1; 3 groups have a lower mark, 1 the same, 8 a higher one`."""
    lower = words.counted(place.lower, "group")
    has = "has" if place.lower == 1 else "have"
    return (
        f"{place.title}: {numbers.mark(place.mark)}; {lower} {has} a lower mark, "
        f"{place.equal} the same, {place.higher} a higher one"
    )


def how(result: ItemResult) -> str:
    """How a mark came about, in one line: the formula with its numbers, or who gave it."""
    match result:
        case Decided():
            return words.decided(result)
        case ItemScore():
            alone = " (without a class)" if result.is_alone else ""
            return words.rule_of_rubric(result) or f"{words.derivation(result)}{alone}"
        case ungraded:
            return words.not_graded(ungraded)


def anchor(item: str) -> str:
    """Where in its group's report an item is told of."""
    return f"check-{item}" if re.fullmatch(r"[a-z0-9-]+", item) else "checks"
