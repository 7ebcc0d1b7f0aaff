"""bubblewrap with seccomp: a box of namespaces, with mounts from an allow-list.

Its own processes, network (a loopback of its own), IPC and host name; everything in it ends
with it. It needs user namespaces, or root.

Source: bwrap(1), https://github.com/containers/bubblewrap
"""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from grader.sandbox.access import Access, prefixes_of
from grader.sandbox.account import USER, account_files
from grader.sandbox.box import (
    LAUNCHER,
    Confined,
    Program,
    Tier,
    Wrapped,
    free_user,
    give,
    kernel_limits,
    launched,
    memory_file,
)
from grader.sandbox.landlock import SYSTEM
from grader.sandbox.seccomp import Rules
from grader.sandbox.seccomp import program as filter_program

# Of use only with the network.
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl")

_SETPRIV, _PRLIMIT, _ENV = "/usr/bin/setpriv", "/usr/bin/prlimit", "/usr/bin/env"


@dataclass(frozen=True)
class Bubblewrap:
    """The box. `path` is that of `bwrap`."""

    path: str

    tier: ClassVar[Tier] = "bubblewrap"
    description: ClassVar[str] = "bubblewrap with seccomp, without network"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The program inside; as root it first becomes a user of its own."""
        uid = free_user()
        if uid is not None:
            give(access.writable, uid)
        held = ExitStack()
        user = os.getuid() if uid is None else uid
        home = program.environment["HOME"]
        files = account_files(user, user, home, has_network=access.has_network)
        descriptors = [
            (path, memory_file(content.encode(), held))
            for path, content in files.items()
        ]
        filter_file = memory_file(
            filter_program(Rules(has_unix=not access.has_network)), held
        )
        limited, told = _limited(program, uid, held)
        argv = [
            *(self.path, "--die-with-parent", "--new-session"),
            *(
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-uts",
                "--unshare-cgroup-try",
            ),
            *(() if access.has_network else ("--unshare-net",)),
            # In a user namespace of root's there would be nobody else to become.
            *(("--unshare-user",) if uid is None else ()),
            *_capabilities(uid),
            *("--hostname", "box"),
            *_mounts(access, Path(program.environment["TMPDIR"])),
            *(word for path, fd in descriptors for word in _data(fd, path)),
            *("--remount-ro", "/dev", "--remount-ro", "/"),
            *("--chdir", "/", "--seccomp", str(filter_file), "--"),
            *limited,
        ]
        inherited = (*(fd for _, fd in descriptors), filter_file, *told)
        return Wrapped(
            tuple(argv),
            {**program.environment, "USER": USER, "LOGNAME": USER},
            (*inherited, *program.descriptors),
            held,
        )


def _limited(
    program: Program, uid: int | None, held: ExitStack
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The program below what sets its limits and its user, and descriptors for that.

    The system's own small programs do it in a tenth of the time of a Python.
    """
    limits = kernel_limits(program.limits, uid)
    if not all(map(os.path.exists, (_SETPRIV, _PRLIMIT, _ENV))):
        argv, told = launched(program, Confined(limits, uid), held, is_keeper=False)
        return argv, (told,)
    user = () if uid is None else (f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    argv = (
        *((_SETPRIV, *user) if user else ()),
        *(_PRLIMIT, *(f"--{name.lower()}={value}" for name, value in limits.items())),
        *(_ENV, f"--chdir={program.cwd}", *program.argv),
    )
    return argv, ()


def _capabilities(uid: int | None) -> tuple[str, ...]:
    if uid is None:
        return ("--cap-drop", "ALL")
    # What the launcher needs to become the user; both go with that.
    needed = ("CAP_SETUID", "CAP_SETGID")
    return (
        *("--cap-drop", "ALL"),
        *(word for one in needed for word in ("--cap-add", one)),
    )


def _mounts(access: Access, temporary: Path) -> list[str]:
    argv = ["--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]
    system = (
        *(*SYSTEM, "/sys/devices/system"),
        *(_NETWORK if access.has_network else ()),
    )
    # By default bwrap makes the folders above what it mounts for its own user alone.
    for folder in sorted({above for path in system for above in Path(path).parents})[
        1:
    ]:
        argv += ["--dir", str(folder)]
    for path in system:
        if os.path.islink(path) and os.path.dirname(path) == "/":
            # /lib -> usr/lib: as it is outside.
            argv += ["--symlink", os.readlink(path), path]
        else:
            argv += ["--ro-bind-try", path, path]
    # Shared memory counts as what is written: on the disk, where it is watched.
    argv += ["--bind", str(temporary), "/tmp", "--bind", str(temporary), "/dev/shm"]
    launcher = (LAUNCHER, *prefixes_of(os.path.realpath(sys.executable)))
    readable = _outermost((*access.readable, *launcher))
    writable = _outermost(access.writable)
    above = {parent for path in (*readable, *writable) for parent in path.parents}
    for folder in sorted(above)[1:]:
        argv += ["--dir", str(folder)]
    for path in readable:
        argv += ["--ro-bind", str(path), str(path)]
    for path in writable:
        argv += ["--bind", str(path), str(path)]
    return argv


def _outermost(paths: tuple[Path, ...]) -> list[Path]:
    """The paths that exist, the outer ones first: a later mount hides an earlier one."""
    found = {path for path in paths if path.exists()}
    return sorted(found, key=lambda path: (len(path.parts), str(path)))


def _data(descriptor: int, path: str) -> tuple[str, ...]:
    # By default it is for bwrap's own user alone, too.
    return ("--perms", "0644", "--ro-bind-data", str(descriptor), path)
