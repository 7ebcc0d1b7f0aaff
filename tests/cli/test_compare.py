"""`mlops-grade compare`: what a reader sees of two results, and the exit codes."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from grader.cli.app import run
from grader.model.comparison import Comparison
from grader.model.measurement import Finding, Measured, Tool
from grader.model.report import Report
from grader.model.score import Penalty
from grader.reporting.comparison import comparison_html, comparison_markdown
from grader.reporting.json import render_json
from grader.scoring.comparison import compare
from tests.reporting import sample
from tests.reporting.page import read_page

LOGGING = Finding(
    rule="D103",
    message="Missing docstring",
    path="src/load.py",
    line=4,
    severity="info",
)
UNUSED = Finding(rule="F401", message="unused", path="src/load.py", line=9)


def before() -> Report:
    return sample.build(
        [
            replace(sample.ERRORS, findings=(UNUSED, LOGGING)),
            replace(sample.FORMATTING, mark=5.0),
            sample.LINT,
        ]
    )


def after() -> Report:
    return sample.build(
        [
            replace(sample.ERRORS, findings=(LOGGING,), mark=8.0),
            replace(sample.FORMATTING, mark=10.0),
            sample.LINT,
        ],
        commit="0" * 40,
    )


OURS = set(
    "h1 h2 ul li p strong code br details summary table thead tbody tr th td b".split()
)

Files = Callable[[Report, Report], list[str]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    def make(old: Report, new: Report) -> list[str]:
        paths = [tmp_path / "old.json", tmp_path / "new.json"]
        for path, report in zip(paths, (old, new), strict=True):
            path.write_text(render_json(report), encoding="utf-8")
        return [str(path) for path in paths]

    return make


def flat(text: str) -> str:
    """The text with its line breaks and columns as single spaces."""
    return " ".join(text.split())


def with_penalty(report: Report, points: float) -> Report:
    assert report.grade.total is not None
    penalty = Penalty(points=points, reason="late", by="the rubric")
    total = max(0.0, report.grade.total - points)
    grade = report.grade.model_copy(update={"total": total, "penalties": (penalty,)})
    return report.model_copy(update={"grade": grade})


def test_the_change_stands_first_and_last_with_its_parts(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = before(), after()
    assert old.grade.total is not None
    assert new.grade.total is not None
    assert run(["compare", *files(old, new)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert re.fullmatch(r"flat-prices: [\d.]+ → [\d.]+ of 10 \(\+[\d.]+\)", lines[0])
    assert lines[-1] == lines[0]
    text = flat(captured.out)
    assert "formatting 5 → 10" in text
    assert "error-handling 10 → 8" in text
    assert "- src/load.py:9: warning: F401: unused" in text
    assert "D103" not in text
    assert "Unchanged: lint." in text
    assert "The commit: 3f2a91c04d8e, then 000000000000." in text
    assert captured.err == ""


def test_the_same_report_twice_has_nothing_changed_in_every_format(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    for report in (before(), sample.empty(), sample.messy(), sample.hostile()):
        same = files(report, report)
        for form in ("terminal", "markdown", "html"):
            assert run(["compare", *same, "-f", form]) == 0
            assert "Nothing changed." in capsys.readouterr().out
        assert run(["compare", *same, "--format", "json", "--fail-if-worse"]) == 0
        stored = json.loads(capsys.readouterr().out)
        assert stored["differences"] == []
        assert not any(one["is_changed"] for one in stored["items"])


def test_the_json_is_the_comparison_itself(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *files(before(), after()), "-f", "json"]) == 0
    stored = Comparison.model_validate_json(capsys.readouterr().out, strict=True)
    assert stored == compare(before(), after())
    assert stored.schema_version == 1


def test_another_ruler_is_said_before_any_mark(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = after().model_copy(
        update={"generator": Tool(name="mlops-grade", version="9")}
    )
    for form in ("terminal", "markdown", "html"):
        assert run(["compare", *files(before(), newer), "-f", form]) == 0
        text = flat(html.unescape(capsys.readouterr().out))
        warned = text.index("the numbers can't simply be compared")
        assert warned < text.index("mlops-grade 0.1.0, then mlops-grade 9")
        assert text.index("mlops-grade 9") < text.index("5 → 10")


def test_what_is_not_graded_any_more_says_why(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = replace(sample.FORMATTING, mark=None, failed="black: crashed")
    new = sample.build([sample.ERRORS, gone])
    old = sample.build([sample.ERRORS, sample.FORMATTING])
    assert run(["compare", *files(old, new)]) == 0
    text = flat(capsys.readouterr().out)
    assert "formatting 6.43 → not graded" in text
    assert "After: Not graded, because it could not be measured: black: crashed" in text
    assert (
        "The totals are over different items (graded before only: formatting)" in text
    )


def test_verbose_lists_every_finding_and_the_short_form_says_how_many_more(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tuple(
        Finding(rule="F401", message="unused", path=f"src/m{number}.py", line=1)
        for number in range(30)
    )
    pair = files(sample.with_findings(()), sample.with_findings(found))
    assert run(["compare", *pair]) == 0
    short = capsys.readouterr().out
    assert short.count("+ src/m") == 5
    assert "25 more with --verbose" in short
    assert run(["compare", *pair, "--verbose"]) == 0
    assert capsys.readouterr().out.count("+ src/m") == 30


def test_worse_ends_with_1_only_where_that_is_asked_for(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = files(before(), with_penalty(before(), 1))
    assert run(["compare", *worse]) == 0
    capsys.readouterr()
    assert run(["compare", *worse, "--fail-if-worse"]) == 1
    captured = capsys.readouterr()
    assert "the total went down by 1" in captured.err
    assert "points taken off: none; then 1 by the rubric (late)" in flat(captured.out)
    better = files(with_penalty(before(), 1), before())
    assert run(["compare", *better, "--fail-if-worse"]) == 0


def test_what_was_not_graded_at_all_is_neither_better_nor_worse(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *files(before(), sample.empty()), "--fail-if-worse"]) == 3
    assert "can't be decided" in capsys.readouterr().err
    assert run(["compare", *files(sample.empty(), before()), "--fail-if-worse"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("empty → flat-prices: not graded → ")


def test_the_output_goes_to_a_file(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = files(before(), after())
    for form in ("terminal", "html", "markdown", "json"):
        assert run(["compare", *pair, "-f", form]) == 0
        shown = capsys.readouterr().out
        target = tmp_path / "out" / form
        assert run(["compare", *pair, "-f", form, "-o", str(target)]) == 0
        assert capsys.readouterr().out == ""
        assert target.read_text("utf-8") == shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, 'cannot read "'),
        (b"{", "this is not JSON"),
        (b'{"sha256":"x"}', "is JSON, but no report of mlops-grade"),
        (b'{"schema_version": 99}', "reads up to 1"),
    ],
)
def test_what_is_no_report_is_said_with_its_file(
    files: Files,
    tmp_path: Path,
    content: bytes | None,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, _ = files(before(), after())
    bad = tmp_path / "bad.json"
    if content is not None:
        bad.write_bytes(content)
    assert run(["compare", old, str(bad)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "bad.json" in captured.err
    assert captured.out == ""


def test_nothing_of_a_repository_acts_in_a_terminal(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    for pair in ((before(), sample.hostile()), (sample.hostile(), before())):
        assert run(["compare", *files(*pair), "--verbose"]) == 0
        shown = capsys.readouterr().out
        assert all(c.isprintable() or c == "\n" for c in shown)


def test_nothing_of_a_repository_acts_in_markdown() -> None:
    for pair in (
        (sample.build([sample.FORMATTING]), sample.hostile()),
        (sample.hostile(), sample.build([sample.FORMATTING])),
        (sample.hostile(), _hostile_otherwise()),
    ):
        text = comparison_markdown(compare(*pair))
        page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
        tags = set(re.findall(r"<(/?\w+)", page))
        assert {tag.lstrip("/") for tag in tags} <= OURS
        # A code span acts on nothing that stands in it.
        text = re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)
        for active in ("@octocat", "#1", "GH-2", "www.evil", "https://", "\u202e"):
            assert active not in text


def test_nothing_of_a_repository_acts_in_html() -> None:
    for pair in (
        (before(), sample.hostile()),
        (sample.hostile(), before()),
        (sample.hostile(), _hostile_otherwise()),
    ):
        page = comparison_html(compare(*pair))
        root = read_page(page)
        assert not root.all("script") + root.all("img") + root.all("iframe")
        assert [a.attributes["href"] for a in root.all("a")] == ["#comparison"]
        assert not any(
            name.startswith("on")
            for element in root.all()
            for name in element.attributes
        )
        assert "\x1b" not in page
        assert "\u202e" not in page
        (policy,) = (
            one.attributes["content"]
            for one in root.all("meta")
            if one.attributes.get("http-equiv") == "Content-Security-Policy"
        )
        assert "default-src 'none'" in policy
        assert "script-src 'none'" in policy


def test_the_page_says_what_came_and_went() -> None:
    root = read_page(comparison_html(compare(before(), after())))
    (went,) = root.one("ul", class_="findings").all("li")
    assert went.text == "src/load.py:9 went F401 unused"
    rows = [row.text for row in root.one("tbody").all("tr")]
    assert any("formatting" in row and "5 → 10" in row for row in rows)
    assert root.one("h1").text == root.one("title").text


def _hostile_otherwise() -> Report:
    """The hostile report once more, with every finding at another place."""
    report = sample.hostile()
    check = report.check("formatting")
    assert check.measurement is not None
    outcome = check.measurement.outcome
    assert isinstance(outcome, Measured)
    found = tuple(
        one.model_copy(update={"path": f"x/{one.path}"}) for one in outcome.findings
    )
    other = outcome.model_copy(update={"findings": found, "signals": found})
    measurement = check.measurement.model_copy(update={"outcome": other})
    changed = check.model_copy(update={"measurement": measurement})
    return report.model_copy(update={"checks": (changed, report.check("lint"))})


def test_markdown_fits_into_a_comment_whatever_came() -> None:
    found = tuple(
        Finding(rule="F401", message="m" * 400, path=f"src/m{number}.py", line=1)
        for number in range(40)
    )
    items = [
        replace(sample.ERRORS, id=f"errors-{number}", findings=found)
        for number in range(12)
    ]
    bare = [replace(item, findings=()) for item in items]
    text = comparison_markdown(compare(sample.build(bare), sample.build(items)))
    assert len(text) <= 60_000
    assert "40 findings came" in text
