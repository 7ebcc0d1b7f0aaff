"""Cases 61 to 64: a report shows what a repository says, and acts on none of it.

That nothing acts is held for every case by the arena; here it is made sure that the text
did get into the reports, as text.
"""

import re

import pytest
from markdown_it import MarkdownIt

from tests.hostile import report_repositories as texts
from tests.hostile.conftest import none_too
from tests.hostile.harness import Arena, Verdict, git

pytestmark = [pytest.mark.sandbox, none_too]

# What GitHub takes for a comment.
COMMENT_CHARACTERS = 65_536


def graded(arena: Arena, case: int, name: str = "group-7") -> Verdict:
    files = texts.with_texts(texts.TEXTS[case], texts.NAMES[case])
    repository = arena.repository(files, name=name)
    author = texts.TEXTS[case][0].replace("\n", " ")
    git(repository, "commit", "--quiet", "--amend", "--message=x", author=author)
    verdict = arena.grade(
        repository,
        "--verbose",
        "--no-signals",
        only=("coverage", "formatting", "lint", "docstrings", "pylint"),
        # A million characters of a message are printed more than once.
        limits={"output_mebibytes": 32},
    )
    values = verdict.measured("coverage").values
    assert values["incomplete"] == 0
    assert values["failed"] > 2 * len(texts.TEXTS[case])
    assert values["errors"] == len(texts.TEXTS[case])
    return verdict


def test_61_markup_is_shown_as_text(arena: Arena) -> None:
    verdict = graded(arena, 61, name="group <b>7<b> {{7*7}}")
    page = verdict.page
    assert page.one("h1").text == "group <b>7<b> {{7*7}}"
    shown = page.text
    for text in (
        "<script>alert(1)</script>",
        "{{7*7}}",
        "<img src=x onerror=alert(1)>",
    ):
        assert text in shown
    # Its own script is the only one, and it is not theirs.
    assert all("alert" not in script.raw for script in page.all("script"))


def test_62_markdown_is_shown_as_text(arena: Arena) -> None:
    verdict = graded(arena, 62)
    assert len(verdict.markdown) <= COMMENT_CHARACTERS
    tokens = (
        MarkdownIt("commonmark", {"html": True}).enable("table").parse(verdict.markdown)
    )
    headings = [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    assert not [heading for heading in headings if "Full marks" in heading]
    children = [child for token in tokens for child in token.children or []]
    links = {str(c.attrGet("href")) for c in children if c.type == "link_open"}
    assert not [link for link in links if "127.0.0.1" in link or "alert" in link]
    in_text = "".join(c.content for c in children if c.type == "text")
    assert not re.search(r"@(?=\w)|#(?=\d)", in_text)
    for text in ("everyone", "octocat"):
        assert text in verdict.page.text


def test_63_formulas_are_text_and_odd_characters_are_visible(arena: Arena) -> None:
    verdict = graded(arena, 63)
    shown = verdict.page.text
    for text in ("=cmd|' /C calc'!A0", "@SUM(1,1)", r"\udcff", r"\x00"):
        assert text in shown


def test_64_the_terminal_is_not_told_anything(arena: Arena) -> None:
    verdict = graded(arena, 64)
    shown = verdict.terminal.replace("\n", "")
    for text in ("[link=file:///etc/passwd]click[/link]", "src/[/x].py", r"\x1b]52;c;"):
        assert text in shown
