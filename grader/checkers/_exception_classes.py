"""Which classes of a project are exceptions, also by way of one another."""

import ast
import builtins
from collections.abc import Iterator, Mapping

from grader.codebase.names import Names

# A file and a class in it; definitions of one name in one file are one class.
ClassName = tuple[str, str]


def base_names(path: str, names: Names) -> Iterator[tuple[ClassName, frozenset[str]]]:
    """The classes of a file with the dotted names of their bases.

    A base that the same file defines is a name without a dot, and so is a builtin.
    """
    for node in names.nodes:
        if isinstance(node, ast.ClassDef):
            yield (path, node.name), frozenset(_name(b, names) for b in node.bases)


def _name(base: ast.expr, names: Names) -> str:
    if isinstance(base, ast.Subscript):  # Base[T]
        base = base.value
    match base:
        case ast.Name(id=own) | ast.Attribute(attr=own):
            return names.qualified(base) or own
    return ""


def exceptions_among(bases: Mapping[ClassName, frozenset[str]]) -> set[ClassName]:
    """The classes that derive from an exception: builtin, of a library or of theirs."""
    namesakes: dict[str, list[ClassName]] = {}
    for one in bases:
        namesakes.setdefault(one[1], []).append(one)
    derived: dict[ClassName, list[ClassName]] = {}
    found: set[ClassName] = set()
    for one, names in bases.items():
        for base in names:
            parents = _parents(one, base, namesakes)
            for parent in parents:
                derived.setdefault(parent, []).append(one)
            if not parents and _is_exception(base):
                found.add(one)
    waiting = list(found)
    while waiting:
        children = set(derived.get(waiting.pop(), ())) - found
        found |= children
        waiting += children
    return found


def _parents(
    child: ClassName, base: str, namesakes: Mapping[str, list[ClassName]]
) -> list[ClassName]:
    """The project's classes that a base may be; none for one from elsewhere."""
    module, _, name = base.rpartition(".")
    candidates = [one for one in namesakes.get(name, ()) if one != child]
    if not module:
        same_file = [one for one in candidates if one[0] == child[0]]
        # Else it is a builtin, hides what it derives from, or is from a star import.
        is_known = hasattr(builtins, name) or name == child[1]
        return same_file or ([] if is_known else candidates)
    wanted = [part for part in module.split(".") if part]
    # `src.errors` and `errors` may both be src/errors.py: it depends on the path.
    of_module = [one for one in candidates if _parts(one)[-len(wanted) :] == wanted]
    # `from package import Name`, where the package passes on what its modules define.
    return of_module or [
        one for one in candidates if not wanted or wanted[0] in _parts(one)
    ]


def _parts(one: ClassName) -> list[str]:
    return one[0].removesuffix(".py").removesuffix("/__init__").split("/")


def _is_exception(base: str) -> bool:
    name = base.rpartition(".")[2]
    known = getattr(builtins, name, None)
    if isinstance(known, type):
        # A warning is shown, not raised.
        return issubclass(known, BaseException) and not issubclass(known, Warning)
    return name.endswith(("Error", "Exception"))
