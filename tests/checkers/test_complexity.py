"""The complexity checker: radon's JSON, file by file."""

from dataclasses import replace

import pytest

from grader.checkers._base import Bench
from grader.checkers.complexity import Complexity, ComplexityOptions, rank
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from tests.conftest import MakeSnapshot, Recorded

BRANCHES = "".join(f"        if x == {i}:\n            return {i}\n" for i in range(12))
BLOCKS = (
    "def simple(x):\n    return x\n\n\n"
    f"class Model:\n    def branchy(self, x):\n{BRANCHES}        return x\n"
)
SIMPLE = "def simple(x):\n    return x\n"
BROKEN = "def f(:\n    pass\n"
CONSTANTS = "LIMIT = 1\n"
PLAIN = ComplexityOptions()


def test_blocks_are_averaged_and_the_unparsable_file_is_counted(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot(
        {
            "src/blocks.py": BLOCKS,
            "src/broken.py": BROKEN,
            "src/constants.py": CONSTANTS,
        }
    )
    output = recorded("radon/dirty.json", snapshot, exit_status=0)
    measured = Complexity().parse(output, snapshot, PLAIN)
    assert isinstance(measured, Measured)
    assert measured.values == {
        "files": 3,
        "blocks": 3,
        "mean_complexity": pytest.approx((1 + 14 + 13) / 3),
        "rank": 1,
        "worst_complexity": 14,
        "blocks_over_10": 2,
        "parsable_files": 2,
        "unparsable": 1,
    }
    assert [(f.rule, f.path, f.line, f.message) for f in measured.findings] == [
        (
            "unparsable",
            "src/broken.py",
            1,
            "This file can't be parsed: invalid syntax.",
        ),
        (
            "rank-C",
            "src/blocks.py",
            5,
            "The class Model has a cyclomatic complexity of 14 (rank C).",
        ),
        (
            "rank-C",
            "src/blocks.py",
            6,
            "The method Model.branchy has a cyclomatic complexity of 13 (rank C).",
        ),
    ]


def test_code_without_functions_is_nothing_to_measure(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/constants.py": CONSTANTS})
    output = recorded("radon/no-blocks.json", snapshot, exit_status=0)
    outcome = Complexity().parse(output, snapshot, PLAIN)
    assert isinstance(outcome, NotApplicable)
    assert "no function, method or class" in outcome.reason


def test_only_files_that_cannot_be_parsed_are_rank_f(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/broken.py": BROKEN, "src/constants.py": CONSTANTS})
    output = recorded("radon/only-broken.json", snapshot, exit_status=0)
    measured = Complexity().parse(output, snapshot, PLAIN)
    assert isinstance(measured, Measured)
    assert (measured.values["rank"], measured.values["unparsable"]) == (5, 1)


def test_a_file_that_radon_keeps_silent_about_is_not_left_out_of_the_mean(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/constants.py": CONSTANTS, "src/simple.py": SIMPLE})
    output = recorded("radon/no-blocks.json", snapshot, exit_status=0)
    with pytest.raises(CannotMeasure, match=r"did not report on src/simple\.py"):
        Complexity().parse(output, snapshot, PLAIN)


def test_radons_own_crash_on_a_file_is_not_the_files_fault(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    long = "X = " + " + ".join(["1"] * 900) + "\n"
    snapshot = make_snapshot({"src/long.py": long})
    output = recorded("radon/recursion.json", snapshot, exit_status=0)
    with pytest.raises(CannotMeasure, match=r"crashed on src/long\.py: maximum"):
        Complexity().parse(output, snapshot, PLAIN)


def test_a_file_in_another_encoding_is_told_apart_from_a_broken_one(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/latin.py": b"# coding: latin-1\nNAME = '\xe9'\n"})
    output = recorded("radon/latin.json", snapshot, exit_status=0)
    measured = Complexity().parse(output, snapshot, PLAIN)
    assert isinstance(measured, Measured)
    assert measured.values["unparsable"] == 1
    assert measured.findings[0].fix == "Save the file as UTF-8."


def test_an_error_that_radon_prints_with_exit_status_0_is_not_a_result(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({"src/constants.py": CONSTANTS})
    output = recorded("radon/no-blocks.json", snapshot, exit_status=0)
    for doubtful in (
        replace(output, stdout="ERROR: no such file\n"),
        replace(output, stdout=""),
        replace(output, exit_status=1),
    ):
        with pytest.raises(CannotMeasure):
            Complexity().parse(doubtful, snapshot, PLAIN)


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        *((1, 0), (5, 0), (5.01, 1), (10, 1), (10.01, 2), (20, 2)),
        *((20.01, 3), (30, 3), (30.01, 4), (40, 4), (40.01, 5), (1000, 5)),
    ],
)
def test_the_rank_is_radons(mean: float, expected: int) -> None:
    assert rank(mean) == expected


def test_settings_of_the_repository_hide_nothing_and_a_byte_order_mark_is_read(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/marked.py": b"\xef\xbb\xbf" + SIMPLE.encode(),
            "src/blocks.py": BLOCKS,
            "radon.cfg": "[radon]\nexclude = *.py\ncc_min = F\n",
        }
    )
    result = Complexity().measure(snapshot, PLAIN, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["mean_complexity"] == pytest.approx(29 / 4)
    assert result.outcome.values["unparsable"] == 0
    assert result.outcome.findings[-1].rule == "own-settings"
    assert result.command == (
        "RADONFILESENCODING=utf-8-sig radon cc -s -a src/blocks.py src/marked.py"
    )
