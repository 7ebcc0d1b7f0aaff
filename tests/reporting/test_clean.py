"""Text from repositories: visible after cleaning, inert after encoding."""

import html
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from grader.reporting.clean import (
    TEXT_CHARACTERS,
    clean,
    clean_report,
    log_text,
    markdown_code,
    markdown_command,
    markdown_html,
    markdown_text,
    paragraphs,
    prose,
    spreadsheet_html,
    spreadsheet_text,
    web_address,
)
from tests.reporting import sample

BREAK = "\u200b"
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("\\`*_[]()<>&|~#+-=!:@$ .1ahtpsw/\n\t\r\x1b\u202e"),
        st.characters(),
    ),
    max_size=60,
)
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcödé 数 🎓", "plain ünïcödé 数 🎓"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\rd\x00", r"a\nb\tc\rd\x00"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\udcff.py", r"\udcff.py"),
        ("\x9bcsi", r"\x9bcsi"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\u2028break", r"line\u2028break"),
        ("a ##[error]b", r"a #\x23[error]b"),
        ("##vso[task.complete]", r"#\x23vso[task.complete]"),
        ("## [a] and #[b]", "## [a] and #[b]"),
    ],
)
def test_what_can_not_be_printed_is_made_visible(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(max_size=100))
def test_clean_text_is_printable_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_documentation_keeps_its_lines_and_nothing_else() -> None:
    assert clean("one\r\ntwo\x1b", keeps_lines=True) == "one\ntwo\\x1b"


def test_a_megabyte_of_text_is_cut_and_the_rest_counted() -> None:
    cleaned = clean("x" * 1_000_000)
    assert cleaned.startswith("x" * TEXT_CHARACTERS + "…")
    assert cleaned.endswith(f"({1_000_000 - TEXT_CHARACTERS} more characters)")


def test_every_string_of_a_report_is_cleaned() -> None:
    strings = list(_strings(clean_report(sample.hostile()).model_dump()))
    assert len(strings) > 100
    # The documentation of a checker has lines; it is not from the repository.
    own = {section.text for section in sample.SECTIONS}
    assert [s for s in strings if not s.isprintable() and s not in own] == []


def test_a_command_that_names_every_file_stays_whole() -> None:
    report = sample.messy()
    command = "black " + " ".join(f"src/module_{number}.py" for number in range(2_000))
    first = report.checks[0]
    assert first.measurement is not None
    long = first.model_copy(
        update={
            "measurement": first.measurement.model_copy(update={"command": command})
        }
    )
    cleaned = clean_report(report.model_copy(update={"checks": (long,)}))
    assert cleaned.checks[0].measurement is not None
    assert cleaned.checks[0].measurement.command == command


@given(NASTY)
def test_text_is_only_text_in_markdown(text: str) -> None:
    text = clean(text)
    shown = " ".join(text.split())
    [paragraph] = _inlines(f"- before {markdown_text(text)} after")
    assert {kind for kind, _ in paragraph} <= {"text", "text_special"}
    assert _plain(paragraph) == f"before {shown} after"


@given(NASTY)
def test_text_is_only_text_at_the_start_of_a_line(text: str) -> None:
    text = clean(text) or "x"
    shown = " ".join(text.split()) or "x"
    [paragraph] = _inlines(f"{markdown_text(shown)}\n")
    assert {kind for kind, _ in paragraph} <= {"text", "text_special"}
    assert _plain(paragraph) == shown


@given(NASTY)
def test_text_stays_in_its_cell_of_a_table(text: str) -> None:
    shown = " ".join(clean(text).split())
    cells = _inlines(f"| a | b |\n| - | - |\n| {markdown_text(shown)} | end |\n")
    assert [_plain(cell) for cell in cells] == ["a", "b", shown, "end"]


@given(NASTY)
def test_code_is_one_code_span_with_the_text_itself(text: str) -> None:
    text = clean(text) or "x"
    cells = _inlines(f"| a | b |\n| - | - |\n| {markdown_code(text)} | end |\n")
    assert len(cells) == 4
    assert _code(cells[2]) == text


@given(NASTY)
def test_a_command_is_one_block_also_in_a_list(text: str) -> None:
    text = clean(text)
    tokens = READER.parse(f"1. list\n\n{markdown_command(text, 3)}\n\n2. next\n")
    assert [t.content for t in tokens if t.type == "fence"] == [f"{text}\n"]
    assert sum(t.type == "list_item_open" for t in tokens) == 2


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "see #1",
        "GH-2",
        "o/r#3",
        ":100:",
        "https://e.example",
        "www.e.example",
    ],
)
def test_what_github_acts_on_later_is_broken_up(text: str) -> None:
    for encoded in (markdown_text(text), markdown_html(text)):
        assert "&#8203;" in encoded
        assert html.unescape(encoded).replace(BREAK, "") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        (" =1", "' =1"),
        ('"=1', "'\"=1"),
        ("'=1", "''=1"),
        ("\uff1d1", "'\uff1d1"),
        ("Ada; =1", "Ada;' =1"),
        ('";=1', "\";'=1"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("a\x00b", r"a\x00b"),
        ("\udcff", r"\udcff"),
        ("10 - 5", "10 - 5"),
        ("Müller-Lüdenscheidt", "Müller-Lüdenscheidt"),
        ("Check it, -1 is wrong", "Check it, -1 is wrong"),
    ],
)
def test_no_text_is_a_formula_in_a_spreadsheet(text: str, shown: str) -> None:
    assert spreadsheet_text(text) == shown


@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("=+-@;,'\"` \t\r\n\x00\ud800\uff1da"), st.characters()
        ),
        max_size=30,
    )
)
def test_no_part_of_a_text_starts_as_a_formula(text: str) -> None:
    shown = spreadsheet_text(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    for part in shown.split(";"):
        is_marked = part.startswith("'")
        bare = part.lstrip(" \"'`")
        assert is_marked or not bare.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("a\n  ::error::x\n", "a\n  : :error::x\n"),
        ("::::", ": :::"),
        ("tests/test_a.py::test_b", "tests/test_a.py::test_b"),
        ("a\n\n::b", "a\n\n: :b"),
    ],
)
def test_no_line_of_a_log_begins_as_a_command(text: str, shown: str) -> None:
    assert log_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a<br />b"),
        ("<=1", "&lt;&#61;1"),
        ("a; ' =-1", "a; ' &#61;&#45;1"),
        ("&+\uff1d1", "&amp;&#43;&#65309;1"),
        ("=1 - 2", "=1 - 2"),
    ],
)
def test_no_part_of_html_between_semicolons_is_a_formula(text: str, shown: str) -> None:
    assert spreadsheet_html(text) == shown
    assert html.unescape(shown.replace("<br />", "\n")) == text


def test_prose_is_text_and_code() -> None:
    assert prose("Run `black .` now") == [
        (False, "Run "),
        (True, "black ."),
        (False, " now"),
    ]


def test_paragraphs_lose_the_line_ends_of_the_source() -> None:
    text = "One\ntwo.\n\nThree:\n- a\n- b\n  more"
    assert paragraphs(text) == ["One two.", "Three:", "- a", "- b more"]


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "https://a b",
        'https://a"onclick=x',
        "https://a>",
        "data:,",
    ],
)
def test_only_a_plain_web_address_becomes_a_link(text: str) -> None:
    assert web_address(text) is None
    assert web_address("https://black.readthedocs.io/en/x.html#a") is not None


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, part in value.items():
                yield from (*_strings(key), *_strings(part))
        case list() | tuple():
            for part in value:
                yield from _strings(part)


def _inlines(source: str) -> list[list[tuple[str, str]]]:
    return [
        [(child.type, child.content) for child in token.children or []]
        for token in READER.parse(source)
        if token.type == "inline"
    ]


def _plain(inline: list[tuple[str, str]]) -> str:
    return "".join(content for _, content in inline).replace(BREAK, "")


def _code(inline: list[tuple[str, str]]) -> str:
    kinds = [kind for kind, _ in inline]
    if kinds == ["code_inline"]:
        return inline[0][1]
    assert inline[0] == ("html_inline", "<code>")
    assert inline[-1] == ("html_inline", "</code>")
    assert {*kinds[1:-1]} <= {"text", "text_special"}
    return _plain(inline[1:-1])
