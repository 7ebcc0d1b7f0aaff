"""Every check in full: what `mlops-grade explain` says of each, as a page."""

import inspect
from collections.abc import Iterable
from pathlib import Path

from grader.checkers._base import Checker, Options
from grader.checkers._registry import installed
from grader.checkers.file_presence import Expected
from grader.engine.items import catalogue
from grader.model.measurement import Quantity
from grader.resources import shipped
from grader.rubric.load import load_rubric
from grader.rubric.named import DEFAULT
from grader.rubric.schema import Item
from tests.docs.choices import choices
from tests.docs.table import code, table

PACKAGE = "mlops-grade"


def checks_in_full() -> str:
    """A section for each checker: those of the shipped rubric in its order, then the others.

    Not of those that other packages of this Python bring.
    """
    registry = installed()
    rubric = load_rubric(shipped("rubric.yaml"), catalogue(registry)).rubric
    items = {item.checker: item for item in rubric.items}
    own = [id for id, package in registry.distributions.items() if package == PACKAGE]
    ids = [*items, *(id for id in own if id not in items)]
    return "\n\n".join(_section(registry.checkers[id], items.get(id)) for id in ids)


def checks_of_the_final_project() -> str:
    """A row for each checker that this rubric adds to those of the first assignment."""
    registry = installed()
    known = catalogue(registry)
    first = load_rubric(Path(DEFAULT), known).rubric
    final = load_rubric(Path("final-project"), known).rubric
    taken = {item.checker for item in first.items}
    added = dict.fromkeys(
        item.checker for item in final.items if item.checker not in taken
    )
    rows = (
        (code(id), checker.title(), str(len(checker.criteria) or ""))
        for id in added
        for checker in (registry.checkers[id],)
    )
    return table(("check", "what it measures", "lines of its checklist"), rows)


def _section(checker: Checker[Options], item: Item | None) -> str:
    tools = f"with {', '.join(checker.tools)}" if checker.tools else "by our own code"
    parts = [
        f"## {checker.id}",
        f"{checker.title()}. Measured {tools}; see <{checker.source}>.",
        *(f"**{title}.** {body}" for title, body in checker.sections().items()),
        *([_mark(item)] if item else ()),
        "**What a formula can use.**",
        _quantities(checker.quantities),
        *_options(checker.options_type()),
    ]
    return "\n\n".join(parts)


def _mark(item: Item) -> str:
    alone = f" Without a class: {code(item.alone)}." if item.alone else ""
    options = ", ".join(map(code, item.options))
    beside = f" With options of its own: {options}." if options else ""
    return f"**In the course's rubric.** {code(item.score)}.{alone}{beside}"


def _quantities(quantities: Iterable[Quantity]) -> str:
    rows = (
        (code(one.name), one.unit, one.better, one.meaning, "yes" * one.optional)
        for one in quantities
    )
    return table(("name", "unit", "better", "meaning", "may be absent"), rows)


def _options(kind: type[Options]) -> Iterable[str]:
    fields = kind.model_fields
    if not fields:
        return
    yield "**Options in the rubric.** " + inspect.cleandoc(kind.__doc__ or "")
    yield table(
        ("option", "one of", "default"),
        (
            (
                code(name),
                choices(field.annotation),
                _default(field.get_default(call_default_factory=True)),
            )
            for name, field in fields.items()
        ),
    )


def _default(value: object) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return code(str(value).lower())
        case ():
            return "none"
        case tuple():
            return ", ".join(map(_default, value))
        case Expected():
            return code(value.name)
        case _:
            return code(str(value))
