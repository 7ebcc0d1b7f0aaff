"""The comment on a pull request: the right facts, and nothing in it that acts."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from grader.engine.pull_request import held_against
from grader.model.measurement import Finding
from grader.model.report import Effort, Report
from grader.reporting import pull_request, words
from grader.reporting.clean import clean
from grader.reporting.markdown import MAX_CHARACTERS
from grader.reporting.pull_request import NO_BASE, render_pull_request
from tests.reporting import sample

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
RUN = "https://github.com/octo/prices/actions/runs/11"
OWN_BLOCK = re.compile(
    r"(<details>\n<summary>(<b>[a-z-]+</b>: [\w, ]+|Where to begin|All checks)"
    r"</summary>\n|</details>\n)"
)
OWN_INLINE = {"<b>", "</b>", "<br>", "<code>", "</code>"}
UNUSED = Finding(rule="F401", message="unused", path="src/load.py", line=9)
LATE = Finding(rule="E501", message="too long", path="src/load.py", line=30)


def tokens(text: str) -> list[Token]:
    return READER.parse(text)


def inlines(text: str) -> list[Token]:
    """Every inline token, flat."""
    return [c for t in tokens(text) for c in t.children or []]


def plain(text: str) -> str:
    """What a reader sees, without zero-width spaces."""
    shown = (c.content if c.type != "softbreak" else " " for c in inlines(text))
    return "".join(shown).replace("\u200b", "")


def rows(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    for token in tokens(text):
        if token.type == "tr_open":
            found.append([])
        if token.type == "inline" and token.level == 4 and found:
            cell = "".join(child.content for child in token.children or [])
            found[-1].append(cell.replace("\u200b", ""))
    return found


def base() -> Report:
    return sample.build(
        [
            replace(sample.ERRORS, findings=(UNUSED,), mark=8.0),
            replace(sample.FORMATTING, mark=5.0),
            sample.COVERAGE,
        ],
        commit="b" * 40,
    )


def head() -> Report:
    return sample.build(
        [
            replace(sample.ERRORS, findings=(LATE,), mark=6.0),
            replace(sample.FORMATTING, mark=10.0),
            sample.COVERAGE,
        ]
    )


def rendered(head: Report, base: Report | None = None) -> str:
    return render_pull_request(head, held_against(base, head) if base else None, RUN)


def left_out(report: Report, item: str) -> Report:
    """The report as one that was graded with --skip of this item."""
    kept = [one for one in (sample.ERRORS, sample.FORMATTING) if one.id != item]
    marks = {one.item: one for one in report.grade.items}
    assert item in marks
    skipped = replace(sample.COVERAGE, mark=None, failed="The tests were not run.")
    return sample.build(
        [
            *(replace(one, mark=marks[one.id].mark) for one in kept),  # type: ignore[union-attr]
            skipped,
        ],
        commit=report.repository.commit,
    )


def test_the_total_and_its_change_come_first() -> None:
    before, after = base(), head()
    text = rendered(after, before)
    assert before.grade.total is not None
    assert after.grade.total is not None
    heading = text.splitlines()[0]
    assert re.fullmatch(r"### mlops-grade: [\d.]+ of 10 \(\+[\d.]+\)", heading)
    change = after.grade.total - before.grade.total
    assert f"(+{change:.2f}".rstrip("0") in heading
    assert "against the base branch, at bbbbbbbbbbbb: " in plain(text)


def test_each_check_says_what_moved_it_and_the_points_make_up_the_change() -> None:
    text = rendered(head(), base())
    table = [row for row in rows(text) if len(row) == 4]
    by_check = {row[1].rpartition("(")[2].rstrip(")"): row for row in table}
    assert by_check["error-handling"][2] == "8 → 6"
    assert "1 finding went, 1 finding came" in by_check["error-handling"][3]
    assert by_check["formatting"][2] == "5 → 10"
    assert "coverage" not in by_check
    assert "1 other check: the same mark and the same findings." in text
    points = [float(by_check[key][0]) for key in ("error-handling", "formatting")]
    change = re.search(r"\(\+([\d.]+)\)", text.splitlines()[0])
    assert change is not None
    assert sum(points) == pytest.approx(float(change[1]), abs=0.011)


def test_findings_that_came_and_went_are_listed_as_such() -> None:
    text = rendered(head(), base())
    came, _, went = text.partition("Gone:")
    assert "- `src/load.py:30` warning `E501`: too long" in came.partition("New:")[2]
    assert "- `src/load.py:9` warning `F401`: unused" in went


def test_dimensions_have_their_marks_before_and_after() -> None:
    table = rows(rendered(head(), base()))
    assert ["Code Quality & Efficiency", "5", "10", "+5"] in table
    assert ["Error Handling & Validation", "8", "6", "-2"] in table
    assert ["Testing & Coverage", "5.59", "5.59", "±0"] in table


def test_without_a_base_no_change_is_shown_and_that_is_said() -> None:
    text = rendered(head())
    assert NO_BASE in plain(text)
    assert text.splitlines()[0] == f"### mlops-grade: {words.total(head().grade)}"
    assert "Before" not in text
    assert "What changed" not in text
    assert "→ 10" in text  # what a fix would bring is no change


def test_a_base_without_its_tests_is_compared_over_what_both_have() -> None:
    before = left_out(base(), "coverage")
    text = rendered(head(), before)
    shown = plain(text)
    assert "in the checks that can be compared" in text.splitlines()[0]
    assert "over the checks that both sides have a mark for" in shown
    assert (
        "Not compared, because only one side has a mark: coverage (now 5.59)." in shown
    )
    assert ["Testing & Coverage", "not graded", "5.59", "–"] in rows(text)
    changed_rows = [row for row in rows(text) if "coverage" in "".join(row)]
    assert len(changed_rows) == 1  # in the list of all checks
    # As it would be with a rubric that has no tests.
    whole = held_against(left_out(base(), "coverage"), head()).comparison
    fair = held_against(left_out(base(), "coverage"), left_out(head(), "coverage"))
    assert whole.change == pytest.approx(fair.comparison.change)


def test_a_check_that_is_not_graded_any_more_is_no_loss_of_points() -> None:
    after = left_out(head(), "coverage")
    text = rendered(after, base())
    assert "coverage (before 5.59)" in plain(text)
    assert "#### Not graded" in text
    assert "The tests were not run." in text
    assert ["Testing & Coverage", "5.59", "not graded", "–"] in rows(text)


def test_another_ruler_gives_no_change_and_says_which() -> None:
    other = base().rubric.model_copy(update={"version": "2024", "digest": "d" * 64})
    text = rendered(head(), base().model_copy(update={"rubric": other}))
    shown = plain(text)
    assert "no change of the total is shown" in shown
    assert "The rubric: " in shown
    assert text.splitlines()[0] == f"### mlops-grade: {words.total(head().grade)}"
    assert ["Code Quality & Efficiency", "5", "10", "–"] in rows(text)
    assert {row[0] for row in rows(text) if "→" in "".join(row)} == {"–"}


def test_the_same_state_says_that_nothing_changed() -> None:
    text = rendered(head(), head())
    assert "(±0)" in text.splitlines()[0]
    assert "No mark and no finding changed." in text
    assert "The total is as on the base branch" in text


def test_nothing_graded_is_no_0() -> None:
    for against in (None, head()):
        text = rendered(sample.empty(), against)
        assert text.splitlines()[0] == "### mlops-grade: not graded"
        assert " 0 of 10" not in text
    assert "no check that has a mark on both sides" in rendered(sample.empty(), head())


def test_the_three_fixes_that_are_worth_most_come_with_what_they_take() -> None:
    report = sample.linked()
    text = rendered(report)
    assert text.count("\n1. **+") == min(3, len(report.fixes))
    for fix in report.fixes[:3]:
        assert fix.title in plain(text)
    assert "83 places in 4 files to mend" in text
    assert "- and 65 more, not shown here" in text


def test_what_mends_by_itself_is_a_command_to_copy() -> None:
    fix = sample.messy().fixes[0]
    mending = fix.model_copy(
        update={"command": "black .", "effort": Effort(kind="command")}
    )
    report = sample.messy().model_copy(update={"fixes": (mending,)})
    commands = [t.content for t in tokens(rendered(report)) if t.type == "fence"]
    assert commands == ["black .\n"]
    long = mending.model_copy(update={"command": "black " + "x " * 400})
    text = rendered(report.model_copy(update={"fixes": (long,)}))
    assert not [t for t in tokens(text) if t.type == "fence"]


def test_it_says_which_run_counts_and_which_commit_this_is() -> None:
    text = rendered(sample.messy())
    assert "The instructor's run is the one that counts." in plain(text)
    assert "commit 3f2a91c04d8e with uncommitted changes" in plain(text)
    assert f"[The whole report]({RUN})" in text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.example/)[x](y", "https://a b", ""]
)
def test_what_is_no_address_is_no_link(url: str) -> None:
    text = render_pull_request(sample.messy(), None, url)
    assert not [t for t in inlines(text) if t.type == "link_open"]


REPORTS = [
    sample.messy,
    sample.linked,
    sample.empty,
    sample.hostile,
    sample.hostile_judged,
    sample.with_signals,
]


@pytest.mark.parametrize("with_base", [False, True])
@pytest.mark.parametrize("build", REPORTS)
def test_nothing_from_a_repository_acts(build: sample.Builder, with_base: bool) -> None:
    # A base with other texts makes every one of the hostile ones come or go.
    text = rendered(build(), base() if with_base else None)
    hostile_base = rendered(base(), build()) if with_base else text
    for one in (text, hostile_base):
        for token in tokens(one):
            if token.type == "html_block":
                assert OWN_BLOCK.fullmatch(token.content), token.content
        children = inlines(one)
        assert not [t for t in children if t.type in ("image", "s_open")]
        assert {t.content for t in children if t.type == "html_inline"} <= OWN_INLINE
        links = {t.attrGet("href") for t in children if t.type == "link_open"}
        assert links == {RUN}
        for token in children:
            if token.type in ("text", "text_special"):
                assert not re.search(
                    r"@\w|#\d|GH-\d|https?://|www\.|:\w+:", token.content
                ), token.content
        assert "<!--" not in one


def test_the_payloads_are_there_to_read() -> None:
    text = rendered(sample.hostile())
    shown = "".join(plain(text).split())
    for payload in ("<script>alert(1)</script>", "@octocat see #1"):
        assert "".join(clean(payload).split()) in shown


def many(count: int, rule: str) -> Report:
    found = tuple(
        Finding(rule=rule, message=f"m{n} " + "x" * 150, path=f"src/{n}.py", line=n + 1)
        for n in range(count)
    )
    return sample.build(
        [replace(sample.LINT, findings=found, alone=None), sample.FORMATTING]
    )


@pytest.mark.parametrize("before", [0, 500, None])
def test_twenty_thousand_findings_fit_by_leaving_whole_rows_out(
    before: int | None,
) -> None:
    count = 20_000
    base = None if before is None else many(before, "W291")
    text = rendered(many(count, "F401"), base)
    assert len(text) <= MAX_CHARACTERS
    assert text.count("<details>") == text.count("</details>")
    assert text.rstrip().endswith("0.1.0.")
    begin, _, moved = text.partition("<summary><b>lint</b>")
    shown = begin.count("`F401`")
    assert 0 < shown
    assert f"- and {count - shown} more, not shown here" in begin
    if before is not None:
        shown = moved.count("`F401`") + moved.count("`W291`")
        beyond = count + before - shown
        assert f"{beyond} more are not shown here." in moved


def test_more_checks_than_fit_are_counted_and_the_findings_go_first() -> None:
    wide = "$" * 400
    items = [
        replace(
            sample.FORMATTING,
            id=f"check-{n}",
            title=wide,
            mark=float(n % 10),
            findings=(replace_message(wide, n),),
        )
        for n in range(120)
    ]
    after = sample.build(items)
    before = sample.build(
        [replace(one, mark=10.0, findings=()) for one in items], commit="b" * 40
    )
    text = rendered(after, before)
    assert len(text) <= MAX_CHARACTERS
    assert re.search(r"\d+ more checks (that changed )?are not shown here", text)
    assert text.count("<details>") == text.count("</details>")
    assert "The instructor's run is the one that counts." in plain(text)


def replace_message(message: str, number: int) -> Finding:
    return Finding(rule="E501", message=message, path=message, line=number + 1)


def test_whole_rows_are_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = set(rendered(many(100, "F401"), many(100, "W291")).splitlines())
    monkeypatch.setattr(pull_request, "MAX_CHARACTERS", 6_000)
    cut = rendered(many(100, "F401"), many(100, "W291"))
    assert len(cut) <= 6_000
    lines = {one for one in cut.splitlines() if "not shown" not in one}
    assert lines <= whole


def test_the_same_results_give_the_same_text() -> None:
    later = head().model_copy(update={"graded_at": "2027-01-01T00:00:00+00:00"})
    assert rendered(later, base()) == rendered(head(), base())
