"""The logging checker: two plugins that flag the same lines under different codes."""

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers._flake8 import Plugin
from grader.checkers.logging import Logging, LoggingOptions, reporters
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from tests.conftest import MakeSnapshot, Recorded

CLEAN = """\
import logging

logger = logging.getLogger(__name__)


def f(x):
    logger.info("x %s", x)
"""
MESSY = """\
import logging

logger = logging.getLogger(__name__)


def f(x, n):
    logger.info(f"x {x}")
    logging.info(f"x {x}")
    logger.info("x %s %s", x)
    try:
        n = 1
    except OSError as error:
        logger.warning("no: %s", error)
    logger.warn("x" + n)
    logger.info(f"x {x}")  # noqa: G004
"""
BROKEN = 'print "x"\n'
FILES = {"broken.py": BROKEN, "clean.py": CLEAN, "messy.py": MESSY}
PLAIN = LoggingOptions()


def test_what_both_plugins_flag_on_a_line_counts_once(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FILES)
    output = recorded("flake8/logging.stdout.txt", snapshot, exit_status=1)
    measured = Logging().parse(output, snapshot, PLAIN)
    assert measured.values == {
        "violations": 8,
        "g_violations": 5,
        "log_violations": 7,
        "files": 3,
        "lines": 23,
        "violations_per_100_lines": 100 * 8 / 23,
        "unparsable": 1,
        "hidden_files": 0,
        "files_with_violations": 1,
    }
    assert [(f.rule, f.line) for f in measured.findings] == [
        ("LOG011", 7),
        ("LOG015", 8),
        ("LOG011", 8),
        ("LOG012", 9),
        ("G200", 13),
        ("LOG008", 14),
        ("LOG011", 14),
        ("LOG011", 15),
        ("unparsable", 1),
    ]
    assert measured.findings[0].message == (
        "avoid pre-formatting log messages (with G004, on the same line)"
    )


def test_a_selection_of_one_plugin_counts_that_plugin_alone(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FILES)
    output = recorded("flake8/logging.stdout.txt", snapshot, exit_status=1)
    values = Logging().parse(output, snapshot, LoggingOptions(select=("G",))).values
    assert values["violations"] == values["g_violations"] == 5
    assert values["log_violations"] == 0


def test_calls_that_are_well_written_give_no_violation(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN})
    output = recorded("flake8/clean.stdout.txt", snapshot, exit_status=0)
    measured = Logging().parse(output, snapshot, PLAIN)
    assert measured.values["violations"] == 0
    assert measured.findings == ()


@pytest.mark.parametrize(
    ("case", "stream", "exit_status"),
    [
        # All of these but the last end with the exit status of "violations found".
        ("missing-plugin", "stdout", 1),
        ("plugin-failure", "stdout", 1),
        ("too-deep", "stderr", 1),
        ("usage", "stderr", 2),
    ],
)
def test_a_crash_is_not_a_clean_result(
    case: str,
    stream: str,
    exit_status: int,
    make_snapshot: MakeSnapshot,
    recorded: Recorded,
) -> None:
    snapshot = make_snapshot({"a.py": CLEAN, "b.py": CLEAN, "c.py": CLEAN})
    name = f"flake8/{case}.{stream}.txt"
    output = recorded(name, snapshot, exit_status=exit_status, stream=stream)
    with pytest.raises(CannotMeasure, match="stopped before|ended in a way"):
        Logging().parse(output, snapshot, PLAIN)


def test_both_plugins_are_heard_whatever_the_repository_says(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            **FILES,
            # Imported by a plugin, it would end flake8 as if nothing had been found.
            "logging_format.py": "raise SystemExit(0)\n",
            "tox.ini": "[flake8]\nexclude = *\ndisable-extensions = G\n",
        }
    )
    result = Logging().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["g_violations"] == 5
    assert result.outcome.values["log_violations"] == 7
    assert result.outcome.values["violations"] == 8
    assert [f.rule for f in result.outcome.findings[-2:]] == [
        "unparsable",
        "own-settings",
    ]
    assert result.command is not None
    assert result.command.startswith(
        "flake8 --isolated --exclude= --select=LOG,G -- broken.py"
    )


def test_a_selection_that_nothing_reports_is_refused(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    options = LoggingOptions(select=("LOG", "QQ"))
    with pytest.raises(CannotMeasure, match="no installed plugin reports QQ codes"):
        Logging().measure(make_snapshot(FILES), options, bench)


FORMAT = Plugin("G", "flake8-logging-format")
LOGGING = Plugin("L", "flake8-logging")


def test_the_log_codes_are_not_there_with_flake8_logging_format_alone() -> None:
    with pytest.raises(CannotMeasure, match="no installed plugin reports LOG codes"):
        reporters("LOG", [FORMAT, Plugin("E", "flake8"), Plugin("LX", "flake8-x")])


@pytest.mark.parametrize(
    ("prefix", "reporting"),
    [("LOG", (LOGGING,)), ("LOG011", (LOGGING,)), ("G", (FORMAT,)), ("G2", (FORMAT,))],
)
def test_a_plugin_with_a_longer_name_does_not_report_a_shorter_prefix(
    prefix: str, reporting: tuple[Plugin, ...]
) -> None:
    installed = [FORMAT, LOGGING, Plugin("GHA", "flake8-x"), Plugin("LX", "flake8-x")]
    assert reporters(prefix, installed) == reporting


@pytest.mark.parametrize("select", [(), ("",), ("log",), ("LOG,E",)])
def test_a_selection_that_selects_nothing_is_not_a_rubric(
    select: tuple[str, ...],
) -> None:
    with pytest.raises(ValidationError):
        LoggingOptions(select=select)


@pytest.mark.parametrize("files", [{}, {"a.ipynb": "{}"}, {"__init__.py": " \n"}])
def test_without_a_line_of_python_there_is_nothing_to_measure(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = Logging().measure(make_snapshot(files), PLAIN, bench).outcome
    assert isinstance(outcome, NotApplicable)
