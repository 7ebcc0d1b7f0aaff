"""HOSTILE's case 61 in a browser: pages with every payload in every field run none of them.

Without the policy that the pages carry, so that nothing but the encoding is in the way.
"""

import re

import pytest

from grader.reporting.class_page import render_class_page
from grader.reporting.comparison import comparison_html
from grader.reporting.html import render_html
from tests.browser.conftest import OpenPage
from tests.reporting.payloads import documents
from tests.reporting.payloads.filling import filled
from tests.reporting.payloads.matrix import alone, together
from tests.reporting.payloads.texts import CALL

pytestmark = pytest.mark.browser

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def pages(texts: tuple[str, ...], start: int) -> list[str]:
    """The program's pages with these texts, without their policies."""
    written = [
        render_html(filled(documents.report(), texts, start)),
        render_class_page(filled(documents.told(), texts, start)),
        comparison_html(filled(documents.comparison(), texts, start)),
    ]
    bare = [_POLICY.sub("", page) for page in written]
    assert all(len(page) < len(one) for page, one in zip(bare, written, strict=True))
    return bare


@pytest.mark.parametrize("start", [0, 3])
def test_61_no_dialog_no_request_and_no_script_of_a_payload(
    start: int, open_page: OpenPage
) -> None:
    for page in (*pages(together(), start), *pages(alone(), start * 19)):
        opened = open_page(page)
        opened.page.evaluate(
            "for (const one of document.querySelectorAll('details')) one.open = true"
        )
        opened.page.locator("body").hover(position={"x": 200, "y": 200})
        opened.page.wait_for_timeout(100)
        assert opened.requests == [opened.address]
        # A payload that ran would be missing its function, which is an error there.
        assert opened.complaints == []
        assert opened.page.evaluate(f"typeof {CALL}") == "undefined"


def test_61_the_browser_would_tell(open_page: OpenPage) -> None:
    opened = open_page(
        f"<p>x</p><script>{CALL}(1)</script><img src=https://e.example/>"
    )
    opened.page.wait_for_timeout(100)
    assert len(opened.requests) == 2
    assert any(CALL in one for one in opened.complaints)
