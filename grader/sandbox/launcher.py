"""Starts a program under the limits and rules it is told; run as a script by a box.

    python -I -S launcher.py SPECIFICATION|SOCKET

The specification is a marshalled `Specification` in hexadecimal digits. Standard library
only, and no import that isn't needed: this is what a box costs at its start (importing json
takes longer than starting Python). With `is_keeper` the script stays behind as the parent of
whatever the program leaves running, and ends that with it.

In a container nothing is inherited from whoever asked for it. There the script is given the
path of a Unix socket instead, and gets over it the specification and the descriptors for the
program: its three streams, then those of the specification. It stays connected, tells how the
program ended, and ends it when the other side is gone.
"""

from __future__ import annotations

import os
import sys

# What mypy takes for `typing.TYPE_CHECKING`, without the time that importing it costs.
MYPY = False
if MYPY:
    import ctypes
    from collections.abc import Callable
    from socket import socket as Socket
    from types import FrameType
    from typing import NoReturn, TypedDict

    class LandlockRules(TypedDict):
        """The kernel's version of Landlock, and paths.

        In a `shared` folder files can be made and used by name, but not be listed.
        """

        version: int
        readable: list[str]
        writable: list[str]
        shared: list[str]

    class Specification(TypedDict):
        """What to start, as whom and under which rules.

        Without an `environment` it is our own.
        """

        argv: list[str]
        cwd: str
        environment: dict[str, str] | None
        limits: dict[str, int]
        parent: int
        descriptors: list[int]
        is_keeper: bool
        uid: int | None
        landlock: LandlockRules | None
        seccomp: bytes


# linux/prctl.h
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_KEEPCAPS, _SET_SECCOMP = 1, 4, 8, 22
_SET_SECUREBITS, _NO_SETUID_FIXUP = 28, 1 << 2
_SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 36, 38, 47
_CAP_AMBIENT_RAISE, _SECCOMP_MODE_FILTER = 2, 2
# linux/capability.h
_CAPABILITY_VERSION_3, _CAP_DAC_READ_SEARCH = 0x20080522, 2

# landlock(7): the numbers are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_FILE, _MAKE_REGULAR = 1 << 5, 1 << 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
# What can be handled from each version of the interface on: files, network, scopes.
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP_SINCE, _BIND_AND_CONNECT = 4, 3
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 3

# As env(1) says it: the program is there and can't be run, or isn't there.
_CANNOT_RUN, _REFUSED = 126, 125

# Where the kernel says how often it killed for want of memory: cgroup v2, and v1.
_EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
# Received descriptors wait from here on: clear of the numbers that they are to get.
_ASIDE = 500


def main(specification: str) -> NoReturn:
    """Become the program, or keep it; ends with the program's own status."""
    import marshal

    supervisor, received = None, [0, 1, 2]
    if specification.startswith("/"):
        supervisor, raw, received = _ask(specification)
    else:
        with open(int(specification[1:]), "rb") as file:
            raw = file.read()
    told: Specification = marshal.loads(raw)
    if supervisor is not None:
        # Outside this container, where our parent has another number or none.
        told["parent"] = 0
    if not told["is_keeper"]:
        become(told)
    keep(told, supervisor, received, become)


def keep(
    told: Specification,
    supervisor: Socket | None,
    received: list[int],
    begin: Callable[[Specification], NoReturn],
) -> NoReturn:
    """Have a child of ours `begin`, and stay behind as the parent of what it leaves running.

    Ends that, and itself with the child's status. `received` are the descriptors that the
    child gets; a `supervisor` is told how it ended.
    """
    # `signal` itself makes enumerations of its numbers first.
    import _signal as signal  # type: ignore[import-not-found]

    libc = _libc()
    _call(libc.prctl, _SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def end(number: int, frame: FrameType | None) -> None:
        _end_children()

    signal.signal(signal.SIGTERM, end)
    if told["parent"]:
        _call(libc.prctl, _SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != told["parent"]:
            os._exit(_REFUSED)
    if supervisor is not None:
        # The program may have the same user: it must get nowhere near this connection.
        _call(libc.prctl, _SET_DUMPABLE, 0, 0, 0, 0)
        signal.signal(signal.SIGIO, end)
        if not _is_watched(supervisor):
            os._exit(_REFUSED)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        os.setsid()
        for number, descriptor in zip((0, 1, 2, *told["descriptors"]), received):
            if number != descriptor:
                os.dup2(descriptor, number)
        begin(told)
    # The program alone holds them now: the channel ends when it ends.
    for descriptor in told["descriptors"] if supervisor is None else received:
        os.close(descriptor)
    status = None
    while status is None:
        pid, ended = os.waitpid(-1, 0)
        if pid == child:
            status = ended
    _end_children()
    code = os.waitstatus_to_exitcode(status)
    if supervisor is not None:
        _tell(supervisor, code)
    if code < 0:
        if -code in (signal.SIGTERM, signal.SIGIO):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    # The first process of a container doesn't die of its own signals.
    os._exit(code if code >= 0 else 128 - code)


def _ask(path: str) -> tuple[Socket, bytes, list[int]]:
    """The connection to whoever wants a program run, what it says and what it hands over."""
    import socket

    supervisor = socket.socket(socket.AF_UNIX)
    supervisor.connect(path)
    return receive(supervisor)


def receive(supervisor: Socket) -> tuple[Socket, bytes, list[int]]:
    """What comes over a connection: the bytes and the descriptors, and the connection.

    All of them are moved clear of the numbers that the program's are to get.
    """
    import array
    import fcntl
    import socket

    room = socket.CMSG_SPACE(16 * 4)
    length, ancillary, _, _ = supervisor.recvmsg(8, room)
    while len(length) < 8 and (more := supervisor.recv(8 - len(length))):
        length += more
    handed = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            handed.frombytes(content)
    raw = b""
    while len(raw) < int.from_bytes(length) and (more := supervisor.recv(65536)):
        raw += more
    *aside, connection = (
        fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _ASIDE)
        for one in (*handed, supervisor.fileno())
    )
    for one in handed:
        os.close(one)
    supervisor.close()
    return socket.socket(fileno=connection), raw, aside


def _is_watched(supervisor: Socket) -> bool:
    """Have SIGIO sent when the other side goes; False when it is gone already."""
    import fcntl
    import socket

    fcntl.fcntl(supervisor, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(supervisor, fcntl.F_GETFL)
    fcntl.fcntl(supervisor, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        return bool(supervisor.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True


def _tell(supervisor: Socket, code: int) -> None:
    """How the program ended, and how many processes the kernel killed for want of memory."""
    killed = 0
    for path in _EVENTS:
        try:
            with open(path) as file:
                words = file.read().split()
        except OSError:
            continue
        if "oom_kill" in words:
            killed = int(words[words.index("oom_kill") + 1])
    try:
        supervisor.sendall(b"%d %d\n" % (code, killed))
    except OSError:
        pass  # nobody is there any more to be told


def become(told: Specification) -> NoReturn:
    """Put the rules on this process and turn into the program."""
    enter(told)
    try:
        if told["environment"] is None:
            os.execvp(told["argv"][0], told["argv"])
        else:
            os.execvpe(told["argv"][0], told["argv"], told["environment"])
    except OSError as error:
        os.write(2, f"{told['argv'][0]}: {error.strerror}\n".encode())
        os._exit(_CANNOT_RUN)


def enter(told: Specification) -> None:
    """Put the rules on this process, and go where it is to work; ends it where that fails."""
    try:
        _restrict(told)
        # By now with the rights of who is going to work there.
        os.chdir(told["cwd"])
    except (OSError, ValueError) as error:
        os.write(2, f"mlops-grade: the box could not be closed: {error}\n".encode())
        os._exit(_REFUSED)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends."""
    above = os.getppid()
    _call(_libc().prctl, _SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != above:
        os._exit(_REFUSED)


def be_dumpable() -> None:
    """Give a fork its own entries in /proc, as starting a program does."""
    _call(_libc().prctl, _SET_DUMPABLE, 1, 0, 0, 0)


def _restrict(told: Specification) -> None:
    import resource

    for name, value in told["limits"].items():
        kind = getattr(resource, "RLIMIT_" + name)
        _, most = resource.getrlimit(kind)
        bound = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (bound, bound))
    if told["landlock"] is None:
        if told["uid"] is not None:
            _drop(told["uid"])
        if told["seccomp"]:
            libc = _libc()
            _call(libc.prctl, _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            _filter(libc, told["seccomp"])
        return
    libc = _libc()
    ruleset = _ruleset(libc, told["landlock"])
    if told["uid"] is not None:
        # Reading stays as it was for root, within what Landlock allows: an interpreter
        # below /root can't be reached otherwise. Without the bit access(2), which tools
        # ask beforehand, says no all the same; it may be refused, and then they do.
        libc.prctl(_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)
        _call(libc.prctl, _SET_KEEPCAPS, 1, 0, 0, 0)
        _drop(told["uid"])
        _keep_reading(libc)
    _call(libc.prctl, _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(libc.syscall, _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    _filter(libc, told["seccomp"])


def _drop(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _keep_reading(libc: ctypes.CDLL) -> None:
    import ctypes
    import struct

    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    kept = 1 << _CAP_DAC_READ_SEARCH
    sets = ctypes.create_string_buffer(struct.pack("=6I", kept, kept, kept, 0, 0, 0))
    _call(libc.capset, header, sets)
    _call(libc.prctl, _CAP_AMBIENT, _CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)


def _ruleset(libc: ctypes.CDLL, told: LandlockRules) -> int:
    import ctypes
    import stat
    import struct

    version = told["version"]
    files = _FILES[max(since for since in _FILES if since <= version)]
    network = _BIND_AND_CONNECT if version >= _TCP_SINCE else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0
    size = 8 if version < _TCP_SINCE else 16 if version < _SCOPES_SINCE else 24
    attributes = struct.pack("=QQQ", files, network, scopes)[:size]
    ruleset = _call(
        libc.syscall,
        _CREATE_RULESET,
        ctypes.create_string_buffer(attributes, size),
        ctypes.c_size_t(size),
        0,
    )
    os.set_inheritable(ruleset, False)
    read = _EXECUTE | _READ_FILE | _READ_DIR
    # Semaphores and shared memory: files may be made there and used by those who know
    # their names, but the folder can't be listed.
    shared = _READ_FILE | _WRITE_FILE | _TRUNCATE | _MAKE_REGULAR | _REMOVE_FILE
    for paths, wanted in (
        (told["readable"], read),
        (told["writable"], files),
        (told["shared"], shared),
    ):
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # not on this machine, then there is nothing to allow
            allowed = wanted & files
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                allowed &= _ON_FILES
            rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, place), 12)
            _call(libc.syscall, _ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
            os.close(place)
    return ruleset


def _filter(libc: ctypes.CDLL, program: bytes) -> None:
    import ctypes
    import struct

    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions of 8 bytes, and where they are.
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(described, len(described))
    _call(libc.prctl, _SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer, 0, 0)


def _end_children() -> None:
    """Kill whatever descends from this process, until nothing does."""
    import time

    me = os.getpid()
    while True:
        for pid in _descendants(me):
            try:
                os.kill(pid, 9)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                children = [int(child) for child in file.read().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


def _libc() -> ctypes.CDLL:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _call(function: Callable[..., int], *arguments: object) -> int:
    import ctypes

    done = function(
        *(ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments)
    )
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")
    return done


if __name__ == "__main__":
    main(sys.argv[1])
