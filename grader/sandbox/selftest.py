"""Tries each box before it is trusted: what must not be possible in it, and what must.

A tier works when no attempt of `probe.py` gets out and pytest runs a test in it. That a
program is installed says nothing: a kernel's setting may refuse it, or leave a hole.
"""

import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from grader.errors import CannotMeasure
from grader.sandbox.access import Access, own_interpreter
from grader.sandbox.box import Box
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.probe import Traps
from grader.sandbox.run import CHANNEL, ToolOutput, run

PROBE = Path(__file__).with_name("probe.py")

_LIMITS = Limits(
    seconds=20,
    memory_bytes=1024 * MEBIBYTE,
    processes=64,
    disk_bytes=64 * MEBIBYTE,
    files=1_000,
)
_TEST = "def test_it_runs(tmp_path):\n    (tmp_path / 'file').write_text('here')\n"

# What Python itself may put there.
_PYTHONS_OWN = ("LC_CTYPE", "__CF_USER_TEXT_ENCODING")


@dataclass(frozen=True)
class Attempt:
    """One thing that was tried in a box. `problem` is None when it went as it should."""

    name: str
    problem: str | None = None


def try_box(box: Box) -> tuple[Attempt, ...]:
    """Every attempt on one box, the failed ones with what happened."""
    with tempfile.TemporaryDirectory(prefix="mlops-grade-box-") as name:
        place = Path(name).resolve()
        # So that another user can be let into the folders below.
        place.chmod(0o711)
        try:
            return (
                *_escapes(box, place),
                *_forks(box, place),
                _runs_a_test(box, place),
            )
        except CannotMeasure as error:
            return (Attempt("start a program", error.reason),)


def _escapes(box: Box, place: Path) -> Iterator[Attempt]:
    with _traps(place) as (traps, listeners):
        output = _probe(box, place / "escapes", traps)
        answers = _answers(output)
        if answers is None:
            yield Attempt("start a program", _said(output))
            return
        reached = [one for one in listeners if _has_caller(one)]
        mode = Path(traps["secret"]).stat().st_mode & 0o777
        beats = _is_beating(Path(traps["heartbeat"]))
    for name, found in answers.items():
        yield Attempt(name, found)
    yield Attempt(
        "reach a socket of the parent's", "a connection came" if reached else None
    )
    yield Attempt(
        "change a mode outside", None if mode == 0o600 else f"it is now {mode:o}"
    )
    yield Attempt("outlive the box", "a process went on" if beats else None)


def _forks(box: Box, place: Path) -> Iterator[Attempt]:
    traps = _NO_TRAPS | {"processes": _LIMITS.processes * 2}
    output = _probe(box, place / "forks", traps)
    name = "start processes without end"
    if output.killed_by == "processes":
        yield Attempt(name)
        return
    answers = _answers(output)
    yield Attempt(name, _said(output) if answers is None else answers[name])


def _runs_a_test(box: Box, place: Path) -> Attempt:
    work = place / "works"
    work.mkdir()
    (work / "test_one.py").write_text(_TEST, "utf-8")
    # Without one pytest would look for settings in the folders above, which aren't there.
    (work / "pytest.ini").write_text("[pytest]\n", "utf-8")
    argv = [
        *(sys.executable, "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        str(work),
    ]
    output = _run(box, argv, work)
    passed = output.exit_status == 0 and "1 passed" in output.stdout
    return Attempt("run pytest on one test", None if passed else _said(output))


def _probe(box: Box, work: Path, traps: Traps) -> ToolOutput:
    work.mkdir(exist_ok=True)
    argv = [sys.executable, "-I", "-S", str(PROBE), json.dumps(traps)]
    return _run(box, argv, work)


def _run(box: Box, argv: list[str], work: Path) -> ToolOutput:
    return run(
        argv,
        cwd=work,
        home=work / "home",
        limits=_LIMITS,
        box=box,
        access=Access((*own_interpreter(), PROBE), (work,)),
    )


_NO_TRAPS: Traps = {
    "secret": "",
    "other_group": "",
    "outside": "",
    "tcp_port": 0,
    "unix_socket": "",
    "abstract_socket": "",
    "parent": 0,
    "variables": [],
    "heartbeat": "",
    "processes": 0,
}


@contextmanager
def _traps(place: Path) -> Iterator[tuple[Traps, list[socket.socket]]]:
    """Traps in the user's home, beside the box and in our own process, while they last."""
    other = place / "other-group"
    other.mkdir()
    (other / "result.json").write_text("{}", "utf-8")
    other.chmod(0o755)
    work = place / "escapes"
    work.mkdir()
    with ExitStack() as held:
        secret = held.enter_context(_file_in_home(place))
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        listeners = [tcp]
        unix = abstract = ""
        if sys.platform == "linux":
            # An address has room for 107 characters; a temporary folder may be longer.
            short = other if len(str(other)) < 90 else held.enter_context(_short())
            unix = str(short / "socket")
            abstract = f"@{place.name}"
            for address in (unix, "\0" + place.name):
                listener = held.enter_context(socket.socket(socket.AF_UNIX))
                listener.bind(address)
                listener.listen()
                listeners.append(listener)
            os.chmod(unix, 0o777)
        yield (
            {
                "secret": str(secret),
                "other_group": str(other / "result.json"),
                "outside": str(other / "written"),
                "tcp_port": tcp.getsockname()[1],
                "unix_socket": unix,
                "abstract_socket": abstract,
                "parent": os.getpid(),
                "variables": _known_variables(),
                "heartbeat": str(work / "heartbeat"),
                "processes": 0,
            },
            listeners,
        )


@contextmanager
def _short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mlops-grade-", dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


@contextmanager
def _file_in_home(place: Path) -> Iterator[Path]:
    folder = platformdirs.user_cache_path("mlops-grade")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="box-", dir=folder)
    except OSError:
        # A home that can't be written to: any file outside does.
        handle, name = tempfile.mkstemp(prefix="box-", dir=place)
    try:
        os.write(handle, b"secret")
        os.close(handle)
        yield Path(name)
    finally:
        os.unlink(name)


def _known_variables() -> list[str]:
    return [
        *("PATH", "TZ", "HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
        *("TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "NO_COLOR", "PWD", "USER"),
        *("LOGNAME", "PYTHONDONTWRITEBYTECODE", "HOSTNAME", CHANNEL, *_PYTHONS_OWN),
        *("container", "TERM"),
    ]


def _answers(output: ToolOutput) -> dict[str, str | None] | None:
    try:
        answers = json.loads(output.stdout)
    except ValueError:
        return None
    if output.exit_status != 0 or not isinstance(answers, dict):
        return None
    return {
        str(name): None if found is None else str(found)
        for name, found in answers.items()
    }


def _said(output: ToolOutput) -> str:
    said = (output.stderr.strip() or output.stdout.strip())[-300:]
    ended = output.killed_by or f"exit status {output.exit_status}"
    return f"{said} ({ended})" if said else f"nothing was said ({ended})"


def _has_caller(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except OSError:
        return False
    return True


def _is_beating(heartbeat: Path) -> bool:
    # On a busy machine what was killed may take a moment to be gone.
    for _ in range(20):
        before = _content(heartbeat)
        time.sleep(0.05)
        if _content(heartbeat) == before:
            return False
    return True


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""
