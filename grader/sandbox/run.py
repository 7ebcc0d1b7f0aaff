"""Starts a program, waits for it, and says how it ended. The only module that starts one.

The child gets a fixed small environment (an allow-list), no standard input, a session of its
own, and limits on time and output; in a box also on what it can see, and on the memory, the
processes and the disk of everything that comes from it. It is killed with all of that when
it exceeds one, and what it leaves running is killed when it ends.
"""

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from grader.errors import CannotMeasure
from grader.sandbox.access import Access
from grader.sandbox.box import Box, Program, Remote, Wrapped
from grader.sandbox.disk import DiskWatch
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.remove import remove_owned
from grader.sandbox.tree import Tree
from grader.sandbox.warm import Fork, Warm, WarmLost

log = logging.getLogger(__name__)

_INHERITED = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "TZ", "NUMBER_OF_PROCESSORS")

_Process = subprocess.Popen[bytes] | Fork

KilledBy = Literal["time", "output", "memory", "processes", "disk"]
# A full disk of the machine is nobody's limit, and is told as our own trouble.
_Stopped = KilledBy | Literal["machine"]
_FULL = (
    "this machine's disk is all but full where the program writes. Free some space, or set "
    "TMPDIR to a folder that has more."
)

# The number of the inherited descriptor on which a child may report to us.
CHANNEL = "MLOPS_GRADE_CHANNEL"

# Between two looks at a running program.
_LOOK_S = 0.025
# For an engine to clear a container away.
_ENGINE_S = 10.0


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
    box: Box | None = None,
    access: Access | None = None,
    stdin_file: Path | None = None,
    stdout_file: Path | None = None,
    warm: Warm | None = None,
) -> ToolOutput:
    """Run `argv` in `cwd` and return what came of it; a failing program is not an error here.

    `home` becomes HOME and holds the child's caches and temporary files. `environment` adds
    to the allow-list. With `has_channel` the child inherits a descriptor, whose number is in
    the variable `CHANNEL`, and what it writes there is kept like a stream. In a `box` it has
    `access` and `home`, and nothing else. `stdin_file` is its standard input; with a
    `stdout_file` its standard output goes there, undecoded, instead of being kept. One of
    our tools is run `warm` where that is given, in the box that it names: the output is the
    same. Raises `CannotMeasure` when the program can't be started at all, and when it could
    not work because the machine's own disk is full.
    """
    job = _Job(
        tuple(argv),
        cwd=cwd,
        home=home,
        limits=limits,
        environment=environment or {},
        has_channel=has_channel,
        access=access or Access(),
        stdin_file=stdin_file,
        stdout_file=stdout_file,
    )
    if warm is not None and not has_channel and warm.can_run(argv):
        try:
            return _run(job, warm.box, warm)
        except WarmLost:
            log.warning("the parent of warm tools went: one is started by itself")
    return _run(job, box, None)


@dataclass(frozen=True)
class _Job:
    """What is to be run, as `run` is told."""

    argv: tuple[str, ...]
    cwd: Path
    home: Path
    limits: Limits
    environment: Mapping[str, str]
    has_channel: bool
    access: Access
    stdin_file: Path | None
    stdout_file: Path | None


def _run(job: _Job, box: Box | None, warm: Warm | None) -> ToolOutput:
    argv, limits, cwd = job.argv, job.limits, job.cwd
    has_channel, stdout_file = job.has_channel, job.stdout_file
    variables = _environment(job.home, job.environment)
    started = time.monotonic()
    with ExitStack() as held:
        reading, writing = os.pipe() if has_channel else (None, None)
        if writing is not None:
            variables[CHANNEL] = str(writing)
        pipe = None if reading is None else held.enter_context(open(reading, "rb", 0))
        with ExitStack() as only_to_start:
            if writing is not None:
                only_to_start.callback(os.close, writing)
            access = job.access
            access = replace(access, writable=(*access.writable, job.home))
            try:
                reads = only_to_start.enter_context(
                    open(job.stdin_file or os.devnull, "rb")
                )
                program = Program(
                    argv=argv,
                    cwd=cwd,
                    environment=variables,
                    limits=limits,
                    descriptors=() if writing is None else (writing,),
                    stdin=reads.fileno(),
                )
                wrapped = _wrapped(program, access, box, warm)
                only_to_start.enter_context(wrapped.held)
                remote = wrapped.remote
                if remote is not None:
                    held.callback(remote.close)
                watched = access.writable if box is not None else ()
                disk = DiskWatch(
                    watched, limits.disk_bytes, limits.files, wrapped.owner
                )
                process = _start(wrapped, cwd, reads, warm)
                if warm is not None:
                    # The tool may have been imported first: that is not its time.
                    started = time.monotonic()
            except (OSError, ValueError) as error:
                raise CannotMeasure(
                    f"{argv[0]}: could not be started: {error}"
                ) from error
        with process:
            overflow = threading.Event()
            sink = held.enter_context(open(stdout_file, "wb")) if stdout_file else None
            engines: list[_Drain] = []
            outputs: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
            if remote is not None:
                engines = _drained(outputs, MEBIBYTE, threading.Event())
                outputs = remote.outputs
            streams = _drained((*outputs, pipe), limits.output_bytes, overflow, sink)
            watch = _Watch(process, limits, disk, is_tree=box is not None)
            try:
                killed_by = watch.wait(started + limits.seconds, overflow, remote)
            finally:
                # On an interruption too: nobody would end it later.
                if remote is not None:
                    remote.end()
                _end(process)
            exit_status = process.wait()
            if wrapped.owner is not None:
                remove_owned(wrapped.owner)
            if remote is not None:
                exit_status, killed_by = _told(remote, killed_by, engines, argv[0])
            kept = [stream.kept() for stream in streams]
            if killed_by is None and overflow.is_set():
                # It ended by itself before we could end it; what is kept is not all it said.
                killed_by = "output"
    if killed_by == "machine":
        raise CannotMeasure(f"{argv[0]}: {_FULL}")
    return ToolOutput(
        exit_status=exit_status,
        stdout=kept[0].decode("utf-8", errors="replace"),
        stderr=kept[1].decode("utf-8", errors="replace"),
        duration_s=time.monotonic() - started,
        killed_by=killed_by,
        channel=kept[2] if has_channel else b"",
    )


def _wrapped(
    program: Program, access: Access, box: Box | None, warm: Warm | None
) -> Wrapped:
    if warm is not None:
        return warm.wrap(program, access)
    if box is None:
        return Wrapped(program.argv, program.environment, program.descriptors)
    return box.wrap(program, access)


def _start(
    wrapped: Wrapped, cwd: Path, stdin: IO[bytes], warm: Warm | None
) -> _Process:
    if warm is not None:
        return warm.fork(wrapped, stdin.fileno())
    return subprocess.Popen(
        wrapped.argv,
        cwd=cwd,
        env=dict(wrapped.environment),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=wrapped.descriptors,
    )


def _told(
    remote: Remote, killed_by: _Stopped | None, engines: "list[_Drain]", name: str
) -> tuple[int, _Stopped | None]:
    """The program's own ending. Raises `CannotMeasure` when the engine lets us down."""
    ending = remote.ending()
    if killed_by is not None and remote.has_begun():
        return (-signal.SIGKILL if ending is None else ending.exit_status), killed_by
    if ending is not None:
        return ending.exit_status, "memory" if ending.is_out_of_memory else None
    said = b" ".join(drain.kept() for drain in reversed(engines)).strip()
    words = said[-300:].decode("utf-8", errors="replace") or "the engine said nothing"
    how = "was ended from outside" if remote.has_begun() else "could not be started"
    raise CannotMeasure(f"{name}: its container {how}: {words}")


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


class _Watch:
    """Waits for a program and notices when it, or all that comes from it, is too much."""

    def __init__(
        self,
        process: _Process,
        limits: Limits,
        disk: DiskWatch,
        *,
        is_tree: bool,
    ) -> None:
        self._process = process
        self._limits = limits
        self._disk = disk
        self._tree = Tree(process.pid) if is_tree else None

    def wait(
        self, deadline: float, overflow: threading.Event, remote: Remote | None = None
    ) -> _Stopped | None:
        """The limit that was exceeded, or None when the program came to its end."""
        while True:
            if remote is not None and remote.attend():
                # What is left is the engine's to do.
                _has_ended(self._process, _ENGINE_S)
                return self._at_its_end()
            if overflow.is_set():
                return "output"
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return "time"
            if _has_ended(self._process, min(remaining, _LOOK_S)):
                return self._at_its_end()
            if remote is not None:
                pid = remote.pid()
                self._tree = Tree(pid) if pid is not None else None
            if exceeded := self._exceeded():
                return exceeded

    def _at_its_end(self) -> _Stopped | None:
        # It may have ended for want of space, between two looks.
        return self._disk.look() if self._disk.is_full() else None

    def _exceeded(self) -> _Stopped | None:
        if self._tree is not None:
            members = self._tree.members()
            if self._tree.tasks(members) >= self._limits.processes:
                return "processes"
            most = self._limits.memory_bytes
            if self._tree.memory(members, most) > most:
                return "memory"
        return self._disk.exceeded()


def _has_ended(process: _Process, within_s: float) -> bool:
    """Whether it ends within a time; at once, where subprocess sleeps and looks again."""
    is_ours = isinstance(process, subprocess.Popen)
    if is_ours and sys.platform == "linux" and process.poll() is None:
        descriptor = os.pidfd_open(process.pid)
        try:
            select.select([descriptor], [], [], within_s)
        finally:
            os.close(descriptor)
        return process.poll() is not None
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: _Process) -> None:
    if isinstance(process, Fork):
        process.end()
        return
    if sys.platform == "win32":
        process.kill()
        return
    if process.poll() is None:
        Tree(process.pid).end()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nothing is left of the group, or (macOS) only zombies are.
        pass


def _drained(
    pipes: Sequence[IO[bytes] | None],
    limit: int,
    overflow: threading.Event,
    sink: IO[bytes] | None = None,
) -> "list[_Drain]":
    """Each pipe that is there read to its end, the first into the `sink` if there is one."""
    return [
        _Drain(one, limit, overflow, sink if at == 0 else None)
        for at, one in enumerate(pipes)
        if one is not None
    ]


class _Drain:
    """Reads a pipe to its end in a thread, keeping at most `limit` bytes, or in a `sink`."""

    def __init__(
        self,
        pipe: IO[bytes],
        limit: int,
        overflow: threading.Event,
        sink: IO[bytes] | None = None,
    ) -> None:
        self._kept = bytearray()
        self._sink = sink
        self._pipe = pipe
        self._limit = limit
        self._overflow = overflow
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        # A raw file has no read1, and its read returns what is there.
        read = getattr(self._pipe, "read1", self._pipe.read)
        room = self._limit
        while chunk := read(65536):
            if self._sink is None:
                self._kept += chunk[:room]
            elif not _is_written(chunk[:room], self._sink):
                room = 0
            if len(chunk) > room:
                self._overflow.set()
            room = max(0, room - len(chunk))

    def kept(self) -> bytes:
        # A process that left the group may hold the pipe open: don't wait for it.
        self._thread.join(timeout=2.0)
        return bytes(self._kept)


def _is_written(chunk: bytes, sink: IO[bytes]) -> bool:
    try:
        sink.write(chunk)
    except OSError:
        return False  # the disk is full
    return True
