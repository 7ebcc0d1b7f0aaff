"""`mlops-grade report`: a stored JSON result in another format."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import Format, show
from grader.cli.reading import stored_report


def report(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT.json", help="What --format json wrote.")
    ],
    wanted: Annotated[
        Format, typer.Option("--format", "-f", help="The format to render.")
    ] = Format.TERMINAL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file instead of printing."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the total only.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List the findings too.")
    ] = False,
) -> None:
    """Render a stored result; nothing is measured or marked again."""
    show(stored_report(result), wanted, output, quiet=quiet, verbose=verbose)
