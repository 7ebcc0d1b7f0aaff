"""Functions as the syntax tree has them: their bodies, and what is theirs in them."""

import ast
from collections.abc import Iterator

from grader.checkers._signals.sight import FUNCTIONS, Function


def functions_of(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Functions of the file and methods of its classes, in the order of the source."""
    for statement in tree.body:
        if isinstance(statement, FUNCTIONS):
            yield statement.name, statement
        elif isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, FUNCTIONS):
                    yield f"{statement.name}.{inner.name}", inner


def after_docstring(function: Function) -> list[ast.stmt]:
    """The statements of a body that do something."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return function.body[1:] if has_docstring else function.body


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes in it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def returned(function: Function) -> list[ast.expr | None]:
    """What each of its `return` statements gives."""
    return [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
