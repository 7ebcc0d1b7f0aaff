"""An example of what a schema describes: the document's own, else one that fits its bounds.

No pattern of a document is ever run, and what a schema asks for is bounded: in depth, in
values and in length.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from grader.probing.document import Document, Object, listed, mapping

_MAX_DEPTH = 24
# Below this depth only what is required is made, and the shortest of several ways.
_DEEP = 6
_MAX_VALUES = 2_000
_MAX_LENGTH = 2_000
_MAX_ITEMS = 200
# As far out as no number of a document lies.
_FAR = 1e15
_TYPES = frozenset("object array string integer number boolean null".split())
_FORMATS: Mapping[str, str] = {
    "date": "2024-01-15",
    "date-time": "2024-01-15T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.org",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uri-reference": "/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "ZXhhbXBsZQ==",
    "base64": "ZXhhbXBsZQ==",
    "json-string": "{}",
    "binary": "example",
    "password": "example",
}
_UNMET = ("not", "if", "dependentSchemas", "propertyNames", "contains", "minContains")


class NoExample(Exception):
    """Nothing that a schema describes can be made within bounds, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Example:
    """A value, and what of its schema it may not meet."""

    value: JsonValue
    doubts: tuple[str, ...] = ()


def examples_of(
    schema: JsonValue, document: Document, given: JsonValue = None
) -> tuple[Example, ...]:
    """What to try: with the required fields only, then with all, where these differ.

    `given` is what the document has beside the schema. Raises `NoExample`.
    """
    if given is not None:
        return (Example(given),)
    found: list[Example] = []
    for is_full in (False, True):
        maker = _Maker(document, is_full)
        try:
            value = maker.make(schema, 0)
        except NoExample:
            if not found:
                raise
            break
        if all(one.value != value for one in found):
            found.append(Example(value, tuple(dict.fromkeys(maker.doubts))))
    return tuple(found)


class _Maker:
    def __init__(self, document: Document, is_full: bool) -> None:
        self._document = document
        self._is_full = is_full
        self._values = 0
        self.doubts: list[str] = []

    def make(self, schema: JsonValue, depth: int) -> JsonValue:
        """A value of a schema."""
        self._values += 1
        if depth > _MAX_DEPTH or self._values > _MAX_VALUES:
            raise NoExample("its schema goes on without an end")
        one = self._joined(self._document.resolved(schema), depth)
        known, value = _given(one)
        if known:
            return value
        for key in ("oneOf", "anyOf"):
            if ways := listed(one.get(key)):
                rest = {name: said for name, said in one.items() if name != key}
                return self._either(rest, ways, depth)
        self.doubts += [f"{key} of the schema" for key in _UNMET if key in one]
        makers: Mapping[str, Callable[[Object, int], JsonValue]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": lambda said, deep: True,
            "null": lambda said, deep: None,
        }
        return makers[_type_of(one)](one, depth)

    def _joined(self, schema: Object, depth: int) -> Object:
        """A schema with what all of its `allOf` say."""
        parts = listed(schema.get("allOf"))
        if not parts:
            return schema
        joined = {key: value for key, value in schema.items() if key != "allOf"}
        for part in parts[:50]:
            self._values += 1
            if depth > _MAX_DEPTH or self._values > _MAX_VALUES:
                raise NoExample("its schema goes on without an end")
            said = self._joined(self._document.resolved(part), depth + 1)
            for key, value in said.items():
                if key == "properties":
                    own = mapping(joined.get(key))
                    joined[key] = {**mapping(value), **own}
                elif key == "required":
                    joined[key] = [*listed(joined.get(key)), *listed(value)]
                else:
                    joined.setdefault(key, value)
        return joined

    def _either(
        self, rest: dict[str, JsonValue], ways: list[JsonValue], depth: int
    ) -> JsonValue:
        """The first of several ways that comes to an end; null last, unless it is deep."""
        known = [self._document.resolved(way) for way in ways[:50]]
        known.sort(key=lambda way: (_type_of(way) == "null") != (depth > _DEEP))
        failure = NoExample("none of the ways of its schema")
        for way in known:
            doubts = len(self.doubts)
            try:
                return self.make({"allOf": [dict(way), rest]}, depth + 1)
            except NoExample as error:
                failure = error
                del self.doubts[doubts:]
        raise failure

    def _object(self, schema: Object, depth: int) -> JsonValue:
        fields = mapping(schema.get("properties"))
        required = [
            one for one in listed(schema.get("required")) if isinstance(one, str)
        ]
        names = list(dict.fromkeys(required))
        if (self._is_full or not names) and depth <= _DEEP:
            names += [one for one in fields if one not in names]
        made: dict[str, JsonValue] = {}
        for name in names:
            said = self._document.resolved(fields.get(name, {}))
            if said.get("readOnly") is True:
                continue
            made[name] = self.make(fields.get(name, {}), depth + 1)
        more = schema.get("additionalProperties")
        least = _whole(schema.get("minProperties")) or 0
        if (
            not fields
            and (least or self._is_full)
            and more is not False
            and depth <= _DEEP
        ):
            for place in range(min(max(1, least), _MAX_ITEMS)):
                made[f"key{place}"] = self.make(more if more else {}, depth + 1)
        return made

    def _array(self, schema: Object, depth: int) -> JsonValue:
        first = listed(schema.get("prefixItems"))
        least = _whole(schema.get("minItems")) or 0
        most = _whole(schema.get("maxItems"))
        wanted = max(least, len(first), 1 if depth <= _DEEP else 0)
        wanted = wanted if most is None else max(least, min(wanted, most))
        if wanted > _MAX_ITEMS:
            raise NoExample(f"its schema asks for a list of {wanted:,} values")
        if schema.get("uniqueItems") is True and wanted > 1:
            self.doubts.append("uniqueItems of the schema")
        items = schema.get("items", {})
        schemas = [first[at] if at < len(first) else items for at in range(wanted)]
        return [self.make(one, depth + 1) for one in schemas]

    def _string(self, schema: Object, depth: int) -> JsonValue:
        said = schema.get("format")
        if "pattern" in schema:
            self.doubts.append("a pattern of the schema")
        text = _FORMATS.get(said, "") if isinstance(said, str) else ""
        if said and not text:
            self.doubts.append("a format of the schema")
        is_free = not text
        text = text or "example"
        least = _whole(schema.get("minLength")) or 0
        most = _whole(schema.get("maxLength"))
        if least > _MAX_LENGTH:
            raise NoExample(f"its schema asks for a text of {least:,} characters")
        if is_free:
            text = text.ljust(least, "a")
            text = text if most is None else text[: max(0, most)]
        return text

    def _integer(self, schema: Object, depth: int) -> JsonValue:
        low, high = _bounds(schema)
        step = _number_of(schema.get("multipleOf")) or 1
        step = math.ceil(step) if step > 0 else 1
        least, most = math.floor(low) + 1, math.ceil(high) - 1
        if low in _inclusive(schema) and low == math.floor(low):
            least = int(low)
        if high in _inclusive(schema) and high == math.ceil(high):
            most = int(high)
        value = least if least > 1 else min(1, most)
        if step > 1:
            value = -(-value // step) * step
        if not least <= value <= most:
            self.doubts.append("the bounds of a number")
        return value

    def _number(self, schema: Object, depth: int) -> JsonValue:
        low, high = _bounds(schema)
        step = _number_of(schema.get("multipleOf"))
        value = 1.0
        if not low < value < high:
            value = low + (high - low) / 2 if high - low < _FAR else low + 1
            value = high - 1 if low <= -_FAR else value
        if step and step > 0:
            value = math.ceil(value / step) * step
        return value


def _bounds(schema: Object) -> tuple[float, float]:
    """The least and the largest number, as far out as no document goes where it says none."""
    lows = [_number_of(schema.get(key)) for key in ("minimum", "exclusiveMinimum")]
    highs = [_number_of(schema.get(key)) for key in ("maximum", "exclusiveMaximum")]
    low = max((one for one in lows if one is not None), default=-_FAR)
    high = min((one for one in highs if one is not None), default=_FAR)
    return max(-_FAR, min(_FAR, low)), max(-_FAR, min(_FAR, high))


def _inclusive(schema: Object) -> list[float]:
    """The bounds that a number may be: not what is exclusive, by 3.0's way or by 3.1's."""
    found = []
    for key, other in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        bound, hard = _number_of(schema.get(key)), schema.get(other)
        if bound is not None and hard is not True and _number_of(hard) != bound:
            found.append(bound)
    return found


def _given(schema: Object) -> tuple[bool, JsonValue]:
    """Whether a schema has a value of its own, and that."""
    if "const" in schema:
        return True, schema["const"]
    if "example" in schema:
        return True, schema["example"]
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        return True, examples[0]
    if schema.get("default") is not None:
        return True, schema["default"]
    options = listed(schema.get("enum"))
    if options:
        return True, next((one for one in options if one is not None), None)
    return False, None


def _type_of(schema: Object) -> str:
    """The type that a schema says, or that its words belong to."""
    said = schema.get("type")
    names = said if isinstance(said, list) else [said]
    known = [one for one in names if isinstance(one, str) and one in _TYPES]
    if known:
        return next((one for one in known if one != "null"), known[0])
    if (
        "properties" in schema
        or "additionalProperties" in schema
        or "required" in schema
    ):
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    if "minimum" in schema or "maximum" in schema or "multipleOf" in schema:
        return "number"
    if "format" in schema or "pattern" in schema or "minLength" in schema:
        return "string"
    # It may be anything.
    return "object" if not schema.get("title") else "string"


def _whole(value: JsonValue) -> int | None:
    number = _number_of(value)
    return None if number is None else int(number)


def _number_of(value: JsonValue) -> float | None:
    """A number that is one: not a boolean, as which 3.0 writes exclusive bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
