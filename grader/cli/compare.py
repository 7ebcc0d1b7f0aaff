"""`mlops-grade compare`: what changed from one stored result to another."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.output import console, put, write
from grader.cli.reading import stored_report
from grader.errors import ExitCode

if TYPE_CHECKING:
    from grader.model.comparison import Comparison


class ComparisonFormat(StrEnum):
    """The formats a comparison can be written in; the others have no place for two results."""

    TERMINAL = "terminal"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def compare(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD.json",
            help="What --format json wrote, or a report.json of a class.",
        ),
    ],
    new: Annotated[
        Path, typer.Argument(metavar="NEW.json", help="The one to hold against it.")
    ],
    wanted: Annotated[
        ComparisonFormat, typer.Option("--format", "-f", help="The format to render.")
    ] = ComparisonFormat.TERMINAL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file instead of printing."),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="List every finding that came or went."),
    ] = False,
    fail_if_worse: Annotated[
        bool,
        typer.Option(
            "--fail-if-worse", help="End with exit code 1 if the total went down."
        ),
    ] = False,
) -> None:
    """Show what changed between two results, item by item: marks, numbers, findings.

    Nothing is measured or marked again. What moves marks by itself, such as another rubric
    or another version of a tool, is said first.
    """
    from grader.scoring.comparison import compare as compared

    found = compared(stored_report(old), stored_report(new))
    if output is not None:
        write(_rendered(found, wanted, verbose), output)
    elif wanted is ComparisonFormat.TERMINAL:
        from grader.reporting.comparison import show_comparison

        show_comparison(found, console(sys.stdout), verbose=verbose)
    else:
        put(_rendered(found, wanted, verbose))
    sys.stdout.flush()
    if fail_if_worse:
        raise typer.Exit(_verdict(found))


def _rendered(found: "Comparison", wanted: ComparisonFormat, verbose: bool) -> str:
    from io import StringIO

    from rich.console import Console

    from grader.reporting.comparison import (
        comparison_html,
        comparison_json,
        comparison_markdown,
        show_comparison,
    )

    match wanted:
        case ComparisonFormat.HTML:
            return comparison_html(found)
        case ComparisonFormat.JSON:
            return comparison_json(found)
        case ComparisonFormat.MARKDOWN:
            return comparison_markdown(found)
        case ComparisonFormat.TERMINAL:
            stream = StringIO()
            plain = Console(file=stream, width=100, no_color=True, force_terminal=False)
            show_comparison(found, plain, verbose=verbose)
            return stream.getvalue()


def _verdict(found: "Comparison") -> ExitCode:
    if found.is_worse:
        assert found.change is not None
        typer.echo(
            f"mlops-grade: the total went down by {-found.change:.6g}.", err=True
        )
        return ExitCode.BELOW_THRESHOLD
    if found.before.total is not None and found.after.total is None:
        typer.echo(
            "mlops-grade: nothing was graded, so --fail-if-worse can't be decided.",
            err=True,
        )
        return ExitCode.ENVIRONMENT
    return ExitCode.GRADED
