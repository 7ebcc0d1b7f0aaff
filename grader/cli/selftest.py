"""`mlops-grade selftest`: can every check tell a clean project from a messy one?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import console, is_sober
from grader.errors import ExitCode


def selftest(
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric", "-r", help="A rubric file; the course's own if left out."
        ),
    ] = None,
) -> None:
    """Grade the shipped clean, messy and empty projects; fail if a check can't tell them apart."""
    from rich.table import Table
    from rich.text import Text

    from grader.cli.progress import watching
    from grader.engine.selftest import Row
    from grader.engine.selftest import selftest as grade_the_projects

    def verdict(row: Row) -> str:
        return row.problem or ("ok" if row.is_tried else "not tried")

    with watching(enabled=not is_sober(sys.stderr)) as watch:
        tried = grade_the_projects(rubric, watch)
    table = Table("item", *tried.projects, "", box=None, pad_edge=False)
    for row in tried.rows:
        table.add_row(*map(Text, (row.item, *row.said, verdict(row))))
    console(sys.stdout).print(table)
    if any(row.problem for row in tried.rows):
        raise typer.Exit(ExitCode.ENVIRONMENT)
