"""The Markdown report, parsed: the same facts, and nothing that acts or notifies."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from grader.model.measurement import Finding
from grader.reporting import findings
from grader.reporting.clean import clean
from grader.reporting.markdown import MAX_CHARACTERS, render_markdown
from tests.reporting import sample

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# The only HTML that the template writes.
OWN_INLINE = {"<b>", "</b>", "<br>", "<code>", "</code>"}
OWN_BLOCK = re.compile(
    r"(<details>\n<summary>(<b>[a-z-]+</b>: [\w., ]+|Notes and files left out: \d+"
    r"|What the tests ran in)"
    r"</summary>\n|</details>\n)"
)


def inlines(text: str) -> list[Token]:
    """Every inline token, flat."""
    return [c for t in READER.parse(text) for c in t.children or []]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, as text without zero-width spaces."""
    found: list[list[str]] = []
    for token in READER.parse(text):
        if token.type == "tr_open":
            found.append([])
        if token.type == "inline" and token.level == 4 and found:
            cell = "".join(child.content for child in token.children or [])
            found[-1].append(cell.replace("\u200b", ""))
    return found


@pytest.mark.parametrize("build", sample.REPORTS)
def test_nothing_from_a_repository_is_markup(build: sample.Builder) -> None:
    text = render_markdown(build())
    tokens = READER.parse(text)
    for token in tokens:
        if token.type == "html_block":
            assert OWN_BLOCK.fullmatch(token.content), token.content
    children = inlines(text)
    assert not [t for t in children if t.type in ("image", "s_open")]
    assert {t.content for t in children if t.type == "html_inline"} <= OWN_INLINE
    links = {t.attrGet("href") for t in children if t.type == "link_open"}
    away = {one for one in links if not str(one).startswith(f"{sample.WEB}/")}
    assert away <= {"https://black.readthedocs.io/"}
    bold = [
        "".join(c.content for c in children[i + 1 : i + 2])
        for i, t in enumerate(children)
        if t.type == "strong_open"
    ]
    assert not [b for b in bold if "bold" in b or "under" in b]


@pytest.mark.parametrize("build", [sample.hostile, sample.hostile_judged])
def test_nothing_mentions_or_refers_to_anybody(build: sample.Builder) -> None:
    for token in inlines(render_markdown(build())):
        is_own_link = token.content == "https://black.readthedocs.io/"
        if token.type in ("text", "text_special") and not is_own_link:
            assert not re.search(
                r"@\w|#\d|GH-\d|https?://|www\.|:\w+:", token.content
            ), token.content


def test_the_payloads_are_there_to_read() -> None:
    children = inlines(render_markdown(sample.hostile()))
    shown = " ".join(t.content.replace("\u200b", "") for t in children)
    for payload in sample.HOSTILE[:-1]:
        assert "".join(clean(payload).split()) in "".join(shown.split())


def test_the_total_and_its_state_come_first() -> None:
    text = render_markdown(sample.messy())
    assert text.startswith("# 5.65 of 10 over 95.7 % of the rubric: `flat-prices`\n")
    assert "**provisional**, 56.5 of 100." in text
    assert "- Not graded: pylint." in text
    assert "`3f2a91c04d8e` with uncommitted changes" in text


def test_no_mark_at_all_is_not_a_0() -> None:
    text = render_markdown(sample.empty())
    assert text.startswith("# not graded: `empty`\n")
    assert "not under git" in text
    assert " 0 of 10" not in text


def test_the_tables_have_the_same_facts() -> None:
    table = rows(render_markdown(sample.messy()))
    assert ["Testing & Coverage", "5.59", "██████░░░░", "2"] in table
    assert [
        "formatting Files formatted as black would",
        "Code Quality & Efficiency",
        "6.43",
        "8.7 %",
        "5",
        "compliant_files 9, files 14",
    ] in table
    assert ["pass_rate", "77.8 %", "passed tests of the collected ones"] in table
    [pylint] = [row for row in table if row[0].startswith("pylint")]
    assert pylint[2] == "not graded"


def test_only_10_fills_a_bar_and_only_0_leaves_it_empty() -> None:
    bars = {row[1]: row[2] for row in rows(render_markdown(sample.messy())) if row[2:]}
    assert bars["9.99"].count("█") == 9
    assert bars["10"].count("█") == 10
    assert bars["0"].count("█") == 0


def test_the_command_that_fixes_is_a_block_of_its_own() -> None:
    tokens = READER.parse(render_markdown(sample.messy()))
    commands = [t.content for t in tokens if t.type == "fence"]
    assert "black .\n" in commands
    assert any(c.startswith("black --check --verbose") for c in commands)


def test_a_check_says_how_its_mark_comes_about() -> None:
    text = render_markdown(sample.messy())
    assert "with the numbers `10 × 9 / 14 = 6.43`" in text
    assert "`10 - 14 = -4, held to 0`" in text
    assert "provisional: compares with the class; there was no class" in text
    assert "Not graded, because it could not be measured: pylint" in text
    assert "`notebooks/old/try_features.py:31` error `unparsable`" in text
    assert "63 more findings in the JSON report" in text


def test_titles_of_pages_are_cut_outside_of_code_and_it_is_said() -> None:
    item = replace(
        sample.FORMATTING, title="`x" * 900, fix_command="black " + "x" * 3_000
    )
    report = sample.build([replace(item, id=f"item-{number}") for number in range(20)])
    text = render_markdown(report)
    assert len(text) <= MAX_CHARACTERS
    assert text.endswith("The rest did not fit here: it is in the JSON report.\n")
    last = [token for token in READER.parse(text) if token.type == "inline"][-1]
    assert last.content.startswith("The rest did not fit")


@pytest.mark.sandbox
def test_a_large_report_still_fits_into_a_comment() -> None:
    finding = Finding(rule="E501", message="x" * 300, path="y" * 200, line=1)
    report = sample.with_findings([finding] * 500)
    many = report.model_copy(update={"checks": report.checks * 40})
    text = render_markdown(many)
    assert len(text) <= MAX_CHARACTERS
    assert "# 10 of 10" in text
    assert text.count("<details>") == text.count("</details>")
    huge = report.model_copy(update={"checks": report.checks * 120})
    assert "they are in the JSON and HTML reports" in render_markdown(huge)


def test_findings_stand_by_file_with_line_code_and_the_way_there() -> None:
    text = render_markdown(sample.linked())
    there = f"{sample.WEB}/blob/3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f/src/load.py"
    assert "- `src/load.py`, 21 findings:\n" in text
    line = f"  - [`line 19`]({there}#L19) warning `E501`"
    (found,) = [one for one in text.splitlines() if one.startswith(line)]
    assert f"<br>`frame = load(path_4)  # {'x' * 80}`" in found
    assert "[`3f2a91c04d8e`](" in text


def test_a_file_whose_lines_are_withheld_says_so() -> None:
    text = render_markdown(sample.linked())
    assert "`src/keys.py:1`](" in text
    assert "what looks like a secret in this file" in text


def test_each_fix_says_what_it_takes() -> None:
    report = sample.linked()
    text = render_markdown(report)
    said = [findings.effort(fix) for fix in report.fixes]
    assert "83 places in 4 files to mend" in said
    assert all(one in text for one in said)
