"""Ranks: 1 is the best, and equal totals share the better one."""

from bisect import bisect_right
from collections.abc import Mapping


def ranks(totals: Mapping[str, float | None]) -> dict[str, int]:
    """The rank of each name with a total (0..10), as competitions count them: 1, 2, 2, 4."""
    ordered = sorted(total for total in totals.values() if total is not None)
    return {
        name: len(ordered) - bisect_right(ordered, total) + 1
        for name, total in totals.items()
        if total is not None
    }
