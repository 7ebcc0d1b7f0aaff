"""The whole path on one page: a source and a rubric in, a `Report` out."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from grader.checkers._base import Checker, Options
from grader.checkers._registry import Registry, installed
from grader.engine.capture import Capture, capture
from grader.engine.environment import AUTO, environment_for
from grader.engine.measure import Unwatched, Watch, Workshop, measure
from grader.errors import GradeError, did_you_mean
from grader.model.environment import EnvironmentFacts
from grader.model.history import History
from grader.model.measurement import Measured, Measurement, Tool
from grader.model.report import (
    Fix,
    LeftOutFile,
    QuantityLine,
    Report,
    ReportCheck,
    RepositoryFacts,
    RubricFacts,
    Section,
)
from grader.model.score import Grade
from grader.resources import shipped
from grader.rubric.load import Catalogue, CheckerFacts, LoadedRubric, load_rubric
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes, Isolation
from grader.sandbox.remove import private_folder
from grader.scoring.fixes import gains
from grader.scoring.totals import grade_measurements, weight_shares

# As many files that are left out as a report names.
LISTED = 1_000


@dataclass(frozen=True)
class Request:
    """What to grade and how.

    `source` is a folder or an address; `ref` a branch, tag or commit (None: the folder as it
    stands); `rubric` a file (None: the shipped one); `only` and `skip` item ids;
    `environment` is `auto` (built from the project's manifests), `none` (the grader's own
    interpreter), or a virtual environment, an interpreter or a manifest file; `is_offline`
    keeps it from fetching anything, `from_source` lets packages without wheels be built.
    `isolation` is the tier that confines what runs: `auto` takes the first that works here.
    Without `signals` the tests run once, and nothing is tried on them.
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


def grade_repository(request: Request, watch: Watch | None = None) -> Report:
    """Capture, measure, score and assemble. Raises `GradeError` for what the user can mend."""
    registry = installed()
    loaded = load_rubric(request.rubric or shipped("rubric.yaml"), catalogue(registry))
    chosen = choose(loaded.rubric.items, request.only, request.skip)
    with private_folder() as work:
        captured = capture(request.source, work, ref=request.ref)
        watch = watch or Unwatched()
        boxes = Boxes(request.isolation)
        environment = environment_for(
            captured.snapshot,
            request.environment,
            work / "environment",
            boxes=boxes,
            is_offline=request.is_offline,
            from_source=request.from_source,
            tell=watch.told,
        )
        measurements = measure(
            captured.snapshot,
            chosen,
            registry.checkers,
            Workshop(
                *(work, loaded.rubric.limits, environment, boxes),
                extra_runs=request.signals,
            ),
            watch,
        )
        facts = _repository_facts(captured)
    grade = grade_measurements(loaded.rubric, measurements)
    surroundings = Surroundings(environment.facts(), boxes.description())
    return _assemble(facts, surroundings, loaded, registry, measurements, grade)


def catalogue(registry: Registry) -> Catalogue:
    """The installed checkers as a rubric sees them."""
    return Catalogue(
        checkers={
            name: CheckerFacts(checker.quantities, checker.options_type())
            for name, checker in registry.checkers.items()
        },
        broken={p.name: f"{p.distribution}: {p.reason}" for p in registry.broken},
    )


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


@dataclass(frozen=True)
class Surroundings:
    """What the project's tests ran in: the packages, and the box."""

    environment: EnvironmentFacts | None
    isolation: str


def _assemble(
    facts: RepositoryFacts,
    surroundings: Surroundings,
    loaded: LoadedRubric,
    registry: Registry,
    measurements: dict[str, Measurement],
    grade: Grade,
) -> Report:
    rubric = loaded.rubric
    shares = weight_shares(rubric)
    results = {result.item: result for result in grade.items}
    checkers = registry.checkers
    quantities = {name: checker.quantities for name, checker in checkers.items()}
    titles = {
        item.key: item.title or checkers[item.checker].title() for item in rubric.items
    }
    return Report(
        generator=Tool(name="mlops-grade", version=metadata.version("mlops-grade")),
        graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        isolation=surroundings.isolation,
        repository=facts,
        environment=surroundings.environment,
        rubric=RubricFacts(
            name=rubric.name, version=rubric.version, digest=loaded.digest
        ),
        grade=grade,
        checks=tuple(
            ReportCheck(
                id=item.key,
                checker=item.checker,
                title=titles[item.key],
                dimension=dimension.id,
                weight_share=shares[item.key],
                advice=item.advice,
                formula=item.score,
                alone_formula=item.alone,
                result=results[item.key],
                measurement=measurements.get(item.key),
                quantities=_quantity_lines(
                    checkers[item.checker], measurements.get(item.key)
                ),
                sections=tuple(
                    Section(title=title, text=text)
                    for title, text in checkers[item.checker].sections().items()
                ),
                source=checkers[item.checker].source,
            )
            for dimension in rubric.dimensions
            for item in dimension.items
        ),
        fixes=tuple(
            Fix(
                item=gain.item.key,
                title=titles[gain.item.key],
                gain=gain.points,
                mark_now=gain.mark_now,
                mark_after=gain.mark_after,
                advice=gain.item.advice,
                command=measurements[gain.item.key].fix_command,
            )
            for gain in gains(rubric, grade, measurements, quantities)
        ),
    )


def _quantity_lines(
    checker: Checker[Options], measurement: Measurement | None
) -> tuple[QuantityLine, ...]:
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return ()
    return tuple(
        QuantityLine(
            name=quantity.name,
            value=measurement.outcome.values[quantity.name],
            unit=quantity.unit,
            meaning=quantity.meaning,
        )
        for quantity in checker.quantities
    )


def _repository_facts(captured: Capture) -> RepositoryFacts:
    snapshot, history = captured.snapshot, captured.snapshot.history
    left_out = snapshot.all_left_out
    beyond = [f"{len(left_out) - LISTED:,} more files are left out, not listed here."]
    beyond = beyond if len(left_out) > LISTED else []
    return RepositoryFacts(
        name=snapshot.name,
        source=captured.source,
        commit=snapshot.commit,
        uncommitted=snapshot.uncommitted,
        files=len(snapshot.files),
        python_files=len(snapshot.python_files),
        source_files=len(snapshot.source_files),
        lines=snapshot.lines("all"),
        left_out=tuple(
            LeftOutFile(path=one.path, reason=one.reason) for one in left_out[:LISTED]
        ),
        notes=(*captured.notes, *beyond),
        commit_time=_stated(history),
        commit_author=history.commits[0].author_name if history else None,
        commits=len(history.commits) if history else None,
        authors=history.authors if history else None,
        history_is_truncated=history.is_truncated if history else False,
    )


def _stated(history: History | None) -> str | None:
    moment = history.commits[0].committed.utc if history else None
    return moment.isoformat(timespec="seconds") if moment else None
