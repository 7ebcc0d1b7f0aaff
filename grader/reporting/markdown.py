"""Markdown: for a pull request or a file; nothing in it acts or notifies."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from grader.model.measurement import Finding, Sight
from grader.model.report import Report, RepositoryFacts
from grader.reporting import host_links
from grader.reporting.clean import (
    clean_report,
    markdown_code,
    markdown_command,
    markdown_html,
    markdown_text,
    paragraphs,
    prose,
    web_address,
)
from grader.reporting.templates import load, templates

# GitHub refuses a comment of over 65,536 characters.
MAX_CHARACTERS = 60_000
_CUT = "\n\nThe rest did not fit here: it is in the JSON report.\n"


@dataclass(frozen=True)
class _Detail:
    """How much to say: findings per check, their lines, the checks' documentation, the checks.

    `sights` are the places of one line of a checklist.
    """

    findings: int
    sights: int = 3
    has_lines: bool = True
    has_sections: bool = True
    has_checks: bool = True


_DETAILS = (
    _Detail(20),
    _Detail(20, has_sections=False),
    _Detail(10, has_sections=False),
    _Detail(5, has_sections=False),
    _Detail(5, sights=1, has_lines=False, has_sections=False),
    _Detail(0, sights=0, has_sections=False),
    _Detail(0, has_sections=False, has_checks=False),
)


def render_markdown(report: Report) -> str:
    """The report as Markdown, in as much detail as fits into a comment on GitHub."""
    shown = clean_report(report)
    template = _environment().get_template("report.md.j2")
    text = ""
    for detail in _DETAILS:
        text = template.render(report=shown, detail=detail)
        if len(text) <= MAX_CHARACTERS:
            return text
    return cut(text)


def cut(text: str) -> str:
    """The lines that fit into a comment, and that there are more.

    No honest report comes to this: its titles would be pages long. It ends outside of a block
    of code, so that what follows is no code.
    """
    room = MAX_CHARACTERS - len(_CUT)
    length = end = 0
    is_code = False
    for line in text.splitlines(keepends=True):
        length += len(line)
        if length > room:
            break
        is_code ^= line.lstrip().startswith("```")
        end = end if is_code else length
    return text[:end] + _CUT


def load_templates() -> None:
    """Have the templates of Markdown ready."""
    load(_environment(), ".md.j2")


def from_template(name: str, **shown: object) -> str:
    """A template of ours filled in; every expression in it is encoded for Markdown."""
    return _environment().get_template(name).render(**shown)


@cache
def _environment() -> Environment:
    # Macros give Markup, so that `_encoded` knows what is encoded.
    environment = templates(_encoded, keeps_last_line=True)
    environment.filters.update(
        code=markdown_code,
        commit=_commit,
        command=markdown_command,
        inside=markdown_html,
        address=_address,
        bar=_bar,
        linked=_linked,
        paragraphs=paragraphs,
        prose=markdown_prose,
        short=_short,
    )
    return environment


def _encoded(value: object) -> Markup:
    """What every expression of the template goes through, so that none is forgotten."""
    return value if isinstance(value, Markup) else markdown_text(str(value))


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def markdown_prose(text: str) -> Markup:
    """Documentation with what stands in backticks as code."""
    parts = (
        markdown_code(part) if is_code else _spaced(part)
        for is_code, part in prose(text)
    )
    return Markup("").join(parts)


def _spaced(part: str) -> Markup:
    # The encoder trims; between code spans the spaces at the ends are needed.
    before = " " if part[:1].isspace() else ""
    after = " " if part[-1:].isspace() else ""
    return Markup(f"{before}{markdown_text(part)}{after}")


def _address(text: str) -> Markup:
    return Markup(f"<{text}>") if web_address(text) else markdown_code(text)


def _commit(repository: RepositoryFacts) -> Markup:
    code = markdown_code((repository.commit or "")[:12])
    link = host_links.commit_link(repository)
    return Markup(f"[{code}]({link})") if link else code


def _linked(
    place: str, finding: Finding | Sight, repository: RepositoryFacts, detail: _Detail
) -> Markup:
    """A place as code, and where there is room for it as a link to the host."""
    if not place:
        return Markup("")
    code = markdown_code(place)
    link = host_links.line_link(repository, finding.path, finding.line)
    return Markup(f"[{code}]({link})") if link and detail.has_lines else code


def _bar(mark: float | None) -> Markup:
    """Ten blocks; only 10 fills the last one, and only 0 leaves the first one empty."""
    if mark is None:
        return Markup("")
    filled = min(9, max(1, round(mark))) if 0 < mark < 10 else round(mark)
    return Markup("█" * filled + "░" * (10 - filled))
