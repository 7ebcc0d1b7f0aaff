"""`mlops-grade cohort`: a class as numbers without names."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import write
from grader.cli.reading import ClassArgument

cohort_app = typer.Typer(
    no_args_is_help=True,
    help="A class as numbers without names, so that a student's own run can be compared.",
)


@cohort_app.command()
def export(
    folder: ClassArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write.")
    ] = Path("cohort.json"),
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric", "-r", help="For this rubric; the class's own if left out."
        ),
    ] = None,
) -> None:
    """Write the class's numbers, without names, for mlops-grade PATH --cohort FILE."""
    from grader.engine.items import catalogue
    from grader.engine.publish import cohort_text
    from grader.engine.stored import open_class
    from grader.rubric.load import load_rubric

    stored = open_class(folder)
    loaded = load_rubric(rubric, catalogue(stored.registry)) if rubric else None
    marking = stored.mark(loaded)
    write(cohort_text(marking).decode(), output)
    compared = ", ".join(item.item for item in marking.cohort.items) or "nothing"
    typer.echo(
        f"{output}: {marking.cohort.groups} groups, without names; compares {compared}.",
        err=True,
    )
