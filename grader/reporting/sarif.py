"""SARIF 2.1.0: findings for code scanning and editors, as one run of mlops-grade.

The standard is https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; paragraphs
of it are named below. What GitHub reads of it and how much it takes:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files

Results are the project's own findings and nothing else. A check without a mark is a
notification: it says that we don't know, where "no result" would say that all is well. Findings
of the starter repository are only counted: GitHub reads neither `suppressions` nor
`baselineState` (github/codeql-action#1230) and would show them all as open alerts.

`partialFingerprints` has a name of our own. GitHub's upload action adds the one that GitHub
goes by, from the files, and warns of every result where another tool's differs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from urllib.parse import quote

from grader.model.measurement import Measured, Tool
from grader.model.report import Report, ReportCheck, Section
from grader.model.score import Ungraded, mark_of
from grader.reporting import words
from grader.reporting.clean import (
    clean_report,
    markdown_text,
    paragraphs,
    web_address,
)
from grader.reporting.host_links import commit_link
from grader.reporting.located import Located, by_severity, located, points_lost
from grader.reporting.markdown import markdown_prose

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)
# GitHub refuses a run with more results than this, and shows no more than that.
MAX_RESULTS = 25_000
SHOWN_RESULTS = 5_000
# More than any linter has; each is documented at length.
MAX_RULES = 1_000
MAX_EXTENSIONS = 100
MAX_UNREAD = 100
_DESCRIPTION_CHARACTERS = 1_000

ROOT = "%SRCROOT%"
# GitHub takes no result without a place; OSSF Scorecard's way out.
NO_FILE = "no file associated with this finding"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}

_Json = Mapping[str, object]


def render_sarif(report: Report) -> str:
    """The project's own findings as a SARIF log, with what could not be said as notifications."""
    shown = clean_report(report)
    found = by_severity(located(shown))
    kept = found[:MAX_RESULTS]
    rules = _rules(kept)
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": shown.generator.name,
                "version": shown.generator.version,
                "rules": [_rule(shown, key, one) for key, one in rules.items()],
            },
            "extensions": [
                {"name": tool.name, "version": tool.version} for tool in _tools(shown)
            ],
        },
        "invocations": [
            {
                # §3.20.21: an "error" here would mean that the run failed.
                "executionSuccessful": True,
                "toolExecutionNotifications": list(_notifications(shown, len(found))),
            }
        ],
        # §3.14.14: without an address, so that nothing of the machine is in it.
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The top of the repository."}}
        },
        "results": [_result(one, rules) for one in kept],
        "properties": _properties(shown),
    }
    # With uncommitted changes the files are not those of the commit.
    if commit_link(shown.repository) and not shown.repository.uncommitted:
        run["versionControlProvenance"] = [
            {
                "repositoryUri": shown.repository.web,
                "revisionId": shown.repository.commit,
                "mappedTo": {"uriBaseId": ROOT},
            }
        ]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _properties(report: Report) -> _Json:
    grade = report.grade
    return {
        "state": words.state(grade),
        "total": grade.total,
        "measuredShare": grade.measured_share,
        "gradedAt": report.graded_at,
        "rubric": report.rubric.model_dump(),
    }


def _rules(found: Sequence[Located]) -> dict[str, Located]:
    """The ids of the rules with the most severe finding of each, in the order of the findings.

    Beyond `MAX_RULES` they are not told apart: the id is the check's then.
    """
    rules: dict[str, Located] = {}
    for one in found:
        key = _own_id(one) if len(rules) < MAX_RULES else one.check.id
        if _own_id(one) not in rules:
            rules.setdefault(key, one)
    return rules


def _own_id(one: Located) -> str:
    return f"{one.check.id}/{one.finding.rule}"


def _rule(report: Report, key: str, one: Located) -> _Json:
    check = one.check
    mark = mark_of(check.result)
    rule: dict[str, object] = {
        "id": key,
        "shortDescription": {"text": _plain(_about(check, one.finding.rule))},
        "fullDescription": {"text": _plain(_about(check, check.advice or check.title))},
        "help": {"text": _plain(_help(check)), "markdown": _help_markdown(check)},
        "defaultConfiguration": {"level": _LEVELS[one.finding.severity]},
        "properties": {
            "tags": [check.dimension],
            "check": check.id,
            "pointsLost": points_lost(report, check),
            **({} if mark is None else {"mark": mark}),
        },
    }
    if web_address(check.source):
        rule["helpUri"] = check.source
    return rule


def _about(check: ReportCheck, text: str) -> str:
    return f"{check.title}: {text}"[:_DESCRIPTION_CHARACTERS]


def _sections(check: ReportCheck) -> tuple[Section, ...]:
    mark = Section(
        title="How it is marked",
        text=f"`{check.formula}`, {words.mark(check.result)} here.",
    )
    return (*check.sections, mark)


def _help(check: ReportCheck) -> str:
    return "\n\n".join(f"{one.title}\n{one.text}" for one in _sections(check))


def _help_markdown(check: ReportCheck) -> str:
    blocks: list[str] = []
    for section in _sections(check):
        blocks.append(f"## {markdown_text(section.title)}")
        blocks += [markdown_prose(one) for one in paragraphs(section.text)]
    return _braces("\n\n".join(blocks))


def _tools(report: Report) -> list[Tool]:
    """What did the measuring; the rules stay the driver's, as their ids and texts are ours."""
    measurements = (check.measurement for check in report.checks)
    tools = chain.from_iterable(one.tools for one in measurements if one)
    known = {(tool.name, tool.version): tool for tool in tools}
    return [known[key] for key in sorted(known)][:MAX_EXTENSIONS]


def _result(one: Located, rules: Mapping[str, Located]) -> _Json:
    own = _own_id(one)
    return {
        "ruleId": own if own in rules else one.check.id,
        "level": _LEVELS[one.finding.severity],
        "message": {"text": _plain(one.message)},
        "locations": [_location(one.path, one.line)],
        "partialFingerprints": {"mlopsGradeFinding/v1": one.fingerprint},
    }


def _location(path: str | None, line: int | None) -> _Json:
    place: dict[str, object] = {
        # A colon in the first part would make a scheme of it; all but the slashes is encoded.
        "artifactLocation": {"uri": quote(path or NO_FILE, safe="/"), "uriBaseId": ROOT}
    }
    # Without a region it is the file as a whole.
    if path and line:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}


def _notifications(report: Report, found: int) -> Iterator[_Json]:
    total = f"{words.total(report.grade)}. This is {words.state(report.grade)}."
    if report.grade.total is None:
        total = "Nothing could be graded."
    yield _notification("total", "note", " ".join([total, *words.reasons(report)]))
    for row in words.rows(report):
        if isinstance(row.result, Ungraded):
            is_trouble = row.result.cause in ("failed", "formula")
            text = f"{row.id}: {words.not_graded(row.result)}"
            yield _notification("not-graded", "warning" if is_trouble else "note", text)
    yield from _unread(report)
    if starters := sum(len(words.inherited(check)) for check in report.checks):
        text = (
            f"{words.counted(starters, 'finding')} {words.STARTER}: they cost no points "
            "and are not in the results."
        )
        yield _notification("inherited", "note", text)
    if found > MAX_RESULTS:
        text = (
            f"{found - MAX_RESULTS} of {found} findings are not in the results; the JSON "
            "report has them."
        )
        yield _notification("results-left-out", "warning", text)
    if found > SHOWN_RESULTS:
        text = f"GitHub shows {SHOWN_RESULTS} results of a run, the most severe ones."
        yield _notification("results-not-shown", "note", text)


def _unread(report: Report) -> Iterator[_Json]:
    files = [
        (check, one)
        for check in report.checks
        if check.measurement and isinstance(check.measurement.outcome, Measured)
        for one in check.measurement.outcome.not_measured
    ]
    for check, one in files[:MAX_UNREAD]:
        text = f"{check.id}: not measured: {one.path}: {one.reason}"
        yield _notification("not-measured", "warning", text)
    if len(files) > MAX_UNREAD:
        text = f"{len(files) - MAX_UNREAD} more files were not measured."
        yield _notification("not-measured", "warning", text)


def _notification(name: str, level: str, text: str) -> _Json:
    return {
        "descriptor": {"id": name},
        "level": level,
        "message": {"text": _plain(text)},
    }


def _plain(text: str) -> str:
    """Text in which SARIF knows neither a link (§3.11.6) nor a placeholder (§3.11.5)."""
    return _braces(text.replace("](", "] ("))


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
