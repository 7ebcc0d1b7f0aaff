"""What a string in a Python file is used for: as a path, a route, a text.

The use is read from the syntax tree: from the call that takes the string, from the name
that it is given, through what only passes it on (a list, an f-string, `a + b`).
"""

import ast
import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from grader.codebase.names import Names


class Use(Enum):
    """What becomes of a string."""

    PATH = auto()  # opened, joined, listed … as a path
    NAMED_FILE = auto()  # named so that it can only be a file or folder
    NAMED_PATH = auto()  # named a path: of a file, or of a web page
    ROUTE = auto()  # given to a web server or client
    TEXT = auto()  # a message, a pattern, a comparison: nothing is opened
    UNKNOWN = auto()


# String methods that keep the beginning of a path.
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
    r"(csv|json|ndjson|parquet|excel|pickle|feather|hdf|orc|stata|html|xml|table)"
)
_PATH_KEYWORDS = frozenset(
    "file name path src dst top pathname filepath_or_buffer path_or_buf fname filename "
    "excel_writer io f fp source dest dir root_dir dotenv_path".split()
)
_TEXT_CALLS = re.compile(
    r"(re|regex|fnmatch|streamlit|warnings|pytest)\.\w+|urllib\.parse\.\w+"
)
_TEXT_METHODS = re.compile(
    r"print|pprint|echo|secho|input|debug|info|warning|warn|error|exception|critical"
    r"|log|success|trace|fail|startswith|endswith|r?split|r?partition|r?find|r?index"
    r"|count|replace|join|[lr]?strip|remove(prefix|suffix)|contains|match|fullmatch"
    r"|search|find(all|iter)|extract(all)?|subn?|compile|xpath|find_elements?"
    r"|\w*(Error|Exception|Warning)"
)
_ROUTE_METHODS = re.compile(
    r"get|post|put|patch|delete|head|options|request|stream|build_request|websocket\w*"
    r"|(add_)?(api_)?(websocket_)?route|add_url_rule|mount|include_router|re_path|path"
    r"|url_for|url_path_for|redirect|RedirectResponse|urljoin|URL|Rule|Mount|Request"
    r"|\w*(Route|Router|Blueprint|Bearer)|FastAPI|Flask|Starlette"
)


class Uses:
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
        self._known: dict[ast.AST, Use] = {}

    def of(self, node: ast.AST) -> Use:
        """Climb from a string to what takes it, through what only passes it on."""
        way: list[ast.AST] = []
        while node not in self._known:
            way.append(node)
            step = self._step(node)
            if isinstance(step, Use):
                self._known[node] = step
            else:
                node = step
        use = self._known[node]
        self._known.update(dict.fromkeys(way, use))
        return use

    def _step(self, node: ast.AST) -> Use | ast.AST:
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
                return parent if parent.values[0] is node else Use.TEXT
            case ast.FormattedValue():
                return parent if parent.value is node else Use.TEXT
            case ast.IfExp():
                return Use.TEXT if parent.test is node else parent
            case ast.BinOp(op=ast.Div()):
                return Use.PATH if parent.left is node else Use.UNKNOWN
            case ast.BinOp() | ast.AugAssign():
                # Only what stands first makes the whole an absolute path.
                is_first = isinstance(parent, ast.BinOp) and parent.left is node
                return parent if is_first else Use.TEXT
            case ast.List() | ast.Tuple() | ast.Set() | ast.Starred():
                return parent
            case ast.BoolOp() | ast.NamedExpr() | ast.Await():
                return parent
            case ast.Dict():
                if node in self._keys:
                    return Use.ROUTE
                use = named_use(self._labels.get(node, ""))
                return parent if use is Use.UNKNOWN else use
            case ast.Assign() | ast.AnnAssign() | ast.arguments():
                return named_use(self._labels.get(node, ""))
            case ast.Attribute():
                return self._as_receiver(parent)
            case ast.Expr() | ast.Compare() | ast.Subscript() | ast.MatchValue():
                return Use.TEXT
            case ast.Raise() | ast.Assert():
                return Use.TEXT
        return Use.UNKNOWN

    def _as_receiver(self, method: ast.Attribute) -> Use | ast.AST:
        call = self._names.parents[method]
        is_called = isinstance(call, ast.Call) and call.func is method
        return call if is_called and method.attr in _SAME_PATH else Use.TEXT

    def _as_argument(self, node: ast.AST, call: ast.Call, keyword: str | None) -> Use:
        name = self._names.qualified(call.func) or ""
        method = name.rpartition(".")[2] or _own_name(call.func)
        is_first = bool(call.args) and call.args[0] is node
        if _PATH_CALLS.fullmatch(name) or _PATH_METHODS.fullmatch(method):
            if method == "join" and not is_first:
                return Use.UNKNOWN
            is_path = keyword is None or keyword in _PATH_KEYWORDS
            return Use.PATH if is_path else named_use(keyword or "")
        if _TEXT_CALLS.fullmatch(name) or _TEXT_METHODS.fullmatch(method):
            return Use.TEXT
        is_default = not is_first and keyword in (None, "default")
        if _ROUTE_METHODS.fullmatch(method) and not (method == "get" and is_default):
            return Use.ROUTE
        if is_default:
            # getenv("DATA_DIR", "/data"), add_argument("--data", default="/data")
            return named_use(_first_text(call))
        return named_use(keyword or "")


def _own_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_MAX_LABEL_CHARACTERS = 200
_TEXT_WORDS = frozenset(
    "help description desc epilog usage metavar message msg doc docs comment pattern "
    "patterns regex regexp example examples title label caption text tooltip detail "
    "sep separator delimiter format sql query reason note hint xpath".split()
)
_ROUTE_WORDS = frozenset(
    "url urls route routes endpoint endpoints href api link request http webhook "
    "redirect".split()
)
_FILE_NAME = re.compile(
    r"\w*(dirs?|director(y|ies)|folders?)|(?!pro)\w{0,6}files?|fname"
    r"|file(names?|paths?)"
)
_PATH_NAME = re.compile(r"(\w*?)(paths?|root)")
_FILE_WORDS = frozenset(
    "data dataset datasets model models file files output out input in save log logs "
    "csv json config cfg artifact artifacts image images img report reports train "
    "checkpoint ckpt cache project repo script db database raw processed interim font "
    "key cert credentials download local weights pickle pkl notebook audio video plot "
    "figure figures tmp temp home mlruns results".split()
)


def named_use(label: str) -> Use:
    """What a name such as `DATA_DIR`, `--log-file` or `help` says of its value."""
    words = [word.lower() for word in _WORD.findall(label[:_MAX_LABEL_CHARACTERS])]
    if not words:
        return Use.UNKNOWN
    *others, last = words
    if last in _TEXT_WORDS:
        return Use.TEXT
    if _FILE_NAME.fullmatch(last):
        return Use.NAMED_FILE
    if label == "prefix" or not _ROUTE_WORDS.isdisjoint(words):
        return Use.ROUTE
    if path := _PATH_NAME.fullmatch(last):
        is_file = not _FILE_WORDS.isdisjoint([*others, path[1]])
        return Use.NAMED_FILE if is_file else Use.NAMED_PATH
    return Use.UNKNOWN


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
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield value, key.value
            case ast.Assign(targets=[target, *_]):
                yield node.value, _target_name(target)
            case ast.AnnAssign(value=ast.expr() as value):
                yield value, _target_name(node.target)
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
