"""`mlops-grade grade`: measure, mark and show one repository."""

import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.cache import caching
from grader.cli.options import NoCache, NoSignals, NoWarm, Offline, RerunTests
from grader.cli.output import Format, is_sober, parse_targets, render, show, write
from grader.cli.verdict import held_against, verdict
from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from grader.engine.measure import Watch
    from grader.engine.request import Request
    from grader.model.cohort import Cohort
    from grader.model.report import Report
    from grader.reporting.gate import Held


class IsolationOption(StrEnum):
    """The tiers by their names, and `auto`."""

    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    DOCKER = "docker"
    NONE = "none"


def grade(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="The folder of a repository, or an https:// or ssh address to clone.",
        ),
    ],
    rubric: Annotated[
        Path | None,
        typer.Option(
            "--rubric", "-r", help="A rubric file; the course's own if left out."
        ),
    ] = None,
    ref: Annotated[
        str | None,
        typer.Option(
            help="Grade this branch, tag or commit instead of the folder as it stands."
        ),
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            metavar="COHORT.json",
            help="The class to compare with, as mlops-grade cohort export wrote it.",
        ),
    ] = None,
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
            help="Where the project's tests run: built from its manifests (auto), the "
            "grader's own interpreter (none), a virtual environment or python, or built "
            "from this manifest file.",
        ),
    ] = "auto",
    python: Annotated[
        str | None,
        typer.Option(
            metavar="INTERPRETER",
            help="Short for --environment INTERPRETER: run the tests in this Python.",
        ),
    ] = None,
    offline: Offline = False,
    from_source: Annotated[
        bool,
        typer.Option(
            "--build-from-source",
            help="Build packages that have no wheels: this runs their code, in the box "
            "(with --isolation none, here).",
        ),
    ] = False,
    isolation: Annotated[
        IsolationOption,
        typer.Option(
            help="What confines the project's tests and the tools: the first tier that "
            "passes its self-test here (auto), that one, or nothing but limits (none)."
        ),
    ] = IsolationOption.AUTO,
    no_signals: NoSignals = False,
    no_warm: NoWarm = False,
    no_cache: NoCache = False,
    rerun_tests: RerunTests = False,
    probe: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the project's service is deployed: it is asked for its health and "
            "for a prediction, where the rubric has an item for that.",
        ),
    ] = None,
    wanted: Annotated[
        Format, typer.Option("--format", "-f", help="What to print.")
    ] = Format.TERMINAL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file instead of printing."),
    ] = None,
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            metavar="FORMAT=FILE",
            help="Write a further report, e.g. html=out.html; repeatable.",
        ),
    ] = None,
    private: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write each person's part in the commits to this CSV file: for whoever "
            "grades, in no report.",
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            min=0, max=10, help="End with exit code 1 below this total (0 to 10)."
        ),
    ] = None,
    no_worse_than: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Grade this branch, tag or commit the same way too, and end with exit "
            "code 1 below its total.",
        ),
    ] = None,
    base_report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the result of --no-worse-than's REF here, as JSON.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="End with exit code 3 if a check can't be graded."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the total only.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List the findings too.")
    ] = False,
) -> None:
    """Grade a repository: PATH is a folder or an address to clone.

    The folder is graded as it stands, with uncommitted changes. Its tests are run in a box
    without network or your files; where no box can be had they are not run.
    """
    from grader.engine.request import Request, grade_repository

    targets = parse_targets(reports or [])
    if base_report is not None and no_worse_than is None:
        raise GradeError(
            "--base-report writes the result that --no-worse-than compares with.",
            hint="Name a branch, tag or commit: --no-worse-than main",
        )
    request = Request(
        source=source,
        rubric=rubric,
        ref=ref,
        only=split(only),
        skip=split(skip),
        environment=_environment(environment, python),
        is_offline=offline,
        from_source=from_source,
        isolation=isolation.value,
        signals=not no_signals,
        warm=not no_warm,
        caching=caching(no_cache=no_cache, rerun_tests=rerun_tests),
        cohort=_cohort(cohort) if cohort else None,
        probe=probe,
    )
    if isolation is IsolationOption.NONE and not quiet:
        typer.echo(
            "mlops-grade: --isolation none: the project's tests can read your files and "
            "use the network. Leave them out with --skip coverage.",
            err=True,
        )
    is_watched = not quiet and not is_sober(sys.stderr)
    with _watching(enabled=is_watched) as watch:
        if private is None:
            report = grade_repository(request, watch)
        else:
            report = _graded_privately(request, private, watch)
    for file, form in targets.items():
        write(render(report, form, verbose=verbose), file)
    show(report, wanted, output, quiet=quiet, verbose=verbose)
    code = _verdict(report, fail_under, strict)
    if no_worse_than is not None:
        with _watching(enabled=is_watched) as watch:
            held = held_against(report, request, no_worse_than, watch)
        code = max(code, _held(held, base_report))
    raise typer.Exit(code)


def _cohort(file: Path) -> "Cohort":
    from grader.engine.cohort import load_cohort

    return load_cohort(file)


def _watching(*, enabled: bool) -> "AbstractContextManager[Watch | None]":
    if not enabled:
        return nullcontext()
    from grader.cli.progress import watching

    return watching(enabled=True)


def _graded_privately(
    request: "Request", private: Path, watch: "Watch | None"
) -> "Report":
    """The report, and each person's part in the commits in a file of its own."""
    from grader.engine.request import grade_privately
    from grader.reporting.contributors import contributors_csv

    report, people = grade_privately(request, watch)
    write(contributors_csv([(report.repository.name, people)]), private)
    return report


def _held(held: "Held", base_report: Path | None) -> ExitCode:
    from grader.reporting.gate import lines

    assert held.base is not None
    if base_report is not None:
        write(render(held.base, Format.JSON), base_report)
    # The last line says where there is more: it has just been shown.
    for line in lines(held)[:-1]:
        typer.echo(line, err=True)
    return verdict(held)


def split(words: list[str] | None) -> tuple[str, ...]:
    """Words that were repeated or joined with commas."""
    parts = (part.strip() for word in words or () for part in word.split(","))
    return tuple(part for part in parts if part)


def _environment(environment: str, python: str | None) -> str:
    import shutil

    if python is None:
        return environment
    if environment != "auto":
        raise GradeError("--python and --environment say the same: give one of them.")
    if shutil.which(python) is None:
        raise GradeError(
            f'--python "{python}" is not an interpreter that can be run.',
            hint="Give its path, for example .venv/bin/python.",
        )
    return python


def _verdict(report: "Report", fail_under: float | None, strict: bool) -> ExitCode:
    grade = report.grade
    if strict and (grade.has_ungraded_checks or grade.total is None):
        typer.echo("mlops-grade: not every check could be graded (--strict).", err=True)
        return ExitCode.ENVIRONMENT
    if fail_under is None:
        return ExitCode.GRADED
    if grade.total is None:
        typer.echo(
            "mlops-grade: nothing was graded, so --fail-under can't be decided.",
            err=True,
        )
        return ExitCode.ENVIRONMENT
    if grade.total < fail_under:
        typer.echo(
            f"mlops-grade: the total {grade.total:.6g} is below {fail_under:g}.",
            err=True,
        )
        return ExitCode.BELOW_THRESHOLD
    return ExitCode.GRADED
