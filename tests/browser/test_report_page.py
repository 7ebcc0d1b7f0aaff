"""The HTML report in a browser: nothing leaves it, everybody can read and work it."""

from importlib import resources
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenReport
from tests.reporting import sample

pytestmark = pytest.mark.browser

REPORTS = [
    *(sample.messy, sample.clean, sample.empty, sample.hostile),
    sample.with_signals,
    sample.judged,
    sample.hostile_judged,
    sample.linked,
]


@pytest.mark.parametrize("build", REPORTS)
def test_nothing_leaves_the_page_and_nothing_is_refused(
    build: sample.Builder, open_report: OpenReport
) -> None:
    opened = open_report(build())
    _open_all(opened.page)
    opened.page.get_by_role("button", name="Mark").click()
    assert opened.requests == [opened.address]
    # A violation of the policy is an error on the console, an alert() a dialog.
    assert opened.complaints == []


def test_the_policy_really_holds(open_report: OpenReport) -> None:
    opened = open_report(sample.clean())
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', "
        "'<img src=https://evil.example/x onerror=alert(1)><p style=color:red>')"
    )
    opened.page.wait_for_timeout(200)
    assert opened.requests == [opened.address]
    assert any("Content Security Policy" in text for text in opened.complaints)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("build", REPORTS)
def test_axe_finds_no_barrier(
    build: sample.Builder, scheme: Literal["light", "dark"], open_report: OpenReport
) -> None:
    page = open_report(build(), scheme=scheme).page
    _open_all(page)
    axe = resources.files("axe_playwright_python") / "axe.min.js"
    page.evaluate(axe.read_text("utf-8"))
    found = page.evaluate(
        "async () => (await axe.run()).violations.map("
        "v => [v.id, v.help, ...v.nodes.slice(0, 3).map(n => n.html)])"
    )
    assert found == []


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("build", REPORTS)
def test_a_narrow_page_does_not_scroll_sideways(
    build: sample.Builder, width: int, open_report: OpenReport
) -> None:
    page = open_report(build(), width=width).page
    _open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_table_sorts_by_keyboard_with_the_ungraded_last(
    open_report: OpenReport,
) -> None:
    page = open_report(sample.messy()).page
    header = page.get_by_role("columnheader", name="Mark")
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    marks = _column(page, 3)
    assert marks[-1] == "not graded"
    assert [float(mark) for mark in marks[:-1]] == sorted(map(float, marks[:-1]))
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    marks = _column(page, 3)
    assert marks[-1] == "not graded"
    assert marks[0] == "10"
    expect(page.get_by_role("status")).to_have_text("Sorted by Mark, descending")
    page.get_by_role("button", name="Check", exact=True).press("Enter")
    assert header.get_attribute("aria-sort") == "none"
    names = _column(page, 1)
    assert names == sorted(names)


def test_the_keyboard_reaches_the_report_first_and_every_fold(
    open_report: OpenReport,
) -> None:
    page = open_report(sample.clean()).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    fold = page.get_by_text("How this was marked").first
    fold.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("How it is measured").first).to_be_visible()


def test_paper_shows_what_is_folded_on_the_screen(open_report: OpenReport) -> None:
    page = open_report(sample.messy(), scheme="dark").page
    folded = page.locator("details.how p").first
    assert not _takes_room(page)
    page.emulate_media(media="print")
    assert _takes_room(page)
    assert folded.evaluate("e => getComputedStyle(e).color") == "rgb(29, 36, 48)"
    assert page.get_by_role("button", name="Copy").count() == 0


def test_printing_opens_every_fold_and_closes_it_again(
    open_report: OpenReport,
) -> None:
    page = open_report(sample.messy()).page
    folds = "document.querySelectorAll('details:not([open])').length"
    before = page.evaluate(folds)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert before > 0
    assert page.evaluate(folds) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(folds) == before


def test_without_the_script_everything_is_there_and_no_dead_button(
    open_report: OpenReport,
) -> None:
    page = open_report(sample.messy(), has_script=False).page
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("combobox").count() == 0
    expect(page.get_by_role("columnheader", name="Mark")).to_be_visible()
    page.get_by_text("The other 63 findings").click()
    expect(page.get_by_text("The other 63 findings")).to_be_visible()
    expect(page.get_by_text("line 244")).to_be_visible()


def test_the_colours_can_be_chosen(open_report: OpenReport) -> None:
    page = open_report(sample.clean(), scheme="light").page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate(paper) != light
    page.reload()
    assert page.get_by_label("Colours").input_value() == "dark"
    page.get_by_label("Colours").select_option("")
    assert page.evaluate(paper) == light


def test_a_command_can_be_copied(open_report: OpenReport) -> None:
    page = open_report(sample.messy()).page
    # What the page would put on the clipboard; a browser under test may not allow it.
    page.evaluate(
        "navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    button = page.get_by_role("button", name="Copy").first
    command = page.locator(".command code").first.text_content()
    button.click()
    assert page.evaluate("window.copied") == command
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


def _open_all(page: Page) -> None:
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
    )


def _takes_room(page: Page) -> bool:
    height: float = page.locator("details.how p").first.evaluate(
        "e => e.checkVisibility({contentVisibilityAuto: true}) ? e.offsetHeight : 0"
    )
    return height > 0


def _column(page: Page, number: int) -> list[str]:
    cells = page.locator(f"table.checks tbody tr > :nth-child({number})")
    inner = ".mark, .ungraded, a"
    return cells.locator(inner).all_text_contents()
