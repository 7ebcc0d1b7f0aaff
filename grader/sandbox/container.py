"""A program in a container: no child of ours, so we meet it over a Unix socket.

The launcher connects to it as the first process of the container, before anything of the
student's runs. It gets the command line and the program's descriptors, and tells how the
program ended; an engine's own exit statuses can't be told from a program's. The kernel says
which process it is, so that what it uses can be watched and it can be ended from here. When
this side of the connection closes, the launcher ends the container.
"""

import array
import os
import select
import shutil
import signal
import socket
import struct
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from grader.sandbox.box import Ending

# Where the folder of a container is mounted in it, read-only.
INSIDE = "/run/mlops-grade"
SOCKET = "socket"

# For the launcher to take what it is handed, and for the kernel to end all processes.
_WAIT_S = 10.0


class Container:
    """One container that is going to run one program.

    `folder` is private to its user and mounted in it. `remove` is called when it has to go
    and can't be reached otherwise.
    """

    def __init__(
        self,
        told: bytes,
        stdin: int | None,
        descriptors: Sequence[int],
        remove: Callable[[], None],
    ) -> None:
        """`told` is the launcher's specification. Raises `OSError`."""
        self._told = told
        self._remove = remove
        self._heard = b""
        self._connection: socket.socket | None = None
        self._process: tuple[int, int] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="mlops-grade-container-"))
        self._listener = _listening(self.folder)
        outputs, self._handed = [], []
        for _ in ("stdout", "stderr"):
            reading, writing = os.pipe()
            outputs.append(open(reading, "rb"))
            self._handed.append(writing)
        self._outputs = (outputs[0], outputs[1])
        empty = os.open(os.devnull, os.O_RDONLY) if stdin is None else os.dup(stdin)
        self._handed.insert(0, empty)
        self._handed += map(os.dup, descriptors)

    @property
    def outputs(self) -> tuple[IO[bytes], IO[bytes]]:
        """The program's standard output and standard error."""
        return self._outputs

    def attend(self) -> bool:
        """Hand over what the launcher waits for and hear what it says, without waiting.

        Whether the program has ended.
        """
        if self._connection is None:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return False
            self._greet(connection)
            return False
        try:
            said = self._connection.recv(64)
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        self._heard += said
        return not said or self._heard.endswith(b"\n")

    def _greet(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(_WAIT_S)
        credentials = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
        pid, _, _ = struct.unpack("3i", credentials)
        try:
            # While it waits for us its number can't be another's. An engine that runs in
            # another namespace of processes has none that we could see.
            if pid > 0:
                self._process = pid, os.pidfd_open(pid)
            rights = array.array("i", self._handed)
            connection.sendmsg(
                [len(self._told).to_bytes(8)],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
            )
            connection.sendall(self._told)
        except OSError:
            # It is gone: the engine says why.
            return
        finally:
            connection.setblocking(False)
            self._let_go()

    def pid(self) -> int | None:
        """The launcher's process, which all of the program's come from, while it runs."""
        if self._process is None or _has_ended(self._process[1], 0):
            return None
        return self._process[0]

    def has_begun(self) -> bool:
        """Whether the program was handed over."""
        return self._connection is not None

    def end(self) -> None:
        """See to it that nothing of it runs any more."""
        if self._process is not None:
            _, descriptor = self._process
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            except ProcessLookupError:
                return
            except PermissionError:
                pass
            # With the first process of a container all of its processes go.
            if _has_ended(descriptor, _WAIT_S):
                return
        self._remove()

    def ending(self) -> Ending | None:
        """How the program ended, or None where it never began or was ended from outside."""
        while self._connection is not None and not self._heard.endswith(b"\n"):
            before = self._heard
            self.attend()
            if self._heard == before:
                return None
        match self._heard.split():
            case [code, killed]:
                return Ending(int(code), is_out_of_memory=int(killed) > 0)
        return None

    def close(self) -> None:
        """Close and remove everything; the launcher ends the container, if it still runs."""
        self._let_go()
        for pipe in self._outputs:
            pipe.close()
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            os.close(self._process[1])
        shutil.rmtree(self.folder, ignore_errors=True)

    def _let_go(self) -> None:
        """What only the launcher is to have from now on, and its way in."""
        while self._handed:
            os.close(self._handed.pop())
        self._listener.close()
        (self.folder / SOCKET).unlink(missing_ok=True)


def _listening(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    # By a short name: an address may have a hundred bytes.
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{place}/{SOCKET}")
    finally:
        os.close(place)
    listener.listen(1)
    listener.setblocking(False)
    return listener


def _has_ended(descriptor: int, within_s: float) -> bool:
    return bool(select.select([descriptor], [], [], within_s)[0])
