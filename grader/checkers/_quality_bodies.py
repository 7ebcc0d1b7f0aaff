"""What one function of a test suite does: what it asserts, names, expects and gives."""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.checkers._quality_vacuous import (
    is_vacuous,
    is_vacuous_call,
    swallows,
    without_asserting,
)
from grader.codebase.code import Code, CodeFile, Defined, Function
from grader.codebase.names import last_name
from grader.codebase.stages import words_of

# Of one function: far above what people write.
_MAX_NODES = 30_000
_MAX_LITERAL = 2_000
_EXPECTS = frozenset(
    "pytest.raises pytest.warns pytest.deprecated_call RaisesGroup".split()
)
_ERRORS = frozenset(
    "pytest.raises assertRaises assertRaisesRegex pytest.RaisesGroup".split()
)
_FAILS = frozenset({"pytest.fail", "pytest.exit"})
_MOCKS = ("unittest.mock.", "mock.", "pytest_mock.")
_PATCHES = ("unittest.mock.patch", "mock.patch")
_MOCKING = frozenset(
    {"setattr", "setitem", "patch", "object", "MagicMock", "Mock", "AsyncMock"}
)
# What raises where something is wrong: an assertion by another name.
_RAISES = frozenset("raise_for_status check_is_fitted check_estimator".split())
_HTTP = frozenset("get post put delete patch request".split())
_ON_DATA = frozenset(
    "columns dtypes dtype isna isnull notna notnull between duplicated unique nunique "
    "drop_duplicates select_dtypes hasnans".split()
)
_ON_MODEL = frozenset(
    "fit predict predict_proba fit_predict score decision_function".split()
)
_READS = re.compile(
    r"((geo)?pandas|polars|dask\.dataframe)\.(read|scan)_\w+"
    r"|numpy\.(load|loadtxt|genfromtxt)|torch\.load|datasets\.load_from_disk"
)
_OF_DATA = frozenset("data dataset datasets".split())
_OF_MODELS = frozenset("model models checkpoint checkpoints weights state".split())
_NO_VALUES = frozenset(
    "numpy.nan numpy.inf numpy.NaN math.nan math.inf pandas.NA pandas.NaT "
    "polars.Null".split()
)
_TABLES = frozenset(
    "pandas.DataFrame pandas.Series numpy.array numpy.empty polars.DataFrame "
    "polars.Series".split()
)
_WRITTEN = (
    *(ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set),
    *(ast.Load, ast.UnaryOp, ast.USub),
)


@dataclass(frozen=True, eq=False)
class Body:
    """One function of the suite, read. Lists of lines say where something stands.

    `vacuous` are assertions that hold whatever happens. `helpers` are the functions of the
    suite that it names, `own_methods` the methods that it calls on itself, `named` what of
    the project it names and `called` what of that it calls. `routes` are the paths that
    it asks a web application for, with the method. `is_empty`: it does nothing;
    `is_swallowed`: whatever it does, errors included, is caught and forgotten.
    """

    file: CodeFile
    node: Function
    assertions: list[int] = field(default_factory=list)
    vacuous: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    on_data: list[int] = field(default_factory=list)
    on_model: list[int] = field(default_factory=list)
    mocks: list[int] = field(default_factory=list)
    helpers: list[tuple[CodeFile, Function]] = field(default_factory=list)
    own_methods: list[str] = field(default_factory=list)
    named: dict[ast.AST, Defined] = field(default_factory=dict)
    called: dict[ast.AST, Defined] = field(default_factory=dict)
    routes: list[tuple[str, str]] = field(default_factory=list)
    is_empty: bool = False
    is_swallowed: bool = False
    skips: bool = False


def read_body(code: Code, file: CodeFile, node: Function) -> Body:
    """Read a function of the suite once."""
    statements = _live(code, file, node.body)
    working = [one for one in statements if not _is_idle(one)]
    body = Body(
        file=file,
        node=node,
        is_empty=not working and not any(map(_imports_more, statements)),
        is_swallowed=bool(working) and all(map(swallows, working)),
        skips=bool(statements) and _skips(code, file, statements[-1]),
    )
    _Reader(code, file, body).read(statements)
    return body


class _Reader:
    """Goes through a function and notes what it sees in its `Body`."""

    def __init__(self, code: Code, file: CodeFile, body: Body) -> None:
        self._code, self._file, self._body = code, file, body
        self._patched = frozenset(
            inner
            for one in body.node.decorator_list
            if (code.symbol(file, one) or "").startswith(_PATCHES)
            for inner in _bounded(one)
        )

    def read(self, statements: Sequence[ast.stmt]) -> None:
        """Everything in some statements, what is defined in them only by name."""
        stack: list[tuple[ast.AST, bool]] = [(one, False) for one in statements]
        stack += [(one, False) for one in self._body.node.decorator_list]
        for _ in range(_MAX_NODES):
            if not stack:
                return
            node, is_forgotten = stack.pop()
            self._note(node, is_forgotten)
            if isinstance(node, ast.ClassDef | Function):
                stack += [(one, is_forgotten) for one in node.decorator_list]
                if isinstance(node, ast.ClassDef):
                    stack += [(one, is_forgotten) for one in node.bases]
                continue
            forgotten = without_asserting(node)
            for child in ast.iter_child_nodes(node):
                stack.append((child, is_forgotten or child in forgotten))

    def _note(self, node: ast.AST, is_forgotten: bool) -> None:
        match node:
            case ast.Assert(test=test):
                self._assertion(node.lineno, is_forgotten or is_vacuous(test))
                self._looks(test)
            case ast.With() | ast.AsyncWith():
                self._expects(node, is_forgotten)
            case ast.Raise(exc=ast.Name(id="AssertionError")) | ast.Raise(
                exc=ast.Call(func=ast.Name(id="AssertionError"))
            ):
                self._assertion(node.lineno, is_forgotten)
            case ast.Call():
                self._call(node, is_forgotten)
            case ast.Name(ctx=ast.Load()) | ast.Attribute():
                self._name(node)
            case ast.List() | ast.Tuple() | ast.Dict() | ast.Set():
                if node not in self._patched:
                    self._literal(node)
            case ast.Slice(lower=None | ast.Constant(value=0), upper=upper):
                match upper:
                    case ast.Constant(value=0):
                        self._body.edges.append(upper.lineno)

    def _assertion(self, line: int, is_vacuous: bool) -> None:
        (self._body.vacuous if is_vacuous else self._body.assertions).append(line)

    def _looks(self, test: ast.expr) -> None:
        """What an assertion looks at, also by a variable that is made of it."""
        nodes = list(_bounded(test))
        for node in tuple(nodes):
            if isinstance(node, ast.Name) and (value := self._file.names.value(node)):
                nodes += _bounded(value)
        for node in nodes[:_MAX_NODES]:
            match node:
                case ast.Attribute(attr=name) if name in _ON_DATA:
                    self._body.on_data.append(node.lineno)
                case ast.Compare(
                    left=ast.Attribute(attr="status_code"),
                    ops=[ast.Eq() | ast.In()],
                    comparators=[expected],
                ):
                    codes = _numbers(expected)
                    if codes and min(codes) >= 400:
                        self._body.errors.append(node.lineno)

    def _expects(self, node: ast.With | ast.AsyncWith, is_forgotten: bool) -> None:
        for item in node.items:
            call = item.context_expr
            if not isinstance(call, ast.Call):
                continue
            name = self._code.symbol(self._file, call.func) or ""
            method = last_name(call.func)
            if name in _EXPECTS or method in _ERRORS or method == "assertWarns":
                has_subject = any(map(self._is_subject, node.body))
                self._assertion(node.lineno, is_forgotten or not has_subject)
                if has_subject and (name in _ERRORS or method in _ERRORS):
                    self._body.errors.append(node.lineno)

    def _call(self, call: ast.Call, is_forgotten: bool) -> None:
        name = self._code.symbol(self._file, call.func) or ""
        method = last_name(call.func)
        defined = self._code.defined(self._file, call.func)
        if defined is not None and not defined.file.is_test:
            self._body.called[defined.node] = defined
            self._inputs(call)
        if is_self_call(call):
            self._body.own_methods.append(method)
        if name in _FAILS or method == "fail" and is_self_call(call):
            self._assertion(call.lineno, is_forgotten)
        elif method in _RAISES:
            self._assertion(call.lineno, is_forgotten)
        elif method in _ERRORS or name in _EXPECTS:
            if len(call.args) > 1:
                has_subject = any(map(self._is_subject, call.args[1:]))
                self._assertion(call.lineno, is_forgotten or not has_subject)
                if has_subject and (name in _ERRORS or method in _ERRORS):
                    self._body.errors.append(call.lineno)
        elif method.startswith("assert") and not self._is_of_suite(defined):
            self._assertion(call.lineno, is_forgotten or is_vacuous_call(method, call))
            for argument in call.args:
                self._looks(argument)
        self._mocked(call, name, method)
        self._asked(call, method)
        if method in _ON_MODEL and isinstance(call.func, ast.Attribute):
            self._body.on_model.append(call.lineno)
        if _READS.fullmatch(name) and call.args and _is_data(call.args[0]):
            self._body.on_data.append(call.lineno)
        if self._is_nothing(call, name):
            self._body.edges.append(call.lineno)

    def _is_of_suite(self, defined: Defined | None) -> bool:
        return defined is not None and defined.file.is_test

    def _mocked(self, call: ast.Call, name: str, method: str) -> None:
        is_mock = name.startswith(_MOCKS) and method in _MOCKING
        is_patched = name.split(".")[0] in ("monkeypatch", "mocker") or (
            isinstance(call.func, ast.Attribute)
            and _first(call.func) in ("monkeypatch", "mocker", "mock", "patch")
        )
        if is_mock or is_patched and method in _MOCKING:
            self._body.mocks.append(call.lineno)

    def _asked(self, call: ast.Call, method: str) -> None:
        if method not in _HTTP or not isinstance(call.func, ast.Attribute):
            return
        match call.args:
            case [ast.Constant(value=str(path)), *_] if path.startswith("/"):
                self._body.routes.append((method, path.partition("?")[0]))
            case [ast.JoinedStr(values=[ast.Constant(value=str(path)), *_]), *_]:
                self._body.routes.append((method, path.partition("?")[0]))

    def _name(self, node: ast.Name | ast.Attribute) -> None:
        if (defined := self._code.defined(self._file, node)) is None:
            if self._code.symbol(self._file, node) in _NO_VALUES:
                self._body.edges.append(node.lineno)
            return
        if not self._is_suites(defined):
            self._body.named[defined.node] = defined
        elif isinstance(defined.node, Function):
            self._body.helpers.append((defined.file, defined.node))

    def _is_suites(self, defined: Defined) -> bool:
        return defined.file.is_test or defined.file is self._file

    def _literal(self, node: ast.List | ast.Tuple | ast.Dict | ast.Set) -> None:
        """Values in data that are at an edge: None, NaN, less than nothing."""
        values: Sequence[ast.expr | None]
        values = node.values if isinstance(node, ast.Dict) else node.elts
        for value in values[:200]:
            if isinstance(node, ast.List) and _is_none(value) or _is_negative(value):
                self._body.edges.append(node.lineno)
            elif isinstance(node, ast.Dict) and _is_blank(value):
                self._body.edges.append(node.lineno)

    def _inputs(self, call: ast.Call) -> None:
        """What the project's own function is given: nothing, none of it, less than none."""
        for value in call.args:
            if _is_none(value) or _is_blank(value) or _is_negative(value):
                self._body.edges.append(call.lineno)
        for keyword in call.keywords:
            if _is_blank(keyword.value) or _is_negative(keyword.value):
                self._body.edges.append(call.lineno)

    def _is_nothing(self, call: ast.Call, name: str) -> bool:
        """A table without rows, an empty file, a float that is none."""
        given: list[ast.expr] = [*call.args, *(one.value for one in call.keywords)]
        if name in _TABLES:
            of_columns = [one.arg for one in call.keywords] == ["columns"]
            return not given or not call.args and of_columns or _is_blank(given[0])
        match call:
            case ast.Call(
                func=ast.Attribute(attr="write_text"), args=[ast.Constant(value=""), *_]
            ):
                return True
            case ast.Call(
                func=ast.Attribute(attr="head"), args=[ast.Constant(value=0)]
            ):
                return True
            case ast.Call(
                func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]
            ):
                return text.strip("+-").lower() in ("nan", "inf", "infinity")
        return False

    def _is_subject(self, holder: ast.AST) -> bool:
        """Whether anything but builtins and libraries is called or looked at."""
        for node in _bounded(holder):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if self._file.names.qualified(node) is None:
                    return True
                if self._code.defined(self._file, node) is not None:
                    return True
                # A module of the project: `main_module.main()`.
                dotted = self._code.symbol(self._file, node) or ""
                first = self._file.names.qualified(node) or ""
                if not self._file.names.is_builtin(node) and (
                    self._code.modules.find(first, self._file.path) is not None
                    or "()" in dotted
                ):
                    return True
        return False


def _live(code: Code, file: CodeFile, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements up to the one that ends the function: a return, a skip."""
    live: list[ast.stmt] = []
    for one in statements:
        live.append(one)
        if isinstance(one, ast.Return | ast.Raise) or _skips(code, file, one):
            break
    return live


def _skips(code: Code, file: CodeFile, statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=called)):
            name = code.symbol(file, called)
            return name in ("pytest.skip", "pytest.xfail") or (
                last_name(called) == "skipTest"
            )
        case ast.Raise(exc=ast.Call(func=called)):
            return code.symbol(file, called) == "unittest.SkipTest"
    return False


def _is_idle(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
            return True
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case ast.Assign(targets=[ast.Name()], value=value):
            return _is_literal(value)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or _is_literal(value)
    return False


def _imports_more(statement: ast.stmt) -> bool:
    """Whether it imports what may not be there, as the standard library always is."""
    match statement:
        case ast.Import(names=names):
            modules = [one.name for one in names]
        case ast.ImportFrom(module=module, level=level):
            modules = [module or ""] if not level else [""]
        case _:
            return False
    return any(one.partition(".")[0] not in sys.stdlib_module_names for one in modules)


def _is_literal(value: ast.expr) -> bool:
    """Whether it is written out, without a name or a call: nothing in it can fail."""
    nodes = list(_bounded(value))
    return len(nodes) < _MAX_LITERAL and all(isinstance(one, _WRITTEN) for one in nodes)


def is_self_call(call: ast.Call) -> bool:
    """Whether it calls a method of the object itself."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return True
    return False


def _is_none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_blank(value: ast.expr | None) -> bool:
    match value:
        case ast.List(elts=[]) | ast.Tuple(elts=[]):
            return True
        case ast.Constant(value=""):
            return True
    return False


def _is_negative(value: ast.expr | None) -> bool:
    match value:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
    return False


def _numbers(expected: ast.expr) -> list[int]:
    """The status codes in `422`, `{400, 422}`, `status.HTTP_404_NOT_FOUND`."""
    match expected:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            several = parts[:20]
        case _:
            several = [expected]
    found: list[int] = []
    for one in several:
        match one:
            case ast.Constant(value=int(number)):
                found.append(number)
            case ast.Attribute(attr=name) if name.startswith("HTTP_"):
                digits = name.split("_")[1]
                found += (
                    [int(digits)] if digits.isdecimal() and len(digits) == 3 else []
                )
    return found


def _first(called: ast.expr) -> str:
    for _ in range(20):
        match called:
            case ast.Attribute(value=inner):
                called = inner
            case ast.Name(id=name):
                return name
            case _:
                break
    return ""


def _is_data(path: ast.expr) -> bool:
    """Whether the words of a path say that data is there, and no model."""
    words: set[str] = set()
    for node in _bounded(path):
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text):
                words.update(words_of(text))
            case ast.Constant(value=str(text)):
                words.update(words_of(text[:_MAX_LITERAL]))
    return not _OF_DATA.isdisjoint(words) and _OF_MODELS.isdisjoint(words)


def _bounded(holder: ast.AST) -> Iterator[ast.AST]:
    for node, _ in zip(ast.walk(holder), range(_MAX_LITERAL), strict=False):
        yield node
