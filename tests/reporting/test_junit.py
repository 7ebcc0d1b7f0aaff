"""The JUnit XML, parsed: a check is a test, and only what is wrong is a failure."""

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from grader.model.measurement import Finding
from grader.model.report import Report
from grader.model.score import Ungraded, mark_of
from grader.reporting import words
from grader.reporting.clean import clean
from grader.reporting.json import load_report, render_json
from grader.reporting.junit import MAX_FINDINGS, render_junit
from tests.reporting import sample

EVERY = pytest.mark.parametrize("build", sample.REPORTS)
TAGS = {
    "testsuites",
    "testsuite",
    "testcase",
    "properties",
    "property",
    "failure",
    "skipped",
    "system-out",
}


def parsed(report: Report, below: float | None = None) -> Element:
    """The root of the file; entities and document types are refused."""
    root = fromstring(
        render_junit(report, below).encode("utf-8"),
        forbid_dtd=True,
        forbid_entities=True,
        forbid_external=True,
    )
    assert isinstance(root, Element)
    return root


def cases(report: Report, below: float | None = None) -> dict[str, Element]:
    """Every test by the id of its check."""
    found = parsed(report, below).iter("testcase")
    return {(case.get("name") or "").partition(":")[0]: case for case in found}


def own(case: Element, name: str) -> str | None:
    """A property of a test."""
    for one in case.iter("property"):
        if one.get("name") == name:
            return one.get("value")
    return None


@EVERY
def test_every_row_is_a_test_with_the_numbers_of_the_json(
    build: sample.Builder,
) -> None:
    stored = load_report(render_json(build()), "report.json")
    tests = cases(stored)
    rows = {row.id: row for row in words.rows(stored)}
    assert set(tests) == set(rows)
    for name, row in rows.items():
        mark = mark_of(row.result)
        assert own(tests[name], "mark") == (None if mark is None else repr(mark))
        assert own(tests[name], "weight_share") == repr(row.weight_share)


@EVERY
def test_the_counts_are_those_of_the_tests_inside(build: sample.Builder) -> None:
    root = parsed(build())
    for suite in (root, *root.iter("testsuite")):
        tests = list(suite.iter("testcase"))
        assert suite.get("tests") == str(len(tests))
        for name, tag in (("failures", "failure"), ("skipped", "skipped")):
            count = sum(one.find(tag) is not None for one in tests)
            assert suite.get(name) == str(count)
        assert suite.get("errors") == "0"
    # GitLab takes the first of two tests with one name and forgets the other.
    names = [(one.get("classname"), one.get("name")) for one in root.iter("testcase")]
    assert len(names) == len(set(names))


@EVERY
def test_what_has_no_mark_is_skipped_with_the_reason_and_never_failed(
    build: sample.Builder,
) -> None:
    report = build()
    tests = cases(report)
    for row in words.rows(report):
        skipped = tests[row.id].find("skipped")
        assert (skipped is not None) == isinstance(row.result, Ungraded)
        if skipped is not None:
            assert skipped.text and skipped.get("message") == skipped.text
            assert tests[row.id].find("failure") is None


def test_a_low_mark_alone_is_no_failure_and_an_error_is_one() -> None:
    tests = cases(sample.messy())
    # 3.01 with nothing but warnings; 6.43 with a file that can't be parsed.
    assert tests["lint"].find("failure") is None
    failure = tests["formatting"].find("failure")
    assert failure is not None
    assert failure.get("message") == "Mark 6.43 of 10; 1 error found."
    assert "notebooks/old/try_features.py:31" in (failure.text or "")


def test_nothing_earned_is_a_failure() -> None:
    failure = cases(sample.decided())["pylint"].find("failure")
    assert failure is not None and failure.get("message") == "Mark 0 of 10."


def test_a_threshold_fails_what_is_below_it_and_not_what_is_at_it() -> None:
    report = sample.messy()
    lint = report.check("lint")
    mark = mark_of(lint.result)
    assert mark is not None
    assert cases(report, mark)["lint"].find("failure") is None
    assert cases(report, mark + 0.001)["lint"].find("failure") is not None
    skipped = [row.id for row in words.rows(report) if isinstance(row.result, Ungraded)]
    assert skipped
    assert all(cases(report, 10.0)[name].find("failure") is None for name in skipped)


def test_full_marks_pass() -> None:
    assert parsed(sample.clean()).get("failures") == "0"
    assert parsed(sample.clean(), 10.0).get("failures") == "0"


@EVERY
def test_no_text_becomes_an_element(build: sample.Builder) -> None:
    root = parsed(build())
    assert {element.tag for element in root.iter()} <= TAGS
    for element in root.iter():
        for text in (*element.attrib.values(), element.text or ""):
            assert all(line.isprintable() for line in text.split("\n")), ascii(text)


def test_the_payloads_are_there_to_read() -> None:
    text = "\n".join(parsed(sample.hostile()).itertext())
    for payload in sample.HOSTILE[:-1]:
        assert clean(payload)[:40] in text


def test_a_long_list_of_findings_is_cut_and_counted() -> None:
    finding = Finding(rule="E501", message="x" * 1_900, path="y" * 200, line=1)
    text = render_junit(sample.with_findings([finding] * 5_000))
    assert f"{5_000 - MAX_FINDINGS} more findings in the report." in text
    # GitLab refuses a file of 30 MB.
    assert len(text) < 1_000 * MAX_FINDINGS


@EVERY
def test_the_same_report_gives_the_same_file(build: sample.Builder) -> None:
    assert render_junit(build()) == render_junit(build())
