"""The page of a class, read: who has which mark, who has none and why, what people changed."""

import base64
import hashlib
import re
from collections.abc import Callable
from math import fsum

import pytest
from markdown_it import MarkdownIt

from grader.engine.term import entry_of
from grader.model.classroom import ClassResult, GroupLine
from grader.model.score import mark_of
from grader.reporting import class_view, numbers
from grader.reporting.class_page import (
    FILES,
    render_class_markdown,
    render_class_page,
)
from grader.reporting.clean import clean
from grader.scoring.course import moved
from tests.reporting import sample
from tests.reporting.page import Element, read_page

CLASSES = [sample.classroom, sample.hostile_class]
Build = Callable[[], ClassResult]


def page(result: ClassResult) -> Element:
    """The rendered page, read."""
    return read_page(render_class_page(sample.told(result)))


def section(root: Element, heading: str) -> Element:
    """The section that a heading's id labels."""
    return root.one("section", **{"aria-labelledby": heading})


def table(root: Element) -> list[list[str]]:
    """The cells of the groups' table as text, without its head."""
    rows = section(root, "ranking").one("tbody").all("tr")
    return [[cell.text for cell in _cells(row)] for row in rows]


def _cells(row: Element) -> list[Element]:
    return [part for part in row.parts if isinstance(part, Element)]


@pytest.mark.parametrize("build", CLASSES)
def test_one_file_that_loads_nothing_and_runs_its_own_script_alone(
    build: Build,
) -> None:
    root = page(build())
    assert root.all("link") + root.all("img") == []
    assert [e.tag for e in root.all() if "src" in e.attributes] == []
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"})
    digest = hashlib.sha256(root.one("script").raw.encode()).digest()
    allowed = f"script-src 'sha256-{base64.b64encode(digest).decode()}'"
    assert allowed in policy.attributes["content"]
    assert "default-src 'none'" in policy.attributes["content"]
    attributes = {name for element in root.all() for name in element.attributes}
    assert not [name for name in attributes if name.startswith("on")]
    assert "style" not in attributes


@pytest.mark.parametrize("build", CLASSES)
def test_links_lead_only_into_the_classs_folder(build: Build) -> None:
    result = build()
    links = {e.attributes["href"] for e in page(result).all("a")}
    folders = {line.group.folder for line in result.lines}
    ids = {e.attributes["id"] for e in page(result).all() if "id" in e.attributes}
    for link in links - set(FILES):
        if link.startswith("#"):
            assert link[1:] in ids
            continue
        found = re.fullmatch(r"groups/([^/]+)/report\.html(#[a-z0-9-]+)?", link)
        assert found and found[1] in folders


def test_a_folders_name_is_encoded_in_the_link() -> None:
    whole = sample.classroom()
    line = whole.lines[1]
    odd = line.model_copy(update={"group": sample.group("odd", 'ü #?%"é')})
    root = page(sample.classroom([odd]))
    [link] = {
        e.attributes["href"] for e in section(root, "ranking").all("a", class_="report")
    }
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
    script = render_class_page(sample.told()).split("<script>")[1]
    assert render_class_page(sample.told(sample.hostile_class())).endswith(script)
    for payload in sample.HOSTILE:
        assert " ".join(clean(payload).split()) in root.text


def test_a_name_that_is_no_unicode_is_made_visible() -> None:
    [*_, line] = sample.classroom().lines
    odd = line.model_copy(update={"group": sample.group("\udcff\x00", "odd")})
    text = render_class_page(sample.told(sample.classroom([odd])))
    text.encode("utf-8")
    assert r"\udcff\x00" in text


def test_the_groups_stand_by_rank_with_their_marks() -> None:
    rows = table(page(sample.classroom()))
    assert rows == [
        ["1", "best why", "10", "4.15", "not graded", "5.59", "–", "–"],
        [
            "2",
            "José's group José Núñez, Ada L. why",
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
    head = [e.text for e in section(root, "ranking").one("thead").all("th")]
    assert len(head) == len(table(root)[0])
    assert head[3] == sample.DIMENSIONS["code-quality"][0]


def test_who_was_not_graded_stands_apart_by_cause_and_with_what_to_do() -> None:
    trouble = section(page(sample.classroom()), "trouble")
    assert [e.text for e in trouble.all("h3")] == [
        "Private, renamed or gone (1 group)",
        "Not graded yet (1 group)",
        "Could not be measured (1 mark)",
        "Still to be marked by a person (2 marks)",
        "Rows of the list that are no groups (1 row)",
    ]
    first = trouble.all("li")[0].text
    assert first.startswith("gone: github.com has no repository of that name")
    assert "Check the address." in first
    # There is no report to lead to.
    assert trouble.all("li")[0].all("a") == []


def test_refused_rows_are_named_with_their_reason() -> None:
    refused = section(page(sample.classroom()), "trouble").text
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


def test_the_heat_map_has_every_mark_of_every_graded_group() -> None:
    result = sample.classroom()
    rows = section(page(result), "heat").one("tbody").all("tr")
    ranked = sorted(result.lines[:2], key=lambda one: one.rank or 0)
    assert len(rows) == len(ranked) == 2
    for row, line in zip(rows, ranked, strict=True):
        assert line.grade is not None
        marks = [mark_of(one) for one in line.grade.items]
        shown = [cell.text for cell in row.all("td")[1:]]
        assert shown == ["–" if m is None else numbers.mark(m) for m in marks]


def test_a_mark_leads_to_how_it_came_about() -> None:
    root = page(sample.classroom())
    cell = section(root, "heat").one("tbody").all("tr")[0].all("td")[1]
    target = cell.one("a").attributes["href"].removeprefix("#")
    row = section(root, "made").one("tr", id=target)
    assert row.one("th").text == sample.classroom().items[0]
    assert "10 × 9 / 14" in row.text


def test_the_points_of_a_total_add_up_to_it() -> None:
    told = sample.told(sample.large_class(3))
    for row in class_view.rows(told):
        assert row.line.grade is not None
        mean = fsum(part.gained or 0.0 for part in row.parts)
        lost = fsum(part.lost or 0.0 for part in row.parts)
        assert mean + lost == pytest.approx(10.0)
        assert mean == pytest.approx(row.line.grade.total)


def test_a_check_that_tells_nobody_apart_is_named_first_and_flagged() -> None:
    result = sample.large_class(12)
    first = result.items[0]
    lines = [_with_mark(line, first, 4.0) for line in result.lines]
    root = page(sample.classroom(lines))
    glance = section(root, "glance").text
    assert f"{first} (the same for all)" in glance
    [row] = [
        row
        for row in section(root, "items").all("tr")
        if row.text.startswith(first)
        if row.all("p")
    ]
    assert "All 12 groups have the same mark" in row.text


def _with_mark(line: GroupLine, key: str, mark: float) -> GroupLine:
    assert line.grade is not None
    items = tuple(
        one.model_copy(update={"mark": mark}) if one.item == key else one
        for one in line.grade.items
    )
    return line.model_copy(
        update={"grade": line.grade.model_copy(update={"items": items})}
    )


def test_sensitivity_names_who_moves_with_totals_and_ranks() -> None:
    root = page(sample.classroom())
    rows = section(root, "sensitivity").one("table").one("tbody").parts
    first = next(row for row in rows if isinstance(row, Element))
    assert first.all("th")[0].text == "By rank in the class normalisation"
    assert [item.text for item in first.all("li")] == [
        "best 10 → 5 (-5)",
        "José's group 7.1 → 3.55 (-3.55)",
    ]


def test_who_needs_help_is_told_with_where_the_points_went() -> None:
    glance = section(page(sample.large_class(20)), "glance")
    first, second, third = glance.all("li")
    lowest = sorted(sample.large_class(20).lines, key=lambda line: -(line.rank or 0))
    named = [li.one("a").text for li in (first, second, third)]
    assert named == [line.group.name for line in lowest[:3]]
    assert re.search(r": [a-z-]+ −\d", first.text)


def test_the_markdown_has_the_same_numbers_and_is_inert() -> None:
    told = sample.told()
    text = render_class_markdown(told)
    assert "| 1 | best | 10 | final |" in text
    for item in told.analysis.items:
        assert f"| {item.item} | {numbers.percent(item.share)} |" in text
    hostile = render_class_markdown(sample.told(sample.hostile_class()))
    shown = MarkdownIt("commonmark").enable("table").render(hostile)
    assert "<script" not in shown
    assert "<img" not in shown


def test_three_hundred_groups_make_a_page_of_less_than_five_megabytes() -> None:
    text = render_class_page(sample.told(sample.large_class(300)))
    assert len(text.encode()) < 5_000_000


def test_what_moved_since_the_run_before_is_told_with_its_cause() -> None:
    told = sample.told(sample.large_class(4))
    shares = {one.item: one.share for one in told.analysis.items}
    now = entry_of(told.result, shares, "2025-05-30T06:41:00+00:00", is_remark=False)
    first = now.groups[0]
    marks = tuple(None if mark is None else mark / 2 for mark in first.marks)
    assert first.total is not None
    was = first.model_copy(update={"marks": marks, "total": first.total / 2})
    before = now.model_copy(
        update={
            "run": "1e" * 16,
            "when": "2025-05-23T18:00:00+00:00",
            "groups": (was, *now.groups[1:]),
        }
    )
    with_moves = told.model_copy(update={"moves": moved(before, now)})
    root = read_page(render_class_page(with_moves))
    since = section(root, "since")
    [row] = since.one("tbody").all("tr")
    cells = [cell.text for cell in row.all("td")]
    assert row.one("th").text == "team 000"
    assert cells[0] == numbers.mark(first.total / 2)
    assert cells[1] == numbers.mark(first.total)
    assert "1 total moved" in since.text
    assert "team 000" in render_class_markdown(with_moves).split("## Since")[1]


def test_a_first_run_has_nothing_before_it() -> None:
    root = page(sample.classroom())
    assert root.all("section", **{"aria-labelledby": "since"}) == []
