"""The page of a class in a browser: nothing leaves it, and everybody can read it."""

from collections.abc import Callable
from importlib import resources
from typing import Literal

import pytest
from playwright.sync_api import expect

from grader.model.classroom import ClassResult
from grader.reporting.class_page import render_class_page
from tests.browser.conftest import OpenPage
from tests.reporting import sample

pytestmark = pytest.mark.browser

CLASSES = [sample.classroom, sample.hostile_class]
Build = Callable[[], ClassResult]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("build", CLASSES)
def test_axe_finds_no_barrier_and_nothing_is_refused(
    build: Build, scheme: Literal["light", "dark"], open_page: OpenPage
) -> None:
    opened = open_page(render_class_page(sample.told(build())), scheme=scheme)
    axe = resources.files("axe_playwright_python") / "axe.min.js"
    opened.page.evaluate(axe.read_text("utf-8"))
    found = opened.page.evaluate(
        "async () => (await axe.run()).violations.map("
        "v => [v.id, v.help, ...v.nodes.slice(0, 3).map(n => n.html)])"
    )
    assert found == []
    assert opened.requests == [opened.address]
    assert opened.complaints == []


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("build", CLASSES)
def test_a_narrow_page_does_not_scroll_sideways(
    build: Build, width: int, open_page: OpenPage
) -> None:
    page = open_page(render_class_page(sample.told(build())), width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_class_first_and_each_report(
    open_page: OpenPage,
) -> None:
    page = open_page(render_class_page(sample.told()), has_script=False).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the class")).to_be_focused()
    ranking = page.get_by_label("Table of groups")
    link = ranking.get_by_role("link", name="best")
    link.focus()
    expect(link).to_be_focused()
    expect(link).to_have_attribute("href", "groups/best/report.html")


def test_paper_is_light_and_has_the_whole_table(open_page: OpenPage) -> None:
    page = open_page(render_class_page(sample.told()), scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 48)"
    table = page.get_by_label("Table of groups")
    assert table.evaluate("e => getComputedStyle(e).overflowX") == "visible"


def test_the_keyboard_sorts_and_finds_groups(open_page: OpenPage) -> None:
    page = open_page(render_class_page(sample.told(sample.large_class(12)))).page
    table = page.get_by_label("Table of groups")
    header = table.get_by_role("columnheader", name="Total").get_by_role("button")
    header.focus()
    page.keyboard.press("Enter")
    totals = table.locator("tbody tr .mark").all_text_contents()
    assert [float(one) for one in totals] == sorted(float(one) for one in totals)
    page.keyboard.press("Enter")
    expect(table.get_by_role("columnheader", name="Total")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_label("Find").focus()
    page.keyboard.type("team 007")
    expect(table.locator("tbody tr:visible")).to_have_count(1)
    expect(page.locator("table.heat tbody tr:visible")).to_have_count(1)
    expect(page.locator("details.made:visible")).to_have_count(1)
    expect(page.locator("#shown")).to_have_text("1 of 12 groups")


def test_a_member_finds_the_group_and_the_filter_narrows(open_page: OpenPage) -> None:
    page = open_page(render_class_page(sample.told())).page
    rows = page.locator("table.groups tbody tr:visible")
    page.get_by_label("Find").fill("núñez")
    expect(rows).to_have_count(1)
    page.get_by_label("Find").fill("")
    page.get_by_label("Show").select_option("changed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("José's group")


def test_hidden_names_are_nowhere_to_be_seen_and_come_back(open_page: OpenPage) -> None:
    told = sample.told(sample.large_class(6))
    page = open_page(render_class_page(told)).page
    seen = page.locator("main")
    page.get_by_label("Hide names").focus()
    page.keyboard.press("Space")
    text = seen.inner_text()
    assert "team 0" not in text
    assert "@example.org" not in text
    assert "Group 1" in text
    # Hovering a link shows where it leads.
    leads = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert not [one for one in leads if "/groups/" in one]
    # What could be found by name can't be any more.
    page.get_by_label("Find").fill("team 001")
    expect(page.locator("table.groups tbody tr:visible")).to_have_count(0)
    page.get_by_label("Find").fill("")
    page.keyboard.press("Tab")
    page.get_by_label("Hide names").uncheck()
    assert "team 000" in seen.inner_text()
    assert page.locator("a.report[href]").count() == page.locator("a.report").count()


def test_a_mark_of_the_heat_map_opens_how_it_came_about(open_page: OpenPage) -> None:
    page = open_page(render_class_page(sample.told())).page
    page.locator("table.heat tbody tr").first.locator("td a").first.click()
    opened = page.locator("details.made[open]")
    expect(opened).to_have_count(1)
    expect(opened).to_contain_text("10 × 9 / 14")
    expect(opened.locator("tr:target")).to_be_visible()


def test_paper_has_every_groups_parts(open_page: OpenPage) -> None:
    told = sample.told(sample.large_class(5))
    page = open_page(render_class_page(told), has_script=False).page
    page.emulate_media(media="print")
    for table in page.locator("table.parts").all():
        expect(table).to_be_visible()
    # A sheet of A4, lying, has room for every column.
    page.set_viewport_size({"width": 1040, "height": 720})
    for table in page.locator("table").all():
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1040, table.get_attribute("class")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_without_its_script_nothing_is_offered_that_does_nothing(
    open_page: OpenPage,
) -> None:
    page = open_page(render_class_page(sample.told()), has_script=False).page
    expect(page.locator("form.tools")).to_be_hidden()
    expect(page.locator("table.heat")).to_be_visible()
