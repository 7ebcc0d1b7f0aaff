"""Which boxes were found to work here, so that they are not tried at every start.

Trying one takes a second. It is remembered that all of it went as it should, never that
something did not, and for this very place only: the kernel since it was started, the
namespaces and rights of this process, the programs, and our own code.
"""

import hashlib
import os
import sys
from pathlib import Path

from grader.cache.entries import MEBIBYTE, Entries
from grader.cache.place import user_cache

_WORKS = b"works"
_BOOT = "/proc/sys/kernel/random/boot_id"
_NAMESPACES = ("user", "mnt", "pid", "net", "cgroup")
# Of /proc/self/status: what we are allowed.
_RIGHTS = ("CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Uid:")


def works(tier: str, program: str) -> bool:
    """Whether a tier, which starts with `program` or none, was found to work here."""
    key = _key(tier, program)
    return key is not None and _entries().get(key) == _WORKS


def remember(tier: str, program: str) -> None:
    """It was tried just now, and works."""
    if (key := _key(tier, program)) is not None:
        _entries().put(key, _WORKS)


def _entries() -> Entries:
    return Entries(user_cache() / "boxes", MEBIBYTE)


def _key(tier: str, program: str) -> str | None:
    """A hash of what it depends on; None where the kernel doesn't say what it is."""
    try:
        facts = [
            Path(_BOOT).read_text("ascii"),
            *(os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES),
            *(
                line
                for line in Path("/proc/self/status").read_text("utf-8").splitlines()
                if line.startswith(_RIGHTS)
            ),
            *map(_identity, (program, os.path.realpath(sys.executable))),
            *map(_identity, sorted(map(str, Path(__file__).parent.glob("*.py")))),
        ]
    except OSError:
        return None
    return hashlib.sha256(repr((tier, facts)).encode()).hexdigest()


def _identity(program: str) -> str:
    if not program:
        return ""
    status = os.stat(program)
    return f"{program} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
