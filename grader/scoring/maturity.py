"""The level of MLOps that a project has come to, after the three levels that Google describes.

https://docs.cloud.google.com/architecture/mlops-continuous-delivery-and-automation-pipelines-in-machine-learning

Level 0 is the manual process: somebody runs notebooks and scripts one by one, and hands over
a model. Level 1 is an automated pipeline: one command takes the data to an evaluated model
that is kept, with the data validated on the way and each run recorded. Level 2 adds CI/CD:
every change is tested by itself, the service is built, deployed only after the tests or for
a release, takes its model from a registry, and records what it serves.

`REQUIREMENTS` is that definition, in quantities that checkers measure. The level carries no
points: a formula of the rubric gives them for the same quantities, or doesn't.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.model.maturity import Level, Maturity, MaturityLine
from grader.model.measurement import Failed, Measured, Measurement, NotApplicable


@dataclass(frozen=True)
class Requirement:
    """One line of a level: any one of these quantities, (checker, name), is at least 1."""

    level: Literal[1, 2]
    title: str
    any_of: tuple[tuple[str, str], ...]


# To have a level read from one more check, add a line; where a check says the same as one
# that is here, add it to that line's `any_of`.
REQUIREMENTS = (
    Requirement(1, "One command runs the pipeline", (("entry-point", "runner"),)),
    Requirement(1, "It loads the data", (("pipeline-stages", "loading"),)),
    Requirement(1, "It validates the data", (("pipeline-stages", "validation"),)),
    Requirement(1, "It trains the model", (("pipeline-stages", "training"),)),
    Requirement(1, "It evaluates the model", (("pipeline-stages", "evaluation"),)),
    Requirement(
        1,
        "It keeps the model that it made",
        (("artifacts", "model_saved"), ("experiment-tracking", "artifact")),
    ),
    Requirement(1, "Each run is recorded", (("experiment-tracking", "run"),)),
    Requirement(2, "The tests run on every change", (("ci", "tests"),)),
    Requirement(2, "A service predicts", (("api", "predict"),)),
    Requirement(2, "An image starts the service", (("docker", "starts_server"),)),
    Requirement(
        2, "A deployment waits for the tests or a release", (("ci", "deploy_waits"),)
    ),
    Requirement(
        2, "The pipeline registers its model", (("model-registry", "registered"),)
    ),
    Requirement(
        2,
        "The service takes its model from the registry",
        (("model-registry", "serving_loads"),),
    ),
    Requirement(
        2,
        "Requests or predictions are recorded while serving",
        (("monitoring", "telemetry"), ("monitoring", "request_log")),
    ),
)


def maturity(
    measured: Mapping[str, Measurement | None],
    requirements: Sequence[Requirement] = REQUIREMENTS,
) -> Maturity | None:
    """The level by what was measured, by checker; a rubric's other checkers don't matter.

    None where the rubric has no checker that could answer one of the lines: it is about
    something else. A checker of the rubric without a measurement was left out.
    """
    lines = []
    for one in requirements:
        asked = [pair for pair in one.any_of if pair[0] in measured]
        if not asked:
            return None
        lines.append(_line(one, [(*pair, measured[pair[0]]) for pair in asked]))
    return Maturity(level=_level(lines), lines=tuple(lines))


def _level(lines: Sequence[MaturityLine]) -> Level | None:
    if any(line.holds is None for line in lines):
        return None
    if not all(line.holds for line in lines if line.level == 1):
        return 0
    return 2 if all(line.holds for line in lines) else 1


def _line(
    one: Requirement, asked: Sequence[tuple[str, str, Measurement | None]]
) -> MaturityLine:
    """One that holds settles it, else one that was not measured, else the first."""
    lines = [_answered(one, *each) for each in asked]
    for wanted in (True, None):
        for line in lines:
            if line.holds is wanted:
                return line
    return lines[0]


def _answered(
    one: Requirement, checker: str, quantity: str, measurement: Measurement | None
) -> MaturityLine:
    def line(holds: bool | None, told: str) -> MaturityLine:
        return MaturityLine(
            level=one.level,
            title=one.title,
            holds=holds,
            told=told,
            checker=checker,
            quantity=quantity,
        )

    if measurement is None:
        return line(None, "It was left out, or not measured yet.")
    match measurement.outcome:
        case Failed(reason=reason):
            return line(None, reason)
        case NotApplicable(reason=reason):
            # Nothing of the kind is there: a project without code has no pipeline.
            return line(False, reason)
        case Measured() as found:
            value = found.values.get(quantity)
            answers = (each for each in found.answers if each.quantity == quantity)
            answer = next(answers, None)
            told = answer.told if answer else ""
            settled = line(None if value is None else value >= 1, told)
            sights = answer.sights if answer else ()
            return settled.model_copy(update={"sights": sights})
