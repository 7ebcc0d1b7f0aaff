"""`mlops-grade rubric`: check a rubric, write a new one, print its schema."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import write
from grader.errors import GradeError

rubric_app = typer.Typer(
    no_args_is_help=True, help="Check a rubric, write a new one, print its schema."
)


@rubric_app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A rubric in YAML.")],
) -> None:
    """Check a rubric: its keys, checkers, options and formulas."""
    from grader.checkers._registry import installed
    from grader.engine.items import catalogue
    from grader.rubric.load import load_rubric
    from grader.scoring.totals import weight_shares

    loaded = load_rubric(file, catalogue(installed()))
    rubric = loaded.rubric
    typer.echo(f"{file}: {rubric.name}, version {rubric.version}: no mistakes found.")
    shares = weight_shares(rubric)
    for dimension in rubric.dimensions:
        typer.echo(f"  {dimension.title}")
        for item in dimension.items:
            typer.echo(f"    {shares[item.key]:6.1%}  {item.key}: {item.score}")


@rubric_app.command()
def schema(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file instead of printing."),
    ] = None,
) -> None:
    """Print the JSON schema of a rubric, for editors and for validation."""
    from grader.engine.schemas import rubric_schema

    text = rubric_schema()
    if output is None:
        typer.echo(text, nl=False)
    else:
        write(text, output)


@rubric_app.command()
def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write.")
    ] = Path("rubric.yaml"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it exists.")
    ] = False,
) -> None:
    """Write a copy of the course's rubric to edit, with its schema beside it."""
    from grader.resources import shipped

    beside = file.parent / "rubric.schema.json"
    existing = [path for path in (file, beside) if path.exists()]
    if existing and not force:
        raise GradeError(
            f'"{existing[0]}" exists already.', hint="Use --force to replace it."
        )
    write(shipped("rubric.yaml").read_text("utf-8"), file)
    write(shipped("rubric.schema.json").read_text("utf-8"), beside)
    typer.echo(
        f"Wrote {file} and {beside.name}. Check it with: mlops-grade rubric check {file}"
    )
