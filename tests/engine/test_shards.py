"""A class in parts: together they are the class, and parts of another ruler are refused."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from grader.engine.batch import ClassRequest
from grader.engine.classroom import grade_class
from grader.engine.shards import Part, measure_part, merge_parts, parse_shard
from grader.engine.store import ClassFolder
from grader.engine.stored import open_class
from grader.errors import GradeError
from grader.model.classroom import ClassRecord, Group, Shard
from grader.model.evidence import Evidence
from grader.model.measurement import Measured, Tool
from tests.engine.test_batch import Recorded, clones, request_for

TABLES = ("scores.csv", "items.csv", "cohort.json")


@dataclass(frozen=True)
class TwiceMeasured:
    """A class measured whole, and the same class measured in two parts."""

    groups: tuple[Group, ...]
    whole: Path
    parts: tuple[Path, ...]
    told: tuple[Part, ...]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> TwiceMeasured:
    place = tmp_path_factory.mktemp("class")
    gone = Group(name="gone", folder="gone", source=str(place / "nowhere"))
    whole = (*clones(place), gone)
    grade_class(request_for(whole), ClassFolder(place / "whole"), Recorded())
    parts, told = [], []
    for number in (1, 2):
        parts.append(place / f"part {number}")
        request = of_part(whole, Shard(number=number, of=2))
        told.append(measure_part(request, ClassFolder(parts[-1]), Recorded()))
    return TwiceMeasured(whole, place / "whole", tuple(parts), tuple(told))


def of_part(groups: Sequence[Group], shard: Shard) -> ClassRequest:
    return replace(request_for(groups), shard=shard)


@pytest.fixture
def parts(measured: TwiceMeasured, tmp_path: Path) -> tuple[Path, ...]:
    """The parts, for a test to change."""
    return tuple(
        Path(shutil.copytree(part, tmp_path / part.name)) for part in measured.parts
    )


def test_the_parts_together_are_the_undivided_class(
    measured: TwiceMeasured, tmp_path: Path
) -> None:
    output = tmp_path / "class"
    merged = merge_parts(measured.parts[::-1], output, is_partial=False)
    assert merged.missing == ()
    for name in TABLES:
        assert (output / name).read_bytes() == (measured.whole / name).read_bytes()
    here, there = ClassFolder(measured.whole), ClassFolder(output)
    for group in measured.groups[:4]:
        ours, theirs = here.load(group.folder), there.load(group.folder)
        assert ours is not None and theirs is not None
        assert [one.outcome for one in theirs.measurements] == [
            one.outcome for one in ours.measurements
        ]
        assert (there.group(group.folder) / "report.html").is_file()
    trouble = there.trouble("gone")
    assert trouble is not None and "nothing at" in trouble.reason
    record = there.record()
    assert record is not None
    assert (record.shard, record.finished_at is None) == (None, False)
    assert {evidence_of(there, group).run for group in measured.groups[:4]} == {
        record.run
    }


def evidence_of(folder: ClassFolder, group: Group) -> Evidence:
    found = folder.light(group.folder)
    assert found is not None
    return found


def test_a_part_has_every_nth_group_and_neither_marks_nor_tables(
    measured: TwiceMeasured,
) -> None:
    names = [[group.name for group in part.groups] for part in measured.told]
    assert names == [["team 0", "team 2", "gone"], ["team 1", "team 3"]]
    assert [tuple(part.troubles) for part in measured.told] == [("gone",), ()]
    for root in measured.parts:
        made = {file.name for file in root.rglob("*") if file.is_file()}
        assert made - {".lock"} == {
            *("class.json", "rubric.yaml", "result.json", "findings.json"),
            *(["trouble.json"] if root.name == "part 1" else []),
        }
        with pytest.raises(GradeError, match="of a class: marks may depend"):
            open_class(root)


def test_merging_again_changes_no_byte_of_results_and_tables(
    measured: TwiceMeasured, tmp_path: Path
) -> None:
    output = tmp_path / "class"

    def bytes_of() -> dict[str, bytes]:
        merge_parts(measured.parts, output, is_partial=False)
        return {
            str(file): file.read_bytes()
            for file in output.rglob("*")
            if file.is_file() and file.suffix in (".json", ".csv", ".html")
        }

    assert bytes_of() == bytes_of()


def test_a_part_goes_on_where_it_stopped(
    measured: TwiceMeasured, parts: tuple[Path, ...]
) -> None:
    folder = ClassFolder(parts[1])
    record = folder.record()
    assert record is not None
    folder.save_record(
        record.model_copy(update={"finished_at": None, "duration_s": None})
    )
    (folder.group("team-1") / "result.json").unlink()
    watch = Recorded()
    measure_part(of_part(measured.groups, Shard(number=2, of=2)), folder, watch)
    assert (watch.done, watch.graded) == (1, ["team 1"])


def test_a_folder_holds_one_part_only(
    measured: TwiceMeasured, parts: tuple[Path, ...], tmp_path: Path
) -> None:
    whole = Path(shutil.copytree(measured.whole, tmp_path / "whole"))
    for root, held in ((parts[0], "part 1/2"), (whole, "a whole class")):
        before = (root / "class.json").read_bytes()
        with pytest.raises(GradeError, match=f"holds {held}, not part 2/2"):
            measure_part(
                of_part(measured.groups, Shard(number=2, of=2)),
                ClassFolder(root),
                Recorded(),
            )
        assert (root / "class.json").read_bytes() == before


def test_a_part_of_some_groups_only_is_refused(
    measured: TwiceMeasured, tmp_path: Path
) -> None:
    request = of_part(measured.groups, Shard(number=1, of=2))
    for more in (replace(request, limit=1), replace(request, only_groups=("gone",))):
        with pytest.raises(GradeError, match="--shard goes with neither"):
            measure_part(more, ClassFolder(tmp_path / "part"), Recorded())


def test_a_missing_part_is_named_and_partial_leaves_its_groups_without_a_mark(
    measured: TwiceMeasured, tmp_path: Path
) -> None:
    output = tmp_path / "class"
    with pytest.raises(GradeError, match="part 2/2 is missing") as refused:
        merge_parts(measured.parts[:1], output, is_partial=False)
    assert "--partial" in refused.value.hint
    assert not output.exists()
    merged = merge_parts(measured.parts[:1], output, is_partial=True)
    assert merged.missing == ("team 1", "team 3")
    lines = {line.group.name: line for line in merged.result.lines}
    assert lines["team 0"].grade is not None
    for name in merged.missing:
        assert lines[name].grade is None
        assert "not graded yet" in lines[name].trouble.reason  # type: ignore[union-attr]
    whole = merge_parts(measured.parts, output, is_partial=False)
    assert whole.missing == ()
    for name in TABLES:
        assert (output / name).read_bytes() == (measured.whole / name).read_bytes()


def test_what_an_earlier_run_left_of_a_group_is_not_taken_for_a_result(
    measured: TwiceMeasured, parts: tuple[Path, ...], tmp_path: Path
) -> None:
    folder = ClassFolder(parts[1])
    old = evidence_of(folder, measured.groups[3])
    folder.save("team-3", old.model_copy(update={"run": "an earlier one"}))
    with pytest.raises(GradeError, match='"team 3"'):
        merge_parts(parts, tmp_path / "class", is_partial=False)


def test_a_torn_result_is_named_and_not_merged(
    parts: tuple[Path, ...], tmp_path: Path
) -> None:
    file = ClassFolder(parts[1]).group("team-3") / "findings.json"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(GradeError, match='"team 3"'):
        merge_parts(parts, tmp_path / "class", is_partial=False)
    merged = merge_parts(parts, tmp_path / "class", is_partial=True)
    assert merged.missing == ("team 3",)


RECORDS: dict[str, Callable[[ClassRecord], ClassRecord]] = {
    "deadline": lambda one: one.model_copy(
        update={"deadline": "2025-05-29T23:59:00+02:00"}
    ),
    "time zone": lambda one: one.model_copy(update={"timezone": "Europe/Madrid"}),
    "rubric": lambda one: one.model_copy(
        update={"rubric": one.rubric.model_copy(update={"digest": "0" * 64})}
    ),
    "list": lambda one: one.model_copy(update={"groups": one.groups[::-1]}),
    "program": lambda one: one.model_copy(
        update={"generator": Tool(name="mlops-grade", version="0.0.1")}
    ),
    "isolation": lambda one: one.model_copy(update={"isolation": "another"}),
    "number of parts": lambda one: one.model_copy(
        update={"shard": Shard(number=2, of=3)}
    ),
}


@pytest.mark.parametrize("what", RECORDS)
def test_parts_of_another_run_are_refused_with_what_differs_and_where(
    parts: tuple[Path, ...], tmp_path: Path, what: str
) -> None:
    folder = ClassFolder(parts[1])
    record = folder.record()
    assert record is not None
    folder.save_record(RECORDS[what](record))
    with pytest.raises(GradeError, match="do not make one class") as refused:
        merge_parts(parts, tmp_path / "class", is_partial=True)
    assert f"{parts[1]} (part 2/" in refused.value.message
    assert f": {what}: " in refused.value.message
    assert not (tmp_path / "class").exists()


def changed(evidence: Evidence, what: str) -> Evidence:
    first, *rest = evidence.measurements
    match what:
        case "pylint (":
            tools = (Tool(name="pylint", version="0.1"),)
            first = first.model_copy(update={"tools": tools})
        case "checks":
            rest = []
        case "options":
            return evidence.model_copy(update={"plan": "another plan"})
        case _:
            return evidence.model_copy(update={"python": "3.99.0"})
    return evidence.model_copy(update={"measurements": (first, *rest)})


@pytest.mark.parametrize("what", ["pylint (", "checks", "options", "Python"])
def test_results_of_other_tools_or_conditions_are_refused(
    parts: tuple[Path, ...], tmp_path: Path, what: str
) -> None:
    for root, folder, version in ((parts[0], "team-0", "1"), (parts[1], "team-3", "2")):
        stored = ClassFolder(root)
        found = stored.load(folder)
        assert found is not None
        if what == "pylint (":
            tools = (Tool(name="pylint", version=version),)
            first = found.measurements[0].model_copy(update={"tools": tools})
            found = found.model_copy(
                update={"measurements": (first, *found.measurements[1:])}
            )
        elif version == "2":
            found = changed(found, what)
        stored.save(folder, found)
    with pytest.raises(GradeError, match="do not make one class") as refused:
        merge_parts(parts, tmp_path / "class", is_partial=False)
    assert f"(part 2/2): {what}" in refused.value.message


def test_the_same_part_twice_is_fine_unless_its_results_differ(
    parts: tuple[Path, ...], tmp_path: Path
) -> None:
    twice = Path(shutil.copytree(parts[1], tmp_path / "again"))
    output = tmp_path / "class"
    assert merge_parts((*parts, twice), output, is_partial=False).missing == ()
    folder = ClassFolder(twice)
    found = folder.load("team-3")
    assert found is not None
    first = found.measurements[0]
    assert isinstance(first.outcome, Measured)
    values = {name: value + 1 for name, value in first.outcome.values.items()}
    outcome = first.outcome.model_copy(update={"values": values})
    more = (first.model_copy(update={"outcome": outcome}), *found.measurements[1:])
    folder.save("team-3", found.model_copy(update={"measurements": more}))
    with pytest.raises(GradeError, match='"team 3" has another result in'):
        merge_parts((*parts, twice), output, is_partial=False)


def test_what_people_decided_is_taken_when_the_parts_agree(
    parts: tuple[Path, ...], tmp_path: Path
) -> None:
    decided = (
        "overrides:\n  - {group: team 0, item: config-paths, mark: 7, reason: agreed, "
        "by: R. Grader}\n"
    )
    (parts[0] / "people").mkdir()
    (parts[0] / "people" / "overrides.yaml").write_text(decided)
    with pytest.raises(GradeError, match=r"people/overrides\.yaml: "):
        merge_parts(parts, tmp_path / "class", is_partial=False)
    shutil.copytree(parts[0] / "people", parts[1] / "people")
    merged = merge_parts(parts, tmp_path / "class", is_partial=False)
    line = next(one for one in merged.result.lines if one.group.name == "team 0")
    assert line.grade is not None and line.grade.is_adjusted
    assert (tmp_path / "class" / "people" / "overrides.yaml").read_text() == decided


def test_what_is_no_part_is_refused(measured: TwiceMeasured, tmp_path: Path) -> None:
    for root, words in (
        (measured.whole, "is a whole class"),
        (tmp_path / "nowhere", "is no part of a class"),
    ):
        with pytest.raises(GradeError, match=words):
            merge_parts((root,), tmp_path / "class", is_partial=True)
    with pytest.raises(GradeError, match="needs a folder of its own"):
        merge_parts(measured.parts, measured.parts[0], is_partial=True)


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "a/b", "-1/4", "1/4/2"])
def test_what_names_no_part_is_refused(text: str) -> None:
    with pytest.raises(GradeError, match="is no part"):
        parse_shard(text)


def test_every_group_is_in_exactly_one_part() -> None:
    groups = tuple(Group(name=str(n), folder=str(n), source=f"/{n}") for n in range(11))
    for of in (1, 2, 3, 4, 11, 12):
        parts = [Shard(number=n, of=of).its(groups) for n in range(1, of + 1)]
        named = sorted(int(group.name) for part in parts for group in part)
        assert named == list(range(11))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parse_shard("2/4") == Shard(number=2, of=4)
