"""The events that are told from inside a run, exactly: anything else is none.

`inside` writes them, `told` reads them. What has a length of the tests' choosing is cut there
and has a bound here.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from grader.checkers._suite.inside.channel import MAX_MESSAGE, MAX_NODE, MAX_TEXT
from grader.checkers._suite.results import Outcome

# Far above any line of a file that is read.
_MAX_NUMBER = 2**24

_Node = Annotated[str, StringConstraints(max_length=MAX_NODE)]
_Message = Annotated[str, StringConstraints(max_length=MAX_MESSAGE)]
_Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
_Count = Annotated[int, Field(ge=0, le=2**31)]
_Line = Annotated[int, Field(ge=0, le=2**31)] | None
_Number = Annotated[int, Field(ge=-_MAX_NUMBER, le=_MAX_NUMBER)]

Trouble = Literal["interrupted", "internal-error"]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    key: str
    number: _Count


class Started(_Event):
    """The plugin is there, and nothing of the project's has been imported yet."""

    kind: Literal["started"]


class Session(_Event):
    """A session began, with this root folder."""

    kind: Literal["session"]
    root: _Node


class Stage(_Event):
    """A file is being collected, or a test is running, from now on."""

    kind: Literal["collecting", "running"]
    node: _Node


class Mark(_Event):
    """Nothing is being collected, or running, from now on."""

    kind: Literal["collection-ended", "tests-ended"]


class CollectedFunction(BaseModel):
    """A test function as pytest collected it.

    `cases` are to run, `found` were collected at first: between the two lie deselected
    ones and those that code took out. `was_marked`: a hook gave it a mark to skip or to
    fail. With pytest-xdist nothing is known but the number of cases.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    node: _Node
    file: _Node
    line: _Line
    cases: _Count
    found: _Count
    uses_conftest: bool
    was_marked: bool


class Collected(_Event):
    """Test functions that were collected."""

    kind: Literal["collected"]
    functions: list[CollectedFunction]


class Cases(BaseModel):
    """How many cases of a test function."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    node: _Node
    cases: _Count


class Deselected(_Event):
    """Cases that options or hooks of the project left out."""

    kind: Literal["deselected"]
    functions: list[Cases]


class NotCollected(_Event):
    """A file, or a class in it, that could not be collected or was skipped."""

    kind: Literal["not-collected"]
    node: _Node
    outcome: Literal["failed", "skipped"]
    message: _Message
    text: _Text


class Report(_Event):
    """One phase of a test; those around it are told only where they did not pass."""

    kind: Literal["report"]
    node: _Node
    when: Literal["setup", "call", "teardown"]
    outcome: Outcome
    file: _Node
    line: _Line
    message: _Message
    text: _Text
    seconds: float


class Tally(_Event):
    """How many of a test function's later cases ended how."""

    kind: Literal["tally"]
    node: _Node
    outcomes: dict[Outcome, _Count]


class Called(_Event):
    """The changed functions that a test has called."""

    kind: Literal["called"]
    node: _Node
    numbers: list[_Count]


class Broken(_Event):
    """Pytest broke down or was interrupted."""

    kind: Literal["trouble"]
    trouble: Trouble
    message: _Message
    text: _Text


class Arcs(_Event):
    """Jumps from line to line in a file, as from, to, from, to."""

    kind: Literal["coverage"]
    file: Annotated[str, StringConstraints(max_length=4096)]
    arcs: list[_Number]


class CoverageEnded(_Event):
    """All jumps were told."""

    kind: Literal["coverage-ended"]
    has_branches: bool


class Finish(_Event):
    """The end, with the exit status that the process is to have."""

    kind: Literal["finish"]
    status: int


Known = Annotated[
    Started
    | Session
    | Stage
    | Mark
    | Collected
    | Deselected
    | NotCollected
    | Report
    | Tally
    | Called
    | Broken
    | Arcs
    | CoverageEnded
    | Finish,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[Known] = TypeAdapter(Known)
