"""The repositories of cases 39 to 60, as files: what a hostile, or an odd, test suite does.

Each is an honest little project with something added. All that could hurt the machine is
bounded here, so that a hole in a box is seen and not suffered: no more than 3 GiB of
memory, 2,000 processes, 512 MiB of disk, and an end after some seconds.
"""

from collections.abc import Mapping

from tests.hostile.harness import Traps

Files = Mapping[str, str | bytes]

# Two functions of the source, two honest tests of one of them: half of it is covered.
HONEST: Files = {
    "README.md": "# Sums\n",
    "src/__init__.py": "",
    "src/calc.py": '''\
"""Sums."""


def add(a, b):
    """The sum; never negative."""
    total = a + b
    if total < 0:
        return 0
    return total


def untested(a):
    """What no test runs."""
    b = a * 2
    c = b - 1
    return c
''',
    "tests/test_calc.py": """\
from src.calc import add


def test_a_sum():
    assert add(1, 2) == 3


def test_a_sum_is_never_negative():
    assert add(1, -2) == 0
""",
}
HONEST_TESTS = 2


def with_tests(text: str, **more: str) -> Files:
    """The honest project with one more test file, which comes last, and other files.

    `more` are files at the top, by their name without `.py`.
    """
    return {
        **HONEST,
        "tests/test_hostile.py": text,
        **{f"{name}.py": content for name, content in more.items()},
    }


def with_conftest(text: str, tests: str = "") -> Files:
    """The honest project, two failing tests, and a conftest.py."""
    return {
        **with_tests(tests or FAILING),
        "conftest.py": text,
    }


FAILING = """\
from src.calc import add


def test_that_fails():
    assert add(2, 2) == 5


def test_that_raises():
    raise RuntimeError("no")
"""
FAILING_TESTS = 2

# 39: time.

ENDLESS: Mapping[str, str] = {
    "loop": "def test_never_ends():\n    while True:\n        pass\n",
    "sleep": "import time\n\n\ndef test_never_ends():\n    time.sleep(3600)\n",
    "ignored-signals": """\
import os
import signal
import time


def test_never_ends():
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            break
    while True:
        time.sleep(1)
""",
}

# 40: processes.

FORK_BOMBS: Mapping[str, str] = {
    "sleepers": """\
import os
import time


def test_forks():
    for _ in range(2000):
        try:
            if os.fork() == 0:
                time.sleep(8)
                os._exit(0)
        except OSError:
            pass
    time.sleep(4)
""",
    "each-child-forks": """\
import os
import time


def test_forks():
    end = time.monotonic() + 5
    most = 1000
    while time.monotonic() < end and most > 0:
        most -= 1
        try:
            if os.fork() == 0:
                os.setsid()
                most //= 2
        except OSError:
            pass
    time.sleep(4)
""",
    "threads": """\
import threading
import time


def test_forks():
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(8,), daemon=True).start()
    time.sleep(4)
""",
}

# 41: memory.

MEMORY_BOMBS: Mapping[str, str] = {
    "one": """\
import time


def test_fills_the_memory():
    held = []
    for _ in range(96):
        held.append(bytearray(b"x" * 32 * 2**20))
        time.sleep(0.02)
""",
    "many-children": """\
import os
import time


def test_fills_the_memory():
    children = []
    for _ in range(24):
        child = os.fork()
        if child == 0:
            held = []
            for _ in range(32):
                held.append(bytearray(b"x" * 4 * 2**20))
                time.sleep(0.02)
            time.sleep(4)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
""",
    "memfd": """\
import os
import time


def test_fills_the_memory():
    block = b"x" * 2**20
    held = []
    for _ in range(64):
        held.append(os.memfd_create("held"))
        for _ in range(48):
            os.write(held[-1], block)
        time.sleep(0.02)
""",
    "shared-map": """\
import mmap
import time


def test_fills_the_memory():
    held = []
    for _ in range(64):
        held.append(mmap.mmap(-1, 48 * 2**20))
        for offset in range(0, 48 * 2**20, 4096):
            held[-1][offset] = 1
        time.sleep(0.02)
""",
}

# 42: disk.

DISK_BOMBS: Mapping[str, str] = {
    "one-file": """\
import time


def test_fills_the_disk():
    with open("large", "wb") as file:
        for _ in range(512):
            file.write(b"x" * 2**20)
            time.sleep(0.01)
""",
    "many-large-files": """\
import time


def test_fills_the_disk(tmp_path):
    for number in range(128):
        (tmp_path / str(number)).write_bytes(b"x" * 4 * 2**20)
        time.sleep(0.02)
""",
    "many-files": """\
import os
import tempfile
import time


def test_fills_the_disk():
    for number in range(40):
        folder = tempfile.mkdtemp()
        for inner in range(500):
            open(os.path.join(folder, str(inner)), "w").close()
        time.sleep(0.05)
""",
    "nested": """\
import os


def test_fills_the_disk(tmp_path):
    os.chdir(tmp_path)
    for _ in range(5_000):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    assert False
""",
    "locked": """\
import os


def test_fills_the_disk(tmp_path):
    for number in range(100):
        folder = tmp_path / str(number) / "inner"
        folder.mkdir(parents=True)
        (folder / "file").write_text("here")
        (folder / "file").chmod(0)
        folder.chmod(0)
        folder.parent.chmod(0o555)
    os.chmod(tmp_path, 0)
    os.chmod(os.environ["HOME"], 0)
    assert False
""",
    "shared-memory-folder": """\
import time


def test_fills_the_disk():
    for number in range(128):
        with open(f"/dev/shm/mlops-hostile-{number}", "wb") as file:
            file.write(b"x" * 4 * 2**20)
        time.sleep(0.02)
""",
}

# 43: output.

LOUD: Mapping[str, str] = {
    "past-the-capture": """\
def test_is_loud(capsys):
    with capsys.disabled():
        for _ in range(300):
            print("x" * 2**20)
""",
    "captured": """\
def test_is_loud():
    for _ in range(300):
        print("x" * 2**20)
""",
}

# Ends of lines, a screen that is cleared, a title, bytes that are no UTF-8.
UNREADABLE = r"""
import os
import sys

ODD = "\x1b[2J\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\u202e\x00\x9b31m\r"


def test_prints_what_no_terminal_should_see(capfd):
    with capfd.disabled():
        os.write(1, b"\xff\xfe\x80" * 100 + ODD.encode())
        os.write(2, b"\xff\xfe\x80" * 100 + ODD.encode())


def test_fails_with_it():
    assert False, ODD + "\udc80"


def test_fails_with_bytes_of_it():
    sys.stdout.buffer.write(b"\xff\xfe\x80" * 100)
    raise RuntimeError(b"\xff\x1b[2J".decode("latin-1"))
"""

# 44: what outlives its test.

DAEMONS: Mapping[str, str] = {
    "silent": """\
import os
import time


def test_leaves_a_daemon():
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for descriptor in range(256):
        try:
            os.close(descriptor)
        except OSError:
            pass
    os.chdir("/")
    time.sleep(15)
    os._exit(0)
""",
    "holding-the-streams": """\
import os
import time


def test_leaves_a_daemon():
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(15)
    os._exit(0)
""",
    "without-a-name-or-environment": """\
import os
import subprocess
import sys

CODE = "import time; time.sleep(15)"


def test_leaves_a_daemon():
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", CODE],
        env={},
        cwd="/",
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
""",
}


def curious(traps: Traps, neighbour: str) -> Files:
    """45: each test tries to read something and passes when it can't."""
    return with_tests(f"""\
import os
from pathlib import Path

import pytest

HOME = Path({str(traps.home)!r})
OTHER = Path({str(traps.other_group)!r})
NEIGHBOUR = Path({neighbour!r})


@pytest.mark.parametrize(
    "path",
    [
        HOME / ".ssh/id_rsa",
        HOME / ".aws/credentials",
        HOME / ".netrc",
        HOME / "notes.txt",
        OTHER / "result.json",
        OTHER / "src/secret.py",
        NEIGHBOUR / "src/rent.py",
        Path("~/.ssh/id_rsa").expanduser(),
        Path("/root/.bashrc"),
        Path("/etc/shadow"),
        Path("/proc/{traps.parent}/environ"),
        Path("/proc/{traps.parent}/mem"),
        Path("/proc/1/environ"),
        Path("/proc/{traps.parent}/root/etc/shadow"),
        Path("/proc/{traps.parent}/cwd/pyproject.toml"),
        Path("/dev/mem"),
        Path("/proc/kcore"),
    ],
    ids=str,
)
def test_a_file_of_others_is_not_there(path):
    try:
        with path.open("rb") as file:
            found = file.read(64)
    except OSError:
        return
    # A namespace of its own has a first process too.
    if path == Path("/proc/1/environ") and os.getppid() <= 2:
        return
    raise AssertionError(repr(found))


def test_no_process_shows_a_canary():
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try:
                text = (folder / name).read_bytes()
            except OSError:
                continue
            assert b"CANARY=" not in text and b"_TOKEN=" not in text, text


def test_the_environment_has_no_canary():
    names = ("CANARY", "TOKEN", "SECRET", "KEY", "DATABASE_URL", "SSH_", "GITHUB")
    odd = [n for n in os.environ if any(part in n.upper() for part in names)]
    assert not odd, [os.environ[name] for name in odd]


def test_home_is_a_fresh_one():
    home = Path(os.environ["HOME"])
    assert home != HOME
    assert not (home / ".ssh").exists()


def test_no_descriptor_was_left_open():
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{{name}}")
        except OSError:
            continue
        assert not target.startswith("socket:"), target
        assert {str(traps.home.parent)!r} not in target or "/w/" in target, target


def test_the_folders_above_list_no_other_group():
    for folder in Path.cwd().parents:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        assert "other-group" not in names, folder
        assert "neighbour" not in names, folder
""")


def talkative(traps: Traps) -> Files:
    """46: each test tries to reach somebody and passes when nobody is there."""
    return with_tests(f"""\
import socket

import pytest

PLACES = [
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {traps.tcp_port})),
    (socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", {traps.tcp_port})),
    (socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", {traps.tcp_port})),
    (socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 53)),
    (socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80)),
    (socket.AF_UNIX, socket.SOCK_STREAM, {str(traps.unix_socket)!r}),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\\0{traps.abstract_socket}"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/run/docker.sock"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/run/dbus/system_bus_socket"),
]


@pytest.mark.parametrize(("family", "kind", "address"), PLACES, ids=str)
def test_nobody_can_be_reached(family, kind, address):
    with pytest.raises(OSError):
        with socket.socket(family, kind) as client:
            client.settimeout(1)
            client.connect(address)


def test_no_datagram_gets_out():
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", ("127.0.0.1", {traps.udp_port}))
    except OSError:
        pass


def test_no_name_is_known():
    with pytest.raises(OSError):
        socket.getaddrinfo("example.org", 80)


def test_there_is_no_socket_to_the_host():
    with pytest.raises(OSError):
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect((2, 1024))


def test_there_is_no_raw_socket():
    for family, kind, protocol in (
        (socket.AF_INET, socket.SOCK_RAW, 1),
        (socket.AF_PACKET, socket.SOCK_RAW, 0),
    ):
        with pytest.raises(OSError):
            socket.socket(family, kind, protocol)
""")


# A name that the harness looks for all over the machine.
TRACE = "mlops-hostile-trace"


def vandal(traps: Traps, original: str, places: tuple[str, ...]) -> Files:
    """47: changes whatever it can outside its own folder; every attempt is swallowed.

    `places` are folders of the machine, in each of which it would leave a file `TRACE`.
    """
    return with_tests(f"""\
import os
import shutil
import subprocess
from pathlib import Path

OUTSIDE = Path({str(traps.outside)!r})
HOME = Path({str(traps.home)!r})
OTHER = Path({str(traps.other_group)!r})
ORIGINAL = Path({original!r})
PLACES = {places!r}


def attempt(change, *arguments):
    try:
        change(*arguments)
    except (OSError, AttributeError, shutil.Error, subprocess.SubprocessError):
        pass


def test_changes_what_it_can():
    for folder in (OUTSIDE, HOME, OTHER, ORIGINAL, *map(Path, PLACES)):
        attempt((folder / "{TRACE}").write_text, "here")
        attempt((folder / "{TRACE}-folder").mkdir)
    for file in (
        OUTSIDE / "marks.csv",
        HOME / ".ssh/id_rsa",
        OTHER / "result.json",
        ORIGINAL / "src/calc.py",
    ):
        attempt(file.write_text, "here")
        attempt(lambda: file.open("a").write("here"))
        attempt(os.truncate, file, 0)
        attempt(os.chmod, file, 0o600)
        attempt(os.chown, file, 12345, 12345)
        attempt(os.utime, file, (0, 0))
        attempt(os.setxattr, file, "user.here", b"here")
        attempt(os.rename, file, str(file) + ".moved")
        attempt(os.link, file, "linked")
        attempt(lambda: open("linked", "a").write("here"))
        attempt(os.symlink, file, str(file) + ".link")
        attempt(os.unlink, file)
        attempt(shutil.rmtree, file.parent)
    attempt(subprocess.run, ["chmod", "-R", "0", str(OUTSIDE)])
    attempt(subprocess.run, ["rm", "-rf", str(OUTSIDE)])


def test_its_own_folders_can_be_written_to(tmp_path):
    Path("here").write_text("here")
    (tmp_path / "here").write_text("here")
    (Path(os.environ["HOME"]) / "here").write_text("here")
""")


def restless(traps: Traps, *, kills: bool) -> Files:
    """48: namespaces, tracing, signals to everybody; `kills` says whether to mean it."""
    sent = "SIGKILL" if kills else "SIGURG"
    return with_tests(f"""\
import ctypes
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206


def test_no_namespace_can_be_made():
    assert LIBC.unshare(CLONE_NEWUSER) == -1
    assert LIBC.unshare(CLONE_NEWNS) == -1


def test_nothing_can_be_mounted():
    assert LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1
    assert LIBC.chroot(b"/tmp") == -1


def test_nobody_can_be_traced():
    for process in ({traps.parent}, os.getppid(), 1):
        assert LIBC.ptrace(PTRACE_ATTACH, process, None, None) == -1
        assert LIBC.ptrace(PTRACE_SEIZE, process, None, None) == -1


def test_no_keys_no_modules_no_clock():
    for number in (248, 250, 175, 313, 246, 298, 321, 425):
        assert LIBC.syscall(number, 0, 0, 0, 0, 0) == -1, number


def test_root_can_not_be_had_again():
    for call in (LIBC.setuid, LIBC.setgid, LIBC.seteuid):
        call(0)
    assert os.geteuid() != 0 or os.getuid() != 0 or not os.access("/etc/shadow", os.R_OK)


def test_signals_to_everybody():
    for target in (-1, {traps.parent}):
        try:
            os.kill(target, signal.{sent})
        except OSError:
            pass
""")


# 49 and 50: suites that end the process. The first test of each would fail.

ENDINGS: Mapping[str, str] = {
    "exit-at-import": "import os\n\nos._exit(0)\n",
    "exit-in-a-test": """\
import os


def test_fails_first():
    assert False


def test_ends_everything():
    os._exit(0)


def test_never_reached():
    assert False
""",
    "segfault": """\
import ctypes


def test_fails_first():
    assert False


def test_ends_everything():
    ctypes.string_at(0)


def test_never_reached():
    assert False
""",
    "signal-to-itself": """\
import os
import signal


def test_ends_everything():
    os.kill(os.getpid(), signal.SIGKILL)
""",
}
AT_EXIT = """\
import atexit
import os

atexit.register(os._exit, 0)


def test_fails_first():
    assert False
"""
EXIT_IN_A_TEST = """\
import sys


def test_leaves():
    sys.exit(0)


def test_goes_on():
    assert True
"""
EXIT_AT_IMPORT = "import sys\n\nsys.exit(0)\n"
PYTEST_EXITS: Mapping[str, str] = {
    "in-a-test": """\
import pytest


def test_fails_first():
    assert False


def test_ends_everything():
    pytest.exit("enough", returncode=0)


def test_never_reached():
    assert False
""",
    "interrupt": """\
def test_ends_everything():
    raise KeyboardInterrupt
""",
}

# 51: forged results, each with two tests that fail.

FORGERIES: Mapping[str, Files] = {
    "rewritten-report": with_conftest("""\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome = "passed"
    report.longrepr = None
"""),
    "swallowed-exception": with_conftest("""\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    outcome = yield
    outcome.force_result(None)
"""),
    "logged-reports": with_conftest("""\
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.outcome = "passed"
    report.longrepr = None
"""),
    "patched-call": with_conftest("""\
import _pytest.runner

original = _pytest.runner.CallInfo.from_call.__func__


def from_call(cls, func, when, reraise=None):
    made = original(cls, func, when, reraise)
    made.excinfo = None
    return made


_pytest.runner.CallInfo.from_call = classmethod(from_call)
"""),
    "replaced-bodies": with_conftest("""\
def pytest_collection_modifyitems(items):
    for item in items:
        item.obj = lambda: None
"""),
    "not-called": with_conftest("""\
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return True
"""),
    "own-protocol": with_conftest("""\
import pytest
from _pytest.reports import TestReport


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for when in ("setup", "call", "teardown"):
        report = TestReport(
            item.nodeid, item.location, {}, "passed", None, when, [], 0.0
        )
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""),
    "patched-run": with_conftest("""\
import pytest

pytest.Function.runtest = lambda self: None
"""),
    "patched-by-the-heap": with_conftest("""\
import gc

for one in gc.get_objects():
    if isinstance(one, type) and one.__name__ == "Function":
        if hasattr(one, "runtest"):
            setattr(one, "run" + "test", lambda self: None)
"""),
    "patched-through-sys-modules": with_conftest("""\
import sys

runner = sys.modules["_py" + "test.runner"]
setattr(runner, "pytest_runtest_" + "call", lambda item: None)
python = sys.modules["_py" + "test.python"]
vars(python)["Function"].__dict__
setattr(vars(python)["Function"], "run" + "test", lambda self: None)
"""),
    "exit-status": with_conftest("""\
def pytest_sessionfinish(session, exitstatus):
    session.exitstatus = 0
    session.testsfailed = 0
"""),
    "tampered-source": with_conftest(
        """\
import src.calc

src.calc.add = lambda a, b: type("Any", (), {"__eq__": lambda *_: True})()
""",
        tests="""\
from src.calc import add


def test_that_fails():
    assert add(2, 2) == 5


def test_that_fails_too():
    assert add(2, 2) == 7
""",
    ),
    "no-assertions-left": with_conftest("""\
import ast
import builtins


class Any(AssertionError):
    def __new__(cls, *arguments):
        raise SystemExit(0)


builtins.AssertionError = Any


def pytest_collection_modifyitems(items):
    import sys

    for item in items:
        module = sys.modules[item.function.__module__]
        for name, value in list(vars(module).items()):
            if name.startswith("test_"):
                value.__code__ = (lambda: None).__code__
"""),
}

# 52: events of our own kind, sent to every descriptor there is.

FORGED_EVENTS = """\
import json
import os

KINDS = ("test", "result", "report", "finish", "end", "outcome", "logreport")


def test_sends_events():
    node = "tests/test_hostile.py::test_that_was_never_run"
    for descriptor in range(3, 64):
        for kind in KINDS:
            event = {
                "event": kind,
                "kind": kind,
                "type": kind,
                "node": node,
                "nodeid": node,
                "id": node,
                "when": "call",
                "outcome": "passed",
                "status": 0,
                "exit_status": 0,
                "exitstatus": 0,
            }
            try:
                os.write(descriptor, json.dumps(event).encode() + b"\\n")
            except OSError:
                break


def test_that_fails():
    assert False
"""
# What the plugin itself has written, sent once more and changed.
REPLAYED_EVENTS = """\
import os
import pathlib

import pytest


def channel():
    number = os.environ.get("MLOPS_GRADE_CHANNEL")
    if number:
        return int(number)
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        try:
            if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("pipe"):
                return int(name)
        except OSError:
            continue
    pytest.skip("no channel was found")


def test_that_fails():
    assert False


def test_repeats_what_was_sent():
    target = channel()
    original = os.write
    # Whatever is sent from here on says that everything passed.
    def write(descriptor, content):
        if descriptor == target:
            content = content.replace(b"failed", b"passed").replace(b": 1", b": 0")
        return original(descriptor, content)

    os.write = write


def test_that_fails_later():
    assert False
"""

# 53: tests that were not run.

LEFT_OUT: Mapping[str, Files] = {
    "deselected": with_conftest("""\
def pytest_collection_modifyitems(config, items):
    out = [item for item in items if "hostile" in item.nodeid]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
"""),
    "taken-out-silently": with_conftest("""\
def pytest_collection_modifyitems(config, items):
    items[:] = [item for item in items if "hostile" not in item.nodeid]
"""),
    "skipped": with_conftest("""\
import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "hostile" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="not today"))
"""),
    "xfailed": with_conftest("""\
import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "hostile" in item.nodeid:
            item.add_marker(pytest.mark.xfail)
"""),
    "ignored": {
        **with_tests(FAILING),
        "conftest.py": 'collect_ignore = ["tests/test_hostile.py"]\n',
    },
}
UNREGISTERED = with_conftest("""\
def pytest_collection_finish(session):
    manager = session.config.pluginmanager
    for name, plugin in manager.list_name_plugin():
        if plugin is None or not name:
            continue
        module = getattr(plugin, "__name__", None) or type(plugin).__module__
        if not str(module).startswith(("_pytest", "conftest", "pytest_cov")):
            manager.unregister(plugin)
""")

# 54: more than there is room for.

MILLION = """\
import pytest


@pytest.mark.parametrize("number", range(1_000_000))
def test_a_number(number):
    assert number >= 0
"""
LONG_IDS = """\
import pytest


@pytest.mark.parametrize(
    "number", [pytest.param(n, id=chr(97 + n) * 10**6) for n in range(20)]
)
def test_a_number(number):
    assert number > 0
"""
MANY_CASES = """\
import pytest


@pytest.mark.parametrize("number", range(2_000))
def test_a_number(number):
    assert number >= 0


def test_that_fails():
    assert False
"""

# 55: names that are somebody else's. What is imported for them leaves a trace.

_TAKEN = """\
raise RuntimeError("this module is not yours")
"""
NAMESAKES: Files = {
    **HONEST,
    **{
        f"{name}.py": _TAKEN
        for name in (
            *("pytest", "coverage", "json", "pytest_cov", "pluggy", "_pytest"),
            *("sitecustomize", "usercustomize", "socket", "ast", "xml"),
        )
    },
}


def own_settings(outside: str) -> Mapping[str, Files]:
    """56: settings that would run code, run nothing, or write elsewhere."""
    trace = f"from pathlib import Path\n\nPath({outside!r}, '{TRACE}').write_text('')\n"
    settings = {
        "plugin": "-p evil",
        "nothing-run": "--co -q",
        "elsewhere": f"--junitxml={outside}/{TRACE}.xml --basetemp={outside}",
        "stops": "-x --maxfail=1 --exitfirst --stepwise",
        "no-measuring": "-p no:cov --no-cov -p no:junitxml -p no:python",
        "other-folder": "--rootdir=/ -c /etc/passwd",
        "selects": "-k nothing -m nothing --deselect tests/test_calc.py --ignore=tests",
        "logs": f"--log-file={outside}/{TRACE}.log --report-log={outside}/{TRACE}.json",
    }
    return {
        name: {
            **with_tests(FAILING),
            "evil.py": trace,
            "pytest.ini": f"[pytest]\naddopts = {options}\n",
        }
        for name, options in settings.items()
    }


# 57: lines that count as run and were not.

FORGED_COVERAGE: Mapping[str, Files] = {
    "compiled-as-another": with_tests("""\
import src.calc


def test_covers_everything():
    with open(src.calc.__file__) as file:
        lines = len(file.readlines())
    code = compile("x = 1\\n" * lines, src.calc.__file__, "exec")
    exec(code, {})
"""),
    "added-lines": with_tests("""\
import coverage
import src.calc


def test_covers_everything():
    current = coverage.Coverage.current()
    current.get_data().add_lines({src.calc.__file__: range(1, 40)})
"""),
    "added-arcs": with_tests("""\
import coverage
import src.calc


def test_covers_everything():
    lines = range(1, 40)
    arcs = [(a, b) for a in (-1, *lines) for b in (-1, *lines)]
    current = coverage.Coverage.current()
    current.get_data().add_arcs({src.calc.__file__: arcs})
"""),
    "by-the-tracer": with_tests("""\
import gc

import src.calc


def test_covers_everything():
    for one in gc.get_objects():
        if type(one).__name__ == "Collector":
            for lines in one.data.values():
                if isinstance(lines, set):
                    lines.update(range(1, 40))
"""),
    "shortened-source": with_tests("""\
import src.calc


def test_covers_everything():
    with open(src.calc.__file__, "w") as file:
        file.write("def add(a, b):\\n    return a + b\\n")
"""),
    "patched-report": with_conftest(
        """\
import coverage.results
import coverage.jsonreport

coverage.results.Numbers.n_missing = 0
coverage.jsonreport.JsonReporter.report = lambda self, morfs, outfile=None: 100.0
""",
        tests="def test_nothing():\n    assert True\n",
    ),
}
# Data of an earlier run, or of another project: nobody reads it.
COMMITTED_COVERAGE: Files = {
    **HONEST,
    ".coverage": b"SQLite format 3\0" + b"\0" * 200,
    "coverage.json": '{"totals": {"percent_covered": 100}}',
    "coverage.xml": "<coverage line-rate='1'/>",
    ".coveragerc": "[run]\nomit = *\nplugins = evil\n[report]\nexclude_lines = .*\n",
    "evil.py": "raise RuntimeError('this must not be imported')\n",
}

# 58: the channel, if it can be found, gets anything but events.

GARBAGE: Mapping[str, str] = {
    "bytes": """\
import os


def test_writes_anything():
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, os.urandom(4096) + b"\\n")
        except OSError:
            pass
""",
    "without-end": """\
import os


def test_writes_without_end():
    block = b"{" * 2**20
    for descriptor in range(3, 64):
        try:
            if not os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
                continue
            for _ in range(64):
                os.write(descriptor, block)
        except OSError:
            pass
""",
    "deep": """\
import os


def test_writes_deep_things():
    text = b"[" * 200_000 + b"\\n" + b'{"event": "' + b"9" * 100_000 + b'"}\\n'
    text += b'{"event": 1e999, "n": -' + b"9" * 5_000 + b"}\\n"
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
                os.write(descriptor, text)
        except OSError:
            pass
""",
    "closed": """\
import os


def test_closes_everything():
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
                os.close(descriptor)
        except OSError:
            pass
""",
}

# 59: tests that notice nothing.

NO_ASSERTIONS: Files = {
    **HONEST,
    "tests/test_calc.py": """\
from src.calc import add, untested


def test_a_sum():
    add(1, 2)


def test_another():
    add(1, -2)


def test_the_other():
    untested(1)
""",
}


# 60: honest oddities. Each has what it is to count besides the two honest tests.


def _oddity(files: Files, **counts: int) -> tuple[Files, Mapping[str, int]]:
    return {**HONEST, **files}, counts


FLAKY, SERVER = "a flaky test", "a localhost server"
ODDITIES: Mapping[str, tuple[Files, Mapping[str, int]]] = {
    "a syntax error in one test file": _oddity(
        {"tests/test_broken.py": "def test_half(:\n    assert True\n"},
        collection_errors=1,
    ),
    FLAKY: _oddity(
        {"tests/test_flaky.py": """\
import time


def test_now_and_then():
    assert time.perf_counter_ns() // 1000 % 2


def test_the_clock_goes_on():
    before = time.perf_counter()
    assert time.perf_counter() >= before
"""},
        passed=1,
    ),
    "a real xfail": _oddity(
        {"tests/test_known.py": """\
import sys

import pytest

from src.calc import add


@pytest.mark.xfail(reason="negative sums are cut off, see issue 12", strict=True)
def test_negative_sums():
    assert add(-1, -1) == -2


@pytest.mark.skipif(sys.platform != "plan9", reason="only there")
def test_another_system():
    assert False
"""},
        xfailed=1,
        skipped=1,
    ),
    "conftest fixtures": _oddity(
        {
            "tests/conftest.py": """\
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes its time")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="needs --slow"))


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "table.csv"
    file.write_text("a,b\\n1,2\\n")
    return file


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    monkeypatch.delenv("HTTP_PROXY", raising=False)


@pytest.fixture
def pair():
    return 1, 2
""",
            "tests/test_fixtures.py": """\
import pytest

from src.calc import add


def test_a_table(table):
    assert table.read_text().startswith("a,b")


def test_a_pair(pair):
    assert add(*pair) == 3


@pytest.mark.slow
def test_a_slow_one():
    assert False
""",
        },
        passed=2,
        skipped=1,
    ),
    "hypothesis": _oddity(
        {"tests/test_properties.py": """\
from hypothesis import given, settings
from hypothesis import strategies as st

from src.calc import add


@settings(max_examples=50)
@given(st.integers(), st.integers())
def test_a_sum_is_never_negative(a, b):
    assert add(a, b) >= 0


@given(st.integers(min_value=0))
def test_nothing_changes_nothing(a):
    assert add(a, 0) == a
"""},
        passed=2,
    ),
    "pytest-asyncio": _oddity(
        {"tests/test_later.py": """\
import asyncio

import pytest

from src.calc import add


@pytest.mark.asyncio
async def test_a_sum_later():
    await asyncio.sleep(0.01)
    assert add(1, 1) == 2


@pytest.mark.asyncio
async def test_many_at_once():
    async def later(number):
        await asyncio.sleep(0)
        return add(number, 1)

    assert await asyncio.gather(*map(later, range(3))) == [1, 2, 3]
"""},
        passed=2,
    ),
    "tests that write files": _oddity(
        {"tests/test_files.py": """\
import json
import logging
import os
import tempfile
from pathlib import Path

from src.calc import add


def test_a_file_of_its_own(tmp_path):
    (tmp_path / "out.json").write_text(json.dumps({"sum": add(1, 2)}))
    assert json.loads((tmp_path / "out.json").read_text()) == {"sum": 3}


def test_folders_of_the_project():
    Path("logs").mkdir(exist_ok=True)
    Path("models").mkdir(exist_ok=True)
    Path("models/model.pkl").write_bytes(b"model" * 1000)
    logging.basicConfig(filename="logs/run.log", force=True)
    logging.getLogger().warning("written")
    assert os.path.getsize("models/model.pkl") == 5000


def test_a_temporary_file():
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("here")
        file.seek(0)
        assert file.read() == "here"


def test_another_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("here.txt").write_text("here")
    assert (tmp_path / "here.txt").exists()
"""},
        passed=4,
    ),
    "multiprocessing": _oddity(
        {"tests/test_processes.py": """\
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from src.calc import add


def double(number):
    return add(number, number)


def test_a_pool():
    with multiprocessing.Pool(2) as pool:
        assert pool.map(double, [1, 2, 3]) == [2, 4, 6]


def test_an_executor():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(double, [1, 2])) == [2, 4]


def test_threads():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(double, range(10))) == list(range(0, 20, 2))


def test_a_script():
    done = subprocess.run(
        [sys.executable, "-c", "print(6 * 7)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "42\\n"
"""},
        passed=4,
    ),
    SERVER: _oddity(
        {"tests/test_server.py": """\
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from src.calc import add


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(add(1, 2)).encode())

    def log_message(self, *arguments):
        pass


def test_a_server():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    with urllib.request.urlopen(address, timeout=5) as answer:
        assert answer.read() == b"3"
    server.shutdown()
    server.server_close()
"""},
        passed=1,
    ),
    "a module called random.py": _oddity(
        {
            "src/random.py": "def number():\n    return 4\n",
            "random.py": """\
\"\"\"Numbers for the simulation; not the standard library's module.\"\"\"


def dice():
    return 4
""",
            "tests/test_random.py": """\
from src import random


def test_a_number():
    assert random.number() == 4
""",
        },
        passed=1,
    ),
    "unittest and classes": _oddity(
        {"tests/test_classes.py": """\
import unittest
from unittest import mock

import src.calc


class Sums(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = True

    def setUp(self):
        self.number = 1

    def test_a_sum(self):
        self.assertEqual(src.calc.add(self.number, 1), 2)

    def test_an_error(self):
        with self.assertRaises(TypeError):
            src.calc.add(1)

    def test_a_patch(self):
        with mock.patch("src.calc.add", return_value=9):
            self.assertEqual(src.calc.add(1, 1), 9)


class TestPlain:
    def test_a_method(self):
        assert src.calc.add(2, 2) == 4
"""},
        passed=4,
    ),
    "captured output, warnings and patches": _oddity(
        {"tests/test_usual.py": """\
import os
import sys
import warnings

import pytest

import src.calc


def main(arguments):
    if not arguments:
        sys.exit(2)
    print(src.calc.add(*map(int, arguments)))


def test_what_is_printed(capsys):
    main(["1", "2"])
    assert capsys.readouterr().out == "3\\n"


def test_how_it_ends():
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2


def test_a_patch(monkeypatch):
    monkeypatch.setattr(src.calc, "add", lambda a, b: 42)
    monkeypatch.setenv("MODE", "test")
    assert src.calc.add(1, 1) == 42 and os.environ["MODE"] == "test"


def test_a_warning():
    with pytest.warns(DeprecationWarning):
        warnings.warn("old", DeprecationWarning)


@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1)])
def test_the_order_is_the_same(a, b):
    assert src.calc.add(a, b) == 3
"""},
        passed=6,
    ),
}
