"""The whole path on one page: a source and a rubric in, a `Report` out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.checkers._registry import Registry, installed
from grader.engine.alone import alone
from grader.engine.assemble import Graded, assemble, quantities_of
from grader.engine.conditions import Surroundings, Which
from grader.engine.items import by_item, catalogue, choose
from grader.engine.request import Request
from grader.errors import GradeError
from grader.model.contributors import Contributor
from grader.model.evidence import Evidence
from grader.model.report import Report
from grader.resources import shipped
from grader.rubric.load import load_rubric
from grader.rubric.schema import Item, Rubric
from grader.sandbox.choose import Boxes
from grader.scoring.cohort import Class
from grader.scoring.totals import grade_measurements

if TYPE_CHECKING:
    from grader.engine.measure import Watch


def graded(
    request: Request, warm: Path | None, watch: "Watch | None"
) -> tuple[Report, tuple[Contributor, ...]]:
    """The report, and each person's part in the commits; `warm` is where tools are forked.

    Raises `GradeError` for what the user can mend.
    """
    registry = installed()
    loaded = load_rubric(request.rubric or shipped("rubric.yaml"), catalogue(registry))
    rubric = loaded.rubric
    chosen = choose(rubric.items, request.only, request.skip)
    if request.static:
        chosen = static_items(chosen, registry)
    surroundings = Surroundings(
        limits=rubric.limits,
        environment=request.environment,
        is_offline=request.is_offline,
        from_source=request.from_source,
        signals=request.signals,
        warm=warm,
        caching=request.caching,
    )
    evidence = _evidence(request, loaded.rubric, chosen, surroundings, watch)
    against = None
    if request.cohort is not None:
        quantities = quantities_of(rubric, registry)
        against = Class(request.cohort, rubric.cohort, quantities)
    measurements = by_item(chosen, evidence)
    grade = grade_measurements(rubric, measurements, against=against)
    found = Graded(evidence, measurements, grade)
    return assemble(found, loaded, registry, against), evidence.contributors


def _evidence(
    request: Request,
    rubric: Rubric,
    items: tuple[Item, ...],
    surroundings: Surroundings,
    watch: "Watch | None",
) -> Evidence:
    """What is known of the repository, or else what measuring it gives."""
    registry, boxes = installed(), Boxes(request.isolation)
    which = Which(request.ref, is_cached=True, staged=request.staged)
    same = None
    # A starter may have changed, what is deployed has no state that could be told, and an
    # index of what is staged may lie anywhere.
    others = (rubric.template, request.probe, request.staged)
    if all(other is None for other in others):
        isolation = boxes.description()
        same = alone(request.source, which, items, surroundings, registry, isolation)
    if same is not None and (known := same.known()) is not None:
        return known
    # What measures takes long to load.
    from grader.engine.gather import gather
    from grader.engine.starting import starter_of

    evidence = gather(
        request.source,
        which,
        items,
        registry.checkers,
        starter_of(rubric, items, registry, surroundings, boxes),
        boxes,
        watch=watch,
        service=request.probe,
    )
    if same is not None:
        same.keep(evidence)
    return evidence


def static_items(items: Sequence[Item], registry: Registry) -> tuple[Item, ...]:
    """The items that need neither the project's own code run nor its environment built.

    Nor its host asked.
    """
    found = []
    for item in items:
        checker = registry.checkers[item.checker]
        options = checker.options_type().model_validate(item.options)
        if not checker.needs_project(options) and not checker.asks_host:
            found.append(item)
    if not found:
        raise GradeError("no check of these can be done without the project's tests.")
    return tuple(found)
