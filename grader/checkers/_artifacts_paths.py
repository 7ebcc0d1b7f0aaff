"""What a path is, as far as the code says it: its texts, with `*` for what nobody knows.

Followed are variables, parameters to what callers give, constants of other modules,
os.path.join and `/`, the values of configuration files by their keys, and the defaults of
command line options. Every step is bounded.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePosixPath

from grader.checkers._artifacts_calls import (
    arguments,
    defaults,
    opened_with,
    parameters,
    scope_of,
)
from grader.codebase.code import Code, CodeFile, Function
from grader.codebase.documents import Documents, Value
from grader.codebase.projects import pipeline_settings

UNKNOWN = "*"
_MAX_DEPTH = 14
_MAX_TEXTS = 6
_MAX_STEPS = 600
# Of one repository; the paths beyond are unknown.
_MAX_ALL_STEPS = 400_000
_MAX_SITES = 12
_MAX_CHARACTERS = 300
_JOINS = frozenset({"os.path.join", "posixpath.join", "join", "path.join"})
_SAME = frozenset(
    "resolve absolute expanduser as_posix as_uri strip rstrip lower format strftime "
    "format_map open mkdir removesuffix".split()
)
_WRAPS = frozenset(
    "open str pathlib.Path pathlib.PurePath os.fspath os.path.abspath os.path.expanduser "
    "os.path.normpath os.path.realpath hydra.utils.to_absolute_path io.open gzip.open "
    "fsspec.open smart_open.open".split()
)
_GETS = frozenset({"get", "getenv", "setdefault", "pop", "select"})


@dataclass(frozen=True)
class Argument:
    """What a caller gives for a parameter, and the file that it stands in."""

    file: CodeFile
    value: ast.expr


Given = Mapping[str, Argument]


@dataclass
class Paths:
    """The texts of path expressions of one repository."""

    code: Code
    documents: Documents
    files: tuple[str, ...]
    sites: Mapping[ast.AST, list[tuple[CodeFile, ast.Call]]]
    _assigned: dict[tuple[ast.AST, str], list[ast.expr]] = field(default_factory=dict)
    _constants: dict[str, list[Argument]] = field(default_factory=dict)
    _options: dict[str, list[Argument]] = field(default_factory=dict)
    _keys: dict[str, list[str]] = field(default_factory=dict)
    _busy: set[tuple[ast.AST, str]] = field(default_factory=set)
    _steps: int = 0
    _left: int = _MAX_ALL_STEPS

    def __post_init__(self) -> None:
        for file in self.code.files.values():
            if not file.is_test:
                self._index(file)
        for path in pipeline_settings(self.files):
            for key, text in _leaves(self.documents.get(path).value):
                self._keys.setdefault(key, []).append(text)

    @property
    def configured(self) -> Iterator[str]:
        """Every text of the configuration files."""
        return (text for texts in self._keys.values() for text in texts)

    def first(self, matches: Callable[[str], bool]) -> str | None:
        """The first path that is put together where a file is read, outside tests."""
        for file in self.code.files.values():
            for node in () if file.is_test else file.names.nodes:
                if isinstance(node, ast.Call) and _reads(node) and node.args:
                    for text in self.texts(file, node.args[0]):
                        if matches(text):
                            return text
        return None

    def texts(
        self, file: CodeFile, node: ast.expr | None, given: Given | None = None
    ) -> tuple[str, ...]:
        """What an expression may be as a path; `*` alone where nothing is known."""
        self._steps = min(_MAX_STEPS, self._left)
        self._left -= self._steps
        found = self._texts(file, node, given or {}, 0) if node is not None else set()
        self._left += max(self._steps, 0)
        return tuple(sorted(found)) or (UNKNOWN,)

    def _index(self, file: CodeFile) -> None:
        for node in file.names.nodes:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)], value=value
                ) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self._note(file, node, name, value)
                case ast.For(target=ast.Name(id=name), iter=ast.List(elts=values)):
                    for value in values[:_MAX_TEXTS]:
                        self._note(file, node, name, value)
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        self._keep(key, value)
                case ast.Call(args=[ast.Constant(value=str(option)), *_]):
                    self._option(file, node, option)

    def _note(self, file: CodeFile, node: ast.AST, name: str, value: ast.expr) -> None:
        scope = scope_of(file, node)
        self._assigned.setdefault((scope, name), []).append(value)
        if not isinstance(scope, Function):
            self._constants.setdefault(name, []).append(Argument(file, value))

    def _keep(self, key: ast.expr | None, value: ast.expr) -> None:
        """A path in a dictionary of the code, which is a configuration as well."""
        match key, value:
            case ast.Constant(value=str(name)), ast.Constant(value=str(text)) if (
                "/" in text and " " not in text and len(text) < _MAX_CHARACTERS
            ):
                self._keys.setdefault(name, []).append(text)

    def _option(self, file: CodeFile, call: ast.Call, option: str) -> None:
        if not option.startswith("--"):
            return
        for keyword in call.keywords:
            if keyword.arg == "default":
                name = option.strip("-").replace("-", "_")
                self._options.setdefault(name, []).append(Argument(file, keyword.value))

    def _texts(
        self, file: CodeFile, node: ast.expr, given: Given, depth: int
    ) -> set[str]:
        self._steps -= 1
        if depth > _MAX_DEPTH or self._steps <= 0:
            return {UNKNOWN}
        found = self._read(file, node, given, depth + 1)
        kept = sorted(one for one in found if len(one) < _MAX_CHARACTERS)
        return set(kept[:_MAX_TEXTS]) or {UNKNOWN}

    def _read(
        self, file: CodeFile, node: ast.expr, given: Given, depth: int
    ) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {text.replace("\\", "/")}
            case ast.JoinedStr(values=parts):
                return self._joined(file, parts[:12], given, depth, "")
            case ast.FormattedValue(value=value):
                return self._texts(file, value, given, depth)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(file, [left, right], given, depth, "/")
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined(file, [left, right], given, depth, "")
            case ast.BinOp(left=left, op=ast.Mod()):
                return self._texts(file, left, given, depth)
            case ast.IfExp(body=one, orelse=other):
                return self._any(file, [one, other], given, depth)
            case ast.BoolOp(values=values):
                return self._any(file, values[:_MAX_TEXTS], given, depth)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self._texts(file, value, given, depth)
            case ast.Name(id=name):
                return self._named(file, node, name, given, depth)
            case ast.Attribute(attr="parent", value=value):
                inner = self._texts(file, value, given, depth)
                return {str(PurePosixPath(one).parent) for one in inner}
            case ast.Attribute(attr=name):
                return self._attribute(file, node, name, given, depth)
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                return self._keyed(key, depth)
            case ast.Call():
                return self._call(file, node, given, depth)
        return {UNKNOWN}

    def _joined(
        self,
        file: CodeFile,
        parts: list[ast.expr],
        given: Given,
        depth: int,
        joint: str,
    ) -> set[str]:
        texts = [sorted(self._texts(file, one, given, depth))[:3] for one in parts]
        found = set()
        for row, _ in zip(product(*texts), range(_MAX_TEXTS), strict=False):
            found.add(joint.join(row))
        return found

    def _any(
        self, file: CodeFile, nodes: list[ast.expr], given: Given, depth: int
    ) -> set[str]:
        return set().union(*(self._texts(file, one, given, depth) for one in nodes))

    def _named(
        self, file: CodeFile, node: ast.Name, name: str, given: Given, depth: int
    ) -> set[str]:
        if (opened := opened_with(file, node)) is not None:
            return self._texts(file, opened, given, depth)
        scope = scope_of(file, node)
        found: set[str] = set()
        key = (scope, name)
        if key not in self._busy:
            # `path = Path(path)` is the parameter still.
            self._busy.add(key)
            values = self._assigned.get(key, [])[:_MAX_TEXTS]
            found = self._any(file, values, given, depth)
            self._busy.discard(key)
        if isinstance(scope, Function) and not found:
            found = self._parameter(file, scope, name, given, depth)
        if found:
            return found
        if scope is not file.tree and (top := self._assigned.get((file.tree, name))):
            return self._any(file, top[:_MAX_TEXTS], {}, depth)
        return self._constant(name, depth)

    def _parameter(
        self, file: CodeFile, scope: Function, name: str, given: Given, depth: int
    ) -> set[str]:
        names = parameters(scope)
        if name not in names:
            return set()
        if (one := given.get(name)) is not None:
            return self._texts(one.file, one.value, {}, depth)
        found: set[str] = set()
        for home, call in self.sites.get(scope, ())[:_MAX_SITES]:
            value = arguments(scope, call).get(name)
            if value is not None:
                found |= self._texts(home, value, {}, depth)
        if default := defaults(scope).get(name):
            found |= self._texts(file, default, {}, depth)
        return found or self._constant(name, depth)

    def _constant(self, name: str, depth: int) -> set[str]:
        """A constant of that name wherever it stands, an option, a configured value."""
        found: set[str] = set()
        for one in (*self._constants.get(name, ()), *self._options.get(name, ()))[:4]:
            found |= self._texts(one.file, one.value, {}, depth)
        known = {text for text in found if text != UNKNOWN}
        return known or self._keyed(name, depth)

    def _attribute(
        self, file: CodeFile, node: ast.Attribute, name: str, given: Given, depth: int
    ) -> set[str]:
        if (value := file.own_value(node)) is not None:
            # In its class; a parameter of __init__ is looked up by name.
            found = self._texts(file, value, given, depth)
            if found != {UNKNOWN}:
                return found
        if isinstance(node.value, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            return self._constant(name, depth)
        return {UNKNOWN}

    def _keyed(self, key: str, depth: int) -> set[str]:
        texts = self._keys.get(key, ())
        return set(texts[:_MAX_TEXTS]) or {UNKNOWN}

    def _call(
        self, file: CodeFile, call: ast.Call, given: Given, depth: int
    ) -> set[str]:
        name = self.code.symbol(file, call.func) or ""
        arguments_ = [one for one in call.args if not isinstance(one, ast.Starred)][:8]
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if name in _JOINS or name == "pathlib.Path" and len(arguments_) > 1:
            return self._joined(file, arguments_, given, depth, "/")
        if name in ("os.path.dirname", "os.path.split") and arguments_:
            inner = self._texts(file, arguments_[0], given, depth)
            return {str(PurePosixPath(one).parent) for one in inner}
        if name in _WRAPS and arguments_:
            return self._texts(file, arguments_[0], given, depth)
        if name in _WRAPS and call.keywords:
            return self._texts(file, call.keywords[0].value, given, depth)
        if method == "joinpath" and receiver is not None:
            return self._joined(file, [receiver, *arguments_], given, depth, "/")
        if method in ("with_suffix", "with_name") and receiver is not None:
            return self._texts(file, receiver, given, depth)
        if method in _GETS or name in ("os.getenv", "os.environ.get"):
            return self._got(file, arguments_, given, depth)
        is_own = self.code.defined(file, call.func) is not None
        if method in _SAME and receiver is not None and not is_own:
            return self._texts(file, receiver, given, depth)
        if not arguments_ and not call.keywords:
            return {UNKNOWN}
        # A helper such as resolve(path): what goes in comes out, keys as their values.
        values = [*arguments_, *(one.value for one in call.keywords[:6])]
        keys = [
            value.value
            for value in values
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        ]
        if looked := [text for key in keys for text in self._keys.get(key, ())]:
            return set(looked[:_MAX_TEXTS])
        found: set[str] = set()
        for value in values:
            found |= self._texts(file, value, given, depth)
        paths = {one for one in found if "/" in one or "." in one}
        return paths or {UNKNOWN}

    def _got(
        self, file: CodeFile, values: list[ast.expr], given: Given, depth: int
    ) -> set[str]:
        found: set[str] = set()
        match values[:1]:
            case [ast.Constant(value=str(key))]:
                found |= self._keyed(key, depth)
        if len(values) > 1:
            found |= self._texts(file, values[1], given, depth)
        return {one for one in found if one != UNKNOWN} or {UNKNOWN}


def _reads(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.startswith(("read_", "load", "open", "get_data", "scan_"))
    return False


def _leaves(value: Value) -> Iterator[tuple[str, str]]:
    """The texts in a configuration with the last key that leads to each."""
    stack: list[tuple[str, Value]] = [("", value)]
    count = 0
    while stack and count < 5_000:
        key, one = stack.pop()
        count += 1
        match one:
            case str() if key and len(one) < _MAX_CHARACTERS:
                yield key, one
            case dict():
                stack.extend((str(name), inner) for name, inner in one.items())
            case list():
                stack.extend((key, inner) for inner in one)
