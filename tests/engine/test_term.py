"""The runs of a class over the term: one whole file each, and none believed that is not."""

import json
from pathlib import Path

import pytest

from grader.engine import batch, publish
from grader.engine.classroom import grade_class
from grader.engine.store import ClassFolder
from grader.engine.term import HISTORY, Term, keep, read_term
from grader.model.classroom import Group
from grader.model.term import Entry
from tests.engine.test_batch import Recorded, request_for
from tests.scoring.test_course import entry, marks

BODY = "try:\n    open('/data/x.csv')\nexcept OSError:\n    raise\n"


def files(root: Path) -> list[str]:
    return sorted(file.name for file in (root / HISTORY).iterdir())


def test_a_run_is_a_file_of_its_date_that_reads_back_the_same(tmp_path: Path) -> None:
    first, second = (entry(day, {"a": marks(day, None, 1)}) for day in (1, 2))
    keep(tmp_path, second)
    keep(tmp_path, first)
    assert read_term(tmp_path).entries == (first, second)
    assert files(tmp_path)[0] == "2025-05-01T18-00-00Z-00000000.json"
    [move] = read_term(tmp_path).moves_of(second.run).totals  # type: ignore[union-attr]
    assert move.group == "a"
    assert read_term(tmp_path).moves_of(first.run) is None


def test_an_entry_is_small(tmp_path: Path) -> None:
    names = {f"group {number}": marks(1 / 3, 20 / 3, 7 / 9) for number in range(100)}
    keep(tmp_path, entry(1, names))
    [file] = (tmp_path / HISTORY).iterdir()
    assert file.stat().st_size < 400 * len(names)


def test_a_run_gone_on_with_is_one_entry_and_a_marking_anew_another(
    tmp_path: Path,
) -> None:
    first = entry(1, {"a": marks(1, 1, 1)})
    again = first.model_copy(update={"when": "2025-05-01T19:00:00+00:00"})
    remark = first.model_copy(
        update={"when": "2025-05-03T19:00:00+00:00", "is_remark": True}
    )
    for one in (first, again, remark):
        keep(tmp_path, one)
    assert read_term(tmp_path).entries == (again, remark)
    assert len(files(tmp_path)) == 2


def test_a_run_whose_earlier_file_was_left_is_still_one_entry(tmp_path: Path) -> None:
    first = entry(1, {"a": marks(1, 1, 1)})
    keep(tmp_path, first)
    left = (tmp_path / HISTORY / files(tmp_path)[0]).read_bytes()
    again = first.model_copy(update={"when": "2025-05-01T19:00:00+00:00"})
    keep(tmp_path, again)
    (tmp_path / HISTORY / "2025-05-01T18-00-00Z-00000000.json").write_bytes(left)
    assert read_term(tmp_path).entries == (again,)


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw.replace(b'"total":1.0', b'"total":9.0'),
    ],
    ids=["cut", "empty", "changed"],
)
def test_a_torn_file_is_set_aside_and_named_and_never_believed(
    tmp_path: Path, harm: object
) -> None:
    assert callable(harm)
    whole, other = (entry(day, {"a": marks(1, 1, 1)}) for day in (1, 2))
    keep(tmp_path, whole)
    keep(tmp_path, other)
    file = tmp_path / HISTORY / files(tmp_path)[1]
    raw = file.read_bytes()
    file.write_bytes(harm(raw))
    assert file.read_bytes() != raw
    for _ in range(2):
        term = read_term(tmp_path)
        assert term.entries == (whole,)
        assert term.unread == (f"{file.name}.1.bad",)


def test_a_file_of_a_newer_version_is_named_and_left_alone(tmp_path: Path) -> None:
    from grader.engine.store import sealed

    keep(tmp_path, entry(1, {"a": marks(1, 1, 1)}))
    newer = tmp_path / HISTORY / "2025-06-01T00-00-00Z-ffffffff.json"
    newer.write_bytes(sealed('{"schema_version":2}'))
    term = read_term(tmp_path)
    assert len(term.entries) == 1
    assert term.unread == (newer.name,)
    assert newer.exists()


def test_runs_are_kept_and_each_report_has_its_own_course_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = []
    for number, name in enumerate(("Aardvark", "Bumblebee", "Capybara")):
        home = tmp_path / "clones" / f"{number}"
        home.mkdir(parents=True)
        (home / "main.py").write_text("import os\n" + BODY * (number + 1))
        groups.append(Group(name=name, folder=f"g{number}", source=str(home)))
    folder = ClassFolder(tmp_path / "class")

    def stopped(_: ClassFolder, __: object) -> None:
        raise KeyboardInterrupt

    # Stopped once the entry was written, before the run is said to have ended.
    with monkeypatch.context() as patched:
        patched.setattr(publish, "keep", stopped)
        with pytest.raises(KeyboardInterrupt):
            grade_class(request_for(groups), folder, Recorded())
    assert read_term(folder.root).entries == ()

    def stopped_after(root: Path, one: Entry) -> None:
        keep(root, one)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "keep", stopped_after)
        with pytest.raises(KeyboardInterrupt):
            grade_class(request_for(groups), folder, Recorded())
    grade_class(request_for(groups), folder, Recorded())
    assert len(read_term(folder.root).entries) == 1
    report = json.loads((folder.root / "groups/g0/report.json").read_text())
    assert report["course"] == []

    (tmp_path / "clones/0/main.py").write_text("import os\n" + BODY * 4)
    # Within the same second, as a rule: which was first is told all the same.
    result = grade_class(request_for(groups), folder, Recorded())
    term = read_term(folder.root)
    assert len(term.entries) == 2
    moves = term.moves_of(result.record.run)
    assert moves is not None and moves == term.moves_to(term.entries[-1])
    assert "Aardvark" in [one.group for one in moves.totals]
    totals = {line.group.name: line.grade for line in result.lines}
    for one in groups:
        home = folder.root / "groups" / one.folder
        report = json.loads((home / "report.json").read_text("utf-8"))
        kept = [g for e in term.entries for g in e.groups if g.name == one.name]
        assert [p["total"] for p in report["course"]] == [k.total for k in kept]
        grade = totals[one.name]
        assert grade is not None and report["course"][-1]["total"] == grade.total
        for file in home.glob("report.*"):
            text = file.read_text("utf-8")
            assert "ourse" in text
            assert not [o.name for o in groups if o != one and o.name in text]


def test_a_clock_that_was_set_back_tells_no_move_the_wrong_way_round() -> None:
    late, early = (entry(day, {"a": marks(day, 1, 1)}) for day in (9, 2))
    term = Term(()).with_entry(late).with_entry(early)
    assert term.moves_to(early) is None
    forward = term.moves_to(late)
    assert forward is not None
    assert forward.before.when == early.when


def test_a_clock_set_back_between_two_runs_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "clones" / "one"
    home.mkdir(parents=True)
    (home / "main.py").write_text("import os\n" + BODY)
    groups = [Group(name="one", folder="one", source=str(home))]
    folder = ClassFolder(tmp_path / "class")
    for when in ("2030-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00"):
        with monkeypatch.context() as patched:
            patched.setattr(batch, "_now", lambda said=when: said)
            result = grade_class(request_for(groups), folder, Recorded())
        assert result.record.finished_at == when
        assert result.lines[0].grade is not None
    assert [one.when[:4] for one in read_term(folder.root).entries] == ["2020", "2030"]
    told = json.loads((folder.root / "index.json").read_text())
    assert told["moves"] is None
