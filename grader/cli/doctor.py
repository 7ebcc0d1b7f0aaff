"""`mlops-grade doctor`: what this installation has, and what to do about what it lacks."""

import sys

import typer

from grader.cli.output import console
from grader.errors import ExitCode


def doctor() -> None:
    """Check tools, versions, Python, git, plugins and isolation; say how to get what lacks.

    Each tier of isolation is tried, by attempting to get out of it.
    """
    from rich.table import Table
    from rich.text import Text

    from grader.engine.diagnose import diagnose

    findings = diagnose()
    table = Table("", "", "found", "what to do", box=None, pad_edge=False)
    for one in findings:
        sign = "ok" if not one.remedy else "-" if one.is_optional else "!!"
        table.add_row(*map(Text, (sign, one.subject, one.found, one.remedy)))
    console(sys.stdout).print(table)
    if not all(one.is_well for one in findings):
        raise typer.Exit(ExitCode.ENVIRONMENT)
