"""What measuring one repository leaves: every fact that marks are later made from, no mark.

This crosses the line between the process that reads and runs code of strangers and the one
that scores, and is what a class's folder keeps of each group.
"""

from typing import Final, Literal

from grader.model.contributors import Contributor
from grader.model.environment import EnvironmentFacts
from grader.model.measurement import Measurement, Stored, Tool
from grader.model.report import DeadlineFacts, RepositoryFacts

EVIDENCE_VERSION: Final = 1


class Evidence(Stored):
    """The measurements of one repository and what they were made with.

    `content` names what was measured: a commit, or a hash of the files where they differ
    from one. `plan` is a hash of what the numbers depend on beside that (limits, isolation,
    the environment asked for). `measured_at` is UTC, ISO 8601; `run` the class run that
    measured, empty outside one; `reused` how many measurements an earlier run had made.
    `contributors` are for whoever grades: nothing that students get is made of them.
    `is_lasting`: no commit claims a time that was still to come, so that another day would
    have said the same of the same repository.
    """

    schema_version: Literal[1] = EVIDENCE_VERSION
    group: str
    run: str = ""
    generator: Tool
    measured_at: str
    python: str
    platform: str
    isolation: str
    content: str
    plan: str
    repository: RepositoryFacts
    environment: EnvironmentFacts | None
    deadline: DeadlineFacts | None = None
    measurements: tuple[Measurement, ...]
    contributors: tuple[Contributor, ...] = ()
    reused: int = 0
    is_lasting: bool = False
    duration_s: float = 0.0


class Trouble(Stored):
    """Why nothing of a group could be measured, and what to do about it.

    `cause` is a short word that the same troubles share.
    """

    group: str
    run: str = ""
    cause: str
    reason: str
    hint: str = ""
