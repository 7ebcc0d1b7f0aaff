"""What a call or a command starts, as paths of scripts in the repository."""

import ast
from pathlib import PurePosixPath

from grader.codebase.code import CodeFile
from grader.codebase.commands import Started, started, started_by


def script_paths(one: Started, folder: str) -> tuple[str, ...]:
    """The paths at which a script or module may be, relative to `folder` or to the top."""
    if one.kind == "script":
        stem = one.name.removeprefix("./")
        names = [stem]
    elif one.kind == "module":
        stem = one.name.replace(".", "/")
        names = [f"{stem}.py", f"{stem}/__main__.py", f"src/{stem}.py"]
    else:
        return ()
    homes = dict.fromkeys((folder, "") if folder not in ("", ".") else ("",))
    return tuple(str(PurePosixPath(home) / name) for home in homes for name in names)


def started_by_call(file: CodeFile, call: ast.Call) -> tuple[Started, ...]:
    """What a call of subprocess starts, by the words that stand in it."""
    if not call.args:
        return ()
    first = call.args[0]
    match _value(file, first):
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return started_by([_word(file, one) for one in elements])
    text = literal(file, first)
    if text is not None:
        return started(text)
    if isinstance(first, ast.JoinedStr):
        parts = [
            part.value if isinstance(part, ast.Constant) else "X"
            for part in first.values
        ]
        return started("".join(str(part) for part in parts))
    return started_by([_word(file, one) for one in call.args])


def _word(file: CodeFile, node: ast.expr) -> str:
    if (text := literal(file, node)) is not None:
        return text
    match node:
        case ast.Attribute(attr="executable"):
            return "sys.executable"
        case ast.Call(args=[inner, *_]) if literal(file, inner) is not None:
            # str(Path("train.py")), os.path.join(…) is a word that nobody knows.
            return literal(file, inner) or "X"
        case ast.Call(args=[ast.Call(args=[inner, *_]), *_]):
            return literal(file, inner) or "X"
    return "X"


def _value(file: CodeFile, node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        for one in file.names.nodes:
            match one:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                    name == node.id
                ):
                    return value
    return node


def literal(file: CodeFile, node: ast.expr) -> str | None:
    """The text that an expression is, or a variable that is assigned one; else None."""
    match _value(file, node):
        case ast.Constant(value=str(text)):
            return text
    return None
