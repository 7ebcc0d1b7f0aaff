"""HTML: one file which loads nothing and runs nothing but its own script."""

import base64
import hashlib
import re
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.model.report import Report
from grader.reporting import numbers, words
from grader.reporting.clean import clean_report, paragraphs, prose, web_address
from grader.resources import shipped

# Per check: shown at once, and shown at all. The JSON has every one.
FIRST_FINDINGS = 20
ALL_FINDINGS = 1_000


def render_html(report: Report) -> str:
    """The report as one HTML file."""
    shown = clean_report(report)
    style, script = _asset("report.css"), _asset("report.js")
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=shown,
        anchors=_anchors(shown),
        policy=_policy(style, script),
        # Ours, shipped with the program: the only text that is not escaped.
        style=Markup(style),
        script=Markup(script),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        numbers=numbers,
        words=words,
        web_address=web_address,
        first_findings=FIRST_FINDINGS,
        all_findings=ALL_FINDINGS,
    )
    environment.filters.update(prose=_prose, paragraphs=paragraphs)
    return environment


def _asset(name: str) -> str:
    return (shipped("templates") / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _anchors(report: Report) -> dict[str, str]:
    """The id of each check's section in the page."""
    return {
        check.id: (
            f"check-{check.id}"
            if re.fullmatch(r"[a-z0-9-]+", check.id)
            else f"check-number-{number}"
        )
        for number, check in enumerate(report.checks)
    }


def _prose(text: str) -> Markup:
    """Documentation with what stands in backticks as code."""
    parts = (
        Markup("<code>{}</code>" if is_code else "{}").format(part)
        for is_code, part in prose(text)
    )
    return Markup("").join(parts)
