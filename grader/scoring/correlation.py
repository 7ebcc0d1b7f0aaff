"""How much two numbers of each group go together: -1..1, None where that is not defined."""

from collections.abc import Sequence
from math import fsum
from statistics import StatisticsError, correlation

# A correlation of two is always 1 or -1.
_LEAST = 3


def pearson(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None for fewer than three pairs and where a side is constant."""
    if len(pairs) < _LEAST:
        return None
    try:
        value = correlation([one for one, _ in pairs], [other for _, other in pairs])
    except StatisticsError:
        # One of the two is the same for everybody.
        return None
    return max(-1.0, min(1.0, value))


def spearman(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Spearman's correlation of two rankings.

    Ranks that are shared count as the mean of the places they take.
    """
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    return pearson(list(zip(_middle(ones), _middle(others), strict=True)))


def _middle(places: Sequence[int]) -> list[float]:
    ordered = sorted(places)
    first = {place: ordered.index(place) for place in set(places)}
    count = {place: places.count(place) for place in set(places)}
    return [fsum((first[place], (count[place] - 1) / 2)) for place in places]
