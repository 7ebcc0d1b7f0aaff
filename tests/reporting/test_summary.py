"""A job's summary, parsed: what it says, that nothing in it acts, and that it always fits."""

import re

import pytest

from grader.model.common_ground import CommonGround
from grader.model.measurement import Finding
from grader.model.report import Report
from grader.model.score import Ungraded
from grader.reporting import numbers, words
from grader.reporting.summary import MAX_BYTES, against, render_summary
from tests.reporting import sample
from tests.reporting.test_markdown import OWN_INLINE, READER, inlines, rows

EVERY = pytest.mark.parametrize("build", sample.REPORTS)
# The only HTML that the template writes.
OWN_BLOCK = re.compile(
    r"(<details>\n<summary>(<b>[a-z-]+</b>: [\w., ]+|Every check)</summary>\n|</details>\n)"
)
GROUND = CommonGround(items=("lint",), share=1.0, before=6.0, after=7.5)


@EVERY
def test_nothing_from_a_repository_is_markup(build: sample.Builder) -> None:
    text = render_summary(build(), notes=sample.HOSTILE)
    for token in READER.parse(text):
        if token.type == "html_block":
            assert OWN_BLOCK.fullmatch(token.content), token.content
    children = inlines(text)
    assert not [t for t in children if t.type in ("image", "s_open")]
    assert {t.content for t in children if t.type == "html_inline"} <= OWN_INLINE
    links = {str(t.attrGet("href")) for t in children if t.type == "link_open"}
    assert all(one.startswith(f"{sample.WEB}/") for one in links)
    for token in children:
        if token.type in ("text", "text_special"):
            assert not re.search(
                r"@\w|#\d|GH-\d|https?://|www\.|:\w+:", token.content
            ), token.content


@EVERY
def test_the_total_the_dimensions_and_three_fixes_are_those_of_the_report(
    build: sample.Builder,
) -> None:
    report = build()
    text = render_summary(report)
    first, *_ = inlines(text)
    assert first.content.startswith(words.total(report.grade))
    marks = [row[1] for row in rows(text)[1 : 1 + len(report.grade.dimensions)]]
    assert marks == [
        "not graded" if one.mark is None else numbers.mark(one.mark)
        for one in report.grade.dimensions
    ]
    gains = re.findall(r"^1\. \*\*([^*]+)\*\*", text, re.MULTILINE)
    assert gains == [numbers.gain(fix.gain) for fix in report.fixes[:3]]


@EVERY
def test_what_has_no_mark_is_named_and_is_no_0(build: sample.Builder) -> None:
    report = build()
    text = render_summary(report)
    missing = [
        row.id
        for row in words.rows(report)
        if isinstance(row.result, Ungraded) and row.result.cause != "left-out"
    ]
    part = text.partition("## Not graded")[2].partition("<details>")[0]
    assert re.findall(r"^- `([^`]+)`: ", part, re.MULTILINE) == missing


def test_the_change_is_said_with_its_sign_and_since_when() -> None:
    base = sample.messy()
    assert against(base, GROUND) == "+1.5 against commit 3f2a91c04d8e."
    assert "+1.5 against commit 3f2a91c04d8e" in render_summary(
        sample.clean(), base, GROUND
    )


def test_a_change_over_a_part_says_over_which() -> None:
    part = CommonGround(("lint",), 0.25, 6.0, 7.5, beside=("coverage",))
    said = against(sample.messy(), part)
    assert said.startswith("+1.5 against commit 3f2a91c04d8e, over the 25 % of the")
    assert said.endswith("(6 → 7.5); not compared: coverage.")


@pytest.mark.parametrize(
    "ground",
    [
        CommonGround((), 0.0, None, None),
        CommonGround(("a",), 1.0, 6.0, 7.5, obstacles=("The rubric: x, then y.",)),
    ],
)
def test_without_an_honest_change_there_is_no_number(ground: CommonGround) -> None:
    said = against(sample.messy(), ground)
    assert not re.search(r"[+-]\d", said)
    assert "1.5" not in said


def test_without_a_base_it_says_so() -> None:
    assert "Not compared with another state." in render_summary(sample.clean())


@pytest.mark.sandbox
def test_it_always_fits() -> None:
    """The runner drops a summary of over 1 MiB whole."""
    many = [
        Finding(rule="r" * 2_000, message="é" * 2_000, path="p" * 2_000, line=n)
        for n in range(30)
    ]
    report = sample.with_findings(many)
    checks = tuple(
        report.checks[0].model_copy(update={"id": f"check-{number}"})
        for number in range(300)
    )
    large: Report = report.model_copy(update={"checks": checks})
    for one in (report, large):
        text = render_summary(one, notes=["n" * 5_000] * 50)
        assert len(text.encode()) <= MAX_BYTES < 1024 * 1024
        assert text.startswith(f"# {words.total(report.grade)}")
