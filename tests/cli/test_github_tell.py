"""`github tell` and `github gate`: what the runner is told, and what the job ends with."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.cli.app import run
from grader.cli.github_tell import output_lines
from grader.model.report import Report
from grader.model.score import Ungraded, mark_of
from grader.reporting import words
from grader.reporting.json import render_json
from tests.action.runner import outputs_of
from tests.reporting import sample
from tests.reporting.test_annotations import commands


@dataclass(frozen=True)
class Told:
    """What was written for the runner, and what was printed."""

    code: int
    outputs: dict[str, str]
    summary: str
    log: str


class Teller:
    """Runs `github tell` on reports."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsysbinary: pytest.CaptureFixture[bytes],
    ) -> None:
        self._folder = folder
        self._said = capsysbinary
        for name in ("OUTPUT", "STEP_SUMMARY"):
            (folder / name).touch()
            monkeypatch.setenv(f"GITHUB_{name}", str(folder / name))

    def file(self, report: Report, name: str) -> str:
        path = self._folder / name
        path.write_text(render_json(report), "utf-8")
        return str(path)

    def __call__(self, head: Report, base: Report | None, *words: str) -> Told:
        files = [f"--head={self.file(head, 'head.json')}"]
        if base is not None:
            files.append(f"--base={self.file(base, 'base.json')}")
        code = run(["github", "tell", *files, *words])
        return Told(
            code,
            outputs_of((self._folder / "OUTPUT").read_text("utf-8")),
            (self._folder / "STEP_SUMMARY").read_text("utf-8"),
            self._said.readouterr().out.decode("utf-8"),
        )


@pytest.fixture
def teller(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Teller:
    return Teller(tmp_path, monkeypatch, capsysbinary)


@pytest.mark.parametrize("build", sample.REPORTS)
def test_whatever_the_report_the_runner_gets_four_values_and_our_commands(
    teller: Teller, build: sample.Builder
) -> None:
    report = build()
    told = teller(report, None)
    assert told.code == 0
    assert list(told.outputs) == ["score", "total", "delta", "provisional"]
    is_graded = report.grade.total is not None
    assert bool(told.outputs["score"]) == bool(told.outputs["total"]) == is_graded
    assert told.outputs["delta"] == ""
    assert told.outputs["provisional"] == str(not report.grade.is_final).lower()
    assert {one.name for one in commands(told.log)} <= {"error", "warning", "notice"}
    assert told.summary.startswith(f"# {words.total(report.grade)}")


def test_a_change_is_a_number_that_json_takes(teller: Teller) -> None:
    head = sample.messy()
    told = teller(head, head)
    assert told.outputs["delta"] == "0"
    better = head.checks[0].model_copy(
        update={"result": head.checks[0].result.model_copy(update={"mark": 10.0})}
    )
    checks = (better, *head.checks[1:])
    made = [(one.weight_share, mark_of(one.result)) for one in checks]
    graded = [(share, mark) for share, mark in made if mark is not None]
    total = sum(s * m for s, m in graded) / sum(s for s, _ in graded)
    grade = head.grade.model_copy(update={"total": total})
    changed = head.model_copy(update={"checks": checks, "grade": grade})
    told = teller(changed, head)
    assert json.loads(told.outputs["delta"]) > 0


def test_a_change_over_other_items_is_none(teller: Teller) -> None:
    head = sample.messy()
    other = head.model_copy(
        update={"rubric": head.rubric.model_copy(update={"digest": "e" * 64})}
    )
    assert teller(head, other).outputs["delta"] == ""


def test_without_annotations_the_log_has_the_report_only(teller: Teller) -> None:
    told = teller(sample.hostile(), None, "--no-annotate", "--note", "::error::x")
    assert commands(told.log) == []
    assert "x" in told.summary


def test_outside_a_workflow_only_the_log_is_written(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    told = teller(sample.clean(), None)
    assert (told.code, told.outputs, told.summary) == (0, {}, "")
    assert words.total(sample.clean().grade) in told.log


@pytest.mark.parametrize(
    "value",
    [
        "",
        "8",
        "a\nscore=10\nb<<EOF\nc",
        "x\nend-\nscore=10",
        "score<<x\n10\nx",
        "\n\n",
        "a\r\nscore=10",
        "=<<=",
    ],
)
def test_a_value_can_not_be_another_output(value: str) -> None:
    given = {"first": value, "second": "2"}
    assert outputs_of(output_lines(given)) == given


def gated(teller: Teller, head: Report, base: Report | None, *options: str) -> int:
    files = [f"--head={teller.file(head, 'head.json')}"]
    if base is not None:
        files.append(f"--base={teller.file(base, 'base.json')}")
    return run(["github", "gate", *files, *options])


def with_total(total: float | None) -> Report:
    report = sample.clean()
    grade = report.grade.model_copy(update={"total": total, "provisional": ()})
    return report.model_copy(update={"grade": grade})


def test_nothing_asked_is_nothing_refused(teller: Teller) -> None:
    assert gated(teller, with_total(0), with_total(10)) == 0


def test_below_the_least_ends_with_1(teller: Teller) -> None:
    assert gated(teller, with_total(6.9), None, "--fail-under=7") == 1
    assert gated(teller, with_total(7), None, "--fail-under=7") == 0


def test_below_the_base_ends_with_1(teller: Teller) -> None:
    worse = ("--no-worse-than", "base")
    assert gated(teller, with_total(6), with_total(6.1), *worse) == 1
    assert gated(teller, with_total(6), with_total(6), *worse) == 0
    assert gated(teller, with_total(6.1), with_total(6), *worse) == 0


def test_what_cannot_be_decided_is_neither_passed_nor_refused(teller: Teller) -> None:
    worse = ("--no-worse-than", "base")
    assert gated(teller, with_total(6), None, *worse) == 3
    assert gated(teller, with_total(None), with_total(6), *worse) == 3
    assert gated(teller, with_total(6), with_total(None), *worse) == 3
    assert gated(teller, with_total(None), None, "--fail-under=0") == 3


def test_a_check_of_the_base_that_broke_decides_nothing(teller: Teller) -> None:
    base = sample.messy()
    broken = [
        one
        for one in base.grade.items
        if isinstance(one, Ungraded) and one.cause == "failed"
    ]
    assert broken
    assert gated(teller, with_total(1), base, "--no-worse-than=base") == 3
