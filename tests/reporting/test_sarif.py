"""The SARIF log, by the standard's own schema; no text in it acts, no place is outside.

`sarif-schema-2.1.0.json` is sarif-2.1/schema/sarif-schema-2.1.0.json (errata 01) of
https://github.com/oasis-tcs/sarif-spec at e0583813964ec43cea53b6b531b402866095ed1f, unchanged.
Copyright OASIS Open; under the OASIS IPR policy, which lets it be copied and distributed:
https://www.oasis-open.org/policies-guidelines/ipr. It is used by this test alone.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema.validators import validator_for
from markdown_it import MarkdownIt

from grader.model.measurement import Finding
from grader.model.report import Report, Section
from grader.model.score import Ungraded, mark_of
from grader.reporting import sarif, words
from grader.reporting.clean import clean
from grader.reporting.json import load_report, render_json
from grader.reporting.sarif import NO_FILE, render_sarif
from tests.reporting import sample

SCHEMA = json.loads(
    (Path(__file__).parent / "sarif-schema-2.1.0.json").read_text("utf-8")
)
VALIDATOR = validator_for(SCHEMA)(SCHEMA)
EVERY = pytest.mark.parametrize("build", sample.REPORTS)
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def run_of(report: Report) -> dict[str, list[dict[str, object]]]:
    """The one run of the log."""
    (run,) = json.loads(render_sarif(report))["runs"]
    assert isinstance(run, dict)
    return run


def notes(report: Report) -> list[tuple[str, str, str]]:
    """Name, level and text of every notification."""
    (invocation,) = json.loads(render_sarif(report))["runs"][0]["invocations"]
    return [
        (one["descriptor"]["id"], one["level"], one["message"]["text"])
        for one in invocation["toolExecutionNotifications"]
    ]


def strings(value: object) -> Iterator[str]:
    """Every text of a JSON document, keys too."""
    match value:
        case str():
            yield value
        case dict():
            for key, part in value.items():
                yield from strings(key)
                yield from strings(part)
        case list():
            for part in value:
                yield from strings(part)


def uris(report: Report) -> list[str]:
    """The address of every result's file."""
    results = json.loads(render_sarif(report))["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    assert {one["artifactLocation"]["uriBaseId"] for one in places} <= {"%SRCROOT%"}
    return [one["artifactLocation"]["uri"] for one in places]


def fingerprints(report: Report) -> list[str]:
    """The fingerprint of every result."""
    results = json.loads(render_sarif(report))["runs"][0]["results"]
    return [one["partialFingerprints"]["mlopsGradeFinding/v1"] for one in results]


@EVERY
def test_the_log_is_as_the_standard_says(build: sample.Builder) -> None:
    log = json.loads(render_sarif(build()))
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []


def test_the_schema_can_refuse() -> None:
    log = json.loads(render_sarif(sample.messy()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(log)


@EVERY
def test_numbers_and_findings_are_those_of_the_json(build: sample.Builder) -> None:
    stored = load_report(render_json(build()), "report.json")
    log = json.loads(render_sarif(stored))["runs"][0]
    assert log["properties"]["total"] == stored.grade.total
    assert log["properties"]["measuredShare"] == stored.grade.measured_share
    found = [one for check in stored.checks for one in words.findings(check)]
    levels = sorted(one["level"] for one in log["results"])
    assert levels == sorted(LEVELS[one.severity] for one in found)
    marks = {check.id: mark_of(check.result) for check in stored.checks}
    for rule in log["tool"]["driver"]["rules"]:
        own = rule["properties"]
        assert own.get("mark") == marks[own["check"]]


@EVERY
def test_every_result_has_its_rule_and_a_fingerprint_of_its_own(
    build: sample.Builder,
) -> None:
    run = run_of(build())
    log = json.loads(render_sarif(build()))["runs"][0]
    ids = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert {one["ruleId"] for one in run["results"]} <= set(ids)
    marked = fingerprints(build())
    assert len(marked) == len(set(marked))


def test_a_check_without_a_mark_is_a_notification_and_no_result() -> None:
    report = sample.messy()
    said = [text for name, _, text in notes(report) if name == "not-graded"]
    ungraded = [one for one in report.grade.items if isinstance(one, Ungraded)]
    assert len(said) == len(ungraded) > 0
    assert all(
        text.startswith(f"{one.item}: Not graded, because")
        for text, one in zip(said, ungraded, strict=True)
    )
    rules = {str(one["ruleId"]).partition("/")[0] for one in run_of(report)["results"]}
    assert not rules & {one.item for one in ungraded}
    # An error there would say that the whole run failed.
    assert "error" not in {level for _, level, _ in notes(report)}


def test_a_total_that_may_change_is_said_to() -> None:
    (said,) = [text for name, _, text in notes(sample.messy()) if name == "total"]
    assert "This is provisional." in said
    (nothing,) = [text for name, _, text in notes(sample.empty()) if name == "total"]
    assert nothing.startswith("Nothing could be graded.")


def test_findings_of_the_starter_are_counted_and_not_listed() -> None:
    report = sample.judged()
    count = sum(len(words.inherited(check)) for check in report.checks)
    assert count == len(sample.STARTERS)
    (said,) = [text for name, _, text in notes(report) if name == "inherited"]
    assert said.startswith(f"{count} findings from the starter repository")
    assert not [uri for uri in uris(report) if "starter" in uri]


def test_what_a_person_should_look_at_is_not_published() -> None:
    text = render_sarif(sample.with_signals())
    assert not [one for one in sample.SIGNALS if one.rule in text]


@EVERY
def test_nothing_in_a_text_is_active(build: sample.Builder) -> None:
    log = json.loads(render_sarif(build()))
    for text in strings(log):
        assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    run = log["runs"][0]
    for part in (run["results"], run["invocations"]):
        for text in strings([one for one in _messages(part)]):
            assert "](" not in text
            assert not re.search(r"[{}]", text.replace("{{", "").replace("}}", ""))


def _messages(value: object) -> Iterator[object]:
    match value:
        case {"message": message}:
            yield message
        case list():
            for part in value:
                yield from _messages(part)
        case dict():
            for part in value.values():
                yield from _messages(part)


@EVERY
def test_places_are_relative_and_stay_inside(build: sample.Builder) -> None:
    for uri in uris(build()):
        parts = urlsplit(uri)
        assert not (parts.scheme or parts.netloc or parts.query or parts.fragment), uri
        assert re.fullmatch(r"(?:[\w./~-]|%[0-9A-F]{2})+", uri, re.ASCII), uri
        assert not {"", ".", ".."} & set(uri.split("/"))


def test_a_path_is_encoded_and_comes_back_whole() -> None:
    paths = ("src/a b.py", "c:d/e#f?g.py", "src/%41.py", "src/größe.py")
    report = sample.with_findings(
        [Finding(rule="R", message="m", path=path) for path in paths]
    )
    assert sorted(map(unquote, uris(report))) == sorted(paths)


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.py", "a/../../b.py", "", None])
def test_a_place_outside_is_no_place(path: str | None) -> None:
    report = sample.with_findings([Finding(rule="R", message="m", path=path, line=3)])
    assert [unquote(uri) for uri in uris(report)] == [NO_FILE]
    (result,) = run_of(report)["results"]
    assert "region" not in json.dumps(result)


def test_the_payloads_are_there_to_read() -> None:
    texts = [str(one["message"]) for one in run_of(sample.hostile())["results"]]
    shown = "\n".join(texts).replace("{{", "{").replace("}}", "}").replace("\\\\", "\\")
    for payload in ("<script>alert(1)</script>", "{{7*7}}", "[link=https://evil"):
        assert clean(payload) in shown


def test_documentation_in_the_help_is_text() -> None:
    report = sample.hostile()
    sections = tuple(Section(title=text, text=text) for text in sample.HOSTILE)
    checks = [one.model_copy(update={"sections": sections}) for one in report.checks]
    log = json.loads(render_sarif(report.model_copy(update={"checks": tuple(checks)})))
    assert VALIDATOR.is_valid(log)
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        tokens = reader.parse(rule["help"]["markdown"])
        kinds = {token.type for token in tokens}
        kinds |= {child.type for token in tokens for child in token.children or []}
        assert not kinds & {"html_block", "html_inline", "image", "link_open"}
        assert not kinds & {"fence", "table_open", "hr", "blockquote_open"}


def moved(report: Report, by: int) -> Report:
    """The same report after so many lines were added at the top of every file."""
    text = json.loads(render_json(report))
    for check in text["checks"]:
        for finding in (
            (check["measurement"] or {}).get("outcome", {}).get("findings", [])
        ):
            finding["line"] = finding["line"] and finding["line"] + by
    return load_report(json.dumps(text), "moved.json")


@pytest.mark.parametrize("build", [sample.messy, sample.linked, sample.judged])
def test_a_fingerprint_stays_where_lines_move(build: sample.Builder) -> None:
    report = build()
    assert fingerprints(moved(report, 17)) == fingerprints(report)


def same(line: int, **more: object) -> Finding:
    """A finding whose line reads the same wherever it stands."""
    given = {"rule": "W291", "message": "trailing whitespace", "path": "a.py"}
    return Finding.model_validate(given | {"line": line, "code": "x = 1 "} | more)


def test_two_equal_lines_have_two_fingerprints() -> None:
    both = fingerprints(sample.with_findings([same(3), same(9)]))
    assert len(set(both)) == 2
    # The first of them is there in a report that has no second.
    assert fingerprints(sample.with_findings([same(7)])) == both[:1]


def test_a_fingerprint_tells_files_rules_and_lines_apart_and_not_indents() -> None:
    (one,) = fingerprints(sample.with_findings([same(3)]))
    (indented,) = fingerprints(sample.with_findings([same(3, code="\tx  = 1")]))
    assert indented == one
    for other in ({"path": "b.py"}, {"rule": "W292"}, {"code": "y = 1"}):
        assert fingerprints(sample.with_findings([same(3, **other)])) != [one]


def test_a_line_that_must_not_be_shown_is_in_no_fingerprint() -> None:
    secret = [same(3, code=text, is_withheld=True) for text in ("a = 1", "b = 2")]
    first, second = (fingerprints(sample.with_findings([one])) for one in secret)
    assert first == second


def test_the_commit_is_named_where_it_and_its_place_are_known() -> None:
    report = sample.linked()
    (place,) = run_of(report)["versionControlProvenance"]
    assert place["repositoryUri"] == sample.WEB
    assert place["revisionId"] == report.repository.commit
    for update in ({"web": None}, {"commit": None}, {"uncommitted": True}):
        facts = report.repository.model_copy(update=update)
        other = report.model_copy(update={"repository": facts})
        assert "versionControlProvenance" not in run_of(other)


def test_the_tools_that_measured_are_named() -> None:
    log = json.loads(render_sarif(sample.messy()))["runs"][0]["tool"]
    named = {(one["name"], one["version"]) for one in log["extensions"]}
    assert {("black", "26.10.1"), ("flake8", "7.5.0")} <= named


def test_no_more_results_than_github_takes_and_the_worst_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (sarif.MAX_RESULTS, sarif.SHOWN_RESULTS) == (25_000, 5_000)
    monkeypatch.setattr(sarif, "MAX_RESULTS", 20)
    monkeypatch.setattr(sarif, "SHOWN_RESULTS", 10)
    monkeypatch.setattr(sarif, "MAX_RULES", 5)
    kinds = ("info", "warning", "error")
    report = sample.with_findings(
        [
            Finding.model_validate(
                {
                    "rule": f"R{n}",
                    "message": "m",
                    "line": n + 1,
                    "severity": kinds[n % 3],
                }
            )
            for n in range(30)
        ]
    )
    run = run_of(report)
    levels = [one["level"] for one in run["results"]]
    assert levels == ["error"] * 10 + ["warning"] * 10
    log = json.loads(render_sarif(report))
    assert VALIDATOR.is_valid(log)
    rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    # Five of their own; the rest go by the check.
    assert len(rules) == 6
    assert {one["ruleId"] for one in run["results"]} == set(rules)
    said = {name: text for name, _, text in notes(report)}
    assert said["results-left-out"].startswith("10 of 30 findings")
    assert "shows 10 results" in said["results-not-shown"]


@EVERY
def test_the_same_report_gives_the_same_log(build: sample.Builder) -> None:
    assert render_sarif(build()) == render_sarif(build())
