"""The command line, as a user meets it: exit codes, streams, messages without tracebacks."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from grader.cli.app import run
from grader.cli.output import Format
from tests.conftest import FIXTURES

RUBRIC = """\
name: Two quick checks
version: "1"
dimensions:
  - id: files
    title: Files
    items:
      - checker: file-presence
        score: 10 * (found + placeholder_folders) / expected
        advice: Complete the project.
      - checker: error-handling
        score: min(10, try_blocks)
"""

SOLID = str(FIXTURES / "repos" / "solid")
MESSY = str(FIXTURES / "repos" / "messy")


@pytest.fixture
def rubric(tmp_path: Path) -> str:
    file = tmp_path / "quick.yaml"
    file.write_text(RUBRIC)
    return str(file)


def test_a_path_alone_is_the_grade_command(
    rubric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([SOLID, "--rubric", rubric, "--format", "json"]) == 0
    short = json.loads(capsys.readouterr().out)
    assert run(["grade", "--format", "json", "--rubric", rubric, SOLID]) == 0
    long = json.loads(capsys.readouterr().out)
    assert short["grade"] == long["grade"]
    assert short["grade"]["total"] == 10


def test_options_may_come_before_the_path(
    rubric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--rubric", rubric, "-q", SOLID]) == 0
    assert "10" in capsys.readouterr().out


def test_a_stream_without_an_encoding_is_written_to_as_well(rubric: str) -> None:
    with redirect_stdout(StringIO()) as said:
        assert run([SOLID, "--rubric", rubric, "-q"]) == 0
    assert said.getvalue() == "solid: 10 of 10, final\n"


def test_data_goes_to_standard_output_and_talk_to_standard_error(
    rubric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([MESSY, "-r", rubric, "-f", "json", "--fail-under", "9"]) == 1
    captured = capsys.readouterr()
    total = json.loads(captured.out)["grade"]["total"]
    assert 0 < total < 9
    assert "is below 9" in captured.err


def test_a_low_mark_alone_is_not_an_error(rubric: str) -> None:
    assert run([MESSY, "-r", rubric, "-q"]) == 0


def test_reports_are_written_side_by_side_and_rendered_again_later(
    rubric: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {form: tmp_path / "out" / f"report.{form}" for form in Format}
    wanted = [arg for f, path in made.items() for arg in ("--report", f"{f}={path}")]
    assert run([MESSY, "-r", rubric, "-q", *wanted]) == 0
    capsys.readouterr()
    for form, path in made.items():
        again = tmp_path / f"again.{form}"
        assert (
            run(["report", str(made[Format.JSON]), "-f", form, "-o", str(again)]) == 0
        )
        assert again.read_bytes() == path.read_bytes(), form


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["/no/such/place"], 2, 'there is nothing at "/no/such/place"'),
        ([__file__], 2, "is a file; a repository is a folder"),
        ([SOLID, "--rubric", "no.yaml"], 2, 'cannot read the rubric "no.yaml"'),
        ([SOLID, "--only", "formating"], 2, 'Did you mean "formatting"?'),
        ([SOLID, "--report", "pdf=x"], 2, "is not FORMAT=FILE"),
        ([SOLID, "--python", "no-such-python"], 2, "is not an interpreter"),
        ([SOLID, "--fail-under", "11"], 2, "less than or equal to 10"),
        ([SOLID, "--no-such-option"], 2, "No such option"),
        (["report", "no.json"], 2, 'cannot read "no.json"'),
        (["compare", "a.json", "b.json", "-f", "sarif"], 2, "'sarif' is not one of"),
        (["explain", "pylnt"], 2, 'Did you mean "pylint"?'),
        (["ext::sh -c id"], 2, "is not a repository address"),
        ([SOLID, "--ref", "main"], 2, "is not a git repository"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_strict_ends_with_3_when_a_check_could_not_be_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(
        RUBRIC.replace("min(10, try_blocks)", "10 / (bare_excepts - bare_excepts)")
    )
    arguments = [SOLID, "-r", str(file), "-f", "json"]
    assert run(arguments) == 0
    grade = json.loads(capsys.readouterr().out)["grade"]
    assert grade["total"] == 10
    assert grade["measured_share"] == 0.5
    assert grade["provisional"][0]["cause"] == "ungraded"
    assert run([*arguments, "--strict"]) == 3


def test_a_bug_of_ours_is_told_with_a_log_to_paste(
    rubric: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the sky fell")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("grader.engine.request.grade_repository", broken)
    assert run([SOLID, "-r", rubric]) == 3
    said = capsys.readouterr().err
    assert "this is a bug in mlops-grade: RuntimeError: the sky fell" in said
    log = next(tmp_path.glob("mlops-grade-*.log")).read_text()
    assert "Traceback" in log
    assert "the sky fell" in log


def test_a_rubric_can_be_written_checked_and_is_the_shipped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    assert run(["rubric", "init", str(file)]) == 0
    assert run(["rubric", "check", str(file)]) == 0
    assert "no mistakes found" in capsys.readouterr().out
    assert run(["rubric", "init", str(file)]) == 2
    assert "exists already" in capsys.readouterr().err
    file.write_text(file.read_text().replace("checker: lint", "checker: lnit"))
    assert run(["rubric", "check", str(file)]) == 2
    assert f"{file}:" in (said := capsys.readouterr().err)
    assert 'Did you mean "lint"?' in said


def test_explain_names_the_quantities_and_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["explain", "imports"]) == 0
    said = capsys.readouterr().out
    for part in ("Why it matters", "compliant_files", "profile", "isort --check-only"):
        assert part in said


def test_help_and_version_need_no_repository(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mlops-grade 0.")
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    for command in ("grade", "report", "checkers", "explain", "rubric", "doctor"):
        assert command in said


def test_doctor_finds_this_environment_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    for subject in ("Python", "black", "pylint", "git", "checkers", "rubric.yaml"):
        assert subject in said
    assert "!!" not in said
