"""What the user names to be read: a graded class, a stored result, any file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import GradeError

if TYPE_CHECKING:
    from grader.model.report import Report

ClassArgument = Annotated[
    Path, typer.Argument(metavar="CLASS", help="The folder of a graded class.")
]


def content(file: Path, most_bytes: int) -> bytes:
    """A file's bytes, of a larger one `most_bytes` and one more: enough to be told so.

    Raises `GradeError` when it can't be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(most_bytes + 1)
    except OSError as error:
        raise GradeError(f'cannot read "{file}": {error.strerror}.') from error


def stored_report(file: Path) -> "Report":
    """What `--format json` wrote. Raises `GradeError` for what is no such file."""
    from grader.reporting.json import MAX_BYTES, load_report

    return load_report(content(file, MAX_BYTES), str(file))
