"""`mlops-grade github comment` and `github validate`, as a workflow calls them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.app import run
from grader.model.report import Report
from grader.reporting import words
from grader.reporting.json import render_json
from tests.github.server import BOT, HEAD, REPOSITORY, TOKEN, Fault, Host, serving
from tests.reporting import sample

Step = Callable[..., int]
OTHER = "0" * 40
ADD = f"POST /repos/{REPOSITORY}/issues/7/comments"


def head(commit: str = HEAD) -> Report:
    return sample.build([sample.ERRORS, sample.FORMATTING], commit=commit)


def base() -> Report:
    worse = replace(sample.FORMATTING, mark=2.0)
    return sample.build([sample.ERRORS, worse], commit="b" * 40)


@pytest.fixture
def host() -> Iterator[Host]:
    with serving(Host()) as running:
        yield running


@pytest.fixture
def step(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Runs the command as a step of a job does, on an event of a pull request."""

    def runs(
        *more: str,
        report: Report | None = None,
        event: str = "pull_request",
        payload: object = None,
        token: str = TOKEN,
    ) -> int:
        content = payload or {
            "pull_request": {
                "number": 7,
                "state": "open",
                "head": {"sha": HEAD, "repo": {"full_name": REPOSITORY}},
                "base": {"sha": "b" * 40, "repo": {"full_name": REPOSITORY}},
            }
        }
        files = {
            "event.json": json.dumps(content),
            "head.json": render_json(report or head()),
            "base.json": render_json(base()),
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        for name, value in (
            ("GITHUB_TOKEN", token),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", str(tmp_path / "event.json")),
            ("GITHUB_API_URL", host.url),
            ("GITHUB_GRAPHQL_URL", f"{host.url}/graphql"),
        ):
            monkeypatch.setenv(name, value)
        return run(["github", "comment", "--head", "head.json", *more])

    return runs


def bodies(host: Host) -> list[str]:
    return [one.body for one in host.comments.get(7, [])]


def test_a_step_makes_the_comment_and_the_next_one_leaves_it_alone(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert step("--base", "base.json", "--run-url", "https://ci.example/1") == 0
    assert "comment created: https://github.com/" in capsys.readouterr().out
    [body] = bodies(host)
    first, heading, *_ = body.splitlines()
    assert first.startswith("<!-- mlops-grade comment v1 ")
    assert heading.startswith(f"### mlops-grade: {words.total(head().grade)} (+")
    assert "](https://ci.example/1)" in body
    count = len(host.writes())
    assert step("--base", "base.json", "--run-url", "https://ci.example/1") == 0
    assert "comment unchanged" in capsys.readouterr().out
    assert len(host.writes()) == count
    assert step() == 0
    assert "comment updated" in capsys.readouterr().out
    [body] = bodies(host)
    assert "no change is shown" in body


def test_duplicates_are_told_of(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    old = "<!-- mlops-grade comment v1 0123456789abcdef -->\nold"
    host.says(BOT, old)
    host.says(BOT, old)
    assert step() == 0
    assert "updated, 1 of our own removed beside it" in capsys.readouterr().out
    assert len(bodies(host)) == 1


def test_a_result_of_another_commit_is_refused_before_anything_is_written(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert step(report=head(OTHER)) == 2
    said = capsys.readouterr().err
    assert (
        "it is of commit 000000000000, and the pull request is at 3f2a91c04d8e" in said
    )
    assert host.writes() == []


def test_a_result_that_does_not_add_up_is_refused_before_anything_is_asked(
    step: Step, host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = head()
    grade = report.grade.model_copy(update={"total": 10.0})
    assert step(report=report.model_copy(update={"grade": grade})) == 2
    assert "not what its marks come to" in capsys.readouterr().err
    assert host.requests == []


def test_a_pull_request_that_moved_on_gets_no_comment_and_no_error(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.pulls[7].head = OTHER
    assert step("--when", "always") == 0
    assert "has moved on" in capsys.readouterr().err
    assert host.writes() == []


def test_a_pull_request_that_vanishes_between_find_and_write_is_no_error(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.vanishes = ADD
    assert step("--when", "always") == 0
    assert "has vanished" in capsys.readouterr().err
    assert bodies(host) == []


@pytest.mark.parametrize(("when", "code"), [("auto", 0), ("always", 3)])
def test_a_token_that_may_only_read_names_the_second_workflow(
    step: Step, host: Host, when: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    host.pulls[7].home = "ada/prices"
    host.reads_only = True
    assert step("--when", when) == code
    said = capsys.readouterr().err
    assert "comes from a fork" in said
    assert "github init" in said


@pytest.mark.parametrize(("when", "code"), [("auto", 0), ("always", 2)])
def test_an_event_without_a_pull_request_is_said(
    step: Step, host: Host, when: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        step("--when", when, event="push", payload={"ref": "refs/heads/main"}) == code
    )
    assert '"push", which is not about a pull request' in capsys.readouterr().err
    assert host.requests == []


def test_never_sends_nothing_and_writes_the_file(
    step: Step, host: Host, tmp_path: Path
) -> None:
    assert step("--when", "never", "--output", "comment.md", token="") == 0
    assert host.requests == []
    text = (tmp_path / "comment.md").read_text("utf-8")
    assert text.startswith(f"### mlops-grade: {words.total(head().grade)}\n")


def test_after_a_workflow_run_the_pull_request_of_the_fork_is_found(
    step: Step, host: Host
) -> None:
    host.pulls[7].home = "ada/prices"
    run_event = {
        "workflow_run": {
            "event": "pull_request",
            "head_sha": HEAD,
            "head_branch": "feature",
            "head_repository": {"full_name": "ada/prices", "owner": {"login": "ada"}},
            "pull_requests": [],
        }
    }
    assert step(event="workflow_run", payload=run_event) == 0
    assert len(bodies(host)) == 1


def test_a_number_is_enough_outside_a_workflow(
    step: Step, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.pulls[9] = replace(host.pulls[7], number=9)
    assert step("--pull-request", "9") == 0
    assert list(host.comments) == [9]
    # Its commit is the pull request's own: a result of another one is refused.
    assert step("--pull-request", "9", report=head(OTHER)) == 2


def test_githubs_trouble_ends_with_3_and_says_what_to_do(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.faults["GET"] = Fault(401, {"message": "Bad credentials"})
    assert step() == 3
    said = capsys.readouterr().err
    assert "Bad credentials" in said
    assert "GITHUB_TOKEN: ${{ github.token }}" in said


def test_without_a_token_it_says_how_to_give_it(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert step(token="") == 3
    assert "GITHUB_TOKEN is not set" in capsys.readouterr().err
    assert host.requests == []


def test_nothing_of_a_result_or_the_token_gets_into_the_log(
    step: Step, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = sample.hostile()
    named = hostile.repository.model_copy(
        update={"name": "::error::x", "commit": "\n::add-mask::x"}
    )
    step(report=hostile.model_copy(update={"repository": named}))
    assert run(["github", "validate", "head.json"]) == 0
    host.faults["GET"] = Fault(422, {"message": f"{TOKEN}\n::error::x"})
    assert step() == 3
    captured = capsys.readouterr()
    for line in (captured.out + captured.err).splitlines():
        assert not line.lstrip().startswith("::")
        assert TOKEN not in line


def test_validate_tells_good_results_from_others(
    step: Step, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step("--when", "never")
    capsys.readouterr()
    assert run(["github", "validate", "head.json", "base.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"head.json: {words.total(head().grade)}, 3f2a91c04d8e",
        f"base.json: {words.total(base().grade)}, bbbbbbbbbbbb",
    ]
    (tmp_path / "bad.json").write_text('{"schema_version": 1}', encoding="utf-8")
    assert run(["github", "validate", "head.json", "bad.json"]) == 2
    captured = capsys.readouterr()
    assert "bad.json: " in captured.err
