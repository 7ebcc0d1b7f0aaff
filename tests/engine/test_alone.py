"""A repository graded again: it is captured where anything is another, and only there."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.cache import states
from grader.cache.entries import user_entries
from grader.cache.ruler import program
from grader.engine import gather
from grader.engine import measure as measuring
from grader.engine.basis import seen_at
from grader.engine.capture import capture
from grader.engine.request import Caching, Request, grade_repository
from grader.model.measurement import NotMeasured
from grader.model.report import Report
from tests.committing import git
from tests.engine.test_batch import RUBRIC


@dataclass
class Graded:
    """A repository that was graded, and which of its later runs capture it."""

    request: Request
    captured: list[str] = field(default_factory=list)

    def run(self, **other: object) -> Report:
        self.captured.clear()
        return grade_repository(replace(self.request, **other))  # type: ignore[arg-type]

    @property
    def home(self) -> Path:
        return Path(self.request.source)

    def is_captured(self, **other: object) -> bool:
        self.run(**other)
        return bool(self.captured)


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graded:
    if program(("grader",), user_entries()) is None:
        pytest.skip("the code was edited after these tests began: nothing is kept")
    monkeypatch.setattr(states, "_SETTLED_S", -3600.0)
    home = tmp_path / "repository"
    home.mkdir()
    (home / "main.py").write_text("open('/data/x.csv')\n")
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "One")
    (tmp_path / "r.yaml").write_text(RUBRIC)
    made = Graded(
        Request(
            str(home),
            rubric=tmp_path / "r.yaml",
            environment="none",
            isolation="none",
        )
    )

    def counted(source: str, *others, **options):  # type: ignore[no-untyped-def]
        made.captured.append(source)
        return capture(source, *others, **options)

    monkeypatch.setattr(gather, "capture", counted)
    return made


def timeless(report: Report) -> Report:
    """The report without clocks."""
    checks = tuple(
        one.model_copy(
            update={
                "measurement": one.measurement
                and one.measurement.model_copy(update={"duration_s": 0.0})
            }
        )
        for one in report.checks
    )
    return report.model_copy(update={"graded_at": "", "checks": checks})


def test_the_same_again_is_not_captured_and_gives_the_same(graded: Graded) -> None:
    first = graded.run()
    assert graded.captured
    for _ in range(2):
        again = graded.run()
        assert graded.captured == []
        assert timeless(again) == timeless(first)
    assert timeless(graded.run(caching=Caching(is_on=False))) == timeless(first)
    assert graded.captured


def _same_size_and_time(home: Path) -> None:
    file = home / "main.py"
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"data", b"temp"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": _same_size_and_time,
    "a commit": lambda home: git(home, "commit", "-q", "--allow-empty", "-m", "Two"),
    "an untracked file": lambda home: (home / "new.py").write_text("x = 1\n"),
    "its index": lambda home: git(home, "rm", "-q", "--cached", "main.py"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_repository_that_changed_is_captured(graded: Graded, what: str) -> None:
    graded.run()
    CHANGES[what](graded.home)
    assert graded.is_captured()
    assert not graded.is_captured()


@pytest.mark.parametrize(
    "other",
    [
        {"ref": "main"},
        {"staged": "index"},
        {"only": ("config-paths",)},
        {"is_offline": True},
        {"caching": Caching(is_on=False)},
        {"caching": Caching(is_read=False)},
        {"caching": Caching(reruns_tests=True)},
        {"probe": "https://example.org"},
    ],
    ids=str,
)
def test_what_is_asked_otherwise_is_captured(
    graded: Graded, other: dict[str, object]
) -> None:
    graded.run()
    assert graded.is_captured(**other)


def test_what_is_staged_is_captured_every_time(graded: Graded, tmp_path: Path) -> None:
    # The index of what is staged may lie where nothing tells that it was written.
    index = tmp_path / "index"
    shutil.copy(graded.home / ".git" / "index", index)
    assert graded.is_captured(staged=str(index))
    assert graded.is_captured(staged=str(index))


def test_what_another_run_might_measure_better_is_captured_every_time(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = measuring.measure

    def in_part(*arguments, **options):  # type: ignore[no-untyped-def]
        lacking = (NotMeasured(path="main.py", reason="It took too long."),)
        return {
            name: one.model_copy(
                update={
                    "outcome": one.outcome.model_copy(update={"not_measured": lacking})
                }
            )
            for name, one in measure(*arguments, **options).items()
        }

    monkeypatch.setattr(gather, "measure", in_part)
    assert graded.is_captured()
    assert graded.is_captured()


def test_what_runs_the_projects_code_is_captured_every_time(graded: Graded) -> None:
    assert graded.request.rubric
    with graded.request.rubric.open("a") as file:
        file.write("      - {checker: coverage, score: 10 * pass_rate}\n")
    assert graded.is_captured()
    assert graded.is_captured()


def test_an_entry_that_is_no_evidence_is_not_believed(graded: Graded) -> None:
    first = graded.run()
    entries = user_entries()
    for file in entries.folder.glob("*/*"):
        entries.put(file.parent.name + file.name, b'{"version": 1}')
    assert timeless(graded.run()) == timeless(first)
    assert graded.captured


@pytest.mark.parametrize("source", ["~nobody-here/x", "a\0b", "circle/x", "nowhere"])
def test_what_is_no_folder_is_not_seen_and_breaks_nothing(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    assert seen_at(source) is None
