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

KilledBy = Literal["time", "output"]


@dataclass(frozen=True)
class ToolOutput:
    """How a program ended and what it printed, decoded as UTF-8 with U+FFFD for the rest.

    `exit_status` is negative for a signal, as in `subprocess`. `killed_by` says which of our
    limits ended it, if one did; `duration_s` is wall clock in seconds.
    """

    exit_status: int
    stdout: str
    stderr: str
    duration_s: float
    killed_by: KilledBy | None = None


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    home: Path,
    limits: Limits,
    environment: Mapping[str, str] | None = None,
) -> ToolOutput:
    """Run `argv` in `cwd` and return what came of it; a failing program is not an error here.

    `home` becomes HOME and holds the child's caches and temporary files. `environment` adds
    to the allow-list. Raises `CannotMeasure` when the program can't be started at all.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=_environment(home, environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CannotMeasure(f"{argv[0]}: could not be started: {error}") from error
    with process:
        overflow = threading.Event()
        streams = [
            _Drain(pipe, limits.output_bytes, overflow)
            for pipe in (process.stdout, process.stderr)
            if pipe is not None
        ]
        killed_by = _wait(process, started + limits.seconds, overflow)
        _kill_group(process)
        exit_status = process.wait()
        texts = [stream.text() for stream in streams]
    return ToolOutput(
        exit_status=exit_status,
        stdout=texts[0],
        stderr=texts[1],
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
        read = getattr(self._pipe, "read1", self._pipe.read)
        while chunk := read(65536):
            room = self._limit - len(self._kept)
            self._kept += chunk[:room]
            if len(chunk) > room:
                self._overflow.set()

    def text(self) -> str:
        # A process that left the group may hold the pipe open: don't wait for it.
        self._thread.join(timeout=2.0)
        return bytes(self._kept).decode("utf-8", errors="replace")
