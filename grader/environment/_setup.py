"""setup.cfg and setup.py, read without running them.

setup.py is a program: only what stands there literally is read. A list that is computed
(most often out of requirements.txt, which is read by itself) is said to be unreadable.
"""

import ast
import configparser
import warnings

from grader.environment._collect import Collected, Place
from grader.environment._requirements import add_lines, follow
from grader.environment._text import Files, Text
from grader.environment.declarations import group_named
from grader.model.parsing import PARSING

MAX_DEPTH = 20
# A sum of sums of names doubles with each line.
MAX_STEPS = 20_000


def read_setup_cfg(files: Files, text: Text, into: Collected) -> None:
    """Read a setup.cfg."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text.text)
    except configparser.Error as error:
        reason = str(error).split("\n", 1)[0]
        into.problem(f"this can't be read: {reason}", into.place())
        return
    python = parser.get("options", "python_requires", fallback="")
    into.ask_python(python, python, into.place(text.line_of(python)))
    groups = [("runtime", parser.get("options", "install_requires", fallback=""))]
    groups.append(("test", parser.get("options", "tests_require", fallback="")))
    if parser.has_section("options.extras_require"):
        for name, value in parser.items("options.extras_require"):
            groups.append((_extra(name), value))
    for group, value in groups:
        _config_list(files, text, value, group, into)


def _config_list(
    files: Files, text: Text, value: str, group: str, into: Collected
) -> None:
    if value.strip().startswith("file:"):
        for named in value.strip().removeprefix("file:").replace("\n", ",").split(","):
            if named.strip():
                place = into.place(text.line_of(value), group)
                follow(files, named.strip(), into, place)
        return
    for line in value.replace(";\n", "\n").splitlines():
        if line.strip() and not line.strip().startswith("#"):
            into.add(line.strip(), into.place(text.line_of(line.strip()), group))


def _extra(name: str) -> str:
    group = group_named(name)
    return name.lower() if group == "runtime" else group


def read_setup_py(files: Files, text: Text, into: Collected) -> None:
    """Read the literal arguments of the call of `setup` in a setup.py."""
    try:
        with PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.text)
    except SyntaxError as error:
        place = Place(into.path, error.lineno, into.group)
        into.problem(f"this is not Python that can be read: {error.msg}", place)
        return
    except (ValueError, RecursionError, MemoryError):
        into.problem("this is not Python that can be read", into.place())
        return
    call = next((n for n in ast.walk(tree) if _is_setup(n)), None)
    if not isinstance(call, ast.Call):
        into.remark("has no call of setup()", into.place())
        return
    _Reader(files, _literal_names(tree), into).read(call)


def _is_setup(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (isinstance(function, ast.Name) and function.id == "setup") or (
        isinstance(function, ast.Attribute) and function.attr == "setup"
    )


def _literal_names(tree: ast.Module) -> dict[str, ast.expr]:
    """What each name stands for that is given a value once, at the top of the file."""
    values: dict[str, ast.expr] = {}
    given: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            given[node.id] = given.get(node.id, 0) + 1
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and given.get(target.id) == 1:
                values[target.id] = value
    return values


class _Reader:
    def __init__(
        self, files: Files, names: dict[str, ast.expr], into: Collected
    ) -> None:
        self._files = files
        self._names = names
        self._into = into
        self._steps = 0

    def read(self, call: ast.Call) -> None:
        for keyword in call.keywords:
            match keyword.arg:
                case "install_requires":
                    self._list(keyword.value, "runtime", keyword.arg)
                case "tests_require":
                    self._list(keyword.value, "test", keyword.arg)
                case "extras_require":
                    self._extras(keyword.value)
                case "python_requires":
                    self._python(keyword.value)
                case None:
                    self._unreadable("**", keyword.value)

    def _python(self, node: ast.expr) -> None:
        value = self._resolve(node)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            place = self._into.place(value.lineno)
            self._into.ask_python(value.value, value.value, place)

    def _extras(self, node: ast.expr) -> None:
        value = self._resolve(node)
        if not isinstance(value, ast.Dict):
            self._unreadable("extras_require", node)
            return
        for key, part in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self._list(part, _extra(key.value), f"extras_require[{key.value}]")

    def _list(self, node: ast.expr, group: str, what: str) -> None:
        lines = self._strings(node, 0)
        if lines is None:
            self._unreadable(what, node)
            return
        before = self._into.group
        self._into.group = group
        add_lines(self._files, lines, self._into)
        self._into.group = before

    def _strings(self, node: ast.expr, depth: int) -> list[tuple[str, int]] | None:
        """The literal texts of a list, a tuple, a sum of those, or a name for one."""
        value = self._resolve(node)
        self._steps += 1
        if depth > MAX_DEPTH or self._steps > MAX_STEPS:
            return None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            self._steps += value.value.count("\n")
            return [
                (s.strip(), value.lineno) for s in value.value.split("\n") if s.strip()
            ]
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            left = self._strings(value.left, depth + 1)
            right = None if left is None else self._strings(value.right, depth + 1)
            return None if left is None or right is None else left + right
        if not isinstance(value, ast.List | ast.Tuple):
            return None
        found: list[tuple[str, int]] = []
        for part in value.elts:
            inner = part.value if isinstance(part, ast.Starred) else part
            texts = self._strings(inner, depth + 1)
            if texts is None:
                return None
            found += texts
        return found

    def _resolve(self, node: ast.expr) -> ast.expr:
        for _ in range(MAX_DEPTH):
            if not isinstance(node, ast.Name) or node.id not in self._names:
                break
            node = self._names[node.id]
        return node

    def _unreadable(self, what: str, node: ast.expr) -> None:
        self._into.problem(
            f"{what} is not readable without executing setup.py, which is never done",
            self._into.place(node.lineno),
        )
