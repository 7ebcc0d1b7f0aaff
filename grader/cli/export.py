"""`mlops-grade export`: a class for spreadsheets, gradebooks, Gradescope and the mail."""

from contextlib import suppress
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.reading import ClassArgument, content, stored_report
from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from grader.engine.marking import Marking
    from grader.engine.stored import StoredClass
    from grader.model.classroom import ClassResult, Group, GroupLine
    from grader.model.report import Report
    from grader.reporting.gradebook import Filled

export_app = typer.Typer(
    no_args_is_help=True,
    help="A graded class for spreadsheets, gradebooks, Gradescope and the mail.",
)


class Visibility(StrEnum):
    """When Gradescope shows the results to students, in its own words."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


@export_app.command()
def xlsx(
    folder: ClassArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ] = Path("grades.xlsx"),
) -> None:
    """Write the class as a workbook: marks, items, findings, what was not graded.

    It is the grades.xlsx of the class's folder, with what people have decided since.
    """
    from io import BytesIO

    from grader.engine.store import write_atomic
    from grader.reporting.xlsx import grades_xlsx

    stored, marking = _open(folder)
    book = BytesIO()
    with grades_xlsx(marking.result, book) as add_findings:
        for group, report in _reports(stored, marking):
            add_findings(group, report)
    write_atomic(output, book.getvalue())
    _say(f"Written: {output}")


@export_app.command()
def gradebook(
    folder: ClassArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The CSV that Canvas's gradebook, Moodle's gradebook or a Moodle "
            "assignment (its grading worksheet) exported.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="The filled file to write."),
    ],
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The column for the marks: its header, or the assignment's name. Needed "
            "where several could be meant.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help='The only column to find members by, for example "SIS User ID".',
        ),
    ] = None,
    out_of: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="The column's maximum, where the file does not say it."
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace marks that are there already and differ."
        ),
    ] = False,
    provisional: Annotated[
        bool,
        typer.Option("--provisional", help="Fill in totals too that may still change."),
    ] = False,
    feedback: Annotated[
        bool,
        typer.Option(
            "--feedback",
            help="Moodle: write each group's message into the column of comments too.",
        ),
    ] = False,
) -> None:
    """Fill the class's totals into an exported gradebook, by member id; nothing else changes.

    A member of the list of groups is found by an id, address or login that the file has
    exactly so. A mark is scaled to the column's maximum. Who gets none, and why, is said.
    """
    from grader.engine.store import write_atomic
    from grader.reporting._delimited import MAX_BYTES
    from grader.reporting.feedback import feedback_html
    from grader.reporting.gradebook import Wish, fill_gradebook

    if output.exists() and file.exists() and output.samefile(file):
        raise GradeError(
            f'--output "{output}" is the gradebook itself.',
            hint="Give another name: the file as it was exported should stay.",
        )
    most = None if out_of is None else _points(out_of)
    exported = content(file, MAX_BYTES)
    stored, marking = _open(folder)
    texts = {}
    if feedback:
        reports = _reports(stored, marking)
        texts = {group.name: feedback_html(report) for group, report in reports}
    wish = Wish(column, by, most, overwrite, provisional, texts)
    filled = fill_gradebook(exported, str(file), marking.result, wish)
    write_atomic(output, filled.content)
    _say_filled(filled, output)


@export_app.command()
def gradescope(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="CLASS",
            help="The folder of a graded class, or one report as JSON.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where each group's folder with its results.json goes; for one report, "
            "the file.",
        ),
    ],
    out_of: Annotated[
        str, typer.Option(metavar="N", help="The points of the assignment.")
    ] = "10",
    visibility: Annotated[
        Visibility, typer.Option(help="When students see the results.")
    ] = Visibility.VISIBLE,
) -> None:
    """Write Gradescope's results.json for each group.

    An item without a mark is there without a score and with its reason, and a group without
    a total has no file.
    """
    from grader.engine.store import write_atomic
    from grader.reporting.gradescope import render_gradescope

    points = float(_points(out_of))

    def rendered(report: "Report") -> bytes:
        text = render_gradescope(report, points=points, visibility=visibility.value)
        return text.encode()

    if source.is_file():
        write_atomic(output, rendered(stored_report(source)))
        _say(f"Written: {output}")
        return
    stored, marking = _open(source)
    written = set()
    for group, report in _reports(stored, marking):
        if report.grade.total is not None:
            write_atomic(output / group.folder / "results.json", rendered(report))
            written.add(group.folder)
    for line in _without(marking.result, written):
        _remove(output / line.group.folder / "results.json")
    _say(f"Written: {len(written)} results.json in {output}")


@export_app.command()
def feedback(
    folder: ClassArgument,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Where the files go."),
    ],
) -> None:
    """Write one page and one short message per group, ready to send, and a list of them.

    FOLDER.html is the group's report, FOLDER.txt the message, index.csv has a row for each
    with its members. No file of a group's has another's name or mark.
    """
    from grader.engine.store import write_atomic
    from grader.reporting.feedback import feedback_index, feedback_text
    from grader.reporting.html import render_html

    stored, marking = _open(folder)
    index, written = [], set()
    for group, report in _reports(stored, marking):
        page, message = f"{group.folder}.html", f"{group.folder}.txt"
        written.add(group.folder)
        write_atomic(output / page, render_html(report).encode())
        write_atomic(output / message, feedback_text(report, page).encode())
        index.append((group, page, message))
    write_atomic(output / "index.csv", feedback_index(index).encode())
    for line in _without(marking.result, written):
        _remove(output / f"{line.group.folder}.html")
        _remove(output / f"{line.group.folder}.txt")
    _say(f"Written: {len(index)} pages and messages, and index.csv, in {output}")


@export_app.command()
def contributors(
    folder: ClassArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ] = Path("contributors.csv"),
) -> None:
    """Write each person's part in the commits of their group: for you, not for students.

    A row for each group and person: commits, those they are credited for as co-author,
    merges, the share of all, the first and the last day. No report has these.
    """
    from grader.engine.store import write_atomic
    from grader.engine.stored import open_class
    from grader.reporting.contributors import contributors_csv

    stored = open_class(folder)
    found = []
    for group in stored.record.groups:
        evidence = stored.folder.light(group.folder)
        if evidence is None:
            _say(f"{group.name}: left out: it has no result.")
        else:
            found.append((group.name, evidence.contributors))
    write_atomic(output, contributors_csv(found).encode())
    _say(f"Written: {output}")


def _open(folder: Path) -> "tuple[StoredClass, Marking]":
    from grader.engine.stored import open_class

    stored = open_class(folder)
    return stored, stored.mark()


def _reports(
    stored: "StoredClass", marking: "Marking"
) -> "Iterator[tuple[Group, Report]]":
    from grader.engine.marking import reports
    from grader.engine.term import read_term

    entries = read_term(stored.folder.root).entries
    return reports(stored.folder, marking, stored.loaded, stored.registry, entries)


def _points(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or not 0 < number <= 1_000_000:
        raise GradeError(
            f'--out-of "{text}" is not a number of points.', hint="For example 20"
        )
    return number


def _say(text: str) -> None:
    from grader.reporting.clean import clean

    typer.echo(f"mlops-grade: {clean(text)}", err=True)


def _without(result: "ClassResult", written: "Set[str]") -> "Iterator[GroupLine]":
    """The groups whose folders are not among those written, each said with the reason."""
    from grader.reporting import words

    for line in result.lines:
        if line.group.folder not in written:
            why = words.no_grade(line) or "its findings can't be read: run batch again."
            _say(f"{line.group.name}: no file: {why}")
            yield line


def _remove(file: Path) -> None:
    """What an earlier export left for a group that has nothing now would be taken for its mark."""
    with suppress(FileNotFoundError):
        file.unlink()


def _say_filled(filled: "Filled", output: Path) -> None:
    for text in (*filled.overwritten, *(f"left out: {one}" for one in filled.left)):
        _say(text)
    if filled.strangers:
        first = ", ".join(filled.strangers[:20])
        more = len(filled.strangers) - 20
        _say(
            f"in no group: {first}{f' and {more} more' if more > 0 else ''}: "
            "their cells stay as they were"
        )
    if filled.matched:
        by = ", ".join(f"{name} ({n})" for name, n in sorted(filled.matched.items()))
        _say(f"members found by: {by}")
    counts = f"{filled.filled} marks filled in, {filled.same} were there already"
    if filled.comments:
        counts += f", {filled.comments} comments"
    if filled.left:
        counts += f", {len(filled.left)} left out"
    _say(f'{filled.kind}, column "{filled.column}": {counts}. Written: {output}')
    if not filled.filled and not filled.same:
        raise typer.Exit(ExitCode.ENVIRONMENT)
