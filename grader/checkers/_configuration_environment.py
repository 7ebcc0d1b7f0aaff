"""The environment: where code that runs reads it, and the files that hold it."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from grader.codebase.code import code_of
from grader.codebase.origins import ENVIRONMENT_READS, SETTINGS_CLASSES
from grader.codebase.reach import Reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_LOADS_ENV = frozenset(
    {"dotenv.load_dotenv", "dotenv.dotenv_values", "dotenv.find_dotenv"}
)
_EXAMPLE_WORDS = frozenset("example examples sample template tpl dist default".split())


def environment_reads(snapshot: Snapshot, reach: Reach) -> Iterator[Sight]:
    """Each place of running code that reads a variable, or a file of them."""
    code = code_of(snapshot)
    for file, node in reach.nodes():
        what = None
        match node:
            case ast.Call(func=called):
                name = code.symbol(file, called) or ""
                if name in ENVIRONMENT_READS or name in _LOADS_ENV:
                    what = name
            case ast.Subscript(value=holder, ctx=ast.Load()):
                if code.symbol(file, holder) in ("os.environ", "os.environb"):
                    what = "os.environ"
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[holder]):
                if code.symbol(file, holder) == "os.environ":
                    what = "os.environ"
            case ast.ClassDef(bases=bases) if reach.reaches(node):
                if any(code.symbol(file, one) in SETTINGS_CLASSES for one in bases):
                    what = "BaseSettings"
        if what is not None:
            line = getattr(node, "lineno", None)
            yield Sight(path=file.path, line=line, what=what)


def _env_words(path: str) -> set[str]:
    name = PurePosixPath(path).name.lower()
    words = set(name.replace("-", ".").replace("_", ".").split("."))
    return words if "env" in words else set()


def is_example(path: str) -> bool:
    """Whether a file is an example of a .env, by its name."""
    words = _env_words(path)
    return bool(words & _EXAMPLE_WORDS) and words.isdisjoint(
        {"yml", "yaml", "py", "md"}
    )


def is_env(path: str) -> bool:
    """Whether a file is a .env with values, by its name."""
    name = PurePosixPath(path).name.lower()
    is_one = name == ".env" or name.startswith((".env.", ".env_", ".env-"))
    return is_one and not is_example(path)
