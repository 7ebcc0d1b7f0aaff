"""HOSTILE's cases 3, 21, 22 and 23, and its faults of a clone, against a real git and server."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.engine.capture import Capture, capture
from grader.errors import GradeError
from grader.submissions.credentials import credentials_in
from grader.submissions.mirror import Mirrors
from grader.submissions.remote import Transport
from grader.submissions.trouble import CloneTrouble
from tests.hostile import git_repositories as hostile
from tests.submissions.conftest import TOKEN
from tests.submissions.https_server import Server, serving

# Where a token for the server is read from.
# Servers that stall and break off: seconds each, left to .ci/run.
pytestmark = pytest.mark.sandbox

OWN_VARIABLE = "MLOPS_GRADE_TOKEN_LOCALHOST"

Attempt = Callable[..., Capture]


class Clock:
    """Sleeps that are only written down, and what was told before each."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(server: Server) -> Server:
    worktree = hostile.worktree(server.folder.parent, {"rent.py": hostile.SOURCE})
    bare = str(server.folder / "group.git")
    hostile.run_git(worktree, "clone", "-q", "--bare", ".", bare)
    hostile.run_git(server.folder, "init", "-q", "--bare", "empty.git")
    return server


@pytest.fixture
def attempt(tmp_path: Path, transport: Transport, clock: Clock) -> Attempt:
    def attempt(url: str, **variables: str) -> Capture:
        work = tmp_path / "work"
        work.mkdir()
        mirrors = Mirrors(
            credentials=credentials_in(variables),
            tell=clock.told.append,
            sleep=clock.slept.append,
            transport=transport,
        )
        return capture(url, work, mirrors=mirrors)

    return attempt


def refused(attempt: Attempt, url: str, **variables: str) -> CloneTrouble:
    with pytest.raises(CloneTrouble) as caught:
        attempt(url, **variables)
    error = caught.value
    assert error.message.isprintable(), error.message
    assert error.message.startswith(f"cloning {url}"[:20])
    assert error.hint
    return error


def test_a_repository_is_cloned_over_https(served: Server, attempt: Attempt) -> None:
    captured = attempt(served.url("repo/group.git"))
    assert captured.snapshot.files == ("rent.py",)
    assert captured.snapshot.name == "group"


def test_01_an_empty_repository_of_a_server_is_graded_as_one(
    served: Server, attempt: Attempt
) -> None:
    captured = attempt(served.url("repo/empty.git"))
    assert captured.notes == ("The repository has no commits.",)


@pytest.mark.parametrize("path", ["page/login", "status/200/x"])
def test_a_web_page_is_not_an_empty_repository(
    path: str, served: Server, attempt: Attempt
) -> None:
    """Git itself takes a short page for a list of no branches."""
    error = refused(attempt, served.url(path))
    assert error.cause == "not-a-repository"


@pytest.mark.parametrize("address", hostile.ADDRESSES)
def test_03_nothing_that_could_run_something_reaches_git(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(GradeError) as caught:
        capture(address, tmp_path, mirrors=Mirrors(folder=tmp_path / "cache"))
    assert "hunter2" not in caught.value.message + caught.value.hint
    assert not list(folder.iterdir()) and not (tmp_path / "cache").exists()


def test_21_a_stalled_server_is_left_and_tried_again(
    served: Server, attempt: Attempt, clock: Clock
) -> None:
    error = refused(attempt, served.url("stall/group.git"))
    assert error.cause == "timed-out"
    assert "(3 tries)" in error.message
    assert clock.slept == [2.0, 10.0]
    assert len(clock.told) == 2


def test_22_no_question_is_asked_where_a_password_is_wanted(
    served: Server, attempt: Attempt, clock: Clock
) -> None:
    error = refused(attempt, served.url("private/group.git"))
    assert error.cause == "private-or-gone"
    assert OWN_VARIABLE in error.hint
    assert clock.slept == []
    assert set(served.passwords) <= {""}


def test_22_a_redirect_to_another_host_is_named_and_not_followed(
    served: Server, attempt: Attempt, certificate: Path, tmp_path: Path
) -> None:
    with serving(served.folder, certificate) as trap:
        url = served.url(f"away/{trap.host}/repo/group.git")
        error = refused(attempt, url, **{OWN_VARIABLE: TOKEN})
        assert trap.requests == []
    assert error.cause == "redirected"
    assert trap.host in error.message
    assert TOKEN not in error.message


def test_22_a_redirect_to_another_protocol_is_not_followed(
    served: Server, attempt: Attempt
) -> None:
    error = refused(attempt, served.url("file/etc/passwd"))
    assert error.cause == "redirected"
    assert "file:///etc/passwd" in error.message


def test_22_a_redirect_within_the_host_is_followed_with_the_token(
    served: Server, attempt: Attempt
) -> None:
    """As after a repository was renamed."""
    url = served.url("to/private/group.git")
    captured = attempt(url, **{OWN_VARIABLE: TOKEN})
    assert captured.snapshot.files == ("rent.py",)


def test_22_a_redirect_in_circles_ends(served: Server, attempt: Attempt) -> None:
    error = refused(attempt, served.url("to/to/to/to/to/to/repo/group.git"))
    assert error.cause == "redirected"


def test_23_what_a_server_says_is_shown_as_text_and_cut(
    served: Server, attempt: Attempt
) -> None:
    served.words += "long " * 500
    error = refused(attempt, served.url("status/403/x"))
    assert "red words\\u202elong long" in error.message
    assert len(error.message) < 600


def test_23_a_server_can_not_choose_what_is_said_of_it(
    served: Server, attempt: Attempt, clock: Clock
) -> None:
    served.words = (
        "x\x0bfatal: Could not resolve host: evil\u2028early EOF\r"
        "Host key verification failed."
    )
    assert refused(attempt, served.url("status/404/x")).cause == "private-or-gone"
    assert clock.slept == []


@pytest.mark.parametrize(
    ("path", "cause", "tries"),
    [
        ("status/401/x", "private-or-gone", 1),
        ("status/403/x", "forbidden", 1),
        ("status/404/x", "private-or-gone", 1),
        ("repo/gone.git", "private-or-gone", 1),
        ("status/429/x", "rate-limited", 3),
        ("status/500/x", "server", 3),
        ("drop/x", "connection", 3),
        ("cut/group.git", "connection", 3),
    ],
)
def test_each_trouble_has_its_cause_and_only_what_may_pass_is_retried(
    path: str, cause: str, tries: int, served: Server, attempt: Attempt, clock: Clock
) -> None:
    error = refused(attempt, served.url(path))
    assert error.cause == cause
    assert len(clock.slept) == tries - 1
    assert ("tries" in error.message) == (tries > 1)


def test_a_server_that_recovers_is_cloned(
    served: Server, attempt: Attempt, clock: Clock
) -> None:
    captured = attempt(served.url("flaky/2/group.git"))
    assert captured.snapshot.files == ("rent.py",)
    assert clock.slept == [2.0, 10.0]


def test_words_on_a_rate_limit_explain_a_403(served: Server, attempt: Attempt) -> None:
    served.words = "You have exceeded a secondary rate limit."
    error = refused(attempt, served.url("status/403/x"))
    assert error.cause == "rate-limited"
    assert OWN_VARIABLE in error.hint


def test_a_token_opens_what_is_private(served: Server, attempt: Attempt) -> None:
    url = served.url("private/group.git")
    captured = attempt(url, **{OWN_VARIABLE: TOKEN})
    assert captured.snapshot.files == ("rent.py",)
    assert TOKEN in served.passwords


def test_a_wrong_token_is_named_by_its_variable_and_masked_in_an_echo(
    served: Server, attempt: Attempt
) -> None:
    wrong = "not-" + TOKEN
    url = served.url("private/group.git")
    error = refused(attempt, url, **{OWN_VARIABLE: wrong})
    assert error.cause == "refused"
    assert "refused the token in MLOPS_GRADE_TOKEN_LOCALHOST" in error.message
    assert wrong in served.passwords, "the server saw it and could say it again"
    assert wrong not in error.message + error.hint
    assert "[MLOPS_GRADE_TOKEN_LOCALHOST]" in error.message


def test_a_token_of_another_host_is_not_shown(served: Server, attempt: Attempt) -> None:
    refused(attempt, served.url("private/group.git"), GITHUB_TOKEN=TOKEN)
    assert TOKEN not in served.passwords


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_a_token_is_in_no_command_line_and_in_no_file(
    served: Server, attempt: Attempt, clock: Clock, tmp_path: Path
) -> None:
    """Looked at while git waits for a server that says nothing."""
    found: list[str] = []

    def look() -> None:
        for _ in range(200):
            if served.requests:
                break
            served.ended.wait(0.02)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                argv = (process / "cmdline").read_bytes()
            except OSError:
                continue
            found.append(argv.decode("utf-8", "replace"))

    watcher = threading.Thread(target=look)
    watcher.start()
    refused(attempt, served.url("stall/x"), **{OWN_VARIABLE: TOKEN})
    watcher.join()
    assert any("ls-remote" in argv for argv in found)
    assert not any(TOKEN in argv for argv in found)
    for parent, _, files in os.walk(tmp_path / "work"):
        for name in files:
            assert TOKEN.encode() not in Path(parent, name).read_bytes()


def test_a_host_that_is_not_there_is_named(attempt: Attempt, clock: Clock) -> None:
    error = refused(attempt, "https://no-such-host.invalid/group.git")
    assert error.cause == "host-unknown"
    assert clock.slept == [2.0]


def test_a_certificate_that_is_not_trusted_is_no_reason_to_go_on(
    served: Server, tmp_path: Path
) -> None:
    with pytest.raises(CloneTrouble) as caught:
        capture(served.url("repo/group.git"), tmp_path, mirrors=Mirrors())
    assert caught.value.cause == "certificate"
    assert served.requests == []
