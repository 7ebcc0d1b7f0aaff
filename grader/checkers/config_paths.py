"""Config paths: absolute paths written in code, and settings read from outside it."""

import ast
import re
from collections.abc import Iterable, Iterator

from grader.checkers._base import (
    Bench,
    Checker,
    Options,
    Result,
    nothing_to_measure,
    python_paths,
    unparsable_findings,
)
from grader.codebase.names import Names, read_names
from grader.codebase.origins import SETTINGS_CLASSES
from grader.codebase.path_literals import Form, PathLiteral, hardcoded_paths
from grader.model.measurement import Finding, Measured, Quantity
from grader.model.snapshot import Scope, Snapshot

_SHOWN_CHARACTERS = 80

_ENV_READS = frozenset(
    "os.getenv os.getenvb os.environ.get os.environ.pop os.environ.setdefault "
    "os.environb.get dotenv.load_dotenv dotenv.dotenv_values decouple.config "
    "environs.Env starlette.config.Config".split()
)
_CONFIG_READS = frozenset(
    "yaml.load yaml.safe_load yaml.full_load yaml.load_all yaml.safe_load_all "
    "ruamel.yaml.YAML omegaconf.OmegaConf.load hydra.main hydra.compose "
    "configparser.ConfigParser "
    "configparser.RawConfigParser tomllib.load tomllib.loads tomli.load tomli.loads "
    "toml.load toml.loads dynaconf.Dynaconf".split()
)
_SETTINGS = re.compile("config|cfg|settings", re.IGNORECASE)


class ConfigPathsOptions(Options):
    """`scope`: the project's own modules (`source`) or every Python file (`all`)."""

    scope: Scope = "source"


class ConfigPaths(Checker[ConfigPathsOptions]):
    """Absolute paths written in code.

    Why it matters
        A path such as `/home/ana/data.csv` exists on one computer. Everybody else,
        the tests and the server have to edit the code before it runs.

    How it is measured
        Every string of the project's own Python files is read from the syntax tree. It
        counts as a hard-coded path when it is written as one (`/home/…`, `C:\\…`, a
        network share, `~/…`, `file://…`) and used as one: opened or joined, given a
        name such as `DATA_DIR`, or below a folder where people keep files (`/tmp`,
        `/opt`, `/data` …). The constant beginning of an f-string or of a joined path
        counts too, and so does the default of an environment variable. Each place
        counts once, also when the same path stands at several. Beside it: how often
        the code reads environment variables and configuration files.

    What it does not see
        Routes and addresses of web applications, regular expressions, docstrings, help
        texts, messages and comparisons: nothing is opened there. Paths inside a longer
        command or text, relative paths, notebooks, and files of the operating system
        that are the same everywhere (`/dev/null`). A route kept under a name like
        `data_path` is taken for a file.

    How to fix
        Put the path in `config.yaml` or an environment variable, relative to the
        project, and build it from the file's own place:
        `Path(__file__).resolve().parent / config["data"]["raw"]`.
    """

    id = "config-paths"
    source = "https://12factor.net/config"
    mending = "findings"
    quantities = (
        Quantity("files", "files", "Python files that were read"),
        Quantity(
            "parsable_files",
            "files",
            "files that Python can parse",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "unparsable",
            "files",
            "files that Python can't parse",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "hardcoded_paths",
            "places",
            "places with an absolute path in the code",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "files_with_hardcoded_paths",
            "files",
            "files with at least one such place",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "env_reads",
            "places",
            "places that read environment variables or .env",
            better="higher",
        ),
        Quantity(
            "config_reads",
            "places",
            "places that read a configuration file (YAML, TOML, INI, Hydra …)",
            better="higher",
        ),
    )

    def reads(self, snapshot: Snapshot, options: ConfigPathsOptions) -> tuple[str, ...]:
        return python_paths(snapshot)

    def measure(
        self, snapshot: Snapshot, options: ConfigPathsOptions, bench: Bench
    ) -> Result:
        """Read every file's syntax tree; a file that can't be parsed is a finding."""
        scope = options.scope
        if nothing := nothing_to_measure(snapshot, scope):
            return Result(nothing)
        findings: list[Finding] = []
        env_reads = config_reads = 0
        for path in snapshot.scope(scope):
            tree = snapshot.module(path).tree
            if tree is None:
                continue
            names = read_names(tree)
            findings += [_finding(found, path) for found in hardcoded_paths(names)]
            env_reads += sum(1 for _ in _env_reads(names))
            config_reads += sum(1 for _ in _config_reads(names))
        files = len(snapshot.scope(scope))
        broken = snapshot.unparsable(scope)
        return Result(
            Measured(
                values={
                    "files": files,
                    "parsable_files": files - len(broken),
                    "unparsable": len(broken),
                    "hardcoded_paths": len(findings),
                    "files_with_hardcoded_paths": len({f.path for f in findings}),
                    "env_reads": env_reads,
                    "config_reads": config_reads,
                },
                findings=(*unparsable_findings(broken), *findings),
            ),
            population=snapshot.describe(scope),
        )


def _env_reads(names: Names) -> Iterator[ast.AST]:
    for node in names.nodes:
        match node:
            case ast.Call():
                if names.qualified(node.func) in _ENV_READS:
                    yield node
            case ast.Subscript(ctx=ast.Load()):
                if names.qualified(node.value) in ("os.environ", "os.environb"):
                    yield node
            case ast.ClassDef():
                if any(names.qualified(b) in SETTINGS_CLASSES for b in node.bases):
                    yield node


def _config_reads(names: Names) -> Iterator[ast.AST]:
    # JSON is data as often as settings: the name of file or result says which.
    blocks = {
        node
        for node in names.nodes
        if isinstance(node, ast.With) and _opens_settings(node.items)
    }
    for node in names.nodes:
        if isinstance(node, ast.Call):
            name = names.qualified(node.func)
            if name in _CONFIG_READS:
                yield node
            elif name in ("json.load", "json.loads"):
                line = _statement(node, names)
                targets = line.targets if isinstance(line, ast.Assign) else []
                is_named_so = any(_SETTINGS.search(_word(one)) for one in targets)
                is_from_one = names.parents[line] in blocks or _opens_settings([node])
                if is_named_so or is_from_one:
                    yield node


def _statement(node: ast.AST, names: Names) -> ast.AST:
    while not isinstance(node, ast.stmt):
        node = names.parents[node]
    return node


def _opens_settings(trees: Iterable[ast.AST]) -> bool:
    """Whether there is a call such as `open("config.json")` or `f(settings_file)`."""
    calls = (
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args
    )
    return any(_SETTINGS.search(_word(call.args[0])) for call in calls)


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Constant(value=str(word)):
            return word
    return ""


def _finding(found: PathLiteral, path: str) -> Finding:
    return Finding(
        rule="hardcoded-path",
        message=f'"{_shortened(found.text)}" is {found.form.value}.',
        path=path,
        line=found.line,
        fix=_FIXES.get(found.form, _FIX),
    )


_FIX = (
    "Read it from config.yaml or an environment variable, relative to the project: "
    'Path(__file__).resolve().parent / config["data_dir"].'
)
_FIXES = {
    Form.HOME: "Read it from config.yaml or an environment variable; keep what belongs "
    "to the project inside the project.",
    Form.FILE_URL: "Read it from config.yaml or an environment variable, or build it: "
    "(Path(__file__).resolve().parent / name).as_uri().",
}


def _shortened(text: str) -> str:
    # A literal may hold what a report can't: control characters, lone surrogates.
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if len(plain) <= _SHOWN_CHARACTERS:
        return plain
    return plain[: _SHOWN_CHARACTERS - 1] + "…"
