"""mlops-grade: a rubric grader for student MLOps repositories.

`grade` is the Python door: what the command line does, in one call.
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.model.report import Report
    from grader.sandbox.choose import Isolation


def grade(
    path: str | PathLike[str],
    *,
    rubric: str | PathLike[str] | None = None,
    ref: str | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    environment: str = "auto",
    offline: bool = False,
    isolation: "Isolation" = "auto",
    signals: bool = True,
    cohort: str | PathLike[str] | None = None,
    probe: str | None = None,
    cache: bool = True,
) -> "Report":
    """Grade one repository and return its report; `report.grade` is the mark with its parts.

    `path` is a folder or an address that git can clone, `rubric` a YAML file (default: the
    shipped rubric), `ref` a branch, tag or commit, `only` and `skip` item ids.
    `environment` is what the project's tests run in: `auto` builds it from the project's
    manifests, `none` is this interpreter, else a virtual environment, an interpreter or a
    manifest file; `offline` keeps it from fetching. `isolation` is the tier that confines
    what runs; without `signals` the tests run once only. `cohort` is the cohort.json of a
    class to compare with, `probe` the address of the project's deployed service. Without
    `cache` nothing is taken over from earlier runs, and nothing kept for later ones. Marks
    are 0..10.

    Raises `grader.errors.GradeError` for what the caller can mend (no such path, a rubric with
    a mistake). A check that could not be measured is in the report as ungraded.
    """
    from pathlib import Path

    from grader.engine.cohort import load_cohort
    from grader.engine.request import Caching, Request, grade_repository

    return grade_repository(
        Request(
            source=str(path),
            rubric=None if rubric is None else Path(rubric),
            ref=ref,
            only=only,
            skip=skip,
            environment=environment,
            is_offline=offline,
            isolation=isolation,
            signals=signals,
            cohort=None if cohort is None else load_cohort(Path(cohort)),
            probe=probe,
            caching=Caching(is_on=cache),
        )
    )
