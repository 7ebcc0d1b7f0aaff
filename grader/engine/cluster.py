"""Grades a class on the workers of a Dask cluster, with the results of one machine.

What each worker does is in `grader.engine.cluster_worker`; this is the side that sends. Which
program, tools and isolation a worker has is compared before the first group and again with
each one, so that no mark depends on who measured. No token is sent. Nothing of Dask is
imported unless a cluster is asked for.
"""

import logging
import pickle
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.engine import cluster_worker
from grader.engine.cluster_worker import (
    Died,
    Errand,
    Machine,
    Unlike,
    describe,
    measure_on_worker,
    program,
    this_machine,
)
from grader.engine.request import AUTO, NONE
from grader.engine.task import Task, measure_group
from grader.errors import ExitCode, GradeError
from grader.sandbox.choose import Isolation
from grader.sandbox.workers import WorkerDied
from grader.submissions.address import looks_like_url

if TYPE_CHECKING:
    from distributed import Client

EXTRA = 'pip install "mlops-grade[cluster]"'

# How often a group is tried whose worker is killed.
ATTEMPTS = 2
_CONNECT_S = 8
_FIRST_WORKER_S = 20
# How long a run waits for workers once the last one has gone, and how often it asks.
_NO_WORKER_S, _ASK_S = 120.0, 5.0


class WorkerLost(Exception):
    """The workers that measured a group have died, as often as it may be tried."""


@contextmanager
def cluster_at(where: str, isolation: Isolation) -> Iterator["ClusterPool"]:
    """The workers of a cluster, once they are found to be alike.

    `where` is the scheduler's address or `local:N`, which starts N workers here. Raises
    `GradeError` for a scheduler that does not answer, and for workers that differ.
    """
    count, address = parse_where(where)
    try:
        import distributed
    except ImportError as error:
        raise GradeError(
            f"--cluster needs Dask, which is not installed ({error}).",
            hint=f"{EXTRA}, here and on every worker.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error
    # What goes wrong there is said in our words, once.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    for name in ("client", "core", "utils", "cfexecutor"):
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    with ExitStack() as held:
        if count is not None:
            local = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                preload=[cluster_worker.__name__],
                # What is measured is not in the worker's process: its limit would be ours.
                memory_limit=None,
                # We count ourselves, and only what had begun when its worker died.
                scheduler_kwargs={"allowed_failures": 10 * ATTEMPTS},
            )
            held.callback(local.close)
            address = str(local.scheduler_address)
        client = _connected(address)
        held.callback(client.close)
        pool = ClusterPool(client, address, isolation)
        held.callback(pool.stop)
        yield pool


def parse_where(where: str) -> tuple[int | None, str]:
    """How many workers to start here, or None and the scheduler's address."""
    kind, _, rest = where.partition(":")
    if kind == "local" and rest.isascii() and rest.isdigit() and 1 <= int(rest) <= 512:
        return int(rest), ""
    host = rest.removeprefix("//")
    if kind in ("tcp", "tls") and host != rest and host.rpartition(":")[2].isdigit():
        return None, where
    raise GradeError(
        f'--cluster "{where}" is no cluster.',
        hint="Give the scheduler's address, such as tcp://10.0.0.5:8786 or tls://…, or "
        "local:4 for four workers on this machine.",
    )


def _connected(address: str) -> "Client":
    from distributed import Client
    from distributed.security import Security

    security = Security()  # type: ignore[no-untyped-call]
    told = security.get_connection_args("client")  # type: ignore[no-untyped-call]
    if address.startswith("tls:") and told.get("ssl_context") is None:
        raise GradeError(
            f"{address} needs certificates, and Dask's settings name none.",
            hint="Set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and "
            "…__TLS__CLIENT__KEY to the files.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_S, set_as_default=False, name="mlops-grade"
        )
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        said = str(error).strip().partition("\n")[0]
        raise GradeError(
            f"no scheduler answers at {address}: {said or type(error).__name__}",
            hint="Start one with dask scheduler, give the address that it prints, and see "
            "that this machine may reach its port.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error
    return client


class ClusterPool(Executor):
    """An `Executor` on a cluster's workers, all of which measure with the same tools."""

    def __init__(self, client: "Client", address: str, isolation: Isolation) -> None:
        self._client = client
        self._address = address
        self._wanted = isolation
        self._topic = f"mlops-grade-{uuid.uuid4().hex}"
        self._guard = threading.Lock()
        self._begun: Counter[str] = Counter()
        self._waiting: dict[str, tuple[Future[str], Future[str | Unlike | Died]]] = {}
        self._ticks: Path | None = None
        self._asked = time.monotonic()
        self._alone_since: float | None = None
        found = self._checked()
        machines = list(found.values())
        self._expected = machines[0]
        threads: dict[str, int] = client.nthreads()  # type: ignore[no-untyped-call]
        self._mates: Counter[str] = Counter()
        for one, machine in found.items():
            self._mates[machine.node] += threads.get(one, 1)
        self._executor = client.get_executor(pure=False, retries=0)  # type: ignore[no-untyped-call]
        client.subscribe_topic(self._topic, self._heard)  # type: ignore[no-untyped-call]

    @property
    def count(self) -> int:
        """How many groups the workers measure at once."""
        return max(1, self._mates.total())

    @property
    def isolation(self) -> str:
        """What confines the projects' tests on every worker."""
        return self._expected.isolation

    def open(self, ticks: Path) -> "ClusterPool":
        """The pool, which writes to `ticks` what the workers say they are at."""
        self._ticks = ticks
        return self

    def submit(  # type: ignore[override]
        self, function: Callable[[Task], str], task: Task, /
    ) -> "Future[str]":
        """Measure a task's group on any worker."""
        assert function is measure_group
        errand = self._errand(task)
        answer: Future[str] = Future()
        answer.set_running_or_notify_cancel()
        # Bytes, so that the scheduler need not know what is in them.
        sent = self._executor.submit(measure_on_worker, pickle.dumps(errand))
        with self._guard:
            self._waiting[errand.name] = (answer, sent)
        sent.add_done_callback(lambda _: self._ended(errand.name))
        return answer

    def look(self) -> None:
        """To be called now and then. Raises `GradeError` when no worker has been left."""
        self._give_up()
        if self._client.status == "closed":
            raise _gone(f"the connection to {self._address} was lost.")
        now = time.monotonic()
        if now - self._asked < _ASK_S:
            return
        self._asked = now
        with suppress(OSError):
            if self._client.nthreads():  # type: ignore[no-untyped-call]
                self._alone_since = None
                return
        self._alone_since = self._alone_since or now
        if now - self._alone_since > _NO_WORKER_S:
            raise _gone(f"{self._address} has no worker left.")

    def stop(self) -> None:
        """Cancel what is under way: the workers end it as soon as they hear of it."""
        with self._guard:
            self._waiting.clear()
        with suppress(OSError, TimeoutError, CancelledError):
            self._executor.shutdown(wait=False)

    def _errand(self, task: Task) -> Errand:
        source, environment = task.group.source, task.surroundings.environment
        if environment not in (AUTO, NONE):
            # A worker was started in another folder than this program.
            environment = str(Path(environment).absolute())
        return Errand(
            name=uuid.uuid4().hex,
            group=task.group,
            which=task.which,
            items=task.items,
            surroundings=replace(
                task.surroundings, environment=environment, work=None, jobs=None
            ),
            run=task.run,
            earlier=task.earlier,
            isolation=self._wanted,
            expected=self._expected,
            is_here=not looks_like_url(source) and Path(source).exists(),
            mates=dict(self._mates),
            topic=self._topic,
        )

    def _ended(self, name: str) -> None:
        """Pass a worker's answer on, in words that know nothing of Dask."""
        from distributed import KilledWorker

        with self._guard:
            waiting = self._waiting.pop(name, None)
        if waiting is None:
            return
        answer, sent = waiting
        if sent.cancelled():
            answer.set_exception(_gone(f"the connection to {self._address} was lost."))
            return
        match sent.exception():
            case None:
                found = sent.result()
            case KilledWorker():
                answer.set_exception(WorkerLost())
                return
            case CancelledError():
                answer.set_exception(
                    _gone(f"the connection to {self._address} was lost.")
                )
                return
            case error:
                answer.set_exception(error)
                return
        match found:
            case Died(status):
                answer.set_exception(WorkerDied(status))
            case Unlike(words):
                answer.set_exception(_unlike([words]))
            case str():
                answer.set_result(found)

    def _heard(self, event: tuple[float, list[str]]) -> None:
        match event[1]:
            case ["begun", name]:
                with self._guard:
                    self._begun[name] += 1
            case ["ended", name]:
                # A result may be lost with a worker that another group has killed.
                with self._guard:
                    self._begun[name] -= 1
            case ["told", text] if self._ticks is not None:
                with suppress(OSError), self._ticks.open("ab") as stream:
                    stream.write(text.encode())

    def _give_up(self) -> None:
        """What has begun once more than it may be tried has killed its worker each time.

        The scheduler would go on to its own number, which another one sets.
        """
        with self._guard:
            lost = [n for n in self._waiting if self._begun[n] > ATTEMPTS]
            given_up = [self._waiting.pop(name) for name in lost]
        for answer, sent in given_up:
            sent.cancel()
            answer.set_exception(WorkerLost())

    def _checked(self) -> dict[str, Machine]:
        """Every worker with what it has. Raises `GradeError` unless that is the same."""
        client = self._client
        try:
            client.wait_for_workers(1, timeout=_FIRST_WORKER_S)
        except TimeoutError as error:
            raise _gone(f"the scheduler at {self._address} has no worker.") from error
        asked: dict[str, Machine | Exception] = client.run(
            describe, self._wanted, on_error="return"
        )
        here = replace(this_machine("none"), isolation="")
        isolations = Counter(
            one.isolation for one in asked.values() if isinstance(one, Machine)
        )
        usual = isolations.most_common(1)[0][0] if isolations else ""
        expected = replace(here, isolation=usual)
        found, wrong = {}, self._scheduler_differences()
        for address, machine in sorted(asked.items()):
            if isinstance(machine, Exception):
                wrong.append(f"{address}: mlops-grade can't be used there: {machine}")
            elif differences := machine.differences(expected):
                words = "; ".join(differences)
                wrong.append(f"{address} on {machine.node}: {words}")
            else:
                found[address] = machine
        if wrong:
            raise _unlike(wrong)
        return found

    def _scheduler_differences(self) -> list[str]:
        """It reads the names of what it passes on: they must mean the same there."""
        try:
            there = self._client.run_on_scheduler(program)  # type: ignore[no-untyped-call]
        except (
            Exception
        ) as error:  # whatever the scheduler raised, as it was raised there
            said = f"mlops-grade can't be used there: {error}"
            return [f"the scheduler at {self._address}: {said}"]
        found = Machine("", 1, there, "").differences(Machine("", 1, program(), ""))
        return [f"the scheduler at {self._address}: {one}" for one in found]


def _gone(what: str) -> GradeError:
    return GradeError(
        what,
        hint="See that dask scheduler and its workers run (dask worker ADDRESS --nworkers 4 "
        "--nthreads 1), and run the same command again: what was finished is kept.",
        exit_code=ExitCode.ENVIRONMENT,
    )


def _unlike(wrong: Sequence[str]) -> GradeError:
    words = "".join(f"\n  {one}" for one in wrong)
    return GradeError(
        f"the cluster does not measure with the same as this machine:{words}",
        hint="Marks would depend on who measured. Install the same versions on every "
        "machine of the cluster, or take it out, and run the same command again.",
        exit_code=ExitCode.ENVIRONMENT,
    )
