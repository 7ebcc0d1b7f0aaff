"""What an instructor may set for the checker `git-workflow`."""

from datetime import date
from typing import Annotated

from pydantic import Field, field_validator

from grader.checkers._base import Options

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class GitWorkflowOptions(Options):
    """From where on each line holds.

    `authors` is how many persons must have at least `commits_each` commits, alone or with
    others; `commits`, `days`, `merges` and `pull_requests` how many of each there must be.
    At most `last_share` of the commits may be of the last `last_hours` hours. `said_share`
    and `form_share` are of the messages. What was made before the day `since` (in quotes,
    "2026-02-16") is not the group's, but what the course gave it: it is in no number.
    """

    since: str | None = None

    authors: Count = 2
    commits_each: Count = 3
    commits: Count = 20
    days: Count = 5
    last_hours: Count = 24
    last_share: Share = 0.5
    merges: Count = 3
    pull_requests: Count = 3
    said_share: Share = 0.8
    form_share: Share = 0.7

    @field_validator("since")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        if value is not None:
            date.fromisoformat(value)
        return value

    @property
    def first_day(self) -> date | None:
        """The first day that counts."""
        return date.fromisoformat(self.since) if self.since else None
