"""Where code and workflows are given secrets from outside, and what prints them."""

import ast
import re
from collections.abc import Iterator

from grader.codebase.bindings import Bindings
from grader.codebase.code import Code, CodeFile, code_of, read_file
from grader.codebase.credentials import names_secret
from grader.codebase.entry import serves
from grader.codebase.log_calls import is_log_call
from grader.codebase.notebooks import Notebook, notebooks
from grader.codebase.origins import ENVIRONMENT_READS, SETTINGS_CLASSES
from grader.codebase.reach import Start, reach_from
from grader.codebase.settings import leaves, settings_of
from grader.codebase.trackers import any_reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_ENVIRONMENTS = ("os.environ", "os.environb")
_WHOLE = (*_ENVIRONMENTS, "os.environ.copy()", "dotenv.dotenv_values()")
_READS = ENVIRONMENT_READS | frozenset(
    "google.colab.userdata.get keyring.get_password environ.Env().str environ.Env() "
    "kaggle_secrets.UserSecretsClient().get_secret".split()
)
_STORES = (*_WHOLE, "streamlit.secrets", "starlette.config.Config()")
_LOADS = frozenset({"dotenv.load_dotenv", "dotenv.main.load_dotenv"})
_PRINTS = frozenset(
    "print pprint.pprint pprint.pp sys.stdout.write sys.stderr.write warnings.warn "
    "typer.echo click.echo typer.secho click.secho rich.print icecream.ic display "
    "IPython.display.display streamlit.write streamlit.text streamlit.code".split()
)
_SAME = frozenset(
    "strip lstrip rstrip lower upper encode decode format copy items values join".split()
)
_WRAPS = frozenset("str repr dict list tuple sorted json.dumps pprint.pformat".split())
_OC_ENV = re.compile(r"\$\{oc\.env:\s*(\w+)")
# An address with a password in it.
_ADDRESS = re.compile(
    r"(^|_)(database|db|postgres(ql)?|mysql|mongo(db)?|redis|rabbitmq)_(ur[il]|dsn)$",
    re.IGNORECASE,
)
_STEPS = 60


def _is_secret(name: str) -> bool:
    return names_secret(name) or _ADDRESS.search(name[-100:]) is not None


def secrets_read(snapshot: Snapshot) -> Iterator[Sight]:
    """Where code that runs reads a secret, or the `.env` that holds them."""
    code = code_of(snapshot)
    served = [
        Start(path)
        for path, file in code.files.items()
        if not file.is_test and serves(snapshot, path)
    ]
    running = (any_reach(snapshot), reach_from(snapshot, served))
    for path, file in code.files.items():
        if file.is_test:
            continue
        values = _Values(code, file)
        for node in file.names.nodes:
            what = values.read(node) or _loaded(code, file, node)
            # What stands at a file's own level runs whoever imports or starts it.
            if what and (
                values.is_at_top(node) or any(one.runs(node) for one in running)
            ):
                yield Sight(path=path, line=getattr(node, "lineno", None), what=what)
    for notebook in notebooks(snapshot):
        file = _as_file(notebook)
        values = _Values(code, file)
        for node in file.names.nodes:
            if what := values.read(node) or _loaded(code, file, node):
                yield _in_cell(notebook, node, what)
    for document in settings_of(snapshot).files.values():
        for leaf in leaves(document):
            for name in _OC_ENV.findall(str(leaf.value)[:1_000]):
                if _is_secret(name):
                    line = document.line_of(*leaf.keys)
                    yield Sight(path=leaf.path, line=line, what=f"oc.env:{name[:60]}")


def _loaded(code: Code, file: CodeFile, node: ast.AST) -> str:
    """A call that fills the environment from `.env`, and settings with a secret field."""
    match node:
        case ast.Call(func=called) if code.symbol(file, called) in _LOADS:
            return "load_dotenv()"
        case ast.ClassDef(bases=bases, body=body):
            if any(code.symbol(file, one) in SETTINGS_CLASSES for one in bases):
                for one in body:
                    match one:
                        case ast.AnnAssign(target=ast.Name(id=name)) if _is_secret(
                            name
                        ):
                            return f"settings with {name[:60]}"
    return ""


def secrets_printed(snapshot: Snapshot) -> Iterator[Sight]:
    """Where code prints or logs a secret that it has read, or all of the environment."""
    code = code_of(snapshot)
    for path, file in code.files.items():
        if not file.is_test:
            for node, what in _Values(code, file).printed():
                line = getattr(node, "lineno", None)
                yield Sight(path=path, line=line, what=what)
    for notebook in notebooks(snapshot):
        file = _as_file(notebook)
        values = _Values(code, file)
        for node, what in (*values.printed(), *_shown(notebook, file, values)):
            yield _in_cell(notebook, node, what)


def _shown(
    notebook: Notebook, file: CodeFile, values: "_Values"
) -> Iterator[tuple[ast.AST, str]]:
    """What a cell shows because it ends with it."""
    for cell in notebook.parsed:
        match cell.tree.body[-1:] if cell.tree else []:
            case [ast.Expr(value=value)]:
                if what := values.secret(value):
                    yield value, f"the cell shows {what}"


def _as_file(notebook: Notebook) -> CodeFile:
    body = [one for cell in notebook.parsed if cell.tree for one in cell.tree.body]
    return read_file(notebook.path, ast.Module(body=body, type_ignores=[]))


def _in_cell(notebook: Notebook, node: ast.AST, what: str) -> Sight:
    line = getattr(node, "lineno", 0)
    found = (
        cell.number
        for cell in notebook.parsed
        if cell.tree is not None
        and any(one is node for top in cell.tree.body for one in ast.walk(top))
    )
    number = next(found, None) if line else None
    where = f"cell {number}: " if number else ""
    return Sight(path=notebook.path, what=f"{where}{what}")


class _Values:
    """What expressions of one file hold of the environment, followed within a function."""

    def __init__(self, code: Code, file: CodeFile) -> None:
        self._code, self._file = code, file
        self._bindings = Bindings(file)
        self._looped = dict(self._loops())
        self._named = set(self._names())

    def read(self, node: ast.AST) -> str:
        """The secret variable that a node reads out of the environment; `""` for none."""
        name: str | None = None
        match node:
            case ast.Call(func=called, args=[key, *_]):
                symbol = self._symbol(called)
                holder = called.value if isinstance(called, ast.Attribute) else None
                is_get = isinstance(called, ast.Attribute) and called.attr == "get"
                if symbol in _READS or is_get and self._symbol(holder) in _STORES:
                    name = self._text(key)
            case ast.Subscript(value=holder, slice=key, ctx=ast.Load()):
                if self._symbol(holder) in _STORES:
                    name = self._text(key)
        return name[:60] if name and _is_secret(name) else ""

    def is_at_top(self, node: ast.AST) -> bool:
        """Whether it stands in no function."""
        return isinstance(self._bindings.of(node), ast.Module)

    def printed(self) -> Iterator[tuple[ast.AST, str]]:
        """The calls that print or log something secret, and what."""
        for node in self._file.names.nodes:
            if not isinstance(node, ast.Call) or not self._tells(node):
                continue
            given = (*node.args, *(one.value for one in node.keywords))
            for one in given:
                if what := self.secret(one):
                    yield node, f"{what} is told"
                    break

    def secret(self, value: ast.expr) -> str:
        """What secret thing an expression holds, by its name; `""` for none."""
        todo: list[ast.expr] = [value]
        seen: set[int] = set()
        for _ in range(_STEPS):
            if not todo:
                return ""
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if found := self._whole(node) or self.read(node):
                return found
            todo += self._parts(node)
        return ""

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        """What an expression would show of others: not their length, nor whether they are."""
        match node:
            case ast.Name():
                return self._assigned(node)
            case ast.Attribute():
                own = self._file.own_value(node)
                return [own] if own is not None else []
            case ast.JoinedStr(values=values) | ast.BoolOp(values=values):
                return list(values)
            case ast.FormattedValue(value=inner) | ast.Starred(value=inner):
                return [inner]
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                return [inner]
            case ast.BinOp(left=left, right=right):
                return [left, right]
            case ast.IfExp(body=body, orelse=orelse):
                return [body, orelse]
            case ast.Dict(values=values):
                return [one for one in values if one is not None]
            case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner):
                return list(inner)
            case ast.Call(func=ast.Attribute(value=inner, attr=attr), args=args):
                kept = [inner] if attr in _SAME else []
                if attr in ("format", "join"):
                    kept += [*args, *(one.value for one in node.keywords)]
                return kept
            case ast.Call(func=called, args=args):
                return list(args) if self._symbol(called) in _WRAPS else []
        return []

    def _assigned(self, name: ast.Name) -> list[ast.expr]:
        scope = self._bindings.of(name)
        for one in dict.fromkeys((scope, self._file.tree)):
            key = (one, name.id)
            if key in self._named:
                return []
            found = [*self._bindings.assigned.get(key, []), *self._looped.get(key, [])]
            if found:
                return found
        return []

    def _loops(self) -> Iterator[tuple[tuple[ast.AST, str], list[ast.expr]]]:
        """`for key, value in os.environ.items()`: the second stands for what is there."""
        for node in self._file.names.nodes:
            match node:
                case ast.For(target=ast.Tuple(elts=[_, ast.Name(id=name)]), iter=value):
                    yield (self._bindings.of(node), name), [value]

    def _names(self) -> Iterator[tuple[ast.AST, str]]:
        """`for name in os.environ`: the names of variables are no secrets."""
        for node in self._file.names.nodes:
            match node:
                case ast.For(target=ast.Name(id=name), iter=value) if self._whole(
                    value
                ):
                    yield self._bindings.of(node), name

    def _whole(self, node: ast.expr) -> str:
        return "the whole environment" if self._symbol(node) in _WHOLE else ""

    def _tells(self, call: ast.Call) -> bool:
        if self._symbol(call.func) in _PRINTS:
            return True
        return is_log_call(self._code, self._file, call)

    def _symbol(self, node: ast.AST | None) -> str:
        return self._code.symbol(self._file, node) or "" if node is not None else ""

    def _text(self, key: ast.expr) -> str | None:
        """A text, or a variable that is assigned one."""
        match key:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name():
                for one in self._assigned(key):
                    match one:
                        case ast.Constant(value=str(text)):
                            return text
        return None
