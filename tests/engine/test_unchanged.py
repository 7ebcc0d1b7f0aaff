"""A class run again: what nothing has changed for is not looked into, all else is."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.cache import states
from grader.cache.entries import user_entries
from grader.cache.ruler import program
from grader.checkers._registry import installed
from grader.engine import machines, publish
from grader.engine.batch import ClassRequest
from grader.engine.classroom import grade_class
from grader.engine.marking import mark_class
from grader.engine.people import MARKS
from grader.engine.request import Caching
from grader.engine.standing import REPORTS
from grader.engine.store import ClassFolder
from grader.engine.task import Task
from grader.engine.term import read_term
from grader.model.analysis import ClassReport
from grader.model.classroom import ClassResult, Group
from tests.committing import git
from tests.engine.test_batch import RUBRIC as TEXT
from tests.engine.test_batch import Recorded, request_for, rubric

SPOKEN = (
    TEXT + "    manual:\n      - {id: talk, title: Talk, weight: 1, description: It.}\n"
)


@dataclass
class Class:
    """A class of two repositories that was graded, and what its later runs do."""

    folder: ClassFolder
    request: ClassRequest
    looked_into: list[str] = field(default_factory=list)
    written: int = 0

    def run(self, **other: object) -> ClassResult:
        """Grade it, and note what is done for it."""
        self.looked_into.clear()
        self.written = 0
        request = replace(self.request, **other)  # type: ignore[arg-type]
        return grade_class(request, self.folder, Recorded())

    def source(self, number: int = 0) -> Path:
        return Path(self.request.groups[number].source)

    def pages(self) -> dict[str, bytes]:
        """The files that are made for the groups, by their paths."""
        root = self.folder.root
        named = ("grades.xlsx", "scores.csv", "items.csv", "cohort.json")
        files = [*root.glob("groups/*/report.*"), *(root / name for name in named)]
        return {str(file.relative_to(root)): file.read_bytes() for file in files}


def _repository(home: Path, number: int) -> Group:
    home.mkdir(parents=True)
    body = "try:\n    open('/data/x.csv')\nexcept OSError:\n    raise\n"
    (home / "main.py").write_text("import os\n" + body * number)
    (home / ".gitignore").write_text("*.log\n")
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "One")
    return Group(name=home.name, folder=home.name, source=str(home))


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Class]:
    """Graded once; its files count as written long ago."""
    if program(("grader",), user_entries()) is None:
        pytest.skip("the code was edited after these tests began: nothing is kept")
    monkeypatch.setattr(states, "_SETTLED_S", -3600.0)
    groups = tuple(_repository(tmp_path / name, n) for n, name in enumerate("ab"))
    made = Class(
        ClassFolder(tmp_path / "class"),
        replace(request_for(groups), caching=Caching()),
    )
    results, write_class = machines.results, publish.write_class

    def counted(pool, tasks, *others):  # type: ignore[no-untyped-def]
        def told() -> Iterator[Task]:
            for task in tasks:
                made.looked_into.append(task.group.name)
                yield task

        return results(pool, told(), *others)

    def wrote(*arguments, **options):  # type: ignore[no-untyped-def]
        made.written += 1
        return write_class(*arguments, **options)

    monkeypatch.setattr(machines, "results", counted)
    monkeypatch.setattr(publish, "write_class", wrote)
    made.run()
    assert sorted(made.looked_into) == ["a", "b"]
    assert made.written == 1
    yield made


def test_nothing_is_looked_into_or_written_anew_where_nothing_changed(
    graded: Class,
) -> None:
    before = graded.pages()
    first = graded.folder.record()
    for runs in (2, 3):
        result = graded.run()
        assert (graded.looked_into, graded.written) == ([], 0)
        assert graded.pages() == before
        record = graded.folder.record()
        assert record == result.record
        assert record and first and record.run != first.run
        assert len(read_term(graded.folder.root).entries) == runs


def test_the_class_as_it_stands_is_what_marking_it_gives(graded: Class) -> None:
    result = graded.run()
    loaded = graded.request.loaded
    marking = mark_class(graded.folder, result.record, loaded, installed())
    assert result == marking.result
    text = (graded.folder.root / "index.json").read_bytes()
    shown = ClassReport.model_validate_json(text)
    assert shown.result == marking.result
    assert shown.moves and shown.moves.still == 2 and not shown.moves.totals
    before = graded.pages()
    graded.run(refresh=True)
    again = ClassReport.model_validate_json(
        (graded.folder.root / "index.json").read_bytes()
    )
    assert again.analysis == shown.analysis
    assert again.result.lines == shown.result.lines
    for name in ("scores.csv", "items.csv", "cohort.json"):
        assert graded.pages()[name] == before[name]


def _same_size_and_time(home: Path) -> None:
    file = home / "main.py"
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"import os", b"import re"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": _same_size_and_time,
    "a commit": lambda home: git(home, "commit", "-q", "--allow-empty", "-m", "Two"),
    "an untracked file": lambda home: (home / "new.py").write_text("x = 1\n"),
    "a tag": lambda home: git(home, "tag", "v1"),
    "its origin": lambda home: git(
        home, "remote", "add", "origin", "https://github.com/a/b.git"
    ),
    "its index": lambda home: git(home, "rm", "-q", "--cached", "main.py"),
    "what is ignored": lambda home: (home / ".gitignore").write_text("*.txt\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_repository_that_changed_is_looked_into(graded: Class, what: str) -> None:
    CHANGES[what](graded.source())
    graded.run()
    assert graded.looked_into == ["a"]
    assert graded.written == 1
    graded.run()
    assert (graded.looked_into, graded.written) == ([], 0)


@pytest.mark.parametrize(
    "other",
    [
        {"refresh": True},
        {"caching": Caching(is_on=False)},
        {"caching": Caching(is_read=False)},
        {"caching": Caching(reruns_tests=True)},
        {"deadline": datetime(2099, 1, 1, tzinfo=UTC)},
        {"is_offline": True},
        {"signals": False},
        {"only": ("config-paths",)},
    ],
    ids=str,
)
def test_what_is_asked_otherwise_is_looked_into(
    graded: Class, other: dict[str, object]
) -> None:
    graded.run(**other)
    assert sorted(graded.looked_into) == ["a", "b"]
    assert graded.written == 1


def test_another_rubric_marks_anew_and_measures_what_it_asks_for(graded: Class) -> None:
    before = graded.pages()
    other = rubric(TEXT.replace("min(10, try_blocks)", "min(10, 2 * try_blocks)"))
    graded.run(loaded=other)
    assert graded.written == 1
    assert graded.pages()["groups/b/report.html"] != before["groups/b/report.html"]
    more = rubric(TEXT + "      - {checker: file-presence, score: found}\n")
    graded.run(loaded=more)
    assert sorted(graded.looked_into) == ["a", "b"]


def test_what_people_decide_marks_anew(graded: Class) -> None:
    graded.run(loaded=rubric(SPOKEN))
    graded.run(loaded=rubric(SPOKEN))
    assert graded.written == 0
    marks = graded.folder.root / MARKS
    marks.parent.mkdir()
    marks.write_text("group,item,mark,comment,by\na,talk,7,Good,Ada\n")
    result = graded.run(loaded=rubric(SPOKEN))
    assert (graded.looked_into, graded.written) == ([], 1)
    grade = result.lines[0].grade
    assert grade and any(one.item == "talk" for one in grade.items)


@pytest.mark.parametrize("name", [*REPORTS, "../../grades.xlsx", "../../index.json"])
def test_a_file_that_somebody_changed_is_written_again(
    graded: Class, name: str
) -> None:
    file = graded.folder.group("b") / name
    before = file.read_bytes()
    file.write_bytes(before[:-1] + b" ")
    graded.run()
    assert (graded.looked_into, graded.written) == ([], 1)
    assert not file.read_bytes().endswith(b" ")
    file.unlink()
    graded.run()
    assert graded.written == 1
    assert file.exists()


@pytest.mark.parametrize("name", ["result.json", "findings.json"])
def test_a_result_that_is_not_the_one_that_was_kept_is_looked_into(
    graded: Class, name: str
) -> None:
    other, own = (graded.folder.group(one) / name for one in "ab")
    own.write_bytes(other.read_bytes())
    graded.run()
    assert graded.looked_into == ["b"]


def test_a_commit_from_the_future_is_looked_into_every_day(graded: Class) -> None:
    home = graded.source()
    ahead = ("--allow-empty", "-m", "Three", "--date=2098-01-01T00:00:00Z")
    git(home, "commit", "-q", *ahead)
    for _ in range(2):
        graded.run()
        assert graded.looked_into == ["a"]


def test_what_was_written_while_it_was_looked_into_is_not_kept(
    graded: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "_SETTLED_S", 3600.0)
    (graded.source() / "new.py").write_text("x = 1\n")
    for _ in range(2):
        graded.run()
        assert graded.looked_into == ["a"]


def test_a_file_that_changes_between_is_not_kept(
    graded: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    (graded.source() / "new.py").write_text("x = 1\n")
    saved = ClassFolder.save

    def save(self: ClassFolder, *arguments: object) -> None:
        (graded.source() / "late.py").write_text("y = 1\n")
        saved(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ClassFolder, "save", save)
        graded.run()
    graded.run()
    assert graded.looked_into == ["a"]


def test_a_plain_folder_is_looked_into(tmp_path: Path, graded: Class) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "main.py").write_text("x = 1\n")
    plain = Group(name="c", folder="c", source=str(tmp_path / "plain"))
    groups = (*graded.request.groups, plain)
    for _ in range(2):
        graded.run(groups=groups)
        assert graded.looked_into == ["c"]
