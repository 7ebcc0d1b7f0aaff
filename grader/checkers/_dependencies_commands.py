"""The packages that a repository starts from command lines, or names in its settings.

For telling what is used: what is found too much here says of a package that it is used.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from packaging.utils import canonicalize_name

from grader.codebase.commands import started
from grader.codebase.documents import Value, documents_of, text_of
from grader.codebase.notebooks import notebooks
from grader.environment.import_names import distributions_of, started_by_command
from grader.model.snapshot import Snapshot

# Of one file, and of all together, those nearest to the top first.
_MAX_BYTES = 256 * 1024
_MAX_TOTAL_BYTES = 2 * 1024 * 1024
_MAX_FILES = 300
_MAX_VALUES = 20_000

_DOCKERFILE = re.compile(r"(.+\.)?(Dockerfile|Containerfile)(\..+)?", re.IGNORECASE)
_MAKEFILE = re.compile(r"(GNU)?Makefile|.+\.mk", re.IGNORECASE)
_INSTRUCTION = re.compile(r"^\s*(?:RUN|CMD|ENTRYPOINT)\b|^\s*&&")
_SHELL_SUFFIXES = frozenset({".sh", ".bash", ".ps1", ".bat"})
# Keys of workflows, MLproject, dvc.yaml, compose files and render.yaml.
_COMMAND_KEYS = frozenset(
    "run cmd command entrypoint script before_script startcommand buildcommand".split()
)
_SIGNS = re.compile(r"[\[\]\"',`$@]+")


def started_distributions(snapshot: Snapshot) -> frozenset[str]:
    """The distributions that some command line starts, or that Hydra is told to make."""
    found: set[str] = set()
    for path in _own(snapshot):
        for command in _commands(path, snapshot):
            found.update(_started(command))
    for notebook in notebooks(snapshot):
        for cell in notebook.code_cells:
            for line in cell.text.splitlines():
                if line.lstrip().startswith("!"):
                    found.update(_started(line.lstrip()[1:]))
    return frozenset(found)


def _started(command: str) -> Iterator[str]:
    if command.startswith(_TARGET):
        yield from distributions_of(command.removeprefix(_TARGET))
        return
    for line in command.splitlines():
        # What is installed is not started by that.
        if "install" in line or len(line) > 2_000:
            continue
        words = _SIGNS.sub(" ", line)
        for one in started(words):
            if one.kind in ("program", "module"):
                name = PurePosixPath(one.name).name.partition(".")[0]
                yield from started_by_command(name)
                yield str(canonicalize_name(name))
        # `streamlit run app.py` is told as the script that it starts.
        for word in words.split()[:2]:
            yield from started_by_command(word)


# Before a dotted name that Hydra makes an object of.
_TARGET = "_target_: "


def _commands(path: str, snapshot: Snapshot) -> Iterator[str]:
    """The command lines of one file, by what kind of file it is."""
    pure = PurePosixPath(path)
    if pure.name == "MLproject":
        yield "mlflow run"
    if pure.suffix in (".yml", ".yaml") or pure.name == "MLproject":
        yield from _in_values(documents_of(snapshot).get(path).value)
        return
    text = text_of(snapshot, path, _MAX_BYTES) or ""
    if _DOCKERFILE.fullmatch(pure.name):
        joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
        for line in joined.splitlines():
            if match := _INSTRUCTION.match(line):
                yield line[match.end() :]
    elif _MAKEFILE.fullmatch(pure.name):
        yield from (line for line in text.splitlines() if line.startswith("\t"))
    elif pure.name == "Procfile":
        yield from (line.partition(":")[2] for line in text.splitlines())
    elif pure.suffix in _SHELL_SUFFIXES:
        yield text
    elif pure.name.lower().startswith("readme"):
        for token in MarkdownIt().parse(text):
            if token.type == "fence" and "py" not in token.info:
                yield token.content


def _in_values(value: Value) -> Iterator[str]:
    """The texts below a key that holds commands, and what `_target_` names."""
    stack: list[tuple[str, Value]] = [("", value)]
    for _ in range(_MAX_VALUES):
        if not stack:
            return
        key, value = stack.pop()
        match value:
            case dict():
                stack += [(name.lower(), inner) for name, inner in value.items()]
            case list():
                if key in _COMMAND_KEYS and all(isinstance(v, str) for v in value):
                    yield " ".join(map(str, value))
                stack += [(key, inner) for inner in value]
            case str() if key in _COMMAND_KEYS:
                yield value
            case str() if key == "_target_":
                yield f"{_TARGET}{value}"


def _own(snapshot: Snapshot) -> list[str]:
    # By its name first: a repository may hold ten thousand pictures.
    paths = (path for path in snapshot.files if _has_commands(PurePosixPath(path)))
    own = [path for path in paths if not snapshot.foreign(path)]
    room, taken = _MAX_TOTAL_BYTES, []
    for path in sorted(own, key=lambda path: (path.count("/"), path))[:_MAX_FILES]:
        file = snapshot.root / path
        size = file.stat().st_size if file.is_file() else _MAX_BYTES
        if size < _MAX_BYTES and size <= room:
            room -= size
            taken.append(path)
    return taken


def _has_commands(pure: PurePosixPath) -> bool:
    if pure.name.startswith("conda-lock") or "mlruns" in pure.parts:
        return False
    return (
        pure.suffix in (".yml", ".yaml", *_SHELL_SUFFIXES)
        or pure.name in ("MLproject", "Procfile")
        or pure.name.lower().startswith("readme")
        or bool(_DOCKERFILE.fullmatch(pure.name) or _MAKEFILE.fullmatch(pure.name))
    )
