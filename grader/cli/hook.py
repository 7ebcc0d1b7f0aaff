"""`mlops-grade hook`: the gate of a commit, as pre-commit calls it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.verdict import FailUnder, held_against, verdict
from grader.errors import GradeError

if TYPE_CHECKING:
    from grader.model.report import Report

# Git tells its hooks where they are by these; our own git must not listen to it.
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY")


def hook(
    source: Annotated[
        str, typer.Argument(metavar="PATH", help="The folder of the repository.")
    ] = ".",
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric", "-r", help="A rubric file; the course's own if left out."
        ),
    ] = None,
    fail_under: FailUnder = None,
    no_worse_than: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Refuse a total below that of this branch, tag or commit, for example "
            "HEAD.",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Run the project's tests too; before a push."),
    ] = False,
) -> None:
    """Grade what is staged, not the files as they stand, and refuse what falls short.

    Without the project's tests, and without fetching anything, unless --full. Before a push,
    as pre-commit tells it, the commit that is pushed is graded. Prints at most ten lines.
    Ends with 0, with 1 for what falls short, and with 3 where that can't be decided.
    """
    from dataclasses import replace

    from grader.engine.request import Request, grade_repository
    from grader.reporting.gate import Held, lines

    staged = _index_name(os.environ)
    pushed = os.environ.get("PRE_COMMIT_TO_REF")
    _forget_git()
    request = Request(
        source,
        rubric=rubric,
        static=not full,
        is_offline=not full,
        signals=False,
        staged=None if pushed else staged,
        ref=pushed,
    )
    report = grade_repository(request)
    held = Held(report)
    if no_worse_than is not None and _has(report, no_worse_than, is_staged=not pushed):
        held = held_against(report, request, no_worse_than)
    held = replace(held, least=fail_under)
    for line in lines(held):
        typer.echo(line)
    raise typer.Exit(verdict(held))


def _has(report: "Report", ref: str, *, is_staged: bool) -> bool:
    """Whether there is something to compare with: before the first commit there is not."""
    repository = report.repository
    if is_staged and repository.commit is None:
        return False
    # What is staged is what HEAD has: nothing can have become worse.
    return not (is_staged and ref == "HEAD" and not repository.uncommitted)


def _index_name(environment: "os._Environ[str]") -> str:
    """The index that git is about to commit: of some files only it is another than usual."""
    given = environment.get("GIT_INDEX_FILE", "")
    name = Path(given).name or "index"
    if name in (".", ".."):
        raise GradeError(f'GIT_INDEX_FILE "{given}" names no index.')
    return name


def _forget_git() -> None:
    for name in list(os.environ):
        if name.startswith("GIT_") and name not in _KEPT:
            del os.environ[name]
