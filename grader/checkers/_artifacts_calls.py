"""Who calls a function, and with what."""

import ast

from grader.codebase.code import Code, CodeFile, Function


def sites_of(code: Code) -> dict[ast.AST, list[tuple[CodeFile, ast.Call]]]:
    """The calls of each of the project's own functions, outside tests."""
    found: dict[ast.AST, list[tuple[CodeFile, ast.Call]]] = {}
    methods: dict[str, list[ast.AST]] = {}
    for file in code.files.values():
        for name, method in () if file.is_test else file.functions.items():
            holder, _, own = name.rpartition(".")
            if holder:
                methods.setdefault(own, []).append(method)
    for file in code.files.values():
        for node in () if file.is_test else file.names.nodes:
            if not isinstance(node, ast.Call):
                continue
            defined = code.defined(file, node.func)
            if defined is not None and isinstance(defined.node, Function):
                found.setdefault(defined.node, []).append((file, node))
            elif defined is not None:
                init = defined.file.functions.get(f"{defined.name}.__init__")
                if init is not None:
                    found.setdefault(init, []).append((file, node))
            elif isinstance(node.func, ast.Attribute):
                # A method of an object: of whatever class, by its name.
                for called in methods.get(node.func.attr, ())[:5]:
                    found.setdefault(called, []).append((file, node))
    return found


def scope_of(file: CodeFile, node: ast.AST) -> ast.AST:
    """The function that a node stands in, else the class or the module."""
    above: ast.AST | None = file.names.parents.get(node)
    klass: ast.AST | None = None
    while above is not None:
        if isinstance(above, Function):
            return above
        if isinstance(above, ast.ClassDef) and klass is None:
            klass = above
        above = file.names.parents.get(above)
    return klass or file.tree


def opened_with(file: CodeFile, name: ast.Name) -> ast.expr | None:
    """What the nearest `with` around a name binds it to; a function may have several."""
    above: ast.AST | None = file.names.parents.get(name)
    while above is not None and not isinstance(above, Function):
        if isinstance(above, ast.With | ast.AsyncWith):
            for item in above.items:
                match item.optional_vars:
                    case ast.Name(id=bound) if bound == name.id:
                        return item.context_expr
        above = file.names.parents.get(above)
    return None


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, positional first."""
    given = function.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def defaults(function: Function) -> dict[str, ast.expr]:
    """The defaults of a function's parameters by name."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    with_default = positional[len(positional) - len(given.defaults) :]
    found = {
        one.arg: value for one, value in zip(with_default, given.defaults, strict=True)
    }
    for one, value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if value is not None:
            found[one.arg] = value
    return found


def arguments(function: Function, call: ast.Call) -> dict[str, ast.expr]:
    """What a call gives for each parameter of a function."""
    names = parameters(function)
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    found = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = keyword.value
    return found
