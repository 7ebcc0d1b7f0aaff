"""The lint checker: flake8's report, one Python literal a line."""

from dataclasses import replace

import pytest

from grader.checkers._base import Bench, Command, Result, execute
from grader.checkers._flake8 import Plugin, installed_plugins
from grader.checkers._logging_command import LoggingOptions
from grader.checkers.lint import Lint, LintOptions, foreign_codes
from grader.checkers.logging import Logging
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable
from grader.sandbox.run import ToolOutput
from tests.conftest import MakeSnapshot, Recorded

CLEAN = "def g():\n    return 1\n"
MESSY = """\
import os
import sys

def f(a):
    if a:
        return 1\x20
    for b in a:
        print( b )
    return sys.path
"""
BROKEN = 'print "x"\n'
FILES = {"broken.py": BROKEN, "clean.py": CLEAN, "messy.py": MESSY}
PLAIN = LintOptions()


def test_violations_are_counted_per_family_and_per_hundred_lines(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FILES)
    output = recorded("flake8/dirty.stdout.txt", snapshot, exit_status=1)
    measured = Lint().parse(output, snapshot, LintOptions(max_complexity=2))
    assert measured.values == {
        "violations": 7,
        "files": 3,
        "lines": 12,
        "files_with_violations": 2,
        "violations_per_100_lines": 100 * 7 / 12,
        "unparsable": 1,
        "hidden_files": 0,
        "pycodestyle_errors": 4,
        "pycodestyle_warnings": 1,
        "pyflakes": 1,
        "complexity": 1,
    }
    assert [(f.rule, f.path, f.line, f.severity) for f in measured.findings] == [
        ("E999", "broken.py", 1, "error"),
        ("F401", "messy.py", 1, "warning"),
        ("C901", "messy.py", 4, "warning"),
        ("E302", "messy.py", 4, "warning"),
        ("W291", "messy.py", 6, "warning"),
        ("E201", "messy.py", 8, "warning"),
        ("E202", "messy.py", 8, "warning"),
    ]


def test_code_without_a_violation_has_none(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN})
    output = recorded("flake8/clean.stdout.txt", snapshot, exit_status=0)
    measured = Lint().parse(output, snapshot, PLAIN)
    assert measured.values["violations"] == measured.values["unparsable"] == 0
    assert measured.findings == ()


def test_a_file_name_may_hold_anything(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    names = ["(1, 2).py", 'it\'s "odd".py', "two\nlines.py"]
    snapshot = make_snapshot(dict.fromkeys(names, "import os\n"))
    output = recorded("flake8/odd-names.stdout.txt", snapshot, exit_status=1)
    measured = Lint().parse(output, snapshot, PLAIN)
    assert [f.path for f in measured.findings] == names[1:]


@pytest.mark.parametrize(
    ("case", "stream", "exit_status", "words"),
    [
        # All of these but the last end with the exit status of "violations found".
        ("missing-plugin", "stdout", 1, "missing: flake8-nosuch"),
        ("plugin-failure", "stdout", 1, "failed during execution"),
        ("too-deep", "stderr", 1, "RecursionError"),
        ("usage", "stderr", 2, "ended in a way we don't know"),
    ],
)
def test_a_crash_is_not_a_clean_result(
    case: str,
    stream: str,
    exit_status: int,
    words: str,
    make_snapshot: MakeSnapshot,
    recorded: Recorded,
) -> None:
    snapshot = make_snapshot({"a.py": CLEAN, "b.py": CLEAN, "c.py": CLEAN})
    name = f"flake8/{case}.{stream}.txt"
    output = recorded(name, snapshot, exit_status=exit_status, stream=stream)
    with pytest.raises(CannotMeasure, match=words):
        Lint().parse(output, snapshot, PLAIN)


def test_an_exit_status_that_contradicts_the_report_is_not_believed(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN})
    output = recorded("flake8/clean.stdout.txt", snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match="ended unlike its own report"):
        Lint().parse(output, snapshot, PLAIN)


def test_a_file_that_flake8_did_not_read_is_not_clean_by_silence(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({**FILES, "new.py": MESSY})
    output = recorded("flake8/dirty.stdout.txt", snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match="read 3 files, not 4"):
        Lint().parse(output, snapshot, PLAIN)


def test_a_file_that_flake8_could_not_open_is_our_trouble(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN, "gone.py": CLEAN})
    output = recorded("flake8/gone.stdout.txt", snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match="could not read gone.py"):
        Lint().parse(output, snapshot, PLAIN)


def test_neither_settings_nor_modules_nor_plugins_of_the_repository_are_used(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    hostile = (
        "[flake8]\nexclude = *\n[flake8:local-plugins]\nextension =\n  X = evil:P\n"
    )
    snapshot = make_snapshot(
        {
            # What flake8 leaves out by default is ours to leave out.
            "CVS/messy.py": "import os\n",
            # Imported by flake8, each would end it as if nothing had been found.
            "evil.py": "raise SystemExit(0)\n",
            "flake8.py": "raise SystemExit(0)\n",
            "pyflakes.py": "raise SystemExit(0)\n",
            "hidden.py": "# flake8: noqa\nprint 'x'\n",
            # A log call that the logging plugins flag, and nothing else does.
            "log.py": "import logging\n\nlogging.warn('x')\n",
            ".flake8": hostile,
            "setup.cfg": hostile,
        }
    )
    result = Lint().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["violations"] == 1
    assert result.outcome.values["unparsable"] == 1
    assert [(f.rule, f.path) for f in result.outcome.findings] == [
        ("F401", "CVS/messy.py"),
        ("unparsable", "hidden.py"),
        ("file-noqa", "hidden.py"),
        ("own-settings", ".flake8"),
        ("own-settings", "setup.cfg"),
    ]


@pytest.mark.sandbox
def test_a_file_too_deep_for_flake8_does_not_take_the_others_with_it(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "chained.py": "x = y" + ".b" * 900 + "\n",
            "messy.py": "import os\n",
            "negated.py": "x = " + "-" * 5000 + "1\n",
        }
    )
    outcome = Lint().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["violations"] == outcome.values["pyflakes"] == 1
    # Python reads the first one, but not the second.
    assert [file.path for file in outcome.not_measured] == ["chained.py"]
    assert "RecursionError" in outcome.not_measured[0].reason
    assert (outcome.values["files"], outcome.values["unparsable"]) == (2, 1)
    assert {(f.rule, f.path) for f in outcome.findings} == {
        ("F401", "messy.py"),
        ("unparsable", "negated.py"),
    }


def test_the_commands_carry_the_rubrics_options(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    options = LintOptions(
        max_line_length=100, max_complexity=10, extend_ignore=("E203",)
    )
    command = Lint().command(make_snapshot(FILES), options, bench)
    assert not isinstance(command, NotApplicable)
    typed = {"--max-line-length=100", "--max-complexity=10"}
    assert typed <= set(command.argv)
    assert typed <= set(command.plain)
    assert command.fix is not None
    assert command.fix.endswith(",E203 .")


@pytest.mark.parametrize("files", [{}, {"a.ipynb": "{}"}, {"__init__.py": " \n"}])
def test_without_a_line_of_python_there_is_nothing_to_measure(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = Lint().measure(make_snapshot(files), PLAIN, bench).outcome
    assert isinstance(outcome, NotApplicable)


OWN = (Plugin("C90", "mccabe"), Plugin("E", "flake8"), Plugin("W", "flake8"))


def test_the_logging_plugins_codes_are_left_out() -> None:
    codes = foreign_codes(installed_plugins())
    assert {"G", "L"} <= set(codes)
    assert not {"C90", "E", "F", "W"} & set(codes)


def test_a_plugin_that_somebody_installed_beside_us_is_left_out() -> None:
    others = (Plugin("B", "flake8-bugbear"), Plugin("E8", "flake8-eradicate"))
    assert foreign_codes((*OWN, *others)) == ("B", "E8")


@pytest.mark.parametrize("code", ["C", "C9", "C90", "E", "E1", "F", "F40", "W6"])
def test_a_plugin_with_flake8s_own_codes_can_not_be_left_out(code: str) -> None:
    with pytest.raises(CannotMeasure, match="the plugin flake8-other reports as"):
        foreign_codes((*OWN, Plugin(code, "flake8-other")))


def test_lint_and_logging_share_one_run_and_say_what_their_own_would(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = "import logging\nlogging.info(f'{1}')\nlogging.getLogger(__file__)\n"
    snapshot = make_snapshot({**FILES, "log.py": log})
    started: list[str] = []

    def counted(command: Command, *rest: object) -> ToolOutput:
        started.append(" ".join(command.argv))
        return execute(command, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("grader.checkers._flake8.execute", counted)
    monkeypatch.setattr("grader.checkers._base.execute", counted)
    lint, logging = LintOptions(), LoggingOptions()
    shared = (
        Lint().measure(snapshot, lint, bench),
        Logging().measure(snapshot, logging, bench),
    )
    assert len(started) == 1

    for checker in (Lint, Logging):
        monkeypatch.setattr(checker, "keeps", lambda self, options: None)
    own = (
        Lint().measure(replace(snapshot), lint, bench),
        Logging().measure(replace(snapshot), logging, bench),
    )
    assert len(started) == 3
    assert shared == own
    assert {f.rule for f in findings(shared[1])} >= {"LOG002", "LOG015"}


def test_a_shared_run_that_fails_leaves_each_check_its_own(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(command: Command, *rest: object) -> ToolOutput:
        raise CannotMeasure("no")

    monkeypatch.setattr("grader.checkers._flake8.execute", refused)
    result = Lint().measure(make_snapshot({"messy.py": MESSY}), PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["violations"] > 0


def test_settings_of_its_own_are_a_run_of_its_own() -> None:
    keeps = Lint().keeps(PLAIN)
    assert keeps is not None
    assert [keeps(code) for code in ("E501", "E999", "G004", "LOG001")] == [
        *(True, True, False, False)
    ]
    assert Lint().keeps(LintOptions(max_line_length=100)) is None
    keeps = Logging().keeps(LoggingOptions(select=("LOG",)))
    assert keeps is not None
    assert [keeps(code) for code in ("E501", "E999", "G004", "LOG001")] == [
        *(False, True, False, True)
    ]
    assert Logging().keeps(LoggingOptions(select=("LOG", "E5"))) is None


def findings(result: Result) -> tuple[Finding, ...]:
    assert isinstance(result.outcome, Measured)
    return result.outcome.findings
