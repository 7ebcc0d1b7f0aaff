"""A class measured in parts and merged, as an instructor or a CI matrix does it."""

from pathlib import Path

import pytest

from benchmarks.classes import QUICK, write_class
from grader.cli.app import run

NOBODY = "https://nobody.invalid/b/b"
FIXED = ("--isolation", "none", "--environment", "none", "-q")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three groups, measured whole and in two parts."""
    place = tmp_path_factory.mktemp("class")
    write_class(place / "clones", 3)
    (place / "quick.yaml").write_text(QUICK)
    assert run(batch(place, "whole")) == 0
    for number in (1, 2):
        assert run(batch(place, f"part {number}", "--shard", f"{number}/2")) == 0
    return place


def batch(place: Path, output: str, *more: str) -> list[str]:
    rubric = ["--rubric", str(place / "quick.yaml")]
    target = ["--output", str(place / output)]
    return ["batch", str(place / "clones"), *target, *rubric, *FIXED, *more]


def test_the_parts_merged_are_the_class_measured_in_one_go(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "class"
    parts = [str(place / "part 2"), str(place / "part 1")]
    assert run(["merge", *parts, "-o", str(output)]) == 0
    assert "team-001" in capsys.readouterr().out
    for name in ("scores.csv", "items.csv", "cohort.json"):
        assert (output / name).read_bytes() == (place / "whole" / name).read_bytes()
    assert run(["rescore", str(output)]) == 0


def test_a_missing_part_ends_with_3_and_partial_says_who_is_not_graded(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["merge", str(place / "part 1"), "-o", str(tmp_path / "class")]
    assert run(command) == 3
    assert "part 2/2 is missing" in capsys.readouterr().err
    assert run([*command, "--partial"]) == 0
    captured = capsys.readouterr()
    assert "not graded yet: team-001" in captured.err
    assert "team-001: not graded: not graded yet" in captured.out


def test_a_part_is_marked_by_no_command(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = str(place / "part 1")
    assert run(["rescore", part]) == 2
    assert "mlops-grade merge" in capsys.readouterr().err
    assert run(["cohort", "export", part, "-o", str(tmp_path / "c.json")]) == 2


def test_a_part_says_what_to_do_next_and_strict_what_lacks(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(f"group,url\nA,{place / 'clones' / 'team-000'}\nB,{NOBODY}\n")
    command = ["batch", str(listed), *batch(place, "unused")[4:-1], "--offline"]
    whole = [*command, "--output", str(tmp_path / "part"), "--shard", "2/2"]
    assert run(whole) == 0
    captured = capsys.readouterr()
    assert "Part 2/2: 0 groups measured, 1 not" in captured.out
    assert "mlops-grade merge" in captured.out
    assert run([*whole, "--strict"]) == 3
    assert "(--strict): B" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [("--shard", "3/2"), ("--cluster", "nowhere"), ("--shard", "1/2", "--limit", "1")],
)
def test_wrong_usage_ends_with_2(
    place: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(batch(place, f"wrong{len(more)}", *more)) == 2
    assert "--shard" in (said := capsys.readouterr().err) or "--cluster" in said
