"""What is read of a repository's work on GitHub, whatever GitHub answers."""

import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from grader.github import activity, client, patience
from grader.github.activity import MAX_REQUESTS, read_activity
from grader.github.client import GitHub
from grader.github.trouble import GitHubError, Gone, RateLimited, Refused, Unavailable
from grader.model.hosted import Account, Hosted, HostedCommit, Release
from tests.github.repository import (
    LATER,
    MERGED,
    Work,
    WorkHost,
    commit,
    pull,
    release,
    review,
)
from tests.github.server import REPOSITORY, TOKEN, Fault, Host, Json, serving

QUERY = "POST /graphql"


@pytest.fixture
def host() -> Iterator[WorkHost]:
    with serving(WorkHost()) as running:
        assert isinstance(running, WorkHost)
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited for a limit's reset, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(client, "sleep", waited.append)
    monkeypatch.setattr(patience, "time", lambda: 1_000_000.0)
    return waited


def read(host: Host, **told: float) -> Hosted:
    github = GitHub(TOKEN, api_url=host.url, pause_s=0, **told)  # type: ignore[arg-type]
    return read_activity(github, "github.com", REPOSITORY)


def page_of(sent: Mapping[str, Json]) -> Json:
    """How many entries a query asked for."""
    variables = sent["variables"]
    assert isinstance(variables, dict)
    return variables["few"]


def failure(host: Host) -> GitHubError:
    with pytest.raises(GitHubError) as caught:
        read(host)
    assert TOKEN not in caught.value.message + caught.value.hint
    return caught.value


def test_a_repository_is_read_with_one_request(host: WorkHost) -> None:
    said = review("Ben", body="Please name the constant; see line 3.", comments=2)
    host.work[REPOSITORY] = Work(
        pulls=[pull(7, "Ada", said, by="dependabot[bot]", checks="FAILURE")],
        commits=[commit(2), commit(1, merged=None, parents=0)],
        releases=[release(2), release(None, at=None, is_draft=True)],
    )
    found = read(host)
    assert host.requests == [QUERY] and host.authorized == [True]
    assert (found.repository, found.branch) == (REPOSITORY, "main")
    assert (found.requests, found.left) == (1, 4_999)
    (only,) = found.pull_requests
    assert only.author == Account("ada", is_bot=False)
    assert only.merged_by == Account("dependabot", is_bot=True)
    assert only.merged == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert only.checks == "failure" and not only.has_more_reviews
    (one,) = only.reviews
    assert (one.verdict, one.words, one.comments) == ("approved", 7, 2)
    assert found.commits[1].is_root and found.commits[1].merged is None
    assert found.releases[1] == Release(None, None, is_draft=True)


def test_everything_is_read_page_by_page_and_in_order(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work(
        pulls=[pull(number) for number in range(1, 121)],
        commits=[commit(number) for number in range(250)],
        releases=[release(number) for number in range(51)],
    )
    found = read(host)
    assert [one.number for one in found.pull_requests] == list(range(1, 121))
    assert len({one.hash for one in found.commits}) == 250
    assert len({one.commit for one in found.releases}) == 51
    assert not found.has_more_commits
    assert host.asked == {REPOSITORY: 3} and found.requests == 3


def test_a_class_of_twenty_stays_within_twenty_requests_each_and_says_how_many(
    host: WorkHost,
) -> None:
    def done(count: int) -> Work:
        said = [review("ben")]
        return Work(
            pulls=[pull(number, "ada", *said) for number in range(1, count + 1)],
            commits=[commit(number) for number in range(2 * count)],
            releases=[release(number) for number in range(count // 5)],
        )

    # One of them has as many as are read at all.
    host.work = {f"octo/group-{n}": done(2 * n or activity.MOST) for n in range(20)}
    github = GitHub(TOKEN, api_url=host.url, pause_s=0)
    said = {
        name: read_activity(github, "github.com", name).requests for name in host.work
    }
    assert said == host.asked
    assert max(said.values()) <= MAX_REQUESTS
    assert sum(said.values()) == len(host.requests)


def test_the_history_is_read_up_to_a_bound_that_it_says_it_came_to(
    host: WorkHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MOST_COMMITS", 200)
    host.work[REPOSITORY] = Work(commits=[commit(number) for number in range(201)])
    found = read(host)
    assert (len(found.commits), found.has_more_commits) == (200, True)


@pytest.mark.parametrize("what", ["pull requests", "releases"])
def test_a_list_that_is_cut_off_is_no_list(
    host: WorkHost, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MOST", 50)
    pulls = [pull(number) for number in range(51)]
    releases = [release(number) for number in range(51)]
    is_pulls = what == "pull requests"
    host.work[REPOSITORY] = Work(
        pulls if is_pulls else (), (), () if is_pulls else releases
    )
    assert f"has 51 {what}, of which only 50 were read" in failure(host).message


def test_a_renamed_repository_is_known_by_its_new_name(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work(called="octo/houses")
    assert read(host).repository == "octo/houses"


@pytest.mark.parametrize("called", ["", "../..x", "a/b/c", "octo/p; rm -rf", "x" * 300])
def test_a_name_that_is_none_is_not_taken_over(host: WorkHost, called: str) -> None:
    host.work[REPOSITORY] = Work(called=called or "/")
    assert "by what is no name" in failure(host).message


def test_an_empty_repository_has_nothing(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work(has_branch=False)
    found = read(host)
    assert (found.branch, found.commits, found.pull_requests) == ("", (), ())


def test_who_is_gone_is_nobody(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work([pull(1, None, review(None), by=None)])
    (only,) = read(host).pull_requests
    assert (only.author, only.merged_by) == (None, None)
    assert only.reviews[0].reviewer is None


@pytest.mark.parametrize(
    ("rollup", "checks"),
    [
        ("SUCCESS", "success"),
        ("FAILURE", "failure"),
        ("ERROR", "failure"),
        ("PENDING", "failure"),
        ("EXPECTED", "failure"),
        ("", "none"),
    ],
)
def test_checks_passed_failed_or_were_not_there(
    host: WorkHost, rollup: str, checks: str
) -> None:
    host.work[REPOSITORY] = Work([pull(1, checks=rollup or None)])
    assert read(host).pull_requests[0].checks == checks


def test_a_review_that_is_not_handed_in_is_none(host: WorkHost) -> None:
    kinds = [review("ben", "PENDING", at=None), review("ben", "SOMETHING_NEW")]
    host.work[REPOSITORY] = Work([pull(1, "ada", *kinds)])
    assert read(host).pull_requests[0].reviews == ()


@pytest.mark.parametrize(
    ("email", "is_by_bot"),
    [
        ("41898282+github-actions[bot]@users.noreply.github.com", True),
        ("ada@uni.edu", False),
        ("bot@uni.edu", False),
        (None, False),
    ],
)
def test_bots_are_known_by_the_address_that_github_gives_them(
    host: WorkHost, email: str | None, is_by_bot: bool
) -> None:
    host.work[REPOSITORY] = Work(commits=[commit(1, email=email)])
    assert read(host).commits[0].is_by_bot == is_by_bot


def test_a_commit_came_with_the_first_merge_that_had_it(host: WorkHost) -> None:
    both = commit(1)
    both["associatedPullRequests"] = {
        "nodes": [{"mergedAt": LATER}, None, {"mergedAt": MERGED}, {"mergedAt": None}]
    }
    host.work[REPOSITORY] = Work(commits=[both])
    when = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert read(host).commits == (
        HostedCommit(f"{1:040x}", datetime(2026, 3, 1, 10, tzinfo=UTC), when),
    )


def test_texts_of_strangers_are_cut_or_only_counted(host: WorkHost) -> None:
    long = review("ben", body="\x1b[2J @everyone " * 20_000)
    host.work[REPOSITORY] = Work([pull(1, "A" * 5_000, long)])
    (only,) = read(host).pull_requests
    assert only.author == Account("a" * 100, is_bot=False)
    assert only.reviews[0].words == 1_000
    assert "everyone" not in repr(only)


def test_nothing_that_names_or_shows_a_change_is_asked_for(host: WorkHost) -> None:
    read(host)
    query = str(host.sent[0]["query"])
    assert not any(
        word in query for word in ("title", "bodyHTML", "additions", "files")
    )
    assert "mutation" not in query


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, GitHubError, "has expired"),
        (403, Refused, "may not do this"),
        (404, Gone, "may not see it"),
        (500, Unavailable, "a problem of its own"),
        (502, Unavailable, "a problem of its own"),
    ],
)
def test_each_status_is_an_error_in_words(
    host: WorkHost, status: int, kind: type[GitHubError], words: str
) -> None:
    host.faults[QUERY] = Fault(status, {"message": f"Said {TOKEN}"}, times=99)
    error = failure(host)
    assert type(error) is kind and words in error.message
    assert len(host.requests) <= MAX_REQUESTS


def test_a_server_that_stumbles_is_asked_again_and_the_tries_are_counted(
    host: WorkHost,
) -> None:
    host.faults[QUERY] = Fault(502, {}, times=2)
    assert read(host).requests == 3 == len(host.requests)


def test_what_takes_github_too_long_is_asked_in_smaller_pages(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work([pull(number) for number in range(25)])
    host.faults[QUERY] = Fault(502, {}, times=4)
    found = read(host)
    assert len(found.pull_requests) == 25
    assert [page_of(one) for one in host.sent] == [10, 10, 10]
    assert found.requests == 7 == len(host.requests)


def test_no_more_than_twenty_requests_are_made_whatever_happens(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work([pull(number) for number in range(600)])
    host.faults[QUERY] = Fault(502, {}, times=4)
    assert "no more than 20 requests" in failure(host).message
    assert len(host.requests) <= MAX_REQUESTS


USED: Mapping[str, str] = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000020"}


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_resets_soon_is_waited_for(
    host: WorkHost, status: int, waits: list[float]
) -> None:
    host.faults[QUERY] = Fault(status, {"message": "API rate limit exceeded"}, USED)
    assert read(host).requests == 2
    assert waits == [20]


@pytest.mark.parametrize("kind", ["RATE_LIMIT", "RATE_LIMITED"])
def test_graphql_says_that_limit_with_status_200_and_is_waited_for_too(
    host: WorkHost, kind: str, waits: list[float]
) -> None:
    said = {"errors": [{"type": kind, "message": "API rate limit exceeded"}]}
    host.faults[QUERY] = Fault(200, said, USED)
    assert read(host).requests == 2
    assert waits == [20]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, {"message": "API rate limit exceeded"}),
        (200, {"errors": [{"type": "RATE_LIMIT", "message": "exceeded"}]}),
    ],
)
def test_a_limit_that_resets_late_says_when(
    host: WorkHost, status: int, said: Mapping[str, Json], waits: list[float]
) -> None:
    used = {**USED, "X-RateLimit-Reset": "1001800"}
    host.faults[QUERY] = Fault(status, said, used, times=99)
    error = failure(host)
    assert isinstance(error, RateLimited)
    assert error.hint == "It may be tried again in 30 minutes."
    assert waits == [] and len(host.requests) == 1


def test_a_limit_that_never_resets_is_not_waited_for_for_ever(
    host: WorkHost, waits: list[float]
) -> None:
    host.faults[QUERY] = Fault(403, {"message": "rate limit"}, USED, times=99)
    assert isinstance(failure(host), RateLimited)
    assert len(waits) == len(host.requests) - 1 == 3


def test_a_secondary_limit_is_waited_for_as_it_asks(host: WorkHost) -> None:
    said = {"message": "You have exceeded a secondary rate limit"}
    host.faults[QUERY] = Fault(403, said, {"Retry-After": "0"})
    assert read(host).requests == 2


def test_a_secondary_limit_that_asks_for_long_says_how_long(host: WorkHost) -> None:
    said = {"message": "You have exceeded a secondary rate limit"}
    host.faults[QUERY] = Fault(403, said, {"Retry-After": "900"}, times=99)
    assert failure(host).hint == "It may be tried again in 15 minutes."
    assert len(host.requests) == 1


def test_an_answer_in_parts_is_none(host: WorkHost) -> None:
    place = ["repository", "pullRequests", "nodes", 0, "commits", "statusCheckRollup"]
    said = "Resource not accessible by personal access token"
    error = {"type": "FORBIDDEN", "path": place, "message": said}
    good = host.answer("POST", "/graphql", _variables())[1]
    assert isinstance(good, dict)
    host.faults[QUERY] = Fault(200, {**good, "errors": [error]}, times=9)
    found = failure(host)
    assert isinstance(found, Refused)
    assert "nodes.0.commits.statusCheckRollup" in found.message
    assert "commit statuses and checks" in found.message


def _variables() -> dict[str, Json]:
    wants = {"wantsPulls": True, "wantsCommits": True, "wantsReleases": True}
    pages = {"few": 50, "many": 100, "pulls": None, "commits": None, "releases": None}
    return {"variables": {"owner": "octo", "name": "prices", **wants, **pages}}


@pytest.mark.parametrize(
    ("errors", "kind", "words"),
    [
        ([{"type": "NOT_FOUND", "message": "Could not resolve"}], Gone, "not there"),
        (
            [{"message": "Something went wrong while executing your query."}],
            Unavailable,
            "Something went wrong",
        ),
        ([{"type": "undefinedField", "message": "No field"}], GitHubError, "No field"),
        ([{}], GitHubError, "nothing"),
        ([], GitHubError, "nothing"),
    ],
)
def test_what_graphql_says_with_status_200_is_an_error_in_words(
    host: WorkHost, errors: list[Json], kind: type[GitHubError], words: str
) -> None:
    host.faults[QUERY] = Fault(200, {"data": None, "errors": errors}, times=99)
    error = failure(host)
    assert type(error) is kind and words in error.message


def test_a_repository_that_is_not_there_is_gone(host: WorkHost) -> None:
    host.work = {}
    assert isinstance(failure(host), Gone)
    host.faults[QUERY] = Fault(200, {"data": {"repository": None}})
    assert isinstance(failure(host), Gone)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 3}', b"", b'{"data":'])
def test_what_is_no_answer_of_github_says_what_is_wrong(
    host: WorkHost, body: bytes
) -> None:
    host.faults[QUERY] = Fault(200, body, times=9)
    assert "not what its documentation says" in failure(host).message


def test_a_time_without_its_zone_is_not_taken_for_any(host: WorkHost) -> None:
    host.work[REPOSITORY] = Work([pull(1, at="2026-03-02T10:00:00")])
    assert "mergedAt" in failure(host).message


@pytest.mark.parametrize("lacking", ["pullRequests", "releases", "history"])
def test_a_list_that_is_not_in_the_answer_is_not_an_empty_one(
    host: WorkHost, lacking: str
) -> None:
    empty = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}
    target = {"history": empty} if lacking != "history" else {}
    answer = {
        "nameWithOwner": REPOSITORY,
        "defaultBranchRef": {"name": "main", "target": target},
        **{name: empty for name in ("pullRequests", "releases") if name != lacking},
    }
    host.faults[QUERY] = Fault(200, {"data": {"repository": answer}}, times=9)
    assert "lacks what it was asked for" in failure(host).message


@pytest.mark.parametrize("field", ["mergedAt", "mergedBy", "author", "reviews"])
def test_a_field_that_is_not_in_the_answer_is_not_an_empty_one(
    host: WorkHost, field: str
) -> None:
    lacking = pull(1)
    del lacking[field]
    host.work[REPOSITORY] = Work([lacking])
    assert field in failure(host).message


def test_reviews_that_the_token_may_not_see_are_not_read(host: WorkHost) -> None:
    hidden = pull(1)
    hidden["reviews"] = {"totalCount": 1, "nodes": [None]}
    host.work[REPOSITORY] = Work([hidden])
    assert read(host).pull_requests[0].has_more_reviews


def test_pages_that_lead_nowhere_end(host: WorkHost) -> None:
    endless = {"pageInfo": {"hasNextPage": True, "endCursor": "1"}, "nodes": [pull(1)]}
    answer = {
        "nameWithOwner": REPOSITORY,
        "defaultBranchRef": None,
        "pullRequests": endless,
        "releases": {**endless, "nodes": [release(1)]},
    }
    host.faults[QUERY] = Fault(200, {"data": {"repository": answer}}, times=99)
    assert "and not where" in failure(host).message
    assert len(host.requests) == 2


def test_an_endless_answer_ends(
    host: WorkHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 1_000_000)
    host.faults[QUERY] = Fault(200, b" " * 65_536, times=99, is_endless=True)
    assert "the answer is larger than" in failure(host).message
    # Once for each size of a page.
    assert len(host.requests) == 2


def test_a_server_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "SILENCE_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(Host(url=f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert isinstance(error, Unavailable)
    assert "could not be reached at 127.0.0.1: Read timed out" in error.message


def test_a_redirect_to_another_host_is_not_followed_with_the_token(
    host: WorkHost,
) -> None:
    with serving(Host()) as other:
        to = {"Location": f"{other.url}/graphql"}
        host.faults[QUERY] = Fault(307, {}, to, times=9)
        assert "leads to another host" in failure(host).message
        assert other.requests == []


def test_a_redirect_within_the_host_is_followed(host: WorkHost) -> None:
    host.faults[QUERY] = Fault(308, {}, {"Location": "/api/v3/graphql"}, times=1)
    assert read(host).repository == REPOSITORY
    assert host.authorized == [True, True]
