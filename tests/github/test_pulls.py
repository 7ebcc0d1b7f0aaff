"""Which pull request a run is about, from the events that GitHub writes."""

import json
from pathlib import Path

import pytest

from grader.errors import GradeError
from grader.github.client import GitHub
from grader.github.pulls import (
    Branch,
    NoPullRequest,
    Numbered,
    PullRequest,
    checked_repository,
    find,
    read_event,
)
from tests.github.server import HEAD, REPOSITORY, Host, Pull

OTHER = "0" * 40


def event(folder: Path, content: object) -> Path:
    file = folder / "event.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def direct(head: str = HEAD) -> dict[str, object]:
    """A `pull_request` event, as far as it is read, and something more."""
    return {
        "action": "synchronize",
        "pull_request": {
            "number": 7,
            "state": "open",
            "title": "=cmd|",
            "head": {"sha": head, "repo": {"full_name": "ada/prices"}},
            "base": {"sha": OTHER, "repo": {"full_name": REPOSITORY}},
        },
    }


def after(**changed: object) -> dict[str, object]:
    """A `workflow_run` event after a `pull_request` one of a fork."""
    run: dict[str, object] = {
        "event": "pull_request",
        "head_sha": HEAD,
        "head_branch": "feature",
        "head_repository": {"full_name": "ada/prices", "owner": {"login": "ada"}},
        # So it is for forks, always.
        "pull_requests": [],
    }
    return {"action": "completed", "workflow_run": run | changed}


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_pull_requests_event_says_its_number_and_commit(
    tmp_path: Path, name: str
) -> None:
    assert read_event(name, event(tmp_path, direct())) == Numbered(7, HEAD)


def test_a_workflow_runs_event_says_the_branch_it_was_for(tmp_path: Path) -> None:
    found = read_event("workflow_run", event(tmp_path, after()))
    assert found == Branch("ada", "ada/prices", "feature", HEAD)


def test_other_events_are_about_no_pull_request(tmp_path: Path) -> None:
    for name, content in (
        ("push", {"ref": "refs/heads/main"}),
        ("workflow_run", after(event="push")),
    ):
        found = read_event(name, event(tmp_path, content))
        assert isinstance(found, NoPullRequest)
        assert found.is_other_event
        assert '"push"' in found.reason


def test_a_fork_that_is_gone_is_said(tmp_path: Path) -> None:
    found = read_event("workflow_run", event(tmp_path, after(head_repository=None)))
    assert isinstance(found, NoPullRequest)
    assert not found.is_other_event


@pytest.mark.parametrize("content", [{}, [], {"pull_request": {"number": "x"}}, "x"])
def test_a_file_that_is_no_event_is_refused_with_the_place(
    tmp_path: Path, content: object
) -> None:
    with pytest.raises(GradeError, match='not a "pull_request" event'):
        read_event("pull_request", event(tmp_path, content))
    with pytest.raises(GradeError, match="cannot read"):
        read_event("pull_request", tmp_path / "none.json")


def test_an_open_pull_request_at_the_runs_commit_is_found(
    host: Host, github: GitHub
) -> None:
    found = find(github, REPOSITORY, Numbered(7, HEAD))
    assert found == PullRequest(REPOSITORY, 7, HEAD, is_fork=False)
    host.pulls[7].home = "ada/prices"
    found = find(github, REPOSITORY, Numbered(7))
    assert found == PullRequest(REPOSITORY, 7, HEAD, is_fork=True)
    host.pulls[7].home = None
    found = find(github, REPOSITORY, Numbered(7))
    assert found == PullRequest(REPOSITORY, 7, HEAD, is_fork=True)


@pytest.mark.parametrize(
    ("pulls", "words"),
    [
        ([], "no pull request 7"),
        ([Pull(7, state="closed")], "is closed"),
        ([Pull(7, head=OTHER)], "has moved on from 3f2a91c04d8e to 000000000000"),
    ],
)
def test_a_pull_request_of_the_past_is_none(
    host: Host, github: GitHub, pulls: list[Pull], words: str
) -> None:
    host.pulls = {one.number: one for one in pulls}
    found = find(github, REPOSITORY, Numbered(7, HEAD))
    assert isinstance(found, NoPullRequest)
    assert words in found.reason
    assert not found.is_other_event


FORK = Branch("ada", "ada/prices", "feature", HEAD)


def test_a_forks_pull_request_is_found_by_its_branch(
    host: Host, github: GitHub
) -> None:
    host.pulls = {
        5: Pull(5, home="bob/prices"),
        6: Pull(6, home="ada/prices", branch="other"),
        8: Pull(8, home="ada/prices"),
        9: Pull(9, home="ada/prices", state="closed"),
        # Of the same owner, with a branch of the same name: a second fork.
        10: Pull(10, home="ada/prices-2"),
    }
    assert find(github, REPOSITORY, FORK) == PullRequest(REPOSITORY, 8, HEAD, True)
    [request] = host.requests
    assert request.startswith(f"GET /repos/{REPOSITORY}/pulls?")
    assert "head=ada%3Afeature&state=open" in request


def test_a_branchs_name_can_not_ask_for_something_else(
    host: Host, github: GitHub
) -> None:
    name = "x&state=all&head=bob:main#../"
    host.pulls = {8: Pull(8, home="ada/prices", branch=name)}
    found = find(github, REPOSITORY, Branch("ada", "ada/prices", name, HEAD))
    assert isinstance(found, PullRequest)


@pytest.mark.parametrize(
    ("pulls", "words"),
    [
        ([], "No open pull request is at 3f2a91c04d8e any more"),
        ([Pull(8, home="ada/prices", head=OTHER)], "has moved on"),
        (
            [Pull(8, home="ada/prices"), Pull(9, home="ada/prices")],
            "More than one pull request is at 3f2a91c04d8e (8, 9)",
        ),
    ],
)
def test_a_branch_without_one_pull_request_at_its_commit_has_none(
    host: Host, github: GitHub, pulls: list[Pull], words: str
) -> None:
    host.pulls = {one.number: one for one in pulls}
    found = find(github, REPOSITORY, FORK)
    assert isinstance(found, NoPullRequest)
    assert words in found.reason


@pytest.mark.parametrize(
    "name", ["", "octo", "octo/", "octo/..", "octo/a/b", "../x", "octo/a b", "o/a?x"]
)
def test_what_is_no_repositorys_name_is_refused(name: str) -> None:
    with pytest.raises(GradeError, match="not the name of a repository"):
        checked_repository(name)
    assert checked_repository("octo/prices.py") == "octo/prices.py"
