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
    opened = open_page(render_class_page(build()), scheme=scheme)
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
    page = open_page(render_class_page(build()), width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_the_class_first_and_each_report(
    open_page: OpenPage,
) -> None:
    page = open_page(render_class_page(sample.classroom()), has_script=False).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the class")).to_be_focused()
    link = page.get_by_role("rowheader").get_by_role("link", name="best")
    link.focus()
    expect(link).to_be_focused()
    expect(link).to_have_attribute("href", "groups/best/report.html")


def test_paper_is_light_and_has_the_whole_table(open_page: OpenPage) -> None:
    page = open_page(render_class_page(sample.classroom()), scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 48)"
    table = page.get_by_label("Table of groups")
    assert table.evaluate("e => getComputedStyle(e).overflowX") == "visible"
