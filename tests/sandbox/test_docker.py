"""The container tier with a stand-in for the engine; what a real one holds is in test_boxes."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import CannotMeasure
from grader.sandbox import docker
from grader.sandbox.access import Access
from grader.sandbox.box import Program
from grader.sandbox.container import INSIDE, Container
from grader.sandbox.docker import IMAGE, Docker, Engine, ask_engine, find_engine
from grader.sandbox.limits import Limits
from grader.sandbox.run import run
from tests.conftest import REPOSITORY
from tests.sandbox.engine import FakeEngine, fake_engine
from tests.sandbox.inside import SMALL, Inside

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="containers of Linux only"
)


@pytest.fixture
def fake(tmp_path: Path) -> FakeEngine:
    """A stand-in that does what it is asked."""
    return fake_engine(tmp_path / "engine")


@pytest.fixture
def contained(fake: FakeEngine, tmp_path: Path) -> Inside:
    """Runs Python code in a container of the stand-in."""
    return Inside(Docker(fake.engine), tmp_path)


@pytest.fixture(autouse=True)
def not_asked_yet() -> Iterator[None]:
    """Each test asks for the engine anew."""
    find_engine.cache_clear()
    yield
    find_engine.cache_clear()


def test_streams_and_channel_are_the_program_s_and_not_the_engine_s(
    contained: Inside,
) -> None:
    output = contained.run(
        "import os, sys\n"
        "print('out'); print('err', file=sys.stderr)\n"
        "os.write(int(os.environ['MLOPS_GRADE_CHANNEL']), b'told')\n",
        has_channel=True,
    )
    assert (output.stdout, output.stderr, output.channel) == ("out\n", "err\n", b"told")


@pytest.mark.parametrize("status", [1, 125, 137])
def test_an_exit_status_like_the_engine_s_is_still_the_program_s(
    contained: Inside, status: int
) -> None:
    assert contained.run(f"raise SystemExit({status})").exit_status == status


def test_a_signal_is_told_apart_from_an_exit_status(contained: Inside) -> None:
    output = contained.run("import os; os.kill(os.getpid(), 11)")
    assert (output.exit_status, output.killed_by) == (-11, None)


def test_standard_input_reaches_the_program(contained: Inside, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("from a file")
    output = run(
        ["/bin/cat"],
        cwd=tmp_path,
        home=tmp_path / "home",
        limits=SMALL,
        box=contained.box,
        stdin_file=tmp_path / "input",
    )
    assert output.stdout == "from a file"


def test_a_long_command_line_arrives_whole(contained: Inside) -> None:
    # One argument of a program can't have more than 128 KiB.
    output = run(
        [sys.executable, "-c", "import sys; print(len(sys.argv))", *["x" * 99] * 5000],
        cwd=contained.place,
        home=contained.place / "home",
        limits=SMALL,
        box=contained.box,
    )
    assert output.stdout == "5001\n"


def test_the_environment_is_ours_and_neither_the_engine_s_nor_the_user_s(
    contained: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "sings")
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
    names = set(
        contained.run("import os; print(*os.environ, sep='\\n')").stdout.splitlines()
    )
    assert {"HOME", "PATH", "USER"} <= names
    assert not {"CANARY", "DOCKER_HOST", "FROM_THE_ENGINE"} & names


def test_an_engine_that_refuses_is_our_trouble_in_its_words(
    contained: Inside, fake: FakeEngine
) -> None:
    fake.answer(run=(125, "", "docker: Error response from daemon: no space left.\n"))
    with pytest.raises(CannotMeasure, match="could not be started.*no space left"):
        contained.run("pass")


def test_an_engine_that_never_starts_it_is_our_trouble_and_told_to_remove_it(
    contained: Inside, fake: FakeEngine
) -> None:
    script = Path(fake.path).read_text()
    slow = 'if words[0] == "run": time.sleep(60)\nprint("an engine\'s warning"'
    Path(fake.path).write_text(script.replace('print("an engine\'s warning"', slow))
    with pytest.raises(CannotMeasure, match="its container could not be started"):
        contained.run("pass", seconds=0.5)
    [command] = fake.calls("run")
    name = command[command.index("--name") + 1]
    assert fake.calls("rm") == [["rm", "--force", name]]


def test_a_program_that_goes_on_ends_at_its_time_with_all_it_started(
    contained: Inside,
) -> None:
    output = contained.run(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pid = os.fork() or os.getpid()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n",
        seconds=2,
    )
    assert output.killed_by == "time"
    assert len(output.stdout.split()) == 2
    assert not [pid for pid in output.stdout.split() if _is_running(int(pid))]


def test_too_much_memory_ends_the_run_though_it_is_no_child_of_ours(
    contained: Inside,
) -> None:
    output = contained.run(
        "import time\nkept = bytearray(b'1') * (400 * 2**20)\ntime.sleep(30)"
    )
    assert output.killed_by == "memory"


def test_the_program_ends_when_the_one_who_asked_for_it_is_killed(
    fake: FakeEngine, tmp_path: Path
) -> None:
    code = (
        "from pathlib import Path\n"
        "from grader.sandbox.docker import Docker, Engine\n"
        "from tests.sandbox.inside import Inside\n"
        f"box = Docker(Engine({fake.path!r}, 'docker'))\n"
        f"Inside(box, Path({str(tmp_path)!r})).run(\n"
        '    \'import os, time; open("pid", "w").write(str(os.getpid())); \'\n'
        "    'time.sleep(60)', seconds=60)\n"
    )
    root = Path(__file__).parents[2]
    asking = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    written = tmp_path / "work" / "pid"
    _wait_for(lambda: written.exists() and written.read_text() != "")
    pid = int(written.read_text())
    assert _is_running(pid)
    asking.kill()
    asking.wait()
    _wait_for(lambda: not _is_running(pid))


def test_nothing_of_a_container_is_left_behind(
    contained: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stand-in needs the address of a socket that is not too long.
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        before = set(os.listdir("/proc/self/fd"))
        assert contained.run("pass").exit_status == 0
        assert os.listdir(folder) == []
        assert set(os.listdir("/proc/self/fd")) == before


def command_of(box: Docker, access: Access, place: Path) -> tuple[str, ...]:
    """The engine's command for a program."""
    home = place / "home"
    (home / "tmp").mkdir(parents=True)
    environment = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PATH": "/usr/bin"}
    program = Program(("true",), place, environment, Limits(processes=20))
    wrapped = box.wrap(program, access)
    assert isinstance(wrapped.remote, Container)
    wrapped.remote.close()
    return wrapped.argv


def mounts_of(command: tuple[str, ...]) -> dict[str, str]:
    """What is mounted, by its place."""
    lines = [command[i + 1] for i, word in enumerate(command) if word == "--mount"]
    return {
        line.partition("target=")[2].split(",")[0].strip('"'): line for line in lines
    }


def test_the_container_gets_no_more_than_the_other_boxes(tmp_path: Path) -> None:
    given, work = tmp_path / "given", tmp_path / "work"
    given.mkdir()
    work.mkdir()
    command = command_of(
        Docker(Engine("docker", "docker")), Access((given,), (work,)), tmp_path
    )
    options = shlex.join(command[: command.index(IMAGE)])
    for wanted in (
        *("--network none", "--ipc private", "--read-only", "--cap-drop ALL"),
        *("--security-opt no-new-privileges", "--pull never", "--rm"),
        *("--memory 5368709120b --memory-swap 5368709120b", "--pids-limit 52"),
    ):
        assert wanted in options
    user = command[command.index("--user") + 1]
    assert user.split(":")[0] not in ("0", "")
    assert not {"--privileged", "-v", "--volume", "--env", "-e"} & set(command)
    mounts = mounts_of(command)
    writable = {place for place, line in mounts.items() if ",readonly" not in line}
    assert writable == {"/tmp", "/dev/shm", str(work)}
    assert str(given) in mounts
    assert "/" not in mounts
    # Our own packages are readable, wherever this checkout lies.
    others = [place for place in mounts if not place.startswith(str(REPOSITORY))]
    assert not any(place.startswith(("/home", "/var", "/proc")) for place in others)
    assert set(mounts) & {"/etc/passwd", "/etc/hosts", INSIDE, "/usr"}


def test_an_engine_without_root_gets_our_own_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "free_user", lambda: None)
    podman = Docker(Engine("podman", "podman", is_rootless=True))
    command = shlex.join(command_of(podman, Access(), tmp_path))
    assert f"--user {os.getuid()}:{os.getgid()}" in command
    assert "--userns keep-id" in command
    assert "--http-proxy=false" in command


def test_a_path_with_a_comma_is_one_path(tmp_path: Path) -> None:
    odd = tmp_path / "a,readonly=false"
    odd.mkdir()
    command = command_of(Docker(Engine("docker", "docker")), Access((odd,)), tmp_path)
    assert f'type=bind,"source={odd}","target={odd}",readonly' in command


def test_what_is_mounted_below_tmp_has_its_place_made_by_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    mount = docker._Mount(tmp_path, "/tmp/one/two")
    docker._make_places({mount.place: mount}, temporary)
    assert (temporary / "one" / "two").is_dir()


INFO = "24.0.1\tDebian GNU/Linux 12\t[name=seccomp,profile=builtin]\n"


def test_an_engine_that_answers_is_taken_and_gets_the_image_once(
    fake: FakeEngine,
) -> None:
    fake.answer(info=(0, INFO, ""), image_inspect=(1, "", "no such image"))
    assert ask_engine(fake.path) == Engine(fake.path, "docker", "24.0.1")
    [(_, archive, image)] = fake.calls("import")
    assert image == IMAGE
    assert not Path(archive).exists()
    fake.answer(info=(0, INFO, ""), image_inspect=(0, "[{}]", ""))
    assert ask_engine(fake.path) == Engine(fake.path, "docker", "24.0.1")
    assert len(fake.calls("import")) == 1


def test_docker_may_be_podman_by_another_name(fake: FakeEngine) -> None:
    version = {"--version": (0, "podman version 4.3.1\n", "")}
    fake.answer(**version, info=(0, "4.3.1\tfalse\ttrue\n", ""))
    assert ask_engine(fake.path) == Engine(fake.path, "podman", "4.3.1", True)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ((1, "", "Cannot connect to the Docker daemon at unix:///x.\n"), "Cannot conn"),
        ((0, "\t\t\n", "permission denied while trying to connect\n"), "permission"),
        ((0, "28.2\tDocker Desktop\t[]\n", ""), "virtual machine"),
    ],
    ids=["no daemon", "no permission", "another machine"],
)
def test_an_engine_that_can_not_be_used_is_told_in_words(
    fake: FakeEngine, info: tuple[int, str, str], words: str
) -> None:
    fake.answer(info=info)
    found = ask_engine(fake.path)
    assert isinstance(found, str)
    assert words in found


def test_each_engine_is_named_with_its_trouble(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answer(info=(1, "", "Is the docker daemon running?\n"))
    (fake.folder / "docker").symlink_to(fake.path)
    monkeypatch.setenv("PATH", str(fake.folder))
    assert find_engine() == (
        "docker: Is the docker daemon running?; podman: not installed"
    )


def test_where_engines_are_virtual_machines_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    found = find_engine()
    assert isinstance(found, str)
    assert "virtual machine" in found


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
