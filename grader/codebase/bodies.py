"""Whether a function does anything: a stub is there by name only."""

import ast

from grader.codebase.code import CodeFile, Function
from grader.codebase.names import last_name

_SAYS = frozenset(
    "print pprint debug info success warning warn error exception critical log echo "
    "secho".split()
)
# What goes through nothing but numbers or what is there.
_COUNTS = frozenset("range enumerate zip len tqdm trange".split())


def is_stub(file: CodeFile, function: Function) -> bool:
    """Whether a function only passes, returns what it was given or a constant, or talks.

    `raise NotImplementedError` is one, so is a body that prints or logs that something is
    to be done, in a loop too. A function whose one statement calls another is none.
    """
    # A branch of many is nested as deep as there are many: nothing here calls itself.
    todo = [(one, False) for one in function.body]
    while todo:
        node, is_inside = todo.pop()
        match node:
            case ast.For(iter=given, body=body, orelse=rest):
                if _calls(given, _COUNTS):
                    return False
                todo += [(one, True) for one in (*body, *rest)]
            case ast.If(test=asked, body=body, orelse=rest):
                if _calls(asked):
                    return False
                todo += [(one, True) for one in (*body, *rest)]
            case _:
                # In a loop or branch: what decides something is more than talk.
                if is_inside and not isinstance(node, ast.Pass | ast.Expr):
                    return False
                if not _is_nothing(file, node):
                    return False
    return True


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
            return last_name(called) in _SAYS and not any(map(_calls, given))
        case ast.Return(value=value):
            return value is None or _says_nothing(value)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _says_nothing(value)
        case ast.Raise(exc=raised):
            error = raised.func if isinstance(raised, ast.Call) else raised
            return file.names.qualified(error) == "NotImplementedError"
    return False


def _calls(value: ast.expr, apart_from: frozenset[str] = frozenset()) -> bool:
    """Whether an expression calls anything, apart from some functions by their last name."""
    return any(
        isinstance(one, ast.Call) and last_name(one.func) not in apart_from
        for one in ast.walk(value)
    )


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
