"""How firm marks and ranks are: the class marked otherwise, and what that would move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from grader.model.analysis import Standing, Variant
from grader.model.classroom import ClassResult
from grader.model.score import ROUNDING, Grade
from grader.rubric.schema import Rubric
from grader.scoring.correlation import spearman
from grader.scoring.ranks import ranks
from grader.scoring.totals import retotal, weight_shares


def standings(result: ClassResult) -> tuple[Standing, ...]:
    """Every group as the class is marked, in the list's order."""
    return tuple(
        Standing(
            group=line.group.name,
            total=line.grade.total if line.grade else None,
            rank=line.rank,
        )
        for line in result.lines
    )


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
        Standing(
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
    changes = [change if change > ROUNDING else 0.0 for change in changes]
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
