"""Our own tools run warm: the same bytes as started, and nothing that outlives its parent."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pytest

from grader.checkers._base import Bench, ToolChecker
from grader.checkers._registry import installed
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from grader.sandbox import warm_parent
from grader.sandbox.choose import Boxes, try_landlock
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput
from grader.sandbox.tree import Tree
from grader.sandbox.warm import SHIELDED, Warm, stove
from tests.conftest import FIXTURES, MakeSnapshot, Unboxed

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks of our tools are for Linux"
)

TOOLS = sorted(
    checker.id
    for checker in installed().checkers.values()
    if isinstance(checker, ToolChecker) or checker.id == "secrets"
)
# setuptools warns while a plugin of flake8's is imported, which was before.
_IMPORT_WARNING = re.compile(
    r".*UserWarning: pkg_resources.*\n  from pkg_resources .*\n"
)

_T = TypeVar("_T")  # flake8 times itself, and detect-secrets says when it was.
_CLOCK = re.compile(
    r'^[\d.e+-]+ +(seconds elapsed|.* per second)\n|(?<="generated_at": )"[^"]*"', re.M
)

Heard = list[tuple[int, str, str]]


# Something for each of the tools to say.
LITTLE = {
    "src/load.py": "import os, json\nimport logging\n"
    "def load(path):\n    if path:\n        logging.info(f'{path}')\n"
    "    password = 'correct-horse-battery'\n    return json.load(open(path)), password\n",
    "src/broken.py": "def f(:\n",
}


@dataclass(frozen=True)
class Listening(Bench):
    """A bench that keeps what each tool said, to the byte."""

    heard: Heard = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
    ) -> ToolOutput:
        output = super().run(
            argv, cwd=cwd, limits=limits, environment=environment, readable=readable
        )
        said = _IMPORT_WARNING.sub("", output.stderr)
        self.heard.append((output.exit_status, _in_order(output.stdout), said))
        return output


def _in_order(stdout: str) -> str:
    """Without the clock; JSON with its keys sorted, as radon takes them from a set."""
    try:
        return json.dumps(json.loads(_CLOCK.sub("0", stdout)), sort_keys=True)
    except ValueError:
        return _CLOCK.sub("0", stdout)


@pytest.fixture(scope="module")
def warm() -> Iterator[Path]:
    with stove() as address:
        assert address is not None
        yield address


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    with stove(tuple(warm_parent.MODULES), for_several=True) as address:
        assert address is not None
        yield address


@pytest.fixture
def landlock() -> Boxes:
    if not try_landlock().works:
        pytest.skip("Landlock does not work here")
    return Boxes("landlock")


def project(folder: Path) -> Snapshot:
    files = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )
    return Snapshot(root=folder, name=folder.name, files=tuple(files))


def both_ways(bench: Bench, warm: Path, checker: str, snapshot: Snapshot) -> Heard:
    """What the tool says when it is started, after it said the same as a fork."""
    chosen = installed().checkers[checker]
    options = chosen.options_type()()
    said: list[tuple[Heard, object]] = []
    for address in (None, warm):
        shutil.rmtree(bench.scratch)
        bench.scratch.mkdir()
        place = Listening(
            scratch=bench.scratch,
            tool_limits=bench.tool_limits,
            test_limits=bench.test_limits,
            boxes=bench.boxes,
            warm=address,
        )
        # Another one each time: what is read of one is kept with it.
        result = chosen.measure(replace(snapshot), options, place)
        assert isinstance(result.outcome, Measured)
        said.append((place.heard, result))
    assert said[1] == said[0]
    return said[0][0]


@pytest.mark.parametrize("checker", TOOLS)
def test_a_fork_says_what_the_started_tool_says(
    checker: str, bench: Bench, warm: Path, make_snapshot: MakeSnapshot
) -> None:
    heard = both_ways(bench, warm, checker, make_snapshot(LITTLE))
    assert any(stdout or stderr for _, stdout, stderr in heard)


@pytest.mark.sandbox
@pytest.mark.parametrize("name", ["delivered", "messy", "middling", "solid"])
@pytest.mark.parametrize("checker", TOOLS)
def test_it_does_on_every_fixture_also_with_what_was_prepared(
    checker: str, name: str, bench: Bench, prepared: Path, landlock: Boxes
) -> None:
    boxed = replace(bench, boxes=landlock)
    assert both_ways(boxed, prepared, checker, project(FIXTURES / "repos" / name))


def test_what_one_repository_has_is_not_seen_by_the_next(
    make_snapshot: MakeSnapshot, bench: Bench, warm: Path, tmp_path: Path
) -> None:
    helper = "class Thing:\n    colour = 1\n"
    user = "import helper\n\nprint(helper.Thing().size)\n"
    with_helper = make_snapshot({"src/helper.py": helper, "src/user.py": user})
    said = both_ways(bench, warm, "pylint", with_helper)
    assert "no-member" in said[0][1]

    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "src").mkdir(parents=True)
    (elsewhere / "src" / "user.py").write_text(user)
    alone = Snapshot(root=elsewhere, name="elsewhere", files=("src/user.py",))
    assert "no-member" not in both_ways(bench, warm, "pylint", alone)[0][1]


def test_a_fork_that_dies_or_hangs_leaves_the_parent_at_work(
    bench: Bench, warm: Path, tmp_path: Path
) -> None:
    pipe = hanging(tmp_path)
    short = replace(bench, warm=warm, tool_limits=Limits(seconds=0.5))
    assert black(short, pipe).killed_by == "time"

    ended = in_thread(lambda: black(replace(bench, warm=warm), pipe))
    os.kill(reading(pipe), signal.SIGSEGV)
    assert ended().exit_status == -signal.SIGSEGV

    assert black(replace(bench, warm=warm), written(tmp_path)).exit_status == 0


def test_a_fork_that_takes_too_much_memory_is_ended_alone(
    bench: Bench, warm: Path, tmp_path: Path
) -> None:
    bench = replace(bench, warm=warm)
    assert black(bench, written(tmp_path)).exit_status == 0
    little = replace(bench.tool_limits, memory_bytes=4 * MEBIBYTE)
    output = black(replace(bench, tool_limits=little), hanging(tmp_path))
    assert output.killed_by == "memory"
    assert black(bench, written(tmp_path)).exit_status == 0


def test_a_fork_reads_what_it_was_given_and_nothing_else(
    bench: Bench, warm: Path, tmp_path: Path, landlock: Boxes
) -> None:
    boxed = replace(bench, warm=warm, boxes=landlock)
    file = module(tmp_path)
    seen = boxed.run(
        [*SHIELDED, str(tmp_path), "radon", "cc", "--json", str(file)], readable=[file]
    )
    unseen = boxed.run([*SHIELDED, str(tmp_path), "radon", "cc", "--json", str(file)])
    assert '"complexity"' in seen.stdout
    assert '"complexity"' not in unseen.stdout


def test_a_fork_puts_every_rule_of_the_box_on_itself(
    bench: Bench, warm: Path, tmp_path: Path, landlock: Boxes
) -> None:
    boxed = replace(bench, warm=warm, boxes=landlock)
    pipe = hanging(tmp_path)
    ended = in_thread(lambda: black(boxed, pipe))
    tool = reading(pipe)
    status = Path(f"/proc/{tool}/status").read_text()
    limits = Path(f"/proc/{tool}/limits").read_text()
    descriptors = os.listdir(f"/proc/{tool}/fd")
    variables = Path(f"/proc/{tool}/cwd").resolve()
    os.kill(tool, signal.SIGKILL)
    ended()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    if os.getuid() == 0:
        assert facts["Uid"].split()[0] not in ("0", str(os.getuid()))
    assert re.search(r"Max core file size +0 ", limits)
    # Its three streams and the file: no connection to its keeper.
    assert len(descriptors) <= 4
    assert variables == boxed.empty_folder.resolve()


def test_tools_that_are_sure_to_be_needed_are_there_before_they_are() -> None:
    before = set(Tree(os.getpid()).members())

    def started() -> set[int]:
        return set(Tree(os.getpid()).members()) - before

    with stove(["isort", "detect-secrets", "pytest"]) as address:
        assert address is not None
        # The parent, and one for each that is a tool of ours to be forked.
        waited_for(lambda: len(started()) == 3)
        members = started()
    waited_for(lambda: not any(is_running(pid) for pid in members))


def test_a_tool_that_dies_while_it_is_imported_keeps_no_other_from_it(
    bench: Bench, tmp_path: Path
) -> None:
    before = set(Tree(os.getpid()).members())

    def tools() -> set[int]:
        started = set(Tree(os.getpid()).members()) - before
        return {pid for pid in started if parent_of(pid) != os.getpid()}

    with stove(["black", "isort", "radon"]) as address:
        assert address is not None
        waited_for(tools)
        first = min(tools())
        os.kill(first, signal.SIGKILL)
        waited_for(lambda: len(tools() - {first}) == 2)
        # It is imported again when it is asked for.
        warm = replace(bench, warm=address)
        assert black(warm, written(tmp_path)).exit_status == 0


def test_no_parent_is_started_that_nobody_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_: started.append(args))
    # Whoever would start one is waited for at the end.
    with stove() as address:
        assert address is not None
    assert not started


@pytest.mark.parametrize("whose", ["the parent", "a tool's own"])
def test_nothing_is_left_of_a_parent_that_is_killed(
    whose: str, bench: Bench, tmp_path: Path
) -> None:
    before = set(Tree(os.getpid()).members())
    with stove() as address:
        assert address is not None
        bench = replace(bench, warm=address, tool_limits=Limits(seconds=1))
        black(bench, written(tmp_path))
        pipe = hanging(tmp_path)
        ended = in_thread(lambda: black(bench, pipe))
        reading(pipe)
        started = set(Tree(os.getpid()).members()) - before
        parent = next(pid for pid in started if parent_of(pid) == os.getpid())
        below = next(pid for pid in started if parent_of(pid) == parent)
        os.kill(parent if whose == "the parent" else below, signal.SIGKILL)
        # The run itself is done again, by a program of its own.
        assert ended().killed_by == "time"
        if whose == "the parent":
            waited_for(lambda: not any(is_running(pid) for pid in started))
        else:
            assert black(bench, written(tmp_path)).exit_status == 0
    waited_for(lambda: not any(is_running(pid) for pid in started))


@pytest.mark.sandbox
def test_nothing_is_left_when_whoever_wanted_it_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "told"
    child = os.fork()
    if child == 0:
        with stove() as address:
            assert address is not None
            scratch = tmp_path / "scratch"
            scratch.mkdir()
            limits = Limits(seconds=60)
            bench = Bench(scratch, limits, limits, Unboxed(), warm=address)
            pipe = hanging(tmp_path)
            in_thread(lambda: black(bench, pipe))
            reading(pipe)
            members = map(str, Tree(os.getpid()).members())
            (tmp_path / "telling").write_text(" ".join(members))
            os.rename(tmp_path / "telling", told)
            time.sleep(60)
        os._exit(0)
    waited_for(told.exists)
    started = [int(pid) for pid in told.read_text().split()]
    assert len(started) >= 4
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    waited_for(lambda: not any(is_running(pid) for pid in started))


def test_without_a_parent_that_answers_the_tool_is_started(
    bench: Bench, tmp_path: Path
) -> None:
    bench = replace(bench, warm=tmp_path / "nobody")
    assert black(bench, written(tmp_path)).exit_status == 0


def test_only_our_own_tools_are_run_warm(tmp_path: Path) -> None:
    box = Unboxed().for_forks()
    assert box is not None
    warm = Warm(tmp_path, box)
    assert warm.can_run([*SHIELDED, "--bare", "--find", "x", "root", "pylint", "a.py"])
    assert not warm.can_run([*SHIELDED, "root", "pytest", "black"])
    assert not warm.can_run([sys.executable, "-m", "black", "a.py"])
    assert not warm.can_run([*SHIELDED, "--find", "black"])


# Prints whether the network's library is there: before and after it is asked for.
_ASKED_FOR = """\
import sys
from grader.sandbox import warm_parent
warm_parent.load("detect_secrets")
print("urllib3" in sys.modules)
from detect_secrets.plugins import slack
print(slack.requests.exceptions.RequestException.__name__, "urllib3" in sys.modules)
import requests
print(slack.requests.get is requests.get, hasattr(slack.requests, "nothing"))
"""


def test_detect_secrets_is_ready_without_what_asks_services() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ASKED_FOR],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = ["False", "RequestException True", "True False"]
    assert done.stdout.splitlines() == expected, done.stderr


@pytest.mark.parametrize("tool", sorted(warm_parent.MODULES))
def test_every_module_that_is_imported_beforehand_exists(tool: str) -> None:
    missing = []
    for module in warm_parent.MODULES[tool]:
        try:
            __import__(module)
        except ImportError:
            missing.append(module)
    assert missing == []


def black(bench: Bench, settings: Path) -> ToolOutput:
    """One of the tools, with settings from a file that it reads first."""
    folder = settings.parent
    argv = [*SHIELDED, str(folder), "black", "--check", "--config", str(settings)]
    return bench.run([*argv, str(module(folder))], readable=[folder])


def module(folder: Path) -> Path:
    file = folder / "module.py"
    file.write_text("def f():\n    return 1\n")
    return file


def written(folder: Path) -> Path:
    file = folder / "settings.toml"
    file.touch()
    return file


def hanging(folder: Path) -> Path:
    """Settings that nobody ever comes to the end of."""
    pipe = folder / "pipe.toml"
    if not pipe.exists():
        os.mkfifo(pipe)
    return pipe


def reading(pipe: Path) -> int:
    """The fork that reads a pipe, once there is one: our parent's, tool's, keeper's child."""

    def is_read() -> bool:
        try:
            # Left open: the reader waits for what is never written.
            held = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        kept_open.append(held)
        return True

    waited_for(is_read)
    return next(pid for pid in Tree(os.getpid()).members() if depth(pid) == 4)


kept_open: list[int] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while kept_open:
        os.close(kept_open.pop())


def depth(pid: int) -> int:
    found = 0
    while pid not in (os.getpid(), 1):
        pid, found = parent_of(pid), found + 1
    return found


def parent_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def waited_for(look: Callable[[], _T]) -> _T:
    deadline = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.02)
    return found


def in_thread(work: Callable[[], ToolOutput]) -> Callable[[], ToolOutput]:
    results: list[ToolOutput] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()

    def ended() -> ToolOutput:
        thread.join(60)
        return results[0]

    return ended
