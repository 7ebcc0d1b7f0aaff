"""`mlops-grade rescore`: a class marked again under another rubric, nothing run."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.output import console
from grader.cli.reading import ClassArgument

if TYPE_CHECKING:
    from rich.console import Console

    from grader.scoring.rescoring import Rescoring, Shift


def rescore(
    folder: ClassArgument,
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric",
            "-r",
            help="The rubric to mark by; the class's own if left out.",
        ),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply",
            help="Make it the class's rubric: write its marks, reports and tables anew.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Write scores.csv and items.csv of the other rubric there.",
        ),
    ] = None,
) -> None:
    """Mark a class again from what was measured; show whose marks and ranks change.

    Nothing is cloned, measured or run. Without --apply or --output nothing is written. With
    the class's own rubric it takes up what people have decided since.
    """
    from grader.engine.items import catalogue
    from grader.engine.store import write_atomic
    from grader.engine.stored import RUBRIC, open_class
    from grader.rubric.load import load_rubric
    from grader.scoring.rescoring import rescoring

    stored = open_class(folder)
    loaded = (
        load_rubric(rubric, catalogue(stored.registry)) if rubric else stored.loaded
    )
    before = stored.mark()
    after = stored.mark(loaded) if rubric else before
    if rubric:
        shifts = rescoring(
            before.result, stored.loaded.rubric, after.result, loaded.rubric
        )
        show(shifts, console(sys.stdout))
    if output is not None:
        from grader.engine.publish import write_tables

        write_tables(output, after.result)
        typer.echo(f"Written: {output / 'scores.csv'}, items.csv", err=True)
    if apply or not rubric:
        from grader.engine.publish import write_class

        with stored.folder.locked():
            stored.folder.save_record(
                stored.record.model_copy(
                    update={
                        "rubric": after.result.rubric,
                        "rubric_folder": str(loaded.folder),
                    }
                )
            )
            write_atomic(folder / RUBRIC, loaded.text)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            write_class(stored.folder, after, loaded, stored.registry, remarked_at=now)
        typer.echo(f"Written: {folder / 'index.html'} and all reports.", err=True)


def show(found: "Rescoring", out: "Console") -> None:
    """Whose total or rank is another, by how much, and through which items."""
    from rich.table import Table
    from rich.text import Text

    from grader.reporting import numbers
    from grader.reporting.clean import clean

    for key in found.not_measured:
        text = f"{key}: the rubric asks for it and nobody measured it; run batch again."
        out.print(Text(text, "yellow"))
    changed = found.changed
    if not changed:
        out.print(f"No mark and no rank of {len(found.shifts)} groups changes.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("group", "before", "after", "change", "rank", "through"):
        is_number = name in ("before", "after", "change")
        table.add_column(
            name, justify="right" if is_number else "left", overflow="fold"
        )
    for shift in changed:
        table.add_row(
            Text(clean(shift.group)),
            "–" if shift.before is None else numbers.mark(shift.before),
            "–" if shift.after is None else numbers.mark(shift.after),
            numbers.gain(shift.change),
            _ranks(shift),
            Text(_through(shift)),
        )
    out.print(table)
    out.print(f"{len(changed)} of {len(found.shifts)} groups change.")


def _ranks(shift: "Shift") -> str:
    if shift.rank_before == shift.rank_after:
        return str(shift.rank_after or "–")
    return f"{shift.rank_before or '–'} → {shift.rank_after or '–'}"


def _through(shift: "Shift") -> str:
    from grader.reporting import numbers

    return ", ".join(
        f"{one.item} {numbers.gain(one.points)}" for one in shift.items[:3]
    )
