"""Where a log file goes, by the text that its handler is given."""

from pathlib import PurePosixPath

from grader.codebase.ignores import ignores_of
from grader.codebase.origins import UNKNOWN
from grader.model.snapshot import Snapshot

_PLACEHOLDERS = frozenset(
    {".gitkeep", ".keep", ".placeholder", ".gitignore", "README.md"}
)


def is_in_a_folder(place: str, snapshot: Snapshot) -> bool:
    """Whether a log file goes to a folder that is known and holds no code."""
    pure = _plain(place)
    folder = pure.parent
    if not any(part.strip(UNKNOWN + "./") for part in folder.parts):
        return False
    if pure.is_absolute():
        return True
    return not any(
        PurePosixPath(path).parent == folder for path in snapshot.python_files
    )


def is_kept_out(place: str, snapshot: Snapshot) -> bool:
    """Whether git never sees a log file: it is ignored, or its folder kept empty."""
    pure = _plain(place)
    if pure.is_absolute():
        return True
    named = PurePosixPath(str(pure).replace(UNKNOWN, "x"))
    beside = [
        PurePosixPath(path)
        for path in snapshot.files
        if PurePosixPath(path).parent == named.parent
    ]
    logs = [one for one in beside if one == named or one.suffix == ".log"]
    if logs:
        return False
    if ignores_of(snapshot).why(str(named)) is not None:
        return True
    is_top = str(named.parent) == "."
    return bool(beside) and not is_top and all(p.name in _PLACEHOLDERS for p in beside)


def shown(place: str) -> str:
    """The place as a person would write it, what can't be known as `…`."""
    return str(_plain(place)).replace(UNKNOWN, "…")


def _plain(place: str) -> PurePosixPath:
    """A path without what can't be known at its beginning: the project's folder."""
    text = place.replace("\\", "/")
    pure = PurePosixPath(text)
    parts = [part for part in pure.parts if part not in ("..", ".")]
    was_unknown = False
    while parts and not parts[0].strip(UNKNOWN):
        parts, was_unknown = parts[1:], True
    if not parts:
        return PurePosixPath(UNKNOWN)
    if was_unknown and parts[0] == "/":
        parts = parts[1:]
    return PurePosixPath(*parts)
