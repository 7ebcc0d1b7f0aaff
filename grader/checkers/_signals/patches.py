"""Code that replaces parts of what runs and reports the tests."""

import ast
import re
from collections.abc import Iterator

import pytest

from grader.checkers._signals.sight import Code, Sight

_MACHINERY = frozenset({"pytest", "_pytest", "pluggy", "coverage", "pytest_cov"})
_DOTTED = re.compile(rf"({'|'.join(sorted(_MACHINERY))})\.[\w.]+")
_REPORT_TYPES = re.compile(
    r"(_?pytest\.|_pytest\.(reports|runner)\.)(TestReport|CallInfo|CollectReport)(\.\w+)*"
)
_UNITTEST_PARTS = re.compile(
    r"unittest\.(case\.)?(IsolatedAsyncio)?TestCase\.(assert\w*|fail\w*|run|debug|__\w+__"
    r"|_call\w+|_outcome)"
)
# What a test item runs when its turn comes.
_BODIES = frozenset({"obj", "_obj", "runtest"})
# Any assertion that fails makes one of these.
_ASSERTIONS = frozenset({"builtins.AssertionError", "AssertionError.__init__"})


def patches(code: Code) -> Iterator[Sight]:
    """Every such place in a file."""
    for node in code.names.nodes:
        match node:
            case ast.Assign(targets=targets):
                yield from _assigned(targets, code)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=_):
                yield from _assigned([target], code)
            case ast.Delete(targets=targets):
                yield from _assigned(targets, code)
            case ast.Call():
                yield from _called(node, code)
            case ast.ClassDef(bases=bases):
                if any(_is_report_type(base, code) for base in bases):
                    yield Sight("makes-reports", node.lineno, _REPORTS)


_REPORTS = "A report on a test is made here, and not by pytest."


def _assigned(targets: list[ast.expr], code: Code) -> Iterator[Sight]:
    for target in targets:
        match target:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                yield from _assigned(parts[:20], code)
            case ast.Attribute(attr=attr, value=of):
                name = code.names.qualified(target)
                if name and (_is_part(name) or name in _ASSERTIONS):
                    yield _replaced(name, target.lineno)
                elif attr == "__code__":
                    yield Sight(
                        "replaces-code",
                        target.lineno,
                        "A function is given the code of another one.",
                    )
                elif attr in _BODIES and code.is_test_side and _is_item(of, code):
                    yield Sight(
                        "replaces-test-bodies",
                        target.lineno,
                        f"`{ast.unparse(target)}` is assigned: a test then runs "
                        "something else than what is written in it.",
                    )
            case ast.Subscript(value=of, slice=ast.Constant(value=str(key))):
                if code.names.qualified(of) == "sys.modules" and _is_module(key):
                    yield _replaced(key, target.lineno)


def _called(call: ast.Call, code: Code) -> Iterator[Sight]:
    match call:
        case ast.Call(func=func) if _is_report_type(func, code):
            yield Sight("makes-reports", call.lineno, _REPORTS)
        case ast.Call(
            func=ast.Name(id="setattr" | "delattr"),
            args=[of, ast.Constant(value=str(attr)), *_],
        ):
            yield from _set(of, attr, call, code)
        case ast.Call(
            func=ast.Attribute(attr="setattr" | "delattr" | "object"),
            args=[of, ast.Constant(value=str(attr)), *_],
        ):
            yield from _set(of, attr, call, code)
        case ast.Call(
            func=(
                ast.Name(id="patch")
                | ast.Attribute(attr="patch" | "setattr" | "delattr")
            ),
            args=[ast.Constant(value=str(dotted)), *_],
        ):
            if len(dotted) < 200 and _DOTTED.fullmatch(dotted) and _is_part(dotted):
                yield _replaced(dotted, call.lineno)


def _set(of: ast.expr, attr: str, call: ast.Call, code: Code) -> Iterator[Sight]:
    name = code.names.qualified(of)
    if name and _is_part(f"{name}.{attr}"):
        yield _replaced(f"{name}.{attr}", call.lineno)
    elif attr in _BODIES and code.is_test_side and _is_item(of, code):
        yield Sight(
            "replaces-test-bodies",
            call.lineno,
            f"`{attr}` of a test is set: it then runs something else than what is "
            "written in it.",
        )


def _is_part(name: str) -> bool:
    """Whether a dotted name is something that belongs to pytest, coverage or unittest.

    `pytest.frame = …` adds a name of one's own, as courses teach for passing data around.
    """
    top, _, rest = name.partition(".")
    if top == "pytest":
        return rest.partition(".")[0] in vars(pytest)
    return bool(rest and top in _MACHINERY) or bool(_UNITTEST_PARTS.fullmatch(name))


def _is_module(name: str) -> bool:
    return name.partition(".")[0] in _MACHINERY | {"unittest"}


def _is_report_type(node: ast.expr, code: Code) -> bool:
    name = code.names.qualified(node)
    return name is not None and bool(_REPORT_TYPES.fullmatch(name))


def _is_item(node: ast.expr, code: Code) -> bool:
    match node:
        case ast.Name(id="self" | "cls"):
            return False
        case ast.Name(id=name):
            around = code.function_around(node)
            is_hook = around is not None and around.name.startswith("pytest_")
            return is_hook or name in ("item", "pyfuncitem", "node")
        case ast.Attribute(attr=attr):
            return attr in ("node", "_pyfuncitem", "item")
    return False


def _replaced(name: str, line: int) -> Sight:
    return Sight(
        "replaces-test-machinery",
        line,
        f"`{name}`, a part of what runs or measures the tests, is replaced.",
    )
