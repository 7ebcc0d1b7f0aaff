"""Runs of little projects as they were recorded, and the projects themselves.

`python -m tests.checkers.suite.recordings` records them anew, with the installed pytest. What
a run left is in `fixtures/recorded/pytest`; what is empty has no file.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from grader.checkers._base import Bench
from grader.checkers._suite.run import SuiteRun, run_suite
from grader.checkers._suite.settings import read_own_settings
from grader.checkers._suite.told import read_events
from grader.environment.given import GivenInterpreter
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits
from grader.sandbox.run import KilledBy, ToolOutput
from tests.conftest import FIXTURES, Unboxed

FOLDER = FIXTURES / "recorded" / "pytest"
KEY = "0123456789abcdef"
# What every run tells first, where it was started at all.
STARTED = f'{{"key": "{KEY}", "number": 0, "kind": "started"}}\n'.encode()

CALC = """\
def add(a, b):
    if a > 0:
        return a + b
    return b


def sub(a, b):
    return a - b
"""
TEST_CALC = """\
from src.calc import add


def test_add():
    assert add(1, 2) == 3
"""
SMALL = {"src/calc.py": CALC, "tests/test_calc.py": TEST_CALC}
# Every way in which a test can end.
MIXED = {
    "src/calc.py": CALC,
    "src/inner/lone.py": "X = 1\n",
    "src/my.script.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
    "src/broken.py": "def f(:\n",
    "tests/test_calc.py": """\
import unittest

import pytest

from src.calc import add


@pytest.fixture
def boom():
    raise RuntimeError("no setup")


@pytest.fixture
def late():
    yield 1
    raise RuntimeError("no teardown")


def test_ok():
    assert add(1, 2) == 3


def test_fails():
    assert add(1, 2) == 4


def test_setup_fails(boom):
    pass


def test_teardown_fails(late):
    pass


def test_both_fail(late):
    assert add(1, 1) == 1


@pytest.mark.skip(reason="later")
def test_skipped():
    pass


@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert add(1, 1) == 3


@pytest.mark.xfail
def test_passes_unexpectedly():
    pass


@pytest.mark.xfail(strict=True)
def test_passes_against_strict_xfail():
    pass


@pytest.mark.parametrize("number", [1, 2, 3])
def test_parametrised(number):
    assert number != 3


def test_subtests(subtests):
    for number in range(4):
        with subtests.test(number=number):
            assert number % 2 == 0


def test_subtests_all_pass(subtests):
    for number in range(4):
        with subtests.test(number=number):
            pass


class TestClass(unittest.TestCase):
    def test_unittest_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 0)

    def test_exits(self):
        raise SystemExit(0)
""",
    "tests/test_gone.py": "from src.gone import nothing\n\n\ndef test_nothing():\n"
    "    assert nothing\n",
    "tests/test_syntax.py": "def test_a(:\n",
    "tests/test_whole_file_skipped.py": "import pytest\n\n"
    'pytest.skip("not here", allow_module_level=True)\n',
}
# What lies in the interpreter and not in the repository: a plugin that breaks the session.
FOREIGN = "def pytest_collection_finish(session):\n    raise OSError('broken')\n"

PROJECTS: Mapping[str, Mapping[str, str]] = {
    "mixed": MIXED,
    "clean": SMALL,
    "no-tests": {"src/calc.py": CALC},
    "lacking": {
        **SMALL,
        "tests/test_frames.py": "import no_such_package.frames\n\n\n"
        "def test_frames():\n    pass\n",
    },
    "conftest": {
        **SMALL,
        "tests/conftest.py": "import os\n\nfrom src.gone import nothing\n",
    },
    "broken-toml": {
        **SMALL,
        "pyproject.toml": "[tool.pytest.ini_options\naddopts = '-q'\n",
    },
    "unknown-option": {
        **SMALL,
        "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    },
    "plugin-raises": {
        **SMALL,
        "pytest.ini": "[pytest]\naddopts = -p ours\n",
        "ours.py": "raise RuntimeError('not today')\n",
    },
    "setup-cfg": {**SMALL, "setup.cfg": "[pytest]\naddopts = -q\n"},
    "exit-at-import": {**SMALL, "src/calc.py": f"{CALC}\n\nraise SystemExit(0)\n"},
    "pytest-exit": {
        **SMALL,
        "tests/test_exit.py": "import pytest\n\n\n"
        "def test_exit():\n    pytest.exit('enough', returncode=0)\n",
    },
    "segfault": {
        **SMALL,
        "tests/test_segfault.py": "import ctypes\n\n\n"
        "def test_segfault():\n    ctypes.string_at(0)\n",
    },
    "ends-in-a-test": {
        **SMALL,
        "tests/test_exit.py": "import os\n\n\ndef test_exit():\n    os._exit(0)\n",
    },
    "ends-at-exit": {
        **SMALL,
        "tests/test_exit.py": "import atexit\nimport os\n\n\n"
        "def test_exit():\n    atexit.register(os._exit, 0)\n    assert False\n",
    },
    "foreign-plugin": {
        **SMALL,
        "conftest.py": "import sys\n\nsys.path.insert(0, {foreign!r})\n"
        "pytest_plugins = ['foreign']\n",
    },
}


def recorded_run(
    name: str,
    snapshot: Snapshot,
    exit_status: int,
    *,
    killed_by: KilledBy | None = None,
    more: bytes = b"",
) -> SuiteRun:
    """A run as it was recorded; `more` came over the channel as well."""

    def text(part: str) -> str:
        file = FOLDER / f"{name}.{part}"
        if not file.exists():
            return ""
        return file.read_text("utf-8").replace("{root}", str(snapshot.root))

    output = ToolOutput(
        exit_status, text("stdout.txt"), text("stderr.txt"), 0.1, killed_by
    )
    told = read_events(text("channel.jsonl").encode() + more, KEY)
    return SuiteRun(output=output, copy=snapshot.root, told=told)


def record(name: str, files: Mapping[str, str], top: Path) -> None:
    """Run a project's tests and write down what they left."""
    (top / "foreign").mkdir()
    (top / "foreign/foreign.py").write_text(FOREIGN)
    for path, text in files.items():
        file = top / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("{foreign!r}", repr(str(top / "foreign"))))
    (top / "scratch").mkdir()
    snapshot = Snapshot(top / "repository", "repository", tuple(sorted(files)))
    bench = Bench(
        scratch=top / "scratch",
        tool_limits=Limits(seconds=60),
        test_limits=Limits(seconds=60),
        boxes=Unboxed(),
        environment=GivenInterpreter(sys.executable),
    )
    run = run_suite(snapshot, read_own_settings(snapshot), bench)
    channel = run.output.channel.decode()
    key = channel.partition('{"key": "')[2].partition('"')[0]
    for part, text in (
        ("channel.jsonl", channel.replace(key, KEY) if key else ""),
        ("stdout.txt", run.output.stdout if run.output.exit_status else ""),
        ("stderr.txt", run.output.stderr),
    ):
        file = FOLDER / f"{name}.{part}"
        file.unlink(missing_ok=True)
        text = text.replace(str(run.copy), "{root}").replace(str(top), "{top}")
        if text:
            file.write_text(text)
    print(f"{name}: exit status {run.output.exit_status}")


if __name__ == "__main__":
    for project, contents in PROJECTS.items():
        with tempfile.TemporaryDirectory() as folder:
            record(project, contents, Path(folder).resolve())
