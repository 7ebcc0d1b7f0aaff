"""What deserves a look in the code: told where it stands, and not told where it is usual."""

import pytest

from grader.checkers._signals.seen import code_signals, file_signals
from tests.conftest import MakeSnapshot

# (rule, path, code): each is told once, at the line that has `# here`.
TOLD = [
    (
        "pytest-internals",
        "tests/test_a.py",
        "from _pytest import runner as r\nr.call_and_report(None)  # here\n",
    ),
    (
        "pytest-internals",
        "src/a.py",
        "import importlib\nimportlib.import_module('_pytest.runner')  # here\n",
    ),
    ("ends-the-process", "tests/test_a.py", "import os as o\no._exit(0)  # here\n"),
    (
        "ends-the-process",
        "src/a.py",
        "from os import _exit as leave\n\ndef f():\n    leave(0)  # here\n",
    ),
    (
        "ends-the-process",
        "tests/test_a.py",
        "import atexit, os\natexit.register(os._exit, 0)  # here\n",
    ),
    ("ends-the-process", "src/a.py", "import os\ngetattr(os, '_exit')(0)  # here\n"),
    (
        "ends-the-process",
        "conftest.py",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)  # here\n",
    ),
    ("ends-the-process", "conftest.py", "import os\nos.kill(-1, 9)  # here\n"),
    ("sets-a-trace", "tests/test_a.py", "import sys\nsys.settrace(None)  # here\n"),
    (
        "sets-a-trace",
        "src/a.py",
        "from sys import monitoring\nmonitoring.free_tool_id(1)  # here\n",
    ),
    ("ctypes", "src/a.py", "from ctypes import pythonapi  # here\n"),
    (
        "searches-objects",
        "tests/test_a.py",
        "import gc\nfor o in gc.get_objects():  # here\n    pass\n",
    ),
    (
        "coverage-api",
        "tests/test_a.py",
        "from coverage import Coverage\nCoverage().erase()  # here\n",
    ),
    (
        "coverage-api",
        "src/a.py",
        "import coverage\nc = coverage.Coverage.current()  # here\n",
    ),
    (
        "compiles-as-another-file",
        "tests/test_a.py",
        "exec(compile('\\n' * 40 + 'pass', 'src/model.py', 'exec'))  # here\n",
    ),
    (
        "compiles-as-another-file",
        "tests/test_a.py",
        "def f(code, path):\n    exec(compile(code, path, 'exec'))  # here\n",
    ),
    (
        "descriptor-by-number",
        "tests/test_a.py",
        "import os\nfor n in range(3, 20):\n    os.write(n, b'{}')  # here\n",
    ),
    ("descriptor-by-number", "src/a.py", "import os\nos.write(7, b'')  # here\n"),
    (
        "descriptor-by-number",
        "src/a.py",
        "import os\nopen(int(os.environ['N']), 'w')  # here\n",
    ),
    (
        "descriptor-by-number",
        "conftest.py",
        "import os\nos.listdir('/proc/self/fd')  # here\n",
    ),
    (
        "names-the-grader",
        "conftest.py",
        "import os\nos.environ['MLOPS_GRADE_CHANNEL']  # here\n",
    ),
    (
        "replaces-test-machinery",
        "conftest.py",
        "import pytest\npytest.fail = lambda *a, **k: None  # here\n",
    ),
    (
        "replaces-test-machinery",
        "conftest.py",
        "from pytest import TestReport\nsetattr(TestReport, 'failed', False)  # here\n",
    ),
    (
        "replaces-test-machinery",
        "tests/test_a.py",
        "def test_a(monkeypatch):\n"
        "    monkeypatch.setattr('_pytest.runner.CallInfo.from_call', 1)  # here\n",
    ),
    (
        "replaces-test-machinery",
        "conftest.py",
        "import unittest\nunittest.TestCase.assertEqual = print  # here\n",
    ),
    (
        "replaces-test-machinery",
        "conftest.py",
        "import sys\nsys.modules['pytest'] = None  # here\n",
    ),
    (
        "replaces-test-machinery",
        "conftest.py",
        "import builtins\nbuiltins.AssertionError = SystemExit  # here\n",
    ),
    (
        "replaces-code",
        "src/a.py",
        "def f():\n    pass\n\nf.__code__ = (lambda: None).__code__  # here\n",
    ),
    (
        "makes-reports",
        "conftest.py",
        "import pytest\n\ndef f(item, call):\n"
        "    return pytest.TestReport.from_item_and_call(item, call)  # here\n",
    ),
    (
        "replaces-test-bodies",
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n    for one in items:\n"
        "        one.obj = lambda: None  # here\n",
    ),
    (
        "hook-changes-outcomes",
        "conftest.py",
        "import pytest\n\n@pytest.hookimpl(hookwrapper=True)\n"
        "def pytest_runtest_makereport(item, call):\n    result = yield\n"
        "    report = result.get_result()\n    report.outcome = 'passed'  # here\n",
    ),
    (
        "hook-changes-outcomes",
        "evil.py",
        "def pytest_runtest_logreport(report):\n    setattr(report, 'outcome', 'x')  # here\n",
    ),
    (
        "hook-hides-failures",
        "conftest.py",
        "import pytest\n\n@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_call(item):\n    try:  # here\n        yield\n"
        "    except BaseException:\n        pass\n",
    ),
    (
        "hook-stands-in",
        "conftest.py",
        "def pytest_pyfunc_call(pyfuncitem):\n    return True  # here\n",
    ),
    (
        "hook-drops-tests",
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [i for i in items if 'bad' not in i.name]  # here\n",
    ),
    (
        "hook-marks-all",
        "conftest.py",
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        item.add_marker(pytest.mark.xfail)  # here\n",
    ),
    (
        "hook-marks-all",
        "conftest.py",
        "import pytest\n\n@pytest.fixture(autouse=True)\ndef f(request):\n"
        "    request.node.add_marker(pytest.mark.skip(reason='x'))  # here\n",
    ),
    (
        "hook-sets-exit-status",
        "conftest.py",
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0  # here\n",
    ),
    (
        "hook-unplugs",
        "conftest.py",
        "def pytest_configure(config):\n    p = config.pluginmanager\n"
        "    p.unregister(p.get_plugin('x'))  # here\n",
    ),
]

HONEST = {
    "names that are used in annotations, or public elsewhere": (
        "from _pytest.logging import LogCaptureFixture\n"
        "from _pytest.monkeypatch import MonkeyPatch\n"
        "from _pytest.nodes import Node\n\n"
        "def test_a(caplog: LogCaptureFixture, node: 'Node | None') -> Node:\n"
        "    MonkeyPatch().undo()\n"
    ),
    "an import that nothing uses": "import _pytest.runner\n",
    "the end of a forked child": (
        "import os\n\ndef test_a():\n    if os.fork() == 0:\n        os._exit(0)\n"
    ),
    "a server that is stopped": (
        "import os, signal, subprocess\n\ndef test_a():\n"
        "    server = subprocess.Popen(['x'])\n"
        "    os.kill(server.pid, signal.SIGTERM)\n"
    ),
    "a file that is run under its own name": (
        "import src.a as a\n\ndef test_a():\n"
        "    exec(compile(open(a.__file__).read(), a.__file__, 'exec'))\n"
        "    text = open('b.py').read()\n    exec(compile(text, 'b.py', 'exec'))\n"
        "    compile('1', '<string>', 'eval')\n"
    ),
    "a temporary file and a pipe": (
        "import os, tempfile\n\ndef test_a():\n    fd, path = tempfile.mkstemp()\n"
        "    os.write(fd, b'x')\n    os.close(fd)\n    os.write(1, b'x')\n"
        "    r, w = os.pipe()\n    os.write(w, b'y')\n"
    ),
    "a model's compile, a pattern's, and a plot's lines": (
        "import re\nre.compile('a')\nmodel = make()\n"
        "model.compile('adam', 'loss', 1)\nplot.add_lines([1], [2])\n"
    ),
    "data passed around on pytest itself, as a course teaches": (
        "import pytest\n\ndef pytest_configure():\n    pytest.frame = None\n\n"
        "def test_a():\n    pytest.frame = 1\n"
    ),
    "a missing library that is stubbed": (
        "import sys\nfrom unittest.mock import MagicMock, patch\n"
        "sys.modules['torch'] = MagicMock()\n\n"
        "@patch('src.a.load')\ndef test_a(load):\n    with patch.object(sys, 'argv', []):\n"
        "        pass\n"
    ),
    "a test object's own attribute": (
        "import unittest\n\nclass TestA(unittest.TestCase):\n"
        "    def setUp(self):\n        self.obj = 1\n        self.maxDiff = None\n"
    ),
    "the report of each phase, noted on its item": (
        "import pytest\n\n"
        "@pytest.hookimpl(tryfirst=True, hookwrapper=True)\n"
        "def pytest_runtest_makereport(item, call):\n    outcome = yield\n"
        "    rep = outcome.get_result()\n    setattr(item, 'rep_' + rep.when, rep)\n"
        "    rep.extras = []\n"
    ),
    "the same in the newer way": (
        "import pytest\n\n@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_makereport(item, call):\n    rep = yield\n"
        "    item.stash['x'] = rep\n    return rep\n"
    ),
    "slow tests on request": (
        "import pytest\n\ndef pytest_addoption(parser):\n"
        "    parser.addoption('--runslow', action='store_true')\n\n"
        "def pytest_collection_modifyitems(config, items):\n"
        "    if config.getoption('--runslow'):\n        return\n"
        "    skip = pytest.mark.skip(reason='needs --runslow')\n"
        "    for item in items:\n        if 'slow' in item.keywords:\n"
        "            item.add_marker(skip)\n"
    ),
    "markers by folder, and an order": (
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        item.add_marker(pytest.mark.unit)\n"
        "        if 'integration' in item.nodeid:\n"
        "            item.add_marker(pytest.mark.integration)\n"
        "    items[:] = sorted(items, key=lambda item: item.name)\n"
    ),
    "tests chosen by an option": (
        "def pytest_collection_modifyitems(config, items):\n"
        "    only = config.getoption('--stage')\n"
        "    items[:] = [i for i in items if only in i.nodeid]\n"
    ),
    "no tests is no failure": (
        "def pytest_sessionfinish(session, exitstatus):\n"
        "    if exitstatus == 5:\n        session.exitstatus = 0\n"
    ),
    "async tests without a plugin": (
        "import asyncio, inspect\n\ndef pytest_pyfunc_call(pyfuncitem):\n"
        "    if inspect.iscoroutinefunction(pyfuncitem.obj):\n"
        "        asyncio.run(pyfuncitem.obj())\n        return True\n"
    ),
    "paths, options and fixtures": (
        "import os, random, sys\nfrom pathlib import Path\nimport pytest\n\n"
        "sys.path.insert(0, str(Path(__file__).parent.parent))\n"
        "os.environ.setdefault('MODE', 'test')\n\n"
        "def pytest_configure(config):\n"
        "    config.addinivalue_line('markers', 'slow: takes long')\n\n"
        "@pytest.fixture(autouse=True)\ndef seeded(request):\n    random.seed(0)\n"
        "    yield\n"
    ),
    "multiprocessing": (
        "import multiprocessing\n\ndef test_a():\n"
        "    with multiprocessing.Pool(2) as pool:\n"
        "        assert pool.map(len, ['a']) == [1]\n"
    ),
    "asyncio and hypothesis": (
        "import pytest\nfrom hypothesis import given, strategies as st\n\n"
        "@pytest.mark.asyncio\nasync def test_a():\n    assert True\n\n"
        "@given(st.integers())\ndef test_b(n):\n    assert n == n\n"
    ),
}


@pytest.mark.parametrize(("rule", "path", "text"), TOLD)
def test_a_look_is_asked_for_at_the_line(
    rule: str, path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    line = next(n for n, t in enumerate(text.split("\n"), 1) if t.endswith("# here"))
    found = code_signals(make_snapshot({path: text}))
    told = [f for f in found if f.rule == rule]
    assert [(f.path, f.line) for f in told] == [(path, line)], found
    assert told[0].message.endswith(".")
    assert "cheat" not in told[0].message.lower()
    assert told[0].severity == "info"


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
@pytest.mark.parametrize("path", ["conftest.py", "tests/test_a.py", "src/a.py"])
def test_what_is_usual_is_not_told(
    path: str, text: str, make_snapshot: MakeSnapshot
) -> None:
    assert code_signals(make_snapshot({path: text})) == ()


def test_many_places_of_one_kind_in_a_file_are_told_once(
    make_snapshot: MakeSnapshot,
) -> None:
    text = "import os\n" + "os._exit(0)\n" * 300
    (found,) = code_signals(make_snapshot({"tests/test_a.py": text}))
    assert found.line == 2
    assert found.message.endswith("There are 300 such places here.")


def test_a_file_that_cannot_be_parsed_or_is_nested_deeply_is_no_trouble(
    make_snapshot: MakeSnapshot,
) -> None:
    deep = "import _pytest\nx: " + " | ".join(["_pytest.a"] * 800) + "\n"
    chain = "import os\nx = " + " + ".join(["os._exit"] * 800) + "\n"
    files = {"a.py": "def f(:\n", "b.py": deep, "c.py": chain, "d.py": "\x00"}
    assert {f.path for f in code_signals(make_snapshot(files))} == {"b.py", "c.py"}


def test_modules_named_as_the_tools_are_told_and_others_are_not(
    make_snapshot: MakeSnapshot,
) -> None:
    paths = ("pytest.py", "src/coverage.py", "_pytest/__init__.py", "sitecustomize.py")
    usual = ("random.py", "json.py", "src/model/coverage.py", "tests/pytest.py.txt")
    snapshot = make_snapshot(dict.fromkeys((*paths, *usual, "evil.py"), ""))
    found = file_signals(snapshot, ["evil", "pytest_asyncio"])
    assert {(f.rule, f.path) for f in found} == {
        ("named-as-a-tool", "_pytest/__init__.py"),
        ("named-as-a-tool", "pytest.py"),
        ("named-as-a-tool", "src/coverage.py"),
        ("runs-at-start", "sitecustomize.py"),
        ("own-plugin", "evil.py"),
    }
