"""Our templates' loader, and the modules that every one of them may call, in each format."""

from collections.abc import Callable

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.reporting import (
    checklists,
    course,
    decisions,
    findings,
    host_links,
    maturity,
    numbers,
    submitted,
    told,
    words,
)
from grader.reporting.steps import steps
from grader.resources import shipped


def templates(
    finalize: Callable[[object], object] | None = None, *, keeps_last_line: bool = False
) -> Environment:
    """An environment whose every expression is escaped, and goes through `finalize` before.

    With `keeps_last_line` a template's last line end is in what it gives.
    """
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keeps_last_line,
    )
    environment.globals.update(
        checklists=checklists,
        course=course,
        decisions=decisions,
        findings=findings,
        host_links=host_links,
        numbers=numbers,
        steps=steps,
        submitted=submitted,
        mature=maturity,
        told=told,
        words=words,
    )
    environment.tests["idle"] = told.is_idle
    return environment
