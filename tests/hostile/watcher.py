"""Runs one command line and watches all that comes from it; a script of its own.

    python -I -S watcher.py SPECIFICATION

Orphans of the command become this script's children, whatever session, environment or name
they have taken, so that none is missed. Standard library only, and independent of what the
program itself uses to watch: the two must not be wrong in the same way.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TypedDict

_SET_CHILD_SUBREAPER = 36
_LOOK_S = 0.1
_LINGER_S = 1.0


class Specification(TypedDict):
    """What to run, where its streams go, and after how many seconds it is too late."""

    argv: list[str]
    cwd: str
    environment: dict[str, str]
    stdout: str
    stderr: str
    account: str
    seconds: float


class Account(TypedDict):
    """What was seen: bytes and seconds; `left` are the processes that were left running.

    `peak_bytes` is the memory of the tree, `peak_shared_bytes` by how much the machine's
    shared memory grew (a memfd belongs to no process), `signals` how often something
    signalled this script.
    """

    exit_status: int
    is_late: bool
    seconds: float
    peak_bytes: int
    peak_shared_bytes: int
    peak_processes: int
    signals: int
    left: list[str]


def read_specification(text: str) -> Specification:
    """What `harness` has written."""
    specification: Specification = json.loads(text)
    return specification


def watch(specification: Specification, start: Callable[[Specification], int]) -> None:
    """Start, watch, wait a second, write the account. `start` gives the child's id."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    received: list[int] = []
    signal.signal(signal.SIGURG, lambda number, _: received.append(number))
    began = time.monotonic()
    shared = _shared()
    peak = peak_shared = most = 0
    is_late = False
    child = start(specification)
    while (ended_with := _ending(child)) is None:
        members = _descendants()
        most = max(most, len(members))
        peak = max(peak, _memory(members, peak))
        peak_shared = max(peak_shared, _shared() - shared)
        if time.monotonic() - began > specification["seconds"] and not is_late:
            is_late = True
            os.kill(child, signal.SIGKILL)
        time.sleep(_LOOK_S)
    seconds = time.monotonic() - began
    ended = time.monotonic()
    while _living() and time.monotonic() - ended < _LINGER_S:
        time.sleep(0.02)
    left = [_named(pid) for pid in _living()]
    _end_all()
    account: Account = {
        "exit_status": ended_with,
        "is_late": is_late,
        "seconds": seconds,
        "peak_bytes": peak,
        "peak_shared_bytes": peak_shared,
        "peak_processes": most,
        "signals": len(received),
        "left": left,
    }
    unfinished = f"{specification['account']}.part"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(account, file)
    os.rename(unfinished, specification["account"])


def started(specification: Specification) -> int:
    """The command line in a process that is started anew; its id."""
    os.chdir(specification["cwd"])
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        specification["argv"][0],
        specification["argv"],
        specification["environment"],
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, specification["stdout"], writing, 0o644),
            (os.POSIX_SPAWN_OPEN, 2, specification["stderr"], writing, 0o644),
        ],
        # Python has these ignored, and what it starts must not.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )


def _ending(child: int) -> int | None:
    """How the child has ended, minus the signal that ended it; None while it has not."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat(int(name))):
            parents.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        children = parents.get(pending.pop(), [])
        found += children
        pending += children
    return found


def _living() -> list[int]:
    """Descendants that are no zombies; what has ended is collected on the way."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    return [
        pid
        for pid in _descendants()
        if (fields := _stat(pid)) and fields[0] not in "ZX"
    ]


def _end_all() -> None:
    for _ in range(200):
        left = _living()
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.01)


def _memory(members: list[int], known: int) -> int:
    resident = sum(_field(pid, "status", "VmRSS:") for pid in members)
    # Pages that several share count several times here: exact only where it matters.
    if resident <= known:
        return resident
    return sum(_field(pid, "smaps_rollup", "Pss:") for pid in members)


def _field(pid: int, file: str, name: str) -> int:
    for line in _read(f"/proc/{pid}/{file}").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _shared() -> int:
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) * 1024
    return 0


def _stat(pid: int) -> list[str]:
    """State, parent and so on: what follows the name, which may have any characters."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _named(pid: int) -> str:
    return f"{pid} {_read(f'/proc/{pid}/cmdline').replace(chr(0), ' ')[:200]}"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    watch(read_specification(sys.argv[1]), started)
