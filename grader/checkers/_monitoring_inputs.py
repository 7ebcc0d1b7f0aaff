"""Whether what comes in is checked as data before it is predicted on, beyond its type."""

import ast
import re
from collections.abc import Iterator, Mapping

from grader.checkers._monitoring_flow import Flow
from grader.checkers._monitoring_serving import Handler, Serving, called
from grader.codebase.bodies import is_stub
from grader.codebase.code import Code, CodeFile, Defined, Function, code_of
from grader.codebase.stages import stages_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_SCHEMAS = re.compile(
    r"(pandera|great_expectations|pydantic_pandas|dataframe_schema|dirty_equals)"
    r"\..*(validate|validate_expectations|check_input|check_io)"
)
# Of pydantic: what limits a value, beside its type.
_LIMITS_OF_ALL = frozenset("ge gt le lt multiple_of pattern regex".split())
_LIMITS = _LIMITS_OF_ALL | {"min_length", "max_length", "allow_inf_nan"}
_VALIDATORS = frozenset(
    "pydantic.field_validator pydantic.validator pydantic.model_validator "
    "pydantic.root_validator".split()
)
_LIMITED = re.compile(
    r"(typing|typing_extensions)\.Literal|annotated_types\.(Ge|Gt|Le|Lt|Interval|Len)"
    r"|pydantic\.(types\.)?(con\w+|Positive\w+|Negative\w+|NonNegative\w+|NonPositive\w+"
    r"|FiniteFloat)"
)
_ENUMS = frozenset({"enum.Enum", "enum.StrEnum", "enum.IntEnum"})
_ASKS_OF_DATA = frozenset("columns isnull isna notnull notna empty dtypes".split())
_MAX_CLASSES = 30
# Of one function: far more than people write.
_MAX_TESTS = 300
_MAX_VALUES = 10


class Inputs:
    """The checks of data that handlers which predict come to."""

    def __init__(self, snapshot: Snapshot, serving: Serving) -> None:
        self._code: Code = code_of(snapshot)
        self._snapshot = snapshot
        self._serving = serving
        self._validation = {
            one.node: one
            for one in stages_of(snapshot).of("validation")
            if not one.is_stub
        }

    def checks(self) -> list[Sight]:
        """Where they are made."""
        found = list[Sight]()
        for handler in self._serving.handlers:
            flow = Flow(self._snapshot, self._serving.answers, handler.answering)
            found += self._in_code(handler, flow)
            found += self._in_models(handler)
        return list(dict.fromkeys(found))

    def _in_code(self, handler: Handler, flow: Flow) -> Iterator[Sight]:
        for file, node in handler.answering.functions:
            stage = self._validation.get(node)
            if stage is not None and node is not handler.answering.handler:
                yield stage.sight
            values, tests = _values(node), 0
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    symbol = self._code.symbol(file, inner.func) or ""
                    if _SCHEMAS.fullmatch(symbol):
                        yield called(file, inner)
                elif isinstance(inner, ast.If) and tests < _MAX_TESTS:
                    tests += 1
                    if _refuses(node, inner, flow, values):
                        what = "if … raise"
                        yield Sight(path=file.path, line=inner.lineno, what=what)

    def _in_models(self, handler: Handler) -> Iterator[Sight]:
        """The limits of the pydantic models that the handler takes."""
        function = handler.answering.handler
        arguments = function.args
        todo = [
            found
            for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            if one.annotation is not None
            for found in self._classes(handler.answering.file, one.annotation)
        ]
        seen = set[ast.AST]()
        while todo and len(seen) < _MAX_CLASSES:
            one = todo.pop(0)
            if one.node in seen or not isinstance(one.node, ast.ClassDef):
                continue
            seen.add(one.node)
            for base in one.node.bases:
                todo += self._classes(one.file, base)
            for node in one.node.body:
                if line := self._limit(one.file, node):
                    what = f"a limit of {one.node.name}"[:80]
                    yield Sight(path=one.file.path, line=line, what=what)
                if isinstance(node, ast.AnnAssign):
                    todo += self._classes(one.file, node.annotation)

    def _limit(self, file: CodeFile, node: ast.stmt) -> int:
        """The line of a field's limit or of a validator; 0 for none."""
        match node:
            case ast.FunctionDef(decorator_list=decorators):
                names = (self._code.symbol(file, one) or "" for one in decorators)
                is_validator = any(
                    one.removesuffix("()") in _VALIDATORS for one in names
                )
                return node.lineno if is_validator and not is_stub(file, node) else 0
            case ast.AnnAssign(annotation=annotation, value=value):
                # How many records a request has says nothing of their values.
                is_list = isinstance(annotation, ast.Subscript)
                for inner in (*_nodes(annotation), *_nodes(value)):
                    if isinstance(inner, ast.Call) and any(
                        one.arg in (_LIMITS_OF_ALL if is_list else _LIMITS)
                        for one in inner.keywords
                    ):
                        return node.lineno
                    if isinstance(inner, ast.Name | ast.Attribute):
                        symbol = self._code.symbol(file, inner) or ""
                        if _LIMITED.fullmatch(symbol) or self._is_enum(file, inner):
                            return node.lineno
        return 0

    def _is_enum(self, file: CodeFile, node: ast.expr) -> bool:
        defined = self._code.defined(file, node)
        if defined is None or not isinstance(defined.node, ast.ClassDef):
            return False
        bases = (self._code.symbol(defined.file, one) for one in defined.node.bases)
        return any(base in _ENUMS for base in bases)

    def _classes(self, file: CodeFile, annotation: ast.expr) -> list[Defined]:
        """The classes of the repository in an annotation, a quoted one too."""
        found = []
        for node in _nodes(annotation):
            if isinstance(node, ast.Name | ast.Attribute):
                defined = self._code.defined(file, node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value.rpartition("[")[2].strip("] ")
                top = file.classes.get(name)
                defined = Defined(file, top) if top is not None else None
            else:
                continue
            if defined is not None:
                found.append(defined)
        return found


def _nodes(node: ast.AST | None) -> list[ast.AST]:
    return list(ast.walk(node)) if node is not None else []


def _refuses(
    holder: Function, node: ast.If, flow: Flow, values: Mapping[str, list[ast.expr]]
) -> bool:
    """`if missing: raise …`, where the test looks at values, columns or missing values."""
    if not any(isinstance(one, ast.Raise) for one in node.body):
        return False
    compares = (one for one in ast.walk(node.test) if isinstance(one, ast.Compare))
    if any(_is_of_values(one) and flow.is_about(holder, one) for one in compares):
        return True
    looked = list(ast.walk(node.test))
    for one in [one for one in looked if isinstance(one, ast.Name)]:
        for value in values.get(one.id, ()):
            looked += ast.walk(value)
    return any(
        isinstance(one, ast.Attribute) and one.attr in _ASKS_OF_DATA for one in looked
    )


def _values(function: Function) -> dict[str, list[ast.expr]]:
    """What the variables of a function are assigned, the first few of each."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if len(found.setdefault(name, [])) < _MAX_VALUES:
                    found[name].append(value)
    return found


def _is_of_values(node: ast.Compare) -> bool:
    """Whether values are compared: `is None` asks for no value."""
    return not any(isinstance(one, ast.Is | ast.IsNot) for one in node.ops)
