"""The page of a class: the groups by rank, who could not be graded, what people changed.

One file without a script. Its links lead to where a class's folder has its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from grader.model.classroom import ClassRecord, ClassResult, GroupLine
from grader.model.score import DimensionScore, Grade
from grader.reporting import decisions, numbers, submitted, words
from grader.reporting.clean import clean_class
from grader.reporting.page import asset, page

# What lies in a class's folder beside the page.
FILES = ("scores.csv", "items.csv", "cohort.json")

_CAUSES = {
    "private-or-gone": "Private, renamed or gone",
    "refused": "Access refused",
    "forbidden": "Access forbidden",
    "rate-limited": "Too many requests to the host",
    "timed-out": "Took too long to answer",
    "host-unknown": "Host not found",
    "connection": "No connection",
    "host-key": "The host's key is not known",
    "certificate": "The host's certificate is not valid",
    "redirected": "Moved to another address",
    "not-a-repository": "Not a git repository",
    "server": "The host's own trouble",
    "damaged": "Damaged repository",
    "too-large": "Too large",
    "disk-full": "No room on our disk",
    "not-in-cache": "Not in the cache, and this run was offline",
    "other": "Could not be cloned",
    "repository": "The repository could not be taken",
    "worker": "The process that measured was killed",
    "bug": "A bug of ours",
}


def render_class_page(result: ClassResult) -> str:
    """A class's result as one HTML file, `index.html` of its folder."""
    shown = clean_class(result)
    return page(
        "class.html.j2",
        asset("report.css"),
        "",
        result=shown,
        facts=_facts(shown),
        dimensions=_dimensions(shown),
        ranked=_ranked(shown),
        troubled=_troubled(shown),
        changed=tuple(
            Changed(line, lines)
            for line in shown.lines
            if line.grade is not None
            and line.grade.is_adjusted
            and (lines := decisions.lines(line.grade))
        ),
        files=FILES,
        report_of=_report_of,
        marks_of=_marks_of,
    )


@dataclass(frozen=True)
class Troubled:
    """Groups without a total for the same cause."""

    cause: str
    lines: tuple[GroupLine, ...]


@dataclass(frozen=True)
class Changed:
    """What people changed for one group."""

    line: GroupLine
    lines: tuple[str, ...]


def _facts(result: ClassResult) -> tuple[tuple[str, str], ...]:
    record = result.record
    lines = [("Groups", _counts(result)), ("Graded", _times(record))]
    if record.deadline is not None:
        zone = f" ({record.timezone})"
        lines.append(("Deadline", f"{submitted.moment(record.deadline)}{zone}"))
    lines += [
        ("Rubric", f"{result.rubric.name}, version {result.rubric.version}"),
        ("Program", f"{record.generator.name} {record.generator.version}"),
    ]
    if record.isolation:
        lines.append(("Isolation of the tests", record.isolation))
    return tuple(lines)


def _counts(result: ClassResult) -> str:
    grades = [line.grade for line in result.lines]
    graded = [one for one in grades if one is not None and one.total is not None]
    provisional = sum(not one.is_final for one in graded)
    parts = [f"{len(graded)} of {len(grades)} graded"]
    if provisional:
        parts.append(f"{provisional} of them provisional")
    return ", ".join(parts)


def _times(record: ClassRecord) -> str:
    started = words.when(record.started_at)
    if record.finished_at is None:
        return f"begun {started}, and not finished: some groups may be missing"
    if record.duration_s is None:
        return words.when(record.finished_at)
    return f"{words.when(record.finished_at)}, in {numbers.duration(record.duration_s)}"


def _dimensions(result: ClassResult) -> tuple[DimensionScore, ...]:
    """The rubric's dimensions, as the first graded group has them."""
    grades = (line.grade for line in result.lines if line.grade is not None)
    return next((grade.dimensions for grade in grades), ())


def _marks_of(
    grade: Grade, dimensions: Sequence[DimensionScore]
) -> tuple[float | None, ...]:
    """A group's marks in the order of the columns."""
    marks = {one.id: one.mark for one in grade.dimensions}
    return tuple(marks.get(one.id) for one in dimensions)


def _ranked(result: ClassResult) -> tuple[GroupLine, ...]:
    """Those with a total, the best first; equals in the list's order."""
    graded = [line for line in result.lines if not words.no_grade(line)]
    return tuple(sorted(graded, key=lambda line: line.rank or len(result.lines) + 1))


def _troubled(result: ClassResult) -> tuple[Troubled, ...]:
    by_cause: dict[str, list[GroupLine]] = {}
    for line in result.lines:
        if words.no_grade(line):
            by_cause.setdefault(_cause(line), []).append(line)
    return tuple(Troubled(cause, tuple(lines)) for cause, lines in by_cause.items())


def _cause(line: GroupLine) -> str:
    if line.trouble is not None:
        return _CAUSES.get(line.trouble.cause, line.trouble.cause)
    return "Not graded yet" if line.grade is None else "Nothing to grade"


def _report_of(line: GroupLine) -> str:
    """Where a group's report is, relative to the page; empty where it has none."""
    if line.grade is None:
        return ""
    return f"groups/{quote(line.group.folder, safe='', errors='replace')}/report.html"
