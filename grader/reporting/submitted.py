"""Who handed in, until when, and what came later; times of commits as the commits state them."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from grader.model.report import DeadlineFacts, Report
from grader.reporting import words


@dataclass(frozen=True)
class Later:
    """A commit after the deadline, with its claimed time as text in the deadline's zone."""

    hash: str
    author: str
    claimed: str
    subject: str


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Titled sentences; nothing for a repository that is in no class."""
    submission = report.submission
    if submission is None:
        return ()
    lines = [("Group", submission.group)]
    if submission.members:
        lines.append(("Members", ", ".join(submission.members)))
    if submission.deadline is not None:
        lines += _deadline(submission.deadline)
    return tuple(lines)


def later(report: Report) -> tuple[Later, ...]:
    """The commits after the deadline that are listed, newest first."""
    deadline = report.submission.deadline if report.submission else None
    if deadline is None:
        return ()
    return tuple(
        Later(one.hash[:12], one.author, _at(one.claimed, deadline), one.subject)
        for one in deadline.later
    )


def later_count(report: Report) -> int:
    """How many commits came after the deadline, listed or not."""
    deadline = report.submission.deadline if report.submission else None
    return deadline.later_count if deadline else 0


def moment(text: str) -> str:
    """`29 May 2025, 23:59:59 UTC+02:00`, in the text's own zone; else the text itself."""
    read = _read(text)
    return text if read is None else _shown(read)


def _deadline(deadline: DeadlineFacts) -> list[tuple[str, str]]:
    lines = [("Deadline", moment(deadline.until))]
    if deadline.extension:
        lines.append(("Longer than the class", deadline.extension))
    if deadline.claimed is None:
        claimed = "states no time that can be read"
    else:
        claimed = f"{_at(deadline.claimed, deadline)}, as the commit states it"
        if _is_after(deadline.claimed, deadline.until):
            claimed += ": after the deadline"
    lines.append(("Time of the graded commit", claimed))
    count = deadline.later_count
    came = f"{words.counted(count, 'commit')}, not graded" if count else "no commit"
    lines.append(("After the deadline", came))
    return lines


def _is_after(claimed: str, until: str) -> bool:
    at, end = _read(claimed), _read(until)
    if at is None or end is None or at.tzinfo is None or end.tzinfo is None:
        return False
    return at > end


def _at(text: str, deadline: DeadlineFacts) -> str:
    read, until = _read(text), _read(deadline.until)
    if read is None:
        return text
    return _shown(read, until.tzinfo if until else None)


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _shown(read: datetime, zone: tzinfo | None = None) -> str:
    if zone is not None and read.tzinfo is not None:
        try:
            read = read.astimezone(zone)
        except OverflowError:
            pass  # The first and last days of the calendar stay in their own zone.
    offset = read.utcoffset()
    if offset is None:
        name = ""
    elif offset == timedelta(0):
        name = " UTC"
    else:
        name = f" UTC{read.isoformat(timespec='seconds')[19:]}"
    return f"{words.day(read)}, {read:%H:%M:%S}{name}"
