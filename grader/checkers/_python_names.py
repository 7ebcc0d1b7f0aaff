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

# A dotted name (imported), an expression (`join = os.path.join`), None (anything else).
_Meaning = str | ast.expr | None


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

    def qualified(self, node: ast.AST | None) -> str | None:
        """The dotted name of a name or attribute, e.g. `os.environ.get`.

        A name that the file binds nowhere is a builtin and comes back as it is. None
        for what the file itself defines or assigns, and for what is no name (`f().x`).
        """
        attributes: list[str] = []
        for _ in range(_MAX_STEPS):
            if isinstance(node, ast.Attribute):
                attributes.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Name):
                meaning = self._meaning(node)
                if isinstance(meaning, str):
                    return ".".join([meaning, *reversed(attributes)])
                node = meaning
            else:
                return None
        return None

    def _meaning(self, name: ast.Name) -> _Meaning:
        scope: ast.AST | None = self._scopes[name]
        is_innermost = True
        while scope is not None:
            # What a class body binds is not visible in its methods.
            if is_innermost or not isinstance(scope, ast.ClassDef):
                bound = self._meanings.get(scope, {})
                if name.id in bound:
                    return bound[name.id]
            is_innermost = False
            scope = self._scopes.get(scope)
        return name.id


def read_names(tree: ast.Module) -> Names:
    """Walk a file once: parents, scopes, and what each scope binds."""
    names = Names()
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
        stack.extend(reversed(children))
        if isinstance(node, _BINDING):
            bound = names._meanings.setdefault(outer, {})
            for name, meaning in _bindings(node, names):
                _bind(bound, name, meaning)
    return names


def _bind(bound: dict[str, _Meaning], name: str, meaning: _Meaning) -> None:
    # An import wins: `except ImportError: yaml = None` leaves yaml what it is. Of two
    # assignments it could be either.
    if isinstance(meaning, str):
        if not isinstance(bound.get(name), str):
            bound[name] = meaning
    elif name not in bound:
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
            return [(node.name, None)]
        case ast.arg():
            return [(node.arg, None)]
        case ast.ExceptHandler(name=str(name)):
            return [(name, None)]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [(name, None)]
        case ast.Name(ctx=ast.Store() | ast.Del()):
            return [(node.id, _assigned(node, names))]
    return []


def _assigned(target: ast.Name, names: Names) -> ast.expr | None:
    parent = names.parents[target]
    match parent:
        case ast.Assign(targets=[only], value=ast.Name() | ast.Attribute()):
            return parent.value if only is target else None
    return None
