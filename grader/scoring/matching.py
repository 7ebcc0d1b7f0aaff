"""Which findings came and which went between two reports.

They are matched by file, rule and message (digits aside, since messages name lines and
counts), as often as each is there: one that only moved to another line is the same.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from grader.model.measurement import Finding

_DIGITS = re.compile(r"\d+")

Moved = tuple[tuple[Finding, ...], tuple[Finding, ...]]


def without_digits(text: str) -> str:
    """The text with `#` for every number in it."""
    return _DIGITS.sub("#", text)


def unmatched(before: Sequence[Finding], after: Sequence[Finding]) -> Moved:
    """The findings that came and those that went.

    Of several that are the same but for the line, those on the same line stay.
    """
    places: dict[tuple[str, ...], tuple[list[int], list[int]]] = defaultdict(
        lambda: ([], [])
    )
    for number, finding in enumerate(before):
        places[_mark(finding)][0].append(number)
    for number, finding in enumerate(after):
        places[_mark(finding)][1].append(number)
    came, went = [], []
    for old, new in places.values():
        if len(old) == len(new):
            continue
        kept = _kept([before[n] for n in old], [after[n] for n in new])
        fewer = min(len(old), len(new))
        went += _rest(old, kept[0])[: len(old) - fewer]
        came += _rest(new, kept[1])[: len(new) - fewer]
    return (
        tuple(after[number] for number in sorted(came)),
        tuple(before[number] for number in sorted(went)),
    )


def _mark(finding: Finding) -> tuple[str, ...]:
    return finding.path or "", finding.rule, without_digits(finding.message)


def _kept(
    old: Sequence[Finding], new: Sequence[Finding]
) -> tuple[frozenset[int], frozenset[int]]:
    """Which of two lists stand in both with the same line and digits, by their places."""
    free: dict[tuple[int | None, str], list[int]] = defaultdict(list)
    for place, finding in enumerate(old):
        free[finding.line, finding.message].append(place)
    pairs = [
        (same.pop(0), place)
        for place, finding in enumerate(new)
        if (same := free[finding.line, finding.message])
    ]
    return frozenset(one for one, _ in pairs), frozenset(one for _, one in pairs)


def _rest(numbers: Sequence[int], kept: frozenset[int]) -> list[int]:
    """The numbers with those at the kept places last."""
    free = [number for place, number in enumerate(numbers) if place not in kept]
    return free + [numbers[place] for place in sorted(kept)]
