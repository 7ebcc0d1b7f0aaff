"""What code links into the registry of W&B: `artifact.link`, `run.link_artifact`."""

import ast
from collections.abc import Iterable, Iterator

from grader.codebase.code import CodeFile
from grader.codebase.trackers import Trackers, Use
from grader.model.snapshot import Snapshot

LINK = "wandb.Artifact.link"
LINK_ARTIFACT = "wandb.link_artifact"
# By position: the target, and the aliases after it.
_TARGET = {LINK: 0, LINK_ARTIFACT: 1, "wandb.link_model": 1}
_ALIASES = {LINK: 1, LINK_ARTIFACT: 2, "wandb.link_model": 3}
_KEYWORDS = frozenset({"target_path", "aliases"})


def links(
    snapshot: Snapshot, trackers: Trackers, nodes: Iterable[tuple[CodeFile, ast.AST]]
) -> Iterator[Use]:
    """The calls of an artifact's own `link`, each as a use of `LINK`.

    An artifact out of a list is known by the keywords of the call, where wandb is named.
    """
    for file, node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="link") as called):
                given = {one.arg: one.value for one in node.keywords if one.arg}
                is_named = "wandb" in snapshot.module(file.path).text
                is_keyed = is_named and not _KEYWORDS.isdisjoint(given)
                if is_keyed or (trackers.name(file, called) or "").startswith("wandb."):
                    yield Use("wandb", LINK, file, node, given)


def linked(use: Use) -> ast.expr | None:
    """The artifact that a use links."""
    if use.name == LINK and isinstance(use.node, ast.Call):
        called = use.node.func
        return called.value if isinstance(called, ast.Attribute) else None
    return _given(use, 0, "artifact")


def target(use: Use) -> ast.expr | None:
    """The path in the registry that a use links to."""
    return _given(use, _TARGET[use.name], "target_path")


def aliases(use: Use) -> ast.expr | None:
    """The aliases that a use gives."""
    return _given(use, _ALIASES.get(use.name), "aliases")


def _given(use: Use, at: int | None, keyword: str) -> ast.expr | None:
    if (named := use.keyword(keyword)) is not None:
        return named
    return None if at is None else next(iter(use.arguments[at : at + 1]), None)
