"""The commands of a README, and whether what they name is in the repository.

Files, modules, make targets, environments and the files that a tool reads without being
told (`docker build .` reads Dockerfile). What can't be known is not judged: variables,
placeholders, other programs, and everything after a `cd` to a folder that isn't there.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.codebase.commands import Started, started
from grader.codebase.documents import documents_of, text_of
from grader.codebase.markdown import CodeBlock, Markdown, Text
from grader.model.snapshot import Snapshot

_SHELLS = frozenset(
    "bash sh shell zsh console shell-session shellsession terminal cmd powershell ps1 "
    "batch bat text txt".split()
)
_PROMPT = re.compile(r"(\([\w.-]+\) ?)?[$%>] ")
_BACKSLASH = re.compile(r"(?<=[\w.])\\(?=\w)")
_MAX_COMMANDS = 500
# That a command in a sentence may be meant for.
_MAX_FOLDERS = 200
# Variables, patterns, placeholders, addresses, other folders of the machine, and the names of
# files that stand for any file.
_UNKNOWN = re.compile(
    r"[$<>{}*?|\"'\\]|\.\.\.|…|^~|^/|://|^your|^path/to"
    r"|^(\./)?(script|file|filename|example|my_\w+)\.py$",
    re.IGNORECASE,
)
_TARGET = re.compile(r"^([\w./-]+(?: [\w./-]+)*) *:(?!=)", re.MULTILINE)
_MAX_MAKEFILE_BYTES = 256 * 1024
_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian"})
_ENVIRONMENT_FILE = re.compile(r"[\w.-]*(environment|conda|env)[\w.-]*\.ya?ml")
_ENVIRONMENT_MANAGERS = frozenset({"conda", "mamba", "micromamba"})
# What each reads where its command names no file: any of these.
_IMPLIED = {
    ("docker", "build"): ("Dockerfile", "dockerfile"),
    ("docker", "compose"): (
        *("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"),
    ),
    ("docker-compose", ""): ("docker-compose.yml", "docker-compose.yaml"),
    ("dvc", "repro"): ("dvc.yaml",),
    ("pre-commit", "install"): (".pre-commit-config.yaml",),
    ("poetry", "install"): ("pyproject.toml",),
    ("uv", "sync"): ("pyproject.toml",),
    ("pipenv", "install"): ("Pipfile",),
    ("tox", ""): ("tox.ini", "pyproject.toml", "setup.cfg"),
}
_FILE_OPTIONS = {
    "pip": ("-r", "--requirement", "-c"),
    "pip3": ("-r", "--requirement", "-c"),
    "conda": ("-f", "--file"),
    "mamba": ("-f", "--file"),
    "docker": ("-f", "--file"),
    "docker-compose": ("-f", "--file"),
}
# Modules that Python or a package brings, whatever a folder is called.
_NOT_OURS = frozenset({"venv", "pip", "pytest", "virtualenv", "build", "docker"})


@dataclass(frozen=True)
class Named:
    """One thing that a command names: what it is, and whether it is there."""

    what: str
    line: int
    is_there: bool


@dataclass(frozen=True)
class Shown:
    """One program that the README says to start, with its line.

    `is_span`: in a sentence, which may say from where.
    """

    start: Started
    line: int
    text: str
    is_span: bool = False


def shown_commands(readme: Markdown) -> list[Shown]:
    """The commands of its shell blocks, and of code spans that start something by name."""
    found: list[Shown] = []
    for block in readme.blocks:
        if isinstance(block, CodeBlock):
            found += commands_of(block)
        elif isinstance(block, Text):
            for code in block.codes:
                words = code.split()
                # A lone `src/main.py` names a file, it is no command.
                if len(words) > 1 and "\n" not in code:
                    found += [
                        Shown(one, block.line, code, is_span=True)
                        for one in started(code)
                    ]
        if len(found) > _MAX_COMMANDS:
            break
    return found[:_MAX_COMMANDS]


def commands_of(block: CodeBlock) -> Iterator[Shown]:
    """The commands of one block, where it is shell."""
    if block.language and block.language not in _SHELLS:
        return
    lines = block.text.splitlines()
    has_prompts = any(_PROMPT.match(line) for line in lines)
    joined, first = "", 0
    for number, line in enumerate(lines):
        if has_prompts and not joined:
            prompt = _PROMPT.match(line)
            if not prompt:
                continue
            line = line[prompt.end() :]
        if not joined:
            first = number
        joined += line
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        # `.\src\train.py`, as people write on Windows.
        for one in started(_BACKSLASH.sub("/", joined)):
            if not _is_only_a_name(one, joined):
                yield Shown(one, block.line + first, joined.strip())
        joined = ""


def _is_only_a_name(start: Started, typed: str) -> bool:
    """Whether a line begins with a bare `x.py`: what a test prints, no command."""
    is_first = typed.split(maxsplit=1)[:1] == [start.name]
    return is_first and start.name.endswith(".py") and "/" not in start.name


@dataclass
class _Place:
    """Where the reader stands after the commands so far; None where that can't be known."""

    folder: str | None = ""
    cloned: set[str] = field(default_factory=set)

    def enter(self, target: str, repository: "_Repository") -> None:
        """Follow a `cd`."""
        name = target.rstrip("/")
        if self.folder is None and name not in self.cloned:
            return
        if name in self.cloned or not name:
            self.folder = ""
            return
        there = posixpath.normpath(posixpath.join(self.folder or "", name))
        if there.startswith(".."):
            self.folder = ""
        elif repository.has_folder(there):
            self.folder = "" if there == "." else there
        elif repository.name and name.split("/")[0] in (repository.name, "repo"):
            self.folder = ""
        else:
            self.folder = None if not _UNKNOWN.search(name) else self.folder


class _Repository:
    """What is in the repository, for looking names up."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.name = snapshot.name
        self._files = {*snapshot.files, *(one.path for one in snapshot.left_out)}
        self._folders = {
            folder for file in self._files for folder in _parents(file.rstrip("/"))
        }
        self._snapshot = snapshot
        self.folders = sorted(self._folders)[:_MAX_FOLDERS]

    def has_folder(self, path: str) -> bool:
        return path in ("", ".") or path in self._folders

    def has(self, path: str, folders: Sequence[str]) -> bool:
        """Whether a path is there, from any of the folders that a reader may stand in."""
        for folder in folders:
            there = posixpath.normpath(posixpath.join(folder, path))
            if there in self._files or self.has_folder(there):
                return True
        return False

    def has_module(self, dotted: str, folders: Sequence[str]) -> bool | None:
        """Whether a module can be run; None for one that is not the project's own."""
        stem = dotted.replace(".", "/")
        first = stem.split("/")[0]
        roots = dict.fromkeys((*folders, "src"))
        if first in _NOT_OURS or not any(
            self.has(first, [root]) or self.has(f"{first}.py", [root]) for root in roots
        ):
            return None
        endings = (".py", "/__main__.py", "/__init__.py")
        return any(
            self.has(f"{stem}{end}", [root]) for root in roots for end in endings
        )

    def targets(self, folders: Sequence[str]) -> frozenset[str] | None:
        """The targets of the Makefile; None where there is none."""
        for folder in folders:
            for name in ("Makefile", "makefile", "GNUmakefile"):
                path = posixpath.join(folder, name)
                if path in self._snapshot.files:
                    text = text_of(self._snapshot, path, _MAX_MAKEFILE_BYTES)
                    if text is None:
                        return None
                    found = {t for m in _TARGET.finditer(text) for t in m[1].split()}
                    return frozenset(found)
        return None

    def environments(self) -> frozenset[str]:
        """The names that environment files give."""
        documents = documents_of(self._snapshot)
        names = set()
        for path in self._snapshot.files:
            if _ENVIRONMENT_FILE.fullmatch(posixpath.basename(path)):
                name = documents.get(path).at("name")
                if isinstance(name, str):
                    names.add(name)
        return frozenset(names)


def _parents(path: str) -> Iterator[str]:
    folder = path if path.endswith("/") else posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def named_things(shown: Sequence[Shown], snapshot: Snapshot) -> list[Named]:
    """What the commands name that can be looked up, each once."""
    repository, place = _Repository(snapshot), _Place()
    made = {name for one in shown for name in _created(one.start)}
    found: dict[str, Named] = {}
    for one in shown:
        start = one.start
        if start.kind == "program" and start.name == "cd" and start.words:
            place.enter(start.words[0], repository)
            continue
        if start.kind == "program" and start.name == "git" and "clone" in start.words:
            place.cloned |= {_cloned(word) for word in start.words}
            continue
        if place.folder is None:
            continue
        # A block may go on where another ended, or begin again at the top.
        folders = list(dict.fromkeys((place.folder, "")))
        if one.is_span:
            folders += repository.folders
        for what, is_there in _named(start, repository, folders, made):
            found.setdefault(what, Named(what, one.line, is_there))
    return list(found.values())


def _cloned(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2].removesuffix(".git")


def _named(
    start: Started,
    repository: _Repository,
    folders: Sequence[str],
    made: set[str],
) -> Iterator[tuple[str, bool]]:
    name, words = start.name, start.words
    if start.kind == "script":
        if not _UNKNOWN.search(name) and not name.endswith("activate"):
            yield f"{_short(name)}", repository.has(name, folders)
    elif start.kind == "module":
        there = repository.has_module(name, folders)
        if there is not None and not _UNKNOWN.search(name):
            yield f"python -m {_short(name)}", there
        elif name in ("pip", "pytest", *_SERVERS):
            again = Started("program", name, words)
            yield from _named(again, repository, folders, made)
    elif start.kind == "make":
        targets = repository.targets(folders)
        if targets is None:
            yield "Makefile", repository.has("Makefile", folders)
        elif name and not _UNKNOWN.search(name):
            yield f"make {_short(name)}", name in targets
    elif start.kind == "program":
        yield from _of_program(name, words, repository, folders, made)


def _of_program(
    name: str,
    words: Sequence[str],
    repository: _Repository,
    folders: Sequence[str],
    made: set[str],
) -> Iterator[tuple[str, bool]]:
    given = [*_values(words, _FILE_OPTIONS.get(name, ()))]
    for path in given:
        if not _UNKNOWN.search(path):
            yield _short(path), repository.has(path, folders)
    key = (name, words[0] if words else "")
    implied = _IMPLIED.get(key) or _IMPLIED.get((name, ""))
    if implied and not given:
        context = [w for w in words[1:] if repository.has(w, folders) and w != "."]
        where = [posixpath.join(f, c) for f in folders for c in context] or folders
        present = [one for one in implied if repository.has(one, [*where, *folders])]
        yield (*present, *implied)[0], bool(present)
    if name in _SERVERS:
        for word in words:
            module, colon, _ = word.partition(":")
            if colon and re.fullmatch(r"[A-Za-z_][\w.]*", module):
                there = repository.has_module(module, folders)
                # A server runs the project's own app or nothing.
                yield f"{name} {_short(word)}", bool(there)
                break
    elif name in _ENVIRONMENT_MANAGERS and words[:1] and words[0] == "activate":
        wanted = words[1] if len(words) > 1 else "base"
        known = repository.environments() | made
        is_known = wanted == "base" or "/" in wanted or _UNKNOWN.search(wanted)
        # Where nothing names an environment it was made elsewhere.
        if known and not is_known:
            yield f"conda activate {_short(wanted)}", wanted in known
    elif name == "mlflow" and words[:1] and words[0] == "run" and len(words) > 1:
        if not _UNKNOWN.search(words[1]):
            # MLflow takes the name in whatever letters.
            names = ("MLproject", "MLProject", "mlproject")
            paths = [posixpath.join(words[1], one) for one in names]
            is_there = any(repository.has(path, folders) for path in paths)
            yield posixpath.normpath(paths[0]), is_there
    elif name in ("jupyter", "jupyter-notebook", "jupyter-lab"):
        for word in words:
            if word.endswith(".ipynb") and not _UNKNOWN.search(word):
                yield _short(word), repository.has(word, folders)
    elif name in ("cp", "copy") and len(words) == 2:
        if not _UNKNOWN.search(words[0]) and "." in words[0]:
            yield _short(words[0]), repository.has(words[0], folders)
    elif name == "pytest":
        for word in words:
            path = word.partition("::")[0]
            if path.endswith((".py", "/")) and not _UNKNOWN.search(path):
                yield _short(path), repository.has(path, folders)


def _values(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    for word, following in zip(words, words[1:]):
        if word in options:
            yield following
    for word in words:
        option, equals, value = word.partition("=")
        if equals and option in options:
            yield value


def _created(start: Started) -> Iterator[str]:
    """The names of environments that the README has the reader make."""
    if start.name in _ENVIRONMENT_MANAGERS and "create" in start.words:
        yield from _values(start.words, ("-n", "--name"))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
