"""The answers of the checker `git-workflow`, one function for each side of the work.

Each settles its lines of the checklist and gives its numbers. No answer quotes a message or
names a branch or a person: commits stand there by the start of their hashes.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from grader.checkers._checklist import Checklist
from grader.checkers._git_workflow_merges import is_of_a_team, merged_by
from grader.checkers._git_workflow_messages import (
    is_conventional,
    is_imperative,
    poor,
)
from grader.checkers._git_workflow_options import GitWorkflowOptions
from grader.codebase.claimed_times import believable
from grader.codebase.contributors import Contributions
from grader.model.history import Commit, History, Tag

# https://semver.org, with the v that people put before it.
_SEMANTIC = re.compile(
    r"v?(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]+)?"
)
# What follows the three numbers may be anybody's words: shown are these alone.
_SHOWN = re.compile(
    r"(?:[-+.](?:(?=[0-9]*[a-f])[0-9a-f]{7,40}|[0-9]{1,4}"
    r"|(?:alpha|beta|rc|dev|post)[0-9]{0,4}))*"
)
_NAMED = 5
# Of fewer messages nobody can say what is usual.
_FEWEST = 3
_DAY_S = 86_400


def people(
    done: Contributions, options: GitWorkflowOptions, checklist: Checklist
) -> dict[str, int | float]:
    """Who has a part in the work, and how much of it there is."""
    everybody = [one for one in done.people if one.work]
    enough = [one for one in everybody if one.work >= options.commits_each]
    told = (
        f"{_counted(len(enough), 'person')} with at least "
        f"{_counted(options.commits_each, 'commit')}, of {len(everybody)} with any"
    )
    wanted = (
        "" if len(enough) >= options.authors else f"; {options.authors} are asked for"
    )
    checklist.answer(
        "several_authors", f"{told}{wanted}.", (), holds=len(enough) >= options.authors
    )
    count = len(done.work)
    aside = (
        f"{_counted(len(done.merges), 'merge')} and "
        f"{_counted(len(done.by_bots), 'commit')} of bots aside"
    )
    if done.unsigned:
        aside += f", and {_counted(len(done.unsigned), 'commit')} that nobody signed"
    checklist.answer(
        "small_steps",
        f"{_counted(count, 'commit')} of people, {aside}; {options.commits} are asked for.",
        (),
        holds=count >= options.commits,
    )
    return {
        "commits": count,
        "authors": len(everybody),
        "largest_share": min(1.0, max((one.share for one in everybody), default=0.0)),
        "co_authored_commits": len(done.shared),
        "assisted_commits": len(done.assisted),
        "bot_commits": len(done.by_bots),
    }


def times(
    done: Contributions, options: GitWorkflowOptions, checklist: Checklist
) -> dict[str, int | float]:
    """When the work was made."""
    found = done.times
    days = {time.date() for time in found}
    undated = len(done.work) - len(found)
    odd = (
        f" {_counted(undated, 'commit')} with a time that can't be." if undated else ""
    )
    checklist.answer(
        "over_time",
        f"Commits of {_counted(len(days), 'day')}; {options.days} are asked for.{odd}",
        (),
        holds=len(days) >= options.days,
    )
    deadline = done.history.deadline
    # Without a deadline the work ended when it ended.
    end = deadline or (found[-1] if found else None)
    last = _since(found, end, options.last_hours)
    until = "the deadline" if deadline else "the newest commit"
    if found:
        told = (
            f"{last} of {_counted(len(found), 'commit')} in the last "
            f"{options.last_hours} hours before {until}; at most "
            f"{options.last_share:.0%} may be.{odd}"
        )
    else:
        told = f"There is no commit with a time that could be.{odd}"
    checklist.answer(
        "not_last_minute",
        told,
        (),
        holds=bool(found) and last <= options.last_share * len(found),
    )
    gaps = (after - before for before, after in pairwise(found))
    longest = max(gaps, default=timedelta(0))
    whole = len(found) or 1
    return {
        "days": len(days),
        "longest_gap_days": longest.total_seconds() / _DAY_S,
        "last_day_share": _since(found, end, 24) / whole,
        "last_two_days_share": _since(found, end, 48) / whole,
        "undated_commits": undated,
    }


def _since(times: Sequence[datetime], end: datetime | None, hours: int) -> int:
    """How many times are in the hours before the end, or after it."""
    if end is None:
        return 0
    return sum(time > end - timedelta(hours=hours) for time in times)


def branches(
    history: History, options: GitWorkflowOptions, checklist: Checklist
) -> dict[str, int | float]:
    """What merges say of branches and pull requests."""
    merged = merged_by(history.commits)
    requests: dict[tuple[str, str], Commit] = {}
    for one in merged:
        if one.request:
            # A number comes again where a repository was begun from another one's history.
            which = one.commit.hash if one.commit.parents > 1 else ""
            requests.setdefault((one.request, which), one.commit)
    for name, found, wanted, what, without in (
        (
            "branches_merged",
            [one.commit for one in merged],
            options.merges,
            "merge",
            "by merge commits and the subjects of squashed pull requests",
        ),
        (
            "pull_requests_merged",
            list(requests.values()),
            options.pull_requests,
            "pull request",
            'by "Merge pull request #…" and squashed subjects that end in (#…)',
        ),
    ):
        of_what = " of branches" if what == "merge" else " merged"
        told = f"{_counted(len(found), what)}{of_what}{_which(found)}"
        lacking = f"; {wanted} are asked for, looked for {without}"
        holds = len(found) >= wanted
        checklist.answer(name, f"{told}{'' if holds else lacking}.", (), holds=holds)
    names = {one.branch for one in merged} | set(history.branches)
    return {
        "merge_commits": sum(one.parents > 1 for one in history.commits),
        "branch_merges": len(merged),
        "pull_requests": len(requests),
        "branches": sum(1 for name in names if name and is_of_a_team(name)),
    }


def messages(
    done: Contributions, options: GitWorkflowOptions, checklist: Checklist
) -> dict[str, int | float]:
    """What the messages of the work are like."""
    work, whole = done.work, len(done.work) or 1
    empty, repeated = poor(work)
    said = len(work) - len(empty) - len(repeated)
    bad = "".join(
        f" {what}: {len(found)}{_which(found)}."
        for what, found in (("Of any commit", empty), ("Said before", repeated))
        if found
    )
    checklist.answer(
        "says_what",
        f"{said} of {_counted(len(work), 'message')} say what was changed; "
        f"{options.said_share:.0%} are asked for.{bad}",
        (),
        holds=len(work) >= _FEWEST and said >= options.said_share * len(work),
    )
    conventional = [one for one in work if is_conventional(one.subject)]
    imperative = [one for one in work if is_imperative(one.subject)]
    formed = len({one.hash for one in (*conventional, *imperative)})
    checklist.answer(
        "consistent_form",
        f"{len(conventional)} of {_counted(len(work), 'message')} have a type before the "
        f"subject, {formed - len(conventional)} begin with a verb as a command; "
        f"{options.form_share:.0%} are asked for.",
        (),
        holds=len(work) >= _FEWEST and formed >= options.form_share * len(work),
    )
    return {
        "said_share": said / whole,
        "conventional_share": len(conventional) / whole,
        "imperative_share": len(imperative) / whole,
    }


def versions(history: History, checklist: Checklist) -> dict[str, int | float]:
    """Which versions are tagged."""
    graded = {one.hash for one in history.commits}
    semantic = [one for one in history.tags if _SEMANTIC.fullmatch(one.name)]
    here = [one for one in semantic if one.commit in graded]
    found = [one for one in here if not _is_later(one, history)]
    if found:
        told = f"Tagged: {_versions(found)}."
    elif here:
        told = f"Tags that claim to be later than the deadline: {_versions(here)}."
    elif semantic:
        told = f"Tags of commits that are not in what is graded: {_versions(semantic)}."
    else:
        told = (
            f"None of {_counted(len(history.tags), 'tag')} is a version as v1.2.3, three "
            "numbers."
        )
    checklist.answer("version_tag", told, (), holds=bool(found))
    return {"version_tags": len(found)}


def _is_later(tag: Tag, history: History) -> bool:
    made = believable(tag.made, history) if tag.made else None
    return bool(made and history.deadline and made > history.deadline)


def _versions(tags: Iterable[Tag]) -> str:
    return _list(dict.fromkeys(map(_version, tags)))


def _version(tag: Tag) -> str:
    """The three numbers, and what follows where it is a commit's hash, a number or `rc1`."""
    numbers = re.split("[-+]", tag.name, maxsplit=1)[0]
    rest = tag.name.removeprefix(numbers)
    return tag.name if _SHOWN.fullmatch(rest) else numbers


def _which(commits: Sequence[Commit]) -> str:
    """Some commits by the start of their hashes: subjects and branches may name people."""
    if not commits:
        return ""
    return f" ({_list(one.hash[:7] for one in commits)})"


def _list(words: Iterable[str]) -> str:
    every = list(words)
    beyond = " …" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + beyond


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
