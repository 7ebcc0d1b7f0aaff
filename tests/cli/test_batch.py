"""A class from its list to its folder, as an instructor meets it."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.classes import QUICK, write_class
from grader.cli.app import run
from grader.engine.store import ClassFolder
from tests.conftest import FIXTURES, REPOSITORY

LIST = str(FIXTURES / "classes" / "shipped.csv")


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    file = tmp_path / "quick.yaml"
    file.write_text(QUICK + "late: {points_per_day: 1}\n")
    return file


def arguments(rubric: Path, output: Path, *more: str) -> list[str]:
    fixed = ["--rubric", str(rubric), "--isolation", "none", "--environment", "none"]
    return ["batch", LIST, "--output", str(output), *fixed, *more]


def rows(file: Path) -> list[dict[str, str]]:
    text = file.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_class_has_everything_that_is_asked_for_later(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "class"
    assert run(arguments(rubric, output)) == 0
    captured = capsys.readouterr()
    assert "solid" in captured.out
    assert "[3/3]" in captured.err
    scores = rows(output / "scores.csv")
    assert sorted(row["group"] for row in scores) == ["messy", "middling", "solid"]
    totals = {row["group"]: float(row["total"]) for row in scores}
    assert totals["solid"] > totals["messy"]
    assert len(rows(output / "items.csv")) == 9
    for name in ("solid", "middling", "messy"):
        home = output / "groups" / name
        report = json.loads((home / "report.json").read_text("utf-8"))
        assert report["grade"]["total"] == pytest.approx(totals[name], abs=1e-4)
        assert report["submission"]["group"] == name
        assert "<html" in (home / "report.html").read_text("utf-8")
        assert (home / "report.md").read_text("utf-8")
    page = (output / "index.html").read_text("utf-8")
    linked = re.findall(r'href="(groups/[^"]*report\.html)"', page)
    assert {str(output / one) for one in linked} == {
        str(one) for one in output.glob("groups/*/report.html")
    }


def test_the_cohort_gives_the_class_mark_at_home_and_hides_the_names(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, cohort = tmp_path / "class", tmp_path / "cohort.json"
    assert run(arguments(rubric, output, "-q")) == 0
    assert run(["cohort", "export", str(output), "-o", str(cohort)]) == 0
    assert "solid" not in cohort.read_text()
    assert cohort.read_bytes() == (output / "cohort.json").read_bytes()
    capsys.readouterr()
    for name in ("solid", "middling", "messy"):
        source = str(FIXTURES / "repos" / name)
        more = ["--rubric", str(rubric), "--cohort", str(cohort), "--format", "json"]
        home = ["--isolation", "none", "--environment", "none"]
        assert run([source, *more, *home]) == 0
        at_home = json.loads(capsys.readouterr().out)["grade"]
        stored = json.loads((output / "groups" / name / "report.json").read_text())
        assert at_home == stored["grade"]


def test_rescoring_shows_what_would_change_and_writes_nothing(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, other = tmp_path / "class", tmp_path / "other.yaml"
    assert run(arguments(rubric, output, "-q")) == 0
    text = QUICK.replace("10 * found / expected", "5 * found / expected")
    other.write_text(text + "      - {checker: lint, score: 10 - violations}\n")
    before = {file: file.read_bytes() for file in output.rglob("*.*")}
    capsys.readouterr()
    assert run(["rescore", str(output), "--rubric", str(other)]) == 0
    shown = capsys.readouterr().out
    assert "file-presence" in shown
    assert "lint: the rubric asks for it and nobody measured it" in shown
    assert {file: file.read_bytes() for file in output.rglob("*.*")} == before
    assert run(["rescore", str(output), "--rubric", str(other), "--apply"]) == 0
    assert (output / "rubric.yaml").read_bytes() == other.read_bytes()
    assert (output / "scores.csv").read_bytes() != before[output / "scores.csv"]


def test_what_people_decided_outlives_every_run(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, decided = tmp_path / "class", tmp_path / "overrides.yaml"
    decided.write_text(
        "overrides:\n  - {group: messy, item: config-paths, mark: 9,"
        " reason: read by hand, by: A. Teacher}\n"
        "penalties:\n  - {group: solid, points: 1, reason: no talk, by: A. Teacher}\n"
    )
    assert run(arguments(rubric, output, "-q", "--overrides", str(decided))) == 0
    first = rows(output / "scores.csv")
    by_name = {row["group"]: row for row in first}
    assert float(by_name["messy"]["item.config-paths"]) == 9
    solid = by_name["solid"]
    assert float(solid["automatic_total"]) - float(solid["total"]) == pytest.approx(1)
    assert run(arguments(rubric, output, "-q", "--refresh")) == 0
    assert rows(output / "scores.csv") == first
    decided.write_text("overrides:\n  - {group: mesy, item: lint, mark: 99}\n")
    capsys.readouterr()
    assert run(arguments(rubric, output, "-q", "--overrides", str(decided))) == 2
    said = capsys.readouterr().err
    assert 'Did you mean "messy"' in said
    assert "overrides.yaml:2" in said


def test_a_refused_row_is_named_and_the_others_are_graded(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = tmp_path / "groups.csv"
    solid = FIXTURES / "repos" / "solid"
    groups.write_text(f"group,url\nA,{solid}\nB,ext::sh -c id\nC,{tmp_path / 'none'}\n")
    command = ["batch", str(groups), *arguments(rubric, tmp_path / "class")[2:]]
    assert run(command) == 0
    captured = capsys.readouterr()
    assert "row 3:" in captured.err
    assert "row 4:" in captured.err
    assert [row["group"] for row in rows(tmp_path / "class" / "scores.csv")] == ["A"]
    assert run([*command, "--strict"]) == 3


def test_another_run_at_work_is_said_at_once(
    rubric: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "class"
    with ClassFolder(output).locked():
        assert run(arguments(rubric, output)) == 3
    assert "another run is at work" in capsys.readouterr().err


def command_line(clones: Path, rubric: Path, output: Path) -> list[str]:
    program = [sys.executable, "-m", "grader", "batch", str(clones), "-q"]
    fixed = ["--rubric", str(rubric), "--isolation", "none", "--environment", "none"]
    return [*program, *fixed, "--output", str(output)]


def stopped(
    number: int, clones: Path, rubric: Path, output: Path
) -> dict[Path, tuple[int, bytes]]:
    """Send a signal once there is a result; the results that there are then."""
    process = subprocess.Popen(command_line(clones, rubric, output), cwd=REPOSITORY)
    for _ in range(1200):
        if list(output.glob("groups/*/result.json")):
            break
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(60) == (-number if number == signal.SIGKILL else 130)
    return {
        file: (file.stat().st_ino, file.read_bytes())
        for file in output.glob("groups/*/result.json")
    }


@pytest.mark.sandbox
@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_run_that_is_killed_goes_on_and_comes_to_the_same(
    rubric: Path, tmp_path: Path
) -> None:
    clones = write_class(tmp_path / "clones ñ", 6)
    output, whole = tmp_path / "class ñ", tmp_path / "whole"
    seen = stopped(signal.SIGKILL, clones, rubric, output)
    assert seen
    subprocess.run(command_line(clones, rubric, output), check=True, cwd=REPOSITORY)
    subprocess.run(command_line(clones, rubric, whole), check=True, cwd=REPOSITORY)
    for name in ("scores.csv", "items.csv", "cohort.json"):
        assert (output / name).read_bytes() == (whole / name).read_bytes()
    for file, before in seen.items():
        assert (file.stat().st_ino, file.read_bytes()) == before
    assert not list(output.rglob(".new-*"))


@pytest.mark.sandbox
@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_asked_to_stop_keeps_what_it_has(
    rubric: Path, tmp_path: Path, number: int
) -> None:
    clones = write_class(tmp_path / "clones", 6)
    output = tmp_path / "class"
    seen = stopped(number, clones, rubric, output)
    assert seen
    assert not (output / ".work").exists()
    with ClassFolder(output).locked():
        assert all(ClassFolder(output).load(file.parent.name) for file in seen)
