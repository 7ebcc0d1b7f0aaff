"""A deployed service that is asked: of one repository, and of each group of a class."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.cli.app import run
from grader.model.score import ItemScore, Ungraded
from grader.model.service import service_address
from tests.probing.services import Counted, serving, trusting, well_behaved

RUBRIC = """\
name: Live
version: "1"
dimensions:
  - id: live
    title: Live
    items:
      - checker: live-service
        options: {patience_seconds: 5}
        score: >-
          answers + 2 * health + documented + 3 * predicts + 1.5 * as_documented
          + 1.5 * refuses_wrong
      - checker: config-paths
        score: "10"
"""
FIXED = ["--isolation", "none", "--environment", "none"]


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    file = tmp_path / "live.yaml"
    file.write_text(RUBRIC)
    return file


@pytest.fixture
def app() -> Counted:
    return Counted(well_behaved())


@pytest.fixture
def address(app: Counted) -> Iterator[str]:
    with serving(app) as found:
        yield found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "houses"
    folder.mkdir()
    # An address in the repository is nobody's business.
    (folder / "README.md").write_text("Live at http://127.0.0.1:9/\n")
    (folder / "main.py").write_text('SERVICE_URL = "http://127.0.0.1:9/"\n')
    return folder


def marks(file: Path) -> dict[str, float | None]:
    report = json.loads(file.read_text("utf-8"))
    return {one["item"]: one.get("mark") for one in report["grade"]["items"]}


def test_a_service_is_asked_where_the_instructor_says_so(
    repository: Path, rubric: Path, address: str, app: Counted, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    asked = ["grade", str(repository), "--rubric", str(rubric), "--probe", address]
    assert run([*asked, *FIXED, "-q", "--report", f"json={out}"]) == 0
    assert "POST /predict" in app.requests
    assert marks(out)["live-service"] == 10
    assert address in out.read_text("utf-8")


def test_without_an_address_it_costs_nothing(repository: Path, rubric: Path) -> None:
    report = grader.grade(
        repository, rubric=rubric, environment="none", isolation="none"
    )
    result = report.check("live-service").result
    assert isinstance(result, Ungraded) and result.cause == "not-applicable"
    assert "--probe URL" in result.reason
    assert report.grade.total == 10


def test_python_has_the_same_door(repository: Path, rubric: Path, address: str) -> None:
    report = grader.grade(
        repository,
        rubric=rubric,
        environment="none",
        isolation="none",
        only=["live-service"],
        probe=address,
    )
    result = report.check("live-service").result
    assert isinstance(result, ItemScore) and result.mark == 10


def test_offline_means_that_nothing_is_asked(
    repository: Path, rubric: Path, address: str, app: Counted
) -> None:
    report = grader.grade(
        repository,
        rubric=rubric,
        environment="none",
        isolation="none",
        offline=True,
        probe=address,
    )
    result = report.check("live-service").result
    assert isinstance(result, Ungraded) and result.cause == "failed"
    assert app.requests == []


@pytest.mark.parametrize(
    "written",
    [
        "ftp://houses.example.org",
        "houses.example.org",
        "file:///etc/passwd",
        "https://",
        "https://houses.example.org/?key=abc123",
        "https://houses.example.org:99999",
        "https://houses.exa mple.org",
        "https://houses.example.org/\r\nX: y",
    ],
)
def test_what_is_no_address_of_a_service_is_refused(
    written: str, repository: Path, rubric: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["grade", str(repository), "--rubric", str(rubric), "--probe", written]
    assert run([*asked, *FIXED]) == 2
    said = capsys.readouterr().err
    assert "is not the address of a service" in said
    assert "abc123" not in said


def test_a_password_in_an_address_is_refused_and_not_quoted(
    repository: Path, rubric: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = "https://me:hunter2@houses.example.org"
    asked = ["grade", str(repository), "--rubric", str(rubric), "--probe", written]
    assert run([*asked, *FIXED]) == 2
    captured = capsys.readouterr()
    assert "hunter2" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://Houses.Example.org/", "https://houses.example.org"),
        ("http://[::1]:8000/api/", "http://[::1]:8000/api"),
        ("https://houses.example.org:443", "https://houses.example.org"),
        ("https://häuser.example", "https://xn--huser-gra.example"),
    ],
)
def test_an_address_has_one_form(written: str, address: str) -> None:
    assert str(service_address(written)) == address


@pytest.mark.sandbox
def test_a_class_is_asked_group_by_group_and_anew_at_every_run(
    repository: Path,
    rubric: Path,
    address: str,
    app: Counted,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    groups, output = tmp_path / "groups.csv", tmp_path / "class"
    for name in ("two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text("")
    with serving(trusting()) as poor:
        listed = [
            "group,url,probe",
            f"One,{repository},{address}",
            f"Two,{tmp_path / 'two'},{poor}",
            f"Three,{tmp_path / 'three'},",
        ]
        groups.write_text("\n".join(listed))
        fixed = ["--rubric", str(rubric), *FIXED, "-q", "--workers", "2"]
        command = ["batch", str(groups), "--output", str(output), *fixed]
        assert run(command) == 0
        first = {name: marks(_report(output, name)) for name in ("One", "Two", "Three")}
        assert first["One"]["live-service"] == 10
        worse = first["Two"]["live-service"]
        assert worse is not None and worse < 5
        assert first["Three"]["live-service"] is None
        asked = len(app.requests)
        assert asked
        # What was answered once is not what is answered today.
        assert run(command) == 0
        assert len(app.requests) == 2 * asked
        # The address is part of what was measured.
        groups.write_text("\n".join(listed).replace(address, poor))
        assert run(command) == 0
        assert marks(_report(output, "One"))["live-service"] == worse
        assert len(app.requests) == 2 * asked


def _report(output: Path, name: str) -> Path:
    return output / "groups" / name / "report.json"
