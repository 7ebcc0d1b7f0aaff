"""The sentences on two compared reports that every format shares."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.model.comparison import (
    Comparison,
    Difference,
    ItemChange,
    NumberChange,
    Side,
)
from grader.model.measurement import YES_OR_NO, Finding
from grader.model.score import (
    ROUNDING,
    Decided,
    ItemResult,
    ItemScore,
    Penalty,
    Ungraded,
)
from grader.reporting import numbers, words

# Those first that the mark is made of.
FIRST_NUMBERS = 6
# An honest sentence is shorter; the JSON has it whole.
REASON_CHARACTERS = 500
NOTHING = "Nothing changed."
RULERS = "These move marks by themselves, so the numbers can't simply be compared:"


def summary(comparison: Comparison) -> str:
    """`flat-prices: 5.65 → 7.41 of 10 (+1.76)`."""
    before, after = comparison.before, comparison.after
    name = before.name
    if before.name != after.name:
        name = f"{before.name} → {after.name}"
    if comparison.change is None:
        return f"{name}: {_total(before)} → {_total(after)}"
    assert before.total is not None and after.total is not None
    return (
        f"{name}: {numbers.mark(before.total)} → {numbers.mark(after.total)} of 10 "
        f"({numbers.gain(comparison.change)})"
    )


def _total(side: Side) -> str:
    return "not graded" if side.total is None else numbers.mark(side.total)


def about(side: Side) -> str:
    """Which commit, when, by which rubric, and over how much of it."""
    commit = side.commit[:12] if side.commit else "not under git"
    changed = " with uncommitted changes" if side.uncommitted else ""
    state = "nothing graded"
    if side.total is not None:
        state = "final" if side.is_final else "provisional"
        if side.measured_share < 1:
            state += f" over {numbers.percent(side.measured_share)} of the rubric"
    return (
        f"{commit}{changed}, graded {words.when(side.graded_at)}, {side.rubric.name}, "
        f"version {side.rubric.version}, {state}"
    )


def marks(change: ItemChange) -> str:
    """`3.2 → 8`, or what stands instead of a mark."""
    before, after = _mark(change.before), _mark(change.after)
    return before if before == after else f"{before} → {after}"


def _mark(result: ItemResult | None) -> str:
    return "not in the rubric" if result is None else words.mark(result)


def points(change: ItemChange) -> str:
    """What the item moved of the total; a dash where one total is missing."""
    return "–" if change.points is None else gain(change.points)


def gain(value: float | None) -> str:
    """Points with their sign; what is only rounding is nothing."""
    if value is None:
        return "–"
    return numbers.gain(0 if abs(value) < ROUNDING else value)


def remarks(change: ItemChange) -> tuple[str, ...]:
    """What else of an item is another, as sentences or parts of them."""
    found = []
    shown = [_moved(one) for one in change.numbers[:FIRST_NUMBERS]]
    if more := len(change.numbers) - len(shown):
        shown.append(f"{words.counted(more, 'more number')} in the JSON")
    if shown:
        found.append(", ".join(shown))
    if moved := counts(change):
        found.append(moved)
    found += _states(change)
    if abs(change.share_before - change.share_after) > ROUNDING:
        found.append(
            f"weight {numbers.percent(change.share_before)} → "
            f"{numbers.percent(change.share_after)} of the rubric"
        )
    if change.by_mark and change.by_weight and abs(change.by_weight) > ROUNDING:
        found.append(
            f"{gain(change.by_mark)} by its mark, {gain(change.by_weight)} by its weight"
        )
    return (*found, *change.notes)


def _moved(change: NumberChange) -> str:
    """`violations 208 → 12`, `has_tests: no → yes`."""
    colon = ":" if change.unit == YES_OR_NO else ""
    before, after = (_number(one, change.unit) for one in (change.before, change.after))
    return f"{change.name}{colon} {before} → {after}"


def _number(value: int | float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    if unit == YES_OR_NO:
        return numbers.quantity(value, unit)
    return numbers.measured(value, unit)


def counts(change: ItemChange) -> str:
    """`3 findings went, 1 finding came`; empty where none did."""
    parts = []
    if change.went:
        parts.append(f"{words.counted(len(change.went), 'finding')} went")
    if change.came:
        parts.append(f"{words.counted(len(change.came), 'finding')} came")
    return ", ".join(parts)


def _states(change: ItemChange) -> list[str]:
    """Why there is no mark, or who gave it, on either side."""
    found = []
    for when, result in (("Before", change.before), ("After", change.after)):
        if isinstance(result, Ungraded):
            found.append(f"{when}: {words.not_graded(result)}")
        elif isinstance(result, Decided):
            found.append(f"{when}: {_decided(result)}")
        elif isinstance(result, ItemScore) and result.is_alone:
            found.append(f"{when}: {words.without_class(result)}")
    return [] if len(found) == 2 and _same(found) else found


def _decided(result: Decided) -> str:
    given = f"Marked by {result.by}: {result.reason}"
    if result.automatic is None:
        return given
    return f"{given} (automatic: {words.mark(result.automatic)})"


def _same(found: Sequence[str]) -> bool:
    before, after = (text.partition(": ")[2] for text in found)
    return before == after


@dataclass(frozen=True)
class Others:
    """What moved the total beside the items that changed: as text, and how much."""

    title: str
    points: str


def others(comparison: Comparison) -> tuple[Others, ...]:
    """Items that only weigh otherwise, and penalties."""
    found = []
    still = [one.points or 0.0 for one in comparison.items if not one.is_changed]
    weights = sum(still)
    if any(abs(one) > ROUNDING for one in still):
        found.append(
            Others("the other items, which now weigh otherwise", gain(weights))
        )
    if comparison.penalties_before != comparison.penalties_after:
        before = _penalties(comparison.penalties_before)
        after = _penalties(comparison.penalties_after)
        title = f"points taken off: {before}; then {after}"
        found.append(Others(title, gain(comparison.by_penalties)))
    return tuple(found)


def _penalties(penalties: Sequence[Penalty]) -> str:
    return (
        ", ".join(
            f"{numbers.plain(one.points)} by {one.by} ({one.reason})"
            for one in penalties
        )
        or "none"
    )


def made_of(comparison: Comparison) -> str:
    """The change in its parts where more than marks moved it; empty elsewhere."""
    parts = [
        (comparison.by_marks, "by marks"),
        (comparison.by_weights, "by weights and what is graded"),
        (comparison.by_penalties, "by points taken off"),
    ]
    told = [(value, text) for value, text in parts if value and abs(value) > ROUNDING]
    if len(told) < 2:
        return ""
    return ", ".join(f"{gain(value)} {text}" for value, text in told)


def rulers(comparison: Comparison) -> tuple[Difference, ...]:
    """The differences that move marks by themselves."""
    return tuple(one for one in comparison.differences if one.is_ruler)


def circumstances(comparison: Comparison) -> tuple[Difference, ...]:
    """The other differences."""
    return tuple(one for one in comparison.differences if not one.is_ruler)


def unchanged(comparison: Comparison) -> tuple[str, ...]:
    """The ids of the items in which nothing is another."""
    return tuple(one.item for one in comparison.items if not one.is_changed)


@dataclass(frozen=True)
class Move:
    """One finding with its sign: `+` came, `-` went; `to look at` is for a signal."""

    sign: str
    finding: Finding
    is_signal: bool = False

    @property
    def text(self) -> str:
        """The finding as one line, without its sign."""
        one = self.finding
        kind = "please look" if self.is_signal else words.severity(one)
        return f"{words.place(one)}: {kind}: {one.rule}: {one.message}"


@dataclass(frozen=True)
class Moves:
    """An item's findings that went and came, cut for showing, and how many are beyond."""

    shown: tuple[Move, ...]
    beyond: int


def moves(change: ItemChange, at_most: int) -> Moves:
    """What went first, then what came; `at_most` of each."""
    shown: list[Move] = []
    beyond = 0
    for sign, found, is_signal in (
        ("-", change.went, False),
        ("+", change.came, False),
        ("-", change.looks_went, True),
        ("+", change.looks_came, True),
    ):
        shown += [Move(sign, one, is_signal) for one in found[:at_most]]
        beyond += max(0, len(found) - at_most)
    return Moves(tuple(shown), beyond)


def with_moves(comparison: Comparison) -> tuple[ItemChange, ...]:
    """The items of which findings or signals came or went."""
    return tuple(
        one
        for one in comparison.changed
        if one.came or one.went or one.looks_came or one.looks_went
    )


def brief(text: str) -> str:
    """The text, cut where it is too long for any honest sentence."""
    return text if len(text) <= REASON_CHARACTERS else f"{text[:REASON_CHARACTERS]}…"
