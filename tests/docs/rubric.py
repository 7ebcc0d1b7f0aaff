"""What a rubric may say, from its models, and what a formula may call, tried out."""

import inspect
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from grader.rubric.formula import CLASS_FUNCTIONS, FUNCTIONS, parse
from grader.rubric.schema import (
    CohortRule,
    Criterion,
    Dimension,
    Item,
    LateRule,
    LimitsRule,
    Part,
    Rubric,
    TemplateRule,
)
from tests.docs.choices import choices
from tests.docs.table import code, table

# By where it stands in the file.
_MODELS: tuple[tuple[str, type[Part]], ...] = (
    ("the file", Rubric),
    ("dimensions", Dimension),
    ("items", Item),
    ("manual", Criterion),
    ("cohort", CohortRule),
    ("limits", LimitsRule),
    ("late", LateRule),
    ("template", TemplateRule),
)
# What each gives, and a call of it.
_SAID = {
    "abs": ("the number without its sign", "abs(-3)"),
    "ceil": ("the next whole number above", "ceil(7.2)"),
    "clamp": ("the first, held between the second and the third", "clamp(12, 0, 10)"),
    "floor": ("the next whole number below", "floor(7.8)"),
    "max": ("the largest of 2 to 20", "max(0, 10 - 12)"),
    "min": ("the smallest of 2 to 20", "min(10, 4 + 3)"),
    "round": ("the nearest whole number; of two, the even one", "round(7.5)"),
    "sqrt": ("the square root", "sqrt(49)"),
    "relative": ("the mark of a quantity by comparison with the class, 0 to 10", ""),
    "percentile": ("the share of the other groups that are worse, 0 to 100", ""),
}


def functions() -> str:
    """The functions of a formula, with what an example of each comes to."""
    known = (*FUNCTIONS, *CLASS_FUNCTIONS)
    return table(
        ("function", "gives", "example", "comes to"),
        ((code(name), _SAID[name][0], *_tried(_SAID[name][1])) for name in known),
    )


def rubric_keys() -> str:
    """A table for each part of a rubric: its keys, what they say, their defaults."""
    return "\n\n".join(_keys(place, model) for place, model in _MODELS)


def _tried(example: str) -> tuple[str, str]:
    if not example:
        return "", ""
    return code(example), f"{parse(example).evaluate({}).value:g}"


def _keys(place: str, model: type[Part]) -> str:
    said = inspect.cleandoc(model.__doc__ or "")
    title = place if " " in place else code(place)
    rows = table(("key", "what it says", "default"), _rows(model))
    return f"### {title}\n\n{said}\n\n{rows}"


def _rows(model: type[Part]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        few = choices(field.annotation)
        said = f"{field.description or ''}{f' One of {few}.' if few else ''}"
        yield code(name), said, _default(field)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    match value:
        case None:
            return "not set"
        case "" | () | dict():
            return "empty"
        case Part():
            return "as below"
        case _:
            return code(f"{value:g}" if isinstance(value, float) else str(value))
