"""GitLab's code quality report: what GitLab's documentation asks of it, and nothing active."""

import json
import re
from pathlib import PurePosixPath

import pytest
from jsonschema import Draft202012Validator

from grader.model.measurement import Finding
from grader.model.report import Report
from grader.reporting import gitlab, words
from grader.reporting.gitlab import render_gitlab
from grader.reporting.json import load_report, render_json
from tests.reporting import sample

EVERY = pytest.mark.parametrize("build", sample.REPORTS)

# From the table at docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": [
            "description",
            "check_name",
            "fingerprint",
            "severity",
            "location",
        ],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def prints(report: Report) -> list[str]:
    """The fingerprints, in order."""
    return [one["fingerprint"] for one in json.loads(render_gitlab(report))]


@EVERY
def test_it_is_what_gitlab_reads(build: sample.Builder) -> None:
    text = render_gitlab(build())
    # GitLab takes no byte order mark; all else is escaped, so that it is plain ASCII.
    assert text.isascii()
    found = json.loads(text)
    errors = Draft202012Validator(SCHEMA).iter_errors(found)
    assert [error.message for error in errors] == []
    assert len({one["fingerprint"] for one in found}) == len(found)


@EVERY
def test_it_lists_the_findings_of_the_json(build: sample.Builder) -> None:
    stored = load_report(render_json(build()), "report.json")
    own = [one for check in stored.checks for one in words.findings(check)]
    listed = json.loads(render_gitlab(stored))
    names = {"error": "major", "warning": "minor", "info": "info"}
    severities = sorted(one["severity"] for one in listed)
    assert severities == sorted(names[one.severity] for one in own)


@EVERY
def test_nothing_acts_and_no_path_leads_out(build: sample.Builder) -> None:
    for one in json.loads(render_gitlab(build())):
        path = one["location"]["path"]
        texts = (one["description"], one["check_name"], path)
        assert all(text.isprintable() for text in texts)
        assert all(len(text) < 2_200 for text in texts)
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in path.split("/")
        assert path == "." or not path.startswith("./")


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.py", "a/../b.py", None])
def test_a_place_outside_is_the_repository(path: str | None) -> None:
    found = [Finding(rule="R", message="m", path=path)]
    (one,) = json.loads(render_gitlab(sample.with_findings(found)))
    assert one["location"] == {"path": ".", "lines": {"begin": 1}}


def test_fingerprints_stay_where_lines_move_and_differ_for_equal_lines() -> None:
    def at(*lines: int) -> Report:
        return sample.with_findings(
            [
                Finding(rule="R", message="m", path="a.py", line=line, code="x = 1")
                for line in lines
            ]
        )

    assert len(set(prints(at(1, 2)))) == 2
    assert prints(at(11, 42)) == prints(at(1, 2))
    # The order in which a tool names them is no matter.
    assert prints(at(42, 11)) == prints(at(1, 2))


def test_numbers_in_a_message_without_its_line_are_no_part_of_the_fingerprint() -> None:
    def saying(message: str) -> Report:
        return sample.with_findings([Finding(rule="R", message=message, path="a.py")])

    assert prints(saying("again, from line 7")) == prints(saying("again, from line 9"))
    assert prints(saying("again, from line 7")) != prints(saying("another, line 7"))


def test_no_more_than_a_merge_request_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab, "MAX_FINDINGS", 5)
    report = sample.messy()
    listed = json.loads(render_gitlab(report))
    every = sum(len(words.findings(check)) for check in report.checks)
    assert len(listed) == 6
    assert listed[0]["severity"] == "major"
    number = re.match(r"\d+", listed[-1]["description"])
    assert number is not None and int(number[0]) == every - 5


@EVERY
def test_the_same_report_gives_the_same_list(build: sample.Builder) -> None:
    assert render_gitlab(build()) == render_gitlab(build())
