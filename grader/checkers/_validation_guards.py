"""Guards in data validation: conditions on the data, and what they look at.

A guard is a condition (of an `if`, an `assert`, a comprehension) with everything that feeds
it: the variables in it by what they are assigned, the project's own functions that it calls
by their whole body. What a guard looks at is told by its operations (`.isna()`,
`not in frame.columns`), never by the words of its message. An `if` counts where something
comes of it: it raises, logs, collects, or gives something back.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from grader.codebase.code import Code, CodeFile, Defined, Function
from grader.codebase.stages import words_of
from grader.model.measurement import Sight

Guard = Literal[
    "type", "empty", "columns", "missing", "target", "dtype", "range", "domain"
]
GUARDS: tuple[Guard, ...] = get_args(Guard)

_MAX_NODES = 20_000
_MAX_FUNCTIONS = 40
_MISSING = frozenset("isna isnull notna notnull hasnans isnan".split())
_DTYPE = frozenset("dtype dtypes select_dtypes infer_dtype api_types".split())
_RANGE = frozenset("between lt gt le ge clip".split())
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SETS = frozenset("issubset issuperset difference isdisjoint intersection".split())
_TARGET = frozenset("target label labels outcome".split())
_TYPES = re.compile(
    r"pandas\.(api\.types|core\.dtypes\.common)\.is_\w+|numpy\.issubdtype"
)
# What great_expectations calls its expectations.
_EXPECTATIONS: dict[str, Guard] = {
    "expect_column_to_exist": "columns",
    "expect_table_columns_to_match_set": "columns",
    "expect_table_columns_to_match_ordered_list": "columns",
    "expect_column_values_to_not_be_null": "missing",
    "expect_column_values_to_be_between": "range",
    "expect_column_min_to_be_between": "range",
    "expect_column_max_to_be_between": "range",
    "expect_column_values_to_be_in_set": "domain",
    "expect_column_distinct_values_to_be_in_set": "domain",
    "expect_column_values_to_be_of_type": "dtype",
    "expect_column_values_to_be_in_type_list": "dtype",
    "expect_table_row_count_to_be_between": "empty",
}
_PANDERA_CHECKS: dict[str, Guard] = {
    **dict.fromkeys(("isin", "notin", "unique_values_eq"), "domain"),
    **dict.fromkeys(("in_range", "ge", "gt", "le", "lt", "between"), "range"),
    **dict.fromkeys(("greater_than", "less_than"), "range"),
    **dict.fromkeys(("greater_than_or_equal_to", "less_than_or_equal_to"), "range"),
}


@dataclass(frozen=True)
class Guards:
    """Where each kind of guard stands, and where errors are raised."""

    places: dict[Guard, list[Sight]]
    raises: list[Sight]


def guards_in(code: Code, functions: Sequence[Defined]) -> Guards:
    """The guards of some functions, and of those of the project that they call."""
    found: dict[Guard, list[Sight]] = {kind: [] for kind in GUARDS}
    raises: list[Sight] = []
    for one in _with_called(code, functions):
        if isinstance(one.node, ast.ClassDef):
            continue
        function = _Function(code, one.file, one.node)
        for kind, sight in function.guards():
            found[kind].append(sight)
        raises += function.raises()
    return Guards(found, raises)


def _with_called(code: Code, functions: Sequence[Defined]) -> list[Defined]:
    known: dict[ast.AST, Defined] = {}
    todo = list(functions)
    while todo and len(known) < _MAX_FUNCTIONS:
        one = todo.pop(0)
        if one.node in known:
            continue
        known[one.node] = one
        for node in ast.walk(one.node):
            if isinstance(node, ast.Call):
                called = code.defined(one.file, node.func)
                if called is not None and isinstance(called.node, Function):
                    todo.append(called)
    return list(known.values())


class _Function:
    """One function, its conditions and what they are fed with."""

    def __init__(self, code: Code, file: CodeFile, node: Function) -> None:
        self._code, self._file, self._node = code, file, node
        self._nodes = [one for one, _ in zip(ast.walk(node), range(_MAX_NODES))]
        self._assigned: dict[str, list[ast.expr]] = {}
        for one in self._nodes:
            match one:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assigned.setdefault(name, []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self._assigned.setdefault(name, []).append(value)
                case ast.AugAssign(target=ast.Name(id=name), value=value):
                    self._assigned.setdefault(name, []).append(value)
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    self._assigned.setdefault(name, []).append(value)
        arguments = node.args
        self._parameters = {
            one.arg
            for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        }

    def guards(self) -> Iterator[tuple[Guard, Sight]]:
        """Each kind of guard with the line of its condition."""
        for condition in self._conditions():
            nodes = list(self._fed(condition))
            line = condition.lineno
            kinds = dict.fromkeys(kind for node in nodes for kind in self._kinds(node))
            if kinds and self._names_target(nodes):
                kinds["target"] = None
            for kind in kinds:
                yield kind, Sight(
                    path=self._file.path, line=line, what=f"{self._node.name}()"
                )
        yield from self._declared()

    def raises(self) -> list[Sight]:
        """Where an error is raised on purpose; not again, and not as unfinished."""
        return [
            Sight(path=self._file.path, line=one.lineno, what=f"{self._node.name}()")
            for one in self._nodes
            if isinstance(one, ast.Raise)
            and one.exc is not None
            and self._file.names.qualified(
                one.exc.func if isinstance(one.exc, ast.Call) else one.exc
            )
            != "NotImplementedError"
        ]

    def _conditions(self) -> Iterator[ast.expr]:
        for one in self._nodes:
            match one:
                case ast.If(test=test, body=body, orelse=orelse):
                    if any(map(_does_something, (*body, *orelse))):
                        yield test
                case ast.Assert(test=test):
                    yield test
                case ast.Return(value=ast.expr() as value):
                    # `return not frame.empty`, and the body of a check of its own.
                    if isinstance(value, ast.Compare | ast.BoolOp | ast.UnaryOp):
                        yield value

    def _fed(self, condition: ast.expr) -> Iterator[ast.AST]:
        """The nodes of a condition and of the variables in it, each once."""
        seen: set[str] = set()
        todo: list[ast.AST] = [condition]
        while todo:
            for node in ast.walk(todo.pop()):
                yield node
                if isinstance(node, ast.Name) and node.id not in seen:
                    seen.add(node.id)
                    # The data itself is made of everything; a parameter is the caller's.
                    if node.id not in self._parameters:
                        todo.extend(self._checks(node.id))

    def _checks(self, name: str) -> list[ast.expr]:
        """What a variable is assigned, where that is an outcome and not the data."""
        values = self._assigned.get(name, [])
        kinds = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Compare)
        others = (
            ast.BoolOp,
            ast.UnaryOp,
            ast.BinOp,
            ast.Call,
            ast.Subscript,
            ast.Attribute,
        )
        return [one for one in values[:5] if isinstance(one, kinds + others)]

    def _kinds(self, node: ast.AST) -> Iterator[Guard]:
        match node:
            case ast.Call(func=func):
                yield from self._of_call(node, func)
            case ast.Attribute(attr=name) if name in _MISSING:
                yield "missing"
            case ast.Attribute(attr=name) if name in _DTYPE:
                yield "dtype"
            case ast.Attribute(attr="empty", value=ast.Name(id=name)):
                filtered = any(
                    isinstance(value, ast.Subscript)
                    for value in self._assigned.get(name, ())
                )
                if not filtered:
                    yield "empty"
            case ast.Compare():
                yield from self._of_compare(node)
            case ast.BinOp(op=ast.Sub() | ast.BitXor()):
                if self._has(node, "columns"):
                    yield "columns"
                elif self._has(node, "unique"):
                    yield "domain"

    def _of_call(self, call: ast.Call, func: ast.expr) -> Iterator[Guard]:
        name = func.attr if isinstance(func, ast.Attribute) else ""
        symbol = self._code.symbol(self._file, func) or ""
        if symbol == "isinstance" and call.args:
            first = call.args[0]
            is_data = isinstance(first, ast.Name) and first.id in self._parameters
            yield "type" if is_data else "dtype"
        elif _TYPES.fullmatch(symbol):
            yield "dtype"
        elif name in _RANGE:
            yield "range"
        elif name == "isin":
            yield "domain"
        elif name in _SETS:
            yield "columns" if self._has(call, "columns") else "domain"
        elif symbol == "all" and self._has(call, "columns"):
            yield "columns"

    def _of_compare(self, compare: ast.Compare) -> Iterator[Guard]:
        sides = [compare.left, *compare.comparators]
        operator = compare.ops[0]
        if isinstance(operator, ast.Is | ast.IsNot):
            first = compare.left
            if isinstance(first, ast.Name) and first.id == self._first_parameter:
                yield "type"
        elif isinstance(operator, ast.NotIn):
            if any(self._has(side, "columns") for side in sides):
                yield "columns"
            elif any(self._has(side, "unique") for side in sides):
                yield "domain"
        elif isinstance(operator, ast.Eq | ast.NotEq) and any(
            self._has(side, "columns") for side in sides
        ):
            yield "columns"
        if any(map(self._is_size, sides)):
            yield "empty"
        if isinstance(operator, _ORDER) and any(map(self._is_values, sides)):
            yield "range"

    def _has(self, node: ast.AST, name: str) -> bool:
        """Whether an attribute is in an expression, or in what its variables are assigned."""
        if _has_attribute(node, name):
            return True
        named = (one.id for one in ast.walk(node) if isinstance(one, ast.Name))
        return any(
            _has_attribute(value, name)
            for variable in named
            if variable not in self._parameters
            for value in self._checks(variable)
        )

    @property
    def _first_parameter(self) -> str | None:
        names = [
            one.arg for one in self._node.args.args if one.arg not in ("self", "cls")
        ]
        return names[0] if names else None

    def _is_size(self, side: ast.expr) -> bool:
        """`len(frame)`, `frame.shape[0]`: of the data, not of a list of columns."""
        match side:
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
                return name == self._first_parameter
            case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(attr="index")]):
                return True
            case ast.Subscript(
                value=ast.Attribute(attr="shape"), slice=ast.Constant(value=0)
            ):
                return True
        return False

    def _is_values(self, side: ast.expr) -> bool:
        """The values of a column: `frame[name]`, or a variable that is one; its min or max."""
        match side:
            case ast.Subscript(value=value):
                return not isinstance(value, ast.Attribute) or value.attr != "shape"
            case ast.Name(id=name):
                values = self._assigned.get(name, [])
                return any(isinstance(one, ast.Subscript) for one in values)
            case ast.Call(func=ast.Attribute(attr="min" | "max")):
                return True
        return False

    def _names_target(self, nodes: Sequence[ast.AST]) -> bool:
        for node in nodes:
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) if not (
                    _TARGET.isdisjoint(words_of(name))
                ):
                    return True
        return False

    def _declared(self) -> Iterator[tuple[Guard, Sight]]:
        """What pandera and great_expectations are told to check."""
        for one in self._nodes:
            if not isinstance(one, ast.Call):
                continue
            where = Sight(
                path=self._file.path, line=one.lineno, what=f"{self._node.name}()"
            )
            name = one.func.attr if isinstance(one.func, ast.Attribute) else ""
            symbol = self._code.symbol(self._file, one.func) or ""
            if name in _EXPECTATIONS:
                yield _EXPECTATIONS[name], where
            elif symbol.startswith("pandera."):
                last = symbol.rpartition(".")[2]
                if last in ("Column", "validate"):
                    yield "columns", where
                if last == "Column":
                    yield "dtype", where
                    yield "missing", where
                if ".Check." in symbol and last in _PANDERA_CHECKS:
                    yield _PANDERA_CHECKS[last], where


def _does_something(node: ast.stmt) -> bool:
    idle = isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
    return not idle


def _has_attribute(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(one, ast.Attribute) and one.attr == name for one in ast.walk(node)
    )
