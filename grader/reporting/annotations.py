"""GitHub annotations: workflow commands that mark lines of a pull request.

What the runner reads is at
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands and how it
reads it in actions/runner, ActionCommand.cs and ActionCommandManager.cs: `%`, CR and LF are
escaped in the message, `:` and `,` in properties too. Of one step it shows ten annotations of
each level, and keeps quiet about the rest.
"""

import secrets
from collections.abc import Mapping, Set

from grader.model.report import Report
from grader.model.score import Ungraded
from grader.reporting import words
from grader.reporting.clean import clean, clean_report
from grader.reporting.located import Located, located

PER_LEVEL = 10
# A page of a log; what is beyond is only counted.
LOG_CHARACTERS = 50_000
_TITLE_CHARACTERS = 200

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render_annotations(
    report: Report, changed: Mapping[str, Set[int]] | None = None
) -> str:
    """One workflow command per line, at most ten of each level.

    The first notice is the total, with its state; then come the checks that could not be
    graded; the last one says how many findings are not shown. Findings on `changed` lines
    (numbers by path) come first, then those of the checks that cost the most points. What
    several checks say of a line in the same words is shown once, for the first of them.
    """
    shown = clean_report(report)
    found = sorted(located(shown), key=lambda one: _order(one, changed or {}))
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    lines["notice"] += _about(shown)[: PER_LEVEL - 1]
    left = 0
    said: set[tuple[str | None, int | None, str]] = set()
    for one in found:
        level = _LEVELS[one.finding.severity]
        # Every check that can't read a file says so of the same line: once is enough there.
        same = (one.path, one.line, one.message)
        # The tenth notice is kept for what is not shown.
        has_room = len(lines[level]) < PER_LEVEL - (level == "notice")
        if has_room and same not in said:
            said.add(same)
            lines[level].append(_annotation(level, one))
        else:
            left += 1
    if left:
        text = f"{words.counted(left, 'more finding')} without an annotation: see the report."
        lines["notice"].append(_command("notice", {"title": "mlops-grade"}, text))
    return "".join(f"{line}\n" for level in lines.values() for line in level)


def stopped(text: str) -> str:
    """Any text for a workflow's log, so that the runner takes no command from it.

    Between `::stop-commands::` and a random token, which nobody could have put into the text;
    control characters as visible escapes, and cut to a length. The log's own page acts on
    `##[` even there (it folds and colours), so that this is broken up.
    """
    shown = clean(text, keeps_lines=True, limit=LOG_CHARACTERS)
    inert = shown.replace("##[", "## [")
    token = secrets.token_hex(32)
    return f"::stop-commands::{token}\n{inert}\n::{token}::\n"


def _about(report: Report) -> list[str]:
    state, total = words.state(report.grade), words.total(report.grade)
    text = total if report.grade.total is None else f"{total}, {state}"
    about = [_command("notice", {"title": "mlops-grade"}, text)]
    for row in words.rows(report):
        if isinstance(row.result, Ungraded) and row.result.cause in (
            "failed",
            "formula",
        ):
            title = {"title": f"mlops-grade: {row.id}"}
            about.append(_command("notice", title, words.not_graded(row.result)))
    return about


def _order(
    one: Located, changed: Mapping[str, Set[int]]
) -> tuple[bool, float, str, int]:
    is_changed = one.path is not None and one.line in changed.get(one.path, ())
    return (not is_changed, -one.points_lost, one.path or "", one.line or 0)


def _annotation(level: str, one: Located) -> str:
    properties: dict[str, str] = {}
    if one.path:
        properties["file"] = one.path
        if one.line:
            properties["line"] = str(one.line)
    properties["title"] = f"{one.check.id}: {one.finding.rule}"[:_TITLE_CHARACTERS]
    return _command(level, properties, one.message)


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(message)}"


def _data(text: str) -> str:
    # The sign of the escapes first, or the escapes would be escaped.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
