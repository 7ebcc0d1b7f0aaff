"""Starts a program, waits for it, and says how it ended. The only module that starts one.

The child gets a fixed small environment (an allow-list), no standard input, a process group
of its own, and limits on time and output. It is killed with its whole group when it exceeds
one, and what is left of the group is killed when it ends.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from grader.errors import CannotMeasure
from grader.sandbox.limits import Limits

_INHERITED = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "TZ", "NUMBER_OF_PROCESSORS")

KilledBy = Literal["time", "output", "memory", "processes", "disk"]

# The number of the inherited descriptor on which a child may report to us.
CHANNEL = "MLOPS_GRADE_CHANNEL"


@dataclass(frozen=True)
class ToolOutput:
    """How a program ended and what it printed, decoded as UTF-8 with U+FFFD for the rest.

    `exit_status` is negative for a signal, as in `subprocess`. `killed_by` says which of our
    limits ended it, if one did; `duration_s` is wall clock in seconds. `channel` is what
    came over the descriptor that was inherited for results, where one was asked for.
    """

    exit_status: int
    stdout: str
    stderr: str
    duration_s: float
    killed_by: KilledBy | None = None
    channel: bytes = b""


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    home: Path,
    limits: Limits,
    environment: Mapping[str, str] | None = None,
    has_channel: bool = False,
) -> ToolOutput:
    """Run `argv` in `cwd` and return what came of it; a failing program is not an error here.

    `home` becomes HOME and holds the child's caches and temporary files. `environment` adds
    to the allow-list. With `has_channel` the child inherits a descriptor, whose number is in
    the variable `CHANNEL`, and what it writes there is kept like a stream. Raises
    `CannotMeasure` when the program can't be started at all.
    """
    started = time.monotonic()
    reading, writing = os.pipe() if has_channel else (None, None)
    if writing is not None:
        environment = {**(environment or {}), CHANNEL: str(writing)}
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=_environment(home, environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=() if writing is None else (writing,),
        )
    except (OSError, ValueError) as error:
        if reading is not None:
            os.close(reading)
        raise CannotMeasure(f"{argv[0]}: could not be started: {error}") from error
    finally:
        if writing is not None:
            os.close(writing)
    with process:
        overflow = threading.Event()
        pipes = [process.stdout, process.stderr]
        if reading is not None:
            pipes.append(open(reading, "rb", buffering=0))
        streams = [
            _Drain(pipe, limits.output_bytes, overflow)
            for pipe in pipes
            if pipe is not None
        ]
        killed_by = _wait(process, started + limits.seconds, overflow)
        _kill_group(process)
        exit_status = process.wait()
        kept = [stream.kept() for stream in streams]
    return ToolOutput(
        exit_status=exit_status,
        stdout=kept[0].decode("utf-8", errors="replace"),
        stderr=kept[1].decode("utf-8", errors="replace"),
        channel=kept[2] if has_channel else b"",
        duration_s=time.monotonic() - started,
        killed_by=killed_by,
    )


def _environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    # Everything else stays behind: tokens, PYTHONPATH, GIT_*, the tools' own variables.
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def _wait(
    process: "subprocess.Popen[bytes]", deadline: float, overflow: threading.Event
) -> KilledBy | None:
    while True:
        if overflow.is_set():
            return "output"
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return "time"
        try:
            # Short enough that an overflow is noticed, long enough to cost nothing.
            process.wait(min(remaining, 0.05))
        except subprocess.TimeoutExpired:
            continue
        return None


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nothing is left of the group, or (macOS) only zombies are.
        pass


class _Drain:
    """Reads a pipe to its end in a thread, keeping at most `limit` bytes."""

    def __init__(self, pipe: IO[bytes], limit: int, overflow: threading.Event) -> None:
        self._kept = bytearray()
        self._pipe = pipe
        self._limit = limit
        self._overflow = overflow
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        # A raw file has no read1, and its read returns what is there.
        read = getattr(self._pipe, "read1", self._pipe.read)
        while chunk := read(65536):
            room = self._limit - len(self._kept)
            self._kept += chunk[:room]
            if len(chunk) > room:
                self._overflow.set()

    def kept(self) -> bytes:
        # A process that left the group may hold the pipe open: don't wait for it.
        self._thread.join(timeout=2.0)
        return bytes(self._kept)
