"""Whom the engine asks about a repository's pull requests, with which token, and how often."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.checkers._base import Bench, Checker, Options
from grader.checkers._registry import installed
from grader.engine import hosted
from grader.engine.conditions import Earlier, Surroundings, Which
from grader.engine.gather import gather
from grader.engine.grade import static_items
from grader.engine.hosted import Question, asking
from grader.engine.items import catalogue
from grader.errors import CannotMeasure
from grader.model.evidence import Evidence
from grader.model.hosted import Hosted
from grader.model.measurement import Failed, Measured
from grader.rubric.load import parse_rubric
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes
from grader.submissions.web import Origin
from tests.committing import git
from tests.github.repository import LATER, Work, WorkHost, commit, pull, release, review
from tests.github.server import REPOSITORY, TOKEN, Fault, serving

HERE = Origin("github.com", REPOSITORY)
VARIABLES = (
    *("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_API_URL", "GITHUB_GRAPHQL_URL"),
    *("GITHUB_SERVER_URL", "MLOPS_GRADE_TOKEN_GITHUB_COM"),
    "MLOPS_GRADE_TOKEN_GIT_UNI_EDU",
)
RUBRIC = """\
name: Working together
version: "1"
dimensions:
  - id: teamwork
    title: Teamwork
    items:
      - checker: pull-requests
        score: 5 * used + 5 * mostly_approved
      - id: alone
        checker: pull-requests
        options: {authors: 1}
        score: 10 * several_authors
      - checker: error-handling
        score: min(10, try_blocks)
"""
ITEMS = parse_rubric(
    RUBRIC.encode(), "r.yaml", catalogue(installed()), folder=Path()
).rubric.items


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def host() -> Iterator[WorkHost]:
    done = Work(
        pulls=[
            pull(number, "ada", review("ben", body="It is fine."))
            for number in (1, 2, 3)
        ],
        commits=[commit(2), commit(1), commit(0, merged=None, parents=0)],
        releases=[release(2)],
    )
    with serving(WorkHost(work={REPOSITORY: done})) as running:
        assert isinstance(running, WorkHost)
        yield running


@pytest.fixture
def token(host: WorkHost, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", host.url)
    return TOKEN


def answer(origin: Origin | None = HERE, *, is_offline: bool = False) -> Hosted:
    return asking(Question(origin, None, is_offline))()


def reason(origin: Origin | None = HERE, *, is_offline: bool = False) -> str:
    with pytest.raises(CannotMeasure) as caught:
        answer(origin, is_offline=is_offline)
    assert TOKEN not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "GH_TOKEN", "MLOPS_GRADE_TOKEN_GITHUB_COM"]
)
def test_the_token_is_that_of_a_variable_for_the_host(
    host: WorkHost, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", host.url)
    monkeypatch.setenv(name, TOKEN)
    assert answer().repository == REPOSITORY
    assert host.authorized == [True]


def test_without_a_token_nobody_is_asked_and_it_is_said_what_to_set(
    host: WorkHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", host.url)
    monkeypatch.setenv("GITHUB_TOKEN", "  ")
    assert "GITHUB_TOKEN" in reason() and "no token for github.com" in reason()
    assert host.requests == []


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (None, "not known where"),
        (Origin("gitlab.com", "octo/prices"), "is on gitlab.com"),
        (Origin("github.com", "octo"), "no repository of github.com"),
        (Origin("github.com", "octo/prices/x"), "no repository of github.com"),
        (Origin("github.com", "octo/.."), "no repository of github.com"),
        (Origin("github.com", 'octo/x"}'), "no repository of github.com"),
        (Origin("github.com.evil.example", "octo/prices"), "evil.example"),
    ],
)
def test_what_is_not_a_repository_of_github_is_not_asked_for(
    host: WorkHost, token: str, origin: Origin | None, words: str
) -> None:
    assert words in reason(origin)
    assert host.requests == []


def test_offline_nobody_is_asked(host: WorkHost, token: str) -> None:
    assert "offline" in reason(is_offline=True)
    assert host.requests == []


def test_a_refused_token_is_named_by_its_variable(host: WorkHost, token: str) -> None:
    host.faults["POST"] = Fault(401, {"message": f"Bad credentials {TOKEN}"}, times=9)
    assert "that of GITHUB_TOKEN" in reason()


def test_what_is_no_token_is_told_without_it(
    host: WorkHost, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "most of a good one")
    assert "GITHUB_TOKEN: the token is not a token" in reason()
    assert "good" not in reason()


def test_a_limit_says_when_it_may_be_tried_again(host: WorkHost, token: str) -> None:
    late = {"Retry-After": "1200"}
    host.faults["POST"] = Fault(403, {"message": "rate limit"}, late, times=9)
    assert "It may be tried again in 20 minutes." in reason()


def test_each_is_asked_once_and_says_the_same_again(host: WorkHost, token: str) -> None:
    ask = asking(Question(HERE))
    assert ask() is ask()
    host.faults["POST"] = Fault(404, {}, times=9)
    ask = asking(Question(HERE))
    said = []
    for _ in range(2):
        with pytest.raises(CannotMeasure) as caught:
            ask()
        said.append(caught.value.reason)
    assert said[0] == said[1] and len(host.requests) == 2


OWN = "MLOPS_GRADE_TOKEN_GIT_UNI_EDU"


@pytest.mark.parametrize(
    ("server", "origin", "variables", "found", "api"),
    [
        ("", "github.com", ["GITHUB_TOKEN"], "GITHUB_TOKEN", "https://api.github.com"),
        (
            *("https://git.uni.edu", "git.uni.edu", ["GITHUB_TOKEN", OWN]),
            *(OWN, "https://git.uni.edu/api/v3"),
        ),
        (
            *("https://git.uni.edu", "git.uni.edu", ["GH_TOKEN"]),
            *("GH_TOKEN", "https://git.uni.edu/api/v3"),
        ),
        # A token for the one GitHub is not shown to the other.
        ("https://git.uni.edu", "github.com", ["GITHUB_TOKEN", "GH_TOKEN"], "", ""),
        (
            *("https://git.uni.edu", "github.com", ["MLOPS_GRADE_TOKEN_GITHUB_COM"]),
            *("MLOPS_GRADE_TOKEN_GITHUB_COM", "https://api.github.com"),
        ),
    ],
)
def test_each_github_gets_its_own_token_at_its_own_address(
    server: str, origin: str, variables: list[str], found: str, api: str
) -> None:
    environment = {"GITHUB_SERVER_URL": server, **dict.fromkeys(variables, TOKEN)}
    where = hosted.server_of(environment)
    if not found:
        with pytest.raises(CannotMeasure):
            hosted.token_for(origin, where, environment)
        return
    assert hosted.token_for(origin, where, environment) == (found, TOKEN)
    assert hosted.addresses(origin, where, environment) == (api, None)


def test_addresses_that_are_set_are_those_of_the_server_alone() -> None:
    there = {
        "GITHUB_SERVER_URL": "https://git.uni.edu",
        "GITHUB_API_URL": "https://git.uni.edu/rest",
        "GITHUB_GRAPHQL_URL": "https://git.uni.edu/graph",
    }
    of_server = ("https://git.uni.edu/rest", "https://git.uni.edu/graph")
    assert hosted.addresses("git.uni.edu", "git.uni.edu", there) == of_server
    of_github = ("https://api.github.com", None)
    assert hosted.addresses("github.com", "git.uni.edu", there) == of_github


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "prices"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "main.py").write_text("a = 1\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    git(folder, "remote", "add", "origin", f"git@github.com:{REPOSITORY}.git")
    return folder


def gathered(
    clone: Path,
    *,
    which: Which | None = None,
    run: str = "",
    earlier: Evidence | None = None,
    is_resumed: bool = False,
    is_offline: bool = False,
) -> Evidence:
    return gather(
        str(clone),
        which or Which(),
        ITEMS,
        installed().checkers,
        Surroundings(LimitsRule(), environment="none", is_offline=is_offline),
        Boxes("none"),
        run=run,
        earlier=Earlier(earlier, retries=not is_resumed) if earlier else None,
    )


def outcome(evidence: Evidence) -> Measured | Failed:
    found = evidence.measurements[0].outcome
    assert isinstance(found, Measured | Failed)
    return found


def test_a_clone_is_asked_about_by_its_origin_once_for_all_items(
    clone: Path, host: WorkHost, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    evidence = gathered(clone)
    found = outcome(evidence)
    assert isinstance(found, Measured)
    assert found.values["merged"] == 3 and found.values["approved_share"] == 1
    assert host.asked == {REPOSITORY: 1}
    assert "read with 1 request" in evidence.measurements[0].population
    stored = evidence.model_dump_json() + caplog.text
    assert TOKEN not in stored
    assert "ada" not in evidence.measurements[0].model_dump_json()


def test_the_deadline_of_the_group_is_that_of_its_pull_requests(
    clone: Path, host: WorkHost, token: str
) -> None:
    work = host.work[REPOSITORY]
    work.pulls = [*work.pulls, pull(4, "ada", at=LATER)]
    now = datetime(2100, 1, 1, tzinfo=UTC)
    late = gathered(clone, which=Which(deadline=now, now=now))
    found = outcome(late)
    assert isinstance(found, Measured) and found.values["merged"] == 4
    assert "by 2100-01-01" in found.answers[0].told


def test_what_github_says_is_asked_again_in_another_run_with_nothing_changed(
    clone: Path, host: WorkHost, token: str
) -> None:
    first = gathered(clone, run="monday")
    host.work[REPOSITORY] = Work()
    for is_resumed in (False, True):
        second = gathered(clone, run="tuesday", earlier=first, is_resumed=is_resumed)
        found = outcome(second)
        assert isinstance(found, Measured) and found.values["merged"] == 0
        # The files are the same: the other check is taken over.
        assert second.reused == 1
    assert host.asked == {REPOSITORY: 3}


def test_a_group_without_a_token_is_not_graded_there_and_in_the_rest_is(
    clone: Path, host: WorkHost
) -> None:
    evidence = gathered(clone)
    found = outcome(evidence)
    assert isinstance(found, Failed) and "GITHUB_TOKEN" in found.reason
    assert isinstance(evidence.measurements[2].outcome, Measured)


def test_a_folder_that_is_no_clone_is_not_asked_about(
    tmp_path: Path, host: WorkHost, token: str
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "main.py").write_text("a = 1\n")
    found = outcome(gathered(tmp_path / "plain"))
    assert isinstance(found, Failed) and "not known where" in found.reason
    assert host.requests == []


def test_what_runs_in_the_place_of_a_project_does_not_see_the_token(
    tmp_path: Path, token: str, bench: Bench
) -> None:
    program = "import os; print(sorted(os.environ))"
    said = bench.run_project([bench.test_python, "-c", program]).stdout
    assert "PATH" in said and "TOKEN" not in said


def test_a_hook_asks_nobody() -> None:
    items: tuple[Item, ...] = tuple(ITEMS)
    assert [item.key for item in static_items(items, installed())] == ["error-handling"]


def test_what_asks_a_host_is_never_taken_over() -> None:
    asking_host: list[Checker[Options]] = [
        one for one in installed().checkers.values() if one.asks_host
    ]
    assert asking_host and all(one.is_live for one in asking_host)
