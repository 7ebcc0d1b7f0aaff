"""Measuring: one checker's trouble stays its own and never becomes a number."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from grader.checkers._base import Bench, Checker, Options, Result
from grader.engine.measure import Unwatched, Workshop, measure
from grader.environment.given import GivenInterpreter
from grader.errors import CannotMeasure
from grader.model.measurement import Failed, Measured, Measurement, Quantity, Tool
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item, LimitsRule
from tests.conftest import MakeSnapshot, Unboxed


class Fake(Checker[Options]):
    """A checker that does what the test says."""

    id = "fake"
    source = "https://example.org"
    quantities = (
        Quantity("share", "share", "0..1", maximum=1),
        Quantity("spare", "share", "absent where unknown", maximum=1, optional=True),
    )

    def __init__(self, does: Callable[[], dict[str, float]]) -> None:
        self.calls = 0
        self._does = does

    def measure(self, snapshot: Snapshot, options: Options, bench: Bench) -> Result:
        self.calls += 1
        return Result(Measured(values=self._does()))


def run(
    make_snapshot: MakeSnapshot, tmp_path: Path, does: Callable[[], dict[str, float]]
) -> Measurement:
    item = Item(checker="fake", score="share")
    workshop = Workshop(
        tmp_path / "work", LimitsRule(), GivenInterpreter(sys.executable), Unboxed()
    )
    checkers = {"fake": Fake(does)}
    found = measure(make_snapshot({}), [item], checkers, workshop, Unwatched())
    return found["fake"]


def test_what_a_checker_measures_is_kept(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    found = run(make_snapshot, tmp_path, lambda: {"share": 0.5})
    assert found.outcome == Measured(values={"share": 0.5})


def test_a_bug_in_a_checker_is_a_failure_of_that_check(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    def broken() -> dict[str, float]:
        raise ZeroDivisionError("oops")

    outcome = run(make_snapshot, tmp_path, broken).outcome
    assert outcome == Failed(reason="a bug in the checker: ZeroDivisionError: oops")


def test_what_could_not_be_measured_keeps_its_reason(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    def hung() -> dict[str, float]:
        raise CannotMeasure("fake: did not finish within 1 s.")

    outcome = run(make_snapshot, tmp_path, hung).outcome
    assert outcome == Failed(reason="fake: did not finish within 1 s.")


def test_values_that_were_not_declared_are_refused(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    for values in ({}, {"share": 0.5, "more": 1.0}, {"share": 1.5}, {"share": -0.1}):
        outcome = run(make_snapshot, tmp_path / str(values), values.copy).outcome
        assert isinstance(outcome, Failed), values


def test_only_what_is_optional_may_be_absent(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    for values in ({"share": 0.5}, {"share": 0.5, "spare": 0.25}):
        outcome = run(make_snapshot, tmp_path / str(values), values.copy).outcome
        assert outcome == Measured(values=values)
    for values in ({"spare": 0.25}, {"share": 0.5, "spare": 1.5}):
        outcome = run(make_snapshot, tmp_path / str(values), values.copy).outcome
        assert isinstance(outcome, Failed), values


def test_two_items_with_the_same_checker_and_options_measure_once(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    fake = Fake(lambda: {"share": 0.5})
    items = [
        Item(checker="fake", score="share"),
        Item(checker="fake", id="again", score="10 * share"),
    ]
    workshop = Workshop(
        tmp_path / "work", LimitsRule(), GivenInterpreter(sys.executable), Unboxed()
    )
    found = measure(make_snapshot({}), items, {"fake": fake}, workshop, Unwatched())
    assert fake.calls == 1
    assert found["fake"] == found["again"]


def test_the_longest_begin_first_however_long_they_are_looked_up(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    begun: list[str] = []
    has_begun = {name: threading.Event() for name in ("long", "middling", "short")}

    def begins(name: str, until: str = "") -> dict[str, float]:
        begun.append(name)
        has_begun[name].set()
        if until:
            has_begun[until].wait(10)
        return {"share": 0.5}

    class Long(Fake):
        typical_s = 3.0

        @classmethod
        def tool_versions(cls) -> tuple[Tool, ...]:
            # Long enough for the short one to begin, if it could.
            has_begun["short"].wait(0.5)
            return ()

    class Middling(Fake):
        typical_s = 2.0

    checkers = {
        "short": Fake(lambda: begins("short")),
        "middling": Middling(lambda: begins("middling", until="long")),
        "long": Long(lambda: begins("long")),
    }
    items = [Item(checker=name, id=name, score="share") for name in checkers]
    given = GivenInterpreter(sys.executable)
    workshop = Workshop(tmp_path / "work", LimitsRule(), given, Unboxed(), jobs=2)
    measure(make_snapshot({}), items, checkers, workshop, Unwatched())
    assert begun == ["middling", "long", "short"]
