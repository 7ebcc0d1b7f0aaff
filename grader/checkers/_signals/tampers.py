"""Test-side code that replaces the project's own functions for the whole of the run.

What the tests then see is not what was handed in. In a test or a fixture it is the usual way
to leave out what is slow, and so it is with `mock.patch`, with a whole module that is
stubbed in `sys.modules`, and where it is undone.
"""

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import islice

from grader.checkers._signals.bodies import own_nodes
from grader.checkers._signals.own import OwnCode
from grader.checkers._signals.sight import FUNCTIONS, Code, Function, Sight

_IMPORTING = frozenset({"importlib.import_module", "import_module", "__import__"})
_PATCHERS = frozenset({"pytest.MonkeyPatch", "_pytest.monkeypatch.MonkeyPatch"})
_WIDE = frozenset({"session", "package", "module"})
_UNDOING = frozenset({"addfinalizer", "addCleanup", "addModuleCleanup", "undo"})
# Far above what people write.
_MANY = 200
_MOST = 5_000
_MAX_STEPS = 5


@dataclass(frozen=True)
class _Place:
    """Where something is put: what is replaced by its dotted name, and by what."""

    node: ast.stmt | ast.expr
    name: str
    value: ast.expr | None


def tampers(code: Code, own: OwnCode) -> Iterator[Sight]:
    """Every such place in a file."""
    if not code.is_test_side:
        return
    lasting = _lasting(code)
    found = (
        place
        for node in code.names.nodes
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Call)
        and _runs_in(node, code, lasting)
        for place in _places(node, code)
    )
    places = [place for place in islice(found, _MOST) if own.has(place.name)]
    given_back = {
        (code.function_around(place.node), place.name)
        for place in places
        if _gives_back(place, code)
    }
    undone = {
        code.function_around(node)
        for node in code.names.nodes
        if isinstance(node, ast.Attribute) and node.attr == "undo"
    }
    for place in places:
        around = code.function_around(place.node)
        is_undone = isinstance(place.node, ast.Call) and around in undone
        if not is_undone and (around, place.name) not in given_back:
            yield Sight(
                "replaces-own-code",
                place.node.lineno,
                f"`{place.name}`, the project's own, is replaced here before the tests: "
                "they then see something else than what was handed in.",
            )


def _places(node: ast.AST, code: Code) -> Iterator[_Place]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value, node, code)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _targets(target, value, node, code)
        case ast.Call(func=ast.Name(id="setattr"), args=[of, attr, value]) if (
            code.names.qualified(node.func) == "setattr"
        ):
            yield from _named(of, attr, value, node, code)
        case ast.Call(func=ast.Attribute(attr="setattr", value=patcher), args=args):
            if not _is_patcher(patcher, code):
                return
            match args:
                case [ast.Constant(value=str(dotted)), value] if len(dotted) < _MANY:
                    yield _Place(node, dotted, value)
                case [of, attr, value]:
                    yield from _named(of, attr, value, node, code)
        case ast.Call(func=ast.Attribute(attr="update", value=of), keywords=keywords):
            module = _namespace(of, code)
            for keyword in keywords[:_MANY]:
                if module and keyword.arg:
                    yield _Place(node, f"{module}.{keyword.arg}", keyword.value)


def _targets(
    target: ast.expr, value: ast.expr, at: ast.stmt, code: Code
) -> Iterator[_Place]:
    match target:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            for number, part in enumerate(parts[:_MANY]):
                # `a.f, b.g = f, g`: each its own; of a call's result it is not known.
                given = values[number] if len(values) == len(parts) else value
                if isinstance(part, ast.Attribute | ast.Subscript):
                    yield from _targets(part, given, at, code)
        case ast.Attribute(attr=attr, value=of):
            if of_name := _dotted(of, code):
                yield _Place(at, f"{of_name}.{attr}", value)
        case ast.Subscript(value=of, slice=key):
            if module := _namespace(of, code):
                for name in _texts(key, code):
                    yield _Place(at, f"{module}.{name}", value)


def _named(
    of: ast.expr, attr: ast.expr, value: ast.expr, at: ast.expr, code: Code
) -> Iterator[_Place]:
    if of_name := _dotted(of, code):
        for name in _texts(attr, code):
            yield _Place(at, f"{of_name}.{name}", value)


def _namespace(of: ast.expr, code: Code) -> str | None:
    """The module or class of which this is the dictionary of names."""
    match of:
        case ast.Attribute(attr="__dict__", value=inner):
            return _dotted(inner, code)
        case ast.Call(func=ast.Name(id="vars"), args=[inner]):
            return _dotted(inner, code)
    return None


def _dotted(of: ast.expr, code: Code) -> str | None:
    """The dotted name of a module or class, also of one that was looked up by its name."""
    match of:
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
            return name if code.names.qualified(func) in _IMPORTING else None
        case ast.Subscript(value=modules, slice=ast.Constant(value=str(name))):
            return name if code.names.qualified(modules) == "sys.modules" else None
        case ast.Name(id=name) if code.names.qualified(of) is None:
            made = code.assigned.get(name, [])
            if len(made) == 1 and isinstance(made[0], ast.Call | ast.Subscript):
                return _dotted(made[0], code)
            return None
    return code.names.qualified(of)


def _texts(value: ast.expr, code: Code) -> Iterator[str]:
    """A text, or those that a name stands for: one, or those of a loop."""
    values = [value]
    if isinstance(value, ast.Name):
        values = code.assigned.get(value.id, [])[:_MANY]
    texts = (
        one.value
        for made in values
        for one in (made.elts if isinstance(made, ast.Tuple | ast.List) else [made])
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )
    yield from islice(texts, _MANY)


def _lasting(code: Code) -> frozenset[Function]:
    """The functions that run before the tests: hooks, wide fixtures, what those call."""
    by_name = {
        node.name: node for node in code.tree.body if isinstance(node, FUNCTIONS)
    }
    found = {
        node
        for node in code.names.nodes
        if isinstance(node, FUNCTIONS)
        and (node.name.startswith("pytest_") or _is_lasting_fixture(node, code))
    }
    called = [
        (by_name[node.func.id], node)
        for node in code.names.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in by_name
    ]
    for _ in range(_MAX_STEPS):
        more = {
            function
            for function, call in called
            if function not in found and _runs_in(call, code, found)
        }
        if not more:
            break
        found |= more
    return frozenset(found)


def _runs_in(node: ast.AST, code: Code, functions: Set[Function]) -> bool:
    """Whether a place is run when the file is imported, or by one of some functions."""
    for above in code.above(node):
        match above:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return above in functions
            case ast.Lambda():
                return False
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                return False
            case ast.Module():
                return True
    return False


def _is_lasting_fixture(function: Function, code: Code) -> bool:
    """Whether it is a fixture that every test of a file has, and that undoes nothing."""
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        if code.names.qualified(decorator.func) != "pytest.fixture":
            continue
        given = {
            keyword.arg: keyword.value.value
            for keyword in decorator.keywords
            if isinstance(keyword.value, ast.Constant)
        }
        if given.get("autouse") is True and given.get("scope") in _WIDE:
            return not any(_undoes(node) for node in own_nodes(function))
    return False


def _undoes(node: ast.AST) -> bool:
    match node:
        case ast.Yield() | ast.YieldFrom():
            return True
        case ast.Attribute(attr=attr):
            return attr in _UNDOING
    return False


def _is_patcher(patcher: ast.expr, code: Code) -> bool:
    """Whether it is a `MonkeyPatch()` of one's own: nobody undoes what it does."""
    made = [patcher]
    if isinstance(patcher, ast.Name):
        made = code.assigned.get(patcher.id, [])[:_MANY]
    return any(
        isinstance(one, ast.Call) and code.names.qualified(one.func) in _PATCHERS
        for one in made
    )


def _gives_back(place: _Place, code: Code) -> bool:
    """Whether what is put there is what was taken from there before."""
    if not isinstance(place.value, ast.Name):
        return False
    return any(
        _dotted(made, code) == place.name
        for made in code.assigned.get(place.value.id, [])[:_MANY]
    )
