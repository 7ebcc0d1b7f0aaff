"""Reads what our plugin told over its pipe; see `inside` for who tells it.

The tests share the process with the plugin, and the pipe is theirs to write to as well.
So a line counts only with the key of the run, the next number and exactly our fields, and
everything else is counted as foreign. The pipe is capped where it is read, and no event is
larger than a limit: a suite can't make this take more than its output may.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from grader.checkers._suite.inside.channel import MAX_MESSAGE, MAX_NODE, MAX_TEXT
from grader.checkers._suite.results import (
    Ended,
    Outcome,
    Results,
    TestResult,
    gravest,
    with_calls,
)

_MAX_LINE = 2**20
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


class _Session(_Event):
    kind: Literal["session"]
    root: _Node


class _Stage(_Event):
    kind: Literal["collecting", "running"]
    node: _Node


class _Mark(_Event):
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


class _Collected(_Event):
    kind: Literal["collected"]
    functions: list[CollectedFunction]


class _Cases(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    node: _Node
    cases: _Count


class _Deselected(_Event):
    kind: Literal["deselected"]
    functions: list[_Cases]


class _NotCollected(_Event):
    kind: Literal["not-collected"]
    node: _Node
    outcome: Literal["failed", "skipped"]
    message: _Message
    text: _Text


class _Report(_Event):
    kind: Literal["report"]
    node: _Node
    when: Literal["setup", "call", "teardown"]
    outcome: Outcome
    file: _Node
    line: _Line
    message: _Message
    text: _Text
    seconds: float


class _Tally(_Event):
    kind: Literal["tally"]
    node: _Node
    outcomes: dict[Outcome, _Count]


class _Called(_Event):
    kind: Literal["called"]
    node: _Node
    numbers: list[_Count]


class _Trouble(_Event):
    kind: Literal["trouble"]
    trouble: Trouble
    message: _Message
    text: _Text


class _Arcs(_Event):
    kind: Literal["coverage"]
    file: Annotated[str, StringConstraints(max_length=4096)]
    arcs: list[_Number]


class _CoverageEnded(_Event):
    kind: Literal["coverage-ended"]
    has_branches: bool


class _Finish(_Event):
    kind: Literal["finish"]
    status: int


_Known = Annotated[
    _Session
    | _Stage
    | _Mark
    | _Collected
    | _Deselected
    | _NotCollected
    | _Report
    | _Tally
    | _Called
    | _Trouble
    | _Arcs
    | _CoverageEnded
    | _Finish,
    Field(discriminator="kind"),
]
_EVENT: TypeAdapter[_Known] = TypeAdapter(_Known)


@dataclass(frozen=True)
class Stopped:
    """What ended a session from inside: pytest's own breakdown, or who interrupted it."""

    kind: Trouble
    message: str
    text: str


@dataclass(frozen=True)
class Told:
    """Everything a run told, as far as it got.

    `has_begun`: there was a session. `at` is the test that was running, or the file that
    was being collected, when it told no more; None between them. `arcs` are the jumps from
    line to line that ran, by file; None when they were not told. `status` is the exit
    status that the session's end was told with. `foreign` lines are not the plugin's,
    `lost` is how many of its own did not arrive.
    """

    results: Results = Results()
    functions: tuple[CollectedFunction, ...] = ()
    has_begun: bool = False
    at: str | None = None
    stopped: Stopped | None = None
    arcs: Mapping[str, frozenset[tuple[int, int]]] | None = None
    status: int | None = None
    foreign: int = 0
    lost: int = 0


def read_events(channel: bytes, key: str) -> Told:
    """What the plugin with this key told; never raises."""
    reader = _Reader(key)
    state = _State()
    for event in reader.events(channel):
        state.take(event)
    return state.told(reader.foreign, reader.lost)


class _Reader:
    def __init__(self, key: str) -> None:
        self._head = b'{"key": "%s", ' % key.encode()
        self._next = 0
        self.foreign = 0
        self.lost = 0

    def events(self, channel: bytes) -> Iterator[_Known]:
        """The plugin's own events in their order, up to the one that ends them."""
        has_finished = False
        for line in io.BytesIO(channel):
            line = line.rstrip(b"\n")
            if not line:
                continue
            event = None if has_finished else self._event(line)
            if event is None:
                self.foreign += 1
                continue
            self.lost += event.number - self._next
            self._next = event.number + 1
            has_finished = event.kind == "finish"
            yield event

    def _event(self, line: bytes) -> _Known | None:
        if len(line) > _MAX_LINE or not line.startswith(self._head):
            return None
        try:
            event = _EVENT.validate_json(line)
        except ValidationError:
            return None
        # What was sent before is sent by somebody else.
        return event if event.number >= self._next else None


@dataclass
class _State:
    results: list[TestResult] = field(default_factory=list)
    counted: dict[str, dict[Outcome, int]] = field(default_factory=dict)
    deselected: dict[str, int] = field(default_factory=dict)
    functions: list[CollectedFunction] = field(default_factory=list)
    calls: dict[str, frozenset[int]] = field(default_factory=dict)
    arcs: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    has_arcs: bool = False
    has_begun: bool = False
    at: str | None = None
    stopped: Stopped | None = None
    status: int | None = None

    def take(self, event: _Known) -> None:
        match event:
            case _Session():
                self.has_begun = True
            case _Stage():
                self.at = event.node
            case _Mark():
                self.at = None
            case _Collected():
                self.functions += event.functions
            case _Deselected():
                for one in event.functions:
                    known = self.deselected.get(one.node, 0)
                    self.deselected[one.node] = known + one.cases
            case _NotCollected() | _Report():
                self.results.append(_result(event))
            case _Tally():
                self.counted[event.node] = event.outcomes
            case _Called():
                self.calls[event.node] = frozenset(event.numbers)
            case _Trouble():
                self.stopped = Stopped(event.trouble, event.message, event.text)
            case _Arcs():
                pairs = zip(event.arcs[::2], event.arcs[1::2], strict=False)
                self.arcs.setdefault(event.file, set()).update(pairs)
            case _CoverageEnded():
                self.has_arcs = True
            case _Finish():
                self.status = event.status

    def told(self, foreign: int, lost: int) -> Told:
        arcs = {path: frozenset(arcs) for path, arcs in self.arcs.items()}
        told = with_calls(gravest(self.results), self.calls)
        return Told(
            results=Results(told, self.counted, self.deselected),
            functions=tuple(self.functions),
            has_begun=self.has_begun,
            at=self.at,
            stopped=self.stopped,
            arcs=arcs if self.has_arcs else None,
            status=self.status,
            foreign=foreign,
            lost=lost,
        )


def _result(event: _NotCollected | _Report) -> TestResult:
    if isinstance(event, _Report):
        return TestResult(
            outcome=event.outcome,
            name=event.node,
            file=event.file,
            line=event.line,
            message=event.message,
            text=event.text,
            phase=event.when,
        )
    ended: Ended = "collection-error" if event.outcome == "failed" else "skipped"
    return TestResult(
        outcome=ended,
        name=event.node,
        file=event.node.partition("::")[0],
        message=event.message,
        text=event.text,
        phase="collection",
    )
