"""Which commit of a branch was its last at a deadline, by the times that commits claim.

A commit's time is what somebody's clock or keyboard said, and nobody checks it. So the rule
is simple and said aloud, and whatever makes the times doubtful is told beside the result.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from grader.errors import GradeError, did_you_mean
from grader.model.history import Commit, Time

# Clocks of one team differ by so much without anybody's doing.
_TOLERANCE = timedelta(seconds=60)
# Git is of April 2005: what claims to be older was not committed then.
_FIRST_GIT = datetime(2005, 4, 7, tzinfo=UTC)

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?\s*(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_FORMS = 'Write it as "2025-05-29 23:59", "2025-05-29" or "2025-05-29T23:59+02:00".'


class NothingInTime(GradeError):
    """A branch without a commit that claims to be early enough: there is nothing to grade."""


@dataclass(frozen=True)
class Cut:
    """The commit that counts, the time it claims, and what came later, newest first.

    `commit` is None where none is early enough; the notes say why.
    """

    commit: str | None
    claimed: Time | None
    later: tuple[Commit, ...]
    notes: tuple[str, ...]


def cut(
    chain: Sequence[Commit],
    deadline: datetime,
    now: datetime,
    *,
    is_truncated: bool = False,
) -> Cut:
    """The first commit of a branch, from its tip, that claims a time until the deadline.

    `chain` is the tip and its first parents, newest first, cut off if it `is_truncated`.
    The deadline itself still counts, and so does a time that is in no way believable; one
    that can't be read does not. `deadline` and `now` have a time zone.
    """
    at = next(
        (i for i, one in enumerate(chain) if _is_in_time(one, deadline)), len(chain)
    )
    later = tuple(chain[:at])
    doubts = _doubts(chain, now, deadline)
    if at == len(chain):
        why = _why_none(chain, deadline, is_truncated=is_truncated)
        return Cut(None, None, later, (why, *doubts))
    chosen = chain[at]
    notes = [
        f"Graded at {_named(chosen)}, which claims to be of "
        f"{_when(chosen.committed, deadline)}: the last commit until the deadline, "
        f"{_shown(deadline)} (inclusive). {_later(later)}"
    ]
    if early := [one for one in chain[at + 1 :] if not _is_in_time(one, deadline)]:
        notes.append(
            f"{_named(chosen)} builds on {_named(early[0])}, which claims to be of "
            f"{_when(early[0].committed, deadline)}, after the deadline: one of the two "
            "times is wrong."
        )
    return Cut(chosen.hash, chosen.committed, later, (*notes, *doubts))


def pinned(commit: str, chain: Sequence[Commit], deadline: datetime | None) -> Cut:
    """The same for a commit that was named by a person, wherever the deadline is."""
    hashes = [one.hash for one in chain]
    if commit not in hashes:
        note = (
            f"Graded at {commit[:10]}, as asked, which is not in its branch's own line."
        )
        return Cut(commit, None, (), (note,))
    at = hashes.index(commit)
    chosen, later = chain[at], tuple(chain[:at])
    notes = [f"Graded at {_named(chosen)}, as asked. {_later(later)}"]
    if deadline is not None and not _is_in_time(chosen, deadline):
        notes.append(
            f"{_named(chosen)} claims to be of {_when(chosen.committed, deadline)}, after "
            f"the deadline, {_shown(deadline)}; it was asked for by name."
        )
    return Cut(commit, chosen.committed, later, tuple(notes))


def merged_later(beside: Sequence[Commit], deadline: datetime) -> tuple[str, ...]:
    """What to say of commits that a later merge brought in and that claim to be in time."""
    in_time = [one for one in beside if _is_in_time(one, deadline)]
    if not in_time:
        return ()
    return (
        f"{len(in_time)} commit(s) claim to be in time but came into the branch by a merge "
        f"after the deadline, and were not graded: {_list(in_time)}.",
    )


def parse_moment(text: str, zone: str | None) -> datetime:
    """The last second that a moment as people write it includes.

    A minute without seconds is the whole minute, a day without a time the whole day. `zone`
    names a time zone; a text with an offset of its own needs none, but must agree with it.
    Raises `GradeError` for what is no moment, or not one moment.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise GradeError(f'"{text}" is not a date and time.', hint=_FORMS)
    day, hour, minute, second, offset = found.groups()
    try:
        at = datetime.combine(
            date.fromisoformat(day),
            time(int(hour or 23), int(minute or 59), int(second or 59)),
        )
    except ValueError as error:
        hint = _FORMS
        if hour == "24":
            hint = "The end of a day is 23:59 of it, or the day alone."
        raise GradeError(
            f'"{text}" is no date and time: {error}.', hint=hint
        ) from error
    in_zone = None if zone is None else _in_zone(zone)
    if offset is not None:
        return _with_offset(text, at, offset, in_zone)
    if in_zone is None:
        raise GradeError(
            f'"{text}" is a different moment in every time zone.',
            hint="Add --timezone Europe/Madrid, or an offset: 2025-05-29T23:59+02:00.",
        )
    return _placed(text, at, in_zone, is_whole_day=hour is None)


def _in_zone(name: str) -> ZoneInfo:
    known = available_timezones()
    if name not in known:
        close = did_you_mean(name, sorted(known))
        raise GradeError(
            f'"{name}" is not a time zone.{close}',
            hint="They are named by continent and city, such as Europe/Madrid; also UTC.",
        )
    return ZoneInfo(name)


def _with_offset(
    text: str, at: datetime, offset: str, zone: ZoneInfo | None
) -> datetime:
    moment = at.replace(tzinfo=_fixed(text, offset))
    if zone is None:
        return moment
    there = moment.astimezone(zone)
    if there.utcoffset() != moment.utcoffset():
        raise GradeError(
            f'"{text}" is not a time of {zone.key}, where the offset is then '
            f"{there:%z}: it is {there:%Y-%m-%d %H:%M} there.",
            hint="Leave out the offset, or --timezone.",
        )
    return there


def _fixed(text: str, offset: str) -> timezone:
    if offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 14 or minutes > 59:
        raise GradeError(f'"{text}" has no offset that there is.', hint=_FORMS)
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if offset[0] == "-" else ahead)


def _placed(text: str, at: datetime, zone: ZoneInfo, *, is_whole_day: bool) -> datetime:
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    readings = f"{first.isoformat()} or {second.isoformat()}"
    hint = "Write the one that is meant with its offset."
    if _exists(first):
        if is_whole_day:
            return second  # the day ends when its last hour has come the second time
        raise GradeError(
            f'"{text}" comes twice in {zone.key}, where the clocks are put back: '
            f"{readings}.",
            hint=hint,
        )
    before, after = (one.astimezone(UTC).astimezone(zone) for one in (second, first))
    raise GradeError(
        f'"{text}" does not exist in {zone.key}, where the clocks are put forward; it '
        f"could be {before.isoformat()} or {after.isoformat()}.",
        hint=hint,
    )


def _exists(moment: datetime) -> bool:
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _is_in_time(commit: Commit, deadline: datetime) -> bool:
    claimed = commit.committed.utc
    # In UTC: two times of one zone are compared by their clocks' faces.
    return claimed is not None and claimed <= deadline.astimezone(UTC)


def _doubts(
    chain: Sequence[Commit], now: datetime, deadline: datetime
) -> tuple[str, ...]:
    """What makes the claimed times of a branch doubtful, a sentence for each kind."""
    unreadable = [one for one in chain if one.committed.utc is None]
    timed = [(one, one.committed.utc) for one in chain if one.committed.utc]
    future = [one for one, at in timed if at > now + _TOLERANCE]
    ancient = [one for one, at in timed if at < _FIRST_GIT]
    backwards = [
        newer
        for (newer, at), (_, before) in pairwise(timed)
        if before - at > _TOLERANCE
    ]
    kinds = (
        (
            unreadable,
            "state a time that can't be read, and count as after the deadline",
        ),
        (
            future,
            f"claim to be later than now, {_shown(now.astimezone(deadline.tzinfo))}",
        ),
        (ancient, "claim to be older than git itself"),
        (backwards, "claim to be earlier than the commit they build on"),
    )
    return tuple(
        f"{len(some)} commit(s) {what}: {_list(some)}." for some, what in kinds if some
    )


def _why_none(
    chain: Sequence[Commit], deadline: datetime, *, is_truncated: bool
) -> str:
    if not chain:
        return "The branch has no commits."
    oldest = chain[-1]
    if is_truncated:
        return (
            f"None of the branch's newest {len(chain):,} commits claims to be of the "
            f"deadline, {_shown(deadline)}, or before; older ones were not read."
        )
    return (
        f"No commit claims to be of the deadline, {_shown(deadline)}, or before. The first "
        f"is {_named(oldest)}, of {_when(oldest.committed, deadline)}."
    )


def _later(later: Sequence[Commit]) -> str:
    if not later:
        return "Nothing came later."
    return f"{len(later)} commit(s) came later and were not graded."


def _list(commits: Sequence[Commit]) -> str:
    beyond = " …" if len(commits) > 3 else ""
    return ", ".join(map(_named, commits[:3])) + beyond


def _named(commit: Commit) -> str:
    return commit.hash[:10]


def _when(claimed: Time, deadline: datetime) -> str:
    if claimed.utc is None:
        return f'"{claimed.claim}", which is no time' if claimed.claim else "no time"
    try:
        return _shown(claimed.utc.astimezone(deadline.tzinfo))
    except OverflowError:  # in the year 9999 or 1
        return _shown(claimed.utc)


def _shown(moment: datetime) -> str:
    name = getattr(moment.tzinfo, "key", None) or moment.strftime("UTC%z")
    return f"{moment:%Y-%m-%d %H:%M:%S} {'UTC' if name == 'UTC+0000' else name}"
