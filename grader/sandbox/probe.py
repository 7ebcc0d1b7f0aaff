"""Tries to get out of a box; run as a script inside it by `grader.sandbox.selftest`.

    python -I -S probe.py SPECIFICATION

Prints a JSON object: the name of each attempt, and how it succeeded or null. Standard library
only, and it goes on after everything that fails: failing is what should happen.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import TypedDict


class Traps(TypedDict):
    """What the parent has laid out: paths, ports, and the only variables that may be seen."""

    secret: str
    other_group: str
    outside: str
    tcp_port: int
    unix_socket: str
    abstract_socket: str
    parent: int
    variables: list[str]
    heartbeat: str
    processes: int


def main(specification: str) -> None:
    """Make every attempt and report."""
    traps: Traps = json.loads(specification)
    if traps["processes"]:
        _fork_on(traps["processes"])
        return
    attempts: dict[str, Callable[[], str | None]] = {
        "read a file of the user's home": lambda: _read(traps["secret"]),
        "read another group's file": lambda: _read(traps["other_group"]),
        "write outside": lambda: _write(traps["outside"]),
        "change a file outside": lambda: _chmod(traps["secret"]),
        "connect by TCP": lambda: _tcp(traps["tcp_port"]),
        "connect to a Unix socket": lambda: _unix(traps["unix_socket"]),
        "connect to an abstract Unix socket": lambda: _unix(traps["abstract_socket"]),
        "open a vsock": _vsock,
        "see a variable of the user's": lambda: _variables(traps["variables"]),
        "read the parent's environment": lambda: _read(
            f"/proc/{traps['parent']}/environ"
        ),
        "signal the parent": lambda: _signal(traps["parent"]),
        "make a namespace": _namespace,
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            found[name] = attempt()
        except (OSError, AttributeError):
            found[name] = None
    _leave_a_daemon(traps["heartbeat"])
    print(json.dumps(found), flush=True)


def _read(path: str) -> str | None:
    with open(path, "rb") as file:
        return f"read {path}" if file.read(1) else None


def _write(path: str) -> str | None:
    with open(path, "w") as file:
        file.write("here")
    return f"wrote {path}"


def _chmod(path: str) -> str | None:
    os.chmod(path, 0o640)
    # Some boxes let it do nothing and say that it did: the parent looks too.
    return None


def _tcp(port: int) -> str | None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return f"connected to port {port}"


def _unix(address: str) -> str | None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
    return f"connected to {address}"


def _vsock() -> str | None:
    with socket.socket(socket.AF_VSOCK):
        return "opened one"


def _variables(known: list[str]) -> str | None:
    odd = sorted(set(os.environ) - set(known))
    return ", ".join(odd) or None


def _signal(pid: int) -> str | None:
    os.kill(pid, 0)
    # Inside a namespace of processes the number may be one of the box's own.
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        mine = file.read()
    return None if b"probe.py" in mine else f"reached process {pid}"


def _namespace() -> str | None:
    # os.unshare is there from Python 3.12 on.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    return "made a user namespace" if libc.unshare(0x10000000) == 0 else None


def _leave_a_daemon(heartbeat: str) -> None:
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    for beat in range(1_000):
        with open(heartbeat, "w") as file:
            file.write(str(beat))
        time.sleep(0.01)
    os._exit(0)


def _fork_on(most: int) -> None:
    # Bounded: where no limit holds this must not become a fork bomb.
    for count in range(most):
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        except OSError:
            print(json.dumps({"start processes without end": None}), flush=True)
            os._exit(0)
    print(json.dumps({"start processes without end": f"{count + 1} of them"}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
