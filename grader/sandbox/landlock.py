"""Landlock with seccomp: a box out of rules that a process puts on itself.

It needs Linux 5.13 and neither root nor a namespace. Files are an allow-list, there are no
sockets but connected pairs, and what Landlock doesn't govern (changing modes, owners and
times of files by name) does nothing.

Source: landlock(7), https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from grader.sandbox.access import Access
from grader.sandbox.box import (
    Confined,
    Program,
    Tier,
    Wrapped,
    below_keeper,
    free_user,
    give,
    kernel_limits,
)
from grader.sandbox.seccomp import Rules
from grader.sandbox.seccomp import program as filter_program

_CREATE_RULESET, _ASK_FOR_VERSION = 444, 1
_TRUNCATES_SINCE, _SIGNALS_SINCE = 3, 6

# Programs and libraries of the system, and what they read about the machine. Of /proc only
# what isn't about other processes.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/fonts"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki"),
)
_ABOUT_THE_MACHINE = (
    *("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime"),
    *("/proc/version", "/proc/filesystems", "/proc/self", "/proc/sys/kernel"),
    *("/proc/sys/vm", "/sys/devices/system", "/sys/fs/cgroup"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def version() -> int:
    """The version of the kernel's Landlock; 0 without one."""
    if platform.system() != "Linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(
        *(ctypes.c_ulong(_CREATE_RULESET), None),
        *(ctypes.c_ulong(0), ctypes.c_ulong(_ASK_FOR_VERSION)),
    )
    return max(0, int(found))


@dataclass(frozen=True)
class Landlock:
    """The box. `version` is that of the kernel's Landlock, from 1."""

    version: int

    tier: ClassVar[Tier] = "landlock"

    @property
    def description(self) -> str:
        """What a report says of it."""
        return f"Landlock (version {self.version}) with seccomp, without sockets"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The program below a keeper outside the box. Raises `OSError` for network access."""
        return below_keeper(program, self.confined(program, access))

    def confined(self, program: Program, access: Access) -> Confined:
        """The rules. As root it becomes a user that may read what root may, of the list."""
        if access.has_network:
            raise OSError("the landlock tier has no network to give")
        uid = free_user()
        if uid is not None:
            give(access.writable, uid)
        readable = [
            *map(Path, (*SYSTEM, *_ABOUT_THE_MACHINE)),
            *access.readable,
        ]
        rules = Rules(
            has_sockets=False,
            # Another user can't change them anyway, and then tests see what they expect.
            keeps_metadata=uid is None,
            keeps_truncate=self.version < _TRUNCATES_SINCE,
            keeps_signals=uid is None and self.version < _SIGNALS_SINCE,
        )
        return Confined(
            kernel_limits(program.limits, uid),
            uid=uid,
            landlock={
                "version": self.version,
                "readable": [str(path) for path in readable],
                "writable": [*map(str, access.writable), *_DEVICES],
                "shared": ["/dev/shm"],
            },
            seccomp=filter_program(rules),
        )
