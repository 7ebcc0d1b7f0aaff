"""Running our own tools warm: each run a fork of a process that has the tool imported.

The same program with the same arguments, without its start-up. A `stove` holds the parent of
the forks, for one run of ours or one class; a `Fork` stands in for the `subprocess.Popen` of
one tool. Its box is one that a process puts on itself: Landlock's rules, or limits alone.
Where there is no fork or no such box, programs are started as ever.
"""

import array
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from grader.sandbox import shielded, warm_parent
from grader.sandbox.access import Access
from grader.sandbox.box import Confining, Program, Wrapped, specified
from grader.sandbox.tree import Tree

log = logging.getLogger(__name__)

# An interpreter for our own tools: isolated from the user's site packages and PYTHON*
# variables, UTF-8 everywhere.
PYTHON = (sys.executable, "-I", "-X", "utf8")
# Every run of a tool begins so.
SHIELDED = (*PYTHON, "-m", shielded.__name__)

# For the first run of a tool it is imported, on a busy machine.
_BEGIN_S = 60.0


class WarmLost(Exception):
    """The parent of the forks is gone, or went while one ran: what it did is not known."""


@dataclass(frozen=True)
class Warm:
    """How a tool is run warm: by the parent that listens at `address`, under rules of `box`."""

    address: Path
    box: Confining

    def can_run(self, argv: Sequence[str]) -> bool:
        """Whether this command line is one of our tools'."""
        return tuple(argv[: len(SHIELDED)]) == SHIELDED and _tool(argv) is not None

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The program as a fork is told of it. Raises `OSError`."""
        confined = self.box.confined(program, access)
        told = specified(
            program, confined, is_keeper=True, environment=program.environment
        )
        return Wrapped(program.argv, program.environment, owner=confined.uid, told=told)

    def fork(self, wrapped: Wrapped, stdin: int) -> "Fork":
        """Start it. Raises `WarmLost` where the parent can't be reached."""
        return Fork(self.address, _tool(wrapped.argv) or "", wrapped.told, stdin)


class Fork:
    """A tool under way, as far as `subprocess.Popen` is used here.

    `pid` is its keeper's; `stdout` and `stderr` are the ends to read.
    """

    def __init__(self, address: Path, tool: str, told: bytes, stdin: int) -> None:
        self._status: int | None = None
        self._heard = b""
        self._is_ended = False
        handed = [stdin]
        outputs: list[IO[bytes]] = []
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            for _ in ("stdout", "stderr"):
                reading, writing = os.pipe()
                outputs.append(open(reading, "rb"))
                handed.append(writing)
            self._connection.connect(str(address))
            self._connection.sendall(tool.encode().ljust(warm_parent.NAME_BYTES))
            given = array.array("i", handed)
            self._connection.sendmsg(
                [len(told).to_bytes(8)],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)],
            )
            self._connection.sendall(told)
            self.pid = self._keeper()
        except OSError as error:
            self._connection.close()
            for one in outputs:
                one.close()
            raise WarmLost(str(error)) from error
        finally:
            for descriptor in handed[1:]:
                os.close(descriptor)
        self.stdout, self.stderr = outputs

    def __enter__(self) -> "Fork":
        return self

    def __exit__(self, *exception: object) -> Literal[False]:
        self.stdout.close()
        self.stderr.close()
        # A keeper whose supervisor goes ends what it keeps.
        self._connection.close()
        return False

    def poll(self) -> int | None:
        """The exit status, or None while it runs. Raises `WarmLost` when it went unheard."""
        self._listen(0)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """The exit status; `subprocess.TimeoutExpired` where it has none within a time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._status is None:
            left = None if deadline is None else max(0, deadline - time.monotonic())
            self._listen(left)
            if self._status is None and left == 0:
                raise subprocess.TimeoutExpired("", timeout or 0)
        return self._status

    def end(self) -> None:
        """Kill it with all that comes from it."""
        self._is_ended = True
        if self.poll() is None:
            Tree(self.pid).end()

    def _keeper(self) -> int:
        deadline = time.monotonic() + _BEGIN_S
        while b"\n" not in self._heard:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._connection], [], [], max(0, left))
            if not ready or not (said := self._connection.recv(64)):
                raise OSError("the parent of the warm tools does not answer")
            self._heard += said
        line, _, self._heard = self._heard.partition(b"\n")
        return int(line)

    def _listen(self, within_s: float | None) -> None:
        while self._status is None:
            line, end, _ = self._heard.partition(b"\n")
            if end:
                self._status = int(line.split()[0])
                return
            ready, _, _ = select.select([self._connection], [], [], within_s)
            if not ready:
                return
            try:
                said = self._connection.recv(64)
            except OSError:
                said = b""
            self._heard += said
            if not said:
                if not self._is_ended:
                    raise WarmLost("the keeper of a warm tool went without a word")
                self._status = -signal.SIGKILL


@contextmanager
def stove(
    prepared: Sequence[str] = (),
    *,
    for_several: bool = False,
    within: Path | None = None,
) -> Iterator[Path | None]:
    """The address of a parent for warm tools, which lives as long as this; None without one.

    It is started when the first tool is asked for; at once where distributions are
    `prepared`, which it imports in this order. `for_several` repositories it then does
    beforehand what pays only for several. Its socket lies `within` a folder, in a private
    one of its own.
    """
    if sys.platform != "linux":
        yield None
        return
    with (
        tempfile.TemporaryDirectory(prefix="warm-", dir=within) as name,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        address = Path(name) / "socket"
        try:
            listener.bind(str(address))
        except OSError:  # too long a path for a socket
            yield None
            return
        listener.listen(128)
        names = [name.replace("-", "_") for name in prepared]
        tools = [name for name in names if name in warm_parent.MODULES]
        lighter = _Lighter(listener, tools, for_several=for_several)
        try:
            yield address
        finally:
            lighter.end()


class _Lighter:
    """Starts the parent when somebody wants a tool, and ends it with all that it forked."""

    def __init__(
        self, listener: socket.socket, prepared: Sequence[str], *, for_several: bool
    ) -> None:
        self._listener = listener
        self._prepared = prepared
        self._for_several = for_several
        self._process: "subprocess.Popen[bytes] | None" = None
        # The parent has the end to read, and ends when ours is closed, however we end.
        self._life, self._held = os.pipe()
        self._ended, self._ending = os.pipe()
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        if not self._prepared:
            wanted = [self._listener.fileno(), self._ended]
            ready, _, _ = select.select(wanted, [], [])
            if self._ended in ready:
                return
        descriptors = (self._listener.fileno(), self._life)
        try:
            self._process = subprocess.Popen(
                [
                    *(*PYTHON, "-m", warm_parent.__name__),
                    *(*map(str, descriptors), str(int(self._for_several))),
                    *self._prepared,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=descriptors,
                start_new_session=True,
            )
        except OSError as error:
            log.warning("tools are started one by one: %s", error.strerror)
            # Who waits already is told so, and nobody else comes.
            self._listener.close()

    def end(self) -> None:
        """End it, whatever it is at."""
        os.write(self._ending, b".")
        self._thread.join()
        for descriptor in (self._life, self._held, self._ended, self._ending):
            os.close(descriptor)
        if self._process is not None:
            # It may be importing what nobody needs any more.
            self._process.kill()
            self._process.wait()


# No file below it can be made, not even by root: tools that look for their caches when they
# are imported find none, and leave none.
_NOWHERE = "/dev/null"
_ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": _NOWHERE,
    "XDG_CACHE_HOME": _NOWHERE,
    "XDG_CONFIG_HOME": _NOWHERE,
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _tool(argv: Sequence[str]) -> str | None:
    """The module that a shielded command line runs."""
    words = iter(argv[len(SHIELDED) :])
    for word in words:
        if word == "--find":
            next(words, None)
        elif word != "--bare":
            # That was the repository.
            module = next(words, "")
            return module if module in warm_parent.MODULES else None
    return None
