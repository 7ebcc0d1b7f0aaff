"""The page of a class: who stands where and why, what each check tells, what is uncertain.

One file that asks for nothing. Its links lead to where a class's folder has its files.
"""

from grader.model.analysis import ClassReport
from grader.model.classroom import ClassRecord
from grader.reporting import class_view, decisions, numbers, submitted, words
from grader.reporting.clean import clean_stored
from grader.reporting.markdown import from_template
from grader.reporting.page import asset, page

# What lies in a class's folder beside the page.
FILES = ("grades.xlsx", "scores.csv", "items.csv", "cohort.json", "index.json")
# How many groups the page names first as those to help.
LOWEST = 3


def render_class_page(report: ClassReport) -> str:
    """A class as one HTML file, `index.html` of its folder."""
    return _page(_content(report))


def render_class_markdown(report: ClassReport) -> str:
    """A class as Markdown, `index.md` of its folder."""
    return _markdown(_content(report))


def render_class(report: ClassReport) -> tuple[str, str]:
    """The same as both, HTML and Markdown, at once."""
    content = _content(report)
    return _page(content), _markdown(content)


def _page(content: dict[str, object]) -> str:
    return page(
        "class.html.j2",
        asset("report.css") + asset("class.css"),
        asset("report.js") + asset("class.js"),
        **content,
    )


def _markdown(content: dict[str, object]) -> str:
    return from_template("class.md.j2", **content)


def _content(report: ClassReport) -> dict[str, object]:
    shown = clean_stored(report)
    found = class_view.rows(shown)
    graded = tuple(row for row in found if row.is_graded)
    ranked = [row for row in graded if row.line.rank is not None]
    return {
        "result": shown.result,
        "record": shown.result.record,
        "analysis": shown.analysis,
        "facts": facts(shown),
        "dimensions": shown.result.rubric_dimensions,
        "rows": found,
        "graded": graded,
        "lowest": ranked[-LOWEST:][::-1] if len(ranked) > LOWEST else [],
        "troubled": class_view.troubled(found),
        "missing": class_view.missing(found),
        "changed": tuple(
            (row, decisions.lines(row.line.grade))
            for row in found
            if row.line.grade is not None and row.line.grade.is_adjusted
        ),
        "moves": shown.moves,
        "moved": class_view.moved(shown, found),
        "variants": tuple(
            (one, class_view.movers(one, shown, found))
            for one in shown.analysis.variants
        ),
        "most_movers": class_view.MOVERS,
        "files": FILES,
    }


def facts(report: ClassReport) -> tuple[tuple[str, str], ...]:
    """What the run was: groups, times, deadline, rubric, isolation."""
    record = report.result.record
    lines = [("Groups", _counts(report)), ("Graded", _times(record))]
    if record.deadline is not None:
        zone = f" ({record.timezone})"
        lines.append(("Deadline", f"{submitted.moment(record.deadline)}{zone}"))
    lines += [
        ("Rubric", words.rubric(report.result.rubric)),
        ("Program", str(record.generator)),
    ]
    if record.isolation:
        lines.append(("Isolation of the tests", record.isolation))
    return tuple(lines)


def _counts(report: ClassReport) -> str:
    grades = [line.grade for line in report.result.lines]
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
