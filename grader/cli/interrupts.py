"""A run that is asked to stop, by a key or by the system, leaves things in order first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: raise `KeyboardInterrupt` here."""

    def stop(number: int, frame: FrameType | None) -> None:
        # Once is enough: what is cleaned up now must not be interrupted by a second one.
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
