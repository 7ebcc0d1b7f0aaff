"""One repository at one commit, read only: its files, and what can be read out of them.

A `Snapshot` stands on a private copy of the tree. Which files are Python, which of them are
the project's sources and which its tests is decided here once, so that every checker's
numerator and denominator are one population.
"""

import ast
import io
import tokenize
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

MAX_FILE_BYTES = 1024 * 1024
MAX_LINE_CHARACTERS = 10_000
MAX_PYTHON_FILES = 2_000

_ENVIRONMENTS = frozenset(
    {"venv", ".venv", "virtualenv", ".virtualenv", "site-packages"}
)
_BUILD_OUTPUT = frozenset(
    {"build", "dist", ".eggs", ".tox", ".nox", "__pycache__", ".ipynb_checkpoints"}
)
_VENDORED = frozenset({"vendor", "vendored", "_vendor", "third_party", "node_modules"})


@dataclass(frozen=True)
class LeftOut:
    """A file (or folder) that no check reads, and why; always shown in the report."""

    path: str
    reason: str


@dataclass(frozen=True)
class SyntaxProblem:
    """Why a Python file can't be read: the parser's words and the line, from 1."""

    message: str
    line: int | None


@dataclass(frozen=True)
class PythonModule:
    """One Python file: its text and syntax tree, or the problem that prevents them."""

    path: str
    text: str
    tree: ast.Module | None
    problem: SyntaxProblem | None

    @property
    def line_count(self) -> int:
        """Physical lines, blank ones included."""
        return len(self.text.splitlines())


Scope = Literal["all", "source"]


@dataclass(frozen=True)
class Snapshot:
    """A repository's graded files.

    `root` is the absolute path of our private copy; every other path is relative to it, with
    forward slashes, sorted. `commit` is None outside git. `uncommitted` says that the working
    tree was graded and differs from that commit.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    commit: str | None = None
    uncommitted: bool = False
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def python_files(self) -> tuple[str, ...]:
        """The Python files that tools read: no environments, build output, vendored trees."""
        return tuple(
            path for path in self._python_files if path not in self._unreadable
        )

    @cached_property
    def all_left_out(self) -> tuple[LeftOut, ...]:
        """Everything that is not graded: dropped at capture, or a Python file we won't read."""
        beyond = (LeftOut(path, reason) for path, reason in self._unreadable.items())
        return (*self.left_out, *beyond)

    @cached_property
    def _python_files(self) -> tuple[str, ...]:
        return tuple(path for path in self.files if path.endswith(".py"))

    @cached_property
    def _unreadable(self) -> dict[str, str]:
        reasons: dict[str, str] = {}
        for path in self._python_files:
            if reason := self.foreign(path) or self._too_large(path):
                reasons[path] = reason
        taken = [path for path in self._python_files if path not in reasons]
        for path in taken[MAX_PYTHON_FILES:]:
            reasons[path] = f"more than {MAX_PYTHON_FILES} Python files"
        return reasons

    @cached_property
    def _environment_folders(self) -> frozenset[str]:
        return frozenset(
            str(PurePosixPath(path).parent)
            for path in self.files
            if PurePosixPath(path).name == "pyvenv.cfg"
        )

    def foreign(self, path: str) -> str | None:
        """Why a file is not the project's own: an environment, build output, vendored."""
        parents = PurePosixPath(path).parents
        if any(str(parent) in self._environment_folders for parent in parents):
            return "in a virtual environment"
        for part in PurePosixPath(path).parts[:-1]:
            if part in _ENVIRONMENTS:
                return "in a virtual environment"
            if part in _BUILD_OUTPUT or part.endswith(".egg-info"):
                return "build output"
            if part in _VENDORED:
                return "vendored code"
        return None

    def _too_large(self, path: str) -> str | None:
        full = self.root / path
        if full.stat().st_size > MAX_FILE_BYTES:
            return "too large: over 1 MiB"
        longest = max(map(len, full.read_bytes().split(b"\n")), default=0)
        if longest > MAX_LINE_CHARACTERS:
            return f"too large: a line of over {MAX_LINE_CHARACTERS} characters"
        return None

    @cached_property
    def source_files(self) -> tuple[str, ...]:
        """`src/` where it holds Python, else the project's own modules without its tests."""
        below_src = tuple(p for p in self.python_files if p.startswith("src/"))
        if below_src:
            return below_src
        return tuple(path for path in self.python_files if not is_test_file(path))

    @cached_property
    def source_roots(self) -> tuple[str, ...]:
        """What `--cov=` and a person's command line name: `src`, or packages and modules."""
        if any(path.startswith("src/") for path in self.source_files):
            return ("src",)
        tops = {PurePosixPath(path).parts[0] for path in self.source_files}
        return tuple(sorted(tops))

    def has_folder(self, folder: str) -> bool:
        """Whether any graded file lies below a folder."""
        return any(path.startswith(f"{folder}/") for path in self.files)

    def scope(self, scope: Scope) -> tuple[str, ...]:
        """The Python files of a population: `all`, or `source`."""
        return self.python_files if scope == "all" else self.source_files

    def describe(self, scope: Scope) -> str:
        """The population in words, for the report."""
        paths = self.scope(scope)
        count = f"{len(paths)} Python file{'' if len(paths) == 1 else 's'}"
        if scope == "all":
            return f"{count}: the whole repository"
        if self.source_roots == ("src",):
            return f"{count} below src/"
        return f"{count}: the project's own modules without tests (there is no src/)"

    def lines(self, scope: Scope) -> int:
        """Physical lines of a population, blank ones included."""
        return sum(self.module(path).line_count for path in self.scope(scope))

    def unparsable(self, scope: Scope) -> tuple[PythonModule, ...]:
        """The files of a population that Python's own parser refuses."""
        modules = (self.module(path) for path in self.scope(scope))
        return tuple(module for module in modules if module.problem is not None)

    @cached_property
    def _modules(self) -> dict[str, PythonModule]:
        return {}

    def module(self, path: str) -> PythonModule:
        """The parsed file at `path`; parsed once and kept."""
        if path not in self._modules:
            self._modules[path] = read_module(self.root / path, path)
        return self._modules[path]


def is_test_file(path: str) -> bool:
    """Whether a path is a test by pytest's conventions: its name, or a folder `tests`/`test`."""
    pure = PurePosixPath(path)
    if any(part in {"test", "tests"} for part in pure.parts[:-1]):
        return True
    return (
        pure.name == "conftest.py"
        or pure.name.startswith("test_")
        or pure.stem.endswith("_test")
    )


def read_module(file: Path, path: str) -> PythonModule:
    """Read and parse one Python file; nothing in it is evaluated and nothing is raised for it.

    The encoding is the file's own (PEP 263). A file that can't be decoded or parsed, or is
    nested too deeply for the parser, comes back with its `problem`.
    """
    raw = file.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = io.TextIOWrapper(io.BytesIO(raw), encoding).read()
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        readable = raw.decode("utf-8", errors="replace")
        return PythonModule(path, readable, None, SyntaxProblem(str(error), None))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        problem = SyntaxProblem(error.msg or "invalid syntax", error.lineno)
        return PythonModule(path, text, None, problem)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "nested too deeply for Python's parser"
        return PythonModule(path, text, None, SyntaxProblem(reason, None))
    return PythonModule(path, text, tree, None)
