"""Which pull request a run of GitHub Actions is about, and whether it still is.

The event says it: a `pull_request` by its number, a `workflow_run` only by commit and branch
(its list of pull requests is empty for forks), which are looked up. Nothing that a workflow
handed over is asked.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from grader.errors import GradeError
from grader.github.client import Answer, GitHub
from grader.github.trouble import Gone

MAX_EVENT_BYTES: Final = 25 * 1024 * 1024
_REPOSITORY = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9_-]*)/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
)
_DIRECT = frozenset({"pull_request", "pull_request_target"})


@dataclass(frozen=True)
class PullRequest:
    """An open pull request, at the commit that this run is about."""

    repository: str
    number: int
    head: str
    is_fork: bool


@dataclass(frozen=True)
class NoPullRequest:
    """There is nothing to comment on, and why, as a sentence.

    `is_other_event`: what happened is not about any, such as a push.
    """

    reason: str
    is_other_event: bool = False


@dataclass(frozen=True)
class Numbered:
    """A pull request by its number; `head` is the commit of the run, None if that's not said."""

    number: int
    head: str | None = None


@dataclass(frozen=True)
class Branch:
    """A commit on a branch of a repository, for which another workflow ran."""

    owner: str
    repository: str
    name: str
    head: str


Clue = Numbered | Branch | NoPullRequest


class _Repository(Answer):
    full_name: str


class _Tip(Answer):
    sha: str
    # None where the fork is gone.
    repo: _Repository | None = None


class _Pull(Answer):
    number: int
    state: str
    head: _Tip
    base: _Tip


class _DirectEvent(Answer):
    pull_request: _Pull


class _Owner(Answer):
    login: str


class _OwnedRepository(_Repository):
    owner: _Owner


class _Run(Answer):
    event: str
    head_sha: str
    head_branch: str | None = None
    head_repository: _OwnedRepository | None = None


class _RunEvent(Answer):
    workflow_run: _Run


def checked_repository(name: str) -> str:
    """The name as `owner/name`. Raises `GradeError` for what can't be one."""
    if not _REPOSITORY.fullmatch(name):
        raise GradeError(
            f'"{name}" is not the name of a repository.', hint="Give it as OWNER/NAME."
        )
    return name


def read_event(name: str, file: Path) -> Clue:
    """What the file that the runner wrote says of the event called `name`."""
    if name not in _DIRECT and name != "workflow_run":
        return NoPullRequest(
            f'The event of this run is "{name}", which is not about a pull request.',
            is_other_event=True,
        )
    raw = _read(file)
    try:
        if name in _DIRECT:
            pull = _DirectEvent.model_validate_json(raw).pull_request
            return Numbered(pull.number, pull.head.sha)
        return _of_run(_RunEvent.model_validate_json(raw).workflow_run)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise GradeError(
            f'"{file}" is not a "{name}" event of GitHub: {place}: {first["msg"]}.',
            hint="In a workflow GITHUB_EVENT_PATH and GITHUB_EVENT_NAME are set.",
        ) from None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_EVENT_BYTES + 1)
    except OSError as error:
        raise GradeError(f'cannot read "{file}": {error.strerror}.') from error
    if len(raw) > MAX_EVENT_BYTES:
        raise GradeError(f'"{file}" is too large for an event of GitHub.')
    return raw


def _of_run(run: _Run) -> Clue:
    if run.event not in _DIRECT:
        return NoPullRequest(
            f'The workflow that has ended ran for the event "{run.event}", which is not '
            "about a pull request.",
            is_other_event=True,
        )
    home = run.head_repository
    if home is None or not run.head_branch:
        return NoPullRequest("The fork or the branch of the pull request is gone.")
    return Branch(home.owner.login, home.full_name, run.head_branch, run.head_sha)


def find(github: GitHub, repository: str, clue: Clue) -> PullRequest | NoPullRequest:
    """The pull request, if it is open and still at the commit of the run.

    Else the run's result is of the past: a later run speaks for what is there now.
    """
    match clue:
        case NoPullRequest():
            return clue
        case Numbered(number=number, head=head):
            try:
                pull = github.get(f"/repos/{repository}/pulls/{number}", _Pull)
            except Gone:
                return NoPullRequest(
                    f"There is no pull request {number} in {repository} any more, or the "
                    "token may not see it."
                )
            return _still(repository, pull, head or pull.head.sha)
        case Branch():
            return _of_branch(github, repository, clue)


def _of_branch(
    github: GitHub, repository: str, branch: Branch
) -> PullRequest | NoPullRequest:
    # The owner's name and the branch's may stand for more than one fork of an organization's.
    found = [
        pull
        for pull in github.pages(
            f"/repos/{repository}/pulls",
            _Pull,
            head=f"{branch.owner}:{branch.name}",
            state="open",
        )
        if pull.head.repo is not None
        and pull.head.repo.full_name.lower() == branch.repository.lower()
    ]
    here = [pull for pull in found if pull.head.sha == branch.head]
    if len(here) > 1:
        numbers = ", ".join(str(pull.number) for pull in here)
        return NoPullRequest(
            f"More than one pull request is at {branch.head[:12]} ({numbers}): it can't be "
            "told which of them was graded."
        )
    if here:
        return _still(repository, here[0], branch.head)
    if found:
        return _still(repository, found[0], branch.head)
    return NoPullRequest(
        f"No open pull request is at {branch.head[:12]} any more: it was closed, or merged."
    )


def _still(repository: str, pull: _Pull, head: str) -> PullRequest | NoPullRequest:
    if pull.state != "open":
        return NoPullRequest(f"Pull request {pull.number} is {pull.state}.")
    if pull.head.sha != head:
        return NoPullRequest(
            f"Pull request {pull.number} has moved on from {head[:12]} to "
            f"{pull.head.sha[:12]}: the run for that commit comments."
        )
    home, target = pull.head.repo, pull.base.repo
    is_fork = home is None or target is None or home.full_name != target.full_name
    return PullRequest(repository, pull.number, pull.head.sha, is_fork)
