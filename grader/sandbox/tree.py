"""A process and everything that comes from it: what it uses, and how it is ended.

Linux only: read from /proc. Elsewhere a tree is the process alone.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Tree:
    """The descendants of `pid`, which is itself left out: it is ours, the keeper."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def members(self) -> tuple[int, ...]:
        """The process ids now; some may have ended by the time they are used."""
        return tuple(_descendants(self.pid))

    def tasks(self, members: tuple[int, ...]) -> int:
        """How many threads the members have, which is what the kernel's limit counts."""
        return sum(_thread_count(pid) for pid in members)

    def memory(self, members: tuple[int, ...], enough: int) -> int:
        """Bytes of memory that are the members' own, shared ones counted once.

        Exact only above `enough`: below, pages that several share count several times.
        """
        resident = sum(_resident(pid) for pid in members)
        if resident <= enough:
            return resident
        return sum(_proportional(pid) for pid in members)

    def end(self) -> None:
        """Kill the members until none is left, then the process itself."""
        for _ in range(2_000):
            members = self.members()
            if not members:
                break
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
            time.sleep(0.001)
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _descendants(pid: int) -> Iterator[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        for child in _read(f"/proc/{pid}/task/{thread}/children").split():
            yield int(child)
            yield from _descendants(int(child))


def _thread_count(pid: int) -> int:
    # The name of the program stands in brackets and may have any characters.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[17]) if len(fields) > 17 else 0


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE if len(fields) > 1 else 0


def _proportional(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    # Not ours to look into, or just gone.
    return _resident(pid)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""
