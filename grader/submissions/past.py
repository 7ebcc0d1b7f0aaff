"""The files of earlier commits, out of the same bare repository that the graded one is in.

Git names the commits and hands over objects; which files these had is read from the trees
themselves, each of which is checked against its name and read once. So a merge is looked at
like any commit, a history of thousands costs what changed in it, and nothing that a
repository could configure has a say. Branches that don't lead to the graded commit are not
looked at.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CannotMeasure, GradeError
from grader.model.past import PastFile, PastFiles, PastTexts
from grader.sandbox.limits import MEBIBYTE
from grader.submissions.git import Damaged, Git, read_tree
from grader.submissions.names import MAX_FOLDERS, is_short

# A class of hundreds is read in passing: student projects have a tenth of these.
MAX_COMMITS = 5_000
MAX_ENTRIES = 400_000
MAX_FILES = 100_000
_COMMIT_BYTES = 32 * MEBIBYTE
_TREE_BYTES = 64 * MEBIBYTE
TEXT_BYTES = 32 * MEBIBYTE
# What git itself looks at to tell a binary from a text.
_SNIFFED = 8_000

_SHALLOW = "the history was cut off when the repository was cloned"


@dataclass(frozen=True)
class GitPast:
    """The files of the commits that led to `commit`, in a bare repository of ours."""

    directory: Path
    commit: str

    def files(self, scratch: Path) -> PastFiles:
        """Every file of every commit that led to the graded one, merges included.

        Raises `CannotMeasure` where git can't read the commits.
        """
        try:
            return _Reader(self._git(scratch)).files(self.commit)
        except GradeError as error:
            raise _unreadable(error) from error

    def texts(
        self,
        wanted: Sequence[PastFile],
        scratch: Path,
        most: Callable[[str], int],
    ) -> PastTexts:
        """The content of files, each once, small ones first where there are too many."""
        try:
            return _texts(self._git(scratch), wanted, most)
        except GradeError as error:
            raise _unreadable(error) from error

    def _git(self, scratch: Path) -> Git:
        # Checks run side by side: what git is asked by one is no other's business.
        home = scratch / "git"
        home.mkdir(parents=True, exist_ok=True)
        return Git(self.directory, home)


def _unreadable(error: GradeError) -> CannotMeasure:
    return CannotMeasure(f"the history could not be read: {error.message}")


@dataclass(frozen=True)
class _Folder:
    """A tree where it was found first: its path with a slash at its end, and the commit."""

    tree: str
    path: str
    commit: str


class _Reader:
    """Goes through the trees of all commits at once, level by level."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._gaps: dict[str, None] = {}
        self._files: dict[tuple[str, str], PastFile] = {}
        self._entries = MAX_ENTRIES
        self._bytes = _TREE_BYTES

    def files(self, commit: str) -> PastFiles:
        """What was found, and why that may not be all."""
        found = self._git.ancestry(commit, MAX_COMMITS + 1)
        if commit not in found:
            raise Damaged(f"git does not name {commit} among its own commits")
        if len(found) > MAX_COMMITS:
            self._gaps[f"only the last {MAX_COMMITS:,} commits were looked at"] = None
        if self._git.is_shallow:
            self._gaps[_SHALLOW] = None
        tops = list(self._tops(found[:MAX_COMMITS][::-1]))
        # The commits come oldest first, so that what keeps a place is what came first.
        level = _first(_Folder(tree, "", commit) for commit, tree in tops)
        for _ in range(MAX_FOLDERS + 1):
            if not level:
                break
            level = _first(self._below(level))
        if level:
            self._gaps["folders were nested too deeply to be followed"] = None
        files = tuple(self._files.values())
        return PastFiles(files, len(tops), tuple(self._gaps))

    def _tops(self, commits: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each commit that there is room for, with its tree."""
        sizes = self._git.sizes(commits, "commit")
        room, wanted = _COMMIT_BYTES, []
        for one in commits:
            room -= sizes.get(one, 0)
            if one in sizes and room >= 0:
                wanted.append(one)
        if len(wanted) < len(commits):
            self._gaps["some commits can't be read, or are too large to be"] = None
        for stored in self._git.objects(wanted):
            if tree := re.match(rb"tree ([0-9a-f]+)\n", stored.content):
                yield stored.object_id, tree[1].decode("ascii")
            else:
                self._gaps["some commits can't be read, or are too large to be"] = None

    def _below(self, level: Sequence[_Folder]) -> Iterator[_Folder]:
        """The folders in these; the files in them are kept."""
        at: dict[str, list[_Folder]] = {}
        for one in level:
            at.setdefault(one.tree, []).append(one)
        for stored in self._git.objects(self._readable(list(at))):
            entries = list(read_tree(stored))
            for folder in at[stored.object_id]:
                self._entries -= len(entries)
                if self._entries < 0 or len(self._files) > MAX_FILES:
                    self._gaps["it has too many files to look at them all"] = None
                    return
                for entry in entries:
                    path = f"{folder.path}{entry.path}"
                    if entry.is_folder and is_short(path):
                        yield _Folder(entry.object_id, f"{path}/", folder.commit)
                    elif entry.is_folder:
                        self._gaps["folders have names too long to be followed"] = None
                    elif entry.is_regular:
                        self._keep(PastFile(path, entry.object_id, folder.commit))

    def _keep(self, file: PastFile) -> None:
        self._files.setdefault((file.path, file.object_id), file)

    def _readable(self, trees: Sequence[str]) -> list[str]:
        """Those that are there and that there is room for."""
        sizes = self._git.sizes(trees, "tree")
        readable = []
        for one in trees:
            if one not in sizes:
                self._gaps["some folders are missing in the repository"] = None
                continue
            self._bytes -= sizes[one]
            if self._bytes < 0:
                self._gaps["it has too many files to look at them all"] = None
                break
            readable.append(one)
        return readable


def _first(folders: Iterator[_Folder]) -> list[_Folder]:
    """Each tree once at each path, as it was found first."""
    found: dict[tuple[str, str], _Folder] = {}
    for one in folders:
        found.setdefault((one.tree, one.path), one)
    return list(found.values())


def _texts(
    git: Git, wanted: Sequence[PastFile], most: Callable[[str], int]
) -> PastTexts:
    paths: dict[str, str] = {}
    for one in wanted:
        paths.setdefault(one.object_id, one.path)
    sizes = git.sizes(paths)
    gaps, passed = [], {"too large": 0, "binary": 0}
    if missing := len(paths) - len(sizes):
        gaps.append(f"the content of {missing:,} files is missing in the repository")
    room, chosen = TEXT_BYTES, []
    for object_id in sorted(sizes, key=sizes.__getitem__):
        if sizes[object_id] > most(paths[object_id]):
            passed["too large"] += 1
            continue
        room -= sizes[object_id]
        if room >= 0:
            chosen.append(object_id)
    beyond = len(sizes) - passed["too large"] - len(chosen)
    if beyond:
        gaps.append(
            f"{beyond:,} versions of files are beyond the {TEXT_BYTES // MEBIBYTE} MiB "
            "that are looked into"
        )
    texts = {}
    for stored in git.objects(chosen):
        if b"\0" in stored.content[:_SNIFFED]:
            passed["binary"] += 1
        else:
            texts[stored.object_id] = stored.content
    return PastTexts(texts, tuple(gaps), passed)
