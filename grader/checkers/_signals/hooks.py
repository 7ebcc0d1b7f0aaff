"""Hooks of pytest, in a conftest.py or a plugin, that decide over what is reported.

What such files do every day is no signal: options, markers, fixtures, paths, a note of each
phase's report on its item, skipping what an option or a marker of the test asks to skip.
"""

import ast
from collections.abc import Callable, Iterator
from itertools import islice

from grader.checkers._signals.sight import FUNCTIONS, Code, Function, Sight

_RESULT_PARTS = frozenset({"outcome", "wasxfail", "excinfo", "_excinfo", "_result"})
_FORCING = frozenset({"force_result", "force_exception"})
_UNPLUGGING = frozenset({"unregister", "set_blocked", "subset_hook_caller"})
# The hooks in which a value that is returned stands in for pytest's own doing.
_STANDING_IN = frozenset(
    {
        *("pytest_runtest_makereport", "pytest_runtest_protocol"),
        *("pytest_runtestloop", "pytest_pyfunc_call", "pytest_cmdline_main"),
        *("pytest_make_collect_report", "pytest_report_from_serializable"),
    }
)
_AROUND_A_TEST = frozenset(
    {
        *("pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call"),
        *("pytest_runtest_teardown", "pytest_runtest_makereport", "pytest_pyfunc_call"),
    }
)
# What a hook looks at before it leaves tests out on request.
_ASKING = frozenset(
    {
        *("getoption", "getini", "get_closest_marker", "iter_markers", "keywords"),
        *("environ", "getenv", "own_markers", "option", "getvalue", "listchain"),
    }
)
_LEAVING_OUT = frozenset(
    {
        *("pytest_collection_modifyitems", "pytest_itemcollected"),
        *("pytest_runtest_setup", "pytest_runtest_call"),
    }
)
_MANY = 2_000


def leaves_out_unasked(code: Code) -> bool:
    """Whether a hook here could leave tests out without looking at an option or a marker."""
    return any(
        isinstance(node, FUNCTIONS)
        and node.name in _LEAVING_OUT
        and not any(
            _mentions(part, name)
            for part in islice(ast.walk(node), _MANY)
            for name in _ASKING
        )
        for node in code.names.nodes
    )


def hooks(code: Code) -> Iterator[Sight]:
    """Every such place in a file, in functions and in methods of plugins."""
    for node in code.names.nodes:
        if isinstance(node, FUNCTIONS) and node.name.startswith("pytest_"):
            inside = list(islice(ast.walk(node), _MANY))
            for look in _LOOKS:
                yield from look(node, inside, code)
    for node in code.names.nodes:
        if isinstance(node, FUNCTIONS) and _is_autouse(node):
            yield from _marks_all(node, list(islice(ast.walk(node), _MANY)), code)


def _results(hook: Function, inside: list[ast.AST], code: Code) -> Iterator[Sight]:
    """A hook that sets the outcome of a test."""
    for node in inside:
        line = 0
        match node:
            case ast.Attribute(attr=attr, ctx=ast.Store()) if attr in _RESULT_PARTS:
                line = node.lineno
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _FORCING:
                line = node.lineno
            case ast.Call(
                func=ast.Name(id="setattr"), args=[_, ast.Constant(value=attr), *_]
            ) if (attr in _RESULT_PARTS):
                line = node.lineno
            case ast.Attribute(attr="__dict__") if hook.name in _AROUND_A_TEST:
                line = node.lineno
        if line:
            yield Sight(
                "hook-changes-outcomes",
                line,
                f"The hook `{hook.name}` sets the outcome of tests.",
            )


def _standing_in(hook: Function, inside: list[ast.AST], code: Code) -> Iterator[Sight]:
    """A hook that answers in pytest's place, or that hides what a test raises."""
    own = [node for node in inside if _is_own(node, hook, code)]
    yields = [node for node in own if isinstance(node, ast.Yield)]
    if hook.name in _AROUND_A_TEST:
        for node in own:
            if isinstance(node, ast.Try) and _hides(node):
                yield Sight(
                    "hook-hides-failures",
                    node.lineno,
                    f"The hook `{hook.name}` catches what a test raises and goes on.",
                )
    if hook.name not in _STANDING_IN:
        return
    returned = [
        node
        for node in own
        if isinstance(node, ast.Return) and not _is_none(node.value)
    ]
    if yields:
        received = {
            target.id
            for node in own
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Yield)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        returned = [
            node
            for node in returned
            if not isinstance(node.value, ast.Yield)
            and not (isinstance(node.value, ast.Name) and node.value.id in received)
        ]
    elif any(_mentions(node, "iscoroutinefunction") for node in inside):
        # How a project runs its `async def` tests without a plugin.
        return
    for node in returned:
        yield Sight(
            "hook-stands-in",
            node.lineno,
            f"The hook `{hook.name}` answers in pytest's place.",
        )


def _leaving_out(hook: Function, inside: list[ast.AST], code: Code) -> Iterator[Sight]:
    """A hook that drops tests, or marks all of them, without being asked to."""
    if hook.name not in _LEAVING_OUT:
        return
    if not any(_mentions(node, name) for node in inside for name in _ASKING):
        for node in inside:
            if _drops(node):
                yield Sight(
                    "hook-drops-tests",
                    getattr(node, "lineno", hook.lineno),
                    f"The hook `{hook.name}` takes tests out of the run.",
                )
    yield from _marks_all(hook, inside, code)


def _drops(node: ast.AST) -> bool:
    match node:
        case ast.Assign(
            targets=[ast.Subscript(value=ast.Name(id="items"))], value=value
        ):
            return not (
                isinstance(value, ast.Call)
                and isinstance(value.func, ast.Name)
                and value.func.id in ("sorted", "reversed", "list")
            )
        case ast.Delete(targets=[ast.Subscript(value=ast.Name(id="items")), *_]):
            return True
        case ast.Call(func=ast.Attribute(attr=attr, value=ast.Name(id="items"))):
            return attr in ("clear", "pop", "remove")
    return False


def _marks_all(hook: Function, inside: list[ast.AST], code: Code) -> Iterator[Sight]:
    for node in inside:
        match node:
            case ast.Call(func=ast.Attribute(attr="add_marker"), args=[mark, *_]):
                called = _mark(mark, code)
            case _:
                continue
        if called and not _is_conditional(node, hook, code):
            yield Sight(
                "hook-marks-all",
                node.lineno,
                f"`{hook.name}` marks every test with `{called}`.",
            )


def _mark(value: ast.expr, code: Code) -> str | None:
    if isinstance(value, ast.Name):
        made = code.assigned.get(value.id, [])
        value = made[0] if made else value
    if isinstance(value, ast.Constant) and value.value in ("skip", "xfail"):
        return str(value.value)
    called = value.func if isinstance(value, ast.Call) else value
    name = code.names.qualified(called) or ""
    kind = name.removeprefix("pytest.mark.")
    return kind if kind != name and kind in ("skip", "xfail") else None


def _is_conditional(node: ast.AST, hook: Function, code: Code) -> bool:
    for parent in code.above(node):
        if parent is hook:
            return False
        match parent:
            case ast.If(test=test) | ast.IfExp(test=test):
                if not isinstance(test, ast.Constant):
                    return True
            case ast.ExceptHandler() | ast.Match():
                return True
    return False


def _session(hook: Function, inside: list[ast.AST], code: Code) -> Iterator[Sight]:
    """A hook that sets the exit status, or takes a plugin out."""
    for node in inside:
        match node:
            case ast.Attribute(attr="exitstatus", ctx=ast.Store()):
                if not _is_about_no_tests(inside):
                    yield Sight(
                        "hook-sets-exit-status",
                        node.lineno,
                        f"The hook `{hook.name}` sets the exit status of the run.",
                    )
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _UNPLUGGING:
                yield Sight(
                    "hook-unplugs",
                    node.lineno,
                    f"The hook `{hook.name}` takes a plugin out of the run.",
                )


def _is_about_no_tests(inside: list[ast.AST]) -> bool:
    # "No tests were collected" is no failure here: a recipe that many use.
    return any(
        isinstance(node, ast.Constant)
        and node.value == 5
        or _mentions(node, "NO_TESTS_COLLECTED")
        for node in inside
    )


def _hides(node: ast.Try) -> bool:
    has_yield = any(
        isinstance(part, ast.Yield)
        for statement in node.body
        for part in islice(ast.walk(statement), _MANY)
    )
    return has_yield and any(
        not any(
            isinstance(part, ast.Raise)
            for statement in handler.body
            for part in islice(ast.walk(statement), _MANY)
        )
        for handler in node.handlers
    )


def _is_own(node: ast.AST, hook: Function, code: Code) -> bool:
    """Whether a node belongs to the hook itself and not to a function within it."""
    return code.function_around(node) is hook


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (
        isinstance(value, ast.Constant) and value.value in (None, False)
    )


def _mentions(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Attribute(attr=found) | ast.Name(id=found):
            return found == name
    return False


def _is_autouse(function: Function) -> bool:
    return any(
        keyword.arg == "autouse"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    )


_LOOKS: tuple[Callable[[Function, list[ast.AST], Code], Iterator[Sight]], ...] = (
    *(_results, _standing_in, _leaving_out, _session),
)
