"""The second stage for a class: marks from what its folder holds, and the files with them.

Nothing is measured, cloned or run here, so a class is marked again under another rubric in
the time it takes to read its numbers. Groups are read one by one: a class of any size needs
no more memory than its marks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.checkers._registry import Registry
from grader.engine.assemble import (
    Graded,
    assemble,
    maturity_of,
    quantities_of,
)
from grader.engine.conditions import rubric_facts
from grader.engine.decided import UNDECIDED, Decided
from grader.engine.items import by_item
from grader.engine.store import ClassFolder
from grader.model.classroom import ClassRecord, ClassResult, Group, GroupLine
from grader.model.cohort import Cohort
from grader.model.evidence import Evidence
from grader.model.measurement import Measured, Measurement
from grader.model.report import Report, SubmissionFacts
from grader.model.score import Grade
from grader.model.term import Entry
from grader.rubric.load import LoadedRubric
from grader.scoring.cohort import Class, cohort_of
from grader.scoring.course import course, own_runs
from grader.scoring.late import late_penalty
from grader.scoring.places import class_marks
from grader.scoring.ranks import ranks
from grader.scoring.totals import (
    UNADJUSTED,
    Adjustments,
    grade_measurements,
)

# The part of the rubric that a total must be over to be ranked.
RANKED_SHARE = 0.5


@dataclass(frozen=True)
class Marking:
    """A class that was marked: its result, and the class as numbers for others.

    `decided` is what people decided about it, which is in the result.
    """

    result: ClassResult
    cohort: Cohort
    against: Class
    decided: Decided = UNDECIDED


def mark_class(
    folder: ClassFolder,
    record: ClassRecord,
    loaded: LoadedRubric,
    registry: Registry,
    decided: Decided = UNDECIDED,
) -> Marking:
    """Mark every group of a class by one rubric, compared with the class itself.

    A group without a result has no grade, and is in no statistics. An item that the rubric
    asks for and nobody measured is ungraded.
    """
    rubric = loaded.rubric
    facts = rubric_facts(loaded)
    # An earlier result is not the one to mark once its group fails.
    graded = [group for group in record.groups if folder.trouble(group.folder) is None]

    def measurements() -> Iterator[dict[str, Measurement]]:
        for group in graded:
            if evidence := folder.light(group.folder):
                yield by_item(rubric.items, evidence)

    cohort = cohort_of(rubric, facts, measurements())
    against = Class(cohort, rubric.cohort, quantities_of(rubric, registry))
    lines = _ranked(
        [
            _line(folder, record, group, loaded, against, decided)
            for group in record.groups
        ]
    )
    titles = {
        item.key: item.title or registry.checkers[item.checker].title()
        for item in rubric.items
    } | {criterion.id: criterion.title for criterion in rubric.criteria}
    keys = tuple(key for one in rubric.dimensions for key in one.weights)
    result = ClassResult(
        record=record,
        rubric=facts,
        items=keys,
        titles={key: titles[key] for key in keys},
        dimensions={key: one.id for one in rubric.dimensions for key in one.weights},
        lines=lines,
    )
    return Marking(result, cohort, against, decided)


def _line(
    folder: ClassFolder,
    record: ClassRecord,
    group: Group,
    loaded: LoadedRubric,
    against: Class,
    decided: Decided,
) -> GroupLine:
    trouble = folder.trouble(group.folder)
    evidence = folder.light(group.folder) if trouble is None else None
    if evidence is None:
        return GroupLine(group=group, grade=None, trouble=trouble)
    deadline = evidence.deadline
    level = maturity_of(loaded.rubric, by_item(loaded.rubric.items, evidence))
    return GroupLine(
        group=group,
        maturity=level.level if level else None,
        grade=grade_group(evidence, record, group, loaded, against, decided),
        commit=evidence.repository.commit,
        commit_time=evidence.repository.commit_time,
        until=deadline.until if deadline else None,
        extension=deadline.extension if deadline else "",
        later_count=deadline.later_count if deadline else 0,
        signals=sum(
            len(one.outcome.signals)
            for one in evidence.measurements
            if isinstance(one.outcome, Measured)
        ),
    )


def grade_group(
    evidence: Evidence,
    record: ClassRecord,
    group: Group,
    loaded: LoadedRubric,
    against: Class | None,
    decided: Decided,
) -> Grade:
    """One group's grade, with what people decided about it.

    Without a class each item's `alone` formula counts.
    """
    return grade_measurements(
        loaded.rubric,
        by_item(loaded.rubric.items, evidence),
        against=against,
        adjustments=_adjustments(evidence, record, group, loaded, decided),
        absent="not-measured",
    )


def _adjustments(
    evidence: Evidence,
    record: ClassRecord,
    group: Group,
    loaded: LoadedRubric,
    decided: Decided,
) -> Adjustments:
    marks = decided.marks.get(group.name, {})
    penalties = tuple(decided.penalties.get(group.name, ()))
    claimed, rule = evidence.repository.commit_time, loaded.rubric.late
    if group.name in decided.late and record.deadline and claimed and rule:
        late = late_penalty(
            rule,
            datetime.fromisoformat(record.deadline),
            datetime.fromisoformat(claimed),
        )
        penalties = (*penalties, late) if late else penalties
    if not marks and not penalties:
        return UNADJUSTED
    return Adjustments(marks, penalties)


def _ranked(lines: Sequence[GroupLine]) -> tuple[GroupLine, ...]:
    """The lines with their ranks.

    An empty repository can have a good total over the little that there is to measure: below
    half of the rubric's weight a total is compared with nobody's.
    """
    places = ranks({line.group.name: _total(line) for line in lines})
    return tuple(
        line.model_copy(update={"rank": places.get(line.group.name)}) for line in lines
    )


def _total(line: GroupLine) -> float | None:
    if line.grade is None or line.grade.measured_share < RANKED_SHARE:
        return None
    return line.grade.total


def reports(
    folder: ClassFolder,
    marking: Marking,
    loaded: LoadedRubric,
    registry: Registry,
    entries: Sequence[Entry] = (),
) -> Iterator[tuple[Group, Report]]:
    """Each graded group's report, one at a time, with its own place in the class.

    `entries` are the class's runs over the term, this one last: a group's own course over
    them is in its report, unless it ends at another total than the one of this marking.
    """
    marks = class_marks(
        [
            (line.grade, line.rank is not None)
            for line in marking.result.lines
            if line.grade is not None
        ],
        marking.result.titles,
    )
    runs = own_runs(entries)
    for line in marking.result.lines:
        if line.grade is None:
            continue
        evidence = folder.load(line.group.folder)
        if evidence is None:
            continue
        report = assemble(
            Graded(
                evidence,
                by_item(loaded.rubric.items, evidence),
                line.grade,
                SubmissionFacts(
                    group=line.group.name,
                    members=line.group.members,
                    deadline=evidence.deadline,
                ),
            ),
            loaded,
            registry,
            marking.against,
        )
        places = marks.places(line.grade, is_ranked=line.rank is not None)
        points = course(runs.get(line.group.name, ()))
        if points and points[-1].total != line.grade.total:
            points = ()
        yield line.group, report.model_copy(update={"places": places, "course": points})
