"""A path or a URL into a `Snapshot`: a private copy of the files that are graded.

A folder is graded as it stands, with its uncommitted changes; a URL, a bare repository or a
folder with `--ref` at a commit. Nothing is ever run in the user's folder but git, hardened,
to list what it tracks.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GradeError
from grader.model.snapshot import LeftOut, Snapshot
from grader.submissions.folder import walk
from grader.submissions.git import Git, TreeEntry, check_url, clone, looks_like_url

MAX_BYTES = 100 * 1024 * 1024

_UNDECODED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Capture:
    """The snapshot, the source as the user gave it, and what is worth telling about it."""

    snapshot: Snapshot
    source: str
    notes: tuple[str, ...] = ()


def capture(source: str, work: Path, *, ref: str | None = None) -> Capture:
    """Copy what is to be graded below `work`. Raises `GradeError` when that can't be had.

    `work` is a private empty folder that outlives the snapshot.
    """
    if looks_like_url(source):
        url = check_url(source)
        name = url.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        git = clone(url, work / "clone.git", work / "git")
        return _at_commit(git, name.removesuffix(".git"), source, ref, work)
    folder = _existing_folder(source)
    name = folder.name or "repository"
    if _is_bare(folder) or ref is not None:
        if not _is_bare(folder) and not (folder / ".git").exists():
            raise GradeError(
                f'"{source}" is not a git repository, so it has no "{ref}".',
                hint="Leave --ref out to grade the folder as it stands.",
            )
        git = clone(str(folder), work / "clone.git", work / "git")
        return _at_commit(git, name.removesuffix(".git"), source, ref, work)
    if (folder / ".git").exists():
        return _working_tree(folder, name, source, work)
    return _plain_folder(folder, name, source, work)


def _existing_folder(source: str) -> Path:
    path = Path(source).expanduser()
    if not path.exists():
        raise GradeError(
            f'there is nothing at "{source}".',
            hint="Give the folder of a repository, or its https:// or ssh address.",
        )
    if not path.is_dir():
        raise GradeError(
            f'"{source}" is a file; a repository is a folder.',
            hint=f"Did you mean the folder it is in? {path.resolve().parent}",
        )
    return path.resolve()


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _new_root(work: Path) -> Path:
    # isort takes the top folder's name for a module of the project: one with a hyphen can't
    # be imported, so it never is.
    root = work / "graded-copy"
    root.mkdir()
    return root


def _at_commit(
    git: Git, name: str, source: str, ref: str | None, work: Path
) -> Capture:
    commit = git.commit(ref or "HEAD") or (git.commit(f"origin/{ref}") if ref else None)
    root = _new_root(work)
    if commit is None:
        if ref is not None:
            raise GradeError(
                f'"{source}" has no branch, tag or commit "{ref}".',
                hint="List them with: git branch --all; git tag",
            )
        snapshot = Snapshot(root=root, name=name, files=())
        return Capture(snapshot, source, ("The repository has no commits.",))
    entries = git.tree(commit)
    git.extract(commit, root)
    files, left_out = _sort_out(root, entries)
    return Capture(Snapshot(root, name, files, commit, left_out=left_out), source)


def _working_tree(folder: Path, name: str, source: str, work: Path) -> Capture:
    git = Git(folder / ".git", work / "git")
    commit = git.commit("HEAD")
    entries = git.index()
    root = _new_root(work)
    present = [entry for entry in entries if _is_present(folder, entry)]
    for entry in present:
        _copy(folder / entry.path, root / entry.path)
    files, left_out = _sort_out(root, present)
    changed = len(present) < len(entries) or any(
        _differs(root / entry.path, entry.object_id)
        for entry in present
        if entry.is_regular and (root / entry.path).is_file()
    )
    uncommitted = commit is not None and (changed or git.has_staged_changes())
    notes = [] if commit else ["The repository has no commits yet."]
    tracked = {entry.path for entry in entries}
    notes += _untracked_note(folder, tracked)
    snapshot = Snapshot(root, name, files, commit, uncommitted, left_out)
    return Capture(snapshot, source, tuple(notes))


def _is_present(folder: Path, entry: TreeEntry) -> bool:
    # A name that isn't UTF-8 can't be looked up here; it is told as left out.
    if _UNDECODED in entry.path:
        return True
    path = folder / entry.path
    # A tracked folder may since have been replaced by a link to anywhere.
    is_inside = Path(os.path.realpath(path.parent)).is_relative_to(folder)
    return is_inside and os.path.lexists(path)


def _plain_folder(folder: Path, name: str, source: str, work: Path) -> Capture:
    root = _new_root(work)
    entries = []
    for path in walk(folder):
        relative = path.relative_to(folder).as_posix()
        mode = "120000" if path.is_symlink() else "100644"
        if mode == "100644" and not path.is_file():
            continue  # a socket or a pipe
        entries.append(TreeEntry(mode, "", relative))
        _copy(path, root / relative)
    files, left_out = _sort_out(root, entries)
    note = "Not a git repository: graded as a folder, without what .gitignore names."
    return Capture(Snapshot(root, name, files, left_out=left_out), source, (note,))


def _untracked_note(folder: Path, tracked: set[str]) -> list[str]:
    untracked = [
        relative
        for path in walk(folder)
        if path.suffix == ".py"
        and (relative := path.relative_to(folder).as_posix()) not in tracked
    ]
    if not untracked:
        return []
    named = ", ".join(sorted(untracked)[:5]) + (" …" if len(untracked) > 5 else "")
    return [
        f"{len(untracked)} Python file(s) are not tracked by git and were not graded: "
        f"{_printable(named)}. Add them with git add."
    ]


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_symlink():
        os.symlink(os.readlink(file), target)
    elif file.is_file() and file.stat().st_size <= MAX_BYTES:
        shutil.copyfile(file, target)
        shutil.copymode(file, target)


def _differs(file: Path, object_id: str) -> bool:
    content = file.read_bytes()
    header = f"blob {len(content)}\0".encode()
    # Git's own object name for the content; 64 digits in a SHA-256 repository.
    digest = hashlib.sha256 if len(object_id) == 64 else hashlib.sha1
    return digest(header + content).hexdigest() != object_id


def _sort_out(
    root: Path, entries: Iterable[TreeEntry]
) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    """Which entries are graded; a link that leads outside is removed from the copy."""
    files: list[str] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        path = root / entry.path
        if reason := _why_not(entry, path, root):
            left_out.append(LeftOut(_printable(entry.path), reason))
        else:
            files.append(entry.path)
    return tuple(sorted(files)), tuple(sorted(left_out, key=lambda one: one.path))


def _why_not(entry: TreeEntry, path: Path, root: Path) -> str | None:
    if entry.mode == "160000":
        return "a submodule"
    if entry.mode == "120000" or path.is_symlink():
        if not Path(os.path.realpath(path)).is_relative_to(root.resolve()):
            path.unlink(missing_ok=True)
            return "a symbolic link that leads out of the repository"
        return "a symbolic link (what it points to is graded)"
    if entry.path != _printable(entry.path) or _UNDECODED in entry.path:
        return "its name has control characters or is not UTF-8"
    if not path.is_file():
        return "too large: over 100 MiB"
    return None


def _printable(path: str) -> str:
    """A path as plain text: control characters and lone surrogates as escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in path
    )
