"""Which keys of the configuration code that runs asks for.

A key is used where running code names it, as a text or an attribute, and names the section
that it stands in; or where it hands on or goes through the whole mapping that it is in
(`**config["params"]`). A mapping that is named, and of whose keys none is, is taken whole.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from grader.codebase.code import CodeFile, code_of
from grader.codebase.documents import Document
from grader.codebase.documents import Value as Plain
from grader.codebase.documents import documents_of
from grader.codebase.origins import Origins, Value, origins_of
from grader.codebase.reach import Reach
from grader.codebase.settings import Leaf, leaves
from grader.model.snapshot import Snapshot

# What Hydra and YAML themselves read.
_NOT_OURS = frozenset({"defaults", "hydra", "<<"})
_WHOLE_METHODS = frozenset({"items", "values", "copy"})
_INSTANTIATES = frozenset(
    "hydra.utils.instantiate hydra.utils.call hydra.utils.get_class".split()
)
_INTERPOLATED = re.compile(r"\$\{([\w.]{1,200})\}")
_MAX_LEAVES = 5_000
_MAX_WHOLES = 1_000


@dataclass(frozen=True)
class Keys:
    """The keys of the files that are read, apart by whether they are used."""

    used: tuple[Leaf, ...]
    unused: tuple[Leaf, ...]

    @property
    def share(self) -> float:
        """Used keys, 0..1; 0 without any."""
        count = len(self.used) + len(self.unused)
        return len(self.used) / count if count else 0.0


def keys_of(snapshot: Snapshot, paths: Iterable[str], reach: Reach) -> Keys:
    """Which keys of these files are used."""
    documents = [documents_of(snapshot).get(path) for path in paths]
    named = frozenset(_named(snapshot, reach, documents))
    wholes: dict[str, list[tuple[str, ...]]] = {}
    for whole in dict.fromkeys(islice(_wholes(snapshot, reach), _MAX_WHOLES)):
        wholes.setdefault(whole[-1], []).append(whole)
    used: list[Leaf] = []
    unused: list[Leaf] = []
    for document in documents:
        ours = [leaf for leaf in leaves(document) if leaf.keys[0] not in _NOT_OURS]
        silent = _taken_whole(ours, named)
        for leaf in ours[:_MAX_LEAVES]:
            is_used = (
                _is_named(leaf, named)
                or any(
                    leaf.keys[:depth] in silent for depth in range(1, len(leaf.keys))
                )
                or any(
                    _is_below(leaf, whole)
                    for key in leaf.keys[:-1]
                    for whole in wholes.get(key, ())
                )
            )
            (used if is_used else unused).append(leaf)
    return Keys(tuple(used), tuple(unused))


def _is_named(leaf: Leaf, named: frozenset[str]) -> bool:
    name, section = leaf.keys[-1], leaf.keys[0]
    return name in named and (len(leaf.keys) == 1 or section in named)


def _taken_whole(found: list[Leaf], named: frozenset[str]) -> set[tuple[str, ...]]:
    """The mappings whose key is named, and none of the keys below."""
    below: dict[tuple[str, ...], bool] = {}
    for leaf in found:
        for depth in range(1, len(leaf.keys)):
            is_named = any(key in named for key in leaf.keys[depth:])
            keys = leaf.keys[:depth]
            below[keys] = below.get(keys, False) or is_named
    return {
        keys
        for keys, is_any_named in below.items()
        if keys[-1] in named
        and not is_any_named
        and (len(keys) == 1 or keys[0] in named)
    }


def _is_below(leaf: Leaf, whole: tuple[str, ...]) -> bool:
    """Whether a leaf lies in the mapping that keys lead to, wherever they begin."""
    rest = iter(leaf.keys[:-1])
    return all(key in rest for key in whole)


def _named(
    snapshot: Snapshot, reach: Reach, documents: list[Document]
) -> Iterator[str]:
    """The texts and attributes of the code that runs, and what the files name themselves."""
    for file, node in reach.nodes():
        match node:
            case ast.Constant(value=str(text)) if len(text) < 200:
                yield from (text, *text.split(".")) if " " not in text else (text,)
            case ast.Attribute(attr=name) if _is_own(file, node):
                yield name
            case ast.ClassDef(body=body) if reach.reaches(node):
                # The fields of a pydantic model or a dataclass.
                for one in body:
                    match one:
                        case ast.AnnAssign(target=ast.Name(id=name)):
                            yield name
    for document in documents:
        for leaf in leaves(document):
            if isinstance(leaf.value, str):
                for words in _INTERPOLATED.findall(leaf.value):
                    yield from words.split(".")
    stages = documents_of(snapshot).get("dvc.yaml").at("stages")
    for stage in stages.values() if isinstance(stages, dict) else ():
        parameters = stage.get("params") if isinstance(stage, dict) else None
        for text in _texts(parameters):
            yield from text.split(".")
        for text in _texts(stage):
            for words in _INTERPOLATED.findall(text):
                yield from words.split(".")


def _is_own(file: CodeFile, node: ast.Attribute) -> bool:
    """Whether it is an attribute of an object, not of a module that is imported."""
    return file.names.qualified(node) is None


def _wholes(snapshot: Snapshot, reach: Reach) -> Iterator[tuple[str, ...]]:
    """The keys of the mappings that are handed on or gone through as a whole."""
    code, origins = code_of(snapshot), origins_of(snapshot)
    for file, node in reach.nodes():
        match node:
            case ast.Call(func=called, args=args, keywords=keywords):
                for keyword in keywords:
                    if keyword.arg is None:
                        yield from _chain(origins, Value(file, keyword.value))
                match called:
                    case ast.Attribute(value=receiver, attr=method) if (
                        method in _WHOLE_METHODS
                    ):
                        yield from _chain(origins, Value(file, receiver))
                if args and code.symbol(file, called) in _INSTANTIATES:
                    yield from _chain(origins, Value(file, args[0]))
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values):
                    if key is None:
                        yield from _chain(origins, Value(file, value))


def _chain(origins: Origins, value: Value) -> Iterator[tuple[str, ...]]:
    if keys := origins.keys(value):
        yield keys


def _texts(value: Plain) -> Iterator[str]:
    stack, count = [value], 0
    while stack and count < _MAX_LEAVES:
        one = stack.pop()
        count += 1
        match one:
            case str():
                yield one
            case list():
                stack.extend(one)
            case dict():
                stack.extend((*one.keys(), *one.values()))
