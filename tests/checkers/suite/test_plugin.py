"""Our pytest plugin: what it sends, to whom, and how it behaves among the tests."""

import ast
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checkers._base import Bench
from grader.checkers._suite import inside
from grader.checkers._suite.inside import channel
from grader.checkers._suite.run import SuiteRun, Variation, run_suite
from grader.checkers._suite.settings import read_own_settings
from grader.checkers._suite.told import read_events
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits
from tests.checkers.suite.recordings import CALC, KEY, SMALL
from tests.conftest import MakeSnapshot


def run(
    snapshot: Snapshot, bench: Bench, variation: Variation = Variation()
) -> SuiteRun:
    settings = read_own_settings(snapshot)
    return run_suite(snapshot, settings, bench, variation=variation)


@given(st.text(max_size=1_200))
def test_a_node_is_cut_and_stays_another_one(node: str) -> None:
    cut = channel.cut_node(node)
    assert len(cut) <= channel.MAX_NODE
    assert cut == node or len(node) > channel.MAX_NODE
    assert len(node) < 2 or channel.cut_node(node + "x") != cut


@given(st.text(max_size=1_200), st.integers(40, 600))
def test_a_text_keeps_its_beginning_and_its_end(text: str, most: int) -> None:
    cut = channel.cut_text(text, most)
    assert len(cut) <= most
    plain = text.encode("utf-8", "backslashreplace").decode()
    assert cut[: most // 4] == plain[: most // 4]
    assert cut[-(most // 2) :] == plain[-(most // 2) :]


@pytest.mark.parametrize(
    ("node", "function"),
    [
        ("tests/test_a.py::test_b[1-[x]::y]", "tests/test_a.py::test_b"),
        ("odd[1]/test_a.py::TestA::test_b", "odd[1]/test_a.py::TestA::test_b"),
        ("tests/test_a.py", "tests/test_a.py"),
    ],
)
def test_a_function_is_its_id_without_parameters(node: str, function: str) -> None:
    assert channel.function_of(node) == function


def test_a_child_of_the_tests_sends_nothing_and_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    send = channel.make_channel(writing, KEY)
    send("tests-ended", {})
    child = os.fork()
    if child == 0:
        send("tests-ended", {})
        os._exit(0)
    os.waitpid(child, 0)
    send("finish", {"status": 3})
    os.close(writing)
    send("finish", {"status": 4})
    with open(reading, "rb") as file:
        told = read_events(file.read(), KEY)
    assert (told.status, told.foreign, told.lost) == (3, 0, 0)


# Real runs.

# Whatever a test can find out about who listens, and what its children inherit.
CURIOUS = """\
import json
import os
import subprocess
import sys

CODE = "import os; print(json.dumps(sorted(os.listdir('/proc/self/fd'))))"


def test_what_can_be_seen(monkeypatch):
    seen = " ".join([*sys.argv, *os.environ, *os.environ.values()])
    for name in ("cmdline", "environ"):
        with open(f"/proc/self/{name}", "rb") as file:
            seen += file.read().decode()
    inherited = subprocess.run(
        [sys.executable, "-c", "import json; " + CODE],
        close_fds=False, capture_output=True, text=True, check=True,
    ).stdout
    pipes = [
        number for number in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{number}")
        and "pipe" in os.readlink(f"/proc/self/fd/{number}")
    ]
    with open("seen.json", "w") as file:
        json.dump([seen, json.loads(inherited), pipes, os.listdir("../..")], file)
    assert os.environ.get("MLOPS_GRADE_CHANNEL") is None


def test_in_a_child():
    child = os.fork()
    if child == 0:
        raise SystemExit(0)
    os.waitpid(child, 0)


def test_with_everything_replaced(monkeypatch):
    monkeypatch.setattr(os, "write", None)
    monkeypatch.setattr(json, "dumps", None)
    monkeypatch.setattr(os, "getpid", lambda: 1)
"""


def test_tests_see_no_key_and_leave_no_channel_to_their_children(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"tests/test_curious.py": CURIOUS})
    done = run(snapshot, bench)
    assert done.told.results.count("passed") == 3, done.told.results
    assert (done.told.foreign, done.told.lost) == (0, 0)
    seen, inherited, pipes, folder = json.loads((done.copy / "seen.json").read_text())
    key = done.output.channel.partition(b'{"key": "')[2][:32].decode()
    assert len(key) == 32 and key not in seen
    # The pipe of the channel, and those of the three streams at most.
    assert len([number for number in pipes if number not in inherited]) >= 1
    assert "key" not in folder


# The plugin of before pytest 9 wrote to files that these could have been.
NAMESAKES = {
    name: "raise RuntimeError('this module is not yours')\n"
    for name in (
        *("pytest.py", "coverage.py", "json.py", "pytest_cov.py", "pluggy.py"),
        *("_pytest.py", "sitecustomize.py", "usercustomize.py", "argparse.py"),
        *("hashlib.py", "inspect.py", "socket.py", "random.py"),
    )
}


def test_namesakes_and_hostile_settings_change_nothing(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--co")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    options = (
        "-p evil --co --junitxml=/dev/null/own.xml --rootdir=/ -c /etc/passwd "
        "-p no:python -p no:tmpdir -p no:terminal -p no:_cov -pno:junitxml"
    )
    files = {
        **{**SMALL, **NAMESAKES},
        "evil.py": "import sys\n\nsys.stderr.write('loaded')\n",
        "pytest.ini": f"[pytest]\naddopts = {options}\n",
    }
    done = run(make_snapshot(files), bench)
    assert done.is_complete
    assert done.told.results.count("passed") == 1
    assert done.told.arcs and "src/calc.py" in done.told.arcs
    assert "loaded" in done.output.stderr


def test_a_plugin_that_is_taken_out_has_told_no_end(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    conftest = (
        "def pytest_collection_finish(session):\n"
        "    manager = session.config.pluginmanager\n"
        "    for name, plugin in manager.list_name_plugin():\n"
        "        if type(plugin).__module__.startswith('mlops_grade_inside'):\n"
        "            manager.unregister(plugin)\n"
    )
    done = run(make_snapshot({**SMALL, "conftest.py": conftest}), bench)
    assert done.told.has_begun and done.told.status is None
    assert not done.is_complete


MANY = """\
import pytest


@pytest.mark.parametrize("number", range(1_100))
def test_many(number):
    assert number != 1_050


@pytest.mark.parametrize("number", [pytest.param(0, id="a" * 10**6)])
def test_long(number):
    assert number == "b" * 10**6, "c" * 10**6


@pytest.fixture
def own():
    return 1


class TestUsing:
    def test_theirs(self, theirs):
        assert theirs

    def test_own(self, own):
        assert own
"""
CONFTEST = """\
import pytest


@pytest.fixture
def theirs():
    return 1


def pytest_collection_modifyitems(config, items):
    out = [item for item in items if item.name in ("test_out", "test_silent")]
    config.hook.pytest_deselected(items=out[:1])
    items[:] = [item for item in items if item not in out]
    for item in items:
        if item.name == "test_marked":
            item.add_marker(pytest.mark.skip)
"""


@pytest.mark.sandbox
def test_what_is_told_of_many_tests_stays_small(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = "def test_out(): pass\ndef test_silent(): pass\ndef test_marked(): pass\n"
    files = {"tests/test_a.py": MANY + "\n\n" + more, "tests/conftest.py": CONFTEST}
    done = run(make_snapshot(files), bench)
    results, told = done.told.results, done.told
    assert done.is_complete
    assert len(done.output.channel) < 500_000
    assert results.count("passed") == 1_099 + 2
    assert results.count("failed") == 2
    assert results.counted == {"tests/test_a.py::test_many": {"passed": 99}}
    # A failure beyond the thousand is told all the same.
    failed = {one.name: one for one in results.told if one.outcome == "failed"}
    assert "tests/test_a.py::test_many[1050]" in failed
    assert max(map(len, failed)) <= channel.MAX_NODE
    functions = {one.node.rpartition("::")[2]: one for one in told.functions}
    assert functions["test_many"].cases == 1_100
    assert [name for name, one in functions.items() if one.uses_conftest] == [
        "test_theirs"
    ]
    assert [name for name, one in functions.items() if one.was_marked] == [
        "test_marked"
    ]
    assert (functions["test_out"].found, functions["test_out"].cases) == (1, 0)
    assert results.deselected == {"tests/test_a.py::test_out": 1}


@pytest.mark.sandbox
def test_a_varied_run_is_the_same_but_for_its_variation(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    conftest = "import pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n"
    test = "from src.calc import add\n\n\ndef test_two(two):\n    assert add(1, 1) == two\n"
    files = {**SMALL, "tests/conftest.py": conftest, "tests/test_two.py": test}
    snapshot = make_snapshot(files)
    mutant = CALC.replace(
        "    return b", "    import _caller\n    _caller.called(7)\n    return b"
    )
    variation = Variation(
        files={"src/calc.py": mutant, "tests/test_new.py": "from src.calc import add\n"
               "def test_new():\n    assert add(0, 5) == 5\n"},
        arguments=("--noconftest",),
        has_coverage=False,
        caller="_caller",
    )  # fmt: skip
    varied = run(snapshot, bench, variation)
    assert varied.told.arcs is None and varied.is_complete
    ends = {one.name: (one.outcome, one.calls) for one in varied.told.results.told}
    assert ends == {
        "tests/test_calc.py::test_add": ("passed", frozenset()),
        "tests/test_new.py::test_new": ("passed", frozenset({7})),
        "tests/test_two.py::test_two": ("error", frozenset()),
    }
    plain = run(snapshot, bench)
    assert plain.copy == varied.copy
    assert not (plain.copy / "tests/test_new.py").exists()
    assert plain.told.results.count("passed") == len(plain.told.results) == 2


@pytest.mark.sandbox
def test_a_variation_has_at_most_the_time_of_the_graded_run(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {"test_a.py": "def test_a():\n    while True:\n        pass\n"}
    )
    under = replace(bench, test_limits=Limits(seconds=3))
    done = run(snapshot, under, Variation(seconds=600))
    assert done.output.killed_by == "time"
    assert done.told.at == "test_a.py::test_a"


def test_what_runs_inside_needs_nothing_of_ours_and_is_for_python_3_8() -> None:
    for file in Path(inside.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 8))
        imported = {
            name
            for node in tree.body
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else (
                    [node.module or ""]
                    if isinstance(node, ast.ImportFrom) and node.level == 0
                    else []
                )
            )
        }
        foreign = imported - sys.stdlib_module_names - {"pytest", "_pytest.config"}
        assert not foreign, file
