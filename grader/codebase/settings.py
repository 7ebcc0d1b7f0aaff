"""The configuration files of a project: which they are, and what they say by key."""

import configparser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.codebase.documents import Document, Value, documents_of, text_of
from grader.codebase.reading import Reading
from grader.codebase.stages import words_of
from grader.model.snapshot import Snapshot, is_test_file

_SUFFIXES = frozenset({".yaml", ".yml", ".toml", ".json", ".ini", ".cfg"})
_WORDS = frozenset(
    "config configs configuration conf cfg settings setting params parameters "
    "hyperparameters hparams hyperparams".split()
)
_FOLDERS = frozenset({"conf", "config", "configs", "configuration", "settings"})
# What tools write, or what configures something else.
_NOT_BELOW = frozenset(
    "artifacts mlruns mlartifacts wandb outputs multirun data models reports logs "
    "notebooks docs node_modules venv env site-packages deployment deploy k8s "
    "kubernetes monitoring grafana prometheus terraform infra infrastructure "
    "docker frontend fixtures examples assets static".split()
)
_NOT = frozenset(
    "environment conda conda-lock docker-compose compose setup tox mkdocs render "
    "pytest pylintrc mypy python_env package tsconfig jsconfig dvc codecov "
    "pyrightconfig renovate cookiecutter".split()
)
_MAX_FILES = 60
_MAX_DEPTH = 30


@dataclass(frozen=True)
class Leaf:
    """One value of a configuration file: its keys from the top, lists counting as values."""

    path: str
    keys: tuple[str, ...]
    value: Value


class Settings:
    """A project's configuration files, by path; `.ini` as mappings of their sections."""

    def __init__(self, snapshot: Snapshot) -> None:
        documents = documents_of(snapshot)
        self.files: dict[str, Document] = {}
        named = [path for path in snapshot.files if is_configuration(path)]
        for path in sorted(named, key=_rank)[:_MAX_FILES]:
            if PurePosixPath(path).suffix in (".ini", ".cfg"):
                self.files[path] = _sections(snapshot, path)
            else:
                self.files[path] = documents.get(path)
        self._texts: dict[str, list[Leaf]] | None = None

    def text(self, keys: Sequence[str]) -> str | None:
        """The text that stands below keys, wherever they begin; None where none does.

        Of several values with the last key the one with most of the others above it.
        """
        if not keys:
            return None
        if self._texts is None:
            self._texts = {}
            for document in self.files.values():
                for leaf in leaves(document):
                    if isinstance(leaf.value, str):
                        self._texts.setdefault(leaf.keys[-1], []).append(leaf)
        found = self._texts.get(keys[-1], [])
        above = set(keys[:-1])
        best = max(found, key=lambda one: len(above & set(one.keys)), default=None)
        return best.value if best and isinstance(best.value, str) else None


def is_configuration(path: str) -> bool:
    """Whether a file is a project's own configuration by its name or folder."""
    pure = PurePosixPath(path)
    folders = [part.lower() for part in pure.parts[:-1]]
    stem = pure.stem.lower()
    if pure.suffix.lower() not in _SUFFIXES or is_test_file(path) or len(folders) > 4:
        return False
    if any(part.startswith(".") for part in pure.parts) or stem in _NOT:
        return False
    if not _NOT_BELOW.isdisjoint(folders):
        return False
    if not _WORDS.isdisjoint(words_of(pure.stem)):
        return True
    return not _FOLDERS.isdisjoint(folders)


def leaves(document: Document) -> Iterator[Leaf]:
    """The values of a file by their keys; of lists of mappings each key once."""
    seen: set[tuple[str, ...]] = set()
    stack: list[tuple[tuple[str, ...], Value]] = [((), document.value)]
    while stack:
        keys, value = stack.pop()
        match value:
            case dict() if value and len(keys) < _MAX_DEPTH:
                inner = ((str(key), one) for key, one in value.items())
                stack.extend(((*keys, key), one) for key, one in reversed(list(inner)))
            case list() if value and any(isinstance(one, dict) for one in value):
                stack.extend((keys, one) for one in value if isinstance(one, dict))
            case _:
                if keys and keys not in seen:
                    seen.add(keys)
                    yield Leaf(document.path, keys, value)


def _rank(path: str) -> tuple[int, str]:
    return len(PurePosixPath(path).parts), path


def _sections(snapshot: Snapshot, path: str) -> Document:
    text = text_of(snapshot, path, 256 * 1024)
    if text is None:
        return Document(path, problem="it is no regular file, or larger than 256 KiB")
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return Document(path, problem=str(error).partition("\n")[0])
    sections: dict[str, Value] = {
        name: dict(parser.items(name)) for name in parser.sections()
    }
    return Document(path, value=sections or None)


settings_of: Reading[Settings] = Reading(Settings)
