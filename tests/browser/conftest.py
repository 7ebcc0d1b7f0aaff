"""A Chromium for the browser tests, and pages opened in it from a file."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from grader.model.report import Report
from grader.reporting.html import render_html

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Opened:
    """A report in a page, with all that the page asked for or complained about."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class OpenPage(Protocol):
    """Writes a page to a file, opens it and watches it."""

    def __call__(
        self,
        text: str,
        *,
        width: int = 1440,
        scheme: Literal["light", "dark"] = "light",
        has_script: bool = True,
    ) -> Opened: ...


class OpenReport(Protocol):
    """The same for a report's page."""

    def __call__(
        self,
        report: Report,
        *,
        width: int = 1440,
        scheme: Literal["light", "dark"] = "light",
        has_script: bool = True,
    ) -> Opened: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        if os.environ.get("MLOPS_GRADE_REQUIRE_BROWSER") == "1":
            pytest.fail("there is no Chromium, and MLOPS_GRADE_REQUIRE_BROWSER=1")
        pytest.skip("there is no Chromium")
    # Chromium's own sandbox doesn't start as root; the pages are ours.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    contexts = []

    def open_it(
        text: str,
        *,
        width: int = 1440,
        scheme: Literal["light", "dark"] = "light",
        has_script: bool = True,
    ) -> Opened:
        file = tmp_path / "report.html"
        file.write_text(text, "utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=has_script,
        )
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page, file.as_uri())

        def answer(route: Route) -> None:
            opened.requests.append(route.request.url)
            if route.request.url == opened.address:
                route.continue_()
            else:
                route.abort()

        context.route("**/*", answer)
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        page.goto(opened.address)
        return opened

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def open_report(open_page: OpenPage) -> OpenReport:
    def open_it(
        report: Report,
        *,
        width: int = 1440,
        scheme: Literal["light", "dark"] = "light",
        has_script: bool = True,
    ) -> Opened:
        text = render_html(report)
        return open_page(text, width=width, scheme=scheme, has_script=has_script)

    return open_it
