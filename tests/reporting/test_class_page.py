"""The page of a class, read: who has which mark, who has none and why, what people changed."""

import re
from collections.abc import Callable

import pytest

from grader.model.classroom import ClassResult
from grader.reporting.class_page import FILES, render_class_page
from grader.reporting.clean import clean
from tests.reporting import sample
from tests.reporting.page import Element, read_page

CLASSES = [sample.classroom, sample.hostile_class]
Build = Callable[[], ClassResult]


def page(result: ClassResult) -> Element:
    """The rendered page, read."""
    return read_page(render_class_page(result))


def section(root: Element, heading: str) -> Element:
    """The section that a heading's id labels."""
    return root.one("section", **{"aria-labelledby": heading})


def table(root: Element) -> list[list[str]]:
    """The cells of the groups' table as text, without its head."""
    rows = section(root, "groups").one("tbody").all("tr")
    return [[cell.text for cell in _cells(row)] for row in rows]


def _cells(row: Element) -> list[Element]:
    return [part for part in row.parts if isinstance(part, Element)]


@pytest.mark.parametrize("build", CLASSES)
def test_one_file_that_loads_nothing_and_runs_nothing(build: Build) -> None:
    root = page(build())
    assert root.all("script") + root.all("link") + root.all("img") == []
    assert [e.tag for e in root.all() if "src" in e.attributes] == []
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"})
    assert "script-src 'none'" in policy.attributes["content"]
    attributes = {name for element in root.all() for name in element.attributes}
    assert not [name for name in attributes if name.startswith("on")]
    assert "style" not in attributes


@pytest.mark.parametrize("build", CLASSES)
def test_links_lead_only_into_the_classs_folder(build: Build) -> None:
    result = build()
    links = {e.attributes["href"] for e in page(result).all("a")}
    folders = {line.group.folder for line in result.lines}
    for link in links - {"#class", *FILES}:
        found = re.fullmatch(r"groups/([^/]+)/report\.html(#look)?", link)
        assert found and found[1] in folders


def test_a_folders_name_is_encoded_in_the_link() -> None:
    whole = sample.classroom()
    line = whole.lines[1]
    odd = line.model_copy(update={"group": sample.group("odd", 'ü #?%"é')})
    root = page(sample.classroom([odd]))
    [link] = {e.attributes["href"] for e in section(root, "groups").all("a")}
    assert link == "groups/%C3%BC%20%23%3F%25%22%C3%A9/report.html"


@pytest.mark.parametrize("build", CLASSES)
def test_ids_are_unique_and_headings_descend_in_order(build: Build) -> None:
    root = page(build())
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    levels = [int(e.tag[1]) for e in root.all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))


def test_the_payloads_are_text_and_nothing_else() -> None:
    root = page(sample.hostile_class())
    plain = {e.tag for e in page(sample.classroom()).all()}
    assert {e.tag for e in root.all()} <= plain
    for payload in sample.HOSTILE:
        assert " ".join(clean(payload).split()) in root.text


def test_a_name_that_is_no_unicode_is_made_visible() -> None:
    [*_, line] = sample.classroom().lines
    odd = line.model_copy(update={"group": sample.group("\udcff\x00", "odd")})
    text = render_class_page(sample.classroom([odd]))
    text.encode("utf-8")
    assert r"\udcff\x00" in text


def test_the_groups_stand_by_rank_with_their_marks() -> None:
    rows = table(page(sample.classroom()))
    assert rows == [
        ["1", "best", "10", "4.15", "not graded", "5.59", "–", "–"],
        [
            "2",
            "José's group José Núñez, Ada L.",
            "7.1 provisional over 83.3 % changed by people; automatic: 6.8",
            "4.15",
            "not graded",
            "5.59",
            "3",
            "4 commits",
        ],
    ]


def test_every_column_has_its_head() -> None:
    root = page(sample.classroom())
    head = [e.text for e in section(root, "groups").one("thead").all("th")]
    assert len(head) == len(table(root)[0])
    assert head[3] == sample.DIMENSIONS["code-quality"][0]


def test_who_was_not_graded_stands_apart_by_cause_and_with_what_to_do() -> None:
    trouble = section(page(sample.classroom()), "trouble")
    assert [e.text for e in trouble.all("h3")] == [
        "Private, renamed or gone (1 group)",
        "Not graded yet (1 group)",
    ]
    first = trouble.all("li")[0].text
    assert first.startswith("gone: github.com has no repository of that name")
    assert "Check the address." in first
    # There is no report to lead to.
    assert trouble.all("a") == []


def test_refused_rows_are_named_with_their_reason() -> None:
    refused = section(page(sample.classroom()), "refused").text
    assert "Row 9: The row names no repository. group 9;;" in refused


def test_what_people_changed_is_told_group_by_group() -> None:
    people = section(page(sample.classroom()), "people")
    assert [e.text for e in people.all("h3")] == ["José's group"]
    assert "formatting: 8 instead of 6.43, by Prof. Hopper: Counted" in people.text
    assert "Penalty of 0.5 points by Prof. Hopper: Late by 1 day begun." in people.text


def test_the_facts_of_the_run_stand_first() -> None:
    about = section(page(sample.classroom()), "title").text
    for fact in (
        "2 of 4 graded, 1 of them provisional",
        "30 May 2025, 06:41 UTC, in 41 min",
        "29 May 2025, 23:59:59 UTC+02:00 (Europe/Madrid)",
        "version 2025.1",
        "bubblewrap",
        "Read with ; between the columns.",
    ):
        assert fact in about


def test_a_run_that_was_stopped_says_that_it_is_not_finished() -> None:
    whole = sample.classroom()
    record = whole.record.model_copy(update={"finished_at": None})
    about = section(page(whole.model_copy(update={"record": record})), "title").text
    assert "begun 30 May 2025, 06:00 UTC, and not finished" in about


def test_a_class_of_nobody_says_so() -> None:
    root = page(sample.classroom([]))
    assert "0 of 0 graded" in root.text
    assert "No group has a total." in root.text
    assert root.all("table") == []


def test_a_group_with_a_report_and_no_total_is_not_among_the_ranked() -> None:
    grade = sample.empty().grade
    line = sample.classroom().lines[0].model_copy(update={"grade": grade, "rank": None})
    root = page(sample.classroom([line]))
    trouble = section(root, "trouble")
    assert "Nothing to grade (1 group)" in trouble.text
    assert trouble.one("a").attributes["href"] == "groups/jose-s-group/report.html"
    assert " 0 of 10" not in root.text
