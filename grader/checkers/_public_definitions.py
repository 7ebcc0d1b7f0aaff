"""Which definitions of a module others may use, and whether each has a docstring.

Public is what pydocstyle takes for public, so that a share of documented definitions
and pydocstyle's missing docstrings are about the same ones.
"""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_definitions(
    path: str, tree: ast.Module, *, with_init: bool
) -> Iterator[bool]:
    """Whether it has a docstring, for the module and each public definition in it.

    `path` is relative to the repository: a folder called `_something` is private, and
    so are the modules below it. `with_init` takes constructors for definitions of their
    own.
    """
    pure = PurePosixPath(path)
    if all(_is_public(name) for name in (*pure.parts[:-1], pure.stem)):
        yield _has_docstring(tree)
    exported = _exported(tree)
    for node in _definitions(tree):
        name = node.name
        if name in exported if exported is not None else not name.startswith("_"):
            yield from _below(node, with_init)


def _below(node: Definition, with_init: bool) -> Iterator[bool]:
    """The same for a public definition, and for what is public in a class."""
    # An overload's docstring belongs to the implementation.
    if "overload" not in _decorators(node):
        yield _has_docstring(node)
    if not isinstance(node, ast.ClassDef):
        return
    for inner in _definitions(node):
        if isinstance(inner, ast.ClassDef):
            is_public = not inner.name.startswith("_")
        elif inner.name == "__init__":
            is_public = with_init
        else:
            # The setter of a property is described with the property.
            setter = f"{inner.name}."
            is_public = _is_public(inner.name) and not any(
                name.startswith(setter) for name in _decorators(inner)
            )
        if is_public:
            yield from _below(inner, with_init)


def _decorators(node: Definition) -> list[str]:
    return [ast.unparse(decorator) for decorator in node.decorator_list]


def _definitions(node: ast.AST) -> Iterator[Definition]:
    """What a module or class defines directly, or behind an `if`, `try`, `with`, …"""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield child
        elif isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _definitions(child)


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _has_docstring(node: Definition | ast.Module) -> bool:
    return bool((ast.get_docstring(node, clean=False) or "").strip())


def _exported(tree: ast.Module) -> frozenset[str] | None:
    """The names in a plain `__all__`, or None where there is none or it is computed."""
    values: list[ast.expr | None] = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                values.append(value)
            case ast.AugAssign(target=ast.Name(id="__all__")):
                values.append(None)
            case ast.AnnAssign(target=ast.Name(id="__all__")):
                values.append(None)
    match values:
        case [ast.List(elts=names) | ast.Tuple(elts=names)]:
            texts = [n.value for n in names if isinstance(n, ast.Constant)]
            exported = frozenset(text for text in texts if isinstance(text, str))
            return exported if len(texts) == len(names) else None
    return None
