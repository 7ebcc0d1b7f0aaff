"""What the names in a Python file stand for: after `import yaml as y`, `y` is `yaml`.

Read from the syntax tree alone; nothing is imported or evaluated. No walk recurses: a
long sum is a tree as deep as it has terms.
"""

import ast
from dataclasses import dataclass, field

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.Module, ast.ClassDef, *_FUNCTIONS, *_COMPREHENSIONS)

_BINDING = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.arg, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.Name),
)
# `Load()`, `Add()` …: one object each for the whole file, with nothing to say here.
_MARKS = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)

# Far above what people write; keeps hostile chains of attributes and aliases cheap.
_MAX_STEPS = 50

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# A dotted name (imported), an expression (`join = os.path.join`), what the file defines,
# None (anything else).
_Meaning = str | ast.expr | Definition | None


@dataclass(frozen=True)
class Names:
    """The names of one file.

    `parents` leads from each node to the one that holds it. `nodes` are all of them, in
    the order of the source, outer before inner.
    """

    nodes: list[ast.AST] = field(default_factory=list)
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    _scopes: dict[ast.AST, ast.AST] = field(default_factory=dict)
    _meanings: dict[ast.AST, dict[str, _Meaning]] = field(default_factory=dict)
    _parameters: dict[ast.AST, dict[str, ast.expr]] = field(default_factory=dict)

    def qualified(self, node: ast.AST | None) -> str | None:
        """The dotted name of a name or attribute, e.g. `os.environ.get`.

        A name that the file binds nowhere is a builtin and comes back as it is. None
        for what the file itself defines or assigns, and for what is no name (`f().x`).
        """
        meaning, attributes = self._followed(node)
        if isinstance(meaning, str):
            return ".".join([meaning, *attributes])
        return None

    def definition(self, node: ast.AST | None) -> tuple[Definition, list[str]] | None:
        """What of this file a name or attribute means, and the attributes that follow.

        `Model.load` is the class `Model` and `load`. None for what is imported, assigned
        or no name.
        """
        meaning, attributes = self._followed(node)
        if meaning is None or isinstance(meaning, str):
            return None
        return meaning, attributes

    def at_top(self, name: str) -> str | Definition | None:
        """What the file's own level binds a name to: an import's dotted name, a definition."""
        meaning = self._meanings.get(self.nodes[0], {}).get(name)
        if isinstance(meaning, ast.Name | ast.Attribute):
            return self._followed(meaning)[0]
        return None if isinstance(meaning, ast.expr) else meaning

    def top_value(self, name: str) -> ast.expr | None:
        """What a variable of the file's own level is assigned, as `value` says it."""
        meaning = self._meanings.get(self.nodes[0], {}).get(name)
        return meaning if isinstance(meaning, ast.expr) else None

    def value(self, name: ast.Name) -> ast.expr | None:
        """What a variable is assigned, where it is assigned once, and by name or by a call.

        Of a parameter its annotation counts as a call: `frame: pd.DataFrame` is as if made
        by `pd.DataFrame()`.
        """
        scope, meaning = self._bound(name)
        if meaning is None and scope is not None:
            return self._parameters.get(scope, {}).get(name.id)
        return meaning if isinstance(meaning, ast.expr) else None

    def is_builtin(self, name: ast.Name) -> bool:
        """Whether the file binds the name nowhere that it could mean."""
        return self._bound(name)[0] is None

    def _followed(
        self, node: ast.AST | None
    ) -> tuple[str | Definition | None, list[str]]:
        attributes: list[str] = []
        for _ in range(_MAX_STEPS):
            match node:
                case ast.Attribute():
                    attributes.append(node.attr)
                    node = node.value
                case ast.Name():
                    meaning = self._meaning(node)
                    if isinstance(meaning, ast.expr):
                        node = meaning
                    else:
                        return meaning, attributes[::-1]
                case _:
                    break
        return None, attributes[::-1]

    def _meaning(self, name: ast.Name) -> _Meaning:
        return self._bound(name)[1]

    def _bound(self, name: ast.Name) -> tuple[ast.AST | None, _Meaning]:
        """The scope that binds a name, and to what; a builtin stands for itself."""
        scope: ast.AST | None = self._scopes[name]
        is_innermost = True
        while scope is not None:
            # What a class body binds is not visible in its methods.
            if is_innermost or not isinstance(scope, ast.ClassDef):
                bound = self._meanings.get(scope, {})
                if name.id in bound:
                    return scope, bound[name.id]
            is_innermost = False
            scope = self._scopes.get(scope)
        return None, name.id


def last_name(called: ast.expr) -> str:
    """The name that a call or class is written with, without what stands before its dot."""
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def said(called: ast.expr, most: int) -> str:
    """What is called as it is written, its last `most` parts: `metrics.LATENCY.observe`.

    Calls on the way are left out; empty where nothing of it has a name.
    """
    parts: list[str] = []
    node = called
    for _ in range(most):
        match node:
            case ast.Attribute(attr=name, value=inner):
                parts.append(name)
                node = inner
            case ast.Call(func=inner):
                node = inner
            case ast.Name(id=name):
                parts.append(name)
                break
            case _:
                break
    return ".".join(reversed(parts))


def read_names(tree: ast.Module) -> Names:
    """Walk a file once: parents, scopes, and what each scope binds."""
    names = Names()
    # What runs only where the file is started as a script.
    script: set[ast.AST] = set()
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        names.nodes.append(node)
        outer = names._scopes.get(node, tree)
        inner = node if isinstance(node, _SCOPES) else outer
        # Decorators are evaluated around the function or class, not in it.
        around = {id(child) for child in getattr(node, "decorator_list", ())}
        children = [c for c in ast.iter_child_nodes(node) if not isinstance(c, _MARKS)]
        for child in children:
            names.parents[child] = node
            names._scopes[child] = outer if id(child) in around else inner
        if node in script:
            script.update(children)
        elif outer is tree and isinstance(node, ast.If) and is_main_guard(node):
            script.update(node.body)
        stack.extend(reversed(children))
        if isinstance(node, _BINDING):
            bound = names._meanings.setdefault(outer, {})
            for name, meaning in _bindings(node, names):
                is_own = outer is tree and isinstance(bound.get(name), Definition)
                # `model = model(1)` of a script is not what others import.
                if not (is_own and node in script and isinstance(node, ast.Name)):
                    _bind(bound, name, meaning)
            if isinstance(node, ast.arg) and node.annotation is not None:
                made = ast.Call(func=_class_of(node.annotation), args=[], keywords=[])
                names._parameters.setdefault(outer, {})[node.arg] = made
    return names


def _bind(bound: dict[str, _Meaning], name: str, meaning: _Meaning) -> None:
    # An import wins: `except ImportError: yaml = None` leaves yaml what it is. Of two
    # assignments it could be either.
    if isinstance(meaning, str):
        if not isinstance(bound.get(name), str):
            bound[name] = meaning
    elif name not in bound:
        bound[name] = meaning
    elif isinstance(bound[name], Definition) and isinstance(meaning, Definition):
        # Of two definitions the later one is meant.
        bound[name] = meaning
    elif not isinstance(bound[name], str):
        bound[name] = None


def _bindings(node: ast.AST, names: Names) -> list[tuple[str, _Meaning]]:
    """The names that a node binds in its scope, and what each then stands for."""
    match node:
        case ast.Import():
            return [
                (
                    (alias.asname, alias.name)
                    if alias.asname
                    else (alias.name.partition(".")[0],) * 2
                )
                for alias in node.names
            ]
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            joint = "" if module.endswith(".") else "."
            return [
                (alias.asname or alias.name, f"{module}{joint}{alias.name}")
                for alias in node.names
                if alias.name != "*"
            ]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [(node.name, node)]
        case ast.arg():
            return [(node.arg, None)]
        case ast.ExceptHandler(name=str(name)):
            return [(name, None)]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [(name, None)]
        case ast.Name(ctx=ast.Store()):
            return [(node.id, _assigned(node, names))]
    return []


def _assigned(target: ast.Name, names: Names) -> ast.expr | None:
    parent = names.parents[target]
    match parent:
        case ast.Assign(
            targets=[only], value=ast.Name() | ast.Attribute() | ast.Call()
        ):
            return parent.value if only is target else None
        case ast.AnnAssign(value=ast.Name() | ast.Attribute() | ast.Call()):
            return parent.value
        case ast.withitem(context_expr=ast.Call()):
            return parent.context_expr
    return None


def is_main_guard(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    match node:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id="__name__"),
                ops=[ast.Eq()],
                comparators=[ast.Constant(value="__main__")],
            )
            | ast.Compare(
                left=ast.Constant(value="__main__"),
                ops=[ast.Eq()],
                comparators=[ast.Name(id="__name__")],
            )
        ):
            return True
    return False


def _class_of(annotation: ast.expr) -> ast.expr:
    """The class in `Frame | None`, `Optional[Frame]` and `Annotated[Frame, …]`."""
    match annotation:
        case ast.BinOp(op=ast.BitOr(), right=ast.Constant(value=None)):
            return annotation.left
        case ast.Subscript(
            value=ast.Name(id="Optional") | ast.Attribute(attr="Optional")
        ):
            return annotation.slice
        case ast.Subscript(
            value=ast.Name(id="Annotated") | ast.Attribute(attr="Annotated"),
            slice=ast.Tuple(elts=[first, *_]),
        ):
            return first
    return annotation
