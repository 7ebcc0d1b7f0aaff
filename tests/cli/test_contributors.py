"""Each person's part in the commits, from the command line: only where it is asked for."""

import csv
from pathlib import Path

import pytest

from benchmarks.classes import QUICK
from grader.cli.app import run
from tests.histories import DELIVERED, MESSY, written

FIXED = ["--isolation", "none", "--environment", "none", "--quiet"]


def rows(file: Path) -> list[tuple[str, str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    return [(one["group"], one["name"], one["commits"]) for one in found]


def test_a_class_and_a_repository_tell_whoever_grades_and_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = tmp_path / "groups"
    groups.mkdir()
    written(groups / "team", DELIVERED)
    written(groups / "solo", MESSY)
    rubric, graded = tmp_path / "quick.yaml", tmp_path / "class"
    rubric.write_text(QUICK, "utf-8")
    given = ["--rubric", str(rubric), *FIXED]
    assert run(["batch", str(groups), "--output", str(graded), *given]) == 0
    file = tmp_path / "class.csv"
    assert run(["export", "contributors", str(graded), "-o", str(file)]) == 0
    team = [("team", "Ana Costa", "11"), ("team", "Ben Ode", "9")]
    assert sorted(rows(file)) == [("solo", "Carl Diem", "4"), *team]
    one = tmp_path / "team.csv"
    source = str(groups / "team")
    assert run(["grade", source, "--private", str(one), *given]) == 0
    assert rows(one) == team
    assert "Ana Costa" not in capsys.readouterr().out
    # The author of the graded commit, Ben, stands above the report.
    for page in graded.rglob("*.html"):
        assert "Ana Costa" not in page.read_text("utf-8")
