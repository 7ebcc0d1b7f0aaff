"""The client: what it answers when GitHub doesn't, and where the token never goes."""

import pytest

from grader.errors import ExitCode, GradeError
from grader.github import client, patience
from grader.github.client import Answer, GitHub
from grader.github.trouble import GitHubError, Gone, RateLimited, Refused, Unavailable
from tests.github.server import REPOSITORY, TOKEN, Fault, Host, serving

PULL = f"/repos/{REPOSITORY}/pulls/7"
COMMENTS = f"/repos/{REPOSITORY}/issues/7/comments"


class Numbered(Answer):
    number: int


class Identified(Answer):
    id: int


def failure(github: GitHub) -> GitHubError:
    """The error with which a GET of the pull request ends."""
    with pytest.raises(GitHubError) as caught:
        github.get(PULL, Numbered)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT
    assert TOKEN not in caught.value.message + caught.value.hint
    return caught.value


def test_an_answer_is_the_model_that_was_asked_for(host: Host, github: GitHub) -> None:
    assert github.get(PULL, Numbered) == Numbered(number=7)
    assert host.requests == [f"GET {PULL}"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, GitHubError, "has expired"),
        (403, Refused, "may not do this"),
        (404, Gone, "may not see it"),
        (410, Gone, "is no more"),
        (422, GitHubError, "can't take what was sent"),
        (429, RateLimited, "asked too often"),
        (418, GitHubError, "was not done"),
        (500, Unavailable, "a problem of its own"),
        (502, Unavailable, "a problem of its own"),
    ],
)
def test_each_status_is_said_in_words_with_githubs_own(
    host: Host, github: GitHub, status: int, kind: type[GitHubError], words: str
) -> None:
    host.faults["GET"] = Fault(status, {"message": f"Said {TOKEN}."}, times=99)
    error = failure(github)
    assert type(error) is kind
    assert error.status == status
    assert f"GitHub says {status} to GET {PULL}: Said ***. " in error.message
    assert words in error.message


def test_what_is_safe_to_repeat_is_tried_four_times(host: Host, github: GitHub) -> None:
    host.faults["GET"] = Fault(503, {}, times=99)
    failure(github)
    assert len(host.requests) == 4


def test_a_permission_is_not_taken_for_a_rate_limit(host: Host, github: GitHub) -> None:
    left = {"X-RateLimit-Remaining": "4711", "X-RateLimit-Reset": "99999999999"}
    host.faults["GET"] = Fault(403, {"message": "Not for you"}, left, times=99)
    assert isinstance(failure(github), Refused)
    assert len(host.requests) == 1


def test_a_limit_that_is_used_up_says_when_it_is_not_any_more(
    host: Host, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "time", lambda: 1_000_000.0)
    used = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000090"}
    host.faults["GET"] = Fault(403, {"message": "API rate limit"}, used, times=99)
    assert failure(github).hint == "It may be tried again in 90 s."
    assert len(host.requests) == 1


def test_a_secondary_limit_without_a_time_waits_a_minute(
    host: Host, github: GitHub
) -> None:
    said = {"message": "You have exceeded a secondary rate limit"}
    host.faults["GET"] = Fault(403, said, times=99)
    assert failure(github).hint == "It may be tried again in 60 s."


@pytest.mark.parametrize("value", ["soon", "-1", "9" * 400, "1e9", ""])
def test_a_strange_retry_after_is_no_wait(
    host: Host, github: GitHub, value: str
) -> None:
    host.faults["GET"] = Fault(429, {}, {"Retry-After": value}, times=99)
    assert isinstance(failure(github), RateLimited)
    assert len(host.requests) <= 4


def test_lists_are_read_to_the_last_page(host: Host, github: GitHub) -> None:
    host.page = 3
    made = [host.says("ada", str(number)).id for number in range(10)]
    assert [one.id for one in github.pages(COMMENTS, Identified)] == made
    assert len(host.requests) == 4


def test_a_list_without_an_end_is_given_up(
    host: Host, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_PAGES", 3)
    host.page = 1
    for number in range(9):
        host.says("ada", str(number))
    with pytest.raises(GitHubError, match="more than 300 entries"):
        list(github.pages(COMMENTS, Identified))
    assert len(host.requests) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_within_the_host_is_followed(
    host: Host, github: GitHub, status: int
) -> None:
    host.faults["GET /repos/octo/old"] = Fault(status, {}, {"Location": PULL}, times=9)
    assert github.get("/repos/octo/old/pulls/7", Numbered).number == 7
    assert all(host.authorized)


def test_neither_redirects_nor_links_lead_the_token_to_another_host(
    host: Host, github: GitHub
) -> None:
    with serving(Host()) as other:
        host.faults["GET"] = Fault(307, {}, {"Location": f"{other.url}{PULL}"})
        assert "leads to another host" in failure(github).message
        link = {"Link": f'<{other.url}{COMMENTS}>; rel="next"'}
        host.faults["GET"] = Fault(200, b"[]", link)
        with pytest.raises(GitHubError, match="leads to another host"):
            list(github.pages(COMMENTS, Identified))
        assert other.requests == []


def test_a_redirect_in_circles_ends(host: Host, github: GitHub) -> None:
    host.faults["GET"] = Fault(302, {}, {"Location": PULL}, times=99)
    assert "in circles" in failure(github).message


def test_a_larger_answer_than_there_is_room_for_is_refused(
    host: Host, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 100_000)
    host.faults["GET"] = Fault(200, b" " * 200_000)
    assert "larger than" in failure(github).message


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"number": "many"}', b""])
def test_an_answer_of_another_shape_says_what_is_wrong(
    host: Host, github: GitHub, body: bytes
) -> None:
    host.faults["GET"] = Fault(200, body)
    assert "not what its documentation says" in failure(github).message


def test_a_server_that_is_not_there_is_said_without_addresses_of_objects() -> None:
    with serving(Host()) as gone:
        url = gone.url
    error = failure(GitHub(TOKEN, api_url=url, pause_s=0))
    assert "could not be reached at 127.0.0.1" in error.message
    assert "0x" not in error.message


def test_the_token_of_a_netrc_is_not_sent(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    GitHub(TOKEN, api_url=host.url).get(PULL, Numbered)
    assert host.authorized == [True]


@pytest.mark.parametrize("token", ["two words", "line\nend", "ünï", "nul\x00"])
def test_what_is_no_token_is_refused_and_not_quoted(token: str) -> None:
    with pytest.raises(GradeError) as caught:
        GitHub(token)
    assert token not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "ftp://api.github.com",
        "api.github.com",
        "https://ada:secret@api.github.com",
        "https://api.github.com?x=1",
        "",
    ],
)
def test_an_address_that_would_give_the_token_away_is_refused(url: str) -> None:
    with pytest.raises(GradeError, match="not the address of a GitHub API"):
        GitHub(TOKEN, api_url=url)


def test_queries_go_to_the_same_host_only() -> None:
    with pytest.raises(GradeError, match="on two hosts"):
        GitHub(TOKEN, graphql_url="https://evil.example/graphql")
