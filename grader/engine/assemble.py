"""The last stage before rendering: evidence and a grade into a `Report`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.checkers._base import Checker, Options
from grader.checkers._registry import Registry
from grader.engine.conditions import rubric_facts
from grader.model.evidence import Evidence
from grader.model.maturity import Maturity
from grader.model.measurement import Measured, Measurement, Quantity
from grader.model.report import (
    Fix,
    ManualCheck,
    QuantityLine,
    Report,
    ReportCheck,
    Section,
    SubmissionFacts,
)
from grader.model.score import Grade
from grader.model.starter import STARTER_QUANTITIES
from grader.rubric.load import LoadedRubric
from grader.rubric.schema import Rubric
from grader.scoring.cohort import Class
from grader.scoring.effort import effort
from grader.scoring.fixes import gains
from grader.scoring.maturity import maturity
from grader.scoring.totals import weight_shares


def quantities_of(
    rubric: Rubric, registry: Registry
) -> dict[str, tuple[Quantity, ...]]:
    """The numbers that a rubric's formulas can use, by checker id."""
    more = STARTER_QUANTITIES if rubric.template is not None else ()
    return {
        item.checker: (*registry.checkers[item.checker].quantities, *more)
        for item in rubric.items
    }


@dataclass(frozen=True)
class Graded:
    """One repository's evidence, its measurements by item id, and what they add up to."""

    evidence: Evidence
    measurements: Mapping[str, Measurement]
    grade: Grade
    submission: SubmissionFacts | None = None


def assemble(
    graded: Graded,
    loaded: LoadedRubric,
    registry: Registry,
    against: Class | None = None,
) -> Report:
    """Everything that a renderer needs, with nothing left to compute."""
    rubric, evidence = loaded.rubric, graded.evidence
    checkers = registry.checkers
    quantities = quantities_of(rubric, registry)
    measurements, grade = graded.measurements, graded.grade
    shares = weight_shares(rubric)
    results = {result.item: result for result in grade.items}
    titles = {
        item.key: item.title or checkers[item.checker].title() for item in rubric.items
    }
    return Report(
        generator=evidence.generator,
        graded_at=evidence.measured_at,
        python=evidence.python,
        platform=evidence.platform,
        isolation=evidence.isolation,
        repository=evidence.repository,
        environment=evidence.environment,
        rubric=rubric_facts(loaded),
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
                    quantities[item.checker], measurements.get(item.key)
                ),
                sections=_sections(checkers[item.checker]),
                source=checkers[item.checker].source,
            )
            for dimension in rubric.dimensions
            for item in dimension.items
        ),
        manual=tuple(
            ManualCheck(
                id=criterion.id,
                title=criterion.title,
                dimension=dimension.id,
                weight_share=shares[criterion.id],
                description=criterion.description,
                result=results[criterion.id],
            )
            for dimension in rubric.dimensions
            for criterion in dimension.manual
        ),
        submission=graded.submission,
        maturity=maturity_of(rubric, measurements),
        fixes=tuple(
            Fix(
                item=gain.item.key,
                title=titles[gain.item.key],
                gain=gain.points,
                mark_now=gain.mark_now,
                mark_after=gain.mark_after,
                advice=gain.item.advice,
                command=measurements[gain.item.key].fix_command,
                effort=effort(
                    gain,
                    measurements[gain.item.key],
                    checkers[gain.item.checker].mending,
                ),
            )
            for gain in gains(rubric, grade, measurements, quantities, against)
        ),
    )


def maturity_of(
    rubric: Rubric, measurements: Mapping[str, Measurement]
) -> Maturity | None:
    """The level of MLOps by a rubric's measurements by item; None where it is about others.

    Of a checker that the rubric has twice the first item that was measured counts.
    """
    by_checker: dict[str, Measurement | None] = {}
    for item in rubric.items:
        if by_checker.get(item.checker) is None:
            by_checker[item.checker] = measurements.get(item.key)
    return maturity(by_checker)


def _sections(checker: Checker[Options]) -> tuple[Section, ...]:
    return tuple(
        Section(title=title, text=text) for title, text in checker.sections().items()
    )


def _quantity_lines(
    quantities: Sequence[Quantity], measurement: Measurement | None
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
        for quantity in quantities
        if quantity.name in measurement.outcome.values
    )
