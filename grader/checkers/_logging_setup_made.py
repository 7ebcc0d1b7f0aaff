"""Which handlers an expression stands for, and how they are made: kind, level, format, file."""

import ast
import re
from collections.abc import Iterator

from grader.checkers._logging_setup_model import (
    NUMBERS,
    TIME_AND_LEVEL,
    Handler,
    Kind,
)
from grader.codebase.code import Code, CodeFile, Function
from grader.codebase.origins import Origins, Value
from grader.model.measurement import Sight

CONSOLE = frozenset(
    "logging.StreamHandler rich.logging.RichHandler colorlog.StreamHandler "
    "colorlog.handlers.StreamHandler".split()
)
FILE = frozenset(
    "logging.FileHandler logging.handlers.RotatingFileHandler "
    "logging.handlers.TimedRotatingFileHandler logging.handlers.WatchedFileHandler "
    "concurrent_log_handler.ConcurrentRotatingFileHandler "
    "concurrent_log_handler.ConcurrentTimedRotatingFileHandler".split()
)
_OTHER = re.compile(r"logging\.(handlers\.)?\w+Handler")
_MAX_DEPTH = 8
_MAX_STEPS = 60


class Maker:
    """Reads handlers and their settings out of the code that makes them."""

    def __init__(self, code: Code, origins: Origins) -> None:
        self._code, self._origins = code, origins
        self._known: dict[str, _Calls] = {}

    def made(self, value: Value) -> list[Value]:
        """The calls that make the handlers an expression stands for."""
        return list(self._made(value, _MAX_DEPTH, [_MAX_STEPS]))

    def _made(self, value: Value, depth: int, steps: list[int]) -> Iterator[Value]:
        node = value.node
        steps[0] -= 1
        if depth == 0 or steps[0] < 0:
            return
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                inner = [value.other(part) for part in parts]
            case ast.BoolOp(values=parts):
                inner = [value.other(part) for part in parts]
            case ast.IfExp(body=body, orelse=other):
                inner = [value.other(body), value.other(other)]
            case ast.Starred(value=part):
                inner = [value.other(part)]
            case ast.Call():
                if self._kind(value) is not None:
                    yield value
                    return
                inner = self._origins.returned(value)
            case _:
                inner = [*self._origins.of(value), *self._appended(value)]
        for one in inner:
            yield from self._made(one, depth - 1, steps)

    def _appended(self, value: Value) -> list[Value]:
        """What is appended to a list by its name, in the same file."""
        if not isinstance(value.node, ast.Name):
            return []
        given = self._calls(value.file).appended.get(value.node.id, [])
        return [value.other(one) for one in given[:_MAX_STEPS]]

    def _calls(self, file: CodeFile) -> "_Calls":
        if file.path not in self._known:
            self._known[file.path] = _Calls(file)
        return self._known[file.path]

    def symbol(self, value: Value) -> str:
        """What a call calls, as a dotted name."""
        call = value.node
        called = call.func if isinstance(call, ast.Call) else None
        return self._code.symbol(value.file, called) or ""

    def _kind(self, value: Value) -> Kind | None:
        call = value.node
        if not isinstance(call, ast.Call):
            return None
        names = [self.symbol(value)]
        defined = self._code.defined(value.file, call.func)
        if defined is not None and isinstance(defined.node, ast.ClassDef):
            bases = defined.node.bases
            names += [self._code.symbol(defined.file, base) or "" for base in bases]
        for name in names:
            if name in CONSOLE:
                return "console"
            if name in FILE:
                return "file"
            if _OTHER.fullmatch(name):
                return "other"
        return None

    def handler(self, value: Value) -> Handler:
        """The handler that a call makes, with what is set on it afterwards."""
        call, name = value.node, self.symbol(value)
        kind = self._kind(value) or "other"
        given = keywords_of(value, call) if isinstance(call, ast.Call) else {}
        first = call.args[0] if isinstance(call, ast.Call) and call.args else None
        place = given.get("filename") or (value.other(first) if first else None)
        level = given.get("level")
        text = TIME_AND_LEVEL if name == "rich.logging.RichHandler" else None
        for method, argument in self._calls(value.file).settings_of(value):
            if method == "setLevel":
                level = argument
            else:
                text = self._format(argument, _MAX_DEPTH) or text
        return Handler(
            kind,
            sight_of(value, name.rpartition(".")[2]),
            level=self.level(level) if level else None,
            format=text,
            place=self.text(place) if kind == "file" else None,
            rotates="Rotating" in name,
            is_level_configured=level is not None
            and self._origins.is_configured(level),
        )

    def _format(self, value: Value, depth: int) -> str | None:
        """What a formatter writes: its format, or what its own class mentions."""
        node = value.node
        if depth == 0:
            return None
        if isinstance(node, ast.Call):
            given = keywords_of(value, node)
            fmt = given.get("fmt") or (value.other(node.args[0]) if node.args else None)
            defined = self._code.defined(value.file, node.func)
            if defined is not None and isinstance(defined.node, ast.ClassDef):
                return mentioned(defined.node)
            if (text := self.text(fmt)) is not None:
                return text
            inner = self._origins.returned(value)
        else:
            inner = self._origins.of(value)
        for one in inner:
            if (text := self._format(one, depth - 1)) is not None:
                return text
        return None

    def level(self, value: Value) -> str | None:
        """A level's name, else a text that is the same for the same expression."""
        return self._level_name(value, _MAX_DEPTH)

    def _level_name(self, value: Value, depth: int) -> str | None:
        node = value.node
        symbol = self._code.symbol(value.file, node) or ""
        if symbol.startswith("logging.") and symbol[8:] in NUMBERS:
            return symbol[8:]
        if isinstance(node, ast.Constant):
            numbers = {number: name for name, number in NUMBERS.items()}
            word = numbers.get(node.value) if isinstance(node.value, int) else None
            return word or str(node.value).upper()
        if (text := self._origins.text(value)) is not None and text.upper() in NUMBERS:
            return text.upper()
        inner = self._origins.of(value)
        if isinstance(node, ast.Call):
            inner = [value.other(one) for one in node.args[1:2]]
        for one in inner if depth else ():
            if (name := self._level_name(one, depth - 1)) in NUMBERS:
                return name
        # Of what only the code knows, the same name is the same level.
        where = f"what line {node.lineno} says"
        return (_dotted(node) or where) if depth == _MAX_DEPTH else None

    def text(self, value: Value | None) -> str | None:
        """What is known of a text."""
        return self._origins.text(value) if value is not None else None


def keywords_of(value: Value, call: ast.Call) -> dict[str, Value]:
    """What a call is given by name."""
    return {one.arg: value.other(one.value) for one in call.keywords if one.arg}


def mentioned(tree: ast.AST) -> str:
    """The names and texts that a class or call has."""
    words: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=word) | ast.Constant(value=str(word)):
                words.append(word)
            case ast.Name(id=word):
                words.append(word)
        if len(words) > 500:
            break
    return " ".join(words).replace("TimeStamper", "timestamp")


def sight_of(value: Value, what: str) -> Sight:
    """The place of an expression."""
    return Sight(path=value.file.path, line=value.node.lineno, what=what)


class _Calls:
    """What a file calls on names: appends to lists, settings of handlers, by the name."""

    def __init__(self, file: CodeFile) -> None:
        self._file = file
        self.appended: dict[str, list[ast.expr]] = {}
        self._settings: dict[str, list[tuple[str, ast.Call]]] = {}
        self._lines: dict[tuple[ast.AST | None, str], list[int]] = {}
        for node in file.names.nodes:
            match node:
                case ast.Call(
                    func=ast.Attribute(value=held, attr="append"), args=[one]
                ):
                    self.appended.setdefault(_dotted(held), []).append(one)
                case ast.Call(
                    func=ast.Attribute(
                        value=held, attr="setLevel" | "setFormatter" as method
                    ),
                    args=[_, *_],
                ):
                    self._settings.setdefault(_dotted(held), []).append((method, node))
                case ast.Assign(targets=[ast.Name(id=name)]):
                    key = (_scope(file, node), name)
                    self._lines.setdefault(key, []).append(node.lineno)

    def settings_of(self, value: Value) -> Iterator[tuple[str, Value]]:
        """The setLevel and setFormatter of the name that a handler is bound to."""
        parent = self._file.names.parents.get(value.node)
        targets = parent.targets if isinstance(parent, ast.Assign) else []
        if isinstance(parent, ast.AnnAssign):
            targets = [parent.target]
        name = _dotted(targets[0]) if targets else ""
        if not name:
            return
        begin, scope = value.node.lineno, _scope(self._file, value.node)
        later = (line for line in self._lines.get((scope, name), []) if line > begin)
        end = min(later, default=None)
        for method, call in self._settings.get(name, []):
            if begin <= call.lineno < (end or call.lineno + 1):
                if _reaches(self._file, call, scope, name):
                    yield method, value.other(call.args[0])


def _reaches(file: CodeFile, node: ast.AST, scope: ast.AST | None, name: str) -> bool:
    # `self.handler` is the same in each method.
    return name.startswith("self.") or _scope(file, node) is scope


def _scope(file: CodeFile, node: ast.AST) -> ast.AST | None:
    above = file.names.parents.get(node)
    while above is not None and not isinstance(above, Function):
        above = file.names.parents.get(above)
    return above


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return f"{name}.{attribute}"
    return ""
