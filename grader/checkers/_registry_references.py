"""How code names a model of a registry: `models:/name@alias`, `entity/project/name:alias`."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.codebase.code import Code, is_self
from grader.codebase.model_loads import is_mlflow_load
from grader.codebase.origins import UNKNOWN, Origins, Value
from grader.codebase.stages import words_of
from grader.codebase.trackers import Use

# `open`: decided at run time by something outside the code, or not to be known.
Pick = Literal["alias", "latest", "version", "open", "none"]

_BY_NAME = frozenset(
    "wandb.use_artifact wandb.use_model wandb.Api().artifact wandb.apis.public.Api().artifact "
    "wandb.apis.PublicApi().artifact".split()
)
_BY_CLIENT = frozenset(
    "mlflow.client.get_model_version_by_alias mlflow.client.get_latest_versions "
    "mlflow.client.get_model_version mlflow.client.search_model_versions "
    "mlflow.client.get_registered_model".split()
)
_DOWNLOADS = frozenset(
    "mlflow.artifacts.download_artifacts mlflow.artifacts.load_dict".split()
)
OTHER_THINGS = frozenset(
    "data dataset datasets splits predictions report schema metrics raw validated".split()
)
_VERSION = re.compile(r"v?\d+")
_MAX_STEPS = 30


@dataclass(frozen=True)
class Reference:
    """One load of a model by its name in a registry, and which of its versions it takes.

    `is_configured`: what picks the version comes from outside the code.
    """

    use: Use
    text: str
    pick: Pick
    is_configured: bool


class References:
    """Reads what a load by name is given."""

    def __init__(self, code: Code, origins: Origins) -> None:
        self._code, self._origins = code, origins

    def of(self, use: Use) -> Reference | None:
        """The reference of a use; None for one that loads no model by name."""
        if use.name in _BY_CLIENT:
            return self._of_client(use)
        given = self._given(use)
        if given is None:
            return None
        value = Value(use.file, given)
        text = self._origins.text(value)
        is_outside = self._origins.is_configured(value)
        if use.tool == "mlflow":
            if text is None:
                # `load_model(cfg.model_uri)`: what the configuration says is not to be known.
                return None
            if not text.startswith("models:/"):
                return None
            pick = _picked(text.removeprefix("models:/"), "@", "/")
        else:
            if _is_other(text, use):
                return None
            pick = _picked(text or UNKNOWN, ":", ":")
            if text is None and not is_outside:
                pick = "none"
        return Reference(
            use,
            text or "",
            pick,
            self._is_picked_outside(value, is_uri=use.tool == "mlflow"),
        )

    def _of_client(self, use: Use) -> Reference:
        name = use.name.rpartition(".")[2]
        stages = use.keyword("stages") or use.keyword("alias") or use.keyword("version")
        rest = use.arguments[1:2]
        expression = stages or (rest[0] if rest else None)
        pick: Pick = "alias" if expression is not None else "latest"
        if name == "get_model_version" and expression is not None:
            by_alias = self._is_of_alias(Value(use.file, expression))
            pick = "alias" if by_alias else "version"
        outside = False
        if expression is not None and not self._is_of_alias(
            Value(use.file, expression)
        ):
            outside = self._origins.is_configured(Value(use.file, expression))
        said = self._said(use, expression) or "…"
        return Reference(use, f"{name}({said})", pick, outside)

    def _said(self, use: Use, expression: ast.expr | None) -> str | None:
        match expression:
            case None:
                return None
            case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
                return self._origins.text(Value(use.file, first))
        return self._origins.text(Value(use.file, expression))

    def _is_of_alias(self, value: Value) -> bool:
        """Whether a version is looked up by an alias: `model.aliases["champion"]`."""
        for one in (value, *self._origins.of(value)):
            for node in ast.walk(one.node):
                match node:
                    case ast.Subscript(value=ast.Attribute(attr="aliases")):
                        return True
        return False

    def _given(self, use: Use) -> ast.expr | None:
        if use.name in _BY_NAME:
            names = ("artifact_or_name", "name")
        elif is_mlflow_load(use.name) or use.name in _DOWNLOADS:
            names = ("model_uri", "artifact_uri")
        else:
            return None
        keywords = (use.keyword(name) for name in names)
        given = [one for one in (*use.arguments[:1], *keywords) if one is not None]
        return given[0] if given else None

    def _is_picked_outside(self, value: Value, *, is_uri: bool) -> bool:
        """Whether the last part of a reference, after `:`, `@` or `/`, is from outside."""
        todo, steps = [value], 0
        while todo and steps < _MAX_STEPS:
            steps += 1
            one = todo.pop()
            text = self._origins.text(one)
            if is_uri and text is not None and not text.startswith("models:/"):
                # What else is loaded where no registry is: a path.
                continue
            match one.node:
                case ast.JoinedStr(values=[*_, ast.FormattedValue(value=last)]):
                    if self._origins.is_configured(one.other(last)):
                        return True
                case ast.BinOp(right=last):
                    if self._origins.is_configured(one.other(last)):
                        return True
                case ast.JoinedStr() | ast.Constant():
                    continue
                case ast.Name() as name:
                    todo += self._origins.of(one.other(name))
                case ast.Attribute() as attribute if is_self(attribute):
                    todo += self._origins.of(one.other(attribute))
                case ast.Call():
                    found = self._origins.returned(one)
                    todo += found
                    if not found and self._origins.is_configured(one):
                        return True
                case _:
                    if self._origins.is_configured(one):
                        return True
        return False


def _picked(text: str, mark: str, other: str) -> Pick:
    """Which version a reference takes, by what follows its mark."""
    whole = text.partition("@")[2] if mark == "@" and "@" in text else ""
    part = whole or (text.rpartition(other)[2] if other in text else "")
    if not part:
        return "open" if UNKNOWN in text else "none"
    if UNKNOWN in part:
        return "open"
    if part.lower() == "latest":
        return "latest"
    return "version" if _VERSION.fullmatch(part) else "alias"


def _is_other(text: str | None, use: Use) -> bool:
    """Whether an artifact is data or a report, by its name or its type."""
    kind = use.keyword("type")
    if isinstance(kind, ast.Constant):
        return kind.value != "model"
    name = (text or "").rpartition("/")[2].partition(":")[0]
    words = set(words_of(name))
    return "model" not in words and not OTHER_THINGS.isdisjoint(words)


def loop_texts(value: Value) -> Iterator[str]:
    """The texts that a loop over rows gives one of its variables.

    `for key, name, kind in [("a", "b", "model"), …]`: of `kind` the third of each row.
    """
    if not isinstance(value.node, ast.Name):
        return
    for node in value.file.names.nodes:
        match node:
            case ast.For(
                target=ast.Tuple(elts=[ast.Name(id=first), _]),
                iter=ast.Call(
                    func=ast.Attribute(value=ast.Dict(keys=keys), attr="items")
                ),
            ) if (
                first == value.node.id
            ):
                for key in keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value
            case ast.For(target=ast.Tuple(elts=names), iter=rows):
                places = [
                    at
                    for at, one in enumerate(names)
                    if isinstance(one, ast.Name) and one.id == value.node.id
                ]
                if places:
                    yield from _column(value, rows, places[0])


def _column(value: Value, rows: ast.expr, place: int) -> Iterator[str]:
    if isinstance(rows, ast.Name):
        for node in value.file.names.nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=inner) if (
                    name == rows.id
                ):
                    rows = inner
                    break
    if isinstance(rows, ast.List | ast.Tuple):
        for row in rows.elts:
            match row:
                case ast.Tuple(elts=cells) | ast.List(elts=cells) if place < len(cells):
                    cell = cells[place]
                    if isinstance(cell, ast.Constant) and isinstance(cell.value, str):
                        yield cell.value
