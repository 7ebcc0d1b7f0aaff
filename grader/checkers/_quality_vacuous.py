"""Assertions that hold whatever happens, and blocks that forget what went wrong."""

import ast
from collections.abc import Iterator

_MAX_DEPTH = 20
_MAX_NODES = 200
_BROAD = frozenset({"Exception", "BaseException", "AssertionError"})


def is_vacuous(test: ast.expr, depth: int = 0) -> bool:
    """Whether an asserted expression is true whatever the code under test does.

    A call may give another value each time: `f(x) == f(x)` is no tautology.
    """
    if depth > _MAX_DEPTH:
        return False
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=[_, *_]) | ast.List(elts=[_, *_]) | ast.Dict(keys=[_, *_]):
            # `assert (x == 1, "message")` asserts that a pair is not empty.
            return True
        case ast.JoinedStr() | ast.Lambda():
            return True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant(value=value)):
            return not value
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(is_vacuous(one, depth + 1) for one in values) or _is_excluded(
                values
            )
        case ast.BoolOp(op=ast.And(), values=values):
            return all(is_vacuous(one, depth + 1) for one in values)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _is_tautology(left, operator, right)
        case ast.Call(
            func=ast.Name(id="isinstance"), args=[_, ast.Name(id="object"), *_]
        ):
            return True
    return False


def is_vacuous_call(method: str, call: ast.Call) -> bool:
    """The same of unittest's methods: `assertTrue(True)`, `assertEqual(1, 1)`."""
    match method, call.args:
        case "assertTrue", [first, *_]:
            return is_vacuous(first)
        case "assertFalse", [ast.Constant(value=value), *_]:
            return not value
        case "assertIsNotNone", [ast.Constant(value=value), *_]:
            return value is not None
        case (
            "assertEqual" | "assertIs" | "assertAlmostEqual" | "assertEquals",
            [left, right, *_],
        ):
            return _is_tautology(left, ast.Eq(), right)
    return False


def swallows(statement: ast.stmt) -> bool:
    """Whether a statement catches every error in it, and nothing comes of that."""
    match statement:
        case ast.Try(body=[_, *_], handlers=handlers, orelse=[], finalbody=[]):
            return any(_forgets(one) for one in handlers)
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)]):
            return _suppresses(call)
    return False


def without_asserting(node: ast.AST) -> frozenset[ast.AST]:
    """The children of a node in which an assertion that fails is not noticed."""
    match node:
        case ast.Try(body=body, handlers=handlers) if any(map(_forgets, handlers)):
            return frozenset(body)
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)], body=body):
            return frozenset(body) if _suppresses(call) else frozenset()
        case ast.If(test=ast.Constant(value=value), body=body):
            # `if False:` never runs.
            return frozenset(body) if not value else frozenset()
    return frozenset()


def _suppresses(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    caught = [one.id for one in call.args if isinstance(one, ast.Name)]
    return name == "suppress" and not _BROAD.isdisjoint(caught)


def _forgets(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes a failed assertion and goes on: no raise, fail or assert."""
    match handler.type:
        case None:
            pass
        case ast.Name(id=name) if name in _BROAD:
            pass
        case ast.Tuple(elts=kinds) if any(
            isinstance(one, ast.Name) and one.id in _BROAD for one in kinds
        ):
            pass
        case _:
            return False
    for node in _nodes(handler):
        match node:
            case ast.Raise() | ast.Assert():
                return False
            case ast.Call(func=ast.Attribute(attr="fail" | "exit" | "skip")):
                return False
            case ast.Call(func=ast.Name(id="fail" | "exit")):
                return False
    return True


def _is_tautology(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
    match left, operator, right:
        case ast.Constant(value=one), ast.Eq() | ast.Is(), ast.Constant(value=other):
            return bool(one == other)
        case (
            ast.Constant(value=one),
            ast.NotEq() | ast.IsNot(),
            ast.Constant(value=other),
        ):
            return bool(one != other)
        case ast.Call(func=ast.Name(id="len")), ast.GtE(), ast.Constant(value=0):
            return True
    is_same = isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE)
    return is_same and _is_same(left, right)


def _is_excluded(values: list[ast.expr]) -> bool:
    """`x is None or x is not None`: one of the two holds."""
    kinds = set()
    for one in values:
        match one:
            case ast.Compare(
                left=ast.Name(id=name),
                ops=[ast.Is() | ast.IsNot() as operator],
                comparators=[ast.Constant(value=None)],
            ):
                if (name, not isinstance(operator, ast.Is)) in kinds:
                    return True
                kinds.add((name, isinstance(operator, ast.Is)))
    return False


def _is_same(left: ast.expr, right: ast.expr) -> bool:
    """Whether two expressions read the same and call nothing."""
    ours, theirs = list(_nodes(left)), list(_nodes(right))
    if len(ours) != len(theirs) or len(ours) >= _MAX_NODES:
        return False
    return all(
        _label(one) == _label(other) and not isinstance(one, ast.Call)
        for one, other in zip(ours, theirs, strict=True)
    )


def _label(node: ast.AST) -> tuple[str, str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return type(node).__name__, name
        case ast.Constant(value=value):
            return type(value).__name__, str(hash(value))
    return type(node).__name__, ""


def _nodes(holder: ast.AST) -> Iterator[ast.AST]:
    for node, _ in zip(ast.walk(holder), range(_MAX_NODES), strict=False):
        yield node
