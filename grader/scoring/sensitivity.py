"""How firm marks and ranks are: the class marked otherwise, and what that would move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import StatisticsError, correlation, fmean
from typing import Literal

from grader.model.analysis import Moved, Variant
from grader.model.score import Grade
from grader.rubric.schema import Rubric
from grader.scoring.ranks import ranks
from grader.scoring.totals import retotal, weight_shares

# A change of a total that only comes of adding in another order.
_NOTHING = 1e-9
_LEAST_FOR_CORRELATION = 3


@dataclass(frozen=True)
class Standing:
    """One group as it is marked: its total and rank, None where it has none."""

    group: str
    total: float | None
    rank: int | None


@dataclass(frozen=True)
class Weighting:
    """Another way to weigh a rubric: each item's part of it, in any unit."""

    id: str
    title: str
    about: str | None
    shares: Mapping[str, float]


def weightings(rubric: Rubric) -> tuple[Weighting, ...]:
    """The ways to weigh that are looked at: each dimension and item doubled, and all alike."""
    shares = weight_shares(rubric)
    found = []
    for one in rubric.dimensions:
        doubled = _doubled(shares, one.weights)
        title = f"{one.title} weighs double"
        found.append(Weighting(f"double.{one.id}", title, one.id, doubled))
    for dimension in rubric.dimensions:
        if len(dimension.weights) < 2:
            # The dimension and its one item are the same.
            continue
        for key in dimension.weights:
            title = f"{key} weighs double"
            doubled = _doubled(shares, (key,))
            found.append(Weighting(f"double.item.{key}", title, key, doubled))
    alike = {key: 1.0 if share else 0.0 for key, share in shares.items()}
    found.append(Weighting("alike", "Every item weighs the same", None, alike))
    return tuple(found)


def _doubled(
    shares: Mapping[str, float], keys: Sequence[str] | Mapping[str, float]
) -> dict[str, float]:
    return {key: share * (2 if key in keys else 1) for key, share in shares.items()}


def reweighed(
    weighting: Weighting,
    standings: Sequence[Standing],
    grades: Mapping[str, Grade],
    ranked_share: float,
) -> Variant:
    """The class under another weighting. `grades` are by group name."""
    totals: dict[str, float | None] = {}
    measured: dict[str, float] = {}
    for name, grade in grades.items():
        totals[name], measured[name] = retotal(grade, weighting.shares)
    return variant(
        weighting.id,
        weighting.title,
        "weight",
        standings,
        totals,
        {name for name, share in measured.items() if share >= ranked_share},
        about=weighting.about,
    )


def variant(
    name: str,
    title: str,
    kind: Literal["normalisation", "weight"],
    standings: Sequence[Standing],
    totals: Mapping[str, float | None],
    ranked: set[str],
    *,
    about: str | None = None,
) -> Variant:
    """What other totals, by group name, do to a class; only those in `ranked` have a rank."""
    positions = ranks({g: t for g, t in totals.items() if g in ranked})
    lines = tuple(
        Moved(
            group=one.group,
            total=totals.get(one.group),
            rank=positions.get(one.group),
        )
        for one in standings
    )
    changes = [
        abs(line.total - one.total)
        for one, line in zip(standings, lines, strict=True)
        if one.total is not None and line.total is not None
    ]
    changes = [change if change > _NOTHING else 0.0 for change in changes]
    pairs = [
        (one.rank, line.rank)
        for one, line in zip(standings, lines, strict=True)
        if one.rank is not None and line.rank is not None
    ]
    return Variant(
        id=name,
        title=title,
        kind=kind,
        about=about,
        agreement=spearman(pairs),
        mean_change=fmean(changes) if changes else 0.0,
        largest_change=max(changes, default=0.0),
        ranks_changed=sum(
            one.rank != line.rank for one, line in zip(standings, lines, strict=True)
        ),
        lines=lines,
    )


def spearman(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Spearman's rank correlation of two rankings; None where it is not defined.

    Ranks that are shared count as the mean of the places they take.
    """
    if len(pairs) < _LEAST_FOR_CORRELATION:
        return None
    try:
        value = correlation(
            _middle([one for one, _ in pairs]), _middle([other for _, other in pairs])
        )
    except StatisticsError:
        return None
    return max(-1.0, min(1.0, value))


def _middle(places: Sequence[int]) -> list[float]:
    ordered = sorted(places)
    first = {place: ordered.index(place) for place in set(places)}
    count = {place: places.count(place) for place in set(places)}
    return [fsum((first[place], (count[place] - 1) / 2)) for place in places]
