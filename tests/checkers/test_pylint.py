"""The pylint checker: its json2 report, held against its exit status."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench, Command
from grader.checkers.pylint import Pylint, PylintOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput
from tests.conftest import MakeSnapshot, Recorded

CLEAN = '''"""Adds numbers."""


def add(left, right):
    """Return the sum."""
    return left + right
'''
DIRTY = """\
import os


def f(x, y=[]):
    if x == None:
        return undefined
    else:
        return y
"""
MANY = '"""Numbers."""\n\n' + "".join(f"N{i} = {i}\n" for i in range(32))
BROKEN = "def f(:\n    pass\n"
SKIPPED = "# pylint: skip-file\nimport os\n"
HIDDEN = "# pylint: disable=file-ignored\n" + SKIPPED
LONG = '"""A sum."""\n\nX = ' + " + ".join(["1"] * 900) + "\n"
PLAIN = PylintOptions()


def parse(output: ToolOutput, snapshot: Snapshot) -> Measured:
    measured = Pylint().parse(output, snapshot, PLAIN)
    assert isinstance(measured, Measured)
    return measured


def rules(measured: Measured) -> list[str]:
    return [finding.rule for finding in measured.findings]


def test_messages_are_counted_by_kind_beside_the_rating(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(
        {
            "src/broken.py": BROKEN,
            "src/dirty.py": DIRTY,
            "src/many.py": MANY,
            "src/skipped.py": SKIPPED,
        }
    )
    output = recorded("pylint/dirty.json", snapshot, exit_status=30)
    measured = parse(output, snapshot)
    assert measured.values == {
        # 37 statements: 10 - 10 * (5 * 2 + 2 + 1 + 3) / 37
        "score": pytest.approx(10 - 160 / 37),
        "fatal": 0,
        "errors": 2,
        "warnings": 2,
        "refactors": 1,
        "conventions": 3,
        "messages": 8,
        "files": 4,
        "lines": 46,
        "messages_per_100_lines": 100 * 8 / 46,
        "unparsable": 1,
        "skipped_files": 1,
    }
    assert [(f.rule, f.path, f.line, f.severity) for f in measured.findings[:4]] == [
        ("unparsable", "src/broken.py", 1, "error"),
        ("missing-module-docstring", "src/dirty.py", 1, "info"),
        ("missing-function-docstring", "src/dirty.py", 4, "info"),
        ("dangerous-default-value", "src/dirty.py", 4, "warning"),
    ]


def test_clean_code_is_rated_ten(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    # See --fail-under: 1 is a rating without a message.
    output = recorded("pylint/clean.json", snapshot, exit_status=1)
    measured = parse(output, snapshot)
    assert (measured.values["score"], measured.values["messages"]) == (10, 0)
    assert measured.findings == ()


@pytest.mark.parametrize(
    ("name", "text", "exit_status"),
    [("skipped", SKIPPED, 0), ("hidden", HIDDEN, 0), ("broken", BROKEN, 2)],
)
def test_a_rating_of_no_statement_is_zero_and_not_the_ten_of_json2(
    name: str,
    text: str,
    exit_status: int,
    make_snapshot: MakeSnapshot,
    recorded: Recorded,
) -> None:
    snapshot = make_snapshot({f"src/{name}.py": text})
    output = recorded(f"pylint/{name}.json", snapshot, exit_status=exit_status)
    measured = parse(output, snapshot)
    assert measured.values["score"] == 0
    assert rules(measured)[0] == "no-rating"


def test_comments_alone_are_nothing_to_rate(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/todo.py": "# TODO: write it\n"})
    output = recorded("pylint/todo.json", snapshot, exit_status=4)
    assert isinstance(Pylint().parse(output, snapshot, PLAIN), NotApplicable)


def test_a_crash_of_pylint_names_the_file_and_rates_nothing(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN, "src/long.py": LONG})
    output = recorded("pylint/crash.json", snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match=r"crashed on src/long\.py: F0002"):
        Pylint().parse(output, snapshot, PLAIN)


def test_a_file_that_python_refuses_as_well_is_not_pylints_crash(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN, "src/long.py": BROKEN})
    output = recorded("pylint/crash.json", snapshot, exit_status=1)
    measured = parse(output, snapshot)
    assert (measured.values["score"], measured.values["fatal"]) == (0, 1)
    assert rules(measured) == ["unparsable", "astroid-error"]


def test_a_module_that_imports_a_broken_one_is_not_broken_itself(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    importer = '"""Imports."""\n\nimport broken\n\nprint(broken)\n'
    snapshot = make_snapshot({"src/broken.py": BROKEN, "src/importer.py": importer})
    output = recorded("pylint/importer.json", snapshot, exit_status=2)
    measured = parse(output, snapshot)
    assert (measured.values["errors"], measured.values["unparsable"]) == (2, 1)
    assert rules(measured) == ["unparsable", "syntax-error"]
    assert measured.findings[1].path == "src/importer.py"


def test_a_message_name_that_pylint_does_not_know_is_the_rubrics_mistake(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    output = recorded("pylint/unknown-option.json", snapshot, exit_status=4)
    with pytest.raises(CannotMeasure, match="got 'no-such-message'"):
        Pylint().parse(output, snapshot, PLAIN)


def test_wrong_usage_is_not_a_rating(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    output = recorded("pylint/usage.txt", snapshot, exit_status=32, stream="stderr")
    with pytest.raises(CannotMeasure, match="Unrecognized option found"):
        Pylint().parse(output, snapshot, PLAIN)


def test_output_that_contradicts_itself_is_not_a_rating(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    clean = recorded("pylint/clean.json", snapshot, exit_status=1)
    for doubtful in (
        replace(clean, exit_status=16),
        replace(clean, stdout=""),
        replace(clean, stdout=clean.stdout.replace("10.0", '"An exception occurred"')),
        replace(clean, stderr="Problem importing module design_analysis.py: …"),
    ):
        with pytest.raises(CannotMeasure):
            Pylint().parse(doubtful, snapshot, PLAIN)


def test_pylint_keeps_to_the_files_of_the_snapshot(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # Given src/__init__.py it would take all that the package's folder holds, and given
    # [ab].py it would take a.py.
    snapshot = make_snapshot(
        {
            "src/__init__.py": '"""M."""\n',
            "src/a.py": CLEAN,
            "src/[ab].py": "import sys\n",
            "src/vendor/__init__.py": DIRTY,
            "src/vendor_a.py": CLEAN,
            "src/-b.py": CLEAN,
        }
    )
    (snapshot.root / "src/link.py").symlink_to("a.py")
    measured = Pylint().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(measured, Measured)
    assert measured.values["files"] == 5
    assert [(f.rule, f.path) for f in measured.findings if f.severity == "warning"] == [
        ("unused-import", "src/[ab].py")
    ]


def test_what_pylint_says_depends_on_the_repository_and_not_on_where_our_copy_stands(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # `helper` is the project's own as it stands at the top: third parties come first.
    first = '"""M."""\n\nimport helper\nimport no_such_package\n\nprint(helper)\n'
    snapshot = make_snapshot(
        {
            "src/a.py": first + "print(no_such_package)\n",
            "helper.py": '"""M."""\n\nLIMIT = 1\n',
            ".pylintrc": "[MAIN]\nignore-patterns=.*\ninit-hook=raise SystemExit\n",
        }
    )
    result = Pylint().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert rules(result.outcome) == ["wrong-import-order", "own-settings"]
    assert result.command == (
        "pylint --rcfile=/dev/null --disable=import-error --py-version=3.11 src/a.py"
    )


def test_options_reach_the_command(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    snapshot = make_snapshot({"src/clean.py": CLEAN})
    options = PylintOptions(disable=("fixme", "C0301"), py_version="3.13")
    command = Pylint().command(snapshot, options, bench)
    assert isinstance(command, Command)
    assert "--disable=import-error,fixme,C0301" in command.argv
    assert "--py-version=3.13" in command.argv


@pytest.mark.parametrize("names", [["all"], ["a,b"], ["--init-hook=x"]])
def test_options_that_would_do_something_else_are_refused(names: list[str]) -> None:
    with pytest.raises(ValidationError):
        PylintOptions.model_validate({"disable": names})


def test_a_repository_without_code_is_not_rated(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    for files in ({"README.md": "x"}, {"src/__init__.py": ""}):
        result = Pylint().measure(make_snapshot(files), PLAIN, bench)
        assert isinstance(result.outcome, NotApplicable)


@pytest.mark.sandbox
def test_the_projects_environment_is_looked_at_only_where_the_rubric_says(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # The environment of these tests has PyYAML; nothing has the other one.
    code = '"""A module."""\n\nimport yaml\nimport no_such_package\n\n'
    code += "print(yaml.no_such_function(), no_such_package)\n"
    snapshot = make_snapshot({"src/a.py": code})
    rules = {}
    for resolve in ("none", "environment"):
        options = PylintOptions.model_validate({"resolve": resolve})
        outcome = Pylint().measure(snapshot, options, bench).outcome
        assert isinstance(outcome, Measured)
        rules[resolve] = {finding.rule for finding in outcome.findings}
    assert not {"no-member", "import-error"} & rules["none"]
    assert {"no-member", "import-error"} <= rules["environment"]
