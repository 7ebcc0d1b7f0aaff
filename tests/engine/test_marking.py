"""Marks from stored measurements: people's decisions, late hand-ins, another rubric."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.engine.decided import Decided
from grader.engine.items import catalogue
from grader.engine.marking import mark_class, reports
from grader.engine.store import ClassFolder
from grader.model.classroom import ClassRecord, ClassResult, Group
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Failed, Measured, Measurement, Outcome, Tool
from grader.model.report import DeadlineFacts, RepositoryFacts, RubricFacts
from grader.model.score import Decided as DecidedMark
from grader.model.score import ItemScore, Penalty, Ungraded
from grader.rubric.load import LoadedRubric, parse_rubric
from grader.rubric.schema import LateRule
from grader.scoring.late import late_penalty
from grader.scoring.rescoring import rescoring
from grader.scoring.totals import Given

RUBRIC = """\
name: A class
version: "1"
late: {points_per_day: 0.5, most: 2, grace_minutes: 15}
dimensions:
  - id: handling
    title: Handling
    items:
      - checker: error-handling
        score: min(10, try_blocks)
      - checker: config-paths
        score: relative(hardcoded_paths)
        alone: max(0, 10 - hardcoded_paths)
  - id: talk
    title: The talk
    manual:
      - {id: presentation, title: Presentation}
"""

ZEROS = {
    name: {quantity.name: 0 for quantity in installed().checkers[name].quantities}
    for name in ("error-handling", "config-paths")
}
DEADLINE = "2025-05-29T23:59:59+02:00"


def rubric(text: str = RUBRIC) -> LoadedRubric:
    return parse_rubric(text.encode(), "r.yaml", catalogue(installed()), folder=Path())


def measurement(
    checker: str, outcome: Outcome | None = None, **values: int
) -> Measurement:
    whole = outcome or Measured(values={**ZEROS[checker], **values})
    return Measurement(checker=checker, outcome=whole)


def evidence(
    name: str, tries: int, paths: int | None, claimed: str = "2025-05-29T20:00:00+00:00"
) -> Evidence:
    failed = Failed(reason="it crashed") if paths is None else None
    return Evidence(
        group=name,
        generator=Tool(name="mlops-grade", version="1"),
        measured_at="2025-05-30T10:00:00+00:00",
        python="3.11",
        platform="Linux",
        isolation="none",
        content="c",
        plan="p",
        repository=RepositoryFacts(
            name=name,
            source="/r",
            commit="a" * 40,
            uncommitted=False,
            files=1,
            python_files=1,
            source_files=1,
            lines=3,
            left_out=(),
            commit_time=claimed,
        ),
        environment=None,
        deadline=DeadlineFacts(until=DEADLINE, claimed=claimed, later_count=2),
        measurements=(
            measurement("error-handling", try_blocks=tries),
            measurement("config-paths", failed, hardcoded_paths=paths or 0),
        ),
    )


@pytest.fixture
def folder(tmp_path: Path) -> ClassFolder:
    """Three groups with results and one that could not be cloned."""
    folder = ClassFolder(tmp_path / "class")
    folder.save("one", evidence("one", tries=2, paths=0))
    folder.save("two", evidence("two", tries=8, paths=4))
    folder.save("three", evidence("three", tries=4, paths=None))
    trouble = Trouble(group="four", cause="private-or-gone", reason="not found")
    folder.save_trouble("four", trouble)
    return folder


def record() -> ClassRecord:
    return ClassRecord(
        run="r",
        generator=Tool(name="mlops-grade", version="1"),
        started_at="2025-05-30T10:00:00+00:00",
        rubric=RubricFacts(name="A class", version="1", digest="d"),
        rubric_folder="/",
        deadline=DEADLINE,
        groups=tuple(
            Group(name=name, folder=name, source="/r")
            for name in ("one", "two", "three", "four")
        ),
    )


def marked(folder: ClassFolder, decided: Decided, text: str = RUBRIC) -> ClassResult:
    return mark_class(folder, record(), rubric(text), installed(), decided).result


def test_what_nobody_decided_waits_and_what_failed_is_in_no_statistic(
    folder: ClassFolder,
) -> None:
    marking = mark_class(folder, record(), rubric(), installed())
    (compared,) = marking.cohort.items
    assert compared.values == {"hardcoded_paths": (0, 4)}
    one, two, three, four = marking.result.lines
    assert one.grade and two.grade and three.grade and four.grade is None
    assert one.grade.total == pytest.approx((2 + 10) / 2)
    assert two.grade.total == pytest.approx((8 + 0) / 2)
    assert three.grade.total == pytest.approx(4)
    # A quarter of the rubric is not enough for a place among the others.
    assert [line.rank for line in marking.result.lines] == [1, 2, None, None]
    assert {cause.cause for cause in three.grade.provisional} == {
        "ungraded",
        "unmarked",
    }
    assert four.trouble is not None
    assert one.later_count == 2


def test_what_people_decided_counts_and_the_automatic_mark_stays(
    folder: ClassFolder,
) -> None:
    decided = Decided(
        marks={
            "three": {
                "config-paths": Given(9.0, "Read by hand.", "A. Teacher"),
                "presentation": Given(6.0, "Clear.", "B. Teacher"),
            }
        },
        penalties={"one": [Penalty(points=1, reason="No talk.", by="A. Teacher")]},
    )
    one, _, three, _ = marked(folder, decided).lines
    assert three.grade is not None and one.grade is not None
    assert three.grade.total == pytest.approx(((4 + 9) / 2 + 6) / 2)
    assert three.grade.is_final
    by_item = {result.item: result for result in three.grade.items}
    corrected = by_item["config-paths"]
    assert isinstance(corrected, DecidedMark)
    assert isinstance(corrected.automatic, Ungraded)
    assert three.grade.automatic_total == pytest.approx(4)
    assert one.grade.total == pytest.approx(6 - 1)
    assert one.grade.automatic_total == pytest.approx(6)
    assert one.grade.is_adjusted


def test_late_with_leave_costs_what_the_rubric_says(folder: ClassFolder) -> None:
    folder.save("two", evidence("two", 8, 4, claimed="2025-05-31T20:00:00+00:00"))
    _, two, *_ = marked(folder, Decided(late=frozenset({"two"}))).lines
    assert two.grade is not None
    (penalty,) = two.grade.penalties
    assert penalty.points == 1.0
    assert two.grade.total == pytest.approx(4 - 1)
    # The same commit, and nobody said that lateness costs this group anything.
    _, two, *_ = marked(folder, Decided()).lines
    assert two.grade is not None and two.grade.penalties == ()


@pytest.mark.parametrize(
    ("late", "points"),
    [
        (timedelta(minutes=-5), None),
        (timedelta(0), None),
        (timedelta(minutes=15), None),
        (timedelta(minutes=16), 0.5),
        (timedelta(hours=24), 0.5),
        (timedelta(hours=24, seconds=1), 1.0),
        (timedelta(days=40), 2.0),
    ],
)
def test_each_day_begun_counts_up_to_the_most(
    late: timedelta, points: float | None
) -> None:
    rule = LateRule(points_per_day=0.5, most=2, grace_minutes=15)
    deadline = datetime(2025, 5, 29, 21, 59, 59, tzinfo=UTC)
    found = late_penalty(rule, deadline, deadline + late)
    assert (found.points if found else None) == points


def test_reports_are_of_the_groups_with_a_result_and_name_only_them(
    folder: ClassFolder,
) -> None:
    loaded = rubric()
    marking = mark_class(folder, record(), loaded, installed())
    found = dict(reports(folder, marking, loaded, installed()))
    assert [group.name for group in found] == ["one", "two", "three"]
    for group, report in found.items():
        assert report.submission is not None
        assert report.submission.group == group.name
        others = {one.name for one in found} - {group.name}
        assert not any(f'"{name}"' in report.model_dump_json() for name in others)
        manual = [one.id for one in report.manual]
        assert manual == ["presentation"]


def test_another_rubric_shows_whose_mark_changes_and_through_what(
    folder: ClassFolder,
) -> None:
    text = RUBRIC.replace("min(10, try_blocks)", "min(10, 2 * try_blocks)")
    text = text.replace(
        "relative(hardcoded_paths)", "5 * relative(hardcoded_paths) / 10"
    )
    before, after = marked(folder, Decided()), marked(folder, Decided(), text)
    found = rescoring(before, rubric().rubric, after, rubric(text).rubric)
    shifts = {shift.group: shift for shift in found.shifts}
    assert shifts["one"].change == pytest.approx((4 + 5) / 2 - 6)
    assert shifts["three"].change == pytest.approx(4)
    assert (shifts["one"].rank_before, shifts["one"].rank_after) == (1, 2)
    assert (shifts["two"].rank_before, shifts["two"].rank_after) == (2, 1)
    first = shifts["three"].items[0]
    assert (first.item, first.before, first.after) == ("error-handling", 4, 8)
    assert first.points == pytest.approx(4)
    assert not shifts["four"].is_changed
    assert [shift.group for shift in found.changed][0] == "three"
    for shift in found.shifts:
        parts = sum(one.points for one in shift.items)
        assert parts == pytest.approx(shift.change)


def test_what_the_new_rubric_needs_and_nobody_measured_is_named(
    folder: ClassFolder,
) -> None:
    text = RUBRIC.replace(
        "  - id: talk", "      - {checker: lint, score: 10 - violations}\n  - id: talk"
    )
    before, after = marked(folder, Decided()), marked(folder, Decided(), text)
    found = rescoring(before, rubric().rubric, after, rubric(text).rubric)
    assert found.not_measured == ("lint",)
    one = after.lines[0].grade
    assert one is not None
    assert [p.items for p in one.provisional if p.cause == "not-measured"] == [
        ("lint",)
    ]
    # It takes its weight out: it is no 0.
    assert one.total == pytest.approx(6)


def test_nothing_changes_under_the_same_rubric(folder: ClassFolder) -> None:
    same = marked(folder, Decided())
    assert rescoring(same, rubric().rubric, same, rubric().rubric).changed == ()


def test_a_cohort_at_home_gives_the_mark_of_the_class(folder: ClassFolder) -> None:
    from grader.model.cohort import Cohort
    from grader.scoring.cohort import Class
    from grader.scoring.totals import grade_measurements

    marking = mark_class(folder, record(), rubric(), installed())
    text = marking.cohort.model_dump_json()
    assert not any(name in text for name in ("one", "two", "three"))
    cohort = Cohort.model_validate_json(text, strict=True)
    against = Class(cohort, rubric().rubric.cohort, marking.against.quantities)
    two = evidence("two", 8, 4)
    measured = {one.checker: one for one in two.measurements}
    at_home = grade_measurements(rubric().rubric, measured, against=against)
    line = marking.result.lines[1]
    assert line.grade is not None
    assert at_home == line.grade
    scored = [one for one in at_home.items if isinstance(one, ItemScore)]
    assert not any(one.is_alone for one in scored)
