"""What is sent to the route that predicts, by what the document says of it."""

import json
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from grader.model.live import ProbePlan
from grader.probing.document import Document, Object, Operation, listed, mapping
from grader.probing.example import NoExample, examples_of
from grader.probing.wire import Sent

_MAX_SENT = 256 * 1024


def filled(document: Document, operation: Operation) -> tuple[str, tuple[str, ...]]:
    """A route's path with examples for its parameters, and what it is lacking."""
    path, query, doubts = operation.path, dict[str, str](), list[str]()
    for one in operation.parameters:
        name, place = str(one.get("name")), one.get("in")
        if one.get("required") is not True and place != "path":
            continue
        if place not in ("path", "query"):
            doubts.append(f"a {place} that it asks for")
            continue
        given = one.get("example")
        try:
            example = examples_of(one.get("schema"), document, given)[0]
        except NoExample as error:
            doubts.append(error.reason)
            continue
        doubts += example.doubts
        value = example.value
        text = value if isinstance(value, str) else json.dumps(value)
        if place == "path":
            path = path.replace("{" + name + "}", quote(text, safe=""))
        else:
            query[name] = text
    return f"{path}?{urlencode(query)}" if query else path, tuple(doubts)


def kinds(body: Object) -> list[str]:
    return [kind.partition(";")[0][:40] for kind in mapping(body.get("content"))][:5]


def media_of(body: Object) -> tuple[str, Object]:
    """The type of a body that can be sent, and what the document says of it."""
    for kind, media in mapping(body.get("content")).items():
        name = kind.partition(";")[0].strip().lower()
        if name in ("application/json", "*/*") or (
            name.startswith("application/") and name.endswith("+json")
        ):
            return "application/json", mapping(media)
        if name == "application/x-www-form-urlencoded":
            return name, mapping(media)
    return "", {}


def given_example(plan: ProbePlan, media: Object) -> JsonValue:
    """The example of the plan, else the document's own beside the schema."""
    if plan.example is not None:
        return plan.example
    if media.get("example") is not None:
        return media["example"]
    for one in mapping(media.get("examples")).values():
        if (value := mapping(one).get("value")) is not None:
            return value
    return None


def sent_as(value: JsonValue, kind: str) -> Sent:
    if kind == "application/json":
        return Sent(json.dumps(value).encode()[:_MAX_SENT], kind)
    fields = {name: str(one) for name, one in mapping(value).items()}
    return Sent(urlencode(fields).encode()[:_MAX_SENT], kind)


def wrong_for(document: Document, schema: JsonValue, kind: str) -> Sent:
    """A body that no route takes that does what its document says.

    Without fields that are required; where none are, no JSON at all.
    """
    said = document.resolved(schema)
    if kind != "application/json":
        return Sent(b"", kind)
    if listed(said.get("required")):
        return Sent(b"{}", kind)
    if said.get("type") == "array":
        return Sent(b'{"not": "a list"}', kind)
    return Sent(b'{"not": ', kind)


def stated_by(document: Document, operation: Operation) -> Object:
    """The schema of what a route answers where all is well; empty where none is stated."""
    responses = mapping(operation.said.get("responses"))
    for status in ("200", "201", "202", "2XX", "default"):
        one = document.resolved(responses.get(status))
        for kind, media in mapping(one.get("content")).items():
            if "json" in kind:
                schema = mapping(mapping(media).get("schema"))
                said = {key: value for key, value in schema.items() if key != "title"}
                return schema if said else {}
    return {}
