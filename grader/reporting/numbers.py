"""Numbers as text: rounded once, here, and never so that they say more than is true.

A mark shows as 10 only if it is 10 and as 0 only if it is 0; likewise 100 % and 0 %.
"""

from decimal import ROUND_HALF_UP, Decimal

from grader.model.measurement import YES_OR_NO

Number = int | float

# Beyond this, digits after the point say nothing.
_LARGE = 10**12
_SHARES = frozenset({"share", "0..1"})


def mark(value: Number) -> str:
    """A mark, 0..10, with two decimals at most: `8.57`."""
    return _shown(value, 2, (0, 10))


def of_100(value: Number) -> str:
    """A total on the scale of 100, with two decimals at most: `85.71`."""
    return _shown(value, 2, (0, 100))


def gain(points: Number) -> str:
    """Points of the total with their sign: `+0.42`; `+0` only for exactly nothing."""
    text = _shown(points, 2, (0, 10))
    return text if text.startswith("-") else f"+{text}"


def percent(share: Number) -> str:
    """A share, 0..1, in per cent with one decimal at most: `92 %`."""
    return f"{_shown(Decimal(repr(share)) * 100, 1, (0, 100))} %"


def plain(value: Number) -> str:
    """Any other number: an integer as it is, the rest with two decimals at most.

    What only rounds to 0, 1, 10 or 100 doesn't show as that: these are where a share, a
    mark or a percentage ends.
    """
    if abs(value) >= _LARGE:
        return str(value) if isinstance(value, int) else f"{value:.6g}"
    return _shown(value, 2, (0, 1, 10, 100))


def measured(value: Number, unit: str) -> str:
    """A measured number without its unit, save that a share is shown in per cent."""
    return percent(value) if unit in _SHARES else plain(value)


def quantity(value: Number, unit: str) -> str:
    """A measured number with its unit: `18 files`, `1 file`, `41.3 %`, `yes`."""
    if unit == YES_OR_NO:
        return "yes" if value else "no"
    shown = measured(value, unit)
    if unit in _SHARES:
        return shown
    return f"{shown} {_singular(unit) if value == 1 else unit}".rstrip()


def _singular(unit: str) -> str:
    if unit.endswith("ies"):
        return f"{unit[:-3]}y"
    if unit.endswith(("sses", "xes", "ches", "shes")):
        return unit[:-2]
    return unit[:-1] if unit.endswith("s") and not unit.endswith("ss") else unit


def cell(value: Number | Decimal, most: Number | Decimal = 10) -> str:
    """A mark, share or total for a table that is computed with: four decimals at most.

    Only 0 shows as 0, and only `most` as that.
    """
    return _shown(value, 4, (Decimal(0), Decimal(str(most))))


def exact(value: Number) -> str:
    """A measured number with all its digits, an integer without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGE:
        return str(int(value))
    return repr(value)


def seconds(duration_s: Number) -> str:
    """A duration: `0.84 s`, `75 s`."""
    return f"{_shown(duration_s, 2 if duration_s < 10 else 0, (0,))} s"


def duration(duration_s: Number) -> str:
    """A long duration: `75 s`, `41 min`, `3 h 20 min`."""
    if duration_s < 120:
        return seconds(duration_s)
    hours, minutes = divmod(round(duration_s / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _shown(
    value: Number | Decimal, places: int, ends: tuple[int | Decimal, ...]
) -> str:
    # repr gives the number that a person sees: 8.575, where the float is 8.57499…
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    step = Decimal(1).scaleb(-places)
    rounded = exact.quantize(step, ROUND_HALF_UP)
    if rounded in ends and exact != rounded:
        rounded += step if exact > rounded else -step
    # Adding 0 turns -0 into 0.
    return format((rounded + 0).normalize(), "f")
