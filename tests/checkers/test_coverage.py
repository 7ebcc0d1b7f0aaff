"""The coverage checker: what a test run leaves, and what it means if it leaves none."""

import json
import sys
import venv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers._suite.ending import cut_short
from grader.checkers._suite.facts import values
from grader.checkers._suite.interpreter import Presence
from grader.checkers._suite.junit import Outcome, TestResult, read_junit
from grader.checkers._suite.lacking import is_lacking, lacking_findings
from grader.checkers._suite.lines import FileLines, SourceLines
from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.settings import OwnSettings, read_own_settings, sift
from grader.checkers.coverage import (
    Coverage,
    CoverageOptions,
    counted_files,
    read_results,
    state,
)
from grader.environment.environments import Blame, GivenInterpreter
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits
from grader.sandbox.run import KilledBy, ToolOutput
from tests.conftest import FIXTURES, MakeSnapshot

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
MIXED = {
    "src/calc.py": CALC,
    "src/inner/lone.py": "X = 1\n",
    "src/my.script.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
    "src/broken.py": "def f(:\n",
    "tests/test_calc.py": "",
    "tests/test_gone.py": "",
    "tests/test_syntax.py": "",
    "tests/test_whole_file_skipped.py": "",
}
# What stops a run or hides its results, all at once.
HOSTILE_ADDOPTS = (
    "-qx --maxfail=1 --collect-only --no-cov --no-cov-on-fail -p no:cov -p no:junitxml "
    "--cov=tests --cov-fail-under=100 --cov-config=own --junitxml=own.xml --stepwise "
    "--disable-plugin-autoload --basetemp=src"
)


def recorded_run(
    name: str,
    snapshot: Snapshot,
    exit_status: int,
    *,
    killed_by: KilledBy | None = None,
) -> SuiteRun:
    """A run as it was recorded; what was not left behind has no file."""

    def text(part: str) -> str:
        file = FIXTURES / "recorded" / "pytest" / f"{name}.{part}"
        if not file.exists():
            return ""
        return file.read_text("utf-8").replace("{root}", str(snapshot.root))

    output = ToolOutput(
        exit_status, text("stdout.txt"), text("stderr.txt"), 0.1, killed_by
    )
    return SuiteRun(
        output=output,
        copy=snapshot.root,
        junit=text("junit.xml").encode() or None,
        coverage=text("coverage.json").encode() or None,
    )


def conclude(
    run: SuiteRun,
    snapshot: Snapshot,
    settings: OwnSettings = OwnSettings(),
    options: CoverageOptions = CoverageOptions(),
) -> Measured:
    ending = cut_short(run, settings, snapshot, Limits(seconds=600))
    sources = counted_files(snapshot, options)
    return state(run, read_results(run), ending, settings, snapshot, sources)


def said(measured: Measured) -> list[tuple[str, str | None, int | None]]:
    return [(f.rule, f.path, f.line) for f in measured.findings]


def chosen(measured: Measured, *names: str) -> dict[str, float]:
    return {name: measured.values[name] for name in names}


def measure(
    snapshot: Snapshot, bench: Bench, options: CoverageOptions = CoverageOptions()
) -> Measured:
    outcome = Coverage().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


# Results that arrived.


def test_every_way_a_test_can_end_is_counted_once(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(MIXED)
    measured = conclude(recorded_run("mixed", snapshot, 1), snapshot)
    assert measured.values == {
        # One that failed and erred, and four with subtests, are one each.
        "collected": 19,
        "passed": 5,
        "failed": 7,
        "errors": 2,
        "collection_errors": 2,
        "skipped": 2,
        "xfailed": 1,
        "import_errors": 1,
        "pass_rate": 5 / 16,
        "configuration_errors": 0,
        "timed_out": 0,
        "incomplete": 0,
        "output_exceeded": 0,
        "files": 4,
        "unparsable": 1,
        "poorly_covered_files": 2,
        # calc 6, inner/lone 1, my.script 4 which coverage does not list.
        "statements": 11,
        "covered_statements": 4,
        "coverage": 4 / 11,
        "branches": 4,
        "covered_branches": 1,
        "branch_coverage": 1 / 4,
        "excluded": 0,
    }


def test_each_failure_says_where_and_why(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(MIXED)
    measured = conclude(recorded_run("mixed", snapshot, 1), snapshot)
    told = {f.message.partition(":")[0]: f for f in measured.findings}
    assert {f.rule for f in measured.findings} == {
        *("collection-error", "test-failed", "test-error", "test-skipped"),
        *("unparsable", "low-coverage"),
    }
    gone = told["tests/test_gone.py can't be collected"]
    assert (gone.path, gone.line) == ("tests/test_gone.py", 1)
    assert "No module named 'src.gone'" in gone.message
    messages = [f.message for f in measured.findings]
    assert "tests/test_calc.py::test_fails: assert 3 == 4" in messages
    assert (
        "tests/test_calc.py::TestClass::test_exits: SystemExit: 0" in messages
    ), messages
    lone = next(f for f in measured.findings if f.path == "src/inner/lone.py")
    assert lone.message == "1 of 1 statements never run in the tests: lines 1"
    assert all(str(snapshot.root) not in message for message in messages)


def test_a_clean_run_leaves_nothing_to_say(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(SMALL)
    measured = conclude(recorded_run("clean", snapshot, 0), snapshot)
    assert measured.findings == ()
    assert chosen(measured, "pass_rate", "collected", "covered_statements") == {
        "pass_rate": 1.0,
        "collected": 1,
        "covered_statements": 4,
    }


def test_no_tests_is_zero_and_the_source_still_counts(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"src/calc.py": CALC})
    measured = conclude(recorded_run("no-tests", snapshot, 5), snapshot)
    assert said(measured) == [
        ("no-tests", None, None),
        ("low-coverage", "src/calc.py", None),
    ]
    names = ("pass_rate", "coverage", "collected", "statements", "branches")
    assert list(chosen(measured, *names).values()) == [0, 0, 0, 6, 2]


def test_what_the_rubric_omits_and_tests_below_src_do_not_count(
    make_snapshot: MakeSnapshot,
) -> None:
    paths = ["src/main.py", "src/a/run.py", "src/a/model.py", "src/tests/test_a.py"]
    snapshot = make_snapshot(dict.fromkeys(paths, "X = 1\n"))
    counted = counted_files(snapshot, CoverageOptions(omit=("src/main.py", "*/run.py")))
    assert counted == ("src/a/model.py",)
    with pytest.raises(ValidationError, match="File pattern can't include"):
        CoverageOptions(omit=("a**b",))


def test_a_report_of_a_million_failures_does_not_make_a_million_findings(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    cases = "".join(
        f'<testcase classname="tests.test_calc" name="test_add[{number}]"'
        ' file="tests/test_calc.py" line="3"><failure message="no"/></testcase>'
        for number in range(300)
    )
    run = replace(
        recorded_run("clean", snapshot, 1),
        junit=f"<testsuites><testsuite>{cases}</testsuite></testsuites>".encode(),
    )
    measured = conclude(run, snapshot)
    assert measured.values["failed"] == 300
    assert len(measured.findings) == 201
    assert measured.findings[-1].message.startswith("100 more failing tests")


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"<testsuites><testsuite>",
        b"<html/>",
        b"<testsuites><testcase name='a'><rerun/></testcase></testsuites>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><testsuites>&b;</testsuites>',
    ],
)
def test_a_report_that_is_not_pytests_is_no_result(report: bytes) -> None:
    with pytest.raises(CannotMeasure, match="its report"):
        read_junit(report)


@pytest.mark.parametrize(
    "change",
    [
        {"num_statements": 1},
        {"covered_lines": -1},
        {"covered_branches": 99},
        {"num_statements": "many"},
    ],
)
def test_a_coverage_report_that_does_not_add_up_is_no_result(
    change: Mapping[str, object], make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("clean", snapshot, 0)
    report = json.loads(run.coverage or b"")
    report["files"]["src/calc.py"]["summary"].update(change)
    with pytest.raises(CannotMeasure, match="^coverage: "):
        conclude(replace(run, coverage=json.dumps(report).encode()), snapshot)


# Results that did not arrive, by the project's own doing.


@pytest.mark.parametrize(
    ("name", "exit_status", "files", "place", "why"),
    [
        (
            *("conftest", 4, {"tests/conftest.py": ""}, ("tests/conftest.py", 3)),
            "ModuleNotFoundError: No module named 'src.gone'",
        ),
        (
            *("broken-toml", 4, {"pyproject.toml": "[tool"}, ("pyproject.toml", 1)),
            "Expected ']' at the end of a table declaration",
        ),
        (
            *("unknown-option", 4, {"pytest.ini": "[pytest]"}, ("pytest.ini", None)),
            "unrecognized arguments: --no-such-option",
        ),
        ("plugin-raises", 3, {"ours.py": ""}, ("ours.py", 1), "not today"),
        (
            *("setup-cfg", 1, {"setup.cfg": "[pytest]\n"}, ("setup.cfg", None)),
            "section in setup.cfg files is no longer supported",
        ),
    ],
)
def test_settings_that_pytest_refuses_are_the_projects(
    name: str,
    exit_status: int,
    files: Mapping[str, str],
    place: tuple[str, int | None],
    why: str,
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({**SMALL, **files})
    run = recorded_run(name, snapshot, exit_status)
    measured = conclude(run, snapshot, read_own_settings(snapshot))
    assert said(measured) == [("configuration-error", *place)]
    assert why in measured.findings[0].message
    names = ("configuration_errors", "pass_rate", "coverage", "import_errors")
    imports = int(name == "conftest")
    assert list(chosen(measured, *names).values()) == [1, 0, 0, imports]


@pytest.mark.parametrize(
    ("name", "exit_status", "place"),
    [
        ("exit-at-import", 3, ("src/calc.py", 11)),
        # A status of 0, a report and one passed test: but the second one said "exit".
        ("pytest-exit", 0, (None, None)),
        ("segfault", -11, ("tests/test_segfault.py", 5)),
        # os._exit(0) leaves nothing at all.
        ("nothing", 0, (None, None)),
        ("nothing", 1, (None, None)),
    ],
)
def test_a_run_that_ends_itself_is_incomplete_and_passes_nothing(
    name: str,
    exit_status: int,
    place: tuple[str | None, int | None],
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({**SMALL, "tests/test_segfault.py": ""})
    measured = conclude(recorded_run(name, snapshot, exit_status), snapshot)
    assert said(measured) == [("incomplete", *place)]
    names = ("incomplete", "pass_rate", "coverage", "statements")
    assert list(chosen(measured, *names).values()) == [1, 0, 0, 6]


@pytest.mark.parametrize(
    ("killed_by", "quantity"), [("time", "timed_out"), ("output", "output_exceeded")]
)
def test_a_run_over_a_limit_is_measured_so(
    killed_by: KilledBy, quantity: str, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("nothing", snapshot, -9, killed_by=killed_by)
    measured = conclude(run, snapshot)
    assert chosen(measured, quantity, "pass_rate", "incomplete") == {
        quantity: 1,
        "pass_rate": 0,
        "incomplete": 0,
    }


def test_a_report_larger_than_the_limit_is_too_much_output(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = replace(recorded_run("nothing", snapshot, 0), oversized=True)
    assert conclude(run, snapshot).values["output_exceeded"] == 1


# Results that did not arrive, and it is not the project's doing.


@pytest.mark.parametrize(
    ("name", "exit_status", "reason"),
    [
        ("no-pytest-cov", 4, "does not know our options"),
        ("foreign-plugin", 3, "failed inside"),
        # A traceback that names no file of the repository, and settings that are fine.
        ("setup-cfg", 1, "failed without a report"),
        ("clean", 77, "ended in a way we don't know"),
    ],
)
def test_a_crash_that_is_not_the_projects_is_no_mark(
    name: str, exit_status: int, reason: str, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(SMALL)
    with pytest.raises(CannotMeasure, match=reason):
        conclude(recorded_run(name, snapshot, exit_status), snapshot)


def test_tests_that_ended_well_without_a_coverage_report_are_no_mark(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = replace(recorded_run("clean", snapshot, 0), coverage=None)
    with pytest.raises(CannotMeasure, match="wrote no report"):
        conclude(run, snapshot)


@pytest.mark.parametrize(
    ("module", "presence", "lacking"),
    [
        ("pandas", "absent", True),
        ("google.cloud.storage", "namespace", True),
        ("sklearn.externals", "present", False),
        ("lib.gone", "absent", False),
        ("features", "absent", False),
        ("wandb", "absent", True),
        ("installed_project", "absent", True),
        ("installed_project.gone", "absent", False),
    ],
)
def test_which_missing_modules_are_our_interpreters_fault(
    module: str, presence: Presence, lacking: bool, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(
        {
            "lib/features.py": "",
            "src/installed_project/__init__.py": "",
            "pyproject.toml": "[build-system]\nrequires = []\n",
            "wandb/run-1/config.yaml": "",
        }
    )
    assert is_lacking(module, presence, snapshot) is lacking


def test_a_package_called_src_is_not_to_be_installed(
    make_snapshot: MakeSnapshot,
) -> None:
    files = ("src/__init__.py", "src/features.py", "setup.py")
    snapshot = make_snapshot(dict.fromkeys(files, ""))
    assert not is_lacking("features", "absent", snapshot)


def test_a_missing_package_is_named_with_the_remedy(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("lacking", snapshot, 1)
    with pytest.raises(CannotMeasure, match="need no_such_package: .*--python"):
        lacking_findings(run, read_results(run), snapshot, bench)


@pytest.mark.parametrize(
    ("message", "plugin"),
    [
        ("E  fixture 'mocker' not found", "pytest-mock"),
        ("async def functions are not natively supported.", "pytest-asyncio"),
        ("'timeout' not found in `markers` configuration option", "pytest-timeout"),
        ("ERROR: Missing required plugins: pytest-spam>=2", "pytest-spam>=2"),
        ("x: error: unrecognized arguments: -n auto", "pytest-xdist"),
        ("ImportError: libGL.so.1: cannot open shared object file", "libGL.so.1"),
    ],
)
def test_a_missing_plugin_is_our_interpreters_fault(
    message: str, plugin: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("nothing", snapshot, 4)
    run = replace(run, output=replace(run.output, stderr=message))
    with pytest.raises(CannotMeasure, match=f"need {plugin}: "):
        lacking_findings(run, (), snapshot, bench)


class Built:
    """An environment that was made from manifests, as far as these tests ask."""

    def __init__(self, ours: frozenset[str]) -> None:
        self.ours = ours

    def python(self) -> str:
        return sys.executable

    def blame(self, name: str) -> Blame:
        return Blame(name in self.ours, f"{name} is not declared")

    def has_sources_on_path(self) -> bool:
        return False

    def facts(self) -> None:
        return None


def test_what_the_project_does_not_declare_is_its_own_fault_and_a_finding(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("lacking", snapshot, 1)
    built = replace(bench, environment=Built(frozenset()))
    (found,) = lacking_findings(run, read_results(run), snapshot, built)
    assert found.rule == "missing-package"
    assert "no_such_package is not declared" in found.message
    ours = replace(bench, environment=Built(frozenset({"no_such_package"})))
    with pytest.raises(CannotMeasure, match="no_such_package"):
        lacking_findings(run, read_results(run), snapshot, ours)


def test_a_missing_library_of_the_system_is_never_the_projects_fault(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("nothing", snapshot, 4)
    said = "ImportError: libGL.so.1: cannot open shared object file"
    run = replace(run, output=replace(run.output, stderr=said))
    built = replace(bench, environment=Built(frozenset()))
    with pytest.raises(CannotMeasure, match=r"libGL\.so\.1 is a library of the system"):
        lacking_findings(run, (), snapshot, built)


def test_an_interpreter_without_pytest_is_named_before_anything_runs(
    make_snapshot: MakeSnapshot, bench: Bench, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    bare = tmp_path / "bare" / Path(sys.executable).parent.name / "python"
    snapshot = make_snapshot(SMALL)
    with pytest.raises(CannotMeasure, match="lacks pytest, pytest-cov, coverage"):
        measure(snapshot, replace(bench, environment=GivenInterpreter(str(bare))))
    with pytest.raises(CannotMeasure, match="could not be started"):
        measure(
            snapshot,
            replace(bench, environment=GivenInterpreter(str(tmp_path / "none"))),
        )


# The project's own settings.


def test_options_that_end_the_measuring_are_taken_out(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"more.txt": "--co\n-v\n"})
    sifted = sift(
        (
            "@more.txt",
            "-p",
            "no:cov",
            "-pno:junitxml",
            "-p",
            "ours",
            "-k",
            "--co",
            "-x",
        ),
        snapshot,
    )
    assert sifted.kept == ("-v", "-p", "ours", "-k", "--co", "-x")
    assert sifted.taken_out == ("--co", "-p", "no:cov", "-pno:junitxml")
    assert sifted.overridden == ("-x",)
    assert sifted.narrowing == ("-k --co",)


def test_an_option_file_outside_the_repository_is_not_read(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("--secret\n")
    words = (f"@{tmp_path}/outside.txt", "@../outside.txt")
    assert sift(words, make_snapshot({})).kept == words


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({}, OwnSettings()),
        (
            {"pyproject.toml": "[project]\nname = 'a'\n", "tox.ini": "[pytest]\n"},
            OwnSettings(file="tox.ini"),
        ),
        (
            {"pytest.ini": "", "setup.cfg": "[tool:pytest]\naddopts = -q\n"},
            OwnSettings(file="pytest.ini"),
        ),
        (
            {"pyproject.toml": "[tool.pytest]\naddopts = ['-k', 'a b']\n"},
            OwnSettings(file="pyproject.toml", addopts=("-k", "a b")),
        ),
    ],
)
def test_settings_are_found_where_pytest_finds_them(
    files: Mapping[str, str], settings: OwnSettings, make_snapshot: MakeSnapshot
) -> None:
    assert read_own_settings(make_snapshot(files)) == settings


# Real runs.


def test_the_projects_settings_hold_and_cannot_switch_the_measuring_off(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # The tests are found through `testpaths` and `pythonpath` only; the modules at the
    # top would keep pytest and coverage from starting.
    files = {
        "src/calc.py": CALC,
        "checks/check_calc.py": "import os, shutil\nfrom calc import add\n\n\n"
        "def test_add():\n    assert add(1, 2) == 4\n\n\n"
        "def test_again():\n    shutil.rmtree('data')\n    open('new', 'w').close()\n"
        "    assert os.environ['MPLBACKEND'] == 'Agg' and 'SECRET' not in os.environ\n",
        "data/rows.csv": "1\n",
        "random.py": "raise RuntimeError\n",
        "coverage.py": "raise RuntimeError\n",
        ".coveragerc": "[run]\nomit = *\n",
        "pytest.ini": "[pytest]\ntestpaths = checks\npython_files = check_*.py\n"
        f"pythonpath = src\naddopts = {HOSTILE_ADDOPTS}\n",
    }
    snapshot = make_snapshot(files)
    measured = measure(snapshot, bench)
    assert chosen(measured, "collected", "passed", "failed", "covered_statements") == {
        "collected": 2,
        "passed": 1,
        "failed": 1,
        "covered_statements": 4,
    }
    assert said(measured) == [
        ("test-failed", "checks/check_calc.py", 5),
        ("own-settings", "pytest.ini", None),
        ("own-settings", ".coveragerc", None),
    ]
    assert "--collect-only --no-cov --no-cov-on-fail" in measured.findings[1].message
    left = {str(p.relative_to(snapshot.root)) for p in snapshot.root.rglob("*.*")}
    assert left == set(files)


def test_the_command_shown_prints_the_same_numbers(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # No src/: modules at the top, a package with tests inside, a folder without
    # __init__.py that no test imports.
    snapshot = make_snapshot(
        {
            "app.py": CALC,
            "never.py": "X = 1\n",
            "pkg/__init__.py": "",
            "pkg/more.py": "from app import sub\nY = sub(2, 1)\n",
            "pkg/tests/test_more.py": "from pkg.more import Y\n\n\ndef test_y():\n"
            "    assert Y == 1\n",
            "loose/script.py": "Z = 1\n",
            "test_app.py": "import pytest\nfrom app import add\n\n\n"
            "@pytest.mark.xfail\ndef test_add():\n    assert add(1, 2) == 4\n",
        }
    )
    result = Coverage().measure(snapshot, CoverageOptions(), bench)
    assert isinstance(result.outcome, Measured) and result.command is not None
    counted = chosen(result.outcome, "statements", "covered_statements", "coverage")
    assert list(counted.values()) == [10, 7, 0.7]
    settings = bench.scratch / "person.cfg"
    command = result.command.replace("/tmp/coverage.cfg", str(settings))
    python = f"{Path(sys.executable).parent}/python"
    typed = command.replace(" python -m", f" {python} -m")
    printed = bench.run(["sh", "-c", typed], cwd=snapshot.root).stdout
    total = next(line for line in printed.splitlines() if line.startswith("TOTAL"))
    assert total.split() == ["TOTAL", "10", "3", "70%"]
    assert "1 passed, 1 xfailed" in printed


def test_without_a_python_file_nothing_is_started(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "# Soon\n"})
    measured = measure(
        snapshot, replace(bench, environment=GivenInterpreter("/no/such/python"))
    )
    assert set(measured.values.values()) == {0}
    assert [f.rule for f in measured.findings] == ["no-tests"]


# Whatever the numbers are.

OUTCOMES: tuple[Outcome, ...] = (
    *("passed", "failed", "error", "collection-error", "skipped", "xfailed"),
)


@given(
    outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=20),
    numbers=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
)
def test_shares_are_shares_and_mending_a_test_never_lowers_one(
    outcomes: list[Outcome], numbers: list[tuple[int, int]]
) -> None:
    lines = SourceLines(
        tuple(
            FileLines(
                path=f"{place}.py",
                statements=covered + missing,
                covered_statements=covered,
                branches=missing,
                covered_branches=0,
                excluded=0,
                never_run="",
            )
            for place, (covered, missing) in enumerate(numbers)
        )
    )
    results = [
        TestResult(outcome, f"test_{place}") for place, outcome in enumerate(outcomes)
    ]
    before = values(results, None, lines)
    assert set(before) == {quantity.name for quantity in Coverage.quantities}
    for share in ("pass_rate", "coverage", "branch_coverage"):
        assert 0 <= before[share] <= 1
    kinds = ("passed", "failed", "errors", "collection_errors", "skipped", "xfailed")
    assert before["collected"] == sum(before[kind] for kind in kinds)
    for place, result in enumerate(results):
        if result.is_bad:
            mended = [
                *results[:place],
                TestResult("passed", "x"),
                *results[place + 1 :],
            ]
            assert values(mended, None, lines)["pass_rate"] > before["pass_rate"]


@given(name=st.text(max_size=30))
def test_no_name_of_a_test_breaks_the_reading(name: str) -> None:
    printable = "".join(letter for letter in name if letter.isprintable())
    report = f"<testsuites><testcase name={quoteattr(printable)}/></testsuites>"
    (result,) = read_junit(report.encode("utf-8", "replace"))
    assert result.outcome == "passed"
