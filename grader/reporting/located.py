"""Findings with what tools that keep them from run to run need: a place and a fingerprint."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.model.measurement import Finding
from grader.model.report import Report, ReportCheck
from grader.model.score import mark_of
from grader.reporting import words

# The most severe first, as everybody cuts who cuts.
SEVERITIES = ("error", "warning", "info")

# Enough for any honest message; hosts cut at about as much.
MESSAGE_CHARACTERS = 1_000


@dataclass(frozen=True)
class Located:
    """One finding of the project's own work.

    `path` is None where the finding is about the repository, or where its path leads out of
    it. `fingerprint` is 32 hex digits, no two alike in a report, and the same in the next run
    for the same finding, whatever lines it has moved by. `points_lost` are the check's, of
    the total (0..10), 0 where it has no mark.
    """

    check: ReportCheck
    finding: Finding
    path: str | None
    line: int | None
    fingerprint: str
    points_lost: float

    @property
    def message(self) -> str:
        """What was found and what mends it, in one line that is never empty."""
        said = words.sentence(_cut(self.finding.message or self.finding.rule))
        fix = self.finding.fix
        return f"{said} {words.sentence(_cut(fix))}" if fix else said


def located(report: Report) -> tuple[Located, ...]:
    """Every finding that is the project's own: in the checks' order, by line in each.

    Findings of the starter repository are not in it, and what a check only asks a person to
    look at isn't either: neither costs a point, and hosts show all they get as open.
    """
    return tuple(one for check in report.checks for one in _of(report, check))


def by_severity(found: tuple[Located, ...]) -> list[Located]:
    """The same, the most severe first and of these what costs most; else in their order."""
    order = {severity: at for at, severity in enumerate(SEVERITIES)}
    return sorted(
        found, key=lambda one: (order[one.finding.severity], -one.points_lost)
    )


def points_lost(report: Report, row: words.Row) -> float:
    """How much of the total (0..10) a check or criterion takes off; 0 where it has no mark."""
    mark, graded = mark_of(row.result), report.grade.measured_share
    if mark is None or not graded:
        return 0.0
    return min(1.0, row.weight_share / graded) * (10 - mark)


def _of(report: Report, check: ReportCheck) -> Iterator[Located]:
    lost = points_lost(report, check)
    seen: Counter[str] = Counter()
    for finding in sorted(words.findings(check), key=lambda one: one.line or 0):
        subject = _subject(check, finding)
        seen[subject] += 1
        yield Located(
            check=check,
            finding=finding,
            path=_inside(finding.path),
            line=finding.line if finding.line and finding.line > 0 else None,
            fingerprint=_digest([subject, seen[subject]]),
            points_lost=lost,
        )


def _subject(check: ReportCheck, finding: Finding) -> str:
    """What makes a finding this one, save how often it was there before.

    Not its line number, which every line added above changes, but the text of the line. Where
    that wasn't read, or must not be shown, the message without its numbers: it may name lines.
    """
    if finding.code is not None and not finding.is_withheld:
        # A tab is visible by now, as `\\t`; how a line is indented doesn't make it another.
        about = ["line", " ".join(finding.code.replace("\\t", " ").split())]
    else:
        about = ["message", re.sub(r"\d+", "0", finding.message)]
    return _digest([check.id, finding.rule, finding.path, *about])


def _digest(parts: Sequence[str | int | None]) -> str:
    # As JSON, so that no part can look like two.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _inside(path: str | None) -> str | None:
    if path is None or {"", ".", ".."} & set(path.split("/")):
        return None
    return path


def _cut(text: str) -> str:
    beyond = len(text) - MESSAGE_CHARACTERS
    return f"{text[:MESSAGE_CHARACTERS]}…" if beyond > 0 else text
