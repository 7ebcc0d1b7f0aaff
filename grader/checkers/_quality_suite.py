"""The tests that pytest would collect, with what each of them comes to in the suite.

A test is its own body, the functions nested in it that it names, the helpers of the suite
that it calls, and its fixtures. What each of these does is read once.
"""

import ast
import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath

from grader.checkers._quality_bodies import Body, read_body
from grader.codebase.code import Code, CodeFile, Function
from grader.codebase.documents import documents_of, text_of
from grader.model.snapshot import Snapshot

# Helpers of helpers; a suite of thousands that all name each other is cut here.
_MAX_BODIES = 60
_PATTERNS = ("test_*.py", "*_test.py")
_SETTINGS = (("pytest.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_MAX_SETTINGS_BYTES = 256 * 1024
_FIXTURES = re.compile(r"(pytest|pytest_asyncio)\.fixture(\(\))?")
_SET_UP = ("setUp", "setUpClass", "setup_method", "setup_class", "asyncSetUp")
_SKIPS = frozenset(
    "pytest.mark.skip pytest.mark.skip() unittest.skip unittest.skip() "
    "pytest.mark.xfail unittest.expectedFailure".split()
)
_SKIPS_IF = frozenset(
    "pytest.mark.skipif() unittest.skipIf() pytest.mark.xfail()".split()
)


@dataclass(frozen=True, eq=False)
class SuiteTest:
    """One test: the function or method, where it is, and whether it is always skipped.

    `cases` are those of its parametrize marks, 1 without any. `bodies` are its own and those
    of the helpers that it calls, the first is its own; `prepared` those of its fixtures.
    """

    file: CodeFile
    name: str
    node: Function
    skipped: str | None
    cases: int
    bodies: tuple[Body, ...]
    prepared: tuple[Body, ...]

    @property
    def is_asserting(self) -> bool:
        """Whether anything is asserted, sensibly or not."""
        return any(one.assertions or one.vacuous for one in self.bodies)

    @property
    def has_sense(self) -> bool:
        """Whether an assertion in it depends on anything."""
        return any(one.assertions for one in self.bodies)

    @property
    def cannot_fail(self) -> bool:
        """Whether nothing that the code under test does could make it fail."""
        if self.has_sense:
            return False
        own = self.bodies[0]
        return own.is_empty or own.is_swallowed or self.is_asserting

    @property
    def is_sound(self) -> bool:
        """Whether it runs and asserts something that can be wrong."""
        return self.has_sense and self.skipped is None

    @property
    def all_bodies(self) -> tuple[Body, ...]:
        """Its own, those of its helpers and of its fixtures."""
        return (*self.bodies, *self.prepared)


@dataclass
class Suite:
    """All tests of a repository, as their files' and functions' names say it."""

    code: Code
    patterns: tuple[str, ...] = _PATTERNS
    _bodies: dict[ast.AST, Body] = field(default_factory=dict)

    @cached_property
    def files(self) -> tuple[CodeFile, ...]:
        """The files that pytest takes tests from."""
        return tuple(
            file
            for path, file in sorted(self.code.files.items())
            if any(
                fnmatchcase(PurePosixPath(path).name, pattern)
                for pattern in self.patterns
            )
        )

    @cached_property
    def tests(self) -> tuple[SuiteTest, ...]:
        """The tests, in the order of their files."""
        return tuple(one for file in self.files for one in self._tests_of(file))

    @cached_property
    def fixtures(self) -> dict[str, dict[str, Function]]:
        """The fixtures of each file of the suite, by name."""
        found: dict[str, dict[str, Function]] = {}
        for path, file in self.code.files.items():
            if file.is_test:
                named = {
                    _fixture_name(node): node
                    for node in file.functions.values()
                    if self._is_fixture(file, node)
                }
                found[path] = named
        return found

    def _tests_of(self, file: CodeFile) -> Iterator[SuiteTest]:
        above = self._skipped_file(file)
        for name, node in file.functions.items():
            holder, _, own = name.rpartition(".")
            if not own.startswith("test") or self._is_fixture(file, node):
                continue
            skipped = above
            if holder:
                klass = file.classes[holder]
                if not self._collects(file, klass):
                    continue
                skipped = skipped or self._skipped_by(file, klass.decorator_list)
            skipped = skipped or self._skipped_by(file, node.decorator_list)
            bodies = self._followed(file, holder, [node])
            if skipped is None and bodies[0].skips:
                skipped = "pytest.skip()"
            yield SuiteTest(
                file=file,
                name=name,
                node=node,
                skipped=skipped,
                cases=self._cases(file, node),
                bodies=bodies,
                prepared=self._prepared(file, holder, node, bodies),
            )

    def _collects(self, file: CodeFile, klass: ast.ClassDef) -> bool:
        bases = [self.code.symbol(file, base) or "" for base in klass.bases]
        if any(base.rpartition(".")[2].endswith("TestCase") for base in bases):
            return True
        return klass.name.startswith("Test") and (
            f"{klass.name}.__init__" not in file.functions
        )

    def _is_fixture(self, file: CodeFile, node: Function) -> bool:
        return any(
            _FIXTURES.fullmatch(self.code.symbol(file, one) or "")
            for one in node.decorator_list
        )

    def _skipped_file(self, file: CodeFile) -> str | None:
        """What skips a whole file: its `pytestmark`, or a skip at its own level."""
        for node in file.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                    marks = [value]
                    if isinstance(value, ast.List | ast.Tuple):
                        marks = value.elts
                    if found := self._skipped_by(file, marks):
                        return found
                case ast.Expr(value=ast.Call(func=called)):
                    if self.code.symbol(file, called) == "pytest.skip":
                        return "pytest.skip()"
        return None

    def _skipped_by(self, file: CodeFile, marks: list[ast.expr]) -> str | None:
        """The mark that skips a test whatever happens."""
        for mark in marks:
            name = self.code.symbol(file, mark) or ""
            if name in _SKIPS:
                return name
            if name in _SKIPS_IF:
                call = file.names.value(mark) if isinstance(mark, ast.Name) else mark
                if isinstance(call, ast.Call) and _is_certain(name, call):
                    return name
        return None

    def _cases(self, file: CodeFile, node: Function) -> int:
        cases = 1
        for mark in node.decorator_list:
            match mark:
                case ast.Call(
                    func=called,
                    args=[_, ast.List(elts=rows) | ast.Tuple(elts=rows), *_],
                ):
                    if self.code.symbol(file, called) == "pytest.mark.parametrize":
                        cases *= max(len(rows), 1)
        return min(cases, 10_000)

    def _followed(
        self, file: CodeFile, holder: str, functions: list[Function]
    ) -> tuple[Body, ...]:
        """The bodies of some functions and of what of the suite they call, each once."""
        found: dict[ast.AST, Body] = {}
        todo: list[tuple[CodeFile, Function]] = [(file, one) for one in functions]
        while todo and len(found) < _MAX_BODIES:
            home, node = todo.pop(0)
            if node in found:
                continue
            body = found[node] = self._body(home, node)
            todo += body.helpers
            for name in body.own_methods:
                if method := home.functions.get(f"{holder}.{name}"):
                    todo.append((home, method))
        return tuple(found.values())

    def _body(self, file: CodeFile, node: Function) -> Body:
        if node not in self._bodies:
            self._bodies[node] = read_body(self.code, file, node)
        return self._bodies[node]

    def _prepared(
        self, file: CodeFile, holder: str, node: Function, bodies: tuple[Body, ...]
    ) -> tuple[Body, ...]:
        """The bodies of the fixtures that a test and its fixtures ask for."""
        found: dict[ast.AST, Body] = {}
        todo = [self._fixture(file, name) for name in _parameters(node)]
        todo += self._automatic(file)
        for name in _SET_UP:
            if holder and (method := file.functions.get(f"{holder}.{name}")):
                todo.append((file, method))
        while todo and len(found) < _MAX_BODIES:
            one = todo.pop()
            if one is None or one[1] in found:
                continue
            home, fixture = one
            for body in self._followed(home, holder, [fixture]):
                found[body.node] = body
            todo += [self._fixture(home, name) for name in _parameters(fixture)]
        own = {body.node for body in bodies}
        return tuple(body for body in found.values() if body.node not in own)

    def _automatic(self, file: CodeFile) -> list[tuple[CodeFile, Function] | None]:
        """The fixtures that pytest uses for every test of a file."""
        return [
            (self.code.files[path], node)
            for path in _fixture_files(file)
            for node in self.fixtures.get(path, {}).values()
            if any(map(_is_automatic, node.decorator_list))
        ]

    def _fixture(self, file: CodeFile, name: str) -> tuple[CodeFile, Function] | None:
        """The fixture of that name that pytest would take for a file."""
        for path in _fixture_files(file):
            if found := self.fixtures.get(path, {}).get(name):
                return self.code.files[path], found
        return None


def _is_certain(name: str, call: ast.Call) -> bool:
    """Whether a conditional mark holds always: no condition for xfail, a constant one."""
    given = [one.value for one in call.keywords if one.arg == "condition"]
    condition = [*call.args, *given][:1]
    if not condition:
        return name.startswith("pytest.mark.xfail")
    match condition[0]:
        case ast.Constant(value=value):
            return bool(value) and not isinstance(value, str)
    return False


def _fixture_files(file: CodeFile) -> list[str]:
    """Where pytest looks for a file's fixtures, the nearest first."""
    folders = PurePosixPath(file.path).parents
    return [file.path, *(str(one / "conftest.py") for one in folders)]


def _is_automatic(mark: ast.expr) -> bool:
    match mark:
        case ast.Call(keywords=keywords):
            return any(
                one.arg == "autouse"
                and isinstance(one.value, ast.Constant)
                and one.value.value is True
                for one in keywords
            )
    return False


def _parameters(node: Function) -> list[str]:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return [one.arg for one in arguments]


def _fixture_name(node: Function) -> str:
    for mark in node.decorator_list:
        for keyword in mark.keywords if isinstance(mark, ast.Call) else ():
            match keyword:
                case ast.keyword(arg="name", value=ast.Constant(value=str(name))):
                    return name
    return node.name


def file_patterns(snapshot: Snapshot) -> tuple[str, ...]:
    """How the project's own settings name test files, else as pytest does."""
    given: object = None
    for path, section in _SETTINGS:
        text = text_of(snapshot, path, _MAX_SETTINGS_BYTES)
        if text is not None and given is None:
            given = _setting(text, section)
    if given is None:
        settings = documents_of(snapshot).get("pyproject.toml")
        given = settings.at("tool", "pytest", "ini_options", "python_files")
    words = given.split() if isinstance(given, str) else given
    patterns = (
        [one for one in words if isinstance(one, str)]
        if (isinstance(words, list))
        else []
    )
    return tuple(patterns[:20]) or _PATTERNS


def _setting(text: str, section: str) -> str | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser.get(section, "python_files", fallback=None)
