"""`mlops-grade report`: a stored JSON result in another format."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import Format, show
from grader.errors import GradeError


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
    from grader.reporting.json import MAX_BYTES, load_report

    try:
        with result.open("rb") as file:
            # One byte more than is allowed is enough to be told so.
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GradeError(f'cannot read "{result}": {error.strerror}.') from error
    loaded = load_report(raw, str(result))
    show(loaded, wanted, output, quiet=quiet, verbose=verbose)
