"""Writes a file with mutants in it: whole lines are replaced, the others stay as they are."""

import ast
from collections.abc import Collection

from grader.checkers._signals.bodies import after_docstring, functions_of, own_nodes
from grader.checkers._signals.mutants import Mutant
from grader.checkers._signals.sight import Function
from grader.model.parsing import PARSING
from grader.model.snapshot import PythonModule


def mutated(
    module: PythonModule, mutants: Collection[Mutant], caller: str
) -> str | None:
    """The file's text with the mutants in it; None when it can't be written so.

    `caller` is the name of a module that is there when the tests run; its `called(number)`
    is told of each call. In a process without it the function is mutated all the same.
    """
    if module.tree is None:
        return None
    lines = [line.encode() for line in module.text.split("\n")]
    wanted = {(mutant.name, mutant.line): mutant for mutant in mutants}
    # From the end, so that lines before keep their numbers.
    for name, function in reversed(list(functions_of(module.tree))):
        mutant = wanted.get((name, function.lineno))
        if mutant is not None:
            _mutate(lines, function, mutant, caller)
    text = b"\n".join(lines).decode()
    try:
        with PARSING:
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return text


def _mutate(
    lines: list[bytes], function: Function, mutant: Mutant, caller: str
) -> None:
    body = after_docstring(function)
    first, last = body[0], body[-1]
    start = _first_line(first) - 1
    indent = lines[first.lineno - 1][: first.col_offset]
    # In a process without the module, `int(1)` does nothing.
    tell = (
        f"getattr(__import__('sys').modules.get({caller!r}), 'called', int)"
        f"({mutant.number})"
    ).encode()
    if mutant.change == "nothing":
        lines[start : last.end_lineno] = [
            indent + tell,
            indent + b"return None",
        ]
        return
    returns = [
        node.value
        for node in own_nodes(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]
    returns.sort(key=lambda value: (value.lineno, value.col_offset), reverse=True)
    around = (b"not (", b")") if mutant.change == "not" else (b"-1 - (", b")")
    for value in returns:
        _insert(lines, value.end_lineno or 0, value.end_col_offset or 0, around[1])
        _insert(lines, value.lineno, value.col_offset, around[0])
    lines.insert(start, indent + tell)


def _insert(lines: list[bytes], line: int, column: int, text: bytes) -> None:
    whole = lines[line - 1]
    lines[line - 1] = whole[:column] + text + whole[column:]


def _first_line(statement: ast.stmt) -> int:
    """The line on which a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
