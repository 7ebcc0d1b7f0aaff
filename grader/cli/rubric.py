"""`mlops-grade rubric`: the shipped rubrics, a copy to edit, its check and its schema."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import write
from grader.errors import GradeError

rubric_app = typer.Typer(
    no_args_is_help=True,
    help="List, show and copy the shipped rubrics; check one; print the schema.",
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


@rubric_app.command("list")
def list_rubrics() -> None:
    """List the rubrics that ship with the program, by the names that --rubric takes."""
    from grader.checkers._registry import installed
    from grader.engine.items import catalogue
    from grader.rubric.load import load_rubric
    from grader.rubric.named import names

    known = catalogue(installed())
    width = max(map(len, names()))
    for name in names():
        rubric = load_rubric(Path(name), known).rubric
        typer.echo(f"{name:{width}}  {rubric.name}, version {rubric.version}")


@rubric_app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A shipped rubric, see: rubric list.")
    ],
) -> None:
    """Print a shipped rubric, as the YAML that it is."""
    from grader.rubric.named import named

    typer.echo(named(name).read_text("utf-8"), nl=False)


@rubric_app.command()
def init(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="The shipped rubric to copy, see: rubric list; or, ending in .yaml, the "
            "file to write a copy of the first of them to.",
        ),
    ] = "rubric.yaml",
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="The file to write; NAME.yaml here if left out."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it exists.")
    ] = False,
) -> None:
    """Write a copy of a shipped rubric to edit, with the schema for editors beside it."""
    from grader.resources import shipped
    from grader.rubric.named import DEFAULT, named

    if file is None and Path(name).suffix in (".yaml", ".yml"):
        name, file = DEFAULT, Path(name)
    text = named(name).read_text("utf-8")
    file = file or Path(f"{name}.yaml")
    beside = file.parent / "rubric.schema.json"
    existing = [path for path in (file, beside) if path.exists()]
    if existing and not force:
        raise GradeError(
            f'"{existing[0]}" exists already.', hint="Use --force to replace it."
        )
    write(text, file)
    write(shipped("rubric.schema.json").read_text("utf-8"), beside)
    typer.echo(
        f"Wrote {file} and {beside.name}. Check it with: mlops-grade rubric check {file}"
    )
