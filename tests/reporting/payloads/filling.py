"""Puts texts into every field of a model that holds text, whatever the model is.

The fields are found by their types, so that a new one is filled without anybody thinking of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_Model = TypeVar("_Model", bound=BaseModel)

# Documentation of our own, and a rubric's: the one place where an address is to be a link.
# `test_an_address_is_a_link_or_text` is about it.
KEPT = frozenset({("ReportCheck", "source")})


@dataclass
class Filling:
    """Where the texts begin, and which one stands for which of the model's own.

    What was one text is one text again, so that ids still lead to what they belong to. For the
    fields that are `lacking` in the model its empty collections get a part that has them.
    """

    texts: Sequence[str]
    start: int = 0
    lacking: frozenset[tuple[str, str]] = frozenset()
    seen: dict[str, int] = field(default_factory=dict)
    fields: set[tuple[str, str]] = field(default_factory=set)

    def model(self, model: _Model) -> _Model:
        """The same model with other texts."""
        name = type(model).__name__
        found = {}
        for key, info in type(model).model_fields.items():
            if (name, key) in KEPT:
                found[key] = getattr(model, key)
                continue
            place = f"{name}.{key}"
            shown = self._value(getattr(model, key), info.annotation, place)
            if isinstance(shown, str):
                shown = _allowed(shown, info)
            if holds_text(info.annotation):
                self.fields.add((name, key))
            found[key] = shown
        return type(model).model_validate(found)

    def _value(self, value: object, annotation: object, place: str) -> object:
        match value:
            case BaseModel():
                return self.model(value)
            case str() if str in _leaves(annotation):
                return self._text(value or place)
            case None if str in _leaves(annotation, into=False):
                return self._text(place)
            case None | () if self._is_wanted(annotation):
                return self._made(annotation, place)
            case tuple():
                return tuple(
                    self._value(one, annotation, f"{place}.{number}")
                    for number, one in enumerate(value)
                )
            case Mapping():
                return {
                    self._text(str(key)): self._value(one, annotation, f"{place}.{key}")
                    for key, one in value.items()
                }
            case _:
                return value

    def _is_wanted(self, annotation: object) -> bool:
        return bool(self.lacking & text_fields(*_models(annotation)))

    def _made(self, annotation: object, place: str) -> object:
        """Any value of a type, with texts in it."""
        origin, inside = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return inside[0]
        if origin is tuple:
            return (self._made(inside[0], f"{place}.0"),)
        if origin is Annotated or origin in (Union, UnionType):
            return self._made(inside[0], place)
        if origin is not None:
            return {}
        if annotation is str:
            return self._text(place)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            given = {
                key: self._made(info.annotation, f"{place}.{key}")
                for key, info in annotation.model_fields.items()
                if info.is_required() or holds_text(info.annotation)
            }
            return self.model(annotation.model_validate(given))
        return 1

    def _text(self, own: str) -> str:
        number = self.seen.setdefault(own, len(self.seen))
        return self.texts[(number + self.start) % len(self.texts)]


def _allowed(text: str, info: FieldInfo) -> str:
    """The text as far as the field's own pattern lets it in."""
    patterns = [one.pattern for one in info.metadata if hasattr(one, "pattern")]
    if not any(patterns):
        return text
    return re.sub(r"[/\\\x00]", "", text)[:120].encode(errors="ignore").decode() or "x"


def _leaves(annotation: object, *, into: bool = True) -> Iterator[object]:
    """The types that a value of an annotation can have; `into` its collections as well."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return
    if origin is Annotated:
        yield from _leaves(inside[0], into=into)
    elif origin in (Union, UnionType):
        for one in inside:
            yield from _leaves(one, into=into)
    elif origin is not None:
        if into:
            for one in inside:
                yield from _leaves(one)
    elif annotation is object:
        yield str
    elif annotation is not Ellipsis and annotation is not NoneType:
        yield annotation


def holds_text(annotation: object) -> bool:
    """Whether a field of this type holds text that isn't one of a fixed set."""
    return str in _leaves(annotation)


def text_fields(*models: type[BaseModel]) -> set[tuple[str, str]]:
    """Every field of text of these models, and of all that is in them."""
    found: set[tuple[str, str]] = set()
    waiting, known = list(models), set(models)
    while waiting:
        model = waiting.pop()
        for key, info in model.model_fields.items():
            if holds_text(info.annotation):
                found.add((model.__name__, key))
            new = _models(info.annotation) - known
            known |= new
            waiting += new
    return found - KEPT


def _models(annotation: object) -> set[type[BaseModel]]:
    return {
        leaf
        for leaf in _leaves(annotation)
        if isinstance(leaf, type) and issubclass(leaf, BaseModel)
    }


def filled(model: _Model, texts: Sequence[str], start: int = 0) -> _Model:
    """The model with a text in each of its fields; from the `start`-th text on."""
    first = Filling(texts, start)
    found = first.model(model)
    lacking = text_fields(type(model)) - first.fields
    if not lacking:
        return found
    return Filling(texts, start, frozenset(lacking)).model(model)
