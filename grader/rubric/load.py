"""A rubric's YAML text into a `Rubric`, or an error with file, line and column.

What is checked here is checked once: keys, types, that each checker exists and accepts its
options, that each formula parses and uses only what the checker measures.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml
from pydantic import BaseModel, ValidationError

from grader.errors import GradeError, did_you_mean
from grader.model.measurement import Quantity
from grader.rubric import formula
from grader.rubric.schema import CohortRule, Dimension, Item, LimitsRule, Rubric

MAX_BYTES = 1024 * 1024
MAX_NODES = 50_000

Location = tuple[str | int, ...]


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
    """A rubric that passed every check, the SHA-256 of its text, and where it came from."""

    rubric: Rubric
    digest: str
    source: str


def load_rubric(path: Path, catalogue: Catalogue) -> LoadedRubric:
    """The rubric in a YAML file. Raises `GradeError` naming file, line and column."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise GradeError(
            f'cannot read the rubric "{path}": {error.strerror}.',
            hint="Write one with: mlops-grade rubric init rubric.yaml",
        ) from error
    return parse_rubric(raw, str(path), catalogue, folder=path.resolve().parent)


def parse_rubric(
    raw: bytes, source: str, catalogue: Catalogue, *, folder: Path
) -> LoadedRubric:
    """The rubric in `raw`; paths in it are relative to `folder`. Raises `GradeError`."""
    document = _Document.read(raw, source)
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
                    )
                    for place, item in enumerate(dimension.items)
                )
            }
        )
        for at, dimension in enumerate(rubric.dimensions)
    )
    rubric = rubric.model_copy(update={"dimensions": dimensions})
    _check_names(rubric, document)
    return LoadedRubric(rubric, hashlib.sha256(raw).hexdigest(), source)


class _Document:
    """A YAML document as plain data, and where in the text each part of it stands."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.content: object = None
        self._values: dict[Location, yaml.Mark] = {}
        self._keys: dict[Location, yaml.Mark] = {}
        # How far a one-line scalar's text is from its mark: past the quote, if any.
        self._opening: dict[Location, int] = {}
        self._nodes = 0

    @classmethod
    def read(cls, raw: bytes, source: str) -> "_Document":
        document = cls(source)
        if len(raw) > MAX_BYTES:
            raise GradeError(f"{source}: a rubric has at most {MAX_BYTES // 1024} KiB.")
        try:
            node = yaml.compose(raw.decode("utf-8-sig"), yaml.SafeLoader)
        except UnicodeDecodeError as error:
            raise GradeError(
                f"{source}: is not UTF-8 text (byte {error.start})."
            ) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            what = error.problem or error.context or "cannot be read"
            raise GradeError(
                f"{source}{place}: this is not valid YAML: {what}."
            ) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise GradeError(f"{source}: this is not valid YAML: {error}.") from error
        if not isinstance(node, yaml.MappingNode):
            raise GradeError(
                f"{source}:1:1: a rubric is a mapping with name, version and dimensions.",
                hint="Write one with: mlops-grade rubric init rubric.yaml",
            )
        document.content = document._build(node, ())
        return document

    def refuse(
        self, at: Location, message: str, *, key: bool = False, shift: int = 0
    ) -> NoReturn:
        """Raise `GradeError` at a place; `shift` characters into its text."""
        raise GradeError(f"{self._place(at, key, shift)}: {message}")

    def _place(self, at: Location, key: bool, shift: int) -> str:
        marks = self._keys if key and at in self._keys else self._values
        shift = shift + self._opening[at] if at in self._opening else 0
        while at not in marks and at:
            at = at[:-1]
        mark = marks.get(at) or self._values[()]
        return f"{self.source}:{mark.line + 1}:{mark.column + 1 + shift}"

    def _build(self, node: yaml.Node, at: Location) -> object:
        self._nodes += 1
        # Aliases of aliases can stand for billions of nodes in a few lines.
        if self._nodes > MAX_NODES or len(at) > 50:
            raise GradeError(
                f"{self.source}: this YAML is too large or nested too deeply."
            )
        self._values[at] = node.start_mark
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(part, (*at, i)) for i, part in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, at)

    def _build_mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        built: dict[str, object] = {}
        for key_node, value_node in node.value:
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if name is None:
                self._values[at] = key_node.start_mark
                self.refuse(at, "a key is plain text.")
            here = (*at, name)
            if name in built:
                self._values[here] = key_node.start_mark
                self.refuse(here, f'the key "{name}" stands here twice.')
            self._keys[here] = key_node.start_mark
            built[name] = self._build(value_node, here)
        return built

    def _scalar(self, node: yaml.ScalarNode, at: Location) -> object:
        if node.style in (None, "", "'", '"'):
            self._opening[at] = 1 if node.style in ("'", '"') else 0
        loader = yaml.SafeLoader("")
        try:
            value: object = loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.refuse(at, f"this value can't be read: {error}.")
        finally:
            loader.dispose()
        return value


def _refuse_validation(
    error: ValidationError, document: _Document, base: Location, model: type[BaseModel]
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
    "cohort": CohortRule,
    "limits": LimitsRule,
}


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    for step in location:
        if isinstance(step, str) and model in (Rubric, *_PARTS.values()):
            model = _PARTS.get(step, model)
    return list(model.model_fields)


def _check_item(
    item: Item,
    at: Location,
    document: _Document,
    catalogue: Catalogue,
    folder: Path,
) -> Item:
    facts = catalogue.checkers.get(item.checker)
    if facts is None:
        _refuse_checker(item.checker, (*at, "checker"), document, catalogue)
    try:
        options = facts.options.model_validate(item.options, context={"folder": folder})
    except ValidationError as error:
        _refuse_validation(error, document, (*at, "options"), facts.options)
    _check_formula(item, "score", item.score, at, document, facts)
    if item.alone is not None:
        _check_formula(item, "alone", item.alone, at, document, facts)
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
    name: str, at: Location, document: _Document, catalogue: Catalogue
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
    document: _Document,
    facts: CheckerFacts,
) -> None:
    place = (*at, key)
    try:
        parsed = formula.parse(text)
    except formula.FormulaError as error:
        document.refuse(
            place, f'item "{item.key}", {key}: {error.message}.', shift=error.offset
        )
    known = [quantity.name for quantity in facts.quantities]
    for name, offset in parsed.names.items():
        if name not in known:
            document.refuse(
                place,
                f'item "{item.key}" uses "{name}", which checker "{item.checker}" does not '
                f"measure.{did_you_mean(name, known)} It measures: {', '.join(known)}.",
                shift=offset,
            )


def _check_names(rubric: Rubric, document: _Document) -> None:
    seen: set[str] = set()
    for at, dimension in enumerate(rubric.dimensions):
        if dimension.id in (other.id for other in rubric.dimensions[:at]):
            document.refuse(
                ("dimensions", at, "id"),
                f'a dimension "{dimension.id}" stands above already.',
            )
        for place, item in enumerate(dimension.items):
            if item.key in seen:
                document.refuse(
                    ("dimensions", at, "items", place, "checker"),
                    f'an item "{item.key}" stands above already: give this one an "id:".',
                )
            seen.add(item.key)
    if not any(d.weight and i.weight for d in rubric.dimensions for i in d.items):
        document.refuse(("dimensions",), "every weight is 0: nothing would count.")
