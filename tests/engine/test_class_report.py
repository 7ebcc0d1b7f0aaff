"""What a class's run leaves: the report of the class, and each group's with nobody else in it."""

import json
from pathlib import Path

import pytest

from grader.engine import analysis
from grader.engine.batch import ClassRequest
from grader.engine.classroom import grade_class
from grader.engine.store import ClassFolder
from grader.engine.stored import open_class
from grader.model.analysis import ClassReport
from grader.model.classroom import ClassResult, Group, GroupLine
from grader.model.report import Report
from grader.model.score import mark_of
from grader.reporting import numbers
from tests.engine.test_batch import Recorded, rubric

NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir")
# error-handling and config-paths of the rubric of test_batch: no two groups alike.
# Nor does what another could gain come to the mark of one.
PATHS = (11, 7, 5, 3, 2, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ClassFolder:
    """A class of six, graded once."""
    place = tmp_path_factory.mktemp("class")
    groups = []
    for number, (name, paths) in enumerate(zip(NAMES, PATHS, strict=True)):
        home = place / "clones" / name
        home.mkdir(parents=True)
        body = "try:\n    open('/data/x.csv')\nexcept OSError:\n    raise\n"
        (home / "main.py").write_text("import os\n" + body * paths)
        groups.append(
            Group(
                name=name,
                folder=name.lower(),
                source=str(home),
                members=(f"student{number}@example.org",),
            )
        )
    request = ClassRequest(
        groups=tuple(groups), loaded=rubric(), isolation="none", environment="none"
    )
    made = ClassFolder(place / "out")
    grade_class(request, made, Recorded())
    return made


@pytest.fixture
def result(folder: ClassFolder) -> ClassResult:
    return open_class(folder.root).mark().result


def text_of(folder: ClassFolder, group: Group) -> str:
    """Everything that lies in a group's own folder."""
    files = sorted(folder.group(group.folder).iterdir())
    assert {"report.html", "report.md", "report.json"} <= {file.name for file in files}
    return "\n".join(file.read_text("utf-8") for file in files)


def test_nothing_of_another_group_is_in_a_groups_files(
    folder: ClassFolder, result: ClassResult
) -> None:
    for line in result.lines:
        text = text_of(folder, line.group)
        assert line.group.name in text
        for other in result.lines:
            if other is line:
                continue
            assert other.group.name not in text
            assert other.group.source not in text
            assert not [member for member in other.group.members if member in text]
            assert not [mark for mark in _marks(other) if mark in text]


def _marks(line: GroupLine) -> set[str]:
    """A group's marks with all their digits, where nothing else can come to the same."""
    assert line.grade is not None
    marks = [line.grade.total, *(one.mark for one in line.grade.dimensions)]
    marks += [mark_of(one) for one in line.grade.items]
    return {
        repr(mark)[:9] for mark in marks if mark is not None and len(repr(mark)) > 9
    }


def test_the_marks_that_are_looked_for_can_be_told_apart(result: ClassResult) -> None:
    each = [_marks(line) for line in result.lines]
    assert sum(bool(one) for one in each) >= 4
    assert len(set().union(*each)) == sum(len(one) for one in each)


def test_each_report_has_the_groups_own_place(
    folder: ClassFolder, result: ClassResult
) -> None:
    for line in result.lines:
        text = (folder.group(line.group.folder) / "report.json").read_text("utf-8")
        total = Report.model_validate_json(text).places[0]
        assert (total.of, total.key) == ("total", "total")
        assert line.rank is not None
        assert total.higher == line.rank - 1
        assert total.lower + total.equal + total.higher == len(NAMES) - 1
        assert sum(total.bins) == len(NAMES)


def test_index_json_is_the_class_that_the_tables_show(
    folder: ClassFolder, result: ClassResult
) -> None:
    text = (folder.root / "index.json").read_text("utf-8")
    told = ClassReport.model_validate_json(text)
    assert told.result.lines == result.lines
    assert told.analysis.totals.graded == len(NAMES)
    page = (folder.root / "index.html").read_text("utf-8")
    for line in told.result.lines:
        assert line.grade is not None and line.grade.total is not None
        assert f">{numbers.mark(line.grade.total)}</span>" in page


def test_another_normalisation_gives_what_a_rubric_with_it_would(
    folder: ClassFolder,
) -> None:
    stored = open_class(folder.root)
    told = analysis.analyse(stored.folder, stored.mark(), stored.loaded)
    ranked = next(one for one in told.variants if one.id == "method.rank")
    text = stored.loaded.text.decode().replace("name:", "cohort: {method: rank}\nname:")
    other = stored.mark(rubric(text)).result
    expected = {
        line.group.name: line.grade.total if line.grade else None
        for line in other.lines
    }
    assert {one.group: one.total for one in ranked.lines} == expected
    assert {one.group: one.rank for one in ranked.lines} == {
        line.group.name: line.rank for line in other.lines
    }
    assert ranked.largest_change > 0


def test_the_class_without_a_class_is_the_alone_formulas(folder: ClassFolder) -> None:
    stored = open_class(folder.root)
    told = analysis.analyse(stored.folder, stored.mark(), stored.loaded)
    alone = next(one for one in told.variants if one.id == "alone")
    best = next(one for one in alone.lines if one.group == "Fir")
    assert best.total == 5.0


def test_the_tools_that_measured_are_counted(folder: ClassFolder) -> None:
    content = json.loads((folder.root / "index.json").read_text("utf-8"))
    assert all(one["groups"] <= len(NAMES) for one in content["analysis"]["tools"])


def test_the_pages_of_a_class_are_written_whole(folder: ClassFolder) -> None:
    names = {file.name for file in Path(folder.root).iterdir()}
    assert {"index.html", "index.md", "index.json", "scores.csv"} <= names
