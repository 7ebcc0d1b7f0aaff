"""Runs one function in a Python process of its own, from a process that may have no children.

`multiprocessing` refuses to start anything in a daemonic process, which the workers of a
cluster are. Here the process is started as any other program is. It ends when the one that
started it does, however that happens: its standard input is then at its end.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, ParamSpec, TypeVar

from grader.sandbox.workers import Stopped, WorkerDied

_P = ParamSpec("_P")
_T = TypeVar("_T")

# How many bytes say how long what follows is.
_LENGTH = 8
# How often is asked whether anybody still waits for the result.
_LOOK_S = 0.25


def run_apart(
    is_wanted: Callable[[], bool],
    function: Callable[_P, _T],
    /,
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> _T:
    """What a function of a module returns or raises in a process of its own.

    The function and its arguments are pickled. Raises `WorkerDied` when the process ends
    without a result, and `Stopped`, with the process ended, once the result `is_wanted` no
    more, which is asked several times a second.
    """
    asked = pickle.dumps((function, args, kwargs))
    process = subprocess.Popen(
        # -P: what lies in the folder that the worker was started in is not imported.
        [sys.executable, "-P", "-m", "grader.sandbox.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A key that is pressed reaches the whole group: the first process decides.
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    reader = _Reader(process.stdout)
    try:
        # Who dies before it has read everything has answered with its status.
        with suppress(BrokenPipeError):
            process.stdin.write(len(asked).to_bytes(_LENGTH, "big") + asked)
            process.stdin.flush()
        while reader.is_reading(_LOOK_S):
            if not is_wanted():
                raise Stopped
        answered = reader.text
    finally:
        process.kill() if not reader.text else None
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        reader.is_reading(None)
        process.stdout.close()
    if not answered:
        raise WorkerDied(process.returncode)
    found: tuple[_T] | Exception = pickle.loads(answered)
    if isinstance(found, Exception):
        raise found
    return found[0]


class _Reader(threading.Thread):
    """Reads a stream to its end, beside what else is done."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.text = b""
        self._stream = stream
        self.start()

    def run(self) -> None:
        """Until the other end is closed."""
        self.text = self._stream.read()

    def is_reading(self, seconds: float | None) -> bool:
        """Whether the end has not come within so many seconds."""
        self.join(seconds)
        return self.is_alive()


def main() -> None:
    """What runs in the process: the function that standard input names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What anything prints must not be taken for the answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    size = int.from_bytes(sys.stdin.buffer.read(_LENGTH), "big")
    function, args, kwargs = pickle.loads(sys.stdin.buffer.read(size))
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    answer: tuple[object] | Exception
    try:
        answer = (function(*args, **kwargs),)
    except Exception as error:  # it is the caller's to handle, in its process
        answer = error
    answers.write(_pickled(answer))
    answers.flush()
    os._exit(0)


def _pickled(answer: tuple[object] | Exception) -> bytes:
    try:
        raw = pickle.dumps(answer)
        pickle.loads(raw)
    except Exception as error:  # not every exception can be made again from its words
        said = answer if isinstance(answer, Exception) else error
        return pickle.dumps(RuntimeError(f"{type(said).__name__}: {said}"))
    return raw


def _leave_with_parent() -> None:
    sys.stdin.buffer.read(1)
    # Nobody is left to tell. What runs in boxes ends with this process.
    os._exit(1)


if __name__ == "__main__":
    main()
