"""What merges say of branches: which was merged, whether by a pull request.

The words are those that git, GitHub, GitLab and Bitbucket write. That a merge brought a
branch in, and not only somebody else's state of the same one, is told from them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from grader.codebase.contributors import kind_of
from grader.model.history import Commit

_MAIN = frozenset({"main", "master", "trunk"})
# What branches are brought together in on the way to main.
_GATHERING = frozenset({"dev", "develop", "development", "staging", "integration"})
# Branches of bots, and pages that a program publishes.
_NOT_A_TEAMS = re.compile(
    r"dependabot/.*|renovate/.*|pre-commit-ci-.*|gh-pages|snyk-.*|imgbot", re.IGNORECASE
)

_REQUEST = re.compile(r"Merge pull request #([0-9]{1,9}) from (\S+)")
_AZURE = re.compile(r"Merged PR ([0-9]{1,9}): ")
_BITBUCKET = re.compile(r"Merged in (\S+) \(pull request #([0-9]{1,9})\)")
_BRANCH = re.compile(
    r"Merge (?:remote-tracking )?branch(?:es)? '([^']+)'(?P<of> of \S+)?"
    r"(?: into '?([^\s']+)'?)?"
)
_TITLED = re.compile(r".*\S \(#([0-9]{1,9})\)")
# The repository that a branch is of.
_PLACE = re.compile(r"^(?:refs/remotes/)?(?:origin/|upstream/)?(?:[\w-]+:(?=\w))?")
_HOSTS = frozenset({"noreply@github.com"})


@dataclass(frozen=True)
class Merged:
    """What came together: the branch's name and the request's number, empty where not said."""

    commit: Commit
    branch: str = ""
    request: str = ""


def merged_by(commits: Iterable[Commit]) -> tuple[Merged, ...]:
    """Each branch that was merged, the latest first; catching up with main is no merge of one.

    A commit with one parent counts where GitHub made it of a pull request and says so. A
    merge whose message was rewritten says nothing of a branch.
    """
    found = (_merged(one) for one in commits)
    return tuple(one for one in found if one is not None)


def is_main(branch: str) -> bool:
    """Whether a name is a main branch's."""
    return branch in _MAIN


def is_of_a_team(branch: str) -> bool:
    """Whether people work on a branch of this name, next to the main one."""
    return not is_main(branch) and not _NOT_A_TEAMS.fullmatch(branch)


def _merged(commit: Commit) -> Merged | None:
    subject = commit.subject.strip()
    titled = _TITLED.fullmatch(subject)
    if commit.parents < 2:
        is_hosts = commit.committer_email.casefold() in _HOSTS
        is_persons = kind_of(commit.author) == "person"
        if titled and is_hosts and is_persons and commit.parents:
            return Merged(commit, request=titled[1])
        return None
    if request := _REQUEST.match(subject):
        # LOGIN/BRANCH, or LOGIN:BRANCH in what other programs write.
        branch = re.split("[/:]", request[2], maxsplit=1)[-1]
        return _of_team(Merged(commit, branch, request[1]))
    if request := _BITBUCKET.match(subject):
        return _of_team(Merged(commit, request[1], request[2]))
    if request := titled or _AZURE.match(subject):
        return Merged(commit, request=request[1])
    if named := _BRANCH.match(subject):
        source = _PLACE.sub("", named[1])
        target = named[3] or "main"
        # Somebody else's state of the same branch: what `git pull` does.
        is_pull = named["of"] or source == target
        is_catching_up = is_main(source) or source in _GATHERING
        if is_pull or is_catching_up and not (is_main(target) and not is_main(source)):
            return None
        return _of_team(Merged(commit, source))
    # In words of somebody's own: most of these are pulls with a conflict.
    return None


def _of_team(merged: Merged) -> Merged | None:
    # A pull request from somebody's main is one all the same.
    is_bots = _NOT_A_TEAMS.fullmatch(merged.branch)
    return None if is_bots else merged
