"""`mlops-grade history`: a class's runs over the term, and one group's course."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.output import console, put
from grader.cli.reading import ClassArgument
from grader.errors import GradeError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from grader.model.term import GroupTerm, RunLine, TermTable

# As many groups as a re-run lists of those that moved.
MOST_MOVED = 10


def history(
    folder: ClassArgument,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="One group's line: each total and what moved it."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as JSON, with all digits.")
    ] = False,
) -> None:
    """Show the runs of a class over the term: when, how many totals, and where they lie.

    Each run that ended is kept in CLASS/history, and each marking anew by rescore. Mean,
    median and the ends are of all totals, provisional ones too. Times are UTC.
    """
    from grader.engine.stored import no_class
    from grader.engine.term import HISTORY, read_term
    from grader.reporting.json import render_json
    from grader.scoring.course import group_term, own_runs, table

    if not (folder / "class.json").is_file() and not (folder / HISTORY).is_dir():
        raise no_class(folder)
    term = read_term(folder)
    found: TermTable | GroupTerm
    if group is None:
        found = table(term.entries, term.unread)
    else:
        runs = own_runs(term.entries)
        if group not in runs:
            raise GradeError(
                f'--group "{group}": no run has such a group.'
                f"{did_you_mean(group, sorted(runs))}"
            )
        found = group_term(group, runs[group], term.unread)
    if as_json:
        put(render_json(found))
        return
    _say_unread(term.unread)
    out = console(sys.stdout)
    if not term.entries:
        out.print("No run is kept yet: the next one that ends is the first.")
    elif found.kind == "group":
        _show_group(found, out)
    else:
        _show_runs(found, out)


def show_moves(folder: Path, run: str, out: "Console") -> None:
    """What a run moved since the one before it; nothing where it is the first."""
    from rich.text import Text

    from grader.engine.term import read_term
    from grader.reporting import course, numbers
    from grader.reporting.changes import gain
    from grader.reporting.clean import clean

    term = read_term(folder)
    _say_unread(term.unread)
    moves = term.moves_of(run)
    if moves is None:
        return
    out.print()
    out.print(Text(clean(course.summary(moves)), "bold"))
    for note in course.notes(moves):
        out.print(Text(clean(note)))
    if not moves.totals:
        return
    table = _table("group", ("before", "after", "change"), "through")
    for move in moves.totals[:MOST_MOVED]:
        table.add_row(
            Text(clean(move.group)),
            numbers.mark(move.before),
            numbers.mark(move.after),
            gain(move.change),
            Text(clean(course.through(move))),
        )
    out.print(table)
    if (more := len(moves.totals) - MOST_MOVED) > 0:
        out.print(f"{more} more moved: mlops-grade history CLASS --group NAME")


def _say_unread(unread: tuple[str, ...]) -> None:
    from grader.reporting.clean import clean

    for name in unread:
        typer.echo(
            f"mlops-grade: history/{clean(name)}: not read: it is damaged, or of another "
            "version of mlops-grade.",
            err=True,
        )


def _table(first: str, figures: tuple[str, ...], last: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold")
    for name in figures:
        table.add_column(name, justify="right")
    table.add_column(last, overflow="fold")
    return table


def _show_runs(found: "TermTable", out: "Console") -> None:
    from rich.text import Text

    from grader.reporting.clean import clean

    figures = ("graded", "mean", "median", "min", "max", "moved")
    table = _table("run", figures, "rubric")
    for alike in _folded(found.runs):
        one = alike[-1]
        table.add_row(
            Text(clean(_dates(alike))),
            f"{one.graded} of {one.groups}",
            *(_mark(m) for m in (one.mean, one.median, one.lowest, one.highest)),
            "–" if alike[0].moved is None else str(alike[0].moved),
            Text(clean(_about(alike[0]))),
        )
    out.print(table)


def _folded(runs: tuple["RunLine", ...]) -> list[list["RunLine"]]:
    """Neighbours in which nothing is another, as one."""
    found: list[list[RunLine]] = []
    for run in runs:
        if run.is_same and found:
            found[-1].append(run)
        else:
            found.append([run])
    return found


def _dates(alike: list["RunLine"]) -> str:
    from grader.reporting import course

    first = course.stamp(alike[0].when)
    if len(alike) == 1:
        return first
    return f"{first} to {course.stamp(alike[-1].when)} ({len(alike)} alike)"


def _mark(mark: float | None) -> str:
    from grader.reporting import numbers

    return "–" if mark is None else numbers.mark(mark)


def _about(run: "RunLine") -> str:
    from grader.reporting import words

    remarks = [words.rubric(run.rubric)]
    if run.is_other_rubric:
        remarks.append("another rubric than before")
    if run.is_remark:
        remarks.append("marked anew")
    if run.final < run.graded:
        remarks.append(f"{run.graded - run.final} provisional")
    return "; ".join(remarks)


def _show_group(found: "GroupTerm", out: "Console") -> None:
    from rich.text import Text

    from grader.reporting import course, words
    from grader.reporting.changes import gain
    from grader.reporting.clean import clean

    out.print(Text(clean(found.group), "bold"))
    table = _table("run", ("commit", "total", "change", "rank"), "through")
    for run in found.runs:
        if run.is_same:
            continue
        table.add_row(
            Text(clean(course.stamp(run.when))),
            Text(clean(run.commit[:12]) if run.commit else "–"),
            "not graded" if run.total is None else _mark(run.total),
            "–" if run.change is None else gain(run.change),
            course.rank(run.rank, run.ranked),
            Text(clean(course.through_run(run))),
        )
    out.print(table)
    if same := sum(run.is_same for run in found.runs):
        out.print(f"Not shown: {words.counted(same, 'run')} in which nothing changed.")
