"""Running a program: its streams, its limits, its environment."""

import os
import sys
import time
from pathlib import Path

import pytest

from grader.errors import CannotMeasure
from grader.sandbox import disk
from grader.sandbox.access import Access
from grader.sandbox.box import PlainBox
from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput, run


def python(tmp_path: Path, code: str, limits: Limits | None = None) -> ToolOutput:
    return run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        home=tmp_path / "home",
        limits=limits or Limits(seconds=60),
    )


def test_both_streams_and_the_exit_status_come_back(tmp_path: Path) -> None:
    output = python(
        tmp_path, "import sys; print('o'); print('e', file=sys.stderr); sys.exit(7)"
    )
    assert (output.stdout, output.stderr, output.exit_status) == ("o\n", "e\n", 7)
    assert output.killed_by is None


def test_a_program_that_is_not_there_is_a_failure_to_measure(tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure, match="no-such-tool: could not be started"):
        run(["no-such-tool"], cwd=tmp_path, home=tmp_path, limits=Limits())


def test_files_stand_for_the_streams_byte_by_byte(tmp_path: Path) -> None:
    told, said = tmp_path / "in", tmp_path / "out"
    told.write_bytes(b"\xff\x00\r\n" * 10)
    copying = (
        "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    )
    for most, expected in [(40, 40), (39, 39)]:
        output = run(
            [sys.executable, "-I", "-c", copying],
            cwd=tmp_path,
            home=tmp_path / "home",
            limits=Limits(seconds=60, output_bytes=most),
            stdin_file=told,
            stdout_file=said,
        )
        assert said.read_bytes() == told.read_bytes()[:expected]
        assert output.stdout == ""


@pytest.mark.parametrize("again", range(3))
def test_what_is_cut_off_is_said_also_of_a_program_that_ended_by_itself(
    again: int, tmp_path: Path
) -> None:
    output = python(tmp_path, "print('x' * 60)", Limits(seconds=60, output_bytes=40))
    assert (len(output.stdout), output.killed_by) == (40, "output")


def test_a_hanging_program_and_its_children_are_ended(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "print('started', flush=True)\n"
        "time.sleep(99)\n"
    )
    output = python(tmp_path, code, Limits(seconds=3))
    assert output.killed_by == "time"
    assert output.stdout == "started\n"
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _is_alive(child):
            break
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_endless_output_is_cut_and_told(tmp_path: Path) -> None:
    code = "while True: print('x' * 1000)"
    output = python(tmp_path, code, Limits(seconds=60, output_bytes=100_000))
    assert output.killed_by == "output"
    assert len(output.stdout) == 100_000


@pytest.mark.parametrize("code", ["pass", "import time; time.sleep(99)"])
def test_a_disk_of_the_machine_that_is_full_is_not_the_program_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(disk, "_FLOOR_BYTES", sys.maxsize)
    program = f"import os; open('child', 'w').write(str(os.getpid())); {code}"
    with pytest.raises(CannotMeasure, match="disk is all but full.*Free some space"):
        run(
            [sys.executable, "-I", "-c", program],
            cwd=tmp_path,
            home=tmp_path / "home",
            limits=Limits(seconds=60),
            box=PlainBox(),
            access=Access((), (tmp_path,)),
        )
    # A slow machine may notice it before the program has done anything.
    if (tmp_path / "child").exists() and (pid := (tmp_path / "child").read_text()):
        assert not _is_alive(int(pid))


def test_nothing_of_the_parents_environment_but_the_allow_list_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-7f3a")
    monkeypatch.setenv("PYTHONPATH", "/canary-7f3a")
    monkeypatch.setenv("GIT_DIR", "/canary-7f3a")
    output = python(tmp_path, "import os; print(dict(os.environ))")
    assert "canary-7f3a" not in output.stdout
    assert str(tmp_path / "home") in output.stdout
    assert os.environ["HOME"] not in output.stdout.split("'HOME': ")[1].split(",")[0]


def test_output_that_is_not_utf_8_is_still_text(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'a\\xff\\xfeb')"
    assert python(tmp_path, code).stdout == "a��b"
