"""`mlops-grade github …`: what workflows on GitHub call, and what writes these workflows."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.github_gate import gate
from grader.cli.github_init import init
from grader.cli.github_tell import tell
from grader.cli.output import write
from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from grader.github.client import GitHub
    from grader.github.comment import NotWritten
    from grader.github.pulls import Clue, NoPullRequest

github_app = typer.Typer(
    no_args_is_help=True,
    help="Pull requests on GitHub: a comment with the mark, and the workflows for it.",
)

_TOKEN = "GITHUB_TOKEN"


class When(StrEnum):
    """Whether to comment: where the token may, or else it is an error, or not at all."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@github_app.command()
def comment(
    head: Annotated[
        Path,
        typer.Option(
            metavar="HEAD.json",
            help="The result of the pull request's own commit, as --format json wrote it.",
        ),
    ],
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="BASE.json",
            help="The result of the base branch, to show what changed; without its tests "
            "will do.",
        ),
    ] = None,
    run_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The page of the run that has the whole report."
        ),
    ] = None,
    when: Annotated[
        When,
        typer.Option(
            help="auto: no error where there is no pull request or the token may only read, "
            "as on one from a fork. always: that is an error. never: nothing is sent."
        ),
    ] = When.AUTO,
    pull_request: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="NUMBER",
            help="The pull request; the one that the event is about if left out.",
        ),
    ] = None,
    repository: Annotated[
        str,
        typer.Option(
            envvar="GITHUB_REPOSITORY",
            metavar="OWNER/NAME",
            help="The repository that the pull request is in.",
        ),
    ] = "",
    event_name: Annotated[
        str,
        typer.Option(
            envvar="GITHUB_EVENT_NAME",
            metavar="NAME",
            help="pull_request, or workflow_run after a workflow for one.",
        ),
    ] = "",
    event: Annotated[
        Path | None,
        typer.Option(
            envvar="GITHUB_EVENT_PATH",
            metavar="FILE",
            help="The event as the runner wrote it.",
        ),
    ] = None,
    api_url: Annotated[
        str,
        typer.Option(
            envvar="GITHUB_API_URL", metavar="URL", help="The address of GitHub's API."
        ),
    ] = "https://api.github.com",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the comment to this file too."
        ),
    ] = None,
) -> None:
    """Keep one comment with the mark on a pull request: what changed, why, what to fix.

    The results are read as what a stranger wrote: see `github validate`. The one of the pull
    request must be of the commit that it is at. A comment of ours that is there is changed in
    place, and left alone where it says the same. Nothing is checked out or run.

    The token is taken from GITHUB_TOKEN; it needs the permission pull-requests: write.

    Ends with 0 also where the pull request was closed or has moved on to another commit: the
    run for that commit comments. With 2 where a result is refused, with 3 where GitHub is the
    trouble.
    """
    from grader.engine.artifact import check_commit, read_artifact
    from grader.engine.pull_request import held_against
    from grader.github.comment import NotWritten, write_comment
    from grader.github.pulls import NoPullRequest, checked_repository, find
    from grader.reporting.pull_request import render_pull_request

    report = read_artifact(head)
    before = read_artifact(base) if base is not None else None
    text = render_pull_request(
        report, held_against(before, report) if before else None, run_url
    )
    if output is not None:
        write(text, output)
    if when is When.NEVER:
        typer.echo("mlops-grade: nothing was sent to GitHub (--when never).", err=True)
        return
    if not repository:
        raise GradeError(
            "it is not said which repository the pull request is in.",
            hint="Give --repository OWNER/NAME; in a workflow GITHUB_REPOSITORY is set.",
        )
    checked_repository(repository)
    clue = _clue(pull_request, event_name, event)
    api = _api(api_url)
    pull = find(api, repository, clue)
    if isinstance(pull, NoPullRequest):
        _no_pull_request(pull, when)
        return
    check_commit(report, pull.head, str(head))
    done = write_comment(api, pull, text)
    if isinstance(done, NotWritten):
        _not_written(done, when)
        return
    also = f", {done.removed} of our own removed beside it" if done.removed else ""
    typer.echo(f"mlops-grade: comment {done.kind}{also}: {_shown(done.address)}")


def _shown(text: str) -> str:
    from grader.reporting.clean import clean

    return clean(text)


def _clue(number: int | None, name: str, file: Path | None) -> "Clue":
    """What says which pull request it is; the event says of which commit the run was."""
    from grader.github.pulls import Numbered, read_event

    said = read_event(name, file) if name and file is not None else None
    if number is None:
        if said is None:
            raise GradeError(
                "it is not said which pull request this is about.",
                hint="Give --pull-request NUMBER; in a workflow the event says it.",
            )
        return said
    if isinstance(said, Numbered) and said.number == number:
        return said
    return Numbered(number)


def _api(url: str) -> "GitHub":
    from grader.github.client import GitHub

    token = os.environ.get(_TOKEN, "").strip()
    if not token:
        raise GradeError(
            f"{_TOKEN} is not set, and nobody comments without a token.",
            hint="In a workflow: env: GITHUB_TOKEN: ${{ github.token }}",
            exit_code=ExitCode.ENVIRONMENT,
        )
    return GitHub(
        token, api_url=url, graphql_url=os.environ.get("GITHUB_GRAPHQL_URL") or None
    )


def _no_pull_request(found: "NoPullRequest", when: When) -> None:
    if found.is_other_event and when is When.ALWAYS:
        raise GradeError(found.reason, hint="Comment on pull requests only.")
    typer.echo(f"mlops-grade: no comment. {_shown(found.reason)}", err=True)


def _not_written(found: "NotWritten", when: When) -> None:
    if when is When.ALWAYS and found.kind != "gone":
        raise GradeError(found.reason, hint=found.hint, exit_code=ExitCode.ENVIRONMENT)
    typer.echo(f"mlops-grade: no comment: {_shown(found.reason)}", err=True)
    if found.hint:
        typer.echo(f"  {_shown(found.hint)}", err=True)


@github_app.command()
def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Results that a workflow handed over, as JSON."
        ),
    ],
) -> None:
    """Check results that somebody else may have written, before anything reads them.

    Each must be a plain file of at most 10 MiB, JSON without tricks, a result by the published
    schema, and add up. Ends with 0, or with 2 at the first that is not.
    """
    from grader.engine.artifact import read_artifact
    from grader.reporting.words import total

    for file in files:
        report = read_artifact(file)
        commit = _shown((report.repository.commit or "no commit")[:12])
        typer.echo(f"{_shown(str(file))}: {total(report.grade)}, {commit}")


github_app.command()(tell)
github_app.command()(gate)
github_app.command()(init)
