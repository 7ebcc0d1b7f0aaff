"""What a rubric's items are to the engine: what can be asked for, and what answers them."""

import json
from collections.abc import Sequence

from grader.checkers._registry import OnDemand, Registry
from grader.errors import GradeError, did_you_mean
from grader.model.evidence import Evidence
from grader.model.measurement import Measurement
from grader.rubric.load import Catalogue, CheckerFacts
from grader.rubric.schema import Item


def catalogue(registry: Registry) -> Catalogue:
    """The installed checkers as a rubric sees them; the ones that it names are loaded."""
    checkers = registry.checkers

    def facts(name: str) -> CheckerFacts:
        checker = checkers[name]
        return CheckerFacts(checker.quantities, checker.options_type())

    def reasons() -> dict[str, str]:
        return {p.name: f"{p.distribution}: {p.reason}" for p in registry.broken}

    return Catalogue(
        checkers=OnDemand(facts, lambda: tuple(checkers)),
        broken=OnDemand(lambda name: reasons()[name], reasons),
    )


def by_item(items: Sequence[Item], evidence: Evidence) -> dict[str, Measurement]:
    """The measurement of each item, by item id; an item that nobody measured has none."""
    known = {key(measurement): measurement for measurement in evidence.measurements}
    return {item.key: known[key(item)] for item in items if key(item) in known}


def key(asked: Item | Measurement) -> str:
    """What two items have in common that share a measurement: the checker and its options."""
    return f"{asked.checker} {json.dumps(dict(asked.options), sort_keys=True)}"


def choose(
    items: Sequence[Item], only: Sequence[str], skip: Sequence[str]
) -> tuple[Item, ...]:
    """The items that `--only` and `--skip` leave. Raises `GradeError` for an unknown id."""
    known = [item.key for item in items]
    for name in (*only, *skip):
        if name not in known:
            raise GradeError(
                f'the rubric has no item "{name}".{did_you_mean(name, known)}',
                hint=f"It has: {', '.join(known)}.",
            )
    wanted = tuple(
        item
        for item in items
        if item.key not in skip and (not only or item.key in only)
    )
    if not wanted:
        raise GradeError("--only and --skip leave nothing to grade.")
    return wanted
