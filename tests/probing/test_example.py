"""Examples are made from schemas: they fit, and whatever a schema says they come to an end."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from grader.probing.agreement import disagreements
from grader.probing.document import Document
from grader.probing.example import NoExample, examples_of

EMPTY = Document({})


def first(schema: Any, document: Document = EMPTY) -> Any:
    return examples_of(schema, document)[0].value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"type": "integer", "minimum": 5},
        {"type": "integer", "exclusiveMinimum": 5},
        {"type": "integer", "minimum": -9, "maximum": -3},
        {"type": "integer", "exclusiveMaximum": 0},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "number", "minimum": 10.5},
        {"type": "number", "maximum": -10.5},
        {"type": "number", "minimum": 2, "maximum": 2},
        {"type": "number", "minimum": 1.2, "multipleOf": 0.5},
        {"type": "string", "minLength": 20},
        {"type": "string", "maxLength": 3},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "enum": ["a", "b"]},
        {"const": 4},
        {"type": ["null", "integer"]},
        {"anyOf": [{"type": "null"}, {"type": "string", "minLength": 1}]},
        {"oneOf": [{"type": "boolean"}, {"type": "string"}]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "array", "items": {"type": "string"}, "maxItems": 0},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}]},
        {
            "allOf": [
                {"required": ["a"], "properties": {"a": {"type": "integer"}}},
                {"required": ["b"], "properties": {"b": {"type": "string"}}},
            ],
            "type": "object",
        },
        {"properties": {"a": {"type": "integer"}}},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "minProperties": 2},
        {"type": "object", "required": ["undeclared"]},
        {},
        True,
    ],
)
def test_an_example_is_what_its_schema_describes(schema: Any) -> None:
    for example in examples_of(schema, EMPTY):
        jsonschema.validate(
            example.value,
            schema,
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
        )
        assert disagreements(example.value, schema, EMPTY) == ()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "example": 9}, 9),
        ({"type": "integer", "examples": [8, 9]}, 8),
        ({"type": "integer", "default": 7}, 7),
        ({"type": "integer", "example": 9, "default": 7}, 9),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"type": "object", "properties": {"a": {}}, "example": {"a": 1}}, {"a": 1}),
        ({"type": "string", "nullable": True, "default": None}, "example"),
        # As 3.0 writes an exclusive bound.
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2),
    ],
)
def test_what_a_schema_gives_comes_first(schema: Any, value: object) -> None:
    assert first(schema) == value


class Part(BaseModel):
    """A nested model."""

    kind: str = Field(examples=["wall"])
    sizes: list[float] = Field(min_length=2)


class Whole(BaseModel):
    """A model with another in it, and with itself."""

    name: str
    part: Part
    more: "Whole | None" = None
    parts: list[Part] = []


def test_the_models_of_pydantic_are_followed_by_their_references() -> None:
    schema = Whole.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs")
    document = Document({"components": {"schemas": definitions}})
    small, full = (one.value for one in examples_of(schema, document))
    assert small == {"name": "example", "part": {"kind": "wall", "sizes": [1.0, 1.0]}}
    for value in (small, full):
        Whole.model_validate(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Node"},
        {"type": "array", "minItems": 10_000},
        {"type": "string", "minLength": 10_000_000},
        {"allOf": [{"$ref": "#/components/schemas/Loop"}] * 40},
        {"anyOf": [{"$ref": "#/components/schemas/Node"}] * 40},
    ],
)
def test_what_has_no_end_has_no_example(schema: Any) -> None:
    node: dict[str, Any] = {
        "type": "object",
        "required": ["left", "right"],
        "properties": {
            "left": {"$ref": "#/components/schemas/Node"},
            "right": {"$ref": "#/components/schemas/Node"},
        },
    }
    loop: dict[str, Any] = {"allOf": [{"$ref": "#/components/schemas/Loop"}] * 40}
    document = Document({"components": {"schemas": {"Node": node, "Loop": loop}}})
    with pytest.raises(NoExample):
        examples_of(schema, document)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Circle"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/nowhere/~1~0/%41"},
        {"$ref": 3},
        {"type": 3, "properties": [], "required": "a", "anyOf": {}},
        {"type": "integer", "minimum": "a", "multipleOf": 0, "maximum": True},
        {"type": "number", "minimum": 1e308, "maximum": 1e309},
        {"type": "array", "minItems": -5},
        {"type": "string", "minLength": -1, "maxLength": -1},
    ],
)
def test_a_schema_that_is_none_gives_something_or_says_so(schema: Any) -> None:
    circle: dict[str, Any] = {"$ref": "#/components/schemas/Circle"}
    document = Document({"components": {"schemas": {"Circle": circle}}})
    assert examples_of(schema, document)


def test_a_pattern_is_doubted_and_never_run() -> None:
    schema: dict[str, Any] = {"type": "string", "pattern": "(a+)+$"}
    assert examples_of(schema, EMPTY)[0].doubts == ("a pattern of the schema",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "anyOf", "allOf", "$ref", "required"]
            + ["enum", "minimum", "minItems", "minLength", "multipleOf", "format"]
        ),
        inner | st.sampled_from(["object", "array", "string", "integer", "#/a"]),
        max_size=5,
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(JSON, JSON)
def test_any_document_is_survived(schema: Any, value: Any) -> None:
    document = Document({"a": schema, "paths": {"/predict": {"post": schema}}})
    disagreements(value, schema, document)
    document.predicting()
    document.health()
    try:
        examples_of(schema, document)
    except NoExample:
        pass
