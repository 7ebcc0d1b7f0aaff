"""The formulas of a rubric: parsed with an allow-list, evaluated with a trace.

A formula is arithmetic over a checker's quantities: `10 * compliant_files / files`. Allowed
are numbers, names, `+ - * /`, comparisons, `and/or/not`, `a if b else c`, and calls to the
functions below. Everything else of Python is refused when the rubric is loaded.

`relative(x)` and `percentile(x)` compare with a class; whoever evaluates supplies them.
"""

import ast
import math
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from grader.model.score import Trace

MAX_CHARACTERS = 1_000
MAX_DEPTH = 40
MAX_CONSTANT = 1e12

CLASS_FUNCTIONS = ("relative", "percentile")

Number = int | float


@dataclass(frozen=True)
class _Function:
    call: Callable[..., Number]
    least: int
    most: int


def _clamp(value: Number, low: Number, high: Number) -> Number:
    return max(low, min(high, value))


_FUNCTIONS = {
    "abs": _Function(abs, 1, 1),
    "ceil": _Function(math.ceil, 1, 1),
    "clamp": _Function(_clamp, 3, 3),
    "floor": _Function(math.floor, 1, 1),
    "max": _Function(max, 2, 20),
    "min": _Function(min, 2, 20),
    "round": _Function(round, 1, 1),
    "sqrt": _Function(math.sqrt, 1, 1),
}
FUNCTIONS = tuple(_FUNCTIONS)

_ARITHMETIC: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Number, Number], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class FormulaError(Exception):
    """What is wrong with a formula, and at which character of it (from 0)."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True)
class Formula:
    """A formula that passed the allow-list.

    `names` are the quantities it uses, `compared` those of them that it holds against a
    class, each with its offset.
    """

    text: str
    expression: ast.expr
    names: Mapping[str, int]
    compared: Mapping[str, int]

    @property
    def needs_class(self) -> bool:
        """Whether it compares with a class."""
        return bool(self.compared)

    def evaluate(
        self,
        values: Mapping[str, Number],
        compare: Mapping[str, Callable[[str], Number]] | None = None,
    ) -> Trace:
        """The value for these quantities, with the numbers put in.

        What was not measured is not in `values`, and only what is evaluated has to be there.
        `compare` gives the class functions by name; each takes a quantity's name. Raises
        `FormulaError` for what was not measured, a division by zero, a root of a negative
        number, or a result that is no finite number.
        """
        used = {name: values[name] for name in self.names if name in values}
        try:
            value = float(_Evaluation(used, compare or {}).value(self.expression))
        except OverflowError as error:
            raise FormulaError("the result is too large") from error
        if not math.isfinite(value):
            raise FormulaError("the result is not a finite number")
        return Trace(
            formula=self.text,
            substituted=_with_numbers(self.expression, used),
            value=value,
            inputs=used,
        )


@cache
def parse(text: str) -> Formula:
    """The formula that `text` says. Raises `FormulaError` with the place of what is refused."""
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"a formula has at most {MAX_CHARACTERS} characters")
    if not text.strip():
        raise FormulaError("this is not a formula: it is empty")
    # A formula may be folded over lines in YAML; parentheses make Python read them as one.
    one_line = " ".join(text.split("\n"))
    try:
        tree = ast.parse(f"({one_line})", mode="eval")
    except SyntaxError as error:
        place = max((error.offset or 2) - 2, 0)
        raise FormulaError(f"this is not a formula: {error.msg}", place) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FormulaError("this is not a formula") from error
    reader = _Reader()
    reader.check(tree.body, depth=0)
    return Formula(one_line.strip(), tree.body, reader.names, reader.compared)


class _Reader:
    """Walks a tree once: refuses what is not allowed, collects the names."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.compared: dict[str, int] = {}

    def check(self, node: ast.expr, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise FormulaError(f"nested more than {MAX_DEPTH} deep", _offset(node))
        match node:
            case ast.Constant(value=value):
                self._check_constant(node, value)
            case ast.Name(id=name):
                if name in _FUNCTIONS or name in CLASS_FUNCTIONS:
                    raise FormulaError(
                        f"{name} is a function: {name}(…)", _offset(node)
                    )
                self.names.setdefault(name, _offset(node))
            case ast.Call():
                self._check_call(node, depth)
            case ast.BinOp(op=op) if type(op) not in _ARITHMETIC:
                sign = type(op).__name__
                raise FormulaError(f"the operator {sign} is not allowed", _offset(node))
            case ast.Compare(ops=ops) if any(
                type(op) not in _COMPARISONS for op in ops
            ):
                raise FormulaError("this comparison is not allowed", _offset(node))
            case ast.UnaryOp(op=ast.Invert()):
                raise FormulaError("the operator ~ is not allowed", _offset(node))
            case (
                ast.BinOp() | ast.Compare() | ast.UnaryOp() | ast.BoolOp() | ast.IfExp()
            ):
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.check(child, depth + 1)
            case _:
                kind = type(node).__name__
                raise FormulaError(
                    f"{kind} is not allowed in a formula: numbers, quantities, "
                    f"+ - * /, comparisons, and/or/not, if/else and "
                    f"{', '.join((*FUNCTIONS, *CLASS_FUNCTIONS))} are",
                    _offset(node),
                )

    def _check_constant(self, node: ast.expr, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FormulaError(f"{value!r} is not a number", _offset(node))
        if not abs(value) <= MAX_CONSTANT:
            raise FormulaError(f"numbers go up to {MAX_CONSTANT:g}", _offset(node))

    def _check_call(self, node: ast.Call, depth: int) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise FormulaError("functions take plain arguments", _offset(node))
        if name in CLASS_FUNCTIONS:
            if len(node.args) != 1 or not isinstance(node.args[0], ast.Name):
                raise FormulaError(
                    f"{name}() takes the name of one quantity", _offset(node)
                )
            self.compared.setdefault(node.args[0].id, _offset(node.args[0]))
        elif name in _FUNCTIONS:
            known = _FUNCTIONS[name]
            if not known.least <= len(node.args) <= known.most:
                wanted = f"{known.least} to {known.most}"
                if known.least == known.most:
                    wanted = str(known.least)
                raise FormulaError(f"{name}() takes {wanted} arguments", _offset(node))
        else:
            raise FormulaError(
                f'there is no function "{ast.unparse(node.func)[:60]}": '
                f"there are {', '.join((*FUNCTIONS, *CLASS_FUNCTIONS))}",
                _offset(node),
            )
        for arg in node.args:
            self.check(arg, depth + 1)


class _Evaluation:
    """Evaluates one checked tree."""

    def __init__(
        self,
        values: Mapping[str, Number],
        compare: Mapping[str, Callable[[str], Number]],
    ) -> None:
        self._values = values
        self._compare = compare

    def value(self, node: ast.expr) -> Number:
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name):
                return self._measured(node, name)
            case ast.UnaryOp(op=op, operand=operand):
                return self._unary(op, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(node, op, self.value(left), self.value(right))
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self.value(part) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self.value(part) for part in parts)
            case ast.Compare(left=left, ops=ops, comparators=rights):
                terms = [self.value(part) for part in (left, *rights)]
                pairs = zip(ops, terms, terms[1:], strict=False)
                return all(_COMPARISONS[type(op)](a, b) for op, a, b in pairs)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test) else orelse)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(node, name, args)
        raise FormulaError("this part can't be evaluated", _offset(node))

    def _measured(self, node: ast.expr, name: str) -> Number:
        if name not in self._values:
            raise FormulaError(
                f'it uses "{name}", which was not measured in this run '
                "(`mlops-grade explain` says of each checker's numbers when one is absent)",
                _offset(node),
            )
        return self._values[name]

    def _unary(self, op: ast.unaryop, operand: Number) -> Number:
        if isinstance(op, ast.Not):
            return not operand
        return -operand if isinstance(op, ast.USub) else +operand

    def _arithmetic(
        self, node: ast.BinOp, op: ast.operator, left: Number, right: Number
    ) -> Number:
        if isinstance(op, ast.Div) and right == 0:
            divisor = ast.unparse(node.right)
            raise FormulaError(f"division by zero: {divisor} is 0", _offset(node.right))
        result = _ARITHMETIC[type(op)](left, right)
        # Else min(10, inf - inf) would be 10: every comparison with NaN is false.
        if not abs(result) <= sys.float_info.max:
            raise OverflowError
        return result

    def _call(self, node: ast.Call, name: str, args: list[ast.expr]) -> Number:
        if name in CLASS_FUNCTIONS:
            if name not in self._compare:
                raise FormulaError(
                    f"{name}() needs a class to compare with", _offset(node)
                )
            assert isinstance(args[0], ast.Name)
            self._measured(args[0], args[0].id)
            return self._compare[name](args[0].id)
        try:
            return _FUNCTIONS[name].call(*(self.value(arg) for arg in args))
        except ValueError as error:
            raise FormulaError(f"{name}(): {error}", _offset(node)) from error


def _offset(node: ast.expr) -> int:
    # One for the parenthesis that `parse` puts in front; multi-byte text moves the column.
    return max(node.col_offset - 1, 0)


def _with_numbers(expression: ast.expr, values: Mapping[str, Number]) -> str:
    class Substitute(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: N802
            if node.id in values:
                return ast.Name(id=number_text(values[node.id]), ctx=node.ctx)
            return node

    copy = ast.parse(f"({ast.unparse(expression)})", mode="eval").body
    return ast.unparse(Substitute().visit(copy)).replace(" * ", " × ")


def number_text(value: Number) -> str:
    """A number as it stands in a trace: integers plain, others to four decimals.

    What is not an integer never shows as one: 0.00001 is `1e-05`, not 0.
    """
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    rounded = f"{value:.4f}"
    return rounded.rstrip("0") if float(rounded) % 1 else f"{value:.6g}"
