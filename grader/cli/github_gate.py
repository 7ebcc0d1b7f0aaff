"""`mlops-grade github gate`: whether stored results are good enough, after all was reported."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.github_tell import load
from grader.cli.verdict import FailUnder, verdict
from grader.errors import ExitCode


def gate(
    head: Annotated[
        Path,
        typer.Option(
            metavar="HEAD.json", help="The result, as --format json wrote it."
        ),
    ],
    base: Annotated[
        Path | None,
        typer.Option(metavar="BASE.json", help="The result it is compared with."),
    ] = None,
    fail_under: FailUnder = None,
    no_worse_than: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Refuse a total below that of BASE.json, which is called this.",
        ),
    ] = None,
) -> None:
    """Hold a stored result to a least total, or to another one: the last step of a job.

    Nothing is measured or marked again. Ends with 0, with 1 for what falls short, and with 3
    where that can't be decided.
    """
    from grader.reporting.annotations import stopped
    from grader.reporting.gate import Held, lines
    from grader.scoring.comparison import compare

    held = Held(load(head), least=fail_under)
    missing = no_worse_than is not None and base is None
    if base is not None and no_worse_than is not None:
        other = load(base)
        compared = compare(other, held.report)
        held = replace(held, compared=compared, than=no_worse_than, base=other)
    # The last line is for a folder with the files.
    said = list(lines(held)[:-1])
    if missing:
        said.append(
            f"not decided: there is no result of {no_worse_than} to compare with"
        )
    typer.echo(stopped("\n".join(said)), nl=False)
    code = verdict(held)
    raise typer.Exit(max(code, ExitCode.ENVIRONMENT) if missing else code)
