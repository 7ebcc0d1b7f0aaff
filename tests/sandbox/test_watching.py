"""What an interpreter needs, what a folder holds, which processes belong together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox import disk
from grader.sandbox.access import prefixes_of
from grader.sandbox.disk import DiskWatch
from grader.sandbox.tree import Tree


def test_an_environment_needs_the_python_it_was_made_from(tmp_path: Path) -> None:
    base = tmp_path / "python-3.12"
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "python3").touch()
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(base / "bin" / "python3")
    (venv / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\n")
    assert set(prefixes_of(str(venv / "bin" / "python"))) == {venv, base}


def test_the_system_s_python_needs_nothing_more() -> None:
    assert prefixes_of("/usr/bin/python3") == ()


def test_what_was_there_at_the_start_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(500_000))
    watch = DiskWatch([tmp_path], most_bytes=400_000, most_files=3)
    assert not watch.look()
    (tmp_path / "more").write_bytes(os.urandom(300_000))
    assert not watch.look()
    (tmp_path / "too-much").write_bytes(os.urandom(300_000))
    assert watch.look()


def test_many_small_files_are_too_much_as_well(tmp_path: Path) -> None:
    watch = DiskWatch([tmp_path], most_bytes=10**9, most_files=3)
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    assert not watch.look()
    (tmp_path / "folder").mkdir()
    assert watch.look()


def test_the_own_limit_is_looked_at_before_the_disk_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = DiskWatch([tmp_path], most_bytes=100_000, most_files=5)
    assert watch.look() is None
    monkeypatch.setattr(disk, "_FLOOR_BYTES", sys.maxsize)
    assert watch.look() == "machine"
    (tmp_path / "too-much").write_bytes(os.urandom(300_000))
    assert watch.look() == "disk"


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    watch = DiskWatch([inside], most_bytes=100_000, most_files=5)
    (outside / "large").write_bytes(os.urandom(500_000))
    (inside / "link").symlink_to(outside)
    assert not watch.look()


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_children_of_children_belong_to_the_tree_and_end_with_it() -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(99)\n"
    )
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            f"subprocess.run([sys.executable, '-c', {code!r}])\n"
            "time.sleep(99)\n",
        ],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        grandchild = int(process.stdout.readline())
        tree = Tree(process.pid)
        members = tree.members()
        assert grandchild in members
        assert tree.tasks(members) == len(members) == 2
        assert tree.memory(members, enough=0) > 1_000_000
        tree.end()
        assert process.wait() == -9
    assert tree.members() == ()
