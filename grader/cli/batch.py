"""`mlops-grade batch`: grade a class into a folder."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.cache import caching
from grader.cli.grade import IsolationOption, split
from grader.cli.options import NoCache, NoSignals, NoWarm, Offline, RerunTests
from grader.cli.output import console, is_sober
from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from grader.engine.batch import ClassWatch
    from grader.engine.shards import Part
    from grader.model.classroom import ClassRecord, ClassResult, Shard
    from grader.submissions.sources import SubmissionList


def batch(
    groups: Annotated[
        Path,
        typer.Argument(
            metavar="LIST",
            help="A CSV, text or YAML file that lists the groups' repositories, or a folder "
            "of clones.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where results and reports go."
        ),
    ],
    before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The deadline: the last commit of the branch at or before it is graded. "
            '"2025-05-29 23:59" (that whole minute counts), "2025-05-29" (to the end of '
            "that day), or with an offset.",
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The time zone of TIME, for example Europe/Madrid; UTC if left out.",
        ),
    ] = None,
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric", "-r", help="A rubric file; the course's own if left out."
        ),
    ] = None,
    marks: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Marks that people gave for the rubric's manual criteria; kept in the "
            "folder for later runs.",
        ),
    ] = None,
    overrides: Annotated[
        Path | None,
        typer.Option(
            metavar="YAML",
            help="Overrides, penalties and extensions of single groups; kept in the folder "
            "for later runs.",
        ),
    ] = None,
    only_group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help="Measure this group only; repeatable. The others stay.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Measure the first so many groups only.")
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Measure everything again, changed or not."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM", help="Grade only this item; repeat it, or join with commas."
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM", help="Leave this item out; repeat it, or join with commas."
        ),
    ] = None,
    environment: Annotated[
        str,
        typer.Option(
            "--environment",
            "-e",
            metavar="auto|none|PATH|FILE",
            help="Where the projects' tests run, as for grade.",
        ),
    ] = "auto",
    offline: Offline = False,
    from_source: Annotated[
        bool,
        typer.Option(
            "--build-from-source",
            help="Build packages that have no wheels: this runs their code, in the box.",
        ),
    ] = False,
    isolation: Annotated[
        IsolationOption,
        typer.Option(help="What confines the projects' tests and the tools."),
    ] = IsolationOption.AUTO,
    no_signals: NoSignals = False,
    no_warm: NoWarm = False,
    no_cache: NoCache = False,
    rerun_tests: RerunTests = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many groups at once; what suits the machine if left out."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Measure on a Dask cluster: its scheduler's tcp:// or tls:// address, or "
            "local:4 for four workers here. Each worker uses the tokens of its own "
            "environment; none are sent.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Measure the I-th of N parts of the list, and mark nothing: "
            "mlops-grade merge makes the class of all parts.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="End with 3 when a group or a check could not be graded."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no table.")
    ] = False,
) -> None:
    """Grade a class: LIST names the groups' repositories, FOLDER keeps what comes of them.

    Stop it at any time: the same command goes on where it stopped, and later measures only
    what has changed. Each group has its report in FOLDER, the class has scores.csv,
    items.csv and index.html.
    """
    from grader.checkers._registry import installed
    from grader.cli.interrupts import stoppable
    from grader.engine.batch import ClassRequest
    from grader.engine.classroom import grade_class
    from grader.engine.items import catalogue
    from grader.engine.people import keep_people, longer_for
    from grader.engine.roster import groups_of, refused_of
    from grader.engine.store import ClassFolder
    from grader.resources import shipped
    from grader.rubric.load import load_rubric
    from grader.submissions.sources import read_submissions

    part = None if shard is None else _part(shard)
    if isolation is IsolationOption.NONE and not quiet:
        typer.echo(
            "mlops-grade: --isolation none: the projects' tests can read your files and "
            "each other's results. Leave them out with --skip coverage.",
            err=True,
        )
    loaded = load_rubric(rubric or shipped("rubric.yaml"), catalogue(installed()))
    listed = read_submissions(groups)
    roster = groups_of(listed)
    _say_refused(listed, quiet=quiet)
    deadline = _deadline(before, timezone)
    folder = ClassFolder(output)
    keep_people(output, loaded.rubric, roster, marks=marks, overrides=overrides)
    request = ClassRequest(
        groups=roster,
        loaded=loaded,
        refused=refused_of(listed),
        notes=listed.notes,
        deadline=deadline,
        timezone=timezone or "UTC",
        deadlines=longer_for(output, loaded.rubric, roster, timezone),
        only=split(only),
        skip=split(skip),
        environment=environment,
        is_offline=offline,
        from_source=from_source,
        isolation=isolation.value,
        signals=not no_signals,
        warm=not no_warm,
        caching=caching(no_cache=no_cache, rerun_tests=rerun_tests),
        refresh=refresh,
        only_groups=tuple(only_group or ()),
        limit=limit,
        workers=workers,
        shard=part,
        cluster=cluster,
    )
    live = not quiet and not is_sober(sys.stderr)
    with stoppable():
        try:
            with _watching(live=live, quiet=quiet) as watch:
                if part is None:
                    result = grade_class(request, folder, watch)
                else:
                    from grader.engine.shards import measure_part

                    measured = measure_part(request, folder, watch)
        except KeyboardInterrupt:
            typer.echo(
                f"mlops-grade: stopped. What was finished is in {output}: the same command "
                "goes on from there.",
                err=True,
            )
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    if part is not None:
        if not quiet:
            _say_part(measured, output)
        raise typer.Exit(_verdict(measured.lacking, measured.record, strict=strict))
    if not quiet:
        from grader.cli.class_table import show_class
        from grader.cli.history import show_moves

        show_class(result, output, console(sys.stdout))
        show_moves(output, result.record.run, console(sys.stdout))
    raise typer.Exit(_verdict(_lacking(result), result.record, strict=strict))


def _part(shard: str) -> "Shard":
    from grader.engine.shards import parse_shard

    return parse_shard(shard)


def _watching(*, live: bool, quiet: bool) -> "AbstractContextManager[ClassWatch]":
    if quiet:
        from grader.engine.batch import Unwatched

        return nullcontext(Unwatched())
    from grader.cli.class_progress import watching_class

    return watching_class(live=live)


def _deadline(before: str | None, timezone: str | None) -> "datetime | None":
    from grader.submissions.deadline import parse_moment

    return None if before is None else parse_moment(before, timezone)


def _say_refused(listed: "SubmissionList", *, quiet: bool) -> None:
    from grader.reporting.clean import clean

    for one in listed.rejected:
        where = f"row {one.row}: " if one.row else ""
        typer.echo(f"mlops-grade: {where}{clean(one.reason)}", err=True)
        if one.hint:
            typer.echo(f"  {clean(one.hint)}", err=True)
    if not listed.submissions:
        raise GradeError("the list names no group that can be graded.")
    if not quiet:
        for note in listed.notes:
            typer.echo(f"mlops-grade: {clean(note)}", err=True)


def _say_part(part: "Part", output: Path) -> None:
    shard = part.record.shard
    lost = f", {len(part.troubles)} not" if part.troubles else ""
    typer.echo(
        f"Part {shard}: {len(part.groups) - len(part.troubles)} groups measured{lost}. "
        f"Nothing is marked: a mark may depend on the other parts. When all are there: "
        f"mlops-grade merge PART... -o FOLDER, {output} among them.",
    )


def _lacking(result: "ClassResult") -> list[str]:
    return [
        line.group.name
        for line in result.lines
        if line.grade is None
        or line.grade.total is None
        or line.grade.has_ungraded_checks
    ]


def _verdict(
    lacking: "Sequence[str]", record: "ClassRecord", *, strict: bool
) -> ExitCode:
    if not strict or (not lacking and not record.refused):
        return ExitCode.GRADED
    typer.echo(
        f"mlops-grade: not everything could be graded (--strict): "
        f"{', '.join(lacking) or 'rows of the list'}.",
        err=True,
    )
    return ExitCode.ENVIRONMENT
