"""Where a value is not what a schema says: by its types, its fields and its options."""

import json

from pydantic import JsonValue

from grader.probing.document import Document, Object, listed, mapping

_MAX_STEPS = 5_000
_MAX_DEPTH = 24
_MAX_ITEMS = 50
MOST = 5


def disagreements(
    value: JsonValue, schema: JsonValue, document: Document
) -> tuple[str, ...]:
    """The places, in words; none where the value is as it should be, as far as is looked."""
    return tuple(_Check(document).differ(value, schema, "the answer", 0)[:MOST])


class _Check:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._steps = 0

    def differ(
        self, value: JsonValue, schema: JsonValue, place: str, depth: int
    ) -> list[str]:
        self._steps += 1
        if self._steps > _MAX_STEPS or depth > _MAX_DEPTH:
            return []
        one = self._document.resolved(schema)
        if value is None and one.get("nullable") is True:
            return []
        found: list[str] = []
        for part in listed(one.get("allOf"))[:50]:
            found += self.differ(value, part, place, depth + 1)
        for key in ("anyOf", "oneOf"):
            ways = listed(one.get(key))[:50]
            tried = [self.differ(value, way, place, depth + 1) for way in ways]
            if tried and all(tried):
                found += sorted(tried, key=len)[0]
        types = _types(one)
        if types and not any(_is(value, name) for name in types):
            said = " or ".join(types)
            return [*found, f"{place} is {_name(value)}, and not {said}"]
        options = listed(one.get("enum")) or ([one["const"]] if "const" in one else [])
        if options and value not in options:
            found.append(f"{place} is none of the values that are stated")
        if isinstance(value, dict):
            found += self._fields(value, one, place, depth)
        elif isinstance(value, list):
            for at, item in enumerate(value[:_MAX_ITEMS]):
                if "items" in one:
                    inner = f"{place}[{at}]"
                    found += self.differ(item, one["items"], inner, depth + 1)
        return found

    def _fields(
        self, value: Object, schema: Object, place: str, depth: int
    ) -> list[str]:
        found = [
            f"{place} has no {_quoted(name)}"
            for name in listed(schema.get("required"))
            if isinstance(name, str) and name not in value
        ]
        for name, said in mapping(schema.get("properties")).items():
            if name in value:
                inner = f"{_quoted(name)} in {place}"
                found += self.differ(value[name], said, inner, depth + 1)
        return found


def _quoted(name: str) -> str:
    return json.dumps(name[:40], ensure_ascii=False)


def _types(schema: Object) -> list[str]:
    said = schema.get("type")
    names = said if isinstance(said, list) else [said]
    return [one for one in names if isinstance(one, str)]


def _is(value: JsonValue, name: str) -> bool:
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            if isinstance(value, float):
                return value.is_integer()
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    # A type that JSON Schema doesn't have says nothing.
    return True


def _name(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
