"""The whole path on one page: a source and a rubric in, a `Report` out."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from grader.checkers._registry import Registry, installed
from grader.engine.assemble import Graded, assemble, quantities_of
from grader.engine.environment import AUTO
from grader.engine.gather import Surroundings, Which, gather
from grader.engine.items import by_item, catalogue
from grader.engine.measure import Watch
from grader.engine.reuse import Caching
from grader.engine.starting import starter_of
from grader.errors import GradeError, did_you_mean
from grader.model.cohort import Cohort
from grader.model.contributors import Contributor
from grader.model.report import Report
from grader.resources import shipped
from grader.rubric.load import load_rubric
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes, Isolation
from grader.sandbox.warm import stove
from grader.scoring.cohort import Class
from grader.scoring.totals import grade_measurements


@dataclass(frozen=True)
class Request:
    """What to grade and how.

    `source` is a folder or an address; `ref` a branch, tag or commit (None: the folder as it
    stands); `rubric` a file (None: the shipped one); `only` and `skip` item ids;
    `environment` is `auto` (built from the project's manifests), `none` (the grader's own
    interpreter), or a virtual environment, an interpreter or a manifest file; `is_offline`
    keeps it from fetching anything, `from_source` lets packages without wheels be built.
    `isolation` is the tier that confines what runs: `auto` takes the first that works here.
    Without `signals` the tests run once, and nothing is tried on them. `cohort` is the class
    that marks are compared with. `staged` names the index whose content is graded instead of
    the files as they stand (`index`, as a rule). With `static` what runs the project's own
    code is left out. Without `warm` each tool is started as a program of its own. `probe` is
    the address of the service that is deployed, to be asked.
    """

    source: str
    rubric: Path | None = None
    ref: str | None = None
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    environment: str = AUTO
    is_offline: bool = False
    from_source: bool = False
    isolation: Isolation = "auto"
    signals: bool = True
    cohort: Cohort | None = None
    staged: str | None = None
    static: bool = False
    warm: bool = True
    probe: str | None = None
    caching: Caching = Caching()


def grade_repository(request: Request, watch: Watch | None = None) -> Report:
    """Capture, measure, score and assemble. Raises `GradeError` for what the user can mend."""
    return grade_privately(request, watch)[0]


def grade_privately(
    request: Request, watch: Watch | None = None
) -> tuple[Report, tuple[Contributor, ...]]:
    """The same, and beside the report each person's part in the commits."""
    registry = installed()
    loaded = load_rubric(request.rubric or shipped("rubric.yaml"), catalogue(registry))
    rubric = loaded.rubric
    chosen = choose(rubric.items, request.only, request.skip)
    if request.static:
        chosen = static_items(chosen, registry)
    boxes = Boxes(request.isolation)
    surroundings = Surroundings(
        limits=rubric.limits,
        environment=request.environment,
        is_offline=request.is_offline,
        from_source=request.from_source,
        signals=request.signals,
        caching=request.caching,
    )
    with stove(prepares=False) if request.warm else nullcontext() as warm:
        surroundings = starter_of(
            rubric, chosen, registry, replace(surroundings, warm=warm), boxes
        )
        evidence = gather(
            request.source,
            Which(request.ref, is_cached=True, staged=request.staged),
            chosen,
            registry.checkers,
            surroundings,
            boxes,
            watch=watch,
            service=request.probe,
        )
    against = None
    if request.cohort is not None:
        quantities = quantities_of(rubric, registry)
        against = Class(request.cohort, rubric.cohort, quantities)
    measurements = by_item(chosen, evidence)
    grade = grade_measurements(rubric, measurements, against=against)
    graded = Graded(evidence, measurements, grade)
    return assemble(graded, loaded, registry, against), evidence.contributors


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
