"""A rubric's YAML text into a `Rubric`, or an error with file, line and column.

What is checked here is checked once: keys, types, that each checker exists and accepts its
options, that each formula parses and uses only what the checker measures.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ValidationError

from grader.errors import GradeError, did_you_mean
from grader.model.measurement import Quantity
from grader.model.starter import STARTER_QUANTITIES
from grader.rubric import formula
from grader.rubric.document import Document, Location
from grader.rubric.named import names, rubric_file
from grader.rubric.schema import (
    CohortRule,
    Criterion,
    Dimension,
    Item,
    LateRule,
    LimitsRule,
    Rubric,
    TemplateRule,
)

STARTER_NAMES = tuple(quantity.name for quantity in STARTER_QUANTITIES)


@dataclass(frozen=True)
class CheckerFacts:
    """What a rubric may say of a checker: the quantities it measures and its options."""

    quantities: tuple[Quantity, ...]
    options: type[BaseModel]


@dataclass(frozen=True)
class Catalogue:
    """The checkers that a rubric can name, and why others that were installed did not load."""

    checkers: Mapping[str, CheckerFacts]
    broken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedRubric:
    """A rubric that passed every check, the SHA-256 of its text, and where it came from.

    `text` is the file as it was read; paths in it are relative to `folder`.
    """

    rubric: Rubric
    digest: str
    source: str
    text: bytes
    folder: Path


def load_rubric(path: Path, catalogue: Catalogue) -> LoadedRubric:
    """The rubric in a YAML file, or a shipped one by its name.

    Raises `GradeError` naming file, line and column.
    """
    file = rubric_file(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise GradeError(
            f'cannot read the rubric "{path}": {error.strerror}.',
            hint=f"Shipped are: {', '.join(names())}. Write one of your own with: "
            "mlops-grade rubric init my-rubric.yaml",
        ) from error
    return parse_rubric(raw, str(path), catalogue, folder=file.resolve().parent)


def parse_rubric(
    raw: bytes, source: str, catalogue: Catalogue, *, folder: Path
) -> LoadedRubric:
    """The rubric in `raw`; paths in it are relative to `folder`. Raises `GradeError`."""
    document = Document.read(raw, source, "a rubric")
    if not isinstance(document.content, dict):
        raise GradeError(
            f"{source}:1:1: a rubric is a mapping with name, version and dimensions.",
            hint="Write one with: mlops-grade rubric init rubric.yaml",
        )
    try:
        rubric = Rubric.model_validate(document.content)
    except ValidationError as error:
        _refuse_validation(error, document, (), Rubric)
    dimensions = tuple(
        dimension.model_copy(
            update={
                "items": tuple(
                    _check_item(
                        item,
                        ("dimensions", at, "items", place),
                        document,
                        catalogue,
                        folder,
                        has_starter=rubric.template is not None,
                    )
                    for place, item in enumerate(dimension.items)
                )
            }
        )
        for at, dimension in enumerate(rubric.dimensions)
    )
    rubric = rubric.model_copy(
        update={"dimensions": dimensions, "template": _starter(rubric, folder)}
    )
    _check_names(rubric, document)
    return LoadedRubric(
        rubric, hashlib.sha256(raw).hexdigest(), source, text=raw, folder=folder
    )


def _refuse_validation(
    error: ValidationError, document: Document, base: Location, model: type[BaseModel]
) -> NoReturn:
    first = error.errors()[0]
    at = (*base, *first["loc"])
    word = str(first["loc"][-1]) if first["loc"] else ""
    match first["type"]:
        case "extra_forbidden":
            known = _keys_at(model, first["loc"][:-1])
            document.refuse(
                at,
                f'unknown key "{word}".{did_you_mean(word, known)} '
                f"Known here: {', '.join(known) or 'none'}.",
                key=True,
            )
        case "missing":
            document.refuse(at[:-1], f'the key "{word}" is missing.')
        case "string_type" if isinstance(first["input"], int | float | bool):
            document.refuse(
                at, f'"{word}" is text: put it in quotes, "{first["input"]}".'
            )
        case _:
            message = first["msg"].removeprefix("Value error, ")
            given = _short(first["input"])
            document.refuse(at, f'"{word}": {message} (given: {given}).')


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


_PARTS: Mapping[str, type[BaseModel]] = {
    "dimensions": Dimension,
    "items": Item,
    "manual": Criterion,
    "cohort": CohortRule,
    "late": LateRule,
    "template": TemplateRule,
    "limits": LimitsRule,
}


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    for step in location:
        if isinstance(step, str) and model in (Rubric, *_PARTS.values()):
            model = _PARTS.get(step, model)
    return list(model.model_fields)


def _starter(rubric: Rubric, folder: Path) -> TemplateRule | None:
    """The starter repository, a path relative to the rubric's folder made whole."""
    starter = rubric.template
    if starter is None or not (folder / starter.source).exists():
        return starter
    return starter.model_copy(
        update={"source": str((folder / starter.source).resolve())}
    )


def _check_item(
    item: Item,
    at: Location,
    document: Document,
    catalogue: Catalogue,
    folder: Path,
    *,
    has_starter: bool,
) -> Item:
    facts = catalogue.checkers.get(item.checker)
    if facts is None:
        _refuse_checker(item.checker, (*at, "checker"), document, catalogue)
    try:
        options = facts.options.model_validate(item.options, context={"folder": folder})
    except ValidationError as error:
        _refuse_validation(error, document, (*at, "options"), facts.options)
    quantities = [*facts.quantities, *(STARTER_QUANTITIES if has_starter else ())]
    _check_formula(item, "score", item.score, at, document, quantities)
    if item.alone is not None:
        _check_formula(item, "alone", item.alone, at, document, quantities)
        if formula.parse(item.alone).needs_class:
            document.refuse(
                (*at, "alone"), '"alone" is used without a class: no relative().'
            )
    elif formula.parse(item.score).needs_class:
        document.refuse(
            (*at, "score"),
            f'item "{item.key}" compares with a class, so it needs "alone:" as well, '
            "the formula for one repository by itself.",
        )
    return item.model_copy(update={"options": options.model_dump(exclude_unset=True)})


def _refuse_checker(
    name: str, at: Location, document: Document, catalogue: Catalogue
) -> NoReturn:
    if name in catalogue.broken:
        document.refuse(
            at, f'the checker "{name}" did not load: {catalogue.broken[name]}'
        )
    known = sorted(catalogue.checkers)
    document.refuse(
        at,
        f'there is no checker "{name}".{did_you_mean(name, known)} '
        f"Installed: {', '.join(known)}.",
    )


def _check_formula(
    item: Item,
    key: str,
    text: str,
    at: Location,
    document: Document,
    quantities: Sequence[Quantity],
) -> None:
    place = (*at, key)
    try:
        parsed = formula.parse(text)
    except formula.FormulaError as error:
        document.refuse(
            place, f'item "{item.key}", {key}: {error.message}.', shift=error.offset
        )
    known = [quantity.name for quantity in quantities]
    for name, offset in parsed.compared.items():
        if any(one.name == name and one.better == "neither" for one in quantities):
            document.refuse(
                place,
                f'item "{item.key}" compares "{name}" with the class, and that number is '
                "neither good nor bad.",
                shift=offset,
            )
    for name, offset in parsed.names.items():
        if name in STARTER_NAMES and name not in known:
            document.refuse(
                place,
                f'item "{item.key}" uses "{name}", and the rubric names no starter '
                "repository: give one with template:",
                shift=offset,
            )
        if name not in known:
            document.refuse(
                place,
                f'item "{item.key}" uses "{name}", which checker "{item.checker}" does not '
                f"measure.{did_you_mean(name, known)} It measures: {', '.join(known)}.",
                shift=offset,
            )


def _check_names(rubric: Rubric, document: Document) -> None:
    seen: set[str] = set()
    for at, dimension in enumerate(rubric.dimensions):
        if dimension.id in (other.id for other in rubric.dimensions[:at]):
            document.refuse(
                ("dimensions", at, "id"),
                f'a dimension "{dimension.id}" stands above already.',
            )
        for place, criterion in enumerate(dimension.manual):
            if criterion.id in seen:
                document.refuse(
                    ("dimensions", at, "manual", place, "id"),
                    f'"{criterion.id}" stands above already.',
                )
            seen.add(criterion.id)
        for place, item in enumerate(dimension.items):
            if item.key in seen:
                document.refuse(
                    ("dimensions", at, "items", place, "checker"),
                    f'an item "{item.key}" stands above already: give this one an "id:".',
                )
            seen.add(item.key)
    if not any(d.weight and sum(d.weights.values()) for d in rubric.dimensions):
        document.refuse(("dimensions",), "every weight is 0: nothing would count.")
