"""What is taken over from an earlier run: only what measuring would give again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.cache import ruler
from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.checkers._base import Bench, Checker, Options, Result
from grader.engine import reuse as reuse_module
from grader.engine.measure import measure_item
from grader.engine.request import Caching
from grader.engine.reuse import Reuse
from grader.environment.given import GivenInterpreter
from grader.errors import CannotMeasure
from grader.model.history import History
from grader.model.measurement import (
    Failed,
    Finding,
    Measured,
    Measurement,
    NotApplicable,
    NotMeasured,
    Quantity,
)
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item
from tests.conftest import MakeSnapshot
from tests.histories import history

FILES = {"a.py": "x = 1\n", "README.md": "# A\n", "data.csv": "1\n"}


class CountOptions(Options):
    """`most` changes nothing; `list_file` is the instructor's."""

    most: int = 3
    list_file: str = ""


class Count(Checker[Options]):
    """Counts how often it was asked, which nobody should see twice.

    What it states is `outcome`; None: that it can't.
    """

    id = "count"
    source = "https://example.org"
    quantities = (
        Quantity("times", "times", "how often"),
        Quantity("more", "times", "absent where unknown", optional=True),
    )

    def __init__(self) -> None:
        self.asked = 0
        self.outcome: Measured | NotApplicable | None = Measured(
            values={"times": 1, "more": 0.1},
            findings=(Finding(rule="r", message="é\n", path="a.py", line=1),),
        )
        self.settled: bool | None = None

    @classmethod
    def options_type(cls) -> type[Options]:
        return CountOptions

    def measure(self, snapshot: Snapshot, options: Options, bench: Bench) -> Result:
        self.asked += 1
        if self.outcome is None:
            raise CannotMeasure("it can't be")
        return Result(
            self.outcome, command="count .", population="all", settled=self.settled
        )

    def consults(self, options: Options) -> list[Path]:
        assert isinstance(options, CountOptions)
        return [Path(options.list_file)] if options.list_file else []


class CountPython(Count):
    """Reads Python only."""

    def reads(self, snapshot: Snapshot, options: Options) -> list[str]:
        return [path for path in snapshot.files if path.endswith(".py")]


class CountTests(CountPython):
    """Runs the project's own code."""

    runs_project = True


class CountLive(Count):
    is_live = True


class CountAsking(Count):
    asks_host = True


class CountNeeding(Count):
    needs_history = True


class CountBack(CountPython):
    reads_history = True


@dataclass
class Runs:
    """Measures again and again, as one user's runs do."""

    bench: Bench
    folder: Path
    environment: GivenInterpreter = GivenInterpreter("/no/python")
    conditions: tuple[str, ...] = ("limits", "a box")
    of_tests: tuple[str, ...] = ("none",)
    caching: Caching = Caching()
    options: Mapping[str, object] = field(default_factory=dict)
    last: Reuse | None = None

    @property
    def entries(self) -> Entries:
        return Entries(self.folder, 2**20)

    def measure(self, checker: Checker[Options], snapshot: Snapshot) -> Measurement:
        """One more run."""
        self.last = Reuse(
            self.entries,
            self.caching,
            snapshot,
            self.environment,
            conditions=self.conditions,
            of_tests=self.of_tests,
        )
        item = Item(checker=checker.id, score="times", options=dict(self.options))
        return measure_item(snapshot, item, checker, self.bench, self.last)

    def is_kept(self, checker: Count, snapshot: Snapshot) -> bool:
        """Whether a run takes over what was measured, rather than measure."""
        before = checker.asked
        self.measure(checker, snapshot)
        return checker.asked == before


@pytest.fixture
def runs(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    # Whoever works on the code while these tests run changes nothing here.
    monkeypatch.setattr(ruler, "_code", lambda top, entries: f"the code of {top}")
    return Runs(bench, tmp_path / "measurements")


@pytest.mark.parametrize("kind", [Count, CountPython, CountTests, CountBack])
def test_what_nothing_has_changed_for_is_not_measured_again(
    kind: type[Count], runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = kind()
    first = runs.measure(checker, make_snapshot(FILES))
    second = runs.measure(checker, make_snapshot(FILES))
    assert checker.asked == 1
    assert second.outcome.model_dump_json() == first.outcome.model_dump_json()
    assert second.outcome == first.outcome
    if kind is not CountTests:
        assert second == first


def test_where_there_is_nothing_to_measure_that_is_kept_too(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    checker.outcome = NotApplicable(reason="Nothing.")
    runs.measure(checker, make_snapshot(FILES))
    assert runs.is_kept(checker, make_snapshot(FILES))


CHANGES = {
    "content": {**FILES, "a.py": "x = 2\n"},
    "a file less": {"a.py": "x = 1\n", "README.md": "# A\n"},
    "a file more": {**FILES, "b.txt": ""},
    "another name": {**FILES, "data.csv": "", "data.tsv": "1\n"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", [Count, CountPython, CountTests])
def test_a_file_that_is_read_and_any_name_count(
    kind: type[Count],
    change: Mapping[str, str],
    runs: Runs,
    make_snapshot: MakeSnapshot,
) -> None:
    checker = kind()
    runs.measure(checker, make_snapshot(FILES))
    assert not runs.is_kept(checker, make_snapshot(change))
    assert runs.is_kept(checker, make_snapshot(change))


def test_only_what_reads_the_readme_is_measured_again_when_it_is_edited(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    everything, python = Count(), CountPython()
    edited = {**FILES, "README.md": "# B\n"}
    for checker in (everything, python):
        runs.measure(checker, make_snapshot(FILES))
    assert not runs.is_kept(everything, make_snapshot(edited))
    assert runs.is_kept(python, make_snapshot(edited))


def test_other_conditions_are_another_measurement(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    snapshot = make_snapshot(FILES)
    runs.measure(checker, snapshot)
    assert not runs.is_kept(checker, replace(snapshot, name="another"))
    assert not runs.is_kept(checker, replace(snapshot, commit="0" * 40))
    for other in (("limits", "no box"), ("other limits", "a box")):
        assert not replace(runs, conditions=other).is_kept(checker, snapshot)
    assert not replace(runs, options={"most": 4}).is_kept(checker, snapshot)
    assert runs.is_kept(checker, snapshot)
    # What is left out is the same as what is the default.
    kept = replace(runs, options={"most": 3}).measure(checker, snapshot)
    assert kept.options == {"most": 3}
    assert checker.asked == 6


def test_another_ruler_measures_anew(
    runs: Runs, make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = Count()
    runs.measure(checker, make_snapshot(FILES))
    monkeypatch.setattr(ruler, "_installed", lambda: ("flake8-9.9.9.dist-info",))
    assert not runs.is_kept(checker, make_snapshot(FILES))
    monkeypatch.setattr(ruler, "_code", lambda top, entries: "other code")
    assert not runs.is_kept(checker, make_snapshot(FILES))
    monkeypatch.setattr(ruler, "_code", lambda top, entries: None)
    runs.measure(checker, make_snapshot(FILES))
    assert not runs.is_kept(checker, make_snapshot(FILES))


def test_what_an_instructor_lists_counts_by_its_content(
    runs: Runs, make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    checker, listed = Count(), tmp_path / "list"
    runs.options = {"list_file": str(listed)}
    for text in ("one", "two"):
        listed.write_text(text)
        assert not runs.is_kept(checker, make_snapshot(FILES))
        assert runs.is_kept(checker, make_snapshot(FILES))


@pytest.mark.parametrize("kind", [CountLive, CountAsking, CountNeeding])
def test_what_others_answer_is_never_kept(
    kind: type[Count], runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = kind()
    runs.measure(checker, make_snapshot(FILES))
    assert not runs.is_kept(checker, make_snapshot(FILES))
    assert runs.entries.filling().entries == 0


@pytest.mark.parametrize(
    "lacking", ["failed", "a file", "a number", "unsettled", "undeclared"]
)
def test_what_another_run_might_measure_better_is_never_kept(
    lacking: str, runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    match lacking:
        case "failed":
            checker.outcome = None
        case "a file":
            left = (NotMeasured(path="a.py", reason="it hangs"),)
            checker.outcome = Measured(values={"times": 1}, not_measured=left)
        case "a number":
            checker.outcome = Measured(values={"times": 1})
        case "unsettled":
            checker.settled = False
        case _:
            checker.outcome = Measured(values={"other": 1})
    first = runs.measure(checker, make_snapshot(FILES))
    assert isinstance(first.outcome, Failed) == (lacking in ("failed", "undeclared"))
    assert not runs.is_kept(checker, make_snapshot(FILES))
    assert runs.entries.filling().entries == 0


def test_a_number_that_more_of_the_history_could_give_is_asked_for_again(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = CountBack()
    checker.outcome = Measured(values={"times": 1})
    runs.measure(checker, make_snapshot(FILES))
    assert not runs.is_kept(checker, make_snapshot(FILES))


@pytest.mark.parametrize("kind", [Count, CountBack])
def test_who_reads_the_history_measures_again_after_a_commit(
    kind: type[Count], runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = kind()
    one = history("2026-03-02 10:00 Ana Costa <ana@uni.edu>: Begin")
    assert isinstance(one, History)
    snapshot = replace(make_snapshot(FILES), history=one)
    runs.measure(checker, snapshot)
    assert runs.is_kept(checker, snapshot)
    other = replace(one.commits[0], hash="f" * 40)
    for changed in (
        replace(one, commits=(other,)),
        replace(one, commits=(other, *one.commits)),
        replace(one, is_truncated=True),
        replace(one, branches=("more",)),
    ):
        assert not runs.is_kept(checker, replace(snapshot, history=changed))
    later = replace(one, read_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert runs.is_kept(checker, replace(snapshot, history=later))


def spoiled(runs: Runs, checker: Count, make: MakeSnapshot, change: object) -> bool:
    """Whether an entry with a valid checksum and this content is believed."""
    runs.measure(checker, make(FILES))
    (file,) = (one for one in runs.folder.rglob("*") if one.is_file())
    key = file.parent.name + file.name
    raw = runs.entries.get(key)
    assert raw is not None
    content = json.loads(raw)
    assert callable(change)
    change(content)
    runs.entries.put(key, json.dumps(content).encode())
    return runs.is_kept(checker, make(FILES))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: c.update(version=0), id="another version"),
        pytest.param(lambda c: c.pop("measured_at"), id="a field less"),
        pytest.param(lambda c: c.update(more=1), id="a field more"),
        pytest.param(
            lambda c: c["measurement"].update(checker="other"), id="another checker"
        ),
        pytest.param(
            lambda c: c["measurement"].update(
                outcome={"kind": "failed", "reason": "no"}
            ),
            id="a failure",
        ),
        pytest.param(
            lambda c: c["measurement"]["outcome"]["values"].update(other=1),
            id="undeclared",
        ),
        pytest.param(
            lambda c: c["measurement"]["outcome"]["values"].update(times=-1),
            id="out of range",
        ),
        pytest.param(
            lambda c: c["measurement"]["outcome"]["values"].pop("times"), id="lacking"
        ),
        pytest.param(lambda c: c.clear(), id="nothing"),
    ],
)
def test_an_entry_is_believed_no_more_than_a_checker(
    change: object, runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    assert not spoiled(runs, Count(), make_snapshot, change)


def test_an_entry_that_is_well_is_believed(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    assert spoiled(runs, Count(), make_snapshot, lambda content: None)


def test_tests_run_again_when_that_is_asked_for_and_then_are_kept(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    tests, others = CountTests(), CountPython()
    for checker in (tests, others):
        runs.measure(checker, make_snapshot(FILES))
    again = replace(runs, caching=Caching(reruns_tests=True))
    assert not again.is_kept(tests, make_snapshot(FILES))
    assert again.is_kept(others, make_snapshot(FILES))
    assert runs.is_kept(tests, make_snapshot(FILES))


def test_what_is_not_to_be_read_is_measured_and_kept(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    runs.measure(checker, make_snapshot(FILES))
    assert not replace(runs, caching=Caching(is_read=False)).is_kept(
        checker, make_snapshot(FILES)
    )


def test_the_environment_of_tests_that_did_not_run_is_known_and_it_is_said(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = CountTests()
    first = runs.measure(checker, make_snapshot(FILES))
    assert runs.last is not None and runs.last.environment is None
    assert first.population == "all"
    second = runs.measure(checker, make_snapshot(FILES))
    assert runs.last.environment == runs.environment.facts()
    assert second.population.startswith("all; measured 20")
    assert "not run again" in second.population
    # It is said once, however often.
    assert runs.measure(checker, make_snapshot(FILES)) == second


def test_other_circumstances_of_tests_run_them(
    runs: Runs, make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    checker, static = CountTests(), CountPython()
    for one in (checker, static):
        runs.measure(one, make_snapshot(FILES))
    other = GivenInterpreter(str(tmp_path / "python"))
    for changed in (
        replace(runs, of_tests=("auto",)),
        replace(runs, environment=other),
    ):
        assert not changed.is_kept(checker, make_snapshot(FILES))
        assert changed.is_kept(static, make_snapshot(FILES))


def test_tests_run_again_when_unpinned_packages_may_have_moved_on(
    runs: Runs, make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests, static = CountTests(), CountPython()
    for checker in (tests, static):
        runs.measure(checker, make_snapshot(FILES))

    monkeypatch.setattr(reuse_module, "_now", lambda: datetime.now(UTC) + timedelta(8))
    assert runs.is_kept(static, make_snapshot(FILES))
    assert not runs.is_kept(tests, make_snapshot(FILES))


def test_a_name_that_is_no_text_keeps_nothing_and_breaks_nothing(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    odd = Finding(rule="r", message="m", path="a\udcff.py")
    checker.outcome = Measured(values={"times": 1, "more": 1}, findings=(odd,))
    found = runs.measure(checker, make_snapshot(FILES))
    assert isinstance(found.outcome, Measured)
    assert not runs.is_kept(checker, make_snapshot(FILES))


def test_keys_say_nothing_of_what_they_are_made_of(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    runs.measure(Count(), make_snapshot(FILES))
    for file in runs.folder.rglob("*"):
        if file.is_file():
            assert len(file.parent.name + file.name) == len(digest([]))


def test_a_number_that_is_absent_for_good_may_be_said_to_be(
    runs: Runs, make_snapshot: MakeSnapshot
) -> None:
    checker = Count()
    checker.outcome = Measured(values={"times": 1})
    checker.settled = True
    runs.measure(checker, make_snapshot(FILES))
    assert runs.is_kept(checker, make_snapshot(FILES))
