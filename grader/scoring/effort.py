"""What a fix takes: one command, so many places to mend, or work that no list describes."""

from collections.abc import Sequence
from typing import Literal

from grader.model.measurement import Finding, Measured, Measurement, Mending
from grader.model.report import Effort
from grader.model.starter import OWN
from grader.rubric import formula
from grader.scoring.fixes import Gain


def effort(
    gain: Gain, measurement: Measurement, mending: Mending | None
) -> Effort | None:
    """What bringing this gain about takes; None where the findings don't say.

    `mending` is what the checker says of itself.
    """
    if mending is None or not isinstance(measurement.outcome, Measured):
        return None
    if mending == "work" or gain.is_open:
        return Effort(kind="work")
    found = _counting(gain, measurement.outcome, has_notes=mending == "notes")
    if mending == "command" and measurement.fix_command:
        tool = measurement.fix_command.split()[0]
        rest = [one for one in found if one.fix.split()[:1] != [tool]]
        if len(rest) < len(found):
            return _by_hand("command", rest)
        found = rest
    return _by_hand("findings", found) if found else None


def _counting(gain: Gain, outcome: Measured, *, has_notes: bool) -> list[Finding]:
    """The findings that count, the starter's only where the formula counts them too."""
    counted = [
        one
        for one in outcome.findings
        if one.severity != "info" or has_notes and one.line is not None
    ]
    if OWN not in formula.parse(gain.item.score).names:
        return counted
    return [one for one in counted if not one.inherited]


def _by_hand(kind: Literal["command", "findings"], found: Sequence[Finding]) -> Effort:
    placed = [one for one in found if one.path is not None]
    return Effort(
        kind=kind,
        # One thing is to do at a place, however many rules say so.
        places=len({(one.path, one.line) for one in placed}) + len(found) - len(placed),
        files=len({one.path for one in placed}),
    )
