"""What a late hand-in costs."""

from datetime import datetime, timedelta
from math import ceil

from grader.model.score import Penalty
from grader.rubric.schema import LateRule

_DAY = timedelta(days=1)


def late_penalty(
    rule: LateRule, deadline: datetime, claimed: datetime
) -> Penalty | None:
    """The points (0..10) that the rubric takes for a commit after the deadline; None if in time.

    Each day begun counts, from the end of the grace. `claimed` is the commit's own time. Both
    times know their zone.
    """
    late = claimed - deadline
    if late <= timedelta(minutes=rule.grace_minutes):
        return None
    days = ceil(late / _DAY)
    points = min(rule.most, days * rule.points_per_day)
    if points == 0:
        return None
    begun = "1 day begun" if days == 1 else f"{days} days begun"
    return Penalty(
        points=points,
        reason=f"Late by {begun}: {rule.points_per_day:g} points a day, at most "
        f"{rule.most:g}.",
        by="the rubric",
    )
