"""How the workers of a class say what they are at: lines in a file that the run reads.

A file that is only appended to needs no process to be alive, and no lock that one could die
with. Each line is shorter than what a system appends at once.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from grader.model.measurement import Outcome

_WORDS = 300


class Listener(Protocol):
    """Who is told what the workers do."""

    def check_started(self, group: str, item: str) -> None:
        """A check of a group begins."""

    def check_finished(self, group: str, item: str, outcome: str) -> None:
        """A check of a group has ended: `measured`, `not-applicable` or `failed`."""

    def told(self, group: str, words: str) -> None:
        """Something longer has begun for a group."""

    def waited(self) -> None:
        """Some time has passed."""


class Ticker:
    """A `Watch` of one group that writes to the file."""

    def __init__(self, file: Path, group: str) -> None:
        self._file = file
        self._group = group

    def planned(self, count: int) -> None:
        """Not told."""

    def told(self, words: str) -> None:
        """Something longer has begun."""
        self._write("told", words[:_WORDS])

    def started(self, item: str) -> None:
        """A check begins."""
        self._write("started", item)

    def finished(self, item: str, outcome: Outcome) -> None:
        """A check has ended."""
        self._write("finished", item, outcome.kind)

    def _write(self, *words: str) -> None:
        line = json.dumps([self._group, *words]) + "\n"
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


@contextmanager
def follow(file: Path, listener: Listener) -> Iterator[Callable[[], None]]:
    """A function that tells the listener what was written since it was last called."""
    file.touch(mode=0o600)
    with file.open("rb") as stream:
        rest = b""

        def tick() -> None:
            nonlocal rest
            *lines, rest = (rest + stream.read()).split(b"\n")
            for line in lines:
                _tell(listener, line)
            listener.waited()

        yield tick


def _tell(listener: Listener, line: bytes) -> None:
    try:
        match json.loads(line):
            case [str(group), "told", str(words)]:
                listener.told(group, words)
            case [str(group), "started", str(item)]:
                listener.check_started(group, item)
            case [str(group), "finished", str(item), str(outcome)]:
                listener.check_finished(group, item, outcome)
    except ValueError:
        # Of a worker that was killed while it wrote.
        return
