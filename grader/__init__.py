"""mlops-grade: a rubric grader for student MLOps repositories.

`grade` is the Python door: what the command line does, in one call.
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.model.report import Report


def grade(
    path: str | PathLike[str],
    *,
    rubric: str | PathLike[str] | None = None,
    ref: str | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    python: str | None = None,
) -> "Report":
    """Grade one repository and return its report; `report.grade` is the mark with its parts.

    `path` is a folder or an address that git can clone, `rubric` a YAML file (default: the
    shipped rubric), `ref` a branch, tag or commit, `only` and `skip` item ids, `python` the
    interpreter for the project's tests (default: this one). Marks are 0..10.

    Raises `grader.errors.GradeError` for what the caller can mend (no such path, a rubric with
    a mistake). A check that could not be measured is in the report as ungraded.
    """
    import sys
    from pathlib import Path

    from grader.engine.grade import Request, grade_repository

    return grade_repository(
        Request(
            source=str(path),
            rubric=None if rubric is None else Path(rubric),
            ref=ref,
            only=only,
            skip=skip,
            test_python=python or sys.executable,
        )
    )
