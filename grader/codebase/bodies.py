"""Whether a function does anything: a stub is there by name only."""

import ast

from grader.codebase.code import CodeFile, Function

_SAYS = frozenset(
    "print pprint debug info warning warn error exception critical log echo secho".split()
)


def is_stub(file: CodeFile, function: Function) -> bool:
    """Whether a function only passes, returns what it was given or a constant, or talks.

    `raise NotImplementedError` is one, so is a body that prints or logs that something is
    to be done. A function whose one statement calls another is none.
    """
    return all(_is_nothing(file, node) for node in function.body)


def _is_nothing(file: CodeFile, node: ast.stmt) -> bool:
    match node:
        case (
            ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Import() | ast.ImportFrom()
        ):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=called) as call):
            # `print(train())` does something.
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            calls = (
                isinstance(one, ast.Call) for arg in given for one in ast.walk(arg)
            )
            return _last_name(called) in _SAYS and not any(calls)
        case ast.Return(value=value):
            return value is None or _says_nothing(value)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _says_nothing(value)
        case ast.Raise(exc=raised):
            error = raised.func if isinstance(raised, ast.Call) else raised
            return file.names.qualified(error) == "NotImplementedError"
    return False


def _says_nothing(value: ast.expr) -> bool:
    match value:
        case ast.Constant() | ast.Name():
            return True
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(isinstance(part, ast.Constant | ast.Name) for part in parts)
        case ast.Dict(values=parts):
            return all(isinstance(part, ast.Constant | ast.Name) for part in parts)
        case ast.UnaryOp(operand=ast.Constant()):
            return True
    return False


def _last_name(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
