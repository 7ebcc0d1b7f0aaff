"""MLflow projects and the configuration: which steps a pipeline is said to have."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from grader.codebase.code import CodeFile
from grader.codebase.commands import Started, started
from grader.codebase.documents import Documents

_PIPELINE_FILES = ("config.yaml", "config.yml", "params.yaml", "params.yml")
_MAX_CONFIG_FILES = 60
_MAX_WORDS = 2_000


def pipeline_settings(files: Iterable[str]) -> tuple[str, ...]:
    """The YAML files that may say what a pipeline runs: config.yaml, params.yaml, conf/…

    Of all a project's settings `settings.is_configuration` tells.
    """
    found = []
    for path in files:
        pure = PurePosixPath(path)
        is_below = any(
            part in ("conf", "config", "configs") for part in pure.parts[:-1]
        )
        if pure.suffix in (".yaml", ".yml") and (
            pure.name in _PIPELINE_FILES or is_below
        ):
            found.append(path)
    return tuple(found[:_MAX_CONFIG_FILES])


def project_files(files: Iterable[str]) -> dict[str, str]:
    """The MLproject files by their folders (`.` for the top); MLflow knows them in any case."""
    return {
        str(PurePosixPath(path).parent): path
        for path in files
        if PurePosixPath(path).name.lower() == "mlproject"
    }


def project_commands(documents: Documents, path: str) -> tuple[Started, ...]:
    """What the entry points of an MLproject file start."""
    points = documents.get(path).at("entry_points")
    commands = [
        point.get("command")
        for point in (points.values() if isinstance(points, dict) else ())
        if isinstance(point, dict)
    ]
    return tuple(
        one
        for command in commands
        if isinstance(command, str)
        for one in started(command)
    )


def projects_named(projects: Iterable[str], words: frozenset[str]) -> list[str]:
    """The folders whose own name is one of these words."""
    return [one for one in projects if PurePosixPath(one).name in words]


def is_folder(given: str, folder: str) -> bool:
    """Whether a path as it is written means this folder."""
    if "://" in given:
        return False
    return str(PurePosixPath(given.removeprefix("./") or ".")) == folder


def words_in(file: CodeFile) -> frozenset[str]:
    """The words that a file's strings have, apart at , and /."""
    words: set[str] = set()
    for node in file.names.nodes:
        match node:
            case ast.Constant(value=str(text)) if (
                len(words) < _MAX_WORDS and len(text) < 400
            ):
                words.update(_split(text))
    return frozenset(words)


def configured_words(documents: Documents, files: Iterable[str]) -> frozenset[str]:
    """The words of the configuration, keys and values."""
    found: set[str] = set()
    for path in pipeline_settings(files):
        found.update(_scalars(documents.get(path).value))
    return frozenset(found)


def step_words(documents: Documents, files: Iterable[str]) -> frozenset[str]:
    """The words below what the configuration calls steps, stages or pipeline."""
    found: set[str] = set()
    for path in pipeline_settings(files):
        found.update(_step_words(documents.get(path).value))
    return frozenset(found)


def _step_words(value: object) -> Iterator[str]:
    stack = [(value, 0)]
    while stack:
        one, depth = stack.pop()
        for key, inner in (one.items() if isinstance(one, dict) else ()):
            if any(word in str(key).lower() for word in ("step", "stage", "pipeline")):
                yield from _scalars(inner)
            elif depth < 3:
                stack.append((inner, depth + 1))


def _split(text: str) -> list[str]:
    return text.replace(",", " ").replace("/", " ").split()


def _scalars(value: object) -> Iterator[str]:
    stack = [value]
    count = 0
    while stack and count < _MAX_WORDS:
        one = stack.pop()
        match one:
            case str():
                count += 1
                if len(one) < 400:
                    yield one
                    yield from _split(one)
            case list():
                stack.extend(one)
            case dict():
                # The keys name steps as well: `steps: {train: true}`.
                stack.extend((*one.keys(), *one.values()))
