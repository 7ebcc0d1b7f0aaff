"""Markdown as a reader sees it: headings with what stands below them, links, code, text."""

import pytest

from grader.codebase.markdown import (
    BOLD_LEVEL,
    MAX_CHARACTERS,
    CodeBlock,
    Heading,
    Link,
    Text,
    read_markdown,
)


def test_headings_have_their_text_level_and_line() -> None:
    found = read_markdown("# The `x` file\n\ntext\n\nUnder\n-----\n\n### *Deep*\n")
    assert found.headings == (
        Heading("The x file", 1, 1),
        Heading("Under", 2, 5),
        Heading("Deep", 3, 8),
    )


def test_headings_links_and_images_in_html_count_too() -> None:
    found = read_markdown(
        '<h1 align="center">Flat <b>prices</b></h1>\n\n'
        '<p align="center">\n<a href="LICENSE"><img src="a.png" alt="A"></a>\n</p>\n\n'
        'Text with <a href="#x">a link</a>, <br> and <a id="Here"></a>.\n'
    )
    assert found.headings == (Heading("Flat prices", 1, 1),)
    assert found.links == (
        Link("LICENSE", "", 4),
        Link("a.png", "A", 4, is_image=True),
        Link("#x", "", 7),
    )
    assert found.has_anchor("Here")


@pytest.mark.parametrize(
    ("text", "is_heading"),
    [
        ("**Run the tests:**", True),
        ("**Setup**", True),
        ("**Setup** with conda", False),
        ("- **Setup**", True),
        ("**For questions write to Ana.**", False),
        ("**Run** **it**", False),
        ("plain", False),
    ],
)
def test_a_paragraph_that_is_all_bold_is_a_heading(text: str, is_heading: bool) -> None:
    found = read_markdown(f"# Title\n\n{text}\n")
    assert (len(found.headings) == 2) is is_heading
    if is_heading:
        assert found.headings[1].level == BOLD_LEVEL
        assert not found.headings[1].text.endswith(":")


def test_a_section_ends_where_one_of_its_level_begins() -> None:
    found = read_markdown(
        "# A\n\none\n\n## B\n\ntwo\n\n### C\n\n```sh\nx\n```\n\n## D\n\nthree\n"
    )
    sections = {section.heading.text: section for section in found.sections}
    assert [sections[name].words for name in "ABCD"] == [3, 1, 0, 1]
    assert len(sections["B"].code_blocks) == 1
    assert not sections["D"].code_blocks


def test_words_are_what_blanks_part_and_has_a_letter() -> None:
    found = read_markdown(
        "A state-of-the-art model, 20 - 30 % off:\n"
        "Protocol=https;Name=flats;Suffix=core.example.org https://example.org/a/b?c=d\n"
    )
    assert found.words == 6


def test_code_is_no_text_and_has_its_language_and_first_line() -> None:
    found = read_markdown(
        "Run `make` now.\n\n``` Bash title=x\nmake all\n```\n\n~~~\na\n~~~\n\n    b\n"
    )
    assert found.code_blocks == (
        CodeBlock("bash", "make all\n", 4),
        CodeBlock("", "a\n", 8),
        CodeBlock("", "b\n", 11),
    )
    assert found.texts == (Text("Run  now.", 1, ("make",)),)
    assert found.words == 2


def test_what_stands_in_angle_brackets_and_is_no_html_is_kept_apart() -> None:
    found = read_markdown("By <your name>, <b>bold</b> <https://a.example> and 1 < 2.")
    assert found.texts[0].tags == ("<your name>",)


def test_an_html_comment_is_no_text() -> None:
    assert (
        read_markdown("<!-- TODO: write -->\n\n<!--\n# No heading\n-->\n").blocks == ()
    )


def test_links_have_the_line_they_stand_on() -> None:
    found = read_markdown(
        "one\ntwo [a](b%20c.md#d) ![i](x.png 'title')\nthree [r][R]\n\n[R]: y"
    )
    assert found.links == (
        Link("b%20c.md#d", "a", 2),
        Link("x.png", "i", 2, is_image=True),
        Link("y", "r", 3),
    )


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("How to run", "how-to-run"),
        ("🚀 Quick start", "-quick-start"),
        ("🛠️ Set-up & Co.", "️-set-up--co"),
        ("`make` it", "make-it"),
        ("Instalación", "instalaci\u00f3n"),
    ],
)
def test_anchors_are_those_of_github(heading: str, anchor: str) -> None:
    assert read_markdown(f"## {heading}\n").has_anchor(anchor)
    assert not read_markdown(f"## {heading}\n").has_anchor(f"{anchor}-more")


def test_a_heading_that_occurs_again_has_a_number() -> None:
    found = read_markdown("# A\n\n# A\n\n# A\n")
    assert [found.has_anchor(name) for name in ("a", "a-1", "a-2", "a-3")] == [
        *(True, True, True),
        False,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5_000 + "a",
        "- " * 5_000 + "a",
        "[" * 20_000,
        "*a **" * 5_000,
        "<h1>" * 10_000,
        "<" * 20_000,
        "\x00\ufffe\ud800" + "a",
        "`" * 10_000,
        "![" * 5_000,
    ],
)
def test_a_text_made_to_take_long_does_not(text: str) -> None:
    read_markdown(text)


def test_what_is_beyond_the_limit_is_not_read() -> None:
    found = read_markdown("a\n\n" + " " * MAX_CHARACTERS + "\n\n# Late\n")
    assert found.headings == ()
