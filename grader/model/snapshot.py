"""One repository at one commit, read only: its files, and what can be read out of them.

A `Snapshot` stands on a private copy of the tree. Which files are Python, which of them are
the project's sources and which its tests is decided here once, so that every checker's
numerator and denominator are one population.
"""

import ast
import codecs
import io
import re
import tokenize
import unicodedata
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

from grader.model.history import History
from grader.model.parsing import PARSING
from grader.model.past import Past

MAX_FILE_BYTES = 1024 * 1024
MAX_LINE_CHARACTERS = 10_000
MAX_PYTHON_FILES = 2_000
MAX_PYTHON_BYTES = 16 * 1024 * 1024
# A megabyte of `x;` is 900 MB as a syntax tree, one of `{1}` in an f-string takes Python's
# parser 30 s. The densest megabyte that people write by hand has fewer than these.
MAX_TOKENS = 300_000
# Python brings names into a normal form, which takes the square of such a run: 70 s a
# megabyte. No script has more than a few on a letter.
MAX_MARKS = 100

# Trees of files up to this size in all are kept; of the others they are made anew.
_KEPT_BYTES = 1024 * 1024
# Python's own codecs for these are slow by the square of the length.
_SLOW_ENCODINGS = frozenset({"idna", "punycode"})

_TOKEN = re.compile(r"\w+|[^\w\s]")
_FOREIGN = re.compile(rf"[^\x00-\x7f]{{{MAX_MARKS},}}")

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
    """Why a Python file can't be read: the parser's words and the line, from 1.

    `is_depth`: the parser found no mistake, it gave up on how deep the file is nested.
    """

    message: str
    line: int | None
    is_depth: bool = False


@dataclass(frozen=True)
class PythonModule:
    """One Python file: its text and syntax tree, or the problem that prevents them.

    `kept` is the tree where there was room to keep it.
    """

    path: str
    text: str
    problem: SyntaxProblem | None
    kept: ast.Module | None

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None for a file with a problem."""
        if self.kept is None and self.problem is None:
            with PARSING:
                return _parse(self.text)
        return self.kept

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
    tree was graded and differs from that commit. `history` begins at it; None outside git and
    where it can't be read. `past` reads the files of its commits; None outside git.

    `withheld` are Python files that a tool could not read: they are in no number. `refused`
    are files that Python can't parse and no tool should be given: they count as unparsable.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    commit: str | None = None
    uncommitted: bool = False
    left_out: tuple[LeftOut, ...] = ()
    history: History | None = None
    past: Past | None = None
    withheld: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def only(self, paths: Collection[str]) -> "Snapshot":
        """The same repository with only these of its Python files in any number."""
        others = frozenset(self._taken).difference(paths)
        return self._reduced(others, frozenset())

    def without(self, paths: Collection[str]) -> "Snapshot":
        """The same repository for a tool that could not read `paths`.

        Those of them that Python can't parse either stay in it, as unparsable, and are not
        given to the tool again; the others are in no number.
        """
        broken = frozenset(path for path in paths if self.module(path).problem)
        return self._reduced(frozenset(paths).difference(broken), broken)

    def _reduced(self, withheld: frozenset[str], refused: frozenset[str]) -> "Snapshot":
        part = replace(
            self, withheld=self.withheld | withheld, refused=self.refused | refused
        )
        # What was read is not read again: the files are the same ones.
        vars(part).update(_modules=self._modules, _unreadable=self._unreadable)
        return part

    @cached_property
    def python_files(self) -> tuple[str, ...]:
        """The Python files that tools read: no environments, build output, vendored trees."""
        return tuple(path for path in self._taken if path not in self.withheld)

    @cached_property
    def _taken(self) -> tuple[str, ...]:
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
        room = MAX_PYTHON_BYTES
        for path in taken[:MAX_PYTHON_FILES]:
            room -= (self.root / path).stat().st_size
            if room < 0:
                reasons[path] = "more than 16 MiB of Python files"
        return reasons

    @cached_property
    def environment_folders(self) -> frozenset[str]:
        """The folders that say of themselves that they are virtual environments."""
        # `python -m venv .` at the top makes no environment of the project itself.
        return frozenset(
            str(PurePosixPath(path).parent)
            for path in self.files
            if path.endswith("/pyvenv.cfg")
        )

    def foreign(self, path: str) -> str | None:
        """Why a file is not the project's own: an environment, build output, vendored."""
        parents = PurePosixPath(path).parents
        if any(str(parent) in self.environment_folders for parent in parents):
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
        raw = full.read_bytes()
        longest = max(map(len, raw.split(b"\n")), default=0)
        if longest > MAX_LINE_CHARACTERS:
            return f"too large: a line of over {MAX_LINE_CHARACTERS} characters"
        text = _decoded(raw)
        if not isinstance(text, str):
            return None
        if sum(1 for _ in _TOKEN.finditer(text)) > MAX_TOKENS:
            return f"too large: over {MAX_TOKENS:,} words and signs"
        if _marks_in_a_row(text) > MAX_MARKS:
            return f"over {MAX_MARKS} combining characters in a row"
        return None

    @cached_property
    def source_files(self) -> tuple[str, ...]:
        """`src/` where it holds Python, else the project's own modules without its tests."""
        # Which of the two is decided on all files, also where a tool can't read some.
        if any(path.startswith("src/") for path in self._taken):
            return tuple(p for p in self.python_files if p.startswith("src/"))
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

    def given(self, scope: Scope) -> tuple[str, ...]:
        """The files of a population that a tool is given."""
        return tuple(path for path in self.scope(scope) if path not in self.refused)

    def describe(self, scope: Scope) -> str:
        """The population in words, for the report."""
        paths = self.scope(scope)
        count = f"{len(paths)} Python file{'' if len(paths) == 1 else 's'}"
        if scope == "all":
            where = ": the whole repository"
        elif any(path.startswith("src/") for path in self._taken):
            where = " below src/"
        else:
            where = ": the project's own modules without tests (there is no src/)"
        less = f", less {len(self.withheld)} not measured" if self.withheld else ""
        return f"{count}{where}{less}"

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
        with PARSING:
            if path not in self._modules:
                module = read_module(self.root / path, path)
                kept = sum(len(one.text) for one in self._modules.values() if one.kept)
                if kept + len(module.text) > _KEPT_BYTES:
                    module = replace(module, kept=None)
                self._modules[path] = module
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
    text = _decoded(raw)
    if not isinstance(text, str):
        return PythonModule(path, raw.decode("utf-8", errors="replace"), text, None)
    try:
        tree = _parse(text)
    except SyntaxError as error:
        problem = SyntaxProblem(error.msg or "invalid syntax", error.lineno)
        return PythonModule(path, text, problem, None)
    except (RecursionError, MemoryError):
        problem = SyntaxProblem(
            "nested too deeply for Python's parser", None, is_depth=True
        )
        return PythonModule(path, text, problem, None)
    except ValueError as error:
        return PythonModule(path, text, SyntaxProblem(str(error), None), None)
    return PythonModule(path, text, None, tree)


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _decoded(raw: bytes) -> str | SyntaxProblem:
    """The text by the file's own encoding, or why there is none."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        if codecs.lookup(encoding).name in _SLOW_ENCODINGS:
            return SyntaxProblem(f"{encoding} is no encoding for source code", None)
        return io.TextIOWrapper(io.BytesIO(raw), encoding).read()
    # A codec may raise more than UnicodeDecodeError: UTF-7 and others raise its base class.
    except (SyntaxError, ValueError, LookupError) as error:
        return SyntaxProblem(str(error), None)


def _marks_in_a_row(text: str) -> int:
    """The longest run of combining characters; 0 for one that is short anyway."""
    longest = 0
    for match in _FOREIGN.finditer(text):
        run = 0
        for character in match[0]:
            run = run + 1 if unicodedata.combining(character) else 0
            longest = max(longest, run)
    return longest
