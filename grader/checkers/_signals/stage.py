"""What makes a test's outcome depend on more than the test, in all honesty."""

import ast

from grader.checkers._signals.sight import Code, Function
from grader.codebase.names import read_names
from grader.model.snapshot import Snapshot

# A conftest.py that does one of these outside its fixtures prepares what tests need.
_PREPARING_NAMES = (
    *("os.environ", "os.putenv", "os.chdir", "os.makedirs", "os.mkdir", "os.umask"),
    *("dotenv.", "shutil.", "sys.modules", "warnings.", "logging.", "open"),
    *("matplotlib.use", "locale.", "builtins.", "socket.", "sys.argv"),
)
_PREPARING_CALLS = frozenset(
    {
        *("seed", "manual_seed", "set_seed", "set_random_seed", "start", "mkdir"),
        *("write_text", "write_bytes", "to_csv", "load_dotenv", "set_option", "dump"),
        *("set_config", "set_tracking_uri", "register_profile", "load_profile", "save"),
        *("setattr", "setenv", "create_all", "init_app", "set_default_dtype"),
    }
)
_CHANCE = (
    *("random", "secrets", "time", "uuid", "datetime.datetime.now", "numpy.random"),
    *("datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("threading", "multiprocessing", "concurrent", "asyncio", "socket", "requests"),
    *("os.urandom", "os.getpid", "httpx", "urllib"),
)


def sets_the_stage(snapshot: Snapshot, path: str) -> bool:
    """Whether a conftest.py prepares something outside its fixtures, or can't be read."""
    code = _code(snapshot, path)
    if code is None:
        return True
    for node in code.names.nodes:
        around = code.function_around(node)
        if around is not None and _is_fixture(around, code):
            continue
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute():
                name = code.names.qualified(node) or ""
                if name.startswith(_PREPARING_NAMES):
                    return True
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _PREPARING_CALLS:
                return True
    return False


def has_chance(snapshot: Snapshot, path: str) -> bool:
    """Whether a test file draws on chance, the clock, threads or a network."""
    code = _code(snapshot, path)
    if code is None:
        return True
    for node in code.names.nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            name = code.names.qualified(node) or ""
            if any(name == one or name.startswith(f"{one}.") for one in _CHANCE):
                return True
    return False


def _code(snapshot: Snapshot, path: str) -> Code | None:
    if path not in snapshot.files:
        return None
    tree = snapshot.module(path).tree
    return None if tree is None else Code(path, tree, read_names(tree))


def _is_fixture(function: Function, code: Code) -> bool:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = code.names.qualified(called) or ""
        if name.rpartition(".")[2] in ("fixture", "yield_fixture"):
            return True
    return False
