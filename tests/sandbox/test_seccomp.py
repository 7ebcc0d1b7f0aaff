"""The filter, run on system calls by a small machine of the tests' own."""

import struct

import pytest

from grader.sandbox.seccomp import Rules, program

ALLOWED = 0x7FFF0000
KILLED = 0x80000000
X86, ARM = 0xC000003E, 0xC00000B7


def errno_of(name: int) -> int:
    return 0x00050000 | name


def verdict(code: bytes, number: int, *arguments: int, arch: int = X86) -> int:
    """What the filter answers, by the rules of classic BPF for `struct seccomp_data`."""
    told = struct.pack("=IIQ", number, arch, 0)
    told += struct.pack("=6Q", *(*arguments, *[0] * (6 - len(arguments))))
    lines = list(struct.iter_unpack("=HBBI", code))
    at = loaded = 0
    while True:
        kind, if_true, if_false, value = lines[at]
        at += 1
        match kind:
            case 0x20:
                loaded = struct.unpack_from("=I", told, value)[0]
            case 0x15:
                at += if_true if loaded == value else if_false
            case 0x35:
                at += if_true if loaded >= value else if_false
            case 0x45:
                at += if_true if loaded & value else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"an instruction that we don't use: {kind:#x}")


@pytest.mark.parametrize("rules", [Rules(), Rules(False, True, True, True)])
@pytest.mark.parametrize(
    ("machine", "arch", "read"), [("x86_64", X86, 0), ("aarch64", ARM, 63)]
)
def test_ordinary_calls_are_allowed(
    rules: Rules, machine: str, arch: int, read: int
) -> None:
    assert verdict(program(rules, machine), read, arch=arch) == ALLOWED


@pytest.mark.parametrize(
    ("number", "why"),
    [(101, "ptrace"), (272, "unshare"), (165, "mount"), (310, "process_vm_readv")],
)
def test_what_reaches_out_of_a_box_is_refused(number: int, why: str) -> None:
    assert verdict(program(Rules(), "x86_64"), number) == errno_of(1), why


@pytest.mark.parametrize("number", [319, 425, 435, 29])
def test_what_escapes_the_limits_or_the_filter_is_not_there(number: int) -> None:
    assert verdict(program(Rules(), "x86_64"), number) == errno_of(38)


def test_a_call_by_another_architecture_ends_the_process() -> None:
    assert verdict(program(Rules(), "x86_64"), 0, arch=0x40000003) == KILLED


def test_the_x32_numbers_of_a_call_are_refused() -> None:
    assert verdict(program(Rules(), "x86_64"), 0x40000000 | 101) == errno_of(38)


@pytest.mark.parametrize(
    ("family", "answer"),
    [
        (1, ALLOWED),
        (2, ALLOWED),
        (10, ALLOWED),
        (16, ALLOWED),
        (40, errno_of(13)),
        (17, errno_of(13)),
    ],
)
def test_sockets_are_of_the_machine_s_own_network_only(
    family: int, answer: int
) -> None:
    assert verdict(program(Rules(), "x86_64"), 41, family) == answer


@pytest.mark.parametrize("family", [1, 2, 40])
def test_without_sockets_there_is_none_but_a_pair(family: int) -> None:
    code = program(Rules(has_sockets=False), "x86_64")
    assert verdict(code, 41, family) == errno_of(13)
    assert verdict(code, 53, family) == ALLOWED


def test_a_thread_can_be_started_and_a_namespace_not() -> None:
    code = program(Rules(), "x86_64")
    assert verdict(code, 56, 0x003D0F00) == ALLOWED
    assert verdict(code, 56, 0x10000000 | 17) == errno_of(1)


def test_typing_into_a_terminal_is_refused_and_asking_its_size_is_not() -> None:
    code = program(Rules(), "x86_64")
    assert verdict(code, 16, 0, 0x5412) == errno_of(1)
    assert verdict(code, 16, 0, 0x541C) == errno_of(1)
    assert verdict(code, 16, 0, 0x5413) == ALLOWED


def test_changes_of_metadata_do_nothing_only_where_asked() -> None:
    assert verdict(program(Rules(), "x86_64"), 90) == ALLOWED
    assert verdict(program(Rules(keeps_metadata=True), "x86_64"), 90) == errno_of(0)


def test_an_unknown_architecture_has_no_filter() -> None:
    with pytest.raises(KeyError):
        program(Rules(), "vax")


def test_with_the_machine_s_network_there_are_no_unix_sockets() -> None:
    code = program(Rules(has_unix=False), "x86_64")
    families = {"unix": 1, "ipv4": 2, "ipv6": 10, "netlink": 16, "vsock": 40}
    refused = [
        name for name, one in families.items() if verdict(code, 41, one) != ALLOWED
    ]
    assert refused == ["unix", "vsock"]
    assert verdict(code, 53, 1) == ALLOWED  # a connected pair
