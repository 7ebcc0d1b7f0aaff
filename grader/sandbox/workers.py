"""A pool in which every task has a process of its own, and dies alone.

`concurrent.futures.ProcessPoolExecutor` gives up all that is under way when one of its
workers is killed, and keeps what a task has filled the memory with. Here a task is forked
from a server that has the modules loaded already, or started anew where there is no fork,
and is gone when it ends. It ends too when this process does, however that happens.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

# What comes back: the result in a tuple, or what the task raised.
_Answer = tuple[_T] | Exception

# What the server has loaded stays, and a task leaves little garbage: looking through both took
# a tenth of a group's process and a fifth of one that writes pages. So many objects are some
# 10 MiB.
_COLLECT_EVERY = 100_000

# How long a process may take to end by itself once it has handed over its result.
_LEAVE_S = 10.0


class WorkerDied(Exception):
    """A task's process ended without a result; `status` is minus the signal that killed it."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        super().__init__(f"the worker process ended: {describe(status)}")


class Stopped(Exception):
    """The pool was closed while the task was under way."""


def describe(status: int | None) -> str:
    """An exit status in words."""
    if status is not None and status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return f"exit status {status}"


class WorkerPool(ThreadPoolExecutor):
    """An `Executor` whose tasks run in processes of their own, `count` at a time.

    Functions and arguments are pickled. `preload` are modules that the server loads.
    """

    def __init__(self, count: int, preload: Sequence[str] = ()) -> None:
        super().__init__(max_workers=count, thread_name_prefix="worker")
        self._context = _context(preload)
        self._guard = threading.Lock()
        self._running: set[BaseProcess] = set()
        self._is_stopped = False

    def submit(
        self, task: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> "Future[_T]":
        """Run a task in a process of its own."""
        return super().submit(self._run, task, args, kwargs)

    def stop(self) -> None:
        """Start nothing more, and end what is under way."""
        with self._guard:
            self._is_stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()
        self.shutdown(cancel_futures=True)

    def _run(
        self,
        task: Callable[..., _T],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> _T:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]
            target=_work,
            args=(theirs, task, args, kwargs, dict(os.environ)),
            daemon=False,
        )
        with self._guard:
            if self._is_stopped:
                raise Stopped
            process.start()
            self._running.add(process)
        theirs.close()
        try:
            result: _T = self._received(ours, process)
            return result
        finally:
            ours.close()
            process.join(_LEAVE_S)
            if process.exitcode is None:
                process.kill()
                process.join()
            with self._guard:
                self._running.discard(process)

    def _received(
        self, ours: "Connection[object, _Answer[_T]]", process: BaseProcess
    ) -> _T:
        answer: _Answer[_T]
        try:
            answer = ours.recv()
        except (EOFError, ConnectionResetError):
            process.join(_LEAVE_S)
            if self._is_stopped:
                raise Stopped from None
            raise WorkerDied(process.exitcode) from None
        if isinstance(answer, Exception):
            raise answer
        return answer[0]


def _work(
    theirs: "Connection[_Answer[object], object]",
    task: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    environment: dict[str, str],
) -> None:
    """What runs in the process of a task.

    The server was started under what may have been another environment.
    """
    os.environ.clear()
    os.environ.update(environment)
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, *gc.get_threshold()[1:])
    # A key that is pressed reaches every process: the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, args=(theirs,), daemon=True).start()
    answer: _Answer[object]
    try:
        answer = (task(*args, **kwargs),)
    except Exception as error:  # it is the caller's to handle, in its process
        answer = error
    theirs.send(answer)


def _leave_with_parent(theirs: "Connection[_Answer[object], object]") -> None:
    try:
        theirs.recv()
    except (EOFError, OSError):
        # Nobody is left to tell. What runs in boxes ends with this process.
        os._exit(1)


def begins_loaded() -> bool:
    """Whether a task's process has the modules that are loaded for all from its beginning."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def _context(preload: Sequence[str]) -> BaseContext:
    if not begins_loaded():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context
