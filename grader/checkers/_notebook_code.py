"""What the code cells of a notebook define, look at again and again, and take from modules."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.codebase.modules import Modules
from grader.codebase.notebooks import Cell, Notebook
from grader.model.snapshot import Snapshot, is_test_file

# Above this two bodies are one that somebody copied and touched up.
SAME = 0.8
_VIEWS = frozenset({"head", "tail", "describe", "info", "sample"})

_LOGGER = re.compile(r"\w*log", re.IGNORECASE)
_NAME_CHARACTERS = 80

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class View:
    """One look at data, as written (`df.head`), and the cells that take it."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Copied:
    """A function of a notebook that a module of the project has too."""

    name: str
    cell: Cell
    path: str
    line: int


def defined(notebook: Notebook) -> list[tuple[Function | ast.ClassDef, Cell]]:
    """The functions and classes that a notebook's cells define at their own level."""
    return [
        (node, cell)
        for cell in notebook.parsed
        if cell.tree is not None
        for node in cell.tree.body
        if isinstance(node, Function | ast.ClassDef)
    ]


def repeated_views(notebook: Notebook, most: int) -> Iterator[View]:
    """Looks such as `df.head()` that more than `most` cells take."""
    names = notebook.names
    cells: dict[str, dict[int, Cell]] = {}
    for node in names.nodes:
        match node:
            case ast.Call(
                func=ast.Attribute(attr=method) as look
            ) if method in _VIEWS and _is_shown(names.parents[node]):
                cell, name = notebook.cell_of(node), _written(look)
                if cell is not None and len(name) <= _NAME_CHARACTERS:
                    cells.setdefault(name, {})[cell.number] = cell
    for name, some in cells.items():
        if len(some) > most and not _LOGGER.match(name):
            yield View(name, tuple(some.values()))


def _is_shown(parent: ast.AST) -> bool:
    """Whether it stands alone, or in `print(…)`: a value that is kept is no look."""
    match parent:
        case ast.Expr() | ast.Call(func=ast.Name(id="print" | "display")):
            return True
    return False


def _written(look: ast.Attribute) -> str:
    parts, node = [look.attr], look.value
    for _ in range(6):
        match node:
            case ast.Attribute(attr=attribute, value=inner):
                parts.append(attribute)
                node = inner
            case ast.Subscript(value=inner):
                parts.append("[…]")
                node = inner
            case ast.Name(id=name):
                return ".".join([name, *reversed(parts)])
            case _:
                break
    return ".".join(["…", *reversed(parts)])


def project_imports(notebook: Notebook, modules: Modules) -> Iterator[tuple[str, Cell]]:
    """The project's own modules that a notebook imports and uses, with the cell."""
    used = {
        node.id
        for node in notebook.names.nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in notebook.names.nodes:
        cell = notebook.cell_of(node)
        if cell is None:
            continue
        match node:
            case ast.Import():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    if bound in used and _is_own(alias.name, notebook, modules):
                        yield alias.name, cell
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                bound_names = {alias.asname or alias.name for alias in node.names}
                if not (bound_names & used or "*" in bound_names):
                    continue
                joint = "" if module.endswith(".") else "."
                whole = [f"{module}{joint}{alias.name}" for alias in node.names]
                if any(_is_own(name, notebook, modules) for name in (module, *whole)):
                    yield module, cell


def _is_own(dotted: str, notebook: Notebook, modules: Modules) -> bool:
    target = modules.find(dotted, notebook.path)
    return target is not None and target.path is not None


def functions_of_modules(
    snapshot: Snapshot,
) -> Mapping[str, list[tuple[str, int, str]]]:
    """The functions of the project's modules by name: path, line and body of each."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for path in snapshot.python_files:
        tree = None if is_test_file(path) else snapshot.module(path).tree
        for node in tree.body if tree else ():
            if isinstance(node, Function):
                found.setdefault(node.name, []).append((path, node.lineno, body(node)))
    return found


def copied(
    notebook: Notebook, known: Mapping[str, list[tuple[str, int, str]]]
) -> Iterator[Copied]:
    """The functions that stand in a module of the same name with nearly the same body."""
    for node, cell in defined(notebook):
        if not isinstance(node, Function) or node.name not in known:
            continue
        own = body(node)
        for path, line, other in known[node.name]:
            if _alike(own, other):
                yield Copied(node.name, cell, path, line)
                break


def body(function: Function) -> str:
    """What a function does, line by line: no docstring, comments or layout."""
    statements = function.body
    if ast.get_docstring(function, clean=False) is not None:
        statements = statements[1:]
    try:
        return "\n".join(ast.unparse(one) for one in statements)
    except (RecursionError, ValueError):
        return ""


def _alike(one: str, other: str) -> bool:
    """Whether most words of two bodies are the same ones, in whatever order."""
    words = (Counter(one.split()), Counter(other.split()))
    shared = (words[0] & words[1]).total()
    every = words[0].total() + words[1].total()
    return every > 0 and 2 * shared / every >= SAME
