"""What every tier does, on the tiers that work here."""

import os
import time
from pathlib import Path

import pytest

from tests.sandbox.inside import Inside

pytestmark = pytest.mark.sandbox


def test_a_program_works_in_its_folder_and_home(inside: Inside) -> None:
    output = inside.run(
        "import os, pathlib\n"
        "pathlib.Path('made').write_text('here')\n"
        "pathlib.Path.home().joinpath('.config').mkdir()\n"
        "print(os.getcwd(), os.cpu_count() > 0)\n"
    )
    assert (output.stdout, output.stderr) == (f"{inside.work} True\n", "")
    assert (inside.work / "made").read_text() == "here"


def test_what_can_be_read_in_a_folder_of_ours_is_said_to_be_readable(
    inside: Inside,
) -> None:
    # TMPDIR may be a folder that only the user who grades can get into.
    inside.work.mkdir()
    (inside.work / "settings").write_text("here")
    inside.place.chmod(0o700)
    output = inside.run(
        "import os; print(os.access('settings', os.R_OK), open('settings').read())"
    )
    assert (output.stdout, output.stderr) == ("True here\n", "")


def test_the_channel_reaches_the_parent_and_is_not_a_child_s(inside: Inside) -> None:
    output = inside.run(
        "import os, subprocess, sys\n"
        "fd = int(os.environ['MLOPS_GRADE_CHANNEL'])\n"
        "os.write(fd, b'from the program')\n"
        "code = f'import os; os.write({fd}, b\"from its child\")'\n"
        "subprocess.run([sys.executable, '-I', '-c', code], stderr=subprocess.DEVNULL)\n",
        has_channel=True,
    )
    assert output.channel == b"from the program"


def test_the_exit_status_and_the_signal_come_back(inside: Inside) -> None:
    assert inside.run("raise SystemExit(7)").exit_status == 7
    output = inside.run("import os; os.kill(os.getpid(), 11)")
    # A program that starts others tells a signal as the shell does.
    assert output.exit_status in (-11, 128 + 11)


def test_memory_in_many_children_is_counted_together(inside: Inside) -> None:
    output = inside.run(
        "import os, time\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1)) * (50 * 2**20)\n"
        "        time.sleep(20)\n"
        "        os._exit(0)\n"
        "time.sleep(20)\n"
    )
    assert output.killed_by == "memory"


def test_memory_shared_by_forks_counts_once(inside: Inside) -> None:
    output = inside.run(
        "import os, time\n"
        "kept = bytearray(b'1') * (60 * 2**20)\n"
        "children = []\n"
        "for _ in range(8):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        time.sleep(0.5)\n"
        "        os._exit(0)\n"
        "    children.append(pid)\n"
        "print([os.waitpid(pid, 0)[1] for pid in children])\n"
    )
    assert (output.killed_by, output.stdout) == (None, "[0, 0, 0, 0, 0, 0, 0, 0]\n")


def test_too_many_processes_end_the_run(inside: Inside) -> None:
    output = inside.run(
        "import os, time\n"
        "for _ in range(200):\n"
        "    try:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(20)\n"
        "            os._exit(0)\n"
        "    except OSError:\n"
        "        time.sleep(0.01)\n"
        "time.sleep(20)\n"
    )
    assert output.killed_by == "processes"


@pytest.mark.parametrize(
    "code",
    [
        "for i in range(100):\n    open(f'f{i}', 'wb').write(bytes(2**20))\ninput()",
        "for i in range(5000):\n    open(f'f{i}', 'w').close()\nimport time; time.sleep(20)",
    ],
    ids=["bytes", "files"],
)
def test_a_full_folder_ends_the_run(inside: Inside, code: str) -> None:
    output = inside.run(code.replace("input()", "import time; time.sleep(20)"))
    assert output.killed_by == "disk"


def test_shared_memory_is_bounded_as_a_folder_is(inside: Inside) -> None:
    if inside.box.tier == "landlock" and os.geteuid() != 0:
        # Nothing tells its files from others of the same user.
        return
    output = inside.run(
        "import time\n"
        "for i in range(100):\n"
        "    open(f'/dev/shm/mlops-grade-{i}', 'wb').write(bytes(2**20))\n"
        "time.sleep(20)"
    )
    assert output.killed_by == "disk"
    assert not list(Path("/dev/shm").glob("mlops-grade-*"))


def test_one_huge_file_can_not_be_written(inside: Inside) -> None:
    output = inside.run(
        "try:\n"
        "    open('huge', 'wb').truncate(2**40)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    assert output.stdout == "File too large\n"


def test_what_left_its_session_ends_with_the_box(inside: Inside) -> None:
    output = inside.run(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for descriptor in (0, 1, 2): os.close(descriptor)\n"
        "        for beat in range(1000):\n"
        "            open('beat', 'w').write(str(beat))\n"
        "            time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "while not os.path.exists('beat'): time.sleep(0.01)\n"
    )
    assert output.exit_status == 0
    before = (inside.work / "beat").read_text()
    time.sleep(0.2)
    assert (inside.work / "beat").read_text() == before


def test_a_program_that_ignores_signals_ends_at_its_time(inside: Inside) -> None:
    output = inside.run(
        "import signal, time\n"
        "for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "print('started', flush=True)\n"
        "time.sleep(60)\n",
        seconds=2,
    )
    assert (output.killed_by, output.stdout) == ("time", "started\n")


def test_every_process_of_the_user_is_out_of_reach(inside: Inside) -> None:
    inside.run("import os; os.kill(-1, 9)")
    assert os.getpid() > 0  # we are still here to say so
    output = inside.run(
        "import os\n"
        f"try:\n    os.kill({os.getpid()}, 0)\n"
        "except OSError: print('out of reach')\n"
    )
    assert output.stdout == "out of reach\n"


def test_a_neighbour_s_folder_is_not_there_to_be_read(inside: Inside) -> None:
    secret = inside.place / "neighbour"
    secret.write_text("their marks")
    secret.chmod(0o644)
    output = inside.run(f"print(open({str(secret)!r}).read())")
    assert output.exit_status == 1
    assert "their marks" not in output.stdout


def test_system_programs_and_pools_of_processes_work(inside: Inside) -> None:
    output = inside.run(
        "import multiprocessing, shutil, sqlite3, ssl, subprocess, tempfile\n"
        "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, 2]))\n"
        "print(subprocess.run(['true']).returncode)\n"
        "with tempfile.NamedTemporaryFile() as file: shutil.copy(file.name, 'copied')\n"
        "child = subprocess.Popen(['sleep', '20']); child.terminate()\n"
        "print(child.wait())\n"
    )
    assert (output.stdout, output.stderr) == ("[1, 2]\n0\n-15\n", "")


def test_nothing_that_was_given_is_changed_by_being_read(inside: Inside) -> None:
    code = "import pathlib, os; pathlib.Path(os.__file__).write_text('gone')"
    before = Path(os.__file__).stat()
    output = inside.run(code)
    assert output.exit_status == 1
    assert Path(os.__file__).stat().st_mtime_ns == before.st_mtime_ns


def test_what_is_known_of_the_system_can_be_read(inside: Inside) -> None:
    output = inside.run(
        "import os\n"
        "for path in ('ld.so.cache', 'hosts', 'passwd', 'nsswitch.conf'):\n"
        "    print(path, os.access('/etc/' + path, os.R_OK))\n"
    )
    assert "False" not in output.stdout
    assert output.stdout.count("True") == 4, output.stderr
