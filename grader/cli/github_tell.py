"""`mlops-grade github tell`: a stored result told to the runner of a GitHub workflow."""

import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from grader.model.common_ground import CommonGround
    from grader.model.report import Report


def tell(
    head: Annotated[
        Path,
        typer.Option(
            metavar="HEAD.json",
            help="The result to tell of, as --format json wrote it.",
        ),
    ],
    base: Annotated[
        Path | None,
        typer.Option(metavar="BASE.json", help="The result to compare it with."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The repository, which says what lines are new: annotated first.",
        ),
    ] = None,
    annotate: Annotated[
        bool,
        typer.Option("--annotate/--no-annotate", help="Mark lines of the changes."),
    ] = True,
    notes: Annotated[
        list[str] | None,
        typer.Option(
            "--note", metavar="TEXT", help="A sentence for the summary; repeatable."
        ),
    ] = None,
) -> None:
    """Write a job's outputs and its summary, annotate lines, and print the report in the log.

    Where they go the runner says: GITHUB_OUTPUT and GITHUB_STEP_SUMMARY; without them only
    the log is written. Nothing of the repository is run and no token is asked for. Ends with
    0 whatever the total is: see mlops-grade github gate.
    """
    from grader.cli.output import Format, render
    from grader.reporting.annotations import render_annotations, stopped
    from grader.reporting.summary import render_summary
    from grader.scoring.common_ground import common_ground

    report = load(head)
    compared = load(base) if base is not None else None
    told = list(notes or [])
    if annotate:
        changed: Mapping[str, frozenset[int]] = {}
        if folder is not None and compared is not None:
            try:
                changed = _changed(folder, compared, report)
            except GradeError as error:
                told.append(f"Annotations are not sorted by change: {error.message}")
        _print(render_annotations(report, changed))
    ground = common_ground(compared, report) if compared is not None else None
    _append("GITHUB_OUTPUT", output_lines(outputs(report, ground)))
    summary = render_summary(report, compared, ground, told)
    _append("GITHUB_STEP_SUMMARY", summary)
    _print(stopped("\n".join([*told, render(report, Format.TERMINAL)])))


def outputs(report: "Report", ground: "CommonGround | None") -> dict[str, str]:
    """What a workflow can read, by name; empty where there is no such number.

    `score` is of 10 and `total` of 100, both rounded as everywhere; `delta` the points of 10
    since the base, over the `ground` that both have.
    """
    from grader.reporting import changes, numbers

    grade = report.grade
    change = ground.change if ground is not None else None
    of_100 = grade.total_of_100
    return {
        "score": "" if grade.total is None else numbers.mark(grade.total),
        "total": "" if of_100 is None else numbers.of_100(of_100),
        # Without a plus: that is no number to fromJSON.
        "delta": "" if change is None else changes.gain(change).removeprefix("+"),
        "provisional": str(not grade.is_final).lower(),
    }


def output_lines(values: Mapping[str, str]) -> str:
    """Names and values for the runner's file: no value can end itself and begin another.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = []
    for name, value in values.items():
        # Nobody can have put it into a value: it is drawn afterwards.
        delimiter = f"end-{secrets.token_hex(32)}"
        lines.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    return "".join(lines)


def load(file: Path) -> "Report":
    """A stored result. Raises `GradeError` for a file that is none."""
    from grader.reporting.json import MAX_BYTES, load_report

    try:
        with file.open("rb") as stream:
            # One byte more than is allowed is enough to be told so.
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GradeError(f'cannot read "{file}": {error.strerror}.') from error
    return load_report(raw, str(file))


def _changed(
    folder: Path, base: "Report", report: "Report"
) -> Mapping[str, frozenset[int]]:
    from grader.reporting.clean import clean
    from grader.submissions.changed_lines import changed_lines

    commits = (base.repository.commit, report.repository.commit)
    if commits[0] is None or commits[1] is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="mlops-grade-") as work:
        found = changed_lines(folder, commits[0], commits[1], Path(work))
    # As the findings name them, which are shown clean.
    return {clean(path): lines for path, lines in found.items()}


def _append(variable: str, text: str) -> None:
    name = os.environ.get(variable)
    if not name:
        return
    try:
        with open(name, "a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise GradeError(
            f"the file of {variable} can't be written: {error.strerror}.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error


def _print(text: str) -> None:
    # Whatever the locale says: the runner reads UTF-8.
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.flush()
