"""Tests that are written in the code, to be compared with those that pytest collected.

Only what is certain counts as written: `def` directly in a file or in a class that pytest
would take, once under its name, with no decorator but those that leave a test a test.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from _pytest.config.exceptions import UsageError

# Pytest's own rule for which file it reads and how; pytest is pinned exactly.
from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME
from _pytest.outcomes import OutcomeException

from grader.checkers._signals.sight import FUNCTIONS, Code, Function, signal
from grader.codebase.names import read_names
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

_TEST_CASES = frozenset(
    {
        *("unittest.TestCase", "unittest.IsolatedAsyncioTestCase"),
        *("unittest.case.TestCase", "unittest.async_case.IsolatedAsyncioTestCase"),
    }
)
_KEEPING = (
    *(
        "pytest.mark.",
        "unittest.mock.patch",
        "mock.patch",
        "hypothesis.",
        "unittest.skip",
    ),
    *("unittest.expectedFailure", "freezegun.freeze_time", "staticmethod"),
)
# Where pytest doesn't look by itself.
_NOT_ENTERED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv")
_SHOWN = 5


@dataclass(frozen=True)
class NamingRules:
    """By which names pytest knows files, classes and functions as tests; its defaults.

    `places` are the folders and files to which the settings confine it, if they do, and
    `not_entered` the folders that it passes by.
    """

    files: tuple[str, ...] = ("test_*.py", "*_test.py")
    classes: tuple[str, ...] = ("Test",)
    functions: tuple[str, ...] = ("test",)
    places: tuple[str, ...] = ()
    not_entered: tuple[str, ...] = _NOT_ENTERED

    def is_file(self, path: str) -> bool:
        """Whether a path's name is one of a test file, in a folder that pytest enters."""
        pure = PurePosixPath(path)
        folders = pure.parts[:-1]
        if any(fnmatch(part, no) for part in folders for no in self.not_entered):
            return False
        if self.places and not any(
            str(parent) in self.places for parent in (pure, *pure.parents)
        ):
            return False
        return any(
            fnmatch(pure.name if "/" not in rule else path, rule) for rule in self.files
        )


def read_naming_rules(snapshot: Snapshot, settings_file: str | None) -> NamingRules:
    """The rules of the repository's own pytest settings; never raises."""
    load = CONFIG_LOADERS_BY_NAME.get(settings_file or "")
    if settings_file is None or load is None:
        return NamingRules()
    try:
        values = load(snapshot.root / settings_file) or {}
    except (
        UsageError,
        OutcomeException,
        AttributeError,
        TypeError,
        ValueError,
        OSError,
    ):
        return NamingRules()
    default = NamingRules()

    def words(name: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        if name not in values:
            return otherwise
        value = values[name].value
        if isinstance(value, list):
            return tuple(str(word) for word in value)
        return tuple(str(value).split())

    places = words("testpaths", ())
    return NamingRules(
        files=words("python_files", default.files),
        classes=words("python_classes", default.classes),
        functions=words("python_functions", default.functions),
        places=tuple(str(PurePosixPath(place)) for place in places if place != "."),
        not_entered=words("norecursedirs", default.not_entered),
    )


def declared_tests(
    snapshot: Snapshot, rules: NamingRules
) -> Mapping[str, Mapping[str, int]]:
    """For each test file its tests (`test_a`, `TestB::test_c`) with their lines."""
    found: dict[str, Mapping[str, int]] = {}
    for path in snapshot.python_files:
        tree = snapshot.module(path).tree
        if tree is None or not rules.is_file(path):
            continue
        code = Code(path, tree, read_names(tree))
        # A file that says itself what is a test and what isn't.
        if any(
            isinstance(node, ast.Name) and node.id == "__test__"
            for node in code.names.nodes
        ):
            continue
        tests = dict(_in_body(tree.body, "", False, rules, code))
        if tests:
            found[path] = tests
    return found


def missing_signals(
    declared: Mapping[str, Mapping[str, int]],
    seen: Mapping[str, Collection[str]],
    excused: Collection[str],
) -> tuple[Finding, ...]:
    """One signal for each file with tests of which pytest has seen nothing.

    `seen` are by file the tests that were collected, those that settings deselected
    included. Files in `excused` could not be collected, or say themselves that they are
    skipped.
    """
    found: list[Finding] = []
    for path, tests in declared.items():
        if path in excused:
            continue
        missing = {n: line for n, line in tests.items() if n not in seen.get(path, ())}
        if not missing:
            continue
        names = ", ".join(list(missing)[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        found.append(
            signal(
                "tests-not-collected",
                f"{_tests(len(tests))} written here, {len(tests) - len(missing)} of them "
                f"collected. Missing: {names}{more}.",
                path,
                min(missing.values()),
            )
        )
    return tuple(found)


def _tests(count: int) -> str:
    return "1 test is" if count == 1 else f"{count} tests are"


def _in_body(
    body: Sequence[ast.stmt],
    prefix: str,
    is_test_case: bool,
    rules: NamingRules,
    code: Code,
) -> Iterator[tuple[str, int]]:
    """The tests directly in a body; of two under one name the later is what there is."""
    last: dict[str, ast.stmt] = {}
    for statement in body:
        for name in _bound(statement):
            last[name] = statement
    for name, statement in last.items():
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                patterns = ("test",) if is_test_case else rules.functions
                if _matches(name, patterns) and _is_test(statement, code):
                    yield prefix + name, statement.lineno
            case ast.ClassDef(body=inner) if statement.name == name:
                has_case = _is_test_case(statement, code)
                if has_case or (
                    _matches(name, rules.classes) and _is_test_class(statement, code)
                ):
                    yield from _in_body(
                        inner, f"{prefix}{name}::", has_case, rules, code
                    )


def _bound(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.ClassDef(name=name):
            yield name
        case _:
            # Also within `if` and `try`: whether it is bound there is not certain.
            for node in ast.walk(statement):
                match node:
                    case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                        yield name
                    case ast.alias(name=name, asname=asname):
                        yield asname or name
                    case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                        yield name


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(
        name.startswith(pattern)
        or (any(sign in pattern for sign in "*?[") and fnmatch(name, pattern))
        for pattern in patterns
    )


def _is_test(function: Function, code: Code) -> bool:
    has_yield = any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        and code.function_around(node) is function
        for node in ast.walk(function)
    )
    return not has_yield and _keeps(function.decorator_list, code)


def _keeps(decorators: Sequence[ast.expr], code: Code) -> bool:
    for decorator in decorators:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = code.names.qualified(called) or ""
        if not name.startswith(_KEEPING):
            return False
    return True


def _is_test_case(found: ast.ClassDef, code: Code) -> bool:
    names = [code.names.qualified(base) for base in found.bases]
    return (
        len(names) == 1
        and names[0] in _TEST_CASES
        and not found.keywords
        and _keeps(found.decorator_list, code)
    )


def _is_test_class(found: ast.ClassDef, code: Code) -> bool:
    # What another class brings with it, an `__init__` say, is not seen from here.
    if found.bases or found.keywords or not _keeps(found.decorator_list, code):
        return False
    return not any(
        isinstance(statement, FUNCTIONS) and statement.name in ("__init__", "__new__")
        for statement in found.body
    )
