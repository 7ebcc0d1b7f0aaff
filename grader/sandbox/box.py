"""The boxes that code of strangers runs in: what one has to offer, and the plain one.

A box turns a command line into another that starts the same program confined. There are
four tiers: `bubblewrap`, `landlock`, `docker`, and `none`, which is no box at all but keeps
the limits. Which of them works is found by trying, see `grader.sandbox.selftest`.
"""

import marshal
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Literal, Protocol

from grader.sandbox.access import Access
from grader.sandbox.disk import entries_below
from grader.sandbox.limits import Limits

if TYPE_CHECKING:
    from grader.sandbox.launcher import LandlockRules, Specification

Tier = Literal["bubblewrap", "landlock", "docker", "none"]

LAUNCHER = Path(__file__).with_name("launcher.py")

# A process may reserve much more than it uses (PyTorch, arrow): against one that does
# it without bound, not a measure of memory.
_RESERVABLE_BYTES = 64 * 2**30

# Users that no system gives to anybody, and that systemd takes for the same purpose.
_FIRST_FREE_USER, _FREE_USERS = 61_184, 4_336


@dataclass(frozen=True)
class Program:
    """What is to be run: a command line, where, and the descriptors that it inherits.

    `stdin` is a descriptor of ours for its standard input, None for an empty one.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    limits: Limits
    descriptors: tuple[int, ...] = ()
    stdin: int | None = None


@dataclass(frozen=True)
class Ending:
    """How a program ended: negative for a signal, and whether it had used up its memory."""

    exit_status: int
    is_out_of_memory: bool = False


class Remote(Protocol):
    """A program that an engine starts for us, so that it is no descendant of ours."""

    @property
    def outputs(self) -> tuple[IO[bytes], IO[bytes]]:
        """Its standard output and standard error; what we start says only how that goes."""

    def attend(self) -> bool:
        """Hand over what it waits for and hear what it says, without waiting.

        To be called again and again; whether it has ended.
        """

    def pid(self) -> int | None:
        """The process that all of its processes come from, while there is one to be seen."""

    def end(self) -> None:
        """See to it that nothing of it runs any more."""

    def ending(self) -> Ending | None:
        """How it ended, or None where it never began or something else ended it."""

    def has_begun(self) -> bool:
        """Whether the program itself was started."""

    def close(self) -> None:
        """Let go of everything that was held for it."""


@dataclass(frozen=True)
class Wrapped:
    """The command line to start instead, and its environment.

    `descriptors` are inherited as well; `held` is closed once the program has started.
    With a `remote` the command line asks an engine to start the program. `owner` is the
    user that the program becomes, where it is one of its own. `told` is what a fork is told
    that becomes the program itself, where that is what is to be done.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    held: ExitStack = field(default_factory=ExitStack)
    remote: Remote | None = None
    owner: int | None = None
    told: bytes = b""


class Box(Protocol):
    """One way of confining a program."""

    @property
    def tier(self) -> Tier:
        """Its name on the command line."""

    @property
    def description(self) -> str:
        """What a report says of it."""

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """How to start `program` with `access` and nothing else.

        Raises `OSError` when that can't be prepared.
        """


@dataclass(frozen=True)
class Confined:
    """The rules that a process puts on itself, as `grader.sandbox.launcher` takes them.

    `limits` by the end of the names of RLIMIT_…; `uid` the user that it becomes.
    """

    limits: Mapping[str, int]
    uid: int | None = None
    landlock: "LandlockRules | None" = None
    seccomp: bytes = b""


class Confining(Box, Protocol):
    """A box of such rules: a fork can be put into it as well as a new program."""

    def confined(self, program: Program, access: Access) -> Confined:
        """The rules for `program`; as root what it may write becomes its user's.

        Raises `OSError` when that can't be prepared.
        """


@dataclass(frozen=True)
class PlainBox:
    """No box: limits on the whole tree, and an environment without anything of the user's."""

    tier: ClassVar[Tier] = "none"
    description: ClassVar[str] = "none: limits and a reduced environment only"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The same program below a keeper, which ends what it leaves behind."""
        if sys.platform != "linux":
            return Wrapped(program.argv, program.environment, program.descriptors)
        return below_keeper(program, self.confined(program, access))

    def confined(self, program: Program, access: Access) -> Confined:
        """The limits alone."""
        del access
        return Confined(kernel_limits(program.limits, None))


def below_keeper(program: Program, confined: Confined) -> Wrapped:
    """The program under these rules, below a keeper outside them."""
    held = ExitStack()
    argv, told = launched(program, confined, held, is_keeper=True)
    inherited = (*program.descriptors, told)
    return Wrapped(argv, program.environment, inherited, held, owner=confined.uid)


def launched(
    program: Program, confined: Confined, held: ExitStack, *, is_keeper: bool
) -> tuple[tuple[str, ...], int]:
    """The program's command line below the launcher, and a descriptor for it to inherit.

    What the launcher is told is read from there: an argument may not be as long. See
    `grader.sandbox.launcher`.
    """
    told = specified(program, confined, is_keeper=is_keeper)
    python = os.path.realpath(sys.executable)
    descriptor = memory_file(told, held)
    return (python, "-I", "-S", str(LAUNCHER), f"@{descriptor}"), descriptor


def memory_file(content: bytes, held: ExitStack) -> int:
    """A descriptor to read `content` from, open as long as `held` is."""
    descriptor = os.memfd_create("mlops-grade")
    held.callback(os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def specified(
    program: Program,
    confined: Confined,
    *,
    is_keeper: bool,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What the launcher is told. Without an `environment` the program gets the launcher's."""
    specification: "Specification" = {
        "argv": list(program.argv),
        "cwd": str(program.cwd),
        "environment": None if environment is None else dict(environment),
        "limits": dict(confined.limits),
        "parent": os.getpid(),
        "descriptors": list(program.descriptors),
        "is_keeper": is_keeper,
        "uid": confined.uid,
        "landlock": confined.landlock,
        "seccomp": confined.seccomp,
    }
    return marshal.dumps(dict(specification))


def kernel_limits(limits: Limits, uid: int | None) -> dict[str, int]:
    """What the kernel is told to enforce, by the end of the names of RLIMIT_….

    The kernel counts processes by user: beside a real user's own there must be room for as
    many as are allowed. The tree as a whole is watched too (`grader.sandbox.tree`).
    """
    running = _tasks_of(os.getuid()) if uid is None else 0
    return {
        "AS": limits.memory_bytes + _RESERVABLE_BYTES,
        "CORE": 0,
        "FSIZE": limits.disk_bytes,
        "NOFILE": 4096,
        "NPROC": limits.processes + running,
    }


def free_user() -> int | None:
    """A user id that no process has, when we are root and can become one; else None.

    As root the kernel's limit on processes does nothing, and files and processes of the
    rest of the machine would be the box's own.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    taken = {
        status.st_uid
        for name in os.listdir("/proc")
        if name.isdigit() and (status := _status(f"/proc/{name}")) is not None
    }
    first = int.from_bytes(os.urandom(4)) % _FREE_USERS
    candidates = (
        _FIRST_FREE_USER + (first + i) % _FREE_USERS for i in range(_FREE_USERS)
    )
    return next(uid for uid in candidates if uid not in taken)


def give(folders: Sequence[Path], uid: int) -> None:
    """Make `uid` the owner of the folders and of all that is in them."""
    for folder in folders:
        os.chown(folder, uid, uid)
        for entry, status in entries_below([folder]):
            # A file that has another name elsewhere is not the box's alone.
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                continue
            os.chown(entry.path, uid, uid, follow_symlinks=False)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _tasks_of(uid: int) -> int:
    count = 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        status = _status(f"/proc/{name}")
        if status is not None and status.st_uid == uid:
            try:
                count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count
