"""A graded class taken elsewhere: every number is the one in the group's report.json."""

import csv
import io
import json
import warnings
from pathlib import Path

import openpyxl
import pytest

from benchmarks.classes import QUICK
from grader.cli.app import run
from tests.conftest import FIXTURES

NAMES = ("solid", "middling", "messy")
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Project (12)\r\n"
    "    Points Possible,,,,,20.00\r\n"
    '"One, Ann",1,,ann@uni.example,A,\r\n'
    '"Two, Ben",2,,ben@uni.example,A,\r\n'
    '"Six, Fay",6,,fay@uni.example,A,3\r\n'
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three groups that were graded, with members."""
    place = tmp_path_factory.mktemp("class")
    (place / "quick.yaml").write_text(QUICK)
    repos = {name: FIXTURES / "repos" / name for name in NAMES}
    (place / "groups.csv").write_text(
        "group,url,members\n"
        f"solid,{repos['solid']},Ann@uni.example; Unknown One\n"
        f"middling,{repos['middling']},ben@uni.example\n"
        f"messy,{repos['messy']},cem@uni.example\n"
    )
    output = place / "class"
    fixed = ["--isolation", "none", "--environment", "none", "--quiet"]
    listed, rubric = str(place / "groups.csv"), str(place / "quick.yaml")
    command = ["batch", listed, "--output", str(output), "--rubric", rubric, *fixed]
    assert run(command) == 0
    return output


def total(graded: Path, name: str) -> float:
    report = json.loads((graded / "groups" / name / "report.json").read_text("utf-8"))
    found = report["grade"]["total"]
    assert isinstance(found, float)
    return found


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_every_run_writes_the_workbook_and_the_command_the_same(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "grades.xlsx"
    assert run(["export", "xlsx", str(graded), "-o", str(file)]) == 0
    assert f"Written: {file}" in said(capsys)
    assert file.read_bytes() == (graded / "grades.xlsx").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(file)
    header, *rows = book["marks"].iter_rows(values_only=True)
    at = header.index("total")
    assert {row[1]: row[at] for row in rows} == {
        name: pytest.approx(total(graded, name), rel=1e-15) for name in NAMES
    }
    findings = 0
    for name in NAMES:
        report = json.loads((graded / "groups" / name / "report.json").read_text())
        for check in report["checks"]:
            findings += len(check["measurement"]["outcome"].get("findings", ()))
    assert findings > 0
    assert book["findings"].max_row == findings + 1


def test_a_gradebook_gets_the_totals_and_who_is_left_out_is_said(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, filled = tmp_path / "book.csv", tmp_path / "filled.csv"
    book.write_bytes(CANVAS.encode())
    command = ["export", "gradebook", str(graded), str(book), "-o", str(filled)]
    assert run(command) == 0
    told = said(capsys)
    assert "left out: Unknown One (solid): is no id of the file" in told
    assert "left out: cem@uni.example (messy): is no id of the file" in told
    assert "in no group: Six, Fay: their cells stay as they were" in told
    assert "members found by: SIS Login ID (2)" in told
    assert 'column "Project (12)": 2 marks filled in' in told
    text = filled.read_bytes().decode()
    lines = list(csv.reader(io.StringIO(text, newline="")))
    assert float(lines[2][5]) == pytest.approx(total(graded, "solid") * 2, abs=1e-4)
    assert float(lines[3][5]) == pytest.approx(total(graded, "middling") * 2, abs=1e-4)
    emptied = text.replace(f"A,{lines[2][5]}\r", "A,\r")
    assert emptied.replace(f"A,{lines[3][5]}\r", "A,\r") == CANVAS
    assert book.read_bytes() == CANVAS.encode()


def test_a_gradebook_is_not_written_over_itself(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(CANVAS.encode())
    assert run(["export", "gradebook", str(graded), str(book), "-o", str(book)]) == 2
    assert "is the gradebook itself" in said(capsys)
    assert book.read_bytes() == CANVAS.encode()


def test_a_gradebook_of_others_says_that_nothing_was_filled_in(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, filled = tmp_path / "book.csv", tmp_path / "filled.csv"
    book.write_bytes(CANVAS.replace("uni.example", "other.example").encode())
    command = ["export", "gradebook", str(graded), str(book), "-o", str(filled)]
    assert run(command) == 3
    assert "0 marks filled in" in said(capsys)
    assert filled.read_bytes() == book.read_bytes()


@pytest.mark.parametrize("number", ["0", "-1", "many", "nan", "inf"])
def test_a_maximum_is_a_number_of_points(
    graded: Path, tmp_path: Path, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.csv"
    book.write_bytes(CANVAS.encode())
    command = ["export", "gradebook", str(graded), str(book), "-o", str(tmp_path / "x")]
    assert run([*command, "--out-of", number]) == 2
    assert "is not a number of points" in said(capsys)


def test_a_worksheet_gets_each_groups_message(graded: Path, tmp_path: Path) -> None:
    book, filled = tmp_path / "book.csv", tmp_path / "filled.csv"
    book.write_text(
        "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),"
        "Feedback comments\n"
        "Participant 1,Ann One,ann@uni.example,,100.00,-,\n"
    )
    command = ["export", "gradebook", str(graded), str(book), "-o", str(filled)]
    assert run([*command, "--feedback"]) == 0
    (row,) = csv.DictReader(io.StringIO(filled.read_text("utf-8"), newline=""))
    assert float(row["Grade"]) == pytest.approx(total(graded, "solid") * 10, abs=1e-4)
    assert row["Feedback comments"].startswith("Total: ")
    assert "\n" not in row["Feedback comments"]


def test_gradescope_has_each_groups_results(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "gradescope"
    command = ["export", "gradescope", str(graded), "-o", str(output)]
    assert run([*command, "--out-of", "50", "--visibility", "after_published"]) == 0
    assert "3 results.json" in said(capsys)
    for name in NAMES:
        stored = json.loads((output / name / "results.json").read_text("utf-8"))
        assert stored["score"] == pytest.approx(total(graded, name) * 5)
        assert stored["visibility"] == "after_published"
    one, alone = graded / "groups" / "solid" / "report.json", tmp_path / "results.json"
    assert run(["export", "gradescope", str(one), "-o", str(alone)]) == 0
    score = json.loads(alone.read_text("utf-8"))["score"]
    assert score == pytest.approx(total(graded, "solid"))


def test_a_group_is_sent_its_own_marks_and_nobody_elses_name(
    graded: Path, tmp_path: Path
) -> None:
    output = tmp_path / "feedback"
    assert run(["export", "feedback", str(graded), "-o", str(output)]) == 0
    members = {"solid": "ann@", "middling": "ben@", "messy": "cem@"}
    for name in NAMES:
        page = (output / f"{name}.html").read_text("utf-8")
        message = (output / f"{name}.txt").read_text("utf-8")
        assert page == (graded / "groups" / name / "report.html").read_text("utf-8")
        assert message.startswith("Total: ")
        assert f"{name}.html" in message
        for other in set(NAMES) - {name}:
            assert other not in message
            assert members[other] not in (page + message).lower()
            assert f"repos/{other}" not in page
            assert repr(total(graded, other)) not in page + message
    text = (output / "index.csv").read_bytes().decode("utf-8-sig")
    index = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["group"] for row in index] == list(NAMES)
    assert index[0]["members"] == "Ann@uni.example; Unknown One"
    for row in index:
        assert (output / row["file"]).is_file()
        assert (output / row["message"]).is_file()


def test_what_an_earlier_export_left_for_a_group_without_a_result_is_removed(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    result = graded / "groups" / "messy" / "result.json"
    kept = result.read_bytes()
    for kind, name in (
        ("gradescope", "messy/results.json"),
        ("feedback", "messy.html"),
        ("feedback", "messy.txt"),
    ):
        command = ["export", kind, str(graded), "-o", str(output)]
        assert run(command) == 0
        assert (output / name).is_file()
        capsys.readouterr()
        result.unlink()
        try:
            assert run(command) == 0
        finally:
            result.write_bytes(kept)
        assert "messy: no file: It has not been graded yet." in said(capsys)
        assert not (output / name).exists()


@pytest.mark.parametrize("kind", ["xlsx", "gradescope", "feedback"])
def test_a_folder_that_is_no_class_is_refused(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert run(["export", kind, str(tmp_path), "-o", str(output)]) == 2
    assert "is not the folder of a class" in said(capsys)
    assert not output.exists()
