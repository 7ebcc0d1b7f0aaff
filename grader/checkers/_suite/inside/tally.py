"""Counts the cases of a test function that are too many to be told one by one."""

from __future__ import annotations

from .channel import function_of

# Cases of one test function beyond this are counted.
MAX_CASES = 1_000
# Of those, so many that are bad are told all the same.
_MAX_LATE = 200
_GRAVEST_FIRST = ("failed", "error", "xfailed", "xpassed", "skipped", "passed")


class Tally:
    """`counted` says of each such function how many cases ended how."""

    def __init__(self) -> None:
        self.counted: dict[str, dict[str, int]] = {}
        self._cases: dict[str, int] = {}
        self._worst: dict[str, str] = {}
        self._told_late: set[str] = set()

    def begins(self, node: str) -> bool:
        """Whether to tell that a case begins: it is one of the first, or the next one."""
        function = function_of(node)
        self._cases[function] = self._cases.get(function, 0) + 1
        return self._cases[function] <= MAX_CASES + 1

    def takes(self, node: str, outcome: str, *, is_last: bool) -> bool:
        """Count one phase of a case, if that isn't to be told by itself.

        A case counts at its last phase, as the gravest of what was reported.
        """
        function = function_of(node)
        if self._cases.get(function, 0) <= MAX_CASES:
            return False
        if outcome in ("failed", "error") and len(self._told_late) < _MAX_LATE:
            self._told_late.add(node)
        if node in self._told_late:
            self._worst.pop(node, None)
            return False
        known = self._worst.get(node, outcome)
        self._worst[node] = min(known, outcome, key=_GRAVEST_FIRST.index)
        if is_last:
            outcomes = self.counted.setdefault(function, {})
            worst = self._worst.pop(node)
            outcomes[worst] = outcomes.get(worst, 0) + 1
        return True
