"""`mlops-grade checkers` and `explain`: what is measured, and how."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.output import console
from grader.errors import GradeError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from grader.checkers._checklist import Criterion
    from grader.checkers._examples import Example


def checkers(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As the table of the README.")
    ] = False,
) -> None:
    """List the installed checkers and where each comes from."""
    from rich.table import Table
    from rich.text import Text

    from grader.checkers._registry import installed

    if markdown:
        typer.echo(checker_table())
        return
    registry = installed()
    table = Table("id", "measures", "tool", "from", box=None, pad_edge=False)
    for name, checker in registry.checkers.items():
        tools = ", ".join(checker.tools) or "own code"
        cells = (name, checker.title(), tools, registry.distributions[name])
        table.add_row(*map(Text, cells))
    out = console(sys.stdout)
    out.print(table)
    for plugin in registry.broken:
        line = f"not loaded: {plugin.name} of {plugin.distribution}: {plugin.reason}"
        out.print(Text(line), soft_wrap=True)


def checker_table() -> str:
    """The checkers as a Markdown table, in the order of the course's rubric."""
    from grader.checkers._registry import installed
    from grader.engine.items import catalogue
    from grader.resources import shipped
    from grader.rubric.load import load_rubric

    registry = installed()
    rubric = load_rubric(shipped("rubric.yaml"), catalogue(registry)).rubric
    rows = ["| check | what it measures | tool | mark, 0 to 10 |", "|---|---|---|---|"]
    for item in rubric.items:
        checker = registry.checkers[item.checker]
        tools = ", ".join(checker.tools) or "own code"
        rows.append(f"| `{item.key}` | {checker.title()} | {tools} | `{item.score}` |")
    return "\n".join(rows)


def explain(
    checker_id: Annotated[str, typer.Argument(metavar="ID", help="A checker's id.")],
) -> None:
    """Explain a checker: why, how, what it does not see, its numbers and its options.

    Of a checklist it shows code that earns each line, and code that only looks like it.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from grader.checkers._examples import examples
    from grader.checkers._registry import installed

    known = installed().checkers
    if checker_id not in known:
        raise GradeError(
            f'there is no checker "{checker_id}".{did_you_mean(checker_id, list(known))}',
            hint=f"There are: {', '.join(known)}.",
        )
    checker = known[checker_id]
    out = console(sys.stdout)
    out.print(Text(f"{checker_id}: {checker.title()}", style="bold"))
    out.print(Text(checker.source, style="dim"))
    for title, body in checker.sections().items():
        out.print()
        out.print(Text(title, style="bold"))
        out.print(Padding(Text(body), (0, 0, 0, 2)))
    out.print()
    out.print(Text("What a formula can use", style="bold"))
    numbers = Table("name", "unit", "better", "meaning", box=None)
    for quantity in checker.quantities:
        cells = (quantity.name, quantity.unit, quantity.better, quantity.meaning)
        numbers.add_row(*map(Text, cells))
    out.print(numbers)
    shown = examples(checker)
    for criterion in checker.criteria:
        if criterion.name in shown:
            _print_example(out, criterion, shown[criterion.name])
    fields = checker.options_type().model_fields
    if fields:
        out.print()
        out.print(Text("Options in the rubric", style="bold"))
        choices = Table("name", "default", box=None)
        for name, field in fields.items():
            choices.add_row(
                Text(name), Text(str(field.get_default(call_default_factory=True)))
            )
        out.print(choices)


def _print_example(out: "Console", criterion: "Criterion", example: "Example") -> None:
    from rich.text import Text

    out.print()
    out.print(Text(f"{criterion.name}: {criterion.meaning}", style="bold"))
    _print_files(out, "Earns it", example.why_earns, example.earns)
    _print_files(out, "Does not", example.why_fails, example.fails)


def _print_files(
    out: "Console", title: str, why: str, files: Mapping[str, str]
) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if not files:
        return
    out.print(Text(f"{title}. {why}".rstrip()))
    for path, text in files.items():
        out.print(Padding(Text(path, style="dim"), (0, 0, 0, 2)))
        out.print(Padding(Text(text.rstrip()), (0, 0, 0, 4)))
