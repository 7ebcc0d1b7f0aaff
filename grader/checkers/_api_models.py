"""The pydantic models that handlers take and return, read from their annotations."""

import ast
import re
from collections.abc import Iterator

from grader.codebase.code import Code, CodeFile, Defined
from grader.codebase.routes import Route, keyword

_BASES = frozenset(
    "pydantic.BaseModel pydantic.main.BaseModel pydantic.v1.BaseModel pydantic.RootModel "
    "pydantic.generics.GenericModel sqlmodel.SQLModel pydantic_xml.BaseXmlModel".split()
)
_MADE = frozenset({"pydantic.create_model()", "pandera.DataFrameModel"})
_LISTS = frozenset(
    "list List Sequence Iterable conlist tuple Tuple set Set Annotated".split()
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_MAX_STEPS = 60
_MAX_CHARACTERS = 300


class Models:
    """Which annotations of a repository are pydantic models."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._known: dict[ast.ClassDef, bool] = {}

    def taken(self, route: Route) -> list[str]:
        """The names of the models that a route's handler takes as parameters."""
        return [
            name
            for annotation in _parameters(route)
            for name in self.named(route.file, annotation)
        ]

    def returned(self, route: Route) -> list[str]:
        """The names of the models that a route answers with."""
        given = [route.option("response_model")]
        if route.handler is not None:
            given.append(route.handler.returns)
        for one in given:
            if one is not None and (found := self.named(route.file, one)):
                return found
        return []

    def takes_many(self, route: Route) -> bool:
        """Whether a handler takes a list of records, or a model that has one."""
        for annotation in _parameters(route):
            if self._is_list(route.file, annotation):
                return True
            for defined in self._classes(route.file, annotation):
                if self._has_list(defined):
                    return True
        return False

    def named(self, file: CodeFile, annotation: ast.expr) -> list[str]:
        """The models in an annotation: `Model`, `list[Model]`, `Annotated[Model, …]`."""
        found = [one.name for one in self._classes(file, annotation)]
        for node in _names(annotation):
            if self._code.symbol(file, node) in _MADE:
                found.append(ast.unparse(node)[:60])
        return found

    def _classes(self, file: CodeFile, annotation: ast.expr) -> list[Defined]:
        found = []
        for node in _names(annotation):
            if isinstance(node, ast.Constant):
                found += self._written(file, str(node.value))
                continue
            defined = self._code.defined(file, node)
            if defined is not None and self._is_model(defined):
                found.append(defined)
        return found

    def _written(self, file: CodeFile, text: str) -> list[Defined]:
        """The models in an annotation that is written as a text: "list[Record]"."""
        found = []
        for name in _WORD.findall(text[:_MAX_CHARACTERS]):
            meaning = file.names.at_top(name)
            defined: Defined | None = None
            if isinstance(meaning, ast.ClassDef):
                defined = Defined(file, meaning)
            elif isinstance(meaning, str):
                defined = self._code.at(meaning, file)
            if defined is not None and self._is_model(defined):
                found.append(defined)
        return found

    def _is_model(self, defined: Defined) -> bool:
        todo, steps = [defined], 0
        while todo and steps < _MAX_STEPS:
            steps += 1
            one = todo.pop()
            if not isinstance(one.node, ast.ClassDef):
                continue
            if self._known.get(one.node):
                return True
            for base in one.node.bases:
                generic = base.value if isinstance(base, ast.Subscript) else base
                if self._code.symbol(one.file, generic) in _BASES:
                    self._known[one.node] = True
                    return True
                inner = self._code.defined(one.file, generic)
                if inner is not None:
                    todo.append(inner)
        return False

    def _has_list(self, defined: Defined) -> bool:
        """Whether a model has a field that is a list of records."""
        for node in defined.node.body:
            if isinstance(node, ast.AnnAssign) and self._is_list(
                defined.file, node.annotation
            ):
                return True
        if isinstance(defined.node, ast.ClassDef):
            # RootModel[list[Model]]
            for base in defined.node.bases:
                if isinstance(base, ast.Subscript) and self._is_list(
                    defined.file, base.slice
                ):
                    return True
        return False

    def _is_list(self, file: CodeFile, annotation: ast.expr) -> bool:
        """Whether it is a list of models, dictionaries or lists."""
        match annotation:
            case ast.Constant(value=str(text)):
                is_list = text.partition("[")[0].rpartition(".")[2] in _LISTS
                return is_list and bool(self._written(file, text))
        for node in _subscripts(annotation):
            name = (self._code.symbol(file, node.value) or "").rpartition(".")[2]
            if name not in _LISTS or name == "Annotated":
                continue
            inner = node.slice
            if self._classes(file, inner):
                return True
            for one in _names(inner):
                symbol = (self._code.symbol(file, one) or "").rpartition(".")[2]
                if symbol in ("dict", "Dict", "list", "List", "Mapping", "UploadFile"):
                    return True
        return False


def _parameters(route: Route) -> Iterator[ast.expr]:
    if route.handler is None:
        return
    arguments = route.handler.args
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if one.annotation is not None:
            yield one.annotation


def _names(annotation: ast.expr) -> Iterator[ast.Name | ast.Attribute | ast.Constant]:
    """The names in an annotation, what `Annotated` adds left out."""
    stack: list[ast.expr] = [annotation]
    steps = 0
    while stack and steps < _MAX_STEPS:
        steps += 1
        match stack.pop():
            case ast.Name() | ast.Attribute() as name:
                yield name
            case ast.Constant(value=str()) as text:
                yield text
            case ast.Subscript(value=value, slice=inner):
                stack += [inner, value]
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                stack.extend(reversed(elements))
            case ast.BinOp(left=left, right=right):
                stack += [right, left]
            case ast.Call(args=args) as call:
                # conlist(Model, min_length=1)
                stack += [*args[:1], *filter(None, [keyword(call, "item_type")])]


def _subscripts(annotation: ast.expr) -> Iterator[ast.Subscript]:
    stack: list[ast.expr] = [annotation]
    steps = 0
    while stack and steps < _MAX_STEPS:
        steps += 1
        match stack.pop():
            case ast.Subscript(value=value, slice=inner) as node:
                yield node
                stack += [inner, value]
            case ast.Tuple(elts=elements):
                stack.extend(elements)
            case ast.BinOp(left=left, right=right):
                stack += [left, right]
            case ast.Call(func=func, args=[first, *_]):
                yield ast.Subscript(value=func, slice=first)
