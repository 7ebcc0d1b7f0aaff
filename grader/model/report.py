"""What every renderer gets: the grade with all that explains it, nothing left to compute.

This is also the program's JSON output; `report.schema.json` is generated from it.
"""

from typing import Final, Literal

from grader.model.environment import EnvironmentFacts
from grader.model.maturity import Maturity
from grader.model.measurement import Measurement, Stored, Tool
from grader.model.place import Place
from grader.model.score import Grade, ItemResult, Mark, Share

SCHEMA_VERSION: Final = 1


class LeftOutFile(Stored):
    """A file that no check reads, and why."""

    path: str
    reason: str


class RepositoryFacts(Stored):
    """What was graded.

    `source` is the path or URL as the user gave it (without any credentials); `commit` the
    full hash, None outside git; `uncommitted` that the working tree differs from it. Counts
    are of files; `lines` are physical lines of all Python files.

    Of the commit: `commit_time` (UTC, ISO 8601) and `commit_author` as it states them;
    `commits` with it and before it, by `authors` (told apart by e-mail address), at least
    that many when `history_is_truncated`. None where there is no such statement.

    `web` is the https address of the repository's page at a host whose pages are known, None
    for any other place.
    """

    name: str
    source: str
    commit: str | None
    uncommitted: bool
    files: int
    python_files: int
    source_files: int
    lines: int
    left_out: tuple[LeftOutFile, ...]
    notes: tuple[str, ...] = ()
    commit_time: str | None = None
    commit_author: str | None = None
    commits: int | None = None
    authors: int | None = None
    history_is_truncated: bool = False
    web: str | None = None


class LaterCommit(Stored):
    """A commit that came after the deadline, as it describes itself."""

    hash: str
    author: str
    claimed: str
    subject: str


class DeadlineFacts(Stored):
    """Which commit a deadline chose. Times of commits are what somebody's git was told.

    `until` is ISO 8601 with the offset of the class's time zone, its last second included;
    `claimed` the graded commit's own time. `later` are the newest of the `later_count` commits
    that came after it. `extension` says why this group had longer.
    """

    until: str
    claimed: str | None
    later: tuple[LaterCommit, ...] = ()
    later_count: int = 0
    extension: str = ""


class SubmissionFacts(Stored):
    """One group of a class: its name, its members, and the deadline it was graded under."""

    group: str
    members: tuple[str, ...] = ()
    deadline: DeadlineFacts | None = None


class RubricFacts(Stored):
    """Which rubric: its own name and version, and the SHA-256 of its text."""

    name: str
    version: str
    digest: str


class QuantityLine(Stored):
    """One measured number, with what it means."""

    name: str
    value: int | float
    unit: str
    meaning: str


class Section(Stored):
    """A titled paragraph of a checker's own documentation, plain text."""

    title: str
    text: str


class Effort(Stored):
    """What mending takes, as far as the findings say.

    `command`: the fix's command does it, but for the `places` left. `findings`: so many
    places to mend, in so many `files`. `work`: code or tests to write, more than any finding
    points at.
    """

    kind: Literal["command", "findings", "work"]
    places: int = 0
    files: int = 0


class Fix(Stored):
    """What mending everything a check found would gain.

    `gain` is in points of the total (0..10), `mark_after` the item's mark then. `command` is
    what to type: it mends where the `effort` says so, and shows the findings elsewhere.
    `effort` is None where nothing is known of it.
    """

    item: str
    title: str
    gain: float
    mark_now: Mark
    mark_after: Mark
    advice: str
    command: str | None
    effort: Effort | None = None


class ReportCheck(Stored):
    """One row of the rubric: what it is, what was measured, which mark that makes.

    `weight_share` is the item's part of the whole rubric, 0..1. `measurement` is None for an
    item that the user left out.
    """

    id: str
    checker: str
    title: str
    dimension: str
    weight_share: Share
    advice: str
    formula: str
    alone_formula: str | None
    result: ItemResult
    measurement: Measurement | None
    quantities: tuple[QuantityLine, ...]
    sections: tuple[Section, ...]
    source: str


class ManualCheck(Stored):
    """One criterion of the rubric that a person marks, and the mark."""

    id: str
    title: str
    dimension: str
    weight_share: Share
    description: str
    result: ItemResult


class CoursePoint(Stored):
    """A group in one run of its class: nothing of another group's is in it.

    `when` is UTC, ISO 8601; `rank` its own, of `ranked` groups. `is_remark`: nothing was
    measured then, the last run was marked anew.
    """

    when: str
    commit: str | None
    total: Mark | None
    is_final: bool
    rubric: RubricFacts
    rank: int | None = None
    ranked: int = 0
    is_remark: bool = False


class Report(Stored):
    """One repository's report. `graded_at` is UTC, ISO 8601: when it was measured.

    `environment` is what the project's tests ran in, None when no check asked for it.
    `submission` is set for a group of a class. `manual` are the criteria that people mark.
    `places` say where it stands in the class, where there are enough groups. `course` is how
    it came there, oldest first, where there was more than one run. `maturity` is set where the
    rubric has the checks that it is read from; it is no part of the grade.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    generator: Tool
    graded_at: str
    python: str
    platform: str
    isolation: str
    repository: RepositoryFacts
    environment: EnvironmentFacts | None = None
    rubric: RubricFacts
    grade: Grade
    checks: tuple[ReportCheck, ...]
    manual: tuple[ManualCheck, ...] = ()
    submission: SubmissionFacts | None = None
    places: tuple[Place, ...] = ()
    course: tuple[CoursePoint, ...] = ()
    maturity: Maturity | None = None
    fixes: tuple[Fix, ...]

    def check(self, item: str) -> ReportCheck:
        """The check of an item id. Raises `KeyError` for one that is not in the report."""
        for check in self.checks:
            if check.id == item:
                return check
        raise KeyError(item)
