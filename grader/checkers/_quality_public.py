"""The functions that tests should name: the project's public ones, and its handlers."""

import ast

from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Function
from grader.model.snapshot import Snapshot


def public_functions(
    snapshot: Snapshot, code: Code
) -> list[tuple[CodeFile, str, ast.AST]]:
    """The project's own public functions, and its classes with public methods."""
    found: list[tuple[CodeFile, str, ast.AST]] = []
    for path in snapshot.source_files:
        file = code.files.get(path)
        if file is None or file.is_test:
            continue
        holders: dict[str, None] = {}
        for name, node in file.functions.items():
            holder, _, own = name.rpartition(".")
            if own.startswith(("_", "test")) or own == "main" or name[0] == "_":
                continue
            if holder:
                holders[holder] = None
            elif not is_stub(file, node):
                found.append((file, name, node))
        found += [(file, name, file.classes[name]) for name in holders]
    return found


def handlers(code: Code) -> list[tuple[str, str, Function]]:
    """The functions that answer a path of a web application: method, path, function."""
    found = []
    for file in code.files.values():
        for node in file.functions.values():
            for mark in node.decorator_list:
                match mark:
                    case ast.Call(
                        func=ast.Attribute(attr=method),
                        args=[ast.Constant(value=str(path)), *_],
                    ) if path.startswith("/"):
                        found.append((method, path, node))
    return found


def is_route(declared: str, asked: str) -> bool:
    """Whether a path that a test asks for is the handler's, with or without a prefix."""
    ours, theirs = declared.rstrip("/"), asked.rstrip("/")
    if "{" in ours:
        ours = ours.partition("{")[0].rstrip("/")
        return bool(ours) and ours in theirs
    return theirs == ours or bool(ours) and theirs.endswith(ours)
