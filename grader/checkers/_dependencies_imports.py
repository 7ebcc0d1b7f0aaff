"""What a repository's Python files and notebooks import from outside it, and where."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from grader.codebase.code import code_of
from grader.codebase.names import Names, read_names
from grader.codebase.notebooks import notebooks
from grader.environment.import_names import distributions_of, import_names
from grader.model.snapshot import Snapshot, is_test_file

# Which modules Python brings depends on its version: these came or went, and are no package
# that anybody has to declare.
_STDLIB = sys.stdlib_module_names | frozenset(
    "aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt "
    "distutils imghdr imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes smtpd "
    "sndhdr spwd string.templatelib sunau telnetlib tomllib uu xdrlib __main__".split()
)
# Where they run brings them, and nothing else has them.
_OF_A_PLATFORM = ("google.colab", "dbruntime", "kaggle_secrets", "js", "pyodide")
# What a setup.py runs with: pip brings it, and build-system.requires declares it.
_OF_SETUP = frozenset({"setuptools", "Cython"})
# Written by protoc when the project is built.
_GENERATED = ("_pb2", "_pb2_grpc")
_CATCHING = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
)
_DYNAMIC = frozenset({"importlib.import_module", "__import__"})
_OPTIONAL_CALLS = frozenset({"pytest.importorskip"})

_Importing = ast.Import | ast.ImportFrom | ast.Call


@dataclass(frozen=True)
class Imported:
    """One import of something that is neither Python's nor the repository's own.

    `is_required`: the file fails without it; not so behind `except ImportError` and under
    `if TYPE_CHECKING`. In a notebook the `cell`, from 1, is the place.
    """

    module: str
    path: str
    line: int | None = None
    cell: int | None = None
    is_required: bool = True
    is_test: bool = False
    is_notebook: bool = False

    @cached_property
    def distributions(self) -> tuple[str, ...]:
        """The distributions that may bring it, by canonical name, the usual first."""
        return distributions_of(self.module)


class OwnModules:
    """The names that the repository's own files and folders can be imported by."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._files = frozenset(paths)
        folders = {parent for path in paths for parent in PurePosixPath(path).parents}
        self._folders = frozenset(map(str, folders))
        names = (PurePosixPath(path).stem for path in paths)
        self._anywhere = frozenset((*names, *(folder.name for folder in folders)))

    def has(self, name: str, importer: str) -> bool:
        """Whether the file `importer` means the repository's own by a top-level name.

        A module or package beside it, above it or in src/ comes before what is installed,
        a folder without an `__init__.py` after it. Further away it is found only where
        something puts its folder on the path: then a package's name is the package's.
        """
        for root in self._roots(importer):
            if f"{root}{name}.py" in self._files:
                return True
            if f"{root}{name}/__init__.py" in self._files:
                return True
        if name.lower() in import_names().modules:
            return False
        near = any(f"{root}{name}" in self._folders for root in self._roots(importer))
        return near or name in self._anywhere

    def _roots(self, importer: str) -> Iterator[str]:
        for parent in PurePosixPath(importer).parents:
            yield "" if str(parent) == "." else f"{parent}/"
        yield "src/"


def imports_of(snapshot: Snapshot) -> tuple[Imported, ...]:
    """Every import of a package in the files that Python can parse, in their order."""
    own = OwnModules(snapshot.python_files)
    code = code_of(snapshot)
    found: list[Imported] = []
    for path in snapshot.python_files:
        if file := code.files.get(path):
            names = file.names
        elif (tree := snapshot.module(path).tree) is not None:
            names = read_names(tree)
        else:
            continue
        is_test = is_test_file(path)
        found += (
            Imported(module, path, node.lineno, None, is_required, is_test=is_test)
            for module, node, is_required in imports_in(names)
            if _is_foreign(module, path, own)
        )
    for notebook in notebooks(snapshot):
        for module, node, is_required in imports_in(notebook.names):
            if not _is_foreign(module, notebook.path, own):
                continue
            cell = notebook.cell_of(node)
            number = cell.number if cell else None
            found.append(
                Imported(
                    *(module, notebook.path, None, number, is_required),
                    is_notebook=True,
                )
            )
    return tuple(found)


def imports_in(names: Names) -> Iterator[tuple[str, _Importing, bool]]:
    """The absolute imports of one file: dotted name, place, whether it fails without.

    Also those by `importlib.import_module("name")`. Of `from a.b import c` the name is
    `a.b.c`: what c is can't be seen, and a.b may be shared by many packages.
    """
    for node in names.nodes:
        match node:
            case ast.Import():
                modules = [alias.name for alias in node.names]
            case ast.ImportFrom(level=0, module=str(module)):
                modules = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Call(args=[ast.Constant(value=str(module)), *_]):
                function = names.qualified(node.func)
                if function not in _DYNAMIC | _OPTIONAL_CALLS:
                    continue
                if not module.replace(".", "").isidentifier():
                    continue
                if function in _OPTIONAL_CALLS:
                    yield module, node, False
                    continue
                modules = [module]
            case _:
                continue
        is_required = not _is_optional(node, names)
        for module in modules:
            yield module, node, is_required


def _is_foreign(module: str, path: str, own: OwnModules) -> bool:
    top = module.partition(".")[0]
    if top in _STDLIB or top.endswith(_GENERATED):
        return False
    if top in _OF_SETUP and PurePosixPath(path).name == "setup.py":
        return False
    if any(module == one or module.startswith(f"{one}.") for one in _OF_A_PLATFORM):
        return False
    return not own.has(top, path)


def _is_optional(node: ast.AST, names: Names) -> bool:
    """Whether a file runs without it: a `try` or a condition stands around the import."""
    child, parent = node, names.parents.get(node)
    while parent is not None:
        match parent:
            case ast.Try() | ast.TryStar() if child in parent.body:
                if any(_catches(handler, names) for handler in parent.handlers):
                    return True
            case ast.ExceptHandler() if _catches(parent, names):
                return True
            case ast.If(test=test) if _is_no_condition_here(test, names):
                return True
            case ast.With(items=items):
                if any(_suppresses(item.context_expr, names) for item in items):
                    return True
        child, parent = parent, names.parents.get(parent)
    return False


def _catches(handler: ast.ExceptHandler, names: Names) -> bool:
    if handler.type is None:
        return True
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        (names.qualified(kind) or "").removeprefix("builtins.") in _CATCHING
        for kind in kinds
    )


def _is_no_condition_here(test: ast.expr, names: Names) -> bool:
    """`TYPE_CHECKING`, which never holds in a run, and `sys.version_info` of another Python."""
    if isinstance(test, ast.Compare):
        test = test.left
    if isinstance(test, ast.Subscript):
        test = test.value
    return names.qualified(test) in {
        "typing.TYPE_CHECKING",
        "typing_extensions.TYPE_CHECKING",
        "sys.version_info",
        "sys.platform",
    }


def _suppresses(context: ast.expr, names: Names) -> bool:
    match context:
        case ast.Call(func=function, args=kinds):
            return names.qualified(function) == "contextlib.suppress" and any(
                names.qualified(kind) in _CATCHING for kind in kinds
            )
    return False
