"""Reads what our plugin told over its pipe.

The tests share the process with the plugin, and the pipe is theirs to write to as well.
So a line counts only with the key of the run, the next number and exactly our fields, and
everything else is counted as foreign. The pipe is capped where it is read, and no event is
larger than a limit: a suite can't make this take more than its output may.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from grader.checkers._suite.events import (
    EVENT,
    Arcs,
    Broken,
    Called,
    Collected,
    CollectedFunction,
    CoverageEnded,
    Deselected,
    Finish,
    Known,
    Mark,
    NotCollected,
    Report,
    Session,
    Stage,
    Started,
    Tally,
    Trouble,
)
from grader.checkers._suite.results import (
    Ended,
    Outcome,
    Results,
    TestResult,
    gravest,
    with_calls,
)

_MAX_LINE = 2**20


@dataclass(frozen=True)
class Stopped:
    """What ended a session from inside: pytest's own breakdown, or who interrupted it."""

    kind: Trouble
    message: str
    text: str


@dataclass(frozen=True)
class Told:
    """Everything a run told, as far as it got.

    `has_started`: the plugin was there; without it nothing of the project's has run, and
    how the process ended says nothing of it. `has_begun`: there was a session. `at` is the
    test that was running, or the file that was being collected, when it told no more; None
    between them. `arcs` are the jumps from line to line that ran, by file; None when they
    were not told. `status` is the exit status that the session's end was told with.
    `foreign` lines are not the plugin's, `lost` is how many of its own did not arrive.
    """

    results: Results = Results()
    functions: tuple[CollectedFunction, ...] = ()
    has_started: bool = False
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

    def events(self, channel: bytes) -> Iterator[Known]:
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

    def _event(self, line: bytes) -> Known | None:
        if len(line) > _MAX_LINE or not line.startswith(self._head):
            return None
        try:
            event = EVENT.validate_json(line)
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
    has_started: bool = False
    has_begun: bool = False
    at: str | None = None
    stopped: Stopped | None = None
    status: int | None = None

    def take(self, event: Known) -> None:
        # Any of ours: the first one may be lost.
        self.has_started = True
        match event:
            case Started():
                pass
            case Session():
                self.has_begun = True
            case Stage():
                self.at = event.node
            case Mark():
                self.at = None
            case Collected():
                self.functions += event.functions
            case Deselected():
                for one in event.functions:
                    known = self.deselected.get(one.node, 0)
                    self.deselected[one.node] = known + one.cases
            case NotCollected() | Report():
                self.results.append(_result(event))
            case Tally():
                self.counted[event.node] = event.outcomes
            case Called():
                self.calls[event.node] = frozenset(event.numbers)
            case Broken():
                self.stopped = Stopped(event.trouble, event.message, event.text)
            case Arcs():
                pairs = zip(event.arcs[::2], event.arcs[1::2], strict=False)
                self.arcs.setdefault(event.file, set()).update(pairs)
            case CoverageEnded():
                self.has_arcs = True
            case Finish():
                self.status = event.status

    def told(self, foreign: int, lost: int) -> Told:
        arcs = {path: frozenset(arcs) for path, arcs in self.arcs.items()}
        told = with_calls(gravest(self.results), self.calls)
        return Told(
            results=Results(told, self.counted, self.deselected),
            functions=tuple(self.functions),
            has_started=self.has_started,
            has_begun=self.has_begun,
            at=self.at,
            stopped=self.stopped,
            arcs=arcs if self.has_arcs else None,
            status=self.status,
            foreign=foreign,
            lost=lost,
        )


def _result(event: NotCollected | Report) -> TestResult:
    if isinstance(event, Report):
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
