"""Every task in a process of its own, which dies alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.sandbox.workers import Stopped, WorkerDied, WorkerPool, describe


def double(number: int) -> int:
    return 2 * number


def own_process() -> int:
    return os.getpid()


def loaded() -> set[str]:
    return set(sys.modules)


def fail(words: str) -> None:
    raise ValueError(words)


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def leave(status: int) -> None:
    os._exit(status)


def linger(file: str) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def test_results_and_errors_come_back(pool: WorkerPool) -> None:
    with pool:
        assert [pool.submit(double, n).result(60) for n in (1, 2)] == [2, 4]
        with pytest.raises(ValueError, match="a word"):
            pool.submit(fail, "a word").result(60)


def test_every_task_has_a_process_of_its_own(pool: WorkerPool) -> None:
    with pool:
        found = {pool.submit(own_process).result(60) for _ in range(3)}
    assert len(found) == 3
    assert os.getpid() not in found


def test_what_every_group_needs_is_loaded_before_its_process_starts(
    pool: WorkerPool,
) -> None:
    with pool:
        found = pool.submit(loaded).result(60)
    kinds = {type(checker).__module__ for checker in installed().checkers.values()}
    assert kinds <= found


def test_a_worker_that_dies_takes_nobody_with_it(pool: WorkerPool) -> None:
    with pool:
        killed = pool.submit(die, signal.SIGKILL)
        left = pool.submit(leave, 7)
        fine = pool.submit(double, 21)
        with pytest.raises(WorkerDied, match="killed by SIGKILL"):
            killed.result(60)
        with pytest.raises(WorkerDied, match="exit status 7"):
            left.result(60)
        assert fine.result(60) == 42


def wait_for(file: Path) -> int:
    for _ in range(600):
        if file.exists() and (text := file.read_text()):
            return int(text)
        time.sleep(0.1)
    raise AssertionError(f"{file} did not come")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stopping_the_pool_ends_what_is_under_way(
    pool: WorkerPool, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    future = pool.submit(linger, str(file))
    pid = wait_for(file)
    pool.stop()
    with pytest.raises(Stopped):
        future.result(60)
    assert not is_alive(pid)


@pytest.mark.sandbox
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_ends_with_a_killed_parent(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = (
        "from tests.engine.test_workers import *\n"
        f"WorkerPool(1).submit(linger, {str(file)!r}).result()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    pid = wait_for(file)
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not is_alive(pid):
            return
        time.sleep(0.1)
    raise AssertionError("the worker lives on")


def test_an_exit_status_in_words() -> None:
    assert describe(-9) == "killed by SIGKILL"
    assert describe(3) == "exit status 3"
