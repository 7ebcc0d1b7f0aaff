"""Results that arrived: what is counted, by case and by test function, and what is told."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checkers._suite.exceeded import FLAGS
from grader.checkers._suite.facts import values
from grader.checkers._suite.lines import FileLines, SourceLines
from grader.checkers._suite.quantities import QUANTITIES
from grader.checkers._suite.results import Ended, Outcome, Results, TestResult
from tests.checkers.suite.conclusions import chosen, conclude, said
from tests.checkers.suite.recordings import CALC, MIXED, SMALL, recorded_run
from tests.conftest import MakeSnapshot


def test_every_way_a_test_can_end_is_counted_once(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(MIXED)
    measured = conclude(recorded_run("mixed", snapshot, 1), snapshot)
    assert measured.values == {
        # One that failed and erred, and four with subtests, are one each.
        "collected": 19,
        "passed": 4,
        "failed": 7,
        "errors": 2,
        "collection_errors": 2,
        "skipped": 2,
        "xfailed": 1,
        "xpassed": 1,
        "deselected": 0,
        "import_errors": 1,
        # Two passed wholly, and two of three cases of one.
        "test_functions": 13,
        "passed_functions": 2,
        "pass_rate": pytest.approx((2 + 2 / 3) / 13),
        **{str(flag): 0 for flag in FLAGS},
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
        *("test-xpassed", "unparsable", "low-coverage"),
    }
    gone = told["tests/test_gone.py can't be collected"]
    assert (gone.path, gone.line) == ("tests/test_gone.py", 1)
    assert "No module named 'src.gone'" in gone.message
    messages = [f.message for f in measured.findings]
    assert "tests/test_calc.py::test_fails: assert 3 == 4" in messages
    assert (
        'tests/test_calc.py::test_setup_fails: failed on setup with "RuntimeError: '
        'no setup"'
    ) in messages
    assert "tests/test_whole_file_skipped.py was skipped: not here" in messages
    assert "tests/test_calc.py::test_skipped was skipped: later" in messages
    assert "tests/test_calc.py::TestClass::test_exits: SystemExit: 0" in messages
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


def test_a_million_failures_do_not_make_a_million_findings(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("clean", snapshot, 1)
    failures = tuple(TestResult("failed", f"t.py::test_a[{n}]") for n in range(300))
    counted: Mapping[str, Mapping[Outcome, int]] = {
        "t.py::test_a": {"failed": 999_000, "skipped": 3}
    }
    told = replace(run.told, results=Results(failures, counted), status=1)
    measured = conclude(replace(run, told=told), snapshot)
    assert chosen(measured, "failed", "skipped", "collected", "test_functions") == {
        "failed": 999_300,
        "skipped": 3,
        "collected": 999_303,
        "test_functions": 1,
    }
    assert len(measured.findings) == 202
    messages = [f.message for f in measured.findings]
    assert "999100 more failing tests are counted and not listed." in messages


def test_a_function_weighs_as_one_however_many_cases_it_has() -> None:
    two_thousand = [TestResult("passed", f"t.py::test_a[{n}]") for n in range(1_000)]
    results = Results(
        (*two_thousand, TestResult("failed", "t.py::test_b")),
        {"t.py::test_a": {"passed": 1_000}},
    )
    assert results.functions == {"t.py::test_a": 1.0, "t.py::test_b": 0.0}
    assert results.count("passed") == 2_000


ENDS: tuple[Ended, ...] = (
    *("passed", "failed", "error", "skipped", "xfailed", "xpassed", "collection-error"),
)


@given(
    ends=st.lists(st.tuples(st.sampled_from(ENDS), st.integers(0, 4)), max_size=20),
    numbers=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4),
)
def test_shares_are_shares_and_mending_a_test_never_lowers_one(
    ends: list[tuple[Ended, int]], numbers: list[tuple[int, int]]
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
        TestResult(end, f"t.py::test_{function}[{place}]")
        for place, (end, function) in enumerate(ends)
    ]
    before = values(Results(tuple(results)), None, lines)
    assert set(before) == {quantity.name for quantity in QUANTITIES}
    for share in ("pass_rate", "coverage", "branch_coverage"):
        assert 0 <= before[share] <= 1
    kinds = ("passed", "failed", "errors", "collection_errors", "skipped", "xfailed")
    assert before["collected"] == sum(before[kind] for kind in (*kinds, "xpassed"))
    assert before["passed_functions"] <= before["test_functions"]
    for place, result in enumerate(results):
        if result.is_bad:
            mended = list(results)
            mended[place] = replace(result, outcome="passed")
            after = values(Results(tuple(mended)), None, lines)
            assert after["pass_rate"] > before["pass_rate"]


@given(ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=9))
def test_all_that_count_passed_exactly_when_the_rate_is_one(ends: list[Ended]) -> None:
    results = Results(tuple(TestResult(end, f"test_{n}") for n, end in enumerate(ends)))
    rate = values(results, None, SourceLines())["pass_rate"]
    bad = {"failed", "error", "collection-error"}
    assert (rate == 1) == ("passed" in ends and not bad & set(ends))
