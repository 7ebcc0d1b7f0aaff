"""Where a value comes from: what a variable is assigned, what a parameter is given.

`Origins.text` folds what can be known into a text: constants, joined paths, f-strings, the
project's own functions with the arguments of that call, and values of its configuration
files. What nobody can know from the code is `UNKNOWN`. Nothing is evaluated.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader.codebase.bindings import (
    Bindings,
    all_parameters,
    default_of,
    parameters,
)
from grader.codebase.code import (
    Code,
    CodeFile,
    Defined,
    Function,
    code_of,
    is_self,
    own_nodes,
)
from grader.codebase.names import last_name
from grader.codebase.reading import Reading
from grader.codebase.settings import Settings, settings_of
from grader.model.snapshot import Snapshot

UNKNOWN = "\0"

ENVIRONMENT_READS = frozenset(
    "os.getenv os.getenvb os.environ.get os.environ.pop os.environ.setdefault "
    "os.environb.get decouple.config environs.Env().str environs.Env()".split()
)
# What pydantic takes the fields of from the environment.
SETTINGS_CLASSES = frozenset(
    "pydantic.BaseSettings pydantic_settings.BaseSettings pydantic.v1.BaseSettings".split()
)
# Of one question; names of names of names are cut here.
_MAX_STEPS = 120
_MAX_GIVEN = 12
_MAX_CHARACTERS = 4_096
_JOINS = frozenset(
    "os.path.join pathlib.Path pathlib.PurePath pathlib.PosixPath str os.fspath "
    "os.path.abspath os.path.realpath os.path.normpath os.path.expanduser bytes "
    "hydra.utils.to_absolute_path posixpath.join".split()
)
_HANDS_ON = frozenset(
    "dict list tuple copy.copy copy.deepcopy omegaconf.OmegaConf.to_container "
    "omegaconf.OmegaConf.create omegaconf.OmegaConf.to_object".split()
)
_SAME_TEXT = frozenset(
    "resolve absolute as_posix strip rstrip lower upper expanduser format encode "
    "decode".split()
)


@dataclass(frozen=True)
class Value:
    """An expression in its file, and what the parameters around it were given there."""

    file: CodeFile
    node: ast.expr
    given: Mapping[tuple[ast.AST, str], "Value"] = field(default_factory=dict)

    def other(self, node: ast.expr) -> "Value":
        """Another expression of the same place."""
        return Value(self.file, node, self.given)


class Origins:
    """Where the values of a repository's code come from, its tests left out."""

    def __init__(self, code: Code, settings: Settings) -> None:
        self._code, self._settings = code, settings
        self._scopes: dict[str, Bindings] = {}

    def of(self, value: Value) -> list[Value]:
        """What a variable or parameter may stand for, in the order of the source."""
        node = value.node
        if isinstance(node, ast.Name):
            return self._of_name(value, node)
        if isinstance(node, ast.Attribute):
            if is_self(node):
                own = value.file.own_value(node)
                return [Value(value.file, own)] if own is not None else []
            if self._is_argument(value.file, node):
                default = self._scope(value.file).arguments.get(node.attr)
                return [Value(value.file, default)] if default is not None else []
            return self._elsewhere(value)
        return []

    def _is_argument(self, file: CodeFile, node: ast.Attribute) -> bool:
        """Whether it is `args.x` of what argparse parsed, in the same file."""
        return ".parse_args()" in (self._code.symbol(file, node.value) or "")

    def text(self, value: Value) -> str | None:
        """What is known of a text, `UNKNOWN` for parts of it; None for nothing."""
        found = self._text(value, [_MAX_STEPS])
        if found is None or not found.strip(UNKNOWN + "/\\."):
            return None
        return found

    def keys(self, value: Value) -> tuple[str, ...]:
        """The keys by which a value is taken out of a configuration, the outer first."""
        return tuple(self._keys(value, [_MAX_STEPS]))

    def is_configured(self, value: Value) -> bool:
        """Whether a value comes from outside the code: a configuration, the environment."""
        return self._is_configured(value, [_MAX_STEPS])

    def returned(self, value: Value) -> list[Value]:
        """What a call of the project's own function gives, with this call's arguments."""
        call = value.node
        if not isinstance(call, ast.Call):
            return []
        defined = self._code.defined(value.file, call.func)
        if defined is None or isinstance(defined.node, ast.ClassDef):
            return []
        bound = dict(value.given)
        for name, one in zip(parameters(defined.node), call.args):
            bound[defined.node, name] = value.other(one)
        for keyword in call.keywords:
            if keyword.arg:
                bound[defined.node, keyword.arg] = value.other(keyword.value)
        if len(bound) > _MAX_STEPS:
            return []
        return [
            Value(defined.file, node.value, bound)
            for node in own_nodes(defined.node)
            if isinstance(node, ast.Return) and node.value is not None
        ][:_MAX_GIVEN]

    def _scope(self, file: CodeFile) -> Bindings:
        if file.path not in self._scopes:
            self._scopes[file.path] = Bindings(file)
        return self._scopes[file.path]

    def _of_name(self, value: Value, name: ast.Name) -> list[Value]:
        scopes = self._scope(value.file)
        scope = scopes.of(name)
        while True:
            assigned = scopes.assigned.get((scope, name.id), [])[:_MAX_GIVEN]
            # `path = Path(path)` means the path that was given.
            above = scopes.expressions_around(name) if assigned else []
            found = [value.other(one) for one in assigned if one not in above]
            if isinstance(scope, Function) and name.id in all_parameters(scope):
                bound = value.given.get((scope, name.id))
                found += [bound] if bound else self._handed(value.file, scope, name.id)
            if found:
                return found[:_MAX_GIVEN]
            if isinstance(scope, ast.Module):
                return self._elsewhere(value)
            scope = scopes.of(scope)

    def _handed(self, file: CodeFile, function: Function, name: str) -> list[Value]:
        """What the callers hand to a parameter, and its default."""
        found = []
        place = parameters(function).index(name) if name in parameters(function) else -1
        for caller, call in self._callers.get(function, [])[:_MAX_GIVEN]:
            keywords = [one.value for one in call.keywords if one.arg == name]
            if keywords:
                found.append(Value(caller, keywords[0]))
            elif 0 <= place < len(call.args):
                found.append(Value(caller, call.args[place]))
        default = default_of(function, name)
        return found + ([Value(file, default)] if default is not None else [])

    def _elsewhere(self, value: Value) -> list[Value]:
        """What a name of another module is assigned there."""
        dotted = value.file.names.qualified(value.node)
        for _ in range(8):
            target = (
                self._code.modules.find(dotted, value.file.path) if dotted else None
            )
            if target is None or len(target.rest) != 1:
                return []
            file = self._code.files.get(target.path or "")
            if file is None:
                return []
            name = target.rest[0]
            found = self._scope(file).assigned.get((file.tree, name))
            if found is not None:
                return [Value(file, one) for one in found[:_MAX_GIVEN]]
            meaning = file.names.at_top(name)
            dotted = meaning if isinstance(meaning, str) else None
            value = Value(file, value.node)
        return []

    @cached_property
    def _callers(self) -> dict[ast.AST, list[tuple[CodeFile, ast.Call]]]:
        found: dict[ast.AST, list[tuple[CodeFile, ast.Call]]] = {}
        for file in self._code.files.values():
            if file.is_test:
                continue
            for node in file.names.nodes:
                if isinstance(node, ast.Call):
                    called = self._code.defined(file, node.func)
                    if called is None:
                        continue
                    function: ast.AST = called.node
                    if isinstance(function, ast.ClassDef):
                        made = called.file.functions.get(f"{called.name}.__init__")
                        function = made or function
                    found.setdefault(function, []).append((file, node))
        return found

    def _text(self, value: Value, steps: list[int]) -> str | None:
        steps[0] -= 1
        if steps[0] < 0:
            return None
        node = value.node
        match node:
            case ast.Constant(value=str() | int() | float() as constant):
                return str(constant)[:_MAX_CHARACTERS]
            case ast.JoinedStr(values=parts):
                return self._joined(value, parts, "", steps)
            case ast.FormattedValue(value=inner):
                return self._text(value.other(inner), steps)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined(value, [left, right], "", steps)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined(value, [left, right], "/", steps)
            case ast.BinOp(left=left, op=ast.Mod()):
                return self._text(value.other(left), steps)
            case ast.IfExp(body=body, orelse=other):
                return self._first([value.other(body), value.other(other)], steps)
            case ast.BoolOp(values=parts):
                return self._first([value.other(one) for one in parts], steps)
            case ast.Call():
                return self._text_of_call(value, node, steps)
            case ast.Subscript() | ast.Attribute():
                configured = self._configured(value, steps)
                return configured or self._first(self.of(value), steps)
            case ast.Name():
                return self._first(self.of(value), steps)
        return None

    def _text_of_call(
        self, value: Value, call: ast.Call, steps: list[int]
    ) -> str | None:
        name = self._code.symbol(value.file, call.func) or ""
        if name in _JOINS:
            return self._joined(value, call.args, "/", steps)
        if name in ("typer.Option", "typer.Argument"):
            return self._first([value.other(one) for one in call.args[:1]], steps)
        if name in ENVIRONMENT_READS:
            rest = [value.other(one) for one in call.args[1:2]]
            return self._first(rest, steps)
        if returned := self.returned(value):
            return self._first(returned, steps)
        if isinstance(call.func, ast.Attribute):
            receiver = value.other(call.func.value)
            if call.func.attr == "joinpath":
                return self._joined(value, [call.func.value, *call.args], "/", steps)
            if call.func.attr in _SAME_TEXT:
                return self._text(receiver, steps)
            if call.func.attr == "get" and call.args:
                found = self._configured(value, steps)
                rest = [value.other(one) for one in call.args[1:2]]
                return found or self._first(rest, steps)
        # Of another function's arguments: float(text), get_level(text).
        return None

    def _joined(
        self, value: Value, parts: Sequence[ast.expr], joint: str, steps: list[int]
    ) -> str | None:
        texts = [self._text(value.other(one), steps) for one in parts[:50]]
        if all(one is None for one in texts):
            return None
        return joint.join(one or UNKNOWN for one in texts)[:_MAX_CHARACTERS]

    def _first(self, values: Sequence[Value], steps: list[int]) -> str | None:
        for one in values:
            text = self._text(one, steps)
            if text is not None and text.strip(UNKNOWN):
                return text
        return None

    def _configured(self, value: Value, steps: list[int]) -> str | None:
        return self._settings.text(self._keys(value, steps))

    def _keys(self, value: Value, steps: list[int]) -> list[str]:
        steps[0] -= 1
        if steps[0] < 0:
            return []
        node = value.node
        if (lookup := _lookup(node)) is not None:
            receiver, key = lookup
            # A key that the configuration says itself may be any of them.
            inner = value.other(key)
            is_number = isinstance(key, ast.Constant) and not isinstance(key.value, str)
            is_open = is_number or self._is_configured(inner, steps)
            known = None if is_open else self._text(inner, steps)
            above = self._keys(value.other(receiver), steps)
            return above + ([known] if known is not None else [])
        match node:
            case ast.Attribute() if not is_self(node):
                if given := self.of(value):
                    return self._keys(given[0], steps)
                return [*self._keys(value.other(node.value), steps), node.attr]
            case ast.Name() | ast.Attribute():
                for one in self.of(value):
                    if keys := self._keys(one, steps):
                        return keys
            case ast.Call():
                for one in self.returned(value):
                    if keys := self._keys(one, steps):
                        return keys
                if self.returned(value):
                    return []
                return self._keys_through(value, node, steps)
            case ast.IfExp(body=body, orelse=other):
                above = self._keys(value.other(body), steps)
                return above or self._keys(value.other(other), steps)
            case ast.BoolOp(values=[first, *_]):
                return self._keys(value.other(first), steps)
        return []

    def _keys_through(
        self, value: Value, call: ast.Call, steps: list[int]
    ) -> list[str]:
        """The keys of what a call only hands on: `dict(params)`, `params.copy()`."""
        if self._code.symbol(value.file, call.func) in _HANDS_ON:
            inner = call.args[:1]
        else:
            inner = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        for one in inner:
            return self._keys(value.other(one), steps)
        return []

    def _is_configured(self, value: Value, steps: list[int]) -> bool:
        steps[0] -= 1
        if steps[0] < 0:
            return False
        node = value.node
        if isinstance(node, ast.Constant):
            return False
        if isinstance(node, ast.Call):
            if self._code.symbol(value.file, node.func) in ENVIRONMENT_READS:
                return True
        if isinstance(node, ast.Subscript) and self._code.symbol(
            value.file, node.value
        ) in ("os.environ", "os.environb"):
            return True
        if (lookup := _lookup(node)) is not None:
            receiver, key = lookup
            if self._literal_dict(value.other(receiver), steps):
                return self._is_configured(value.other(key), steps)
            return True
        if isinstance(node, ast.Attribute) and not is_self(node):
            if self._is_argument(value.file, node):
                return True
            if given := self.of(value):
                return any(self._is_configured(one, steps) for one in given)
            if (is_given := self._of_settings(value, node, steps)) is not None:
                return is_given
            if value.file.names.qualified(node) is not None:
                # `logging.INFO`, an attribute of an imported module.
                return False
            return True
        if isinstance(node, ast.Name | ast.Attribute):
            return any(self._is_configured(one, steps) for one in self.of(value))
        if returned := self.returned(value):
            return any(self._is_configured(one, steps) for one in returned)
        inner = (one for one in ast.iter_child_nodes(node))
        for one in inner:
            expression = one.value if isinstance(one, ast.keyword) else one
            if not isinstance(expression, ast.expr):
                continue
            is_method = isinstance(node, ast.Call) and expression is node.func
            if is_method and isinstance(expression, ast.Attribute):
                expression = expression.value
            elif is_method:
                continue
            if self._is_configured(value.other(expression), steps):
                return True
        return False

    def _of_settings(
        self, value: Value, field: ast.Attribute, steps: list[int]
    ) -> bool | None:
        """Whether the environment gives a field of pydantic's settings; None for no field.

        What is written where they are made goes before the environment.
        """
        steps[0] -= 1
        holder = value.other(field.value)
        for made in (holder, *self.of(holder)):
            for one in (made, *self.returned(made)):
                call = one.node
                if not isinstance(call, ast.Call):
                    continue
                defined = self._code.defined(one.file, call.func)
                if defined is None or field.attr not in self._fields(defined):
                    continue
                for given in call.keywords:
                    if given.arg == field.attr:
                        return self._is_configured(one.other(given.value), steps)
                return True
        if isinstance(field.value, ast.Attribute) and steps[0] > 0:
            # `settings.mlflow.uri`
            return self._of_settings(holder, field.value, steps)
        return None

    def _fields(self, defined: Defined) -> set[str]:
        """The fields of a class of settings, those that it inherits included."""
        found, todo, is_settings = set[str](), [defined], False
        for _ in range(_MAX_GIVEN):
            if not todo:
                break
            one = todo.pop()
            for row in one.node.body if isinstance(one.node, ast.ClassDef) else ():
                match row:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=said):
                        parts = (p for p in ast.walk(said) if isinstance(p, ast.expr))
                        if "ClassVar" not in map(last_name, parts):
                            found.add(name)
            for base in one.node.bases if isinstance(one.node, ast.ClassDef) else ():
                is_settings |= self._code.symbol(one.file, base) in SETTINGS_CLASSES
                if (above := self._code.defined(one.file, base)) is not None:
                    todo.append(above)
        return found if is_settings else set()

    def _literal_dict(self, value: Value, steps: list[int]) -> bool:
        steps[0] -= 1
        if steps[0] < 0 or isinstance(value.node, ast.Dict):
            return isinstance(value.node, ast.Dict)
        return any(self._literal_dict(one, steps) for one in self.of(value)[:2])


def _lookup(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """What is looked into, and the key: `config["a"]`, `config.get("a")`."""
    match node:
        case ast.Subscript(value=receiver, slice=key):
            return receiver, key
        case ast.Call(
            func=ast.Attribute(value=receiver, attr="get" | "pop"), args=[key, *_]
        ):
            return receiver, key
    return None


def _origins(snapshot: Snapshot) -> Origins:
    return Origins(code_of(snapshot), settings_of(snapshot))


origins_of: Reading[Origins] = Reading(_origins)
