"""What the benchmarks of speed make of what they time; they themselves are run by hand."""

from pathlib import Path

import pytest

from benchmarks.by_hand import (
    Desk,
    choose_typical,
    commands,
    compared,
    in_turn,
    middle_module,
    passed_in,
    read,
    suite_command,
)
from benchmarks.timing import Ran, Timing, in_rounds, ratio, table, timing_row
from grader.model.measurement import Failed, Finding, Measured, Measurement


def took(*walls: float) -> list[Timing]:
    return [Timing(wall_s=wall, cpu_s=wall / 2) for wall in walls]


def said(stdout: str = "", stderr: str = "") -> Ran:
    return Ran(Timing(1, 1), stdout, stderr, 1)


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    # A machine that was busy in the second round was so for both.
    assert ratio(took(10, 40, 10), took(5, 20, 2)) == 2


def test_what_a_row_is_held_against_has_no_ratio_itself() -> None:
    base = took(10, 20, 30)
    assert timing_row("turn", base, base)[4:] == ("", "", "")
    row = timing_row("ours", took(5, 10, 10), base, "4")
    assert row == ("ours", "10.00", "5.00 to 10.00", "5.00", "2.00", "2.00", "4")


def test_every_other_round_runs_backwards_and_the_order_told_stays() -> None:
    ran: list[str] = []

    def one(name: str) -> dict[str, Timing]:
        ran.append(name)
        return {f"{name}, cold": Timing(len(ran), 0), f"{name}, again": Timing()}

    found = in_rounds({"a": lambda: one("a"), "b": lambda: one("b")}, 2)
    assert ran == ["a", "b", "b", "a"]
    assert list(found) == ["a, cold", "a, again", "b, cold", "b, again"]
    assert [one.wall_s for one in found["a, cold"]] == [1, 4]


def test_a_table_is_markdown_whatever_a_cell_holds() -> None:
    assert table(("", "n"), [("a|b", "1")]) == "|  | n |\n|---|---:|\n| a\\|b | 1 |"


def test_the_typical_repositories_have_about_twenty_files_and_no_data() -> None:
    sizes = {
        "none": (0, 10),
        "small": (3, 10),
        "nineteen": (19, 10),
        "data": (20, 10**9),
        "larger": (25, 10),
    }
    assert choose_typical(sizes, 2) == ["larger", "nineteen"]
    assert choose_typical(sizes, 9) == ["larger", "nineteen", "small"]


def test_the_commands_are_those_of_the_report() -> None:
    nothing = Measured(values={})
    found = (
        Measurement(checker="formatting", outcome=nothing, command="black 'a b.py'"),
        Measurement(checker="error-handling", outcome=nothing, command="ours"),
        Measurement(checker="pylint", outcome=Failed(reason="no")),
    )
    assert commands(found) == {"formatting": ["black", "a b.py"]}


def test_a_command_runs_as_it_is_typed_where_it_must(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    desk = Desk(tmp_path, tmp_path / "only")
    assert desk.argv(["black", "--check", "a.py"], tmp_path)[1:] == ["--check", "a.py"]
    radon = desk.argv(["NAME=value", "radon", "cc", "a.py"], tmp_path)
    assert radon[:2] == ["env", "NAME=value"]
    assert radon[3:] == ["cc", str(tmp_path / "a.py")]
    assert desk.argv(["pylint", "a.py"], tmp_path)[-2:] == [
        str(tmp_path / "only"),
        "a.py",
    ]


def test_pylint_knows_what_every_interpreter_has(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Ends."""\n\nexit(1)\n')
    desk = Desk.within(tmp_path / "desk")
    command = {"pylint": ["pylint", "--rcfile=/dev/null", "a.py"]}
    ran = in_turn(command, tmp_path, desk, desk.environment())
    assert "consider-using-sys-exit" in ran["pylint"].stdout
    assert "undefined-variable" not in ran["pylint"].stdout


def test_pylint_takes_no_folder_where_it_stands_for_a_package(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("from wandb.integration import lightning\n")
    (tmp_path / "wandb" / "run-1").mkdir(parents=True)
    desk = Desk.within(tmp_path / "desk")
    command = {"pylint": ["pylint", "--rcfile=/dev/null", "src/a.py"]}
    ran = in_turn(command, tmp_path, desk, desk.environment())
    assert "import-error" in ran["pylint"].stdout
    assert "no-name-in-module" not in ran["pylint"].stdout


@pytest.mark.parametrize(
    ("check", "stdout", "stderr", "numbers"),
    [
        (
            "formatting",
            "",
            "would reformat a.py\n\n1 file would be reformatted, 3 files would be left "
            "unchanged, 2 files would fail to reformat.\n",
            {"files_to_change": 1, "unparsable": 2},
        ),
        ("formatting", "", "All done!\n", {"files_to_change": 0, "unparsable": 0}),
        (
            "imports",
            "",
            "ERROR: /x/unbroken.py Imports are incorrectly sorted and/or formatted.\n"
            "ERROR: /x/broken.py Imports are incorrectly sorted and/or formatted.\n",
            {"files_to_change": 1},
        ),
        ("lint", "a.py:1:2: E302 two lines\n    x\n", "", {"violations": 1}),
        (
            "logging",
            "a.py:1:2: G004 f\na.py:2:2: LOG009 w\na.py:3:2: G001 f\n",
            "",
            {"g_violations": 2, "log_violations": 1},
        ),
        (
            "pylint",
            "a.py:1:0: C0114: Missing\n\nYour code has been rated at 9.5/10\n",
            "",
            {"score": 9.5, "messages": 1},
        ),
        (
            "complexity",
            "a.py\n    F 1:0 f - A (1)\n\n2 blocks (classes, functions, methods) "
            "analyzed.\nAverage complexity: A (1.5)\n",
            "",
            {"mean_complexity": 1.5, "blocks": 2},
        ),
        ("secrets", '{"results": {"a": [{}, {}], "b": [{}]}}', "", {"secrets": 3}),
        (
            "docstrings",
            "a.py:1 at module level:\n        D100: Missing docstring\n",
            "",
            {"violations": 1},
        ),
    ],
)
def test_what_tools_print_for_people_is_read(
    check: str, stdout: str, stderr: str, numbers: dict[str, float]
) -> None:
    broken = Finding(rule="unparsable", message="", path="broken.py")
    ours = Measured(values={}, findings=(broken,))
    assert read(check, stdout, stderr, ours) == numbers


def test_another_number_and_a_failure_of_ours_are_no_equality() -> None:
    ours = (
        Measurement(checker="lint", outcome=Measured(values={"violations": 2})),
        Measurement(checker="pylint", outcome=Failed(reason="crashed")),
    )
    rows = compared(ours, {"lint": said("a.py:1:2: E302 x\n"), "pylint": said()})
    assert [row.check for row in rows if not row.is_equal] == ["lint", "pylint"]


def test_a_file_that_python_can_not_read_is_not_the_one_to_edit(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (\n")
    (tmp_path / "small.py").write_text("x = 1\n")
    (tmp_path / "large.py").write_text("x = 1\n" * 9)
    assert middle_module(tmp_path).name == "large.py"


def test_a_suite_runs_in_the_copy(tmp_path: Path) -> None:
    words = suite_command("/env/bin/python", tmp_path)
    at = words.index("/env/bin/python")
    assert words[at + 1 : at + 3] == ["-m", "pytest"]
    assert str(tmp_path) in words[:at]
    assert not any(word.startswith("--cov") for word in words)


@pytest.mark.parametrize(("folder", "source"), [("src", "src"), ("app", ".")])
def test_a_suite_with_coverage_measures_the_source(
    tmp_path: Path, folder: str, source: str
) -> None:
    (tmp_path / folder).mkdir()
    words = suite_command("/env/bin/python", tmp_path, has_coverage=True)
    assert words[-2:] == [f"--cov={source}", "--cov-branch"]


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("..\n2 passed, 1 warning in 0.5s\n", 2),
        ("1 failed, 12 passed in 61.00s (0:01:01)\n", 12),
        ("no tests ran in 0.01s\n", 0),
        ("", None),
        ("Segmentation fault\n", None),
        ("No module named pytest\n", None),
    ],
)
def test_a_suite_that_did_not_run_is_told_from_one_without_tests(
    said: str, passed: int | None
) -> None:
    assert passed_in(said) == passed
