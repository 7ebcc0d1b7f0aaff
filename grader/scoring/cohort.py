"""A number held against a class: the four methods, percentile caps, and what is no class.

Every method is a function of one value and the sorted values of the class, so that the run of
the whole class and a student at home with the class's cohort.json get the same mark to the
last digit, and the order of the groups can't matter. In all of them a better value never
gets a lower mark.

A quantity is first turned into a *shortfall*, lower better: what a count is above its
minimum, what a share is below its maximum. Where more is better and nothing bounds it, only
the class says what is much: `zero-best` then marks shares of its best.

All of it is computed in fractions and rounded once, at the end: in floating point the last
bit of a sum or a difference could make the better of two values the worse one, and what is
too large for it would be a mark that nobody earned.
"""

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from math import erfc, sqrt
from typing import Literal, assert_never

from grader.model.cohort import Cohort, CohortItem
from grader.model.measurement import Measured, Measurement, Quantity, Tool
from grader.model.report import RubricFacts
from grader.model.score import Compared
from grader.rubric import formula
from grader.rubric.formula import number_text
from grader.rubric.schema import CohortRule, Item, Rubric

Number = int | float
Method = Literal["zero-best", "min-max", "rank", "z"]


@dataclass(frozen=True)
class RelativeMark:
    """A mark 0..10 from a comparison, or a percentile 0..100, and its derivation in numbers."""

    mark: float
    text: str


@dataclass(frozen=True)
class Rival:
    """The class that one item is compared with.

    `values` are by quantity in ascending order; `quantities` by name.
    """

    rule: CohortRule
    values: Mapping[str, Sequence[Number]]
    quantities: Mapping[str, Quantity]

    def compare(
        self, function: Literal["relative", "percentile"], name: str, value: Number
    ) -> Compared:
        """`relative(name)` or `percentile(name)` for one group's value."""
        values = self.values[name]
        oriented = orient(self.quantities[name], value, values)
        if function == "relative":
            standing = stand(oriented, self.rule)
        else:
            standing = _ranked(oriented, 100)
        return Compared(
            function=function,
            quantity=name,
            value=value,
            result=standing.mark,
            text=standing.text,
            groups=len(values),
        )


@dataclass(frozen=True)
class NoRival:
    """Why there is nothing that an item can be compared with."""

    reason: str


NO_CLASS = NoRival("there is no class to compare with")


@dataclass(frozen=True)
class Class:
    """A class, the rubric's rule for comparing with it, and quantities by checker id."""

    cohort: Cohort
    rule: CohortRule
    quantities: Mapping[str, Sequence[Quantity]]

    def rival(self, item: Item, measurement: Measurement) -> Rival | NoRival:
        """What an item's formula is compared with, or why there is nothing."""
        found = self.cohort.item(item.key)
        if found is None:
            return NoRival(f"the class has no numbers of {item.key}")
        if (found.checker, _written(found.options)) != (
            *(item.checker, _written(item.options)),
        ):
            return NoRival(f"the class measured {item.key} with other options")
        if not any(found.values.values()):
            return NoRival(f"nothing of the class was measured for {item.key}")
        if found.tools != measurement.tools:
            return NoRival(
                f"the class was measured with {_tools(found.tools)}, this repository "
                f"with {_tools(measurement.tools)}"
            )
        for name in formula.parse(item.score).compared:
            if name not in found.values:
                return NoRival(f'the class has no numbers of "{name}" of {item.key}')
            count = len(found.values[name])
            if count < self.rule.least:
                groups = "1 group was" if count == 1 else f"{count} groups were"
                return NoRival(
                    f"{groups} measured for {item.key}, a class has at least "
                    f"{self.rule.least}"
                )
        quantities = {one.name: one for one in self.quantities[item.checker]}
        return Rival(self.rule, found.values, quantities)


def cohort_of(
    rubric: Rubric,
    facts: RubricFacts,
    groups: Iterable[Mapping[str, Measurement]],
) -> Cohort:
    """The class that these groups' measurements (by item id) make, for one rubric.

    It has the numbers that the rubric's formulas compare, and of what could be measured only.
    Where some groups were measured with other versions of a tool, it is made of those with
    the versions that most have. Groups are taken one by one and not kept.
    """
    compared = {
        item.key: tuple(formula.parse(item.score).compared) for item in rubric.items
    }
    found: dict[str, dict[tuple[Tool, ...], list[Mapping[str, Number]]]] = {
        key: defaultdict(list) for key, names in compared.items() if names
    }
    count = 0
    for measurements in groups:
        count += 1
        for key, by_tools in found.items():
            measurement = measurements.get(key)
            if measurement is None or not isinstance(measurement.outcome, Measured):
                continue
            values = measurement.outcome.values
            by_tools[measurement.tools].append(
                {name: values[name] for name in compared[key] if name in values}
            )
    items = {item.key: item for item in rubric.items}
    return Cohort(
        rubric=facts,
        groups=count,
        items=tuple(
            _cohort_item(items[key], compared[key], by_tools)
            for key, by_tools in found.items()
        ),
    )


def _cohort_item(
    item: Item,
    names: Sequence[str],
    by_tools: Mapping[tuple[Tool, ...], Sequence[Mapping[str, Number]]],
) -> CohortItem:
    # The order of the groups must not matter, also where two versions are used as often.
    tools = max(by_tools, key=lambda one: (len(by_tools[one]), _tools(one)), default=())
    measured = by_tools.get(tools, ())
    return CohortItem(
        item=item.key,
        checker=item.checker,
        options=item.options,
        tools=tools,
        values={
            name: tuple(
                # 1 and 1.0 are equal and are written differently: their order counts too.
                sorted((one[name] for one in measured if name in one), key=_in_order)
            )
            for name in names
        },
    )


def _in_order(value: Number) -> tuple[Number, str]:
    return value, repr(value)


def _written(options: Mapping[str, object]) -> str:
    """Options as cohort.json has them, where a key is a text whatever YAML made of it."""
    return json.dumps(dict(options), sort_keys=True, default=str)


def _tools(tools: Sequence[Tool]) -> str:
    return ", ".join(map(str, tools)) or "no tool"


@dataclass(frozen=True)
class _Moments:
    """A class's mean and its variance (of the whole class, not of a sample of one)."""

    mean: Fraction
    variance: Fraction

    @property
    def spread(self) -> Fraction:
        """To more digits than are shown."""
        return Fraction(_decimal(self.variance).sqrt())


@dataclass(frozen=True, eq=False)
class Shortfalls:
    """A class's values of one quantity, lower better, in ascending order."""

    values: tuple[Fraction, ...]

    @cached_property
    def moments(self) -> _Moments:
        """Raises `ZeroDivisionError` for no values."""
        count = len(self.values)
        total = sum(self.values, Fraction(0))
        squares = sum((one * one for one in self.values), Fraction(0))
        return _Moments(total / count, (squares - total * total / count) / count)


@dataclass(frozen=True)
class Oriented:
    """One value and a class's, lower better.

    `is_unbounded`: more is better and nothing bounds it, so that these are the numbers
    themselves, negated. Otherwise 0 is the best there can be.
    """

    value: Fraction
    among: Shortfalls
    is_unbounded: bool = False

    @property
    def values(self) -> tuple[Fraction, ...]:
        """The class's, ascending."""
        return self.among.values


def orient(quantity: Quantity, value: Number, values: Sequence[Number]) -> Oriented:
    """Shortfalls. Raises `ValueError` for a quantity that is neither good nor bad."""
    is_unbounded = quantity.better == "higher" and quantity.maximum is None
    (own,) = _oriented(quantity, (value,))
    return Oriented(own, _shortfalls(quantity, tuple(values)), is_unbounded)


# Each group of a class is compared with the same values.
@lru_cache(maxsize=256)
def _shortfalls(quantity: Quantity, values: tuple[Number, ...]) -> Shortfalls:
    return Shortfalls(_oriented(quantity, values))


def _oriented(quantity: Quantity, values: tuple[Number, ...]) -> tuple[Fraction, ...]:
    exact = tuple(Fraction(one) for one in values)
    match quantity.better:
        case "lower":
            least = Fraction(quantity.minimum)
            return tuple(one - least for one in exact)
        case "higher" if quantity.maximum is not None:
            most = Fraction(quantity.maximum)
            return tuple(most - one for one in reversed(exact))
        case "higher":
            return tuple(-one for one in reversed(exact))
        case "neither":
            raise ValueError(f"{quantity.name} is neither good nor bad")
        case _:
            assert_never(quantity.better)


def stand(oriented: Oriented, rule: CohortRule) -> RelativeMark:
    """The mark of one value in its class by the rubric's method.

    Raises `IndexError` for a class of none: that is no class to stand in.
    """
    if not oriented.values:
        raise IndexError("a class of none")
    return _METHODS[rule.method](oriented, rule.worst)


def cap(values: Sequence[Fraction], worst: str) -> Fraction:
    """The largest of ascending values, or a percentile of them.

    Linear interpolation between the two nearest ranks, as numpy and spreadsheets do by
    default (Hyndman and Fan's seventh). Raises `IndexError` for no values.
    """
    if worst == "max":
        return values[-1]
    place = Fraction(int(worst.removeprefix("p")) * (len(values) - 1), 100)
    below, part = int(place), place % 1
    if part == 0:
        return values[below]
    return values[below] + part * (values[below + 1] - values[below])


@dataclass(frozen=True)
class _Ranked:
    """How many of the others are worse, and as good.

    The others are the class without the value itself where it is one of them.
    """

    worse: int
    ties: int
    others: int

    @classmethod
    def of(cls, value: Fraction, values: Sequence[Fraction]) -> "_Ranked":
        above = bisect_right(values, value)
        same = above - bisect_left(values, value)
        return cls(len(values) - above, max(same - 1, 0), len(values) - min(same, 1))

    @property
    def share(self) -> Fraction:
        """Mid-rank share, 0..1, that is worse; a tie counts half. Without others 1."""
        if self.others == 0:
            return Fraction(1)
        return Fraction(2 * self.worse + self.ties, 2 * self.others)

    @property
    def text(self) -> str:
        if self.others == 0:
            return "1"
        if self.ties:
            return f"({self.worse} + {self.ties} / 2) / {self.others}"
        return f"{self.worse} / {self.others}"


def _zero_best(oriented: Oriented, worst: str) -> RelativeMark:
    value = oriented.value
    if oriented.is_unbounded:
        # Zero is the worst here, and the best is where the cap cuts.
        best = cap([-one for one in reversed(oriented.values)], worst)
        if best <= 0:
            return _extreme(
                is_good=-value > 0, text=f"the class's best is {_text(best)}"
            )
        return _held(10 * -value / best, f"10 × {_text(-value)} / {_text(best)}")
    most = cap(oriented.values, worst)
    if most <= 0:
        return _extreme(is_good=value <= 0, text=f"the class's worst is {_text(most)}")
    return _held(10 * (1 - value / most), f"10 × (1 - {_text(value)} / {_text(most)})")


def _min_max(oriented: Oriented, worst: str) -> RelativeMark:
    value, best, most = oriented.value, oriented.values[0], cap(oriented.values, worst)
    if most <= best:
        same = _text(-best if oriented.is_unbounded else best)
        text = f"the class's best and worst are both {same}"
        return _extreme(is_good=value <= best, text=text)
    mark = 10 * (most - value) / (most - best)
    if oriented.is_unbounded:
        value, best, most = -value, -best, -most
        shown = (
            f"10 × ({_text(value)} - {_text(most)}) / ({_text(best)} - {_text(most)})"
        )
        return _held(mark, shown)
    shown = f"10 × ({_text(most)} - {_text(value)}) / ({_text(most)} - {_text(best)})"
    return _held(mark, shown)


def _rank(oriented: Oriented, worst: str) -> RelativeMark:
    del worst  # An extreme group is one place behind the next, whatever its value.
    return _ranked(oriented, 10)


def _ranked(oriented: Oriented, scale: int) -> RelativeMark:
    ranked = _Ranked.of(oriented.value, oriented.values)
    return RelativeMark(float(scale * ranked.share), f"{scale} × {ranked.text}")


# Beyond this many spreads from the mean Φ is 0 or 1 to the last digit.
_FAR_OUT = 100


def _z(oriented: Oriented, worst: str) -> RelativeMark:
    del worst  # What is far out weighs in the mean and the spread, as it does for z.
    moments = oriented.among.moments
    if moments.variance == 0:
        if oriented.value == moments.mean:
            return RelativeMark(5.0, "5: the class is equal")
        is_good = oriented.value < moments.mean
        return _extreme(is_good=is_good, text="the class is equal")
    away = oriented.value - moments.mean
    squared = min(away * away / moments.variance, Fraction(_FAR_OUT**2))
    z = sqrt(squared) if away > 0 else -sqrt(squared)
    spread = _text(moments.spread)
    if oriented.is_unbounded:
        shown = f"({_text(-oriented.value)} - {_text(-moments.mean)}) / {spread}"
    else:
        shown = f"({_text(moments.mean)} - {_text(oriented.value)}) / {spread}"
    return RelativeMark(5 * erfc(z / sqrt(2)), f"10 × Φ({shown})")


def _held(mark: Fraction, text: str) -> RelativeMark:
    """A mark held to 0..10, rounded here and nowhere before."""
    if mark < 0:
        return RelativeMark(0.0, f"{text}, held to 0")
    if mark > 10:
        return RelativeMark(10.0, f"{text}, held to 10")
    return RelativeMark(float(mark), text)


def _extreme(*, is_good: bool, text: str) -> RelativeMark:
    mark = 10.0 if is_good else 0.0
    return RelativeMark(mark, f"{mark:g}: {text}")


_METHODS: Mapping[Method, Callable[[Oriented, str], RelativeMark]] = {
    "zero-best": _zero_best,
    "min-max": _min_max,
    "rank": _rank,
    "z": _z,
}


def _text(value: Fraction) -> str:
    # Beyond this a whole number is a row of digits that say nothing, or no float at all.
    if abs(value) >= 10**15:
        return f"{_decimal(value):.6g}"
    return number_text(float(value))


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
