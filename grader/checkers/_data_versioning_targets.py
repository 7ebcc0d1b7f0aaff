"""What a `dvc pull` names, and whether DVC keeps such a thing in the repository."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from grader.codebase.dockerfiles import dockerfiles_of
from grader.codebase.dvc import Dvc, dvc_of
from grader.model.snapshot import Snapshot

_WITH_TARGETS = frozenset({"pull", "fetch", "checkout"})
_WITH_VALUE = re.compile(r"-[a-z]*[jr]|--(jobs|remote|max-size|type)")
# Nothing that a shell fills in, and no X, which stands for what code puts in.
_PLAIN = re.compile(r"[A-WYZa-z0-9_./:@-]{1,300}")
_MAX_NAMES = 2_000
_MAX_TARGETS = 10


def targets_of(words: Sequence[str]) -> tuple[str, ...]:
    """What a command of DVC names, by the words after `dvc`; nothing where that is open."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest.pop(0)
    if not rest or rest[0] not in _WITH_TARGETS:
        return ()
    found = []
    before = ""
    for word in rest[1:]:
        if not word.startswith("-") and not _WITH_VALUE.fullmatch(before):
            found.append(word)
        before = word
    is_known = all(_PLAIN.fullmatch(one) for one in found)
    return tuple(found) if is_known and len(found) <= _MAX_TARGETS else ()


class Targets:
    """The names by which commands can ask for what DVC keeps in one repository."""

    def __init__(self, snapshot: Snapshot) -> None:
        dvc = dvc_of(snapshot)
        self._stages = {one.name.partition("@")[0] for one in dvc.stages}
        paths = {one for one in snapshot.files if one.endswith((".dvc", "dvc.yaml"))}
        paths |= {out.path for one in dvc.pointers for out in one.outs}
        paths |= {out.path for one in dvc.stages for out in one.outs}
        self._paths = tuple(f"/{one}/" for one in paths)
        self._is_open = (
            len(paths) > _MAX_NAMES or _is_open(dvc) or _moves_pointers(snapshot)
        )

    def has_any(self, targets: Iterable[str]) -> bool:
        """Whether DVC keeps one of them, from whatever folder it is asked for."""
        return self._is_open or any(self._has(one) for one in targets)

    def _has(self, target: str) -> bool:
        parts = [one for one in target.split("/") if one not in ("", ".", "..")]
        stage = target.rpartition(":")[2].partition("@")[0]
        if not parts or stage in self._stages:
            return True
        named = f"/{'/'.join(parts)}/"
        # A file of a folder that is kept as one.
        above = tuple(f"/{'/'.join(parts[:at])}/" for at in range(1, len(parts) + 1))
        return any(
            named in path
            or path.endswith(above)
            or (target.startswith("/") and path in named)
            for path in self._paths
        )


def _is_open(dvc: Dvc) -> bool:
    """Whether something of what is kept can't be read."""
    return (
        any(one.problem for one in dvc.pointers)
        or any(one.problem for one in dvc.files)
        or any(one.is_open or one.is_many for one in dvc.stages)
    )


def _moves_pointers(snapshot: Snapshot) -> bool:
    """Whether an image takes pointers by name, so that they may lie elsewhere in it."""
    files = frozenset(snapshot.files)
    return any(
        source.endswith(".dvc")
        and ("*" in source or str(PurePosixPath(source)) in files)
        for file in dockerfiles_of(snapshot)
        for stage in file.stages
        for one in stage.instructions
        if one.keyword in ("COPY", "ADD")
        for source in one.words[:-1]
    )
