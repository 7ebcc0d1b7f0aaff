"""A page as one HTML file which loads nothing and runs nothing but its own script."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from grader.reporting.clean import paragraphs, prose, web_address
from grader.reporting.templates import load, templates
from grader.resources import shipped


def page(template: str, style: str, script: str, **content: object) -> str:
    """The template filled in, with a policy that allows this style and script alone.

    Every text of the content is escaped; `style` and `script` must be ours.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            content,
            policy=_policy(style, script),
            # Shipped with the program: the only text that is not escaped.
            style=Markup(style),
            script=Markup(script),
        )
    )


def load_templates() -> None:
    """Have the templates of pages ready."""
    load(_environment(), ".html.j2")


def asset(name: str) -> str:
    """The text of a shipped style or script."""
    return (shipped("templates") / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = templates()
    environment.globals["web_address"] = web_address
    environment.filters.update(prose=_prose, paragraphs=paragraphs)
    return environment


def _policy(style: str, script: str) -> str:
    scripts = f"'{_hash(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _prose(text: str) -> Markup:
    """Documentation with what stands in backticks as code."""
    parts = (
        Markup("<code>{}</code>" if is_code else "{}").format(part)
        for is_code, part in prose(text)
    )
    return Markup("").join(parts)
