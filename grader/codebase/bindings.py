"""What the names of a file are bound to, function by function.

Beside `names`, which says what a name means for certain: here all that it is ever assigned.
"""

import ast
from collections.abc import Iterator

from grader.codebase.code import CodeFile, Function

# Far deeper than expressions that people write.
_MAX_NESTED = 120


class Bindings:
    """What each name of one file is assigned, by the function that it is in."""

    def __init__(self, file: CodeFile) -> None:
        self.assigned: dict[tuple[ast.AST, str], list[ast.expr]] = {}
        self._file = file
        # The defaults of what argparse parses.
        self.arguments: dict[str, ast.expr] = {}
        for node in file.names.nodes:
            if (argument := _argument(node)) is not None:
                self.arguments.setdefault(*argument)
            for name, value in _assigned(node):
                key = (self.of(node), name)
                self.assigned.setdefault(key, []).append(value)

    def of(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, or the module."""
        parents = self._file.names.parents
        above = parents.get(node)
        while above is not None and not isinstance(
            above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)
        ):
            above = parents.get(above)
        return above or self._file.tree

    def expressions_around(self, node: ast.AST) -> list[ast.AST]:
        """The expressions of its statement that a node is part of."""
        found: list[ast.AST] = []
        while not isinstance(node, ast.stmt) and len(found) < _MAX_NESTED:
            found.append(node)
            node = self._file.names.parents[node]
        return found


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                match target, value:
                    case ast.Name(id=name), _:
                        yield name, value
                    case ast.Tuple(elts=names), ast.Tuple(elts=values):
                        for one, given in zip(names, values):
                            if isinstance(one, ast.Name):
                                yield one.id, given
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
            yield name, value
        case ast.For(target=ast.Name(id=name), iter=value):
            # What it goes through stands for each of it.
            yield name, value


def _argument(node: ast.AST) -> tuple[str, ast.expr] | None:
    """The name of an argument of argparse, and its default."""
    match node:
        case ast.Call(func=ast.Attribute(attr="add_argument"), args=flags) as call:
            given = {one.arg: one.value for one in call.keywords if one.arg}
            texts = [one.value for one in flags if isinstance(one, ast.Constant)]
            names = [text for text in texts if isinstance(text, str)]
            names.sort(key=lambda text: not text.startswith("--"))
            if names and "default" in given:
                return names[0].lstrip("-").replace("-", "_"), given["default"]
    return None


def parameters(function: Function) -> list[str]:
    """The names that are given by position, without self."""
    arguments = function.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def all_parameters(function: Function) -> list[str]:
    """The names that are given by position or only by name."""
    return [*parameters(function), *(one.arg for one in function.args.kwonlyargs)]


def default_of(function: Function, name: str) -> ast.expr | None:
    """What a parameter is where nothing is given; None where something has to be."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults),
        *zip(arguments.kwonlyargs, arguments.kw_defaults),
    ]
    return next((value for one, value in pairs if one.arg == name), None)
