"""Which entries of a tree, an index or a folder are graded, and why the others are not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.model.snapshot import LeftOut
from grader.sandbox.limits import MEBIBYTE
from grader.submissions.git import TreeEntry
from grader.submissions.names import printable, sameness, why_not

# The mode of a pipe, a socket or a device in a folder: git has none for them.
ODD_FILE = "000000"

MAX_FILE_BYTES = 100 * MEBIBYTE
MAX_BYTES = 1024 * MEBIBYTE
# A course project with every run of MLflow's committed has had 22,000.
MAX_FILES = 50_000


@dataclass(frozen=True)
class Choice:
    """The entries to write to the copy, by path, and what is left out."""

    taken: tuple[TreeEntry, ...]
    left_out: tuple[LeftOut, ...]


def well_named(entries: Iterable[TreeEntry]) -> Choice:
    """The entries that can stand together in one folder on every system.

    Of two whose names differ only in capitals or in how an accent is written, the first is
    taken.
    """
    taken: list[TreeEntry] = []
    left_out: list[LeftOut] = []
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for entry in sorted(entries, key=lambda one: one.path):
        reason = _why_not(entry) or _why_not_beside(entry.path, files, folders)
        if reason:
            left_out.append(left(entry, reason))
            continue
        taken.append(entry)
        files[sameness(entry.path)] = entry.path
        for above in _above(entry.path):
            folders.setdefault(sameness(above), above)
    return Choice(tuple(taken), tuple(left_out))


def within_limits(entries: Iterable[TreeEntry], sizes: Mapping[str, int]) -> Choice:
    """The entries that are not too large nor too many; `sizes` are bytes by path.

    Python files come first, then what is nearest to the top: in a repository full of data it
    is the data that is left out.
    """
    taken: list[TreeEntry] = []
    left_out: list[LeftOut] = []
    room = MAX_BYTES
    for entry in sorted(entries, key=_importance):
        size = sizes.get(entry.path, 0)
        if size > MAX_FILE_BYTES:
            reason = "too large: over 100 MiB"
        elif len(taken) >= MAX_FILES:
            reason = f"more than {MAX_FILES:,} files"
        elif size > room:
            reason = "too large: over 1 GiB with the files before it"
        else:
            taken.append(entry)
            room -= size
            continue
        left_out.append(left(entry, reason))
    return Choice(tuple(taken), tuple(left_out))


def left(entry: TreeEntry, reason: str) -> LeftOut:
    """An entry as what no check reads."""
    return LeftOut(printable(entry.path), reason)


def _importance(entry: TreeEntry) -> tuple[bool, int, str]:
    return (not entry.path.endswith(".py"), entry.path.count("/"), entry.path)


def _why_not(entry: TreeEntry) -> str | None:
    if reason := why_not(entry.path.removesuffix("/")):
        return reason
    if entry.is_folder:
        return "nested too deeply"
    if entry.mode == "160000":
        return "a submodule"
    if entry.mode == ODD_FILE:
        return "not a regular file"
    return None


def _why_not_beside(
    path: str, files: Mapping[str, str], folders: Mapping[str, str]
) -> str | None:
    same = sameness(path)
    if first := files.get(same) or folders.get(same):
        if first == path:
            return "listed twice under one name"
        return f'its name is that of "{first}" but for capitals or accents'
    for above in _above(path):
        if first := files.get(sameness(above)):
            return f'"{first}" is a file, and can\'t be a folder as well'
    return None


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
