"""When the commits of a history were made, as far as their claims can be believed.

Every time is what somebody's clock or keyboard said. What is before git, or after the moment
that the history was read at, is no time.
"""

from datetime import UTC, datetime, timedelta

from grader.model.history import Commit, History, Time

# Git is of April 2005.
_FIRST_GIT = datetime(2005, 4, 7, tzinfo=UTC)
# Clocks differ, and so does what people take for their time zone.
_TOLERANCE = timedelta(days=1)


def believable(time: Time, history: History) -> datetime | None:
    """The time in UTC, or None for one that can't be."""
    if time.utc is None or time.utc < _FIRST_GIT:
        return None
    is_ahead = history.read_at is not None and time.utc > history.read_at + _TOLERANCE
    return None if is_ahead else time.utc


def made_at(commit: Commit, history: History) -> datetime | None:
    """When its author made a commit: a rebase or a button on a page leaves that as it was."""
    return believable(commit.authored, history)
