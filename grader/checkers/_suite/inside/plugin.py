"""Our pytest plugin: tells what happens while a project's tests run.

What it tells is read by `events.py` on the other side.
"""

from __future__ import annotations

import os

import pytest

from .calls import Calls
from .channel import (
    MAX_MESSAGE,
    MAX_TEXT,
    cut_node,
    cut_text,
    function_of,
)
from .covered import send_covered
from .reports import marks, outcome_of, reason, text, uses_conftest
from .tally import Tally

MYPY = False
if MYPY:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from .channel import Event, Send

    Wrapping = Generator[None, object, object]

# Tracebacks beyond this are not sent: thousands of failing tests fail alike.
MAX_TEXTS = 16 * 2**20
# Of a list, in one event.
_BATCH = 200
_PHASES = ("setup", "call", "teardown")


class Plugin:
    """The hooks. `caller` is the name of a module that tests may call, see `Calls`."""

    def __init__(self, send: Send, caller: str | None = None) -> None:
        self._send = send
        self._texts = 0
        self._found: dict[str, int] = {}
        self._marks: dict[str, int] = {}
        self._tally = Tally()
        self._have_tests_ended = self._has_ended = False
        self._root = os.path.realpath(os.getcwd())
        self._calls = Calls(caller) if caller else None

    # From the start of a session to its end.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._send("session", {"root": cut_node(str(session.config.rootpath))})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Wrapping:
        self._send("collection-ended", {})
        result = yield
        self._have_tests_ended = True
        self._send("tests-ended", {})
        return result

    def pytest_keyboard_interrupt(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        self._trouble("interrupted", excinfo)

    def pytest_internalerror(
        self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        self._trouble("internal-error", excinfo, excrepr)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Wrapping:
        for node, outcomes in self._tally.counted.items():
            self._send("tally", {"node": cut_node(node), "outcomes": outcomes})
        plugin = session.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        # Where the tests were broken off, coverage was not stopped.
        if self._have_tests_ended and controller is not None:
            send_covered(controller.cov, self._root, self._send)
        result = yield
        self._has_ended = True
        return result

    def finish(self, status: int) -> None:
        """Tell the exit status, if the session came to its end with this plugin in it."""
        if self._has_ended:
            self._send("finish", {"status": int(status)})

    # What is collected.

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Wrapping:
        if isinstance(collector, pytest.File):
            self._send("collecting", {"node": cut_node(collector.nodeid)})
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> Wrapping:
        if report.outcome != "passed":
            self._send(
                "not-collected",
                {
                    "node": cut_node(report.nodeid),
                    "outcome": report.outcome,
                    "message": cut_text(reason(report), MAX_MESSAGE),
                    "text": cut_text(text(report), MAX_TEXT),
                },
            )
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        function = function_of(item.nodeid)
        self._found[function] = self._found.get(function, 0) + 1
        self._marks.setdefault(function, marks(item))

    @pytest.hookimpl(tryfirst=True)
    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        counts: dict[str, int] = {}
        for item in items:
            function = function_of(item.nodeid)
            counts[function] = counts.get(function, 0) + 1
        for batch in _batches(
            [{"node": cut_node(node), "cases": n} for node, n in counts.items()]
        ):
            self._send("deselected", {"functions": batch})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        first: dict[str, pytest.Item] = {}
        counts: dict[str, int] = {}
        for item in session.items:
            function = function_of(item.nodeid)
            first.setdefault(function, item)
            counts[function] = counts.get(function, 0) + 1
        self._send_collected(counts, first)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(
        self, node: object, ids: Iterable[str]
    ) -> None:
        # Workers collect, each all of it; what they do not tell is left open.
        if self._found:
            return
        for id_ in ids:
            function = function_of(id_)
            self._found[function] = self._found.get(function, 0) + 1
        self._send_collected(self._found, {})

    # What runs.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self._tally.begins(nodeid):
            self._send("running", {"node": cut_node(nodeid)})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Wrapping:
        # Before anybody else: what others make of the report is theirs.
        outcome = outcome_of(report)
        if outcome is not None and not self._tally.takes(
            report.nodeid, outcome, is_last=report.when == "teardown"
        ):
            if outcome != "passed" or report.when == "call":
                self._send_report(report, outcome)
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        if self._calls is not None and (numbers := self._calls.taken()):
            self._send("called", {"node": cut_node(nodeid), "numbers": numbers})

    def _send_report(self, report: pytest.TestReport, outcome: str) -> None:
        message, trace = "", ""
        if outcome not in ("passed", "xpassed"):
            message = cut_text(reason(report), MAX_MESSAGE)
            trace = cut_text(text(report), MAX_TEXT)
            self._texts += len(trace)
        path, line, _ = report.location
        self._send(
            "report",
            {
                "node": cut_node(report.nodeid),
                # Plugins say "???" where the test's process crashed.
                "when": report.when if report.when in _PHASES else "call",
                "outcome": outcome,
                "file": cut_node(str(path)),
                "line": None if line is None else int(line) + 1,
                "message": message,
                "text": trace if self._texts <= MAX_TEXTS else "",
                "seconds": round(float(report.duration), 6),
            },
        )

    def _send_collected(
        self, counts: Mapping[str, int], first: Mapping[str, pytest.Item]
    ) -> None:
        functions = []
        for node in dict.fromkeys((*counts, *self._found)):
            item = first.get(node)
            path, line, _ = (
                item.location if item else (node.partition("::")[0], None, "")
            )
            functions.append(
                {
                    "node": cut_node(node),
                    "file": cut_node(str(path)),
                    "line": None if line is None else int(line) + 1,
                    "cases": counts.get(node, 0),
                    "found": self._found.get(node, 0),
                    "uses_conftest": item is not None and uses_conftest(item),
                    # By a hook, after the test was made.
                    "was_marked": item is not None
                    and marks(item) > self._marks.get(node, 0),
                }
            )
        for batch in _batches(functions):
            self._send("collected", {"functions": batch})

    def _trouble(
        self,
        kind: str,
        excinfo: pytest.ExceptionInfo[BaseException],
        excrepr: object = None,
    ) -> None:
        # `tests/test_a.py:3: message`, where it was raised.
        place = str(excinfo._getreprcrash() or "")
        is_exit = isinstance(excinfo.value, pytest.exit.Exception)
        name = "pytest.exit" if is_exit else excinfo.typename
        said = str(excinfo.value)
        self._send(
            "trouble",
            {
                "trouble": kind,
                "message": cut_text(f"{name}: {said}" if said else name, MAX_MESSAGE),
                "text": cut_text(str(excrepr or place), MAX_TEXT),
            },
        )


def _batches(entries: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(entries), _BATCH):
        yield entries[start : start + _BATCH]
