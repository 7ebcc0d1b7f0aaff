"""A function in a process of its own, started by one that may have no children."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from grader.sandbox.apart import run_apart
from grader.sandbox.workers import Stopped, WorkerDied
from tests.engine.test_workers import is_alive, wait_for


class Odd(Exception):
    """Can't be made again from its words."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def loud(number: int) -> tuple[int, int]:
    print("not the answer")
    os.write(1, b"nor is this")
    return os.getpid(), 2 * number


def fail() -> None:
    raise ValueError("a word")


def fail_oddly() -> None:
    raise Odd("two ", "words")


def linger(file: str) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has our path: the functions here are of a module that isn't installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def always() -> bool:
    return True


def test_the_result_comes_back_whatever_is_printed() -> None:
    pid, number = run_apart(always, loud, 21)
    assert number == 42
    assert pid != os.getpid()


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="a word"):
        run_apart(always, fail)
    with pytest.raises(RuntimeError, match="Odd: two words"):
        run_apart(always, fail_oddly)


def test_a_process_that_is_killed_is_no_result() -> None:
    with pytest.raises(WorkerDied, match="killed by SIGKILL"):
        run_apart(always, die)


def test_it_is_ended_once_nobody_waits(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(Stopped):
        run_apart(lambda: not file.exists() or not file.read_text(), linger, str(file))
    assert not is_alive(int(file.read_text()))


def in_a_daemon(file: str) -> None:
    run_apart(always, linger, file)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_daemonic_process_can_start_it_and_it_ends_with_that(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    parent = multiprocessing.get_context("spawn").Process(
        target=in_a_daemon, args=(str(file),), daemon=True
    )
    parent.start()
    pid = wait_for(file)
    parent.kill()
    parent.join()
    for _ in range(100):
        if not is_alive(pid):
            return
        time.sleep(0.1)
    raise AssertionError("the process lives on")
