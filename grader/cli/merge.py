"""`mlops-grade merge`: the parts of a class, measured apart, made whole and marked."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import console


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="PART",
            help="The folders that mlops-grade batch LIST --shard I/N made.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where the class's folder goes."
        ),
    ],
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Make the class of the parts that are there; the other groups are not "
            "graded yet.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table.")] = False,
) -> None:
    """Make a class of parts that were measured apart, and mark it.

    Parts that another list, rubric, deadline, program or tool made are refused. The folder
    is then as that of a class measured in one go.
    """
    from grader.cli.class_table import show_class
    from grader.engine.shards import merge_parts
    from grader.reporting.clean import clean

    merged = merge_parts(parts, output, is_partial=partial)
    if merged.missing:
        typer.echo(
            f"mlops-grade: not graded yet: {clean(', '.join(merged.missing))}.",
            err=True,
        )
    if not quiet:
        show_class(merged.result, output, console(sys.stdout))
