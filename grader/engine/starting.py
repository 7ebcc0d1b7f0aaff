"""Measures the course's starter repository, so that what it brings is counted apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from grader.checkers._registry import Registry
from grader.engine.capture import capture
from grader.engine.conditions import Surroundings
from grader.engine.environment import environment_for
from grader.engine.gather import reuse_of
from grader.engine.items import key
from grader.engine.measure import Unwatched, Workshop, measure
from grader.engine.request import NONE
from grader.engine.starter import Mark, Starter, marks
from grader.errors import GradeError
from grader.model.measurement import Failed, Measured
from grader.rubric.schema import Item, Rubric
from grader.sandbox.choose import Boxes
from grader.sandbox.remove import private_folder


def starter_of(
    rubric: Rubric,
    items: Sequence[Item],
    registry: Registry,
    surroundings: Surroundings,
    boxes: Boxes,
) -> Surroundings:
    """The surroundings with the rubric's starter measured, where it names one.

    Only checks with findings are run on it, and its own tests are not: coverage has nothing
    to inherit. Raises `GradeError` when the starter can't be had, or a check fails on it:
    nobody's findings could then be told from its.
    """
    template = rubric.template
    if template is None:
        return surroundings
    static = [
        item
        for item in items
        if item.checker != "coverage"
        # How people worked is nothing that a group begins with.
        and not registry.checkers[item.checker].asks_host
        and not registry.checkers[item.checker].needs_history
    ]
    found: dict[str, Counter[Mark]] = {}
    with private_folder(within=surroundings.work) as work:
        snapshot = capture(template.source, work, ref=template.ref).snapshot
        environment = environment_for(snapshot, NONE, work / "environment")
        workshop = Workshop(
            *(work, surroundings.limits, environment, boxes),
            extra_runs=False,
            warm=surroundings.warm,
            reuse=reuse_of(snapshot, surroundings, environment, boxes.description()),
        )
        measured = measure(snapshot, static, registry.checkers, workshop, Unwatched())
        for name, measurement in measured.items():
            outcome = measurement.outcome
            if isinstance(outcome, Failed):
                raise GradeError(
                    f"the starter repository {template.source} could not be measured: "
                    f"{name}: {outcome.reason}",
                    hint="Mend it, or leave template: out of the rubric.",
                )
            if isinstance(outcome, Measured):
                found[key(measurement)] = Counter(
                    marks(outcome.findings, snapshot.root)
                )
    return replace(surroundings, starter=Starter(found, is_known=True))
