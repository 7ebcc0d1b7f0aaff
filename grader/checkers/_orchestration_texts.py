"""The names that a variable of a loop goes through: the steps of `for step in steps`."""

import ast
from collections.abc import Iterator

from grader.codebase.origins import UNKNOWN, Origins, Value

_MAX_STEPS = 80
_MAX_NAMES = 60
_MAX_CHARACTERS = 200


def listed(origins: Origins, value: Value) -> tuple[str, ...]:
    """The texts in the lists, tuples and dictionaries that a value may stand for."""
    found: dict[str, None] = {}
    todo, steps = [value], 0
    while todo and steps < _MAX_STEPS and len(found) < _MAX_NAMES:
        steps += 1
        one = todo.pop(0)
        match one.node:
            case (
                ast.List(elts=elements)
                | ast.Tuple(elts=elements)
                | ast.Set(elts=elements)
            ):
                for text in _texts(origins, one, elements):
                    found[text] = None
            case ast.Dict(keys=keys):
                for text in _texts(origins, one, [key for key in keys if key]):
                    found[text] = None
            case _:
                todo += _inside(origins, one)
    return tuple(found)


def _texts(origins: Origins, value: Value, nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes[:_MAX_NAMES]:
        # Of rows, `("train", train_model)`, the first that is a text.
        first = node.elts[:1] if isinstance(node, ast.Tuple) else [node]
        for one in first:
            text = origins.text(value.other(one))
            if text and UNKNOWN not in text and len(text) <= _MAX_CHARACTERS:
                yield text


def _inside(origins: Origins, value: Value) -> list[Value]:
    """The values that an expression is made of, or that a name stands for."""
    node = value.node
    match node:
        case ast.Name() | ast.Attribute():
            return origins.of(value)
        case ast.IfExp(body=body, orelse=other):
            return [value.other(body), value.other(other)]
        case ast.BoolOp(values=values):
            return [value.other(one) for one in values]
        case ast.BinOp(left=left, right=right):
            return [value.other(left), value.other(right)]
        case ast.JoinedStr(values=values):
            return [value.other(one) for one in values]
        case ast.FormattedValue(value=inner):
            return [value.other(inner)]
        case ast.ListComp(generators=[first, *_]) | ast.GeneratorExp(
            generators=[first, *_]
        ):
            return [value.other(first.iter)]
        case ast.Subscript(value=inner):
            return [value.other(inner)]
        case ast.Call():
            made = origins.returned(value)
            given = [value.other(one) for one in node.args]
            if isinstance(node.func, ast.Attribute):
                # `STEPS.items()`, `path.joinpath(step)`.
                given.append(value.other(node.func.value))
            return [*made, *given]
    return []
