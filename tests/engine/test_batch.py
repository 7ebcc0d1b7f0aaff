"""A class's run: one group's trouble is its own, and stopping costs what was under way."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.engine import publish
from grader.engine.batch import ClassRequest, run_class
from grader.engine.classroom import grade_class
from grader.engine.conditions import Surroundings, Which
from grader.engine.items import catalogue
from grader.engine.machines import largest_first, results
from grader.engine.marking import mark_class
from grader.engine.request import Caching
from grader.engine.store import ClassFolder
from grader.engine.task import Task
from grader.engine.ticker import Ticker, follow
from grader.errors import GradeError
from grader.model.classroom import ClassRecord, Group
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Failed, NotApplicable
from grader.rubric.load import LoadedRubric, parse_rubric
from grader.sandbox.choose import Boxes
from grader.sandbox.workers import WorkerDied

RUBRIC = """\
name: Two quick checks
version: "1"
dimensions:
  - id: handling
    title: Handling
    items:
      - checker: error-handling
        score: min(10, try_blocks)
      - checker: config-paths
        score: relative(hardcoded_paths)
        alone: max(0, 10 - hardcoded_paths)
"""


class Recorded:
    """A watch that keeps what it is told."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.graded: list[str] = []
        self.failed: dict[str, Trouble] = {}
        self.reused: dict[str, int] = {}
        self.done = 0
        self.checks: list[str] = []
        self._stop_after = stop_after

    def began(self, groups: Sequence[Group], done: int, workers: int) -> None:
        self.done = done

    def group_started(self, group: Group) -> None:
        pass

    def group_graded(self, group: Group, evidence: Evidence) -> None:
        self.graded.append(group.name)
        self.reused[group.name] = evidence.reused
        if self._stop_after == len(self.graded):
            raise KeyboardInterrupt

    def group_failed(self, group: Group, trouble: Trouble) -> None:
        self.failed[group.name] = trouble

    def check_started(self, group: str, item: str) -> None:
        self.checks.append(f"{group} {item}")

    def check_finished(self, group: str, item: str, outcome: str) -> None:
        pass

    def told(self, group: str, words: str) -> None:
        pass

    def waited(self) -> None:
        pass


def rubric(text: str = RUBRIC) -> LoadedRubric:
    return parse_rubric(text.encode(), "r.yaml", catalogue(installed()), folder=Path())


def clones(place: Path) -> tuple[Group, ...]:
    """Four folders; the n-th has n hard-coded paths and n try blocks."""
    made = []
    for number in range(4):
        home = place / "clones" / f"team {number}"
        home.mkdir(parents=True)
        body = "try:\n    open('/data/x.csv')\nexcept OSError:\n    raise\n"
        (home / "main.py").write_text("import os\n" + body * number)
        made.append(
            Group(name=f"team {number}", folder=f"team-{number}", source=str(home))
        )
    return tuple(made)


@pytest.fixture
def groups(tmp_path: Path) -> tuple[Group, ...]:
    return clones(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> ClassFolder:
    return ClassFolder(tmp_path / "class")


def request_for(
    groups: Sequence[Group],
    *,
    loaded: LoadedRubric | None = None,
    refresh: bool = False,
    only_groups: Sequence[str] = (),
    limit: int | None = None,
) -> ClassRequest:
    """Without the user's cache: what a class's own folder keeps is looked at here."""
    return ClassRequest(
        groups=tuple(groups),
        loaded=loaded or rubric(),
        isolation="none",
        environment="none",
        refresh=refresh,
        only_groups=only_groups,
        limit=limit,
        workers=2,
        caching=Caching(is_on=False),
    )


def run(
    request: ClassRequest, folder: ClassFolder, watch: Recorded | None = None
) -> tuple[ClassRecord, Recorded]:
    watch = watch or Recorded()
    with folder.locked():
        record = run_class(request, folder, watch)
        folder.save_record(record)
    return record, watch


def totals(folder: ClassFolder, record: ClassRecord) -> dict[str, float | None]:
    lines = mark_class(folder, record, rubric(), installed()).result.lines
    return {one.group.name: one.grade.total if one.grade else None for one in lines}


def stored(folder: ClassFolder) -> dict[str, tuple[int, bytes]]:
    """Each result's file: its identity and its bytes."""
    return {
        str(file): (file.stat().st_ino, file.read_bytes())
        for file in folder.root.glob("groups/*/*.json")
    }


def test_every_group_is_measured_and_marked_against_the_class(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    record, watch = run(request_for(groups), folder)
    assert sorted(watch.graded) == [group.name for group in groups]
    assert record.finished_at is not None
    # Paths 0 to 3 of at most 3 give 10, 6.67, 3.33 and 0; tries 0 to 3.
    assert totals(folder, record) == pytest.approx(
        {
            "team 0": (0 + 10) / 2,
            "team 1": (1 + 10 * 2 / 3) / 2,
            "team 2": (2 + 10 / 3) / 2,
            "team 3": (3 + 0) / 2,
        }
    )
    assert "team 3 error-handling" in watch.checks


@pytest.mark.sandbox
def test_a_run_stopped_while_its_reports_are_written_is_gone_on_with(
    groups: tuple[Group, ...], folder: ClassFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "write_class", stopped)
        with pytest.raises(KeyboardInterrupt):
            grade_class(request_for(groups), folder, Recorded())
    measured = stored(folder)
    watch = Recorded()
    grade_class(request_for(groups), folder, watch)
    assert watch.graded == []
    assert measured.items() <= stored(folder).items()
    record = folder.record()
    assert record is not None and record.finished_at is not None


def test_the_order_of_the_groups_changes_no_mark(
    groups: tuple[Group, ...], folder: ClassFolder, tmp_path: Path
) -> None:
    forwards, _ = run(request_for(groups), folder)
    other = ClassFolder(tmp_path / "other")
    backwards, _ = run(request_for(groups[::-1]), other)
    assert totals(folder, forwards) == totals(other, backwards)


def test_one_groups_trouble_is_its_own(
    groups: tuple[Group, ...], folder: ClassFolder, tmp_path: Path
) -> None:
    alone, _ = run(request_for(groups), folder)
    bad = (
        Group(name="gone", folder="gone", source=str(tmp_path / "nowhere")),
        Group(name="odd", folder="odd", source="ext::sh -c touch% /tmp/x"),
    )
    other = ClassFolder(tmp_path / "other")
    record, watch = run(request_for((bad[0], *groups, bad[1])), other)
    assert sorted(watch.failed) == ["gone", "odd"]
    assert "nothing at" in watch.failed["gone"].reason
    marks = totals(other, record)
    assert (marks.pop("gone"), marks.pop("odd")) == (None, None)
    assert marks == totals(folder, alone)
    assert other.trouble("gone") == watch.failed["gone"]


def test_a_stopped_run_goes_on_and_does_nothing_twice(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(request_for(groups), folder, Recorded(stop_after=2))
    before = stored(folder)
    assert len(before) >= 4
    record, watch = run(request_for(groups), folder)
    assert watch.done == 2
    assert len(watch.graded) == 2
    after = stored(folder)
    assert {name: after[name] for name in before} == before
    whole, _ = run(request_for(groups), ClassFolder(folder.root.parent / "whole"))
    assert totals(folder, record) == totals(
        ClassFolder(folder.root.parent / "whole"), whole
    )


def test_a_run_that_had_ended_measures_only_what_changed(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    run(request_for(groups), folder)
    (Path(groups[1].source) / "more.py").write_text("open('/etc/more')\n")
    record, watch = run(request_for(groups), folder)
    assert watch.reused == {"team 0": 2, "team 1": 0, "team 2": 2, "team 3": 2}
    assert totals(folder, record)["team 1"] == pytest.approx((1 + 10 / 3) / 2)
    _, watch = run(request_for(groups, refresh=True), folder)
    assert set(watch.reused.values()) == {0}


def test_a_new_item_is_measured_and_the_others_are_not_again(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    run(request_for(groups), folder)
    more = RUBRIC + "      - {checker: file-presence, score: found}\n"
    _, watch = run(request_for(groups, loaded=rubric(more)), folder)
    assert set(watch.reused.values()) == {2}
    assert {line.split()[2] for line in watch.checks} == {"file-presence"}


def test_a_torn_result_is_measured_again_and_kept_aside(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    first, _ = run(request_for(groups), folder)
    expected = totals(folder, first)
    file = folder.group("team-2") / "result.json"
    file.write_bytes(file.read_bytes()[:100])
    record, watch = run(request_for(groups), folder)
    assert watch.reused["team 2"] == 0
    assert totals(folder, record) == expected
    assert list(folder.group("team-2").glob("*.bad"))


def test_what_could_not_be_measured_is_tried_again_by_the_next_run(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    run(request_for(groups), folder)
    evidence = folder.load("team-3")
    assert evidence is not None
    failed = evidence.measurements[0].model_copy(
        update={"outcome": Failed(reason="the network was down")}
    )
    folder.save(
        "team-3",
        evidence.model_copy(
            update={"measurements": (failed, *evidence.measurements[1:])}
        ),
    )
    _, watch = run(request_for(groups), folder)
    assert watch.reused["team 3"] == 1
    again = folder.light("team-3")
    assert again is not None
    assert not any(isinstance(m.outcome, Failed) for m in again.measurements)


def test_only_some_groups_and_the_others_stay(
    groups: tuple[Group, ...], folder: ClassFolder
) -> None:
    record, watch = run(request_for(groups, limit=2), folder)
    assert sorted(watch.graded) == ["team 0", "team 1"]
    assert totals(folder, record)["team 3"] is None
    record, watch = run(request_for(groups, only_groups=("team 3",)), folder)
    assert watch.graded == ["team 3"]
    marks = totals(folder, record)
    assert marks["team 0"] is not None
    assert marks["team 2"] is None
    with pytest.raises(GradeError, match='Did you mean "team 3"'):
        run(request_for(groups, only_groups=("taem 3",)), folder)


def test_no_temporary_files_stay(
    groups: tuple[Group, ...],
    folder: ClassFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with pytest.raises(KeyboardInterrupt):
        run(request_for(groups), folder, Recorded(stop_after=1))
    run(request_for(groups), folder)
    assert list(place.iterdir()) == []
    assert not (folder.root / ".work").exists()


class Dying(Executor):
    """Runs tasks here; the process of some of them dies the first times."""

    def __init__(self, deaths: dict[str, int]) -> None:
        self.deaths = deaths
        self.asked: list[str] = []

    def submit(  # type: ignore[override]
        self, task: Callable[..., object], /, *args: object, **kwargs: object
    ) -> "Future[object]":
        future: Future[object] = Future()
        (given,) = args
        assert isinstance(given, Task)
        self.asked.append(given.group.name)
        if self.deaths.get(given.group.name, 0) > 0:
            self.deaths[given.group.name] -= 1
            future.set_exception(WorkerDied(-9))
        else:
            trouble = Trouble(group=given.group.name, cause="x", reason="here")
            future.set_result(trouble.model_dump_json())
        return future


def tasks(groups: Sequence[Group]) -> Iterator[Task]:
    return iter(
        [
            Task(
                group=group,
                which=Which(),
                items=(),
                surroundings=Surroundings(rubric().rubric.limits),
                boxes=Boxes("none"),
                run="r",
                earlier=None,
                ticker=None,
            )
            for group in groups
        ]
    )


def test_a_killed_worker_costs_its_group_a_retry(groups: tuple[Group, ...]) -> None:
    pool = Dying({"team 1": 1, "team 2": 9})
    found = dict(results(pool, tasks(groups), 2, Recorded(), lambda: None))
    reasons = {
        group.name: one.reason
        for group, one in found.items()
        if isinstance(one, Trouble)
    }
    assert reasons["team 0"] == reasons["team 1"] == "here"
    assert "killed by SIGKILL" in reasons["team 2"]
    assert pool.asked.count("team 1") == 2
    assert pool.asked.count("team 2") == 2


def test_what_workers_say_is_passed_on_and_half_a_line_waits(tmp_path: Path) -> None:
    file = tmp_path / "ticks"
    watch = Recorded()
    with follow(file, watch) as tick:
        ticker = Ticker(file, "team 1")
        ticker.started("lint")
        with file.open("ab") as stream:
            stream.write(b'not json\n["team 2", "started", "py')
        tick()
        assert watch.checks == ["team 1 lint"]
        with file.open("ab") as stream:
            stream.write(b'lint"]\n')
        ticker.finished("lint", NotApplicable(reason="nothing"))
        tick()
    assert watch.checks == ["team 1 lint", "team 2 pylint"]


def test_the_largest_begins_first_and_what_lies_elsewhere_last(tmp_path: Path) -> None:
    def lying(name: str, size: int) -> Group:
        home = tmp_path / name / "src"
        home.mkdir(parents=True)
        (home / "a.py").write_text("#" * size)
        (home / "data.csv").write_text("1\n" * 1_000)
        return Group(name=name, folder=name, source=str(home.parent))

    url = Group(name="url", folder="url", source="https://example.org/a/b")
    gone = Group(name="gone", folder="gone", source=str(tmp_path / "gone\0"))
    small, large, middle = lying("s", 1), lying("l", 99), lying("m", 10)
    order = largest_first([url, small, gone, large, middle])
    assert [group.name for group in order] == ["l", "m", "s", "url", "gone"]
