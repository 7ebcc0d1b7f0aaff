"""The system calls that no boxed process needs, as a program for the kernel's filter.

A deny-list, on top of what namespaces or Landlock forbid: what could reach out of the box or
widen it (namespaces, mounts, tracing, keys, io_uring), what would escape the limits (memory
in unmapped files), and sockets of the families that are no IP. An unknown architecture has
no filter, and then the tiers that need one don't work.

Source: seccomp(2), linux/filter.h, linux/audit.h; numbers from asm/unistd.h.
"""

import errno
import platform
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# number on x86_64, number on aarch64; None where the call doesn't exist.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chmod": (90, None),
    "chown": (92, None),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchownat": (260, 54),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "futimesat": (261, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "lchown": (94, None),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "removexattrat": (466, 466),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "semget": (64, 190),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    "shmget": (29, 194),
    "socket": (41, 198),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "tkill": (200, 130),
    "truncate": (76, 45),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
}
_COLUMNS = {"x86_64": 0, "aarch64": 1, "arm64": 1}
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)

_FORBIDDEN = (
    *("acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime"),
    *("delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount"),
    *("fsopen", "fspick", "init_module", "ioperm", "iopl", "kcmp"),
    *("kexec_file_load", "kexec_load", "keyctl", "mount", "mount_setattr"),
    *("move_mount", "mq_open", "name_to_handle_at", "open_by_handle_at"),
    *("open_tree", "open_tree_attr", "perf_event_open", "pidfd_getfd"),
    *("pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl"),
    *("reboot", "request_key", "setdomainname", "sethostname", "setns"),
    *("settimeofday", "swapoff", "swapon", "umount2", "unshare", "userfaultfd"),
)
# "No such call": programs and libraries have another way, and take it.
_ABSENT = (
    *("clone3", "io_uring_enter", "io_uring_register", "io_uring_setup"),
    *("memfd_create", "memfd_secret", "msgget", "semget", "shmget"),
)
# Landlock doesn't govern them. They do nothing and say that they did: shutil.copy calls
# some of them on every file.
_PRETENDED = (
    *("chmod", "chown", "fchmodat", "fchmodat2", "fchownat", "futimesat", "lchown"),
    *("lremovexattr", "lsetxattr", "removexattr", "removexattrat", "setxattr"),
    *("setxattrat", "utime", "utimensat", "utimes"),
)
_SIGNALS = (
    "kill",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "tkill",
)

_LOAD, _JUMP_IF, _JUMP_IF_ANY, _JUMP_IF_GE, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24

_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_UNIX, _IPV4, _IPV6, _NETLINK = 1, 2, 10, 16


@dataclass(frozen=True)
class Rules:
    """What is forbidden beyond what always is.

    `sockets` says which may be made: of this machine's network as the box sees it, or none
    at all (pairs of connected ones always may). `keeps_metadata` makes changes of mode,
    owner, times and attributes do nothing, `keeps_truncate` forbids truncating by name, and
    `keeps_signals` forbids signals to another process: for a kernel whose Landlock doesn't
    cover these. Without `has_unix` there are no Unix sockets but connected pairs: those of
    the machine that have no file are reached from wherever its network is.
    """

    has_sockets: bool = True
    keeps_metadata: bool = False
    keeps_truncate: bool = False
    keeps_signals: bool = False
    has_unix: bool = True


def is_supported() -> bool:
    """Whether there is a filter for this machine's architecture."""
    return platform.machine() in _COLUMNS


def program(rules: Rules, machine: str | None = None) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Raises `KeyError` for an architecture that there is none for.
    """
    column = _COLUMNS[machine or platform.machine()]
    instructions = list(_instructions(rules, column))
    return b"".join(struct.pack("=HBBI", *one) for one in instructions)


_Instruction = tuple[int, int, int, int]


def _instructions(rules: Rules, column: int) -> Iterator[_Instruction]:
    yield _LOAD, 0, 0, _ARCH
    yield _JUMP_IF, 1, 0, _AUDIT_ARCH[column]
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    if column == 0:
        # The x32 calls of an x86_64 kernel: the same calls under other numbers.
        yield _JUMP_IF_GE, 0, 1, 0x40000000
        yield _RETURN, 0, 0, _ERRNO | errno.ENOSYS

    def refuse(names: Sequence[str], error: int) -> Iterator[_Instruction]:
        for name in names:
            number = _NUMBERS[name][column]
            if number is not None:
                yield _JUMP_IF, 0, 1, number
                yield _RETURN, 0, 0, _ERRNO | error

    yield from refuse(_FORBIDDEN, errno.EPERM)
    yield from refuse(_ABSENT, errno.ENOSYS)
    if rules.keeps_metadata:
        yield from refuse(_PRETENDED, 0)
    if rules.keeps_truncate:
        yield from refuse(("truncate",), errno.EPERM)
    if rules.keeps_signals:
        yield from refuse(_SIGNALS, errno.EPERM)
    if rules.has_sockets:
        yield from _only_families(column, has_unix=rules.has_unix)
    else:
        yield from refuse(("socket",), errno.EACCES)
    yield from _no_new_namespace(column)
    yield from _no_typing(column)
    yield _RETURN, 0, 0, _ALLOW


def _only_families(column: int, *, has_unix: bool) -> Iterator[_Instruction]:
    # vsock reaches the host of a virtual machine from inside any network namespace.
    families = (*((_UNIX,) if has_unix else ()), _IPV4, _IPV6, _NETLINK)
    yield _JUMP_IF, 0, len(families) + 3, _number("socket", column)
    yield _LOAD, 0, 0, _FIRST
    for i, family in enumerate(families):
        yield _JUMP_IF, len(families) - i, 0, family
    yield _RETURN, 0, 0, _ERRNO | errno.EACCES
    yield _LOAD, 0, 0, _NUMBER


def _no_new_namespace(column: int) -> Iterator[_Instruction]:
    yield _JUMP_IF, 0, 4, _number("clone", column)
    yield _LOAD, 0, 0, _FIRST
    yield _JUMP_IF_ANY, 0, 1, _NAMESPACES
    yield _RETURN, 0, 0, _ERRNO | errno.EPERM
    yield _LOAD, 0, 0, _NUMBER


def _no_typing(column: int) -> Iterator[_Instruction]:
    yield _JUMP_IF, 0, 5, _number("ioctl", column)
    yield _LOAD, 0, 0, _SECOND
    yield _JUMP_IF, 1, 0, _TIOCSTI
    yield _JUMP_IF, 0, 1, _TIOCLINUX
    yield _RETURN, 0, 0, _ERRNO | errno.EPERM
    yield _LOAD, 0, 0, _NUMBER


def _number(name: str, column: int) -> int:
    number = _NUMBERS[name][column]
    assert number is not None
    return number
