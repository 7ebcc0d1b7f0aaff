"""JUnit XML: each dimension a suite, each check a test, for the test pages of CI servers.

There is no one standard. Written is what both Jenkins and GitLab read:
https://github.com/testmoapp/junitxml and
https://docs.gitlab.com/ci/testing/unit_test_reports/#junit-xml-format-specification (of a
test its class and name, and the content of failure and skipped; 30 MB per file; of two tests
with one name it takes the first).

A low mark alone is no failure: few projects have full marks everywhere, and a page that is
always red is not read. A test fails where its check found an error (a file that can't be
parsed, say), where nothing of its mark was earned, or where the mark is below a threshold
that somebody gave. What a person decided is not failed by findings. A check without a mark is
skipped, with the reason: it has neither passed nor failed.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from grader.model.measurement import Finding
from grader.model.report import Report, ReportCheck
from grader.model.score import Decided, ItemScore, Ungraded
from grader.reporting import findings as listing
from grader.reporting import numbers, words
from grader.reporting.clean import clean_report

# Per test; the JSON has every one.
MAX_FINDINGS = 50
_LINE_CHARACTERS = 300


def render_junit(report: Report, below: float | None = None) -> str:
    """The report as JUnit XML. A check fails with a mark `below` this one (0..10) too."""
    shown = clean_report(report)
    total = words.total(shown.grade)
    if shown.grade.total is not None:
        total += f", {words.state(shown.grade)}"
    root = Element("testsuites", name=f"mlops-grade: {total}")
    rows = words.rows(shown)
    # In the order of the grade; a row of a dimension that it doesn't have is still shown.
    dimensions = [dimension.id for dimension in shown.grade.dimensions]
    for dimension in dict.fromkeys([*dimensions, *(row.dimension for row in rows)]):
        inside = [row for row in rows if row.dimension == dimension]
        if inside:
            root.append(_suite(shown, inside, below))
    _count(root)
    indent(root)
    # ElementTree escapes what XML acts on; what XML can't hold at all is clean by now.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _suite(report: Report, rows: list[words.Row], below: float | None) -> Element:
    title = words.dimension_title(report, rows[0])
    suite = Element("testsuite", name=title)
    for row in rows:
        suite.append(_case(title, row, below))
    _count(suite)
    return suite


def _case(suite: str, row: words.Row, below: float | None) -> Element:
    case = Element(
        "testcase",
        classname=suite,
        name=f"{row.id}: {row.title}",
        time=_seconds(_duration(row)),
    )
    properties = SubElement(case, "properties")
    SubElement(
        properties, "property", name="weight_share", value=repr(row.weight_share)
    )
    if isinstance(row.result, Ungraded):
        reason = words.not_graded(row.result)
        SubElement(case, "skipped", message=reason).text = reason
        return case
    SubElement(properties, "property", name="mark", value=repr(row.result.mark))
    said = _said(row)
    reason = _failure(row, row.result.mark, below)
    if reason:
        SubElement(case, "failure", type="mlops-grade", message=reason).text = (
            f"{reason}\n{said}"
        )
    else:
        SubElement(case, "system-out").text = said
    return case


def _failure(row: words.Row, mark: float, below: float | None) -> str:
    """Why the test fails; empty where it doesn't."""
    shown = f"Mark {numbers.mark(mark)} of 10"
    if below is not None and mark < below:
        return f"{shown}, below {below:g}."
    if mark == 0:
        return f"{shown}."
    if isinstance(row.result, Decided):
        return ""
    errors = sum(one.severity == "error" for one in _findings(row))
    return f"{shown}; {words.counted(errors, 'error')} found." if errors else ""


def _said(row: words.Row) -> str:
    """How the mark comes about, and the first findings."""
    lines = [f"{words.mark(row.result)} of 10"]
    match row.result:
        case Decided() as decided:
            lines.append(words.decided(decided))
        case ItemScore() as score:
            lines.append(words.derivation(score))
            lines += [words.without_class(score), words.rule_of_rubric(score)]
    lines = [line for line in lines if line]
    found = _findings(row)
    shown = listing.finding_list(found, MAX_FINDINGS, MAX_FINDINGS)
    for file in shown.first:
        for one in file.findings:
            line = (
                f"{words.place(one)}: {words.severity(one)} {one.rule}: {one.message}"
            )
            lines.append(line[:_LINE_CHARACTERS])
    if shown.beyond:
        lines.append(f"{words.counted(shown.beyond, 'more finding')} in the report.")
    return "\n".join(lines)


def _findings(row: words.Row) -> tuple[Finding, ...]:
    return words.findings(row) if isinstance(row, ReportCheck) else ()


def _duration(row: words.Row) -> float:
    if isinstance(row, ReportCheck) and row.measurement:
        return row.measurement.duration_s
    return 0.0


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.3f}"


def _count(parent: Element) -> None:
    """Write how many tests are in it and how they ended."""
    cases = list(parent.iter("testcase"))
    parent.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("skipped", "skipped")):
        parent.set(name, str(sum(case.find(tag) is not None for case in cases)))
    parent.set("errors", "0")
    total = sum(float(case.get("time", "0")) for case in cases)
    parent.set("time", _seconds(total))
