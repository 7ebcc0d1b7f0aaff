"""What is asked of one repository's grading, and having it done.

Little is loaded here: the tools are while what grades is.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.engine.cores import cores
from grader.sandbox.warm import stove

if TYPE_CHECKING:
    from grader.engine.measure import Watch
    from grader.model.cohort import Cohort
    from grader.model.contributors import Contributor
    from grader.model.report import Report
    from grader.sandbox.choose import Isolation

AUTO, NONE = "auto", "none"


@dataclass(frozen=True)
class Caching:
    """What of the user's cache a run uses.

    Without `is_on` nothing is read or written, without `is_read` everything is measured anew
    and kept, with `reruns_tests` what needs the project's own code or environment.
    """

    is_on: bool = True
    is_read: bool = True
    reruns_tests: bool = False


@dataclass(frozen=True)
class Request:
    """What to grade and how.

    `source` is a folder or an address; `ref` a branch, tag or commit (None: the folder as it
    stands); `rubric` a file (None: the shipped one); `only` and `skip` item ids;
    `environment` is `auto` (built from the project's manifests), `none` (the grader's own
    interpreter), or a virtual environment, an interpreter or a manifest file; `is_offline`
    keeps it from fetching anything, `from_source` lets packages without wheels be built.
    `isolation` is the tier that confines what runs: `auto` takes the first that works here.
    Without `signals` the tests run once, and nothing is tried on them. `cohort` is the class
    that marks are compared with. `staged` names the index whose content is graded instead of
    the files as they stand (`index`, as a rule). With `static` what runs the project's own
    code is left out. Without `warm` each tool is started as a program of its own. `probe` is
    the address of the service that is deployed, to be asked.
    """

    source: str
    rubric: Path | None = None
    ref: str | None = None
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    environment: str = AUTO
    is_offline: bool = False
    from_source: bool = False
    isolation: "Isolation" = "auto"
    signals: bool = True
    cohort: "Cohort | None" = None
    staged: str | None = None
    static: bool = False
    warm: bool = True
    probe: str | None = None
    caching: Caching = Caching()


# What is needed where anything has changed, as every file is searched for secrets; then what
# takes longest where a Python file has.
_NEEDED_FIRST = ("detect-secrets", "pylint")


def grade_repository(request: Request, watch: "Watch | None" = None) -> "Report":
    """Capture, measure, score and assemble. Raises `GradeError` for what the user can mend."""
    return grade_privately(request, watch)[0]


def grade_privately(
    request: Request, watch: "Watch | None" = None
) -> "tuple[Report, tuple[Contributor, ...]]":
    """The same, and beside the report each person's part in the commits."""
    with _warm(request) as warm:
        from grader.engine.grade import graded

        return graded(request, warm, watch)


def _warm(request: Request) -> AbstractContextManager[Path | None]:
    """The parent of warm tools. It starts on a core that has nothing else to do yet."""
    if not request.warm:
        return nullcontext()
    return stove(_NEEDED_FIRST if cores() > 1 else ())
