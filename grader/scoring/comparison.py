"""Compares two reports: what the change of the total is made of, item by item."""

from collections.abc import Mapping, Sequence, Set
from math import fsum

from grader.model.comparison import (
    Comparison,
    Difference,
    ItemChange,
    NumberChange,
    Side,
)
from grader.model.measurement import Measured, Measurement
from grader.model.report import ManualCheck, Report, ReportCheck
from grader.model.score import (
    ROUNDING,
    Decided,
    ItemResult,
    ItemScore,
    Ungraded,
    mark_of,
)
from grader.scoring.circumstances import differences
from grader.scoring.matching import Moved, unmatched, without_digits


def compare(before: Report, after: Report) -> Comparison:
    """What changed from one report to the other; of the same report twice, nothing."""
    sides = (_Marks(before), _Marks(after))
    keys = dict.fromkeys((*sides[1].rows, *sides[0].rows))
    items = tuple(_item(key, *sides) for key in keys)
    change = by_penalties = None
    if before.grade.total is not None and after.grade.total is not None:
        change = after.grade.total - before.grade.total
        by_penalties = sides[1].taken - sides[0].taken
    return Comparison(
        before=_side(before),
        after=_side(after),
        differences=(*differences(before, after, items), *_arithmetic(*sides)),
        change=change,
        by_marks=_sum([one.by_mark for one in items]),
        by_weights=_sum([one.by_weight for one in items]),
        by_penalties=by_penalties,
        items=items,
        penalties_before=before.grade.penalties,
        penalties_after=after.grade.penalties,
    )


def adds_up(report: Report) -> bool:
    """Whether a report's total is what its marks come to: else somebody changed the file."""
    return _Marks(report).adds_up


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return fsum(known) if len(known) == len(parts) else None


Row = ReportCheck | ManualCheck


class _Marks:
    """One report, with each graded item's part of the total.

    `untouched` is what the marks come to before penalties, `taken` what those changed.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.rows: dict[str, Row] = {row.id: row for row in report.checks}
        self.rows |= {row.id: row for row in report.manual}
        graded = {
            key: (row.weight_share, mark)
            for key, row in self.rows.items()
            if (mark := mark_of(row.result)) is not None
        }
        whole = fsum(share for share, _ in graded.values())
        self.parts: dict[str, float] = {
            key: share / whole if whole else 0.0 for key, (share, _) in graded.items()
        }
        self.untouched = fsum(self.parts[k] * mark for k, (_, mark) in graded.items())
        lost = fsum(penalty.points for penalty in report.grade.penalties)
        self.total = max(0.0, self.untouched - lost) if whole else None
        self.taken = (self.total or 0.0) - self.untouched

    @property
    def adds_up(self) -> bool:
        """Whether the total is what the marks come to: else somebody changed the file."""
        stated = self.report.grade.total
        if stated is None or self.total is None:
            return stated == self.total
        return abs(stated - self.total) < 1e-6

    def mark(self, key: str) -> float | None:
        row = self.rows.get(key)
        return mark_of(row.result) if row else None

    def measured(self, key: str) -> Measured | None:
        measurement = self.measurement(key)
        outcome = measurement.outcome if measurement else None
        return outcome if isinstance(outcome, Measured) else None

    def measurement(self, key: str) -> Measurement | None:
        row = self.rows.get(key)
        return row.measurement if isinstance(row, ReportCheck) else None

    def quantities(self, key: str) -> dict[str, tuple[str, int | float]]:
        """Every measured number of an item with its unit, by name."""
        row = self.rows.get(key)
        if not isinstance(row, ReportCheck):
            return {}
        return {line.name: (line.unit, line.value) for line in row.quantities}


def _side(report: Report) -> Side:
    repository, grade = report.repository, report.grade
    return Side(
        name=report.submission.group if report.submission else repository.name,
        source=repository.source,
        commit=repository.commit,
        uncommitted=repository.uncommitted,
        graded_at=report.graded_at,
        generator=report.generator,
        rubric=report.rubric,
        total=grade.total,
        measured_share=grade.measured_share,
        is_final=grade.is_final,
    )


def _item(key: str, old: _Marks, new: _Marks) -> ItemChange:
    row = new.rows.get(key) or old.rows[key]
    was, now = old.rows.get(key), new.rows.get(key)
    by_mark, by_weight = _points(key, old, new)
    numbers: tuple[NumberChange, ...] = ()
    findings: Moved = ((), ())
    looks: Moved = ((), ())
    if _checker(was) == _checker(now):
        used = {*_used(was), *_used(now)}
        numbers = _numbers(old.quantities(key), new.quantities(key), used)
        facts = (old.measured(key), new.measured(key))
        # Where one report couldn't measure, nothing is known to have come or gone.
        if facts[0] and facts[1]:
            findings = unmatched(facts[0].findings, facts[1].findings)
            looks = unmatched(facts[0].signals, facts[1].signals)
    notes = _notes(key, old, new)
    shares = (was.weight_share if was else 0.0, now.weight_share if now else 0.0)
    found = (numbers, *findings, *looks, notes)
    return ItemChange(
        item=key,
        title=row.title,
        dimension=row.dimension,
        before=was.result if was else None,
        after=now.result if now else None,
        share_before=shares[0],
        share_after=shares[1],
        by_mark=by_mark,
        by_weight=by_weight,
        numbers=numbers,
        came=findings[0],
        went=findings[1],
        looks_came=looks[0],
        looks_went=looks[1],
        notes=notes,
        is_changed=any(found)
        or abs(shares[0] - shares[1]) > ROUNDING
        or _gist(was) != _gist(now),
    )


def _used(row: Row | None) -> Set[str]:
    """The numbers that the formula used."""
    result = row.result if row else None
    score = result.automatic if isinstance(result, Decided) else result
    return score.trace.inputs.keys() if isinstance(score, ItemScore) else frozenset()


def _checker(row: Row | None) -> str | None:
    return row.checker if isinstance(row, ReportCheck) else None


def _gist(row: Row | None) -> tuple[object, ...]:
    """What of a result a reader sees as the same: not how a formula came to a mark."""
    match row.result if row else None:
        case None:
            return ()
        case ItemScore(mark=mark, is_alone=is_alone):
            return "scored", mark, is_alone
        case Ungraded(cause=cause, reason=reason):
            # The same failure again took another time, in another folder.
            return "ungraded", cause, without_digits(reason)
        case Decided(mark=mark, reason=reason, by=by, automatic=automatic):
            given = mark_of(automatic) if automatic else None
            return "decided", mark, reason, by, given
    raise AssertionError("an item has one of three results")


def _points(
    key: str, old: _Marks, new: _Marks
) -> tuple[float, float] | tuple[None, None]:
    """What an item's mark and its weight moved of the total; see `ItemChange`.

    With p its part of the total and m its mark, before and after, and T the total before
    penalties: p·(m' - m) by the mark and (p' - p)·(m' - T) by the weight. The parts sum to 1
    in both reports, so that over all items this is T' - T.
    """
    if None in (old.total, new.total, old.report.grade.total, new.report.grade.total):
        return None, None
    was, now = old.mark(key), new.mark(key)
    parts = (old.parts.get(key, 0.0), new.parts.get(key, 0.0))
    by_mark = parts[0] * (now - was) if was is not None and now is not None else 0.0
    at = now if now is not None else was
    if at is None:
        return 0.0, 0.0
    return by_mark, (parts[1] - parts[0]) * (at - old.untouched)


def _numbers(
    old: Mapping[str, tuple[str, int | float]],
    new: Mapping[str, tuple[str, int | float]],
    used: Set[str],
) -> tuple[NumberChange, ...]:
    """The numbers that are others, those first that a mark is made of."""
    if not old or not new:
        return ()
    changes = []
    for name in sorted(dict.fromkeys((*new, *old)), key=lambda one: one not in used):
        unit = (new.get(name) or old[name])[0]
        was = old[name][1] if name in old else None
        now = new[name][1] if name in new else None
        if was != now:
            changes.append(NumberChange(name=name, unit=unit, before=was, after=now))
    return tuple(changes)


def _notes(key: str, old: _Marks, new: _Marks) -> tuple[str, ...]:
    was, now = old.rows.get(key), new.rows.get(key)
    if not isinstance(was, ReportCheck) or not isinstance(now, ReportCheck):
        return ()
    notes = []
    if was.checker != now.checker:
        notes.append(f"Measured by {was.checker}, then by {now.checker}.")
    if _formulas(was) != _formulas(now):
        notes.append(f"The formula was {_formulas(was)} and is {_formulas(now)}.")
    measurements = (was.measurement, now.measurement)
    if measurements[0] and measurements[1]:
        if dict(measurements[0].options) != dict(measurements[1].options):
            notes.append("It was measured with other options.")
    notes += _class_notes(was.result, now.result)
    facts = (old.measured(key), new.measured(key))
    if facts[0] and facts[1]:
        unread = tuple(
            {one.path for one in fact.not_measured} for fact in facts if fact
        )
        if unread[0] != unread[1]:
            notes.append(
                f"Files that its tool could not read: {len(unread[0])}, then "
                f"{len(unread[1])}."
            )
    return tuple(notes)


def _formulas(check: ReportCheck) -> str:
    alone = f" (alone: {check.alone_formula})" if check.alone_formula else ""
    return f"{check.formula}{alone}"


def _class_notes(was: ItemResult, now: ItemResult) -> list[str]:
    """How an item stood in the class, where that is another."""
    if not isinstance(was, ItemScore) or not isinstance(now, ItemScore):
        return []
    standings = [
        "; ".join(
            f"{one.function}({one.quantity}) = {one.text}, of {one.groups} groups"
            for one in score.trace.compared
        )
        or "not compared"
        for score in (was, now)
    ]
    if standings[0] == standings[1]:
        return []
    return [f"In the class: {standings[0]}; then {standings[1]}."]


def _arithmetic(old: _Marks, new: _Marks) -> list[Difference]:
    return [
        Difference(
            about="arithmetic",
            statement=f"The marks of the {which} report don't come to the total that it "
            "states: the file was changed, or is of another version.",
            is_ruler=True,
        )
        for side, which in ((old, "first"), (new, "second"))
        if not side.adds_up
    ]
