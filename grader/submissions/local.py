"""A repository on this machine as a bare one of ours, without asking git in its folder.

Git obeys the configuration of the folder that it is run in, and of the one that it clones
from. So a folder's `.git` is read here as plain files: the references are copied, the objects
are linked to, and its configuration, hooks and everything else stay behind. Only regular
files count: a link in a `.git` could lead to another group's.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grader.errors import GradeError
from grader.sandbox.limits import MEBIBYTE
from grader.submissions.git import Damaged, Git, run_git
from grader.submissions.writing import BINARY, NO_FOLLOW, NO_WAIT

_SMALL_BYTES = 64 * 1024
_SHALLOW_BYTES = 4 * MEBIBYTE
_REFERENCES_BYTES = 32 * MEBIBYTE
_INDEX_BYTES = 256 * MEBIBYTE
_MAX_OBJECT_FILES = 300_000
_MAX_REFERENCES = 100_000
_MAX_FOLDERS = 20

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# git-check-ref-format(1): one part of a name.
_PART = re.compile(r"(?!\.)[^\x00-\x20\x7f~^:?*\[\\]+(?<!\.)(?<!\.lock)")
_PACK_FILE = re.compile(r"pack-[0-9a-f]+\.(pack|idx)")
_LOOSE_FILE = re.compile(r"[0-9a-f]{38}|[0-9a-f]{62}")


@dataclass(frozen=True)
class GitFolder:
    """Where a repository keeps its things: HEAD and index; objects and references.

    The two differ in a worktree that was made beside another one.
    """

    own: Path
    shared: Path


@dataclass(frozen=True)
class Local:
    """Our bare repository, and what the folder itself says.

    `head_name` is the branch that HEAD names (empty for none), `head` the hash that it
    claims, whether that can be read or not, or what stands in the hash's place; None before
    the first commit. `index` is our copy of the folder's index.
    `is_partial` says that some objects are kept in a repository elsewhere. `origin` is the
    address it says it was cloned from: it may hold a password.
    """

    git: Git
    head_name: str
    head: str | None
    index: Path | None
    is_partial: bool
    origin: str = ""


def is_bare(folder: Path) -> bool:
    """Whether a folder is itself the inside of a repository."""
    return (
        not os.path.lexists(folder / ".git")
        and (folder / "HEAD").is_file()
        and (folder / "objects").is_dir()
        and (folder / "refs").is_dir()
    )


def git_folder(folder: Path, home: Path) -> GitFolder | None:
    """What the `.git` of a folder stands for; None when it leads to where it isn't known.

    A `.git` file is followed to a worktree's or a submodule's repository that names the
    folder in turn: another group's does not.
    """
    dot_git = folder / ".git"
    status = dot_git.lstat()
    if stat.S_ISDIR(status.st_mode):
        return GitFolder(dot_git, dot_git)
    text = _text(dot_git)
    if not text.startswith("gitdir: "):
        return None
    own = Path(os.path.realpath(folder / text.removeprefix("gitdir: ").strip()))
    if own.parent.name == "worktrees" and _leads_to(own / "gitdir", dot_git):
        return GitFolder(own, own.parent.parent)
    tree = _configuration(own, home).get("core.worktree")
    if tree and Path(os.path.realpath(own / tree)) == folder:
        return GitFolder(own, own)
    return None


def _leads_to(file: Path, place: Path) -> bool:
    written = _text(file).strip()
    return bool(written) and Path(os.path.realpath(file.parent / written)) == place


def adopt(
    source: GitFolder, directory: Path, home: Path, index: str = "index"
) -> Local:
    """Make our bare repository of it in the empty folder `directory`.

    `index` is the name of the index in its folder: a commit of some files only is made of
    another one. Raises `GradeError` for a repository of a kind that can't be read so.
    """
    settings = _configuration(source.shared, home)
    if settings.get("extensions.refstorage", "files") != "files":
        raise GradeError(
            "the repository keeps its references in a way that is not read here "
            "(extensions.refStorage).",
            hint="Convert it: git refs migrate --ref-format=files",
        )
    written = dict(_packed(source.shared)) | dict(_loose(source.shared))
    references = {
        name: found
        for name, value in written.items()
        if (found := _resolved(value, written))
    }
    head = _text(source.own / "HEAD").strip()
    head_name = head.removeprefix("ref:").strip() if head.startswith("ref:") else ""
    directory.mkdir(parents=True)
    write_bare(directory, head, references, settings.get("extensions.objectformat"))
    cut_off = _text(source.shared / "shallow", _SHALLOW_BYTES).split()
    if cut_off and all(map(_OBJECT_ID.fullmatch, cut_off)):
        lines = "".join(f"{one}\n" for one in cut_off)
        (directory / "shallow").write_text(lines, "ascii")
    link_objects(source.shared / "objects", directory / "objects")
    return Local(
        git=Git(directory, home),
        head_name=head_name,
        head=_resolved(head, references) or _unreadable(head, written),
        index=_copied_index(source.own, directory, index),
        is_partial=bool(_text(source.shared / "objects" / "info" / "alternates")),
        origin=settings.get("remote.origin.url", ""),
    )


def write_bare(
    directory: Path,
    head: str,
    references: Mapping[str, str],
    object_format: str | None,
) -> None:
    """What makes an empty folder a bare repository, but for its objects."""
    if not _OBJECT_ID.fullmatch(head):
        named = head.removeprefix("ref:").strip()
        # Git takes a folder for a repository only if its HEAD has a meaning.
        head = f"ref: {named if _is_name(named) else 'refs/heads/nowhere'}"
    lines = "".join(f"{references[name]} {name}\n" for name in sorted(references))
    settings = "[core]\n\tbare = true\n\trepositoryformatversion = 0\n"
    if object_format == "sha256":
        settings = settings.replace("= 0", "= 1")
        settings += "[extensions]\n\tobjectFormat = sha256\n"
    (directory / "refs").mkdir()
    for name, text in (
        ("HEAD", f"{head}\n"),
        ("packed-refs", lines),
        ("config", settings),
    ):
        (directory / name).write_bytes(text.encode("utf-8", "surrogateescape"))


def _packed(folder: Path) -> Iterator[tuple[str, str]]:
    text = _text(folder / "packed-refs", _REFERENCES_BYTES)
    for line in text.split("\n")[:_MAX_REFERENCES]:
        value, _, name = line.partition(" ")
        if _OBJECT_ID.fullmatch(value) and _is_name(name):
            yield name, value


def _loose(folder: Path) -> Iterator[tuple[str, str]]:
    for file in islice(_files(folder / "refs", _MAX_FOLDERS), _MAX_REFERENCES):
        name = file.relative_to(folder).as_posix()
        if _is_name(name):
            yield name, _text(file).strip()


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            if depth > 0:
                yield from _files(Path(entry.path), depth - 1)
        else:
            yield Path(entry.path)


def _resolved(value: str, references: Mapping[str, str]) -> str | None:
    for _ in range(5):
        if not value.startswith("ref:"):
            break
        value = references.get(value.removeprefix("ref:").strip(), "")
    return value if _OBJECT_ID.fullmatch(value) else None


def _unreadable(head: str, written: Mapping[str, str]) -> str | None:
    """What stands where the hash of HEAD's commit should; None before the first commit."""
    if not head.startswith("ref:"):
        return head or "an empty HEAD"
    name = head.removeprefix("ref:").strip()
    if _is_name(name) and name not in written:
        return None
    return written.get(name) or name


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return (
        len(parts) > 1
        and parts[0] == "refs"
        and ".." not in name
        and "@{" not in name
        and all(_PART.fullmatch(part) for part in parts)
    )


def _link(file: Path, name: Path) -> None:
    try:
        name.symlink_to(file)
    except OSError:  # Windows, without the right to make links
        shutil.copyfile(file, name)


def link_objects(
    source: Path, target: Path, link: Callable[[Path, Path], None] = _link
) -> None:
    """The packs and loose objects of a folder in a new one, each by a `link` to it."""
    target.mkdir()
    (target / "pack").mkdir()
    count = 0
    for folder in _entries(source):
        if folder.name == "pack":
            pattern = _PACK_FILE
        elif re.fullmatch("[0-9a-f]{2}", folder.name):
            pattern = _LOOSE_FILE
        else:
            continue
        (target / folder.name).mkdir(exist_ok=True)
        for file in _entries(Path(folder.path)):
            # Neither a link nor a pipe, for which git would wait.
            if pattern.fullmatch(file.name) and file.is_file(follow_symlinks=False):
                link(Path(file.path), target / folder.name / file.name)
                count += 1
                if count > _MAX_OBJECT_FILES:
                    raise GradeError(
                        f"the repository has more than {_MAX_OBJECT_FILES:,} loose "
                        "objects, too many to read.",
                        hint="Pack them: git gc",
                    )


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What is in a folder, sorted; nothing when it is none, or a link to one."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _copied_index(folder: Path, directory: Path, name: str) -> Path | None:
    content = _bytes(folder / name, _INDEX_BYTES)
    if not content:
        return None
    # A split index has its other half here.
    for entry in _entries(folder):
        if re.fullmatch(r"sharedindex\.[0-9a-f]+", entry.name):
            half = _bytes(Path(entry.path), _INDEX_BYTES)
            (directory / entry.name).write_bytes(half)
    index = directory / "index"
    index.write_bytes(content)
    return index


def _configuration(folder: Path, home: Path) -> Mapping[str, str]:
    """A configuration's own lines, read as text: what it includes is not looked at."""
    home.mkdir(parents=True, exist_ok=True)
    copy = home / "theirs.txt"
    copy.write_bytes(_bytes(folder / "config", _SMALL_BYTES))
    argv = ["git", "config", "--file", str(copy), "--no-includes", "--null", "--list"]
    output = run_git(argv, home)
    pairs = (line.partition("\n") for line in output.stdout.split("\0"))
    return {key: value for key, _, value in pairs}


def _text(file: Path, at_most: int = _SMALL_BYTES) -> str:
    return _bytes(file, at_most).decode("utf-8", "surrogateescape")


def _bytes(file: Path, at_most: int) -> bytes:
    """A regular file's content; nothing when it is none. Raises `Damaged` over `at_most`."""
    flags = os.O_RDONLY | NO_FOLLOW | NO_WAIT | BINARY
    try:
        descriptor = os.open(file, flags)
    except OSError:
        return b""
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        content = stream.read(at_most + 1)
    if len(content) > at_most:
        raise Damaged(f"{file.name} of its .git has over {at_most:,} bytes")
    return content
