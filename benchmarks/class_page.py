"""How large a class's page is, how soon it opens and sorts in Chromium, against the class's size.

    python -m benchmarks.class_page [--groups 12 100 300] [--runs 5]

Groups are synthetic, with the marks of the first assignment's twelve checks and criteria.
Opening is from asking for the file until the load event, sorting from the click on a column's
head until the next frame is painted; medians. It needs Chromium, and the test extra.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from grader.reporting.class_page import render_class_page
from tests.reporting import sample

_SORT = """button => new Promise(done => {
  const began = performance.now();
  button.click();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
_OPENED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, nargs="+", default=[12, 100, 300])
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    table = Table("groups", "size", "opens", "sorts")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for count in given.groups:
            file = Path(name) / f"{count}.html"
            text = render_class_page(sample.told(sample.large_class(count)))
            file.write_text(text, "utf-8")
            timed = [_timed(browser, file) for _ in range(given.runs)]
            table.add_row(
                str(count),
                f"{file.stat().st_size / 1e6:.2f} MB",
                f"{statistics.median(opens for opens, _ in timed):.0f} ms",
                f"{statistics.median(sorts for _, sorts in timed):.0f} ms",
            )
        browser.close()
    Console().print(table)


def _timed(browser: Browser, file: Path) -> tuple[float, float]:
    """Milliseconds to open and to sort, in a page of its own."""
    page = browser.new_page()
    page.goto(file.as_uri())
    opens = page.evaluate(_OPENED)
    button = page.locator("table.groups thead button").nth(2)
    sorts = button.evaluate(_SORT)
    page.close()
    return float(opens), float(sorts)


if __name__ == "__main__":
    main()
