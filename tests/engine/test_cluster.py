"""A class on a cluster's workers: the same results, and a dead worker costs a retry."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PosixPath
from typing import cast

import pytest
from distributed import Client, LocalCluster, Worker, WorkerPlugin

from grader.checkers._registry import installed
from grader.engine import cluster as client_side
from grader.engine import cluster_worker
from grader.engine.batch import ClassRequest, run_class
from grader.engine.classroom import grade_class
from grader.engine.cluster import parse_where
from grader.engine.cluster_worker import Machine
from grader.engine.items import catalogue
from grader.engine.store import ClassFolder
from grader.engine.task import Task
from grader.errors import ExitCode, GradeError
from grader.model.classroom import Group
from grader.model.evidence import Evidence
from grader.rubric.load import parse_rubric
from grader.sandbox.apart import run_apart
from tests.engine.test_batch import RUBRIC, Recorded

TABLES = ("scores.csv", "items.csv", "cohort.json")


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler and two workers, in processes of their own."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
        memory_limit=None,
    ) as started:
        yield started


@pytest.fixture(scope="module")
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster, set_as_default=False) as connected:  # type: ignore[no-untyped-call]
        yield connected


@pytest.fixture(scope="module")
def address(cluster: LocalCluster) -> str:
    return str(cluster.scheduler_address)


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> tuple[Group, ...]:
    """A starter, and three folders; the n-th has n hard-coded paths and n try blocks."""
    place = tmp_path_factory.mktemp("clones")
    body = "try:\n    open('/data/x.csv')\nexcept OSError:\n    raise\n"
    made = []
    for number in range(4):
        home = place / ("starter" if number == 3 else f"team {number}")
        home.mkdir()
        (home / "main.py").write_text("import os\n" + body * min(number + 1, 2))
        if number < 3:
            made.append(Group(name=home.name, folder=f"t{number}", source=str(home)))
    return tuple(made)


def request_for(groups: Sequence[Group], where: str | None) -> ClassRequest:
    text = f"{RUBRIC}template: {Path(groups[0].source).parent / 'starter'}\n"
    return ClassRequest(
        groups=tuple(groups),
        loaded=parse_rubric(
            text.encode(), "r.yaml", catalogue(installed()), folder=Path()
        ),
        isolation="none",
        environment="none",
        cluster=where,
        workers=2,
    )


def run(
    groups: Sequence[Group], where: str, root: Path, watch: Recorded | None = None
) -> Recorded:
    watch, folder = watch or Recorded(), ClassFolder(root)
    with folder.locked():
        run_class(request_for(groups, where), folder, watch)
    return watch


def comparable(evidence: Evidence | None) -> object:
    """What a group's result says, but for clocks and the name of the run."""
    assert evidence is not None
    told = evidence.model_dump(exclude={"run", "measured_at", "duration_s"})
    for one in told["measurements"]:
        one.pop("duration_s")
    return told


@pytest.fixture(scope="module")
def both(
    groups: tuple[Group, ...], address: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ClassFolder, ClassFolder, Recorded]:
    """The class measured here, and on the cluster with what was said meanwhile."""
    place = tmp_path_factory.mktemp("both")
    here, there, watch = (
        ClassFolder(place / "here"),
        ClassFolder(place / "there"),
        Recorded(),
    )
    grade_class(request_for(groups, None), here, Recorded())
    grade_class(request_for(groups, address), there, watch)
    return here, there, watch


@pytest.mark.sandbox
def test_a_cluster_comes_to_the_same_to_the_byte(
    both: tuple[ClassFolder, ClassFolder, Recorded], groups: tuple[Group, ...]
) -> None:
    here, there, _ = both
    for name in TABLES:
        assert (there.root / name).read_bytes() == (here.root / name).read_bytes()
    for group in groups:
        found = there.load(group.folder)
        assert comparable(found) == comparable(here.load(group.folder))
        assert found is not None and len(found.measurements) == 2
    records = [folder.record() for folder in both[:2]]
    assert len({one.isolation for one in records if one is not None}) == 1


@pytest.mark.sandbox
def test_what_the_workers_are_at_is_seen_here(
    both: tuple[ClassFolder, ClassFolder, Recorded],
) -> None:
    _, _, watch = both
    assert sorted(watch.graded) == ["team 0", "team 1", "team 2"]
    assert set(watch.checks) <= {
        f"team {n} {check}" for n in range(3) for check in CHECKS
    }
    assert watch.checks


CHECKS = ("error-handling", "config-paths")


def deadly(log: str, deaths: int, *args: object) -> str:
    """Takes the place of `run_apart`: one group kills the worker, so many times."""
    task = args[2]
    assert isinstance(task, Task)
    file = Path(log)
    if task.group.name == "team 1" and len(file.read_text()) < deaths:
        with file.open("a") as stream:
            stream.write("x")
        # What was said before must have been sent.
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    return cast(Callable[..., str], run_apart)(*args)


def waiting(log: str, is_wanted: Callable[[], bool], *_: object) -> str:
    """Takes the place of `run_apart`: goes on for as long as somebody waits."""
    Path(log).write_text("under way")
    while is_wanted():
        time.sleep(0.05)
    Path(log).write_text("stopped")
    return ""


class Blind(PosixPath):
    """A machine that does not have the folder of one group."""

    def exists(self, **_: object) -> bool:
        return self.name != "team 1"


# As a worker finds it when this file is imported there, which is before it is replaced.
BEFORE = {
    name: getattr(cluster_worker, name)
    for name in ("run_apart", "Path", "this_machine")
}


def restore(name: str) -> None:
    setattr(cluster_worker, name, BEFORE[name])


def other_machine(isolation: str) -> Machine:
    return Machine("odd-node", 1, {"pylint": "1.0"}, isolation)


class Replacing(WorkerPlugin):
    """Puts something else into the module on every worker, those that come later too."""

    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self.thing = value

    def setup(self, worker: Worker) -> None:
        setattr(cluster_worker, self.name, self.thing)


@contextmanager
def replaced(client: Client, name: str, value: object) -> Iterator[None]:
    client.register_plugin(Replacing(name, value), name=f"replacing-{name}")
    try:
        yield
    finally:
        client.unregister_worker_plugin(f"replacing-{name}")  # type: ignore[no-untyped-call]
        client.run(restore, name)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("deaths", "lost"),
    [(1, []), pytest.param(9, ["team 1"], marks=pytest.mark.sandbox)],
)
def test_a_dead_worker_costs_its_own_group_a_retry_and_no_more_than_that(
    client: Client,
    groups: tuple[Group, ...],
    address: str,
    tmp_path: Path,
    deaths: int,
    lost: list[str],
) -> None:
    log = tmp_path / "deaths"
    log.write_text("")
    with replaced(client, "run_apart", partial(deadly, str(log), deaths)):
        watch = run(groups, address, tmp_path / "class")
    assert len(log.read_text()) >= min(deaths, 2)
    assert list(watch.failed) == lost
    assert sorted([*watch.graded, *lost]) == ["team 0", "team 1", "team 2"]
    for trouble in watch.failed.values():
        assert trouble.cause == "worker"
        assert "worker ended while it measured this group, 2 times" in trouble.reason


class Stopping(Recorded):
    """A key is pressed once a group is under way."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log = log

    def waited(self) -> None:
        if self.log.exists():
            raise KeyboardInterrupt


@pytest.mark.sandbox
def test_a_run_that_is_stopped_leaves_nothing_running_on_the_workers(
    client: Client, groups: tuple[Group, ...], address: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with replaced(client, "run_apart", partial(waiting, str(log))):
        with pytest.raises(KeyboardInterrupt):
            run(groups[:1], address, tmp_path / "class", Stopping(log))
        for _ in range(200):
            if log.read_text() == "stopped":
                break
            time.sleep(0.05)
    assert log.read_text() == "stopped"


@pytest.mark.sandbox
def test_a_folder_that_a_worker_does_not_see_is_that_groups_trouble(
    client: Client, groups: tuple[Group, ...], address: str, tmp_path: Path
) -> None:
    with replaced(client, "Path", Blind):
        watch = run(groups, address, tmp_path / "class")
    assert sorted(watch.graded) == ["team 0", "team 2"]
    assert "is not there on the worker" in watch.failed["team 1"].reason
    assert "every worker sees them" in watch.failed["team 1"].hint


@pytest.mark.sandbox
def test_a_worker_with_other_versions_is_named_and_the_run_refused(
    client: Client, groups: tuple[Group, ...], address: str, tmp_path: Path
) -> None:
    with replaced(client, "this_machine", other_machine):
        with pytest.raises(GradeError) as refused:
            run(groups, address, tmp_path / "class")
    assert refused.value.exit_code == ExitCode.ENVIRONMENT
    assert "on odd-node: " in refused.value.message
    assert "pylint 1.0, not " in refused.value.message
    assert not (tmp_path / "class" / "groups").exists()


class Joined(Recorded):
    """After the workers were compared, others take their place."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client

    def began(self, groups: Sequence[Group], done: int, workers: int) -> None:
        self.client.run(setattr, cluster_worker, "this_machine", other_machine)


@pytest.mark.sandbox
def test_a_worker_that_comes_later_measures_nothing_unless_it_is_alike(
    client: Client, groups: tuple[Group, ...], address: str, tmp_path: Path
) -> None:
    try:
        with pytest.raises(GradeError, match="on odd-node: ") as refused:
            run(groups, address, tmp_path / "class", Joined(client))
    finally:
        client.run(restore, "this_machine")
    assert refused.value.exit_code == ExitCode.ENVIRONMENT
    # The run had begun, with workers that were alike.
    assert (tmp_path / "class" / "class.json").exists()
    assert not (tmp_path / "class" / "groups").exists()


def test_a_scheduler_that_does_not_answer_is_said_with_the_remedy(
    groups: tuple[Group, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_side, "_CONNECT_S", 0.5)
    with pytest.raises(GradeError, match="no scheduler answers at tcp://") as refused:
        run(groups, "tcp://127.0.0.1:9", tmp_path / "class")
    assert refused.value.exit_code == ExitCode.ENVIRONMENT
    assert "dask scheduler" in refused.value.hint


def test_a_tls_address_without_certificates_is_said_at_once(
    groups: tuple[Group, ...], tmp_path: Path
) -> None:
    with pytest.raises(GradeError, match="needs certificates") as refused:
        run(groups, "tls://127.0.0.1:9", tmp_path / "class")
    assert "TLS__CA_FILE" in refused.value.hint


def other_program(*_: object) -> dict[str, str]:
    return {"mlops-grade": "0.0.1"}


@pytest.mark.sandbox
def test_a_scheduler_of_another_version_is_refused(
    groups: tuple[Group, ...],
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Client, "run_on_scheduler", other_program)
    with pytest.raises(GradeError, match="does not measure with the same") as refused:
        run(groups, address, tmp_path / "class")
    assert f"the scheduler at {address}: mlops-grade 0.0.1, " in refused.value.message


def test_without_the_extra_it_is_said_how_to_get_it(
    groups: tuple[Group, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GradeError, match="not installed") as refused:
        run(groups, "local:2", tmp_path / "class")
    assert 'pip install "mlops-grade[cluster]"' in refused.value.hint


def test_nothing_of_dask_is_imported_unless_it_is_asked_for() -> None:
    program = (
        "import sys, grader.cli.app, grader.engine.classroom, grader.engine.shards\n"
        "assert not {'distributed', 'dask'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "where",
    [
        "",
        "local",
        "local:0",
        "local:x",
        "http://a:1",
        "tcp://a",
        "tcp:a:1",
        "10.0.0.5:1",
    ],
)
def test_what_names_no_cluster_is_refused_with_what_does(where: str) -> None:
    with pytest.raises(GradeError, match="is no cluster") as refused:
        parse_where(where)
    assert "local:4" in refused.value.hint


def test_what_names_a_cluster() -> None:
    assert parse_where("local:4") == (4, "")
    assert parse_where("tcp://[::1]:8786") == (None, "tcp://[::1]:8786")
    assert parse_where("tls://grader.example:8786")[0] is None


def test_each_thing_that_differs_between_two_machines_is_named() -> None:
    one = Machine("a", 4, {"pylint": "4.1.4", "Python": "3.11"}, "bubblewrap")
    assert one.differences(Machine("b", 8, one.versions, "bubblewrap")) == []
    other = Machine("b", 4, {"pylint": "4.0", "black": "26"}, "landlock")
    assert other.differences(one) == [
        "pylint 4.0, not 4.1.4",
        "Python missing, not 3.11",
        "black 26, not missing",
        'isolation "landlock", not "bubblewrap"',
    ]
