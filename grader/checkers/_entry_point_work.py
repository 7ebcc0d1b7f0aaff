"""What a module does when it is imported, beside importing, defining and naming things."""

import ast
import re
from collections.abc import Iterator

from grader.codebase.code import Code, CodeFile
from grader.codebase.names import is_main_guard, said
from grader.model.measurement import Sight

# Calls that only name, configure or build something small.
_HARMLESS = re.compile(
    r"logging\.(getLogger|basicConfig|captureWarnings|addLevelName|config\.\w+)\(?\)?.*"
    r"|structlog\.\w+|loguru\..*|dotenv\.load_dotenv|warnings\.\w+|os\.(getenv|environ).*"
    r"|os\.path\.\w+|os\.getcwd|pathlib\..*|sys\.path\.\w+|re\.compile|collections\.\w+"
    r"|typing\.\w+|functools\.\w+|dataclasses\.\w+|enum\.\w+|decimal\.\w+|datetime\..*"
    r"|matplotlib\.(use|pyplot\.style\.use)|seaborn\.set\w*|pandas\.set_option"
    r"|numpy\.(set_printoptions|seterr)|rich\.\w+\.\w+|typer\.Typer.*|click\..*"
    r"|hydra\.core\.config_store\..*|faulthandler\.enable|locale\.setlocale|signal\.signal"
    r"|importlib\.metadata\.version|multiprocessing\.set_start_method|random\.seed"
    r"|numpy\.random\.seed|argparse\.ArgumentParser\(?\)?(\.add_argument)?"
    r"|(frozenset|set|dict|list|tuple|str|int|float|bool|len|sorted|range|object|type"
    r"|min|max|sum|property|super|vars|globals|zip|map|filter|isinstance)(\(\).*)?"
)
_STATEMENTS = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Pass, ast.Global, ast.Assert, ast.Raise, ast.Delete),
)
_MAX_SIGHTS = 20


def at_import(code: Code, file: CodeFile) -> Iterator[Sight]:
    """The places at which importing the file does work: loops, and calls that do things."""
    stack: list[ast.stmt] = list(reversed(file.tree.body))
    found = 0
    while stack and found < _MAX_SIGHTS:
        node = stack.pop()
        if is_main_guard(node) or isinstance(node, _STATEMENTS):
            continue
        if isinstance(node, ast.If | ast.Try | ast.TryStar):
            stack.extend(reversed(_inner(node)))
            continue
        if what := _work(code, file, node):
            found += 1
            yield Sight(path=file.path, line=node.lineno, what=what)


def _inner(node: ast.If | ast.Try | ast.TryStar) -> list[ast.stmt]:
    handlers = getattr(node, "handlers", [])
    return [
        *node.body,
        *(one for handler in handlers for one in handler.body),
        *node.orelse,
        *getattr(node, "finalbody", []),
    ]


def _work(code: Code, file: CodeFile, node: ast.stmt) -> str | None:
    match node:
        case ast.For() | ast.AsyncFor():
            return "a for loop"
        case ast.While():
            return "a while loop"
        case ast.With() | ast.AsyncWith():
            return "a with block"
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and not _is_harmless(code, file, inner):
            return f"{_shown(inner.func)}()"
    return None


def _is_harmless(code: Code, file: CodeFile, call: ast.Call) -> bool:
    symbol = code.symbol(file, call.func)
    if symbol is None:
        # A method of text and the like: `"a b".split()`.
        return isinstance(call.func, ast.Attribute) and _is_plain(call.func.value)
    if _HARMLESS.fullmatch(symbol):
        return True
    defined = code.defined(file, call.func)
    if defined is not None:
        return isinstance(defined.node, ast.ClassDef)
    # An object of a library's class: `FastAPI()`, `CollectorRegistry()`.
    last = symbol.rpartition(".")[2]
    return last[:1].isupper() and "." in symbol


def _is_plain(node: ast.AST) -> bool:
    for _ in range(20):
        match node:
            case ast.Constant() | ast.List() | ast.Dict() | ast.JoinedStr():
                return True
            case ast.Call(func=ast.Attribute(value=inner)):
                node = inner
            case _:
                return False
    return False


def _shown(node: ast.expr) -> str:
    return said(node, 6) or "a call"
