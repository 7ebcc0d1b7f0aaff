"""What a checker states about a repository: facts with units, and things to fix.

A measurement has one of three outcomes. There is no number in a failure, so that a failure
can't be read as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Stored(BaseModel):
    """Base of what crosses a file boundary: frozen, no undeclared key, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


YES_OR_NO = "yes or no"


@dataclass(frozen=True)
class Quantity:
    """The declaration of one number that a checker measures.

    `ideal` is the value once every finding is fixed: a number, or the name of another
    quantity of the same checker that it then equals. None where more is always better and
    nothing bounds it. A quantity that is neither good nor bad has `better="neither"`.
    An `optional` one may be absent from what was measured, never stood in for by a number;
    its meaning says "absent where".
    """

    name: str
    unit: str
    meaning: str
    better: Literal["lower", "higher", "neither"] = "neither"
    ideal: float | str | None = None
    minimum: float = 0.0
    maximum: float | None = None
    optional: bool = False


# What brings every quantity of a checker to its ideal: its `fix_command`; by hand each of its
# findings, or its notes on lines too; or work that no finding places.
Mending = Literal["command", "findings", "notes", "work"]


class Finding(Stored):
    """One thing to fix, as plain text; `path` is relative to the repository, `line` from 1.

    `inherited`: the course's starter repository has it too. `code` is the text of the line,
    None where the file was not read for it; `is_withheld` says that it must not be shown,
    because the line may hold a secret.
    """

    rule: str
    message: str
    path: str | None = None
    line: int | None = None
    severity: Literal["error", "warning", "info"] = "warning"
    fix: str = ""
    inherited: bool = False
    code: str | None = None
    is_withheld: bool = False


class Sight(Stored):
    """Where something was seen: a path in the repository, a line from 1, and what is there."""

    path: str
    line: int | None = None
    what: str = ""


class Answer(Stored):
    """What one yes-or-no quantity of a checklist stands on.

    `told` is a sentence: what was seen, or what was looked for and where. `sights` are the
    places that settle it: of what is there, or of what is in the way.
    """

    quantity: str
    holds: bool
    told: str
    sights: tuple[Sight, ...] = ()


class NotMeasured(Stored):
    """One file that a tool could not read although Python can, and the tool's reason."""

    path: str
    reason: str


class Measured(Stored):
    """The facts: the declared quantities with their values, and the findings behind them.

    Only an optional quantity may be absent. `not_measured` are files that the values say
    nothing about: not in the numerator, not in the denominator. `signals` change no number;
    they are for a person to look at. `answers` say of each yes-or-no quantity, 1 or 0 among
    the values, what it stands on.
    """

    kind: Literal["measured"] = "measured"
    values: Mapping[str, int | float]
    findings: tuple[Finding, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
    signals: tuple[Finding, ...] = ()
    answers: tuple[Answer, ...] = ()


class NotApplicable(Stored):
    """There is nothing here that this check could measure (no Python at all, say)."""

    kind: Literal["not-applicable"] = "not-applicable"
    reason: str


class Failed(Stored):
    """We could not measure: tool missing, crash, unknown output, our time limit."""

    kind: Literal["failed"] = "failed"
    reason: str


Outcome = Annotated[Measured | NotApplicable | Failed, Field(discriminator="kind")]


class Tool(Stored):
    """A distribution that did the measuring, and its version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Measurement(Stored):
    """One checker's outcome on one repository, with what is needed to check it.

    `command` is what a person can run at the repository's top to see the same; `population`
    says in words which files were taken; `duration_s` is in seconds.
    """

    checker: str
    options: Mapping[str, object] = Field(default_factory=dict)
    outcome: Outcome
    tools: tuple[Tool, ...] = ()
    command: str | None = None
    fix_command: str | None = None
    population: str = ""
    duration_s: float = 0.0
