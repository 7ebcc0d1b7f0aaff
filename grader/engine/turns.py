"""So many at a time, in the order in which they ask."""

from collections import deque
from threading import Event, Lock
from typing import Literal


class Turns:
    """As `threading.Semaphore`, but fair.

    There whoever gives a turn back and asks again at once is served before those who wait.
    """

    def __init__(self, count: int) -> None:
        self._lock = Lock()
        self._free = count
        self._waiting: deque[Event] = deque()

    def acquire(self) -> None:
        """Wait for a turn."""
        mine = Event()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(mine)
        mine.wait()

    def release(self) -> None:
        """Hand the turn to who has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def __enter__(self) -> "Turns":
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> Literal[False]:
        self.release()
        return False
