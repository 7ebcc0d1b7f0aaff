"""What comes over the channel is believed only where it is our plugin's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checkers._suite.told import Told, read_events
from tests.checkers.suite.recordings import FOLDER, KEY

MIXED = (FOLDER / "mixed.channel.jsonl").read_bytes()
CLEAN = (FOLDER / "clean.channel.jsonl").read_bytes()


def event(number: int, kind: str, **more: object) -> bytes:
    told = {"key": KEY, "number": number, "kind": kind, **more}
    return f"\n{json.dumps(told)}\n".encode()


def report(number: int, **more: object) -> bytes:
    told: dict[str, object] = {
        **{"node": "t.py::test_a", "when": "call", "outcome": "passed"},
        **{"file": "t.py", "line": 1, "message": "", "text": "", "seconds": 0.5},
    }
    return event(number, "report", **(told | more))


def test_what_our_plugin_tells_is_all_understood() -> None:
    told = read_events(MIXED, KEY)
    assert (told.foreign, told.lost, told.status, told.at) == (0, 0, 1, None)
    assert told.has_started and told.has_begun and told.arcs is not None
    functions = {one.node: one for one in told.functions}
    parametrised = functions["tests/test_calc.py::test_parametrised"]
    assert (parametrised.cases, parametrised.found) == (3, 3)


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\xfe",
        b"[" * 100_000,
        b'{"kind": "finish", "status": 0}',
        event(10, "finish", status=0).replace(KEY.encode(), b"f" * 16),
        event(10, "finish", status=0, more=1),
        event(10, "finish", status="0"),
        event(10, "finish", status=True),
        event(10, "finish"),
        event(10, "no-such-kind"),
        event(-1, "finish", status=0),
        event(2**70, "finish", status=0),
        report(10, node="a" * 501),
        report(10, text="a" * 8_001),
        report(10, when="later"),
        report(10, outcome="great"),
        report(10, seconds=None),
        report(10, seconds="1e999"),
        event(10, "coverage", file="a.py", arcs=[1, 2**40]),
        event(10, "coverage", file="a.py", arcs=[[1, 2]]),
        event(10, "collected", functions=[{"node": "a"}]),
        event(10, "called", node="a", numbers=list(range(2**18))),
        b'{"key": "%s", %s' % (KEY.encode(), b"[" * 200_000),
    ],
)
def test_what_is_not_exactly_ours_is_counted_and_changes_nothing(line: bytes) -> None:
    unfinished = CLEAN[: CLEAN.rindex(b'\n{"key"')]
    before = read_events(unfinished, KEY)
    after = read_events(unfinished + b"\n" + line.strip() + b"\n", KEY)
    assert after.foreign == 1
    assert after.results == before.results
    assert (after.status, after.lost, after.arcs) == (None, 0, before.arcs)


def test_any_event_of_ours_says_that_the_run_has_started() -> None:
    assert read_events(event(0, "started"), KEY).has_started
    # The first one is lost.
    assert read_events(report(1), KEY).has_started
    assert not read_events(event(0, "started", more=1), KEY).has_started


def test_what_was_told_before_is_not_heard_twice() -> None:
    told = read_events(report(0) + report(1) + report(1, outcome="failed"), KEY)
    assert (told.foreign, told.lost) == (1, 0)
    assert [one.outcome for one in told.results.told] == ["passed"]


def test_nothing_is_heard_after_the_end() -> None:
    told = read_events(CLEAN + report(10, node="t.py::test_b"), KEY)
    assert told.foreign == 1
    assert len(told.results) == 1


def test_a_gap_in_the_numbers_is_known() -> None:
    told = read_events(report(0) + report(3, node="t.py::test_b"), KEY)
    assert (told.foreign, told.lost) == (0, 2)


def test_garbage_without_an_end_does_not_take_an_event_along() -> None:
    told = read_events(b"{garbage" + report(0) + b"more" + report(1), KEY)
    assert (told.foreign, told.lost) == (2, 0)
    assert len(told.results) == 1


def test_the_gravest_of_what_is_told_of_a_test_counts() -> None:
    channel = b"".join(
        [
            report(0, outcome="passed"),
            report(1, when="teardown", outcome="error", message="late"),
            report(2, node="t.py::test_b", outcome="failed", message="no"),
            report(3, node="t.py::test_b", when="teardown", outcome="error"),
        ]
    )
    results = read_events(channel, KEY).results.told
    assert [(one.name, one.outcome, one.message) for one in results] == [
        ("t.py::test_a", "error", "late"),
        ("t.py::test_b", "failed", "no"),
    ]


def test_where_it_stopped_is_the_last_that_began() -> None:
    collecting = event(0, "collecting", node="t.py")
    running = event(2, "running", node="t.py::test_a")
    between = event(1, "collection-ended")
    assert read_events(collecting, KEY).at == "t.py"
    assert read_events(collecting + between, KEY).at is None
    assert read_events(collecting + between + running, KEY).at == "t.py::test_a"
    assert read_events(running + event(3, "tests-ended"), KEY).at is None


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(channel: bytes) -> None:
    lines = [line for line in channel.split(b"\n") if line]
    assert read_events(channel, KEY) == Told(foreign=len(lines))


@given(st.lists(st.integers(0, len(CLEAN) - 1), max_size=3), st.binary(max_size=3))
def test_no_change_of_bytes_adds_a_passed_test(places: list[int], by: bytes) -> None:
    changed = bytearray(CLEAN)
    for place in places:
        changed[place : place + 1] = by
    assert read_events(bytes(changed), KEY).results.count("passed") <= 1
