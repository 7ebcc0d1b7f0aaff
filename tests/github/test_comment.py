"""One comment on a pull request, whatever stands there and however GitHub answers."""

import pytest

from grader.github.client import GitHub
from grader.github.comment import NotWritten, Written, marked, write_comment
from grader.github.pulls import PullRequest
from grader.github.trouble import GitHubError, RateLimited, Unavailable
from tests.github.server import BOT, HEAD, REPOSITORY, TOKEN, Fault, Host

PULL = PullRequest(REPOSITORY, 7, HEAD, is_fork=False)
FORK = PullRequest(REPOSITORY, 7, HEAD, is_fork=True)
LIST = f"GET /repos/{REPOSITORY}/issues/7/comments?per_page=100"
ADD = f"POST /repos/{REPOSITORY}/issues/7/comments"
WHO = "POST /graphql"
TEXT = "### 7.13 of 10\n\nFine, so far.\n"
OLD = marked("### 6.51 of 10\n")


def change(number: int) -> str:
    return f"PATCH /repos/{REPOSITORY}/issues/comments/{number}"


def drop(number: int) -> str:
    return f"DELETE /repos/{REPOSITORY}/issues/comments/{number}"


def bodies(host: Host, author: str = BOT) -> list[str]:
    return [one.body for one in host.comments.get(7, []) if one.author == author]


def test_the_first_comment_is_made(host: Host, github: GitHub) -> None:
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "created"
    assert host.requests == [LIST, ADD]
    assert bodies(host) == [marked(TEXT)]
    assert all(host.authorized)


def test_a_comment_that_is_there_is_changed_in_place(
    host: Host, github: GitHub
) -> None:
    host.says("ada", "Please look.")
    ours = host.says(BOT, OLD)
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert (done.kind, done.removed) == ("updated", 0)
    assert done.address.endswith(f"#issuecomment-{ours.id}")
    assert host.requests == [LIST, WHO, change(ours.id)]
    assert bodies(host) == [marked(TEXT)]


@pytest.mark.parametrize("kept", [str, lambda text: text.replace("\n", "\r\n")])
def test_nothing_is_sent_where_it_says_the_same_already(
    host: Host, github: GitHub, kept: type[str]
) -> None:
    host.says(BOT, kept(marked(TEXT)))
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "unchanged"
    assert host.writes() == []
    assert host.requests == [LIST, WHO]


def test_what_a_person_changed_in_our_comment_is_put_right(
    host: Host, github: GitHub
) -> None:
    ours = host.says(BOT, marked(TEXT).replace("7.13", "9.99"))
    write_comment(github, PULL, TEXT)
    assert host.writes() == [change(ours.id)]
    assert bodies(host) == [marked(TEXT)]


def test_somebody_elses_comment_with_our_marker_is_left_alone(
    host: Host, github: GitHub
) -> None:
    host.says("mallory", OLD)
    host.says("github-actions", OLD)
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "created"
    assert host.requests == [LIST, WHO, ADD]
    assert bodies(host, "mallory") == bodies(host, "github-actions") == [OLD]
    assert bodies(host) == [marked(TEXT)]


def test_another_comment_of_the_same_bot_is_left_alone(
    host: Host, github: GitHub
) -> None:
    others = ["Coverage is 80 %.", f"> {OLD}", f"As said:\n{OLD}", ""]
    for text in others:
        host.says(BOT, text)
    write_comment(github, PULL, TEXT)
    assert bodies(host) == [*others, marked(TEXT)]


def test_of_duplicates_the_oldest_is_kept(host: Host, github: GitHub) -> None:
    first, second, third = (host.says(BOT, OLD) for _ in range(3))
    host.says("ada", "Why three times?")
    done = write_comment(github, PULL, TEXT)
    assert done == Written("updated", done.address, 2)  # type: ignore[union-attr]
    assert host.writes() == [change(first.id), drop(second.id), drop(third.id)]
    assert bodies(host) == [marked(TEXT)]


def test_duplicates_go_where_the_first_says_it_already(
    host: Host, github: GitHub
) -> None:
    host.says(BOT, marked(TEXT))
    second = host.says(BOT, marked(TEXT))
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert (done.kind, done.removed) == ("unchanged", 1)
    assert host.writes() == [drop(second.id)]


def test_every_page_of_comments_is_searched(host: Host, github: GitHub) -> None:
    host.page = 10
    for number in range(25):
        host.says("ada", f"Comment {number}.")
    ours = host.says(BOT, OLD)
    write_comment(github, PULL, TEXT)
    pages = [one for one in host.requests if one.startswith("GET ")]
    assert pages == [
        LIST,
        LIST.replace("per_page=100", "per_page=10&page=2"),
        LIST.replace("per_page=100", "per_page=10&page=3"),
    ]
    assert host.writes() == [change(ours.id)]
    assert len(bodies(host)) == 1


def test_a_comment_that_goes_between_being_found_and_changed_is_made_anew(
    host: Host, github: GitHub
) -> None:
    ours = host.says(BOT, OLD)
    host.faults[change(ours.id)] = Fault(404, {"message": "Not Found"})
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "created"
    assert host.writes() == [change(ours.id), ADD]


def test_a_pull_request_that_vanishes_between_find_and_write_is_said(
    host: Host, github: GitHub
) -> None:
    host.vanishes = ADD
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, NotWritten)
    assert done.kind == "gone"
    assert "Pull request 7 of octo/prices has vanished" in done.reason
    assert host.writes() == [ADD]


def test_a_token_of_a_fork_names_the_second_workflow(
    host: Host, github: GitHub
) -> None:
    host.reads_only = True
    done = write_comment(github, FORK, TEXT)
    assert isinstance(done, NotWritten)
    assert done.kind == "read-only"
    assert "comes from a fork" in done.reason
    assert "github init" in done.hint
    assert bodies(host) == []


def test_a_token_that_may_only_read_elsewhere_names_the_permission(
    host: Host, github: GitHub
) -> None:
    host.reads_only = True
    ours = host.says(BOT, OLD)
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, NotWritten)
    assert "Resource not accessible by integration" in done.reason
    assert "pull-requests: write" in done.hint
    assert host.writes() == [change(ours.id)]
    assert bodies(host) == [OLD]


def test_a_locked_conversation_is_said(host: Host, github: GitHub) -> None:
    message = "Unable to create comment because issue is locked."
    host.faults[ADD] = Fault(403, {"message": message})
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, NotWritten)
    assert done.kind == "locked"


@pytest.mark.parametrize("status", [429, 403])
def test_a_short_rate_limit_is_waited_for(
    host: Host, github: GitHub, status: int
) -> None:
    said = {"message": "You have exceeded a secondary rate limit."}
    host.faults[ADD] = Fault(status, said, {"Retry-After": "0"}, times=2)
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "created"
    assert host.writes() == [ADD, ADD, ADD]
    assert bodies(host) == [marked(TEXT)]


def test_a_long_rate_limit_is_not_waited_for_and_says_when(
    host: Host, github: GitHub
) -> None:
    host.faults[ADD] = Fault(429, {}, {"Retry-After": "1800"}, times=9)
    with pytest.raises(RateLimited) as caught:
        write_comment(github, PULL, TEXT)
    assert caught.value.hint == "It may be tried again in 30 minutes."
    assert host.writes() == [ADD]


def test_a_comment_whose_answer_was_lost_is_not_made_twice(
    host: Host, github: GitHub
) -> None:
    host.faults[ADD] = Fault(502, {}, does_it=True)
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert host.requests == [LIST, ADD, LIST, WHO]
    assert bodies(host) == [marked(TEXT)]


def test_a_server_in_trouble_is_asked_again(host: Host, github: GitHub) -> None:
    ours = host.says(BOT, OLD)
    host.faults = {
        LIST: Fault(500, {}, times=2),
        WHO: Fault(502, b"<html>Unicorn</html>", times=1),
        change(ours.id): Fault(503, {}, times=1),
    }
    done = write_comment(github, PULL, TEXT)
    assert isinstance(done, Written)
    assert done.kind == "updated"
    assert host.requests == [
        *(LIST, LIST, LIST),
        *(WHO, WHO),
        *(change(ours.id), change(ours.id)),
    ]
    assert bodies(host) == [marked(TEXT)]


def test_a_server_that_stays_in_trouble_is_given_up(host: Host, github: GitHub) -> None:
    host.faults[ADD] = Fault(500, {}, times=99)
    with pytest.raises(Unavailable, match="GitHub says 500"):
        write_comment(github, PULL, TEXT)
    assert host.writes() == [ADD, ADD]


def test_where_it_can_not_be_told_who_we_are_nothing_is_written(
    host: Host, github: GitHub
) -> None:
    host.says("mallory", OLD)
    errors = {"data": None, "errors": [{"message": f"no {TOKEN} here"}]}
    host.faults[WHO] = Fault(200, errors, times=9)
    with pytest.raises(GitHubError) as caught:
        write_comment(github, PULL, TEXT)
    assert TOKEN not in caught.value.message
    assert host.writes() == []


def test_a_text_that_does_not_fit_is_our_mistake(github: GitHub) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_comment(github, PULL, "x" * 65_001)
