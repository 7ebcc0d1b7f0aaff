"""The comment on a pull request, as Markdown: the mark, what moved it, and what to do next.

Everything in it is text: nothing from a repository, or from a result that somebody handed
over, is a link, an image, a mention or HTML. It is the same for the same results, so that a
comment that says it already can be left alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from markupsafe import Markup

from grader.model.comparison import Comparison
from grader.model.measurement import Finding, Measured
from grader.model.report import Fix, Report, ReportCheck
from grader.model.score import ROUNDING, Ungraded, mark_of
from grader.reporting import findings, numbers, words
from grader.reporting._change_rows import (
    OF_A_CHECK,
    ChangeRow,
    change_rows,
    signed,
    unchanged,
)
from grader.reporting.changes import Move
from grader.reporting.clean import clean, clean_report, web_address
from grader.reporting.markdown import MAX_CHARACTERS, from_template

FIXES = 3
# A longer command is no command to copy from a comment.
_COMMAND_CHARACTERS = 300
_COUNTS = (
    "The instructor's run is the one that counts. This one was made by the pull request's "
    "own workflow, which its author can change."
)
NO_BASE = (
    "There is no result of the base branch to compare with, so no change is shown."
)
NOTHING_TO_GAIN = (
    "Nothing that was graded has a finding whose fixing would raise the total."
)
OTHER_CHECKS = "A change stands only where the same checks were graded on both sides."


@dataclass(frozen=True)
class Against:
    """What a pull request is held against: the base's own report, and how they compare.

    `comparison` is over the items that both could be graded on, and `share` their part of the
    rubric, 0..1. `beside` are the items that only one of them has a mark for. `obstacles` are
    why their numbers can't be subtracted at all, as sentences.
    """

    base: Report
    comparison: Comparison
    share: float
    beside: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Room:
    """How much to say: rows of each table, findings in all; the least important goes first."""

    rows: int
    findings: int


# An honest comment has fewer.
_ROWS = 60
_FINDINGS = 400


def render_pull_request(
    head: Report, against: Against | None, run_url: str | None = None
) -> str:
    """The text of the comment, within what GitHub takes.

    `run_url` is the page of the run that has the whole report. Rows that do not fit are left
    out whole, findings first, and counted.
    """
    page = _Page(head, against, web_address(run_url) if run_url else None)
    most = _largest(_FINDINGS, lambda n: page.render(_Room(_ROWS, n)))
    if most is not None:
        return most
    least = _largest(_ROWS, lambda n: page.render(_Room(n, 0)))
    assert least is not None, "a comment without any row fits"
    return least


@dataclass(frozen=True)
class _DimensionRow:
    title: str
    before: str
    after: str
    change: str


@dataclass(frozen=True)
class _MovedRows:
    """The findings of one check that came and went, and how many are not shown."""

    change: ChangeRow
    came: tuple[Move, ...]
    went: tuple[Move, ...]
    beyond: int


@dataclass(frozen=True)
class _Places:
    """Where to mend what a fix is about: its first findings, and how many more there are."""

    fix: Fix
    found: tuple[Finding, ...]
    beyond: int


class _Page:
    """One comment's facts, rendered into as much room as there is."""

    def __init__(
        self, head: Report, against: Against | None, run_url: str | None
    ) -> None:
        self._counts = {
            clean(row.id): _number_of_findings(row) for row in words.rows(head)
        }
        self._own = {
            clean(check.id): sum(
                one.severity != "info" for one in words.findings(check)
            )
            for check in head.checks
        }
        self._head = clean_report(_with_first_findings(head, OF_A_CHECK))
        self._against = _cleaned(against) if against else None
        self._run_url = run_url
        self._dimensions = tuple(self._of_dimensions())
        self._changed = (
            change_rows(against.comparison, has_points=not against.obstacles)
            if against
            else ()
        )

    def render(self, room: _Room) -> str:
        moved, room_left = self._moved(room)
        text = from_template(
            "comment.md.j2",
            head=self._head,
            against=self._against,
            whole_report=self._link(),
            room=room,
            counts=_COUNTS,
            headline=self._headline(),
            standing=tuple(self._standing()),
            dimensions=self._dimensions,
            has_bare_dimension=any(
                row.change == "–" and "not graded" not in (row.before, row.after)
                for row in self._dimensions
            ),
            number_of_findings=self._counts,
            other_checks=OTHER_CHECKS,
            fixes=self._head.fixes[:FIXES],
            more_fixes=max(0, len(self._head.fixes) - FIXES),
            nothing_to_gain=NOTHING_TO_GAIN,
            short_command=_short_command,
            changed=self._changed,
            unchanged=unchanged(self._against.comparison) if self._against else 0,
            beside=self._beside(),
            moved=moved,
            places=self._places(room_left),
            ungraded=self._ungraded(),
        )
        # As code it is inert, but bots look for their marker in the raw text of comments.
        return text.replace("<!--", "<\u200b!--")

    def _link(self) -> Markup | None:
        # `web_address` leaves nothing in it that would end the link.
        url = self._run_url
        return Markup(f"[The whole report]({url})") if url else None

    def _headline(self) -> str:
        total = words.total(self._head.grade)
        change = self._change()
        if change is None:
            return total
        where = " in the checks that can be compared" if self._beside() else ""
        return f"{total} ({signed(change)}{where})"

    def _change(self) -> float | None:
        """Points of the total against the base; None where that would say nothing."""
        if self._against is None or self._against.obstacles:
            return None
        return self._against.comparison.change

    def _standing(self) -> Iterator[str]:
        """Sentences on what the total is against the base, and on what it rests."""
        yield self._held()
        grade = self._head.grade
        if grade.total is not None and not grade.is_final:
            yield "The total is provisional. " + " ".join(
                words.sentence(one.reason) for one in grade.provisional
            )

    def _held(self) -> str:
        if self._against is None:
            return NO_BASE
        found = self._against.comparison
        base = _commit(self._against.base)
        if self._against.obstacles:
            return (
                f"Against the base branch, at {base}, no change of the total is shown, for "
                "these move marks by themselves: "
                + " ".join(self._against.obstacles[:10])
            )
        if found.change is None:
            return (
                f"Against the base branch, at {base}, no change is shown: there is no check "
                "that has a mark on both sides."
            )
        return self._compared(found, base)

    def _compared(self, found: Comparison, base: str) -> str:
        assert found.change is not None and self._against is not None
        assert found.before.total is not None and found.after.total is not None
        totals = (
            f"{numbers.mark(found.before.total)} → {numbers.mark(found.after.total)}"
        )
        if abs(found.change) < ROUNDING:
            said = f"The total is as on the base branch, at {base}"
        else:
            how = "up" if found.change > 0 else "down"
            moved = numbers.mark(abs(found.change))
            said = f"The total goes {how} by {moved} against the base branch, at {base}"
        if self._against.beside:
            share = numbers.percent(self._against.share)
            return (
                f"{said}: {totals} of 10 over the checks that both sides have a mark for "
                f"({share} of the rubric)."
            )
        return f"{said}: {totals} of 10."

    def _of_dimensions(self) -> Iterator[_DimensionRow]:
        before = (
            {one.id: one for one in self._against.base.grade.dimensions}
            if self._against
            else {}
        )
        torn = self._torn()
        for one in self._head.grade.dimensions:
            was = before[one.id].mark if one.id in before else None
            change = "–"
            if was is not None and one.mark is not None and one.id not in torn:
                change = signed(one.mark - was)
            yield _DimensionRow(one.title, _mark(was), _mark(one.mark), change)

    def _torn(self) -> frozenset[str]:
        """The dimensions of which not the same items are graded on both sides."""
        if self._against is None:
            return frozenset()
        if self._against.obstacles:
            return frozenset(one.id for one in self._head.grade.dimensions)
        beside = set(self._against.beside)
        rows = [
            row
            for report in (self._head, self._against.base)
            for row in words.rows(report)
        ]
        return frozenset(row.dimension for row in rows if row.id in beside)

    def _beside(self) -> tuple[str, ...]:
        """The items that only one side has a mark for, each with the mark."""
        if self._against is None:
            return ()
        marks = [
            (when, {row.id: row.result for row in words.rows(side)})
            for when, side in (("before", self._against.base), ("now", self._head))
        ]
        return tuple(
            f"`{key}` ({when} {words.mark(results[key])})"
            for key in self._against.beside
            for when, results in marks
            if key in results and mark_of(results[key]) is not None
        )

    def _moved(self, room: _Room) -> tuple[list[_MovedRows], int]:
        """Findings that came and went, those of the weightiest checks first."""
        left, rows = room.findings, []
        for change in self._changed[: room.rows]:
            if not change.moved:
                continue
            came = change.came[:left]
            went = change.went[: left - len(came)]
            left -= len(came) + len(went)
            beyond = change.moved - len(came) - len(went)
            rows.append(_MovedRows(change, came, went, beyond))
        return rows, left

    def _places(self, room: int) -> tuple[_Places, ...]:
        """The first findings of what is worth most, as far as the room goes."""
        found = []
        for fix in self._head.fixes[:FIXES]:
            try:
                check = self._head.check(fix.item)
            except KeyError:
                continue
            own = [one for one in words.findings(check) if one.severity != "info"]
            shown = own[: min(room, OF_A_CHECK // 2)]
            room -= len(shown)
            if shown:
                beyond = self._own[check.id] - len(shown)
                found.append(_Places(fix, tuple(shown), beyond))
        return tuple(found)

    def _ungraded(self) -> tuple[tuple[str, str, str], ...]:
        """Each item without a mark: its id, its title, and why."""
        return tuple(
            (row.id, row.title, words.not_graded(row.result))
            for row in words.rows(self._head)
            if isinstance(row.result, Ungraded)
        )


def _cleaned(against: Against) -> Against:
    """Clean but for the comparison, of which each row is cleaned when it is made."""
    return replace(
        against,
        base=clean_report(_with_first_findings(against.base, 0)),
        beside=tuple(map(clean, against.beside)),
        obstacles=tuple(map(clean, against.obstacles)),
    )


def _number_of_findings(row: words.Row) -> str:
    return words.number_of_findings(row) if isinstance(row, ReportCheck) else "–"


def _with_first_findings(report: Report, at_most: int) -> Report:
    """The report with so many findings of each check: what is not shown need not be cleaned."""
    return report.model_copy(
        update={"checks": tuple(_cut(check, at_most) for check in report.checks)}
    )


def _cut(check: ReportCheck, at_most: int) -> ReportCheck:
    measurement = check.measurement
    if measurement is None or not isinstance(measurement.outcome, Measured):
        return check
    own = (one for one in words.findings(check) if one.severity != "info")
    outcome = measurement.outcome.model_copy(
        update={"findings": tuple(islice(own, at_most)), "signals": ()}
    )
    cut = measurement.model_copy(update={"outcome": outcome})
    return check.model_copy(update={"measurement": cut})


def _mark(value: float | None) -> str:
    return "not graded" if value is None else numbers.mark(value)


def _commit(report: Report) -> str:
    """`3f2a91c04d8e`, as code."""
    commit = report.repository.commit
    return f"`{commit[:12]}`" if commit else "no commit"


def _short_command(fix: Fix) -> str | None:
    """The command that mends, where it can be copied from a comment."""
    command = fix.command if findings.mends(fix) else None
    return command if command and len(command) <= _COMMAND_CHARACTERS else None


def _largest(most: int, render: Callable[[int], str]) -> str | None:
    """The text with the largest room that fits, None where it doesn't with none."""
    text = render(most)
    if len(text) <= MAX_CHARACTERS:
        return text
    fitting, low, high = None, 0, most
    while low < high:
        middle = (low + high) // 2
        text = render(middle)
        if len(text) <= MAX_CHARACTERS:
            fitting, low = text, middle + 1
        else:
            high = middle
    return fitting
