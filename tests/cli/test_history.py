"""A class over the term, as an instructor meets it."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.classes import QUICK, write_class
from grader.cli.app import run


def git(home: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=home, check=True, capture_output=True)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three groups graded, one of them again after a commit, then by another rubric."""
    place = tmp_path_factory.mktemp("term")
    clones = write_class(place / "clones", 3)
    for home in clones.iterdir():
        git(home, "init", "-q")
        git(home, "add", ".")
        git(home, "commit", "-qm", "first")
    (place / "r.yaml").write_text(QUICK)
    fixed = ["--rubric", str(place / "r.yaml"), "--isolation", "none"]
    fixed += ["--environment", "none", "-o", str(place / "class")]
    assert run(["batch", str(clones), *fixed, "-q"]) == 0
    for name in ("LICENSE", "Makefile", "Dockerfile", ".gitignore"):
        (clones / "team-001" / name).write_text("x\n")
    git(clones / "team-001", "add", ".")
    git(clones / "team-001", "commit", "-qm", "more files")
    assert run(["batch", str(clones), *fixed]) == 0
    return place


def test_the_runs_and_what_moved_are_shown(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(graded / "class")
    assert run(["history", root]) == 0
    shown = capsys.readouterr().out
    assert shown.count("3 of 3") == 2
    assert run(["history", root, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [one["moved"] for one in table["runs"]] == [None, 1]
    index = json.loads((graded / "class" / "index.json").read_text("utf-8"))
    last, totals = table["runs"][-1], index["analysis"]["totals"]
    for name in ("graded", "mean", "median", "lowest", "highest"):
        assert last[name] == totals[name]


def test_a_groups_line_says_through_what_it_moved(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(graded / "class")
    assert run(["history", root, "--group", "team-001"]) == 0
    assert "file-presence +" in capsys.readouterr().out
    assert run(["history", root, "--group", "team-001", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["runs"]
    assert first["commit"] != second["commit"]
    assert second["change"] == pytest.approx(second["total"] - first["total"])
    assert [one["item"] for one in second["through"]] == ["file-presence"]
    assert second["through"][0]["points"] == pytest.approx(second["change"])


def test_a_group_that_no_run_has_is_named_with_the_nearest(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["history", str(graded / "class"), "--group", "team-01"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_what_is_no_class_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["history", str(tmp_path)]) == 2
    assert "not the folder of a class" in capsys.readouterr().err


def test_marking_anew_is_kept_as_that_and_a_torn_file_is_named(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, other = graded / "class", graded / "other.yaml"
    other.write_text(QUICK.replace("10 * found / expected", "5 * found / expected"))
    assert run(["rescore", str(root), "--rubric", str(other), "--apply"]) == 0
    torn = root / "history" / "2025-01-01T00-00-00Z-12345678.json"
    torn.write_bytes(b'{"sha256":"')
    capsys.readouterr()
    assert run(["history", str(root)]) == 0
    captured = capsys.readouterr()
    assert "marked anew" in " ".join(captured.out.split())
    assert "another rubric" in " ".join(captured.out.split())
    assert torn.name in captured.err
    assert not torn.exists()
    report = json.loads((root / "groups/team-001/report.json").read_text("utf-8"))
    assert [one["is_remark"] for one in report["course"]] == [False, False, True]
    fixed = ["--rubric", str(other), "--isolation", "none", "--environment", "none"]
    command = ["batch", str(graded / "clones"), *fixed, "-o", str(root)]
    assert run(command) == 0
    captured = capsys.readouterr()
    assert "no total moved" in captured.out
    assert torn.name in captured.err
