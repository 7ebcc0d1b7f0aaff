"""A class's folder: results are whole or not there, and what was tampered with is not believed."""

import os
from pathlib import Path

import pytest

from grader.engine.store import ClassFolder, Torn, sealed, unsealed, write_atomic
from grader.errors import GradeError
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Failed, Finding, Measured, Measurement, Tool
from grader.model.report import RepositoryFacts

FACTS = RepositoryFacts(
    name="r",
    source="/r",
    commit="a" * 40,
    uncommitted=False,
    files=1,
    python_files=1,
    source_files=1,
    lines=3,
    left_out=(),
)


def evidence(**more: object) -> Evidence:
    findings = (Finding(rule="E501", message="too long", path="a.py", line=3),)
    values = {
        "group": "team-1",
        "run": "run-1",
        "generator": Tool(name="mlops-grade", version="1"),
        "measured_at": "2025-05-30T10:00:00+00:00",
        "python": "3.11",
        "platform": "Linux",
        "isolation": "none",
        "content": "commit:a",
        "plan": "p",
        "repository": FACTS,
        "environment": None,
        "measurements": (
            Measurement(
                checker="lint",
                outcome=Measured(values={"violations": 1}, findings=findings),
            ),
            Measurement(checker="pylint", outcome=Failed(reason="it crashed")),
        ),
    }
    return Evidence.model_validate({**values, **more})


@pytest.fixture
def folder(tmp_path: Path) -> ClassFolder:
    return ClassFolder(tmp_path / "class")


def test_what_is_saved_is_read_back_with_and_without_findings(
    folder: ClassFolder,
) -> None:
    saved = evidence()
    folder.save("team-1", saved)
    assert folder.load("team-1") == saved
    light = folder.light("team-1")
    assert light is not None
    first = light.measurements[0].outcome
    assert isinstance(first, Measured)
    assert (first.values, first.findings) == ({"violations": 1}, ())


def test_a_result_is_json_that_other_programs_can_read(folder: ClassFolder) -> None:
    import json

    folder.save("team-1", evidence())
    for name in ("result.json", "findings.json"):
        assert "content" in json.loads((folder.group("team-1") / name).read_bytes())


@pytest.mark.parametrize("cut", [0, 1, 40, 90, 120, -2, -1])
@pytest.mark.parametrize("name", ["result.json", "findings.json"])
def test_a_truncated_result_is_no_result_and_is_kept_aside(
    folder: ClassFolder, name: str, cut: int
) -> None:
    folder.save("team-1", evidence())
    file = folder.group("team-1") / name
    file.write_bytes(file.read_bytes()[:cut])
    assert folder.load("team-1") is None
    assert list(folder.group("team-1").glob(f"{name}.*.bad"))
    assert folder.light("team-1") is None


@pytest.mark.parametrize("name", ["result.json", "findings.json"])
def test_one_changed_byte_is_noticed(folder: ClassFolder, name: str) -> None:
    folder.save("team-1", evidence())
    file = folder.group("team-1") / name
    raw = bytearray(file.read_bytes())
    at = raw.rindex(b"1")
    raw[at] = ord("2")
    file.write_bytes(raw)
    assert folder.load("team-1") is None


def test_findings_of_an_earlier_result_are_not_taken_for_its_own(
    folder: ClassFolder,
) -> None:
    folder.save("team-1", evidence())
    old = (folder.group("team-1") / "findings.json").read_bytes()
    clean = Measurement(checker="lint", outcome=Measured(values={"violations": 0}))
    folder.save("team-1", evidence(measurements=(clean,)))
    (folder.group("team-1") / "findings.json").write_bytes(old)
    assert folder.load("team-1") is None


@pytest.mark.parametrize(
    "foreign", [b"", b"{}", b"\0" * 100, b'{"sha256":"x"}', b"<html>", b"\xff\xfe"]
)
def test_a_foreign_file_is_no_result(folder: ClassFolder, foreign: bytes) -> None:
    folder.save("team-1", evidence())
    (folder.group("team-1") / "result.json").write_bytes(foreign)
    assert folder.light("team-1") is None
    folder.save("team-1", evidence())
    assert folder.load("team-1") == evidence()


def test_a_good_envelope_around_something_else_is_no_result(
    folder: ClassFolder,
) -> None:
    folder.group("team-1").mkdir(parents=True)
    (folder.group("team-1") / "result.json").write_bytes(sealed('{"findings":"x"}'))
    assert folder.light("team-1") is None


def test_a_result_takes_the_place_of_the_trouble_before_it(folder: ClassFolder) -> None:
    trouble = Trouble(group="team-1", cause="private-or-gone", reason="not found")
    folder.save_trouble("team-1", trouble)
    assert folder.trouble("team-1") == trouble
    folder.save("team-1", evidence())
    assert folder.trouble("team-1") is None


def test_two_runs_on_one_folder_the_second_says_so_at_once(folder: ClassFolder) -> None:
    with folder.locked():
        with pytest.raises(GradeError, match="another run is at work"):
            with folder.locked():
                pass
    with folder.locked():
        pass


def test_what_a_killed_run_left_half_written_is_removed(
    folder: ClassFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    left = tmp_path / "mlops-grade-class-abc"
    others = tmp_path / "somebody-elses"
    for one in (left, others):
        (one / "deep").mkdir(parents=True)
    folder.save("team-1", evidence())
    half = folder.group("team-1") / ".new-1234"
    half.write_text("half")
    folder.remember_work(left)
    with folder.locked():
        assert not half.exists()
        assert not left.exists()
    folder.remember_work(others)
    with folder.locked():
        assert (others / "deep").is_dir()


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "scores.csv"
    write_atomic(target, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(GradeError, match="No space left on device"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GradeError, match="cannot make the folder"):
        with ClassFolder(tmp_path / "file" / "class").locked():
            pass


@pytest.mark.parametrize("raw", [b"", b"{}", sealed("{}")[:-1], sealed("{}") + b" "])
def test_only_a_whole_envelope_is_opened(raw: bytes) -> None:
    assert unsealed(sealed("{}")) == b"{}"
    with pytest.raises(Torn):
        unsealed(raw)
