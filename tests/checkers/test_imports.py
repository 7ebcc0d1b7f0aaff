"""The imports checker: isort's two streams, and each file in one of them."""

from dataclasses import replace
from typing import get_args

import pytest
from isort.profiles import profiles

from grader.checkers._base import Bench
from grader.checkers.imports import Imports, ImportsOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput
from tests.conftest import MakeSnapshot, Recorded

CLEAN = "import os\n\nprint(os.name)\n"
MESSY = "import sys\nimport os\n\nprint(os.name, sys.path)\n"
BROKEN = "from os import (path\n"
# In two pieces, or isort would skip this test as well.
OPTED_OUT = "# isort: skip" + "_file\nimport sys\nimport os\n"
FILES = {
    "broken.py": BROKEN,
    "clean.py": CLEAN,
    "messy.py": MESSY,
    "opted_out.py": OPTED_OUT,
}
PLAIN = ImportsOptions()


def both_streams(
    case: str, recorded: Recorded, snapshot: Snapshot, *, exit_status: int
) -> ToolOutput:
    printed = recorded(f"isort/{case}.stdout.txt", snapshot, exit_status=exit_status)
    complained = recorded(
        f"isort/{case}.stderr.txt", snapshot, exit_status=exit_status, stream="stderr"
    )
    return replace(printed, stderr=complained.stderr)


def test_each_file_is_counted_once(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FILES)
    output = both_streams("dirty", recorded, snapshot, exit_status=1)
    measured = Imports().parse(output, snapshot, PLAIN)
    assert measured.values == {
        "files": 4,
        "compliant_files": 1,
        "files_to_change": 1,
        "unparsable": 1,
        "skipped_files": 1,
    }
    assert [(f.rule, f.path) for f in measured.findings] == [
        ("unparsable", "broken.py"),
        ("would-sort", "messy.py"),
        ("skip-file", "opted_out.py"),
    ]


def test_sorted_imports_leave_nothing_to_do(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"clean.py": CLEAN, "empty.py": ""})
    output = recorded("isort/clean.stdout.txt", snapshot, exit_status=0)
    measured = Imports().parse(output, snapshot, PLAIN)
    assert measured.values["compliant_files"] == measured.values["files"] == 2
    assert measured.findings == ()


@pytest.mark.parametrize(
    ("case", "exit_status", "words"),
    [
        # All of these but the last end with the exit status of unsorted imports.
        ("crash", 1, "ProfileDoesNotExist"),
        ("stopped", 1, "Parenthesis is not closed"),
        ("usage", 2, "ended in a way we don't know"),
    ],
)
def test_a_run_that_stopped_early_is_not_a_clean_result(
    case: str,
    exit_status: int,
    words: str,
    make_snapshot: MakeSnapshot,
    recorded: Recorded,
) -> None:
    snapshot = make_snapshot(FILES)
    output = recorded(
        f"isort/{case}.stderr.txt", snapshot, exit_status=exit_status, stream="stderr"
    )
    with pytest.raises(CannotMeasure, match=words):
        Imports().parse(output, snapshot, PLAIN)


def test_a_file_that_isort_does_not_mention_is_not_compliant_by_silence(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({**FILES, "new.py": CLEAN})
    output = both_streams("dirty", recorded, snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match="did not report on every file"):
        Imports().parse(output, snapshot, PLAIN)


def test_a_skipped_file_must_have_asked_for_it(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({**FILES, "opted_out.py": MESSY})
    output = both_streams("dirty", recorded, snapshot, exit_status=1)
    with pytest.raises(CannotMeasure, match="did not report on every file"):
        Imports().parse(output, snapshot, PLAIN)


def test_a_report_of_unsorted_imports_must_come_with_its_exit_status(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(FILES)
    output = both_streams("dirty", recorded, snapshot, exit_status=0)
    with pytest.raises(CannotMeasure, match="ended unlike its own report"):
        Imports().parse(output, snapshot, PLAIN)


def test_a_report_on_another_folder_is_not_ours(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"other.py": CLEAN})
    output = recorded("isort/clean.stdout.txt", snapshot, exit_status=0)
    with pytest.raises(CannotMeasure, match="unexpected path"):
        Imports().parse(output, snapshot, PLAIN)


def test_the_repositorys_own_settings_and_modules_change_nothing(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            # Imported by isort in place of the standard library's, it would end isort.
            "configparser.py": "raise SystemExit(0)\n",
            "isort.py": "raise SystemExit(0)\n",
            "src/broken.py": BROKEN,
            "two\nlines.py": MESSY,
            ".isort.cfg": "[settings]\nskip_glob = *\n",
            "pyproject.toml": "[tool.isort]\nskip_glob = ['*']\n",
        }
    )
    outcome = Imports().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["compliant_files"] == 2
    assert [(f.rule, f.path) for f in outcome.findings] == [
        ("unparsable", "src/broken.py"),
        ("would-sort", "two\nlines.py"),
        ("own-settings", ".isort.cfg"),
        ("own-settings", "pyproject.toml"),
    ]


def test_the_projects_own_modules_are_those_in_src_before_those_at_the_top(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "data/raw.csv": "1\n",
            "src/data/__init__.py": "",
            "src/data/load.py": "ROWS = 1\n",
            # `data` is the project's own: isort wants it apart from pandas.
            "src/main.py": "import pandas\nfrom data.load import ROWS\n",
            "src/run.py": "import pandas\n\nfrom data.load import ROWS\n",
        }
    )
    result = Imports().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert [f.path for f in result.outcome.findings] == ["src/main.py"]
    assert result.command == (
        "isort --check-only --verbose --settings-file /dev/null -- "
        "src/data/__init__.py src/data/load.py src/main.py src/run.py"
    )


def test_where_nothing_can_be_parsed_nothing_is_compliant(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"broken.py": BROKEN, "utf16.py": CLEAN.encode("utf-16")})
    outcome = Imports().measure(snapshot, PLAIN, bench).outcome
    assert isinstance(outcome, Measured)
    assert outcome.values["compliant_files"] == 0
    assert outcome.values["unparsable"] == outcome.values["files"] == 2


@pytest.mark.parametrize("files", [{}, {"a.ipynb": "{}"}, {"__init__.py": " \n"}])
def test_without_a_line_of_python_there_is_nothing_to_measure(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = Imports().measure(make_snapshot(files), PLAIN, bench).outcome
    assert isinstance(outcome, NotApplicable)


def test_the_commands_name_the_rubrics_profile(
    make_snapshot: MakeSnapshot, recorded: Recorded, bench: Bench
) -> None:
    snapshot = make_snapshot(FILES)
    options = ImportsOptions(profile="black", line_length=100)
    command = Imports().command(snapshot, options, bench)
    assert not isinstance(command, NotApplicable)
    assert {"--profile=black", "--line-length=100"} <= set(command.argv)
    assert command.fix == "isort --profile=black --line-length=100 ."
    output = both_streams("dirty", recorded, snapshot, exit_status=1)
    fixes = [f.fix for f in Imports().parse(output, snapshot, options).findings]
    assert "isort --profile=black --line-length=100 messy.py" in fixes


def test_a_rubric_may_name_exactly_the_profiles_that_isort_has() -> None:
    literal, none = get_args(ImportsOptions.model_fields["profile"].annotation)
    assert none is type(None)
    assert set(get_args(literal)) == set(profiles)
