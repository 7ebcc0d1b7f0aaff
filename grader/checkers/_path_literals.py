"""Which strings of a Python file are hard-coded absolute paths.

A string is judged by its form and by its use. `C:\\data`, `~/data` and `file:///data` can
hardly be anything else. `/data/x` may be a file or a route of a web application, so there
the use decides: what it is passed to, or the name it is given.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from grader.checkers._python_names import Names

_MAX_PATH_CHARACTERS = 4096


class Form(Enum):
    """How a path is written."""

    POSIX = "an absolute path"
    WINDOWS = "a path on a Windows drive"
    SHARE = "a network share"
    HOME = "a path below a home folder"
    FILE_URL = "a file:// URL"


class _Use(Enum):
    PATH = auto()  # opened, joined, listed … as a path
    NAMED_FILE = auto()  # named so that it can only be a file or folder
    NAMED_PATH = auto()  # named a path: of a file, or of a web page
    ROUTE = auto()  # given to a web server or client
    TEXT = auto()  # a message, a pattern, a comparison: nothing is opened
    UNKNOWN = auto()


@dataclass(frozen=True)
class PathLiteral:
    """One hard-coded path: the string (or its constant beginning), line from 1."""

    text: str
    form: Form
    line: int


def hardcoded_paths(names: Names) -> Iterator[PathLiteral]:
    """The hard-coded absolute paths of a file, in the order of the source."""
    uses = _Uses(names)
    for node in names.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            form = form_of(node.value)
            if form and _is_path(node.value, form, uses.of(node)):
                yield PathLiteral(node.value, form, _line(node, names))


def _line(node: ast.Constant, names: Names) -> int:
    # Before Python 3.12 the parts of an f-string stand where the whole does.
    parent = names.parents[node]
    return parent.lineno if isinstance(parent, ast.JoinedStr) else node.lineno


_FORMS = (
    (Form.FILE_URL, re.compile(r"file://[^/]|file:///.", re.IGNORECASE)),
    (Form.SHARE, re.compile(r"\\\\[\w.$-]{2,}\\+[\w.$-]{2,}")),
    (Form.WINDOWS, re.compile(r"[A-Za-z]:(?:\\+|/)(?:[\w.$%(~ -]|$)")),
    (Form.HOME, re.compile(r"~[\w.-]*/")),
    (Form.POSIX, re.compile(r"/[^/]")),
)


def form_of(text: str) -> Form | None:
    """The form of a string that could be an absolute path, else None."""
    if len(text) > _MAX_PATH_CHARACTERS or "\n" in text or "\0" in text:
        return None
    return next((form for form, pattern in _FORMS if pattern.match(text)), None)


# Where people keep files; a path that starts so is one unless its use says otherwise.
_ROOTS = re.compile(
    r"/(home|Users|mnt|tmp|var|etc|opt|usr|root|data|datasets|content|kaggle|app"
    r"|workspaces?|Workspace|srv|media|Volumes|dbfs|databricks|lakehouse|private"
    r"|scratch|storage|shared|gpfs|lustre|nfs)(?P<more>/.*)?"
)
# The same on every machine with the operating system.
_SYSTEM = re.compile(r"/(dev/(?!shm)|proc/|sys/|bin/|usr/bin/env\b)")
_EXTENSION = re.compile(r".*\.[A-Za-z]\w{0,9}")
# What patterns, routes, queries and commands have and names of files hardly ever.
_NO_FILE_NAME = re.compile(r"[\^|?<>;]|\.\*|\.\+|\(\?|\\[dwsbDWSB](?![A-Za-z_])")


def _is_path(text: str, form: Form, use: _Use) -> bool:
    if use is _Use.TEXT:
        return False
    if use in (_Use.PATH, _Use.NAMED_FILE):
        return not _SYSTEM.match(text)
    if _NO_FILE_NAME.search(text) or _is_prose(text):
        return False
    if form is not Form.POSIX:
        return True
    root = _ROOTS.fullmatch(text)
    if use is _Use.ROUTE or _SYSTEM.match(text):
        return False
    if use is _Use.NAMED_PATH:
        return root is not None or _EXTENSION.fullmatch(text) is not None
    return root is not None and root["more"] is not None


def _is_prose(text: str) -> bool:
    last = re.split(r"[/\\]", text)[-1]
    return last.count(" ") >= 3 and not _EXTENSION.fullmatch(last)


# String methods that give the same path, or a part of it from the start.
_SAME_PATH = frozenset(
    {"format", "format_map", "rstrip", "removesuffix", "lower", "encode"}
)

_PATH_CALLS = re.compile(
    r"((io|codecs|gzip|bz2|lzma|tarfile)\.)?open|zipfile\.ZipFile|pathlib\.\w+"
    r"|os\.(?!getenv|environ|system|popen|exec|spawn|putenv)[\w.]+"
    r"|(shutil|glob|tempfile|dotenv)\.\w+|sys\.path\.\w+|sqlite3\.connect"
    r"|numpy\.(load|save|fromfile|genfromtxt|memmap)\w*|google\.colab\.drive\.mount"
    r"|importlib\.util\.spec_from_file_location|runpy\.run_path"
    r"|hydra\.initialize_config_dir|logging\.(handlers\.)?\w*FileHandler"
)
_PATH_METHODS = re.compile(
    r"open|load|save|dump|savefig|savetxt|imread|imwrite|imsave|joinpath"
    r"|(load|save)_(model|weights|pretrained|dataset)|from_pretrained|log_artifacts?"
    r"|(upload|download)_(file|from_filename|to_filename)"
    r"|(read|scan|to|write|sink)_"
    r"(csv|json|ndjson|parquet|excel|pickle|feather|hdf|orc|stata|html|xml|table|fwf|sas)"
)
_PATH_KEYWORDS = frozenset(
    "file name path src dst top pathname filepath_or_buffer path_or_buf fname filename "
    "excel_writer io f fp source dest dir root_dir dotenv_path".split()
)
_TEXT_CALLS = re.compile(
    r"(re|regex|fnmatch|streamlit|warnings|pytest)\.\w+|urllib\.parse\.\w+"
)
_TEXT_METHODS = re.compile(
    r"print|pprint|echo|secho|input|debug|info|warning|warn|error|exception|critical|log"
    r"|success|trace|fail|startswith|endswith|r?split|r?partition|r?find|r?index|count"
    r"|replace|join|[lr]?strip|remove(prefix|suffix)|contains|match|fullmatch|search"
    r"|find(all|iter)|extract(all)?|subn?|compile|xpath|find_elements?"
    r"|\w*(Error|Exception|Warning)"
)
_ROUTE_METHODS = re.compile(
    r"get|post|put|patch|delete|head|options|request|stream|build_request|websocket\w*"
    r"|(add_)?(api_)?(websocket_)?route|add_url_rule|mount|include_router|re_path|path"
    r"|url_for|url_path_for|redirect|RedirectResponse|urljoin|URL|Rule|Mount|Request"
    r"|\w*(Route|Router|Blueprint|Bearer)|FastAPI|Flask|Starlette"
)


class _Uses:
    """What each string of a file is used for."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._labels = dict(_labels(names.nodes))
        self._keys = {
            key
            for node in names.nodes
            if isinstance(node, ast.Dict)
            for key in node.keys
        }
        # Many strings may share a long way up (a list of 10,000): walk it once.
        self._known: dict[ast.AST, _Use] = {}

    def of(self, node: ast.AST) -> _Use:
        """Climb from a string to what takes it, through what only passes it on."""
        way: list[ast.AST] = []
        while node not in self._known:
            way.append(node)
            step = self._step(node)
            if isinstance(step, _Use):
                self._known[node] = step
            else:
                node = step
        use = self._known[node]
        self._known.update(dict.fromkeys(way, use))
        return use

    def _step(self, node: ast.AST) -> _Use | ast.AST:
        """The use of a node, or the node whose use it shares."""
        parent = self._names.parents[node]
        match parent:
            case ast.Call():
                return self._as_argument(node, parent, None)
            case ast.keyword(arg=keyword):
                call = self._names.parents[parent]
                if isinstance(call, ast.Call):
                    return self._as_argument(node, call, keyword)
            case ast.JoinedStr():
                return parent if parent.values[0] is node else _Use.TEXT
            case ast.FormattedValue():
                return parent if parent.value is node else _Use.TEXT
            case ast.IfExp():
                return _Use.TEXT if parent.test is node else parent
            case ast.BinOp(op=ast.Div()):
                return _Use.PATH if parent.left is node else _Use.UNKNOWN
            case ast.BinOp() | ast.AugAssign():
                # Only what stands first makes the whole an absolute path.
                is_first = isinstance(parent, ast.BinOp) and parent.left is node
                return parent if is_first else _Use.TEXT
            case ast.List() | ast.Tuple() | ast.Set() | ast.Starred():
                return parent
            case ast.BoolOp() | ast.NamedExpr() | ast.Await():
                return parent
            case ast.Dict():
                if node in self._keys:
                    return _Use.ROUTE
                use = named_use(self._labels.get(node, ""))
                return parent if use is _Use.UNKNOWN else use
            case ast.Assign() | ast.AnnAssign() | ast.arguments():
                return named_use(self._labels.get(node, ""))
            case ast.Attribute():
                return self._as_receiver(parent)
            case ast.Expr() | ast.Compare() | ast.Subscript() | ast.MatchValue():
                return _Use.TEXT
            case ast.Raise() | ast.Assert():
                return _Use.TEXT
        return _Use.UNKNOWN

    def _as_receiver(self, method: ast.Attribute) -> _Use | ast.AST:
        call = self._names.parents[method]
        is_called = isinstance(call, ast.Call) and call.func is method
        return call if is_called and method.attr in _SAME_PATH else _Use.TEXT

    def _as_argument(self, node: ast.AST, call: ast.Call, keyword: str | None) -> _Use:
        name = self._names.qualified(call.func) or ""
        method = name.rpartition(".")[2] or _own_name(call.func)
        is_first = bool(call.args) and call.args[0] is node
        if _PATH_CALLS.fullmatch(name) or _PATH_METHODS.fullmatch(method):
            if method == "join" and not is_first:
                return _Use.UNKNOWN
            is_path = keyword is None or keyword in _PATH_KEYWORDS
            return _Use.PATH if is_path else named_use(keyword or "")
        if _TEXT_CALLS.fullmatch(name) or _TEXT_METHODS.fullmatch(method):
            return _Use.TEXT
        is_default = not is_first and keyword in (None, "default")
        if _ROUTE_METHODS.fullmatch(method) and not (method == "get" and is_default):
            return _Use.ROUTE
        if is_default:
            # os.getenv("DATA_DIR", "/data"), add_argument("--data-dir", default="/data")
            return named_use(_first_text(call))
        return named_use(keyword or "")


def _own_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_TEXT_WORDS = frozenset(
    "help description desc epilog usage metavar message msg doc docs comment pattern "
    "patterns regex regexp example examples title label caption text tooltip detail sep "
    "separator delimiter format sql query reason note hint xpath".split()
)
_ROUTE_WORDS = frozenset(
    "url urls route routes endpoint endpoints href api link request http webhook".split()
)
_FILE_NAME = re.compile(
    r"\w*(dirs?|director(y|ies)|folders?)|\w{0,6}files?|file(names?|paths?)|fname"
)
_PATH_NAME = re.compile(r"(\w*?)(paths?|root)")
_FILE_WORDS = frozenset(
    "data dataset datasets model models file files output out input in save log logs csv "
    "json config cfg artifact artifacts image images img report reports train checkpoint "
    "ckpt cache project repo script db database raw processed interim font key cert "
    "credentials download local weights pickle pkl notebook audio video plot figure "
    "figures tmp temp mlruns results".split()
)


def named_use(label: str) -> _Use:
    """What a name such as `DATA_DIR`, `--log-file` or `help` says of its value."""
    words = [word.lower() for word in _WORD.findall(label)]
    if not words:
        return _Use.UNKNOWN
    *others, last = words
    if last in _TEXT_WORDS:
        return _Use.TEXT
    if _FILE_NAME.fullmatch(last) and last != "profile":
        return _Use.NAMED_FILE
    if label == "prefix" or not _ROUTE_WORDS.isdisjoint(words):
        return _Use.ROUTE
    if path := _PATH_NAME.fullmatch(last):
        is_file = not _FILE_WORDS.isdisjoint([*others, path[1]])
        return _Use.NAMED_FILE if is_file else _Use.NAMED_PATH
    return _Use.UNKNOWN


def _first_text(call: ast.Call) -> str:
    match call.args:
        case [ast.Constant(value=str(text)), *_] if re.fullmatch(r"[-\w.]+", text):
            return text
    return ""


def _labels(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """The name that each value is given: by a key, an assignment or a parameter."""
    for node in nodes:
        match node:
            case ast.Dict():
                for key, value in zip(node.keys, node.values):
                    if isinstance(key, ast.Constant):
                        yield value, str(key.value)
            case ast.Assign(targets=[target, *_]):
                yield node.value, _target_name(target)
            case ast.AnnAssign(value=ast.expr()):
                yield node.value, _target_name(node.target)
            case ast.arguments():
                positional = [*node.posonlyargs, *node.args]
                with_default = positional[len(positional) - len(node.defaults) :]
                for argument, default in zip(with_default, node.defaults):
                    yield default, argument.arg
                for argument, other in zip(node.kwonlyargs, node.kw_defaults):
                    if other is not None:
                        yield other, argument.arg


def _target_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
    return ""
