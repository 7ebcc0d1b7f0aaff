"""What people decided about a class: kept in its folder, so that no run ever loses it.

    people/marks.csv        marks for the rubric's manual criteria
    people/overrides.yaml   marks instead of automatic ones, penalties, extensions

A run reads them and never writes them; only `--marks` and `--overrides` put other files there.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.engine.decided import Decided
from grader.engine.store import write_atomic
from grader.errors import GradeError
from grader.model.classroom import Group
from grader.model.score import Penalty
from grader.rubric.schema import Rubric
from grader.scoring.totals import Given
from grader.submissions.deadline import parse_moment
from grader.submissions.people import (
    Decisions,
    ManualMark,
    read_decisions,
    read_marks,
)

MARKS = Path("people/marks.csv")
OVERRIDES = Path("people/overrides.yaml")


def keep_people(
    root: Path,
    rubric: Rubric,
    groups: Sequence[Group],
    *,
    marks: Path | None,
    overrides: Path | None,
) -> None:
    """Put these files into a class's folder, once they are found to be in order.

    What stood there before is kept beside it. Raises `GradeError` with the mistakes.
    """
    if marks is not None:
        _marks(marks, rubric, groups)
        _keep(marks, root / MARKS)
    if overrides is not None:
        _decisions(overrides, _names(rubric), groups)
        _keep(overrides, root / OVERRIDES)


def _keep(file: Path, target: Path) -> None:
    content = file.read_bytes()
    if target.is_file() and target.read_bytes() != content:
        for number in range(1, 10_000):
            aside = target.with_name(f"{target.stem}.{number}{target.suffix}.old")
            if not aside.exists():
                write_atomic(aside, target.read_bytes())
                break
    if not target.is_file() or target.read_bytes() != content:
        write_atomic(target, content)


def decided_in(
    root: Path,
    rubric: Rubric,
    groups: Sequence[Group],
    other_items: Sequence[str] = (),
) -> Decided:
    """What the files in a class's folder say, as far as the rubric has the items.

    `other_items` are known too although the rubric lacks them. Raises `GradeError` with the
    mistakes and their lines.
    """
    known = _names(rubric)
    marks: dict[str, dict[str, Given]] = {group.name: {} for group in groups}
    penalties: dict[str, list[Penalty]] = {group.name: [] for group in groups}
    late: set[str] = set()
    if (root / MARKS).is_file():
        for mark in _marks(root / MARKS, rubric, groups, other_items):
            if mark.item in known:
                reason = mark.comment or "marked by hand"
                by = mark.by or MARKS.name
                marks[mark.group][mark.item] = Given(mark.mark, reason, by)
    if (root / OVERRIDES).is_file():
        decisions = _decisions(root / OVERRIDES, (*known, *other_items), groups)
        for one in decisions.overrides:
            if one.item in known:
                marks[one.group][one.item] = Given(one.mark, one.reason, one.by)
        for taken in decisions.penalties:
            penalties[taken.group].append(
                Penalty(points=taken.points, reason=taken.reason, by=taken.by)
            )
        late.update(one.group for one in decisions.extensions if one.is_late)
    return Decided(marks=marks, penalties=penalties, late=frozenset(late))


def longer_for(
    root: Path, rubric: Rubric, groups: Sequence[Group], timezone: str | None
) -> dict[str, tuple[datetime, str]]:
    """The groups that have another deadline than the class: until when, and why."""
    if not (root / OVERRIDES).is_file():
        return {}
    decisions = _decisions(root / OVERRIDES, _names(rubric), groups)
    return {
        one.group: (
            _moment(one.until, timezone, root / OVERRIDES, one.line),
            f"{one.reason} ({one.by})",
        )
        for one in decisions.extensions
    }


def _moment(text: str, timezone: str | None, file: Path, line: int) -> datetime:
    try:
        return parse_moment(text, timezone)
    except GradeError as error:
        raise GradeError(f"{file}:{line}: {error.message}", hint=error.hint) from error


def _names(rubric: Rubric) -> tuple[str, ...]:
    return tuple(key for one in rubric.dimensions for key in one.weights)


def _marks(
    file: Path,
    rubric: Rubric,
    groups: Sequence[Group],
    other_items: Sequence[str] = (),
) -> Sequence[ManualMark]:
    criteria = [criterion.id for criterion in rubric.criteria]
    names = [group.name for group in groups]
    return read_marks(file, [*criteria, *other_items], names)


def _decisions(file: Path, items: Sequence[str], groups: Sequence[Group]) -> Decisions:
    return read_decisions(file, items, [group.name for group in groups])
