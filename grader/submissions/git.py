"""Git, run so that nothing in a repository or in the user's configuration takes part.

Every call here has our own configuration instead of the system's and the user's, no hooks,
no prompt, no file-system monitor, and a bare repository of ours to work on, which
`grader.submissions.local` makes of a folder and `grader.submissions.mirror` of what it
fetched. What an object holds is checked against its name.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from grader.errors import CannotMeasure, ExitCode, GradeError
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput, run
from grader.submissions.names import MAX_FOLDERS, NAME_BYTES, is_short

# Given as the environment's configuration, which outranks a repository's own.
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "safe.bareRepository": "explicit",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "core.autocrlf": "false",
    "core.pager": "cat",
    # Indexes of the history that git would believe instead of the objects.
    "core.commitGraph": "false",
    "core.multiPackIndex": "false",
    # Larger files go through git in pieces.
    "core.bigFileThreshold": "16m",
    "credential.helper": "",
    "transfer.fsckObjects": "true",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
}

_LIMITS = Limits(seconds=120, output_bytes=256 * MEBIBYTE)
_LISTING_LIMITS = Limits(seconds=120, output_bytes=64 * MEBIBYTE)

# A host that doesn't answer is waited for a minute.
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=20"

# As env(1) says it, and the keeper of a plain box too.
NOT_STARTED = (125, 126, 127)

# A tree with more is no project, however few objects it is made of.
MAX_PATHS = 200_000

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Damaged(GradeError):
    """A repository's objects can't be had: missing, torn, or not what their names say."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the repository is damaged or not complete: {what}.",
            hint="See what git says of it with: git fsck --full",
            exit_code=ExitCode.ENVIRONMENT,
        )


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a tree, an index or a folder: git's mode and object id, and the path.

    Bytes of the path that are not UTF-8 are lone surrogates, as in `os.fsdecode`.
    """

    mode: str
    object_id: str
    path: str

    @property
    def is_regular(self) -> bool:
        """A plain file, executable or not."""
        return self.mode.startswith("100")

    @property
    def is_folder(self) -> bool:
        """A folder that is not looked into."""
        return self.mode == "040000"

    def below(self, folder: str) -> "TreeEntry":
        """The same entry in a folder, whose path is empty or ends in a slash."""
        slash = "/" if self.is_folder else ""
        return replace(self, path=f"{folder}{self.path}{slash}")

    @property
    def is_link(self) -> bool:
        """A symbolic link, whose content is where it leads."""
        return self.mode == "120000"


@dataclass(frozen=True)
class StoredObject:
    """What an object id stands for: `commit`, `tree`, `blob` or `tag`, and the bytes."""

    object_id: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Git:
    """Git commands on one bare repository of ours; `home` holds the configuration."""

    directory: Path
    home: Path

    def commit(self, ref: str) -> str | None:
        """The full hash of the commit that `ref` names, or None when there is none."""
        if ref.startswith("-") or "\0" in ref:
            return None
        wanted = ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"]
        output = self._ended(wanted)
        found = output.stdout.strip()
        if output.exit_status != 0 or not _OBJECT_ID.fullmatch(found):
            return None
        return found

    def branches(self) -> tuple[str, ...]:
        """The names of the branches and tags, at most 20, without what stands before them."""
        wanted = ["for-each-ref", "--count=20", "--format=%(refname:short)"]
        output = self._checked([*wanted, "refs/heads", "refs/remotes", "refs/tags"])
        return tuple(output.stdout.split())

    def index(self, file: Path) -> tuple[TreeEntry, ...]:
        """What an index file holds: the tracked files, staged or committed."""
        listing = self.home / "index.txt"
        self._checked(
            ["ls-files", "-z", "--stage"],
            environment={"GIT_INDEX_FILE": str(file)},
            stdout_file=listing,
            limits=_LISTING_LIMITS,
        )
        # mode SP object SP stage TAB path; a conflict has the path several times.
        entries = {}
        for line in filter(None, listing.read_bytes().split(b"\0")):
            head, _, raw = line.partition(b"\t")
            mode, object_id, _ = head.decode("ascii").split(" ")
            path = _path(raw)
            entries[path] = TreeEntry(mode, object_id, path)
        return tuple(entries.values())

    def tree(self, commit: str) -> tuple[TreeEntry, ...]:
        """What a commit holds, submodules and links included.

        A folder that is nested too deeply, or whose name is too long, is one entry with a
        slash at its end. Raises `GradeError` for more than `MAX_PATHS`, which a few small
        objects can make.
        """
        (stored,) = self.objects([commit])
        found = re.match(rb"tree ([0-9a-f]+)\n", stored.content)
        if stored.kind != "commit" or found is None:
            raise Damaged(f"{commit} is not a commit")
        tree = found[1].decode("ascii")
        entries: list[TreeEntry] = []
        level = [TreeEntry("040000", tree, "")]
        listed: dict[str, tuple[TreeEntry, ...]] = {}
        count = 0
        for _ in range(MAX_FOLDERS + 1):
            self._list_folders(level, listed)
            count += sum(len(listed[folder.object_id]) for folder in level)
            if count > MAX_PATHS:
                raise too_many_paths()
            inside = [
                entry.below(folder.path)
                for folder in level
                for entry in listed[folder.object_id]
            ]
            level = [one for one in inside if one.is_folder and is_short(one.path)]
            entries += [
                one for one in inside if not one.is_folder or not is_short(one.path)
            ]
        return tuple([*entries, *level])

    def _list_folders(
        self, level: Sequence[TreeEntry], listed: dict[str, tuple[TreeEntry, ...]]
    ) -> None:
        wanted = {one.object_id for one in level}.difference(listed)
        for stored in self.objects(sorted(wanted)):
            found = tuple(islice(read_tree(stored), MAX_PATHS + 1))
            listed[stored.object_id] = found
            if len(found) > MAX_PATHS:
                raise too_many_paths()

    def sizes(self, object_ids: Iterable[str], kind: str = "blob") -> dict[str, int]:
        """How many bytes each object has that is there.

        Raises `Damaged` for one that isn't of the kind.
        """
        sizes = {}
        for object_id, found, size in self._headers(object_ids):
            if found != kind:
                raise Damaged(f"{object_id} is a {found}, not a {kind}")
            sizes[object_id] = size
        return sizes

    def kinds(self, object_ids: Iterable[str]) -> dict[str, str]:
        """What each object is that is there: `commit`, `tree`, `blob` or `tag`."""
        return {one: found for one, found, _ in self._headers(object_ids)}

    def annotated(self, object_ids: Iterable[str]) -> dict[str, int]:
        """How many bytes each of these that is the object of a tag has."""
        found = self._headers(object_ids)
        return {one: size for one, kind, size in found if kind == "tag"}

    def _headers(self, object_ids: Iterable[str]) -> Iterator[tuple[str, str, int]]:
        listing = self._batch("--batch-check", object_ids, _LISTING_LIMITS)
        for line in listing.read_text("ascii").splitlines():
            object_id, found, *size = line.split(" ")
            if found != "missing":
                yield object_id, found, int(size[0])

    def objects(self, object_ids: Iterable[str]) -> Iterator[StoredObject]:
        """Objects by their ids, in the same order, each checked to have the id's hash.

        Raises `Damaged` for one that is missing or another than its id says.
        """
        wanted = list(object_ids)
        if not wanted:
            return
        listing = self._batch("--batch", wanted, _LIMITS)
        with listing.open("rb") as stream:
            for object_id in wanted:
                yield _read_object(object_id, stream)

    def ancestry(self, commit: str, at_most: int) -> tuple[str, ...]:
        """The hashes of a commit and its ancestors, newest first, the first `at_most`."""
        output = self._checked(["rev-list", f"--max-count={at_most}", commit, "--"])
        return tuple(output.stdout.split())

    def first_parents(self, tip: str, at_most: int) -> tuple[str, ...]:
        """A commit and what it was made on, each one's first parent, the first `at_most`."""
        wanted = ["rev-list", "--first-parent", f"--max-count={at_most}", tip, "--"]
        return tuple(self._checked(wanted).stdout.split())

    def beyond(self, commit: str, tip: str, at_most: int) -> tuple[str, ...]:
        """The ancestors of a tip, and itself, that are none of a commit's, newest first."""
        wanted = ["rev-list", f"--max-count={at_most}", tip, f"^{commit}", "--"]
        return tuple(self._checked(wanted).stdout.split())

    def patch(self, before: str, after: str, at_most: int) -> Path:
        """A file of ours with what changed from one commit to another, as `git diff` says it.

        Without the lines around a change, without renames, without anything that a
        repository or a user could configure. Raises `GradeError` for over `at_most` bytes.
        """
        listing = self.home / "patch.txt"
        self._checked(
            [
                *("diff-tree", "-r", "-p", "--unified=0", "--no-color", "--no-renames"),
                *("--no-ext-diff", "--no-textconv", "--ignore-submodules=all"),
                *("--src-prefix=a/", "--dst-prefix=b/", before, after, "--"),
            ],
            stdout_file=listing,
            limits=replace(_LISTING_LIMITS, output_bytes=at_most),
        )
        return listing

    def references(self) -> dict[str, str]:
        """What each branch, tag and other reference names, by its full name."""
        output = self._checked(["for-each-ref", "--format=%(objectname) %(refname)"])
        pairs = (line.partition(" ") for line in output.stdout.splitlines())
        return {name: object_id for object_id, _, name in pairs}

    def is_published(self, commit: str) -> bool:
        """Whether a branch that was fetched from, or pushed to, elsewhere has the commit."""
        wanted = ["for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes"]
        output = self._ended(wanted)
        return output.exit_status == 0 and bool(output.stdout.strip())

    @property
    def is_shallow(self) -> bool:
        """Whether the history was cut off when it was fetched."""
        return (self.directory / "shallow").exists()

    def _batch(self, how: str, object_ids: Iterable[str], limits: Limits) -> Path:
        wanted = self.home / "objects.txt"
        wanted.write_text("".join(f"{one}\n" for one in object_ids), "ascii")
        listing = self.home / "objects.out"
        self._checked(
            ["cat-file", how, "--buffer"],
            stdin_file=wanted,
            stdout_file=listing,
            limits=limits,
        )
        return listing

    def _checked(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin_file: Path | None = None,
        stdout_file: Path | None = None,
        limits: Limits = _LIMITS,
    ) -> ToolOutput:
        output = self._ended(
            arguments,
            environment=environment,
            stdin_file=stdin_file,
            stdout_file=stdout_file,
            limits=limits,
        )
        if output.exit_status != 0:
            raise Damaged(f"git {arguments[0]}: {_said(output)}")
        return output

    def _ended(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin_file: Path | None = None,
        stdout_file: Path | None = None,
        limits: Limits = _LIMITS,
    ) -> ToolOutput:
        """Run git to its end, however that is. Raises `GradeError` when we had to stop it."""
        try:
            output = run(
                ["git", f"--git-dir={self.directory}", *arguments],
                cwd=self.home,
                home=self.home,
                limits=limits,
                environment={**hardened(self.home), **(environment or {})},
                stdin_file=stdin_file,
                stdout_file=stdout_file,
            )
        except CannotMeasure as error:
            raise without_git(error.reason) from error
        if output.killed_by:
            raise GradeError(
                f"git {arguments[0]} was stopped: {exceeded(output, limits)}.",
                hint="The repository is too large to grade, or damaged.",
                exit_code=ExitCode.ENVIRONMENT,
            )
        return output


def _path(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _read_object(object_id: str, stream: BinaryIO) -> StoredObject:
    # id SP kind SP size LF content LF
    fields = stream.readline().decode("ascii", "replace").split()
    if fields[:1] != [object_id] or len(fields) != 3:
        said = "missing" if fields[1:] == ["missing"] else "not given by git"
        raise Damaged(f"{object_id} is {said}")
    kind, size = fields[1], int(fields[2])
    content = stream.read(size)
    if stream.read(1) != b"\n" or hash_of(kind, content, object_id) != object_id:
        raise Damaged(f"the content of {object_id} is not what its name says")
    return StoredObject(object_id, kind, content)


def hash_of(kind: str, content: bytes, like: str) -> str:
    """Git's own name for an object, by the hash that the id `like` is of."""
    made = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    digest = made(f"{kind} {len(content)}\0".encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def read_tree(stored: StoredObject) -> Iterator[TreeEntry]:
    """What a folder holds, entry by entry. Raises `Damaged` where it is none."""
    if stored.kind != "tree":
        raise Damaged(f"{stored.object_id} is a {stored.kind}, not a folder")
    # mode SP name NUL and the id in as many bytes as the hash has
    width = len(stored.object_id) // 2
    content, at = stored.content, 0
    while at < len(content):
        space = content.find(b" ", at)
        end = content.find(b"\0", space)
        digits = content[at:space]
        object_id = content[end + 1 : end + 1 + width]
        if space < 0 or end < 0 or len(object_id) < width or not digits.isdigit():
            raise Damaged(f"the folder {stored.object_id} can't be read")
        # A name that is too long is only shown, and need not be shown whole.
        name = _path(content[space + 1 : min(end, space + 2 + NAME_BYTES)])
        # A slash in a name is not one between folders; doubled it is refused later.
        yield TreeEntry(_mode(digits), object_id.hex(), name.replace("/", "//"))
        at = end + 1 + width


def _mode(digits: bytes) -> str:
    """Git's own reading of a mode: what is no file, link or folder is a submodule."""
    mode = int(digits[:12], 8) if not set(digits) & set(b"89") else 0
    match mode & 0o170000:
        case 0o100000:
            return "100755" if mode & 0o100 else "100644"
        case 0o120000:
            return "120000"
        case 0o040000:
            return "040000"
        case _:
            return "160000"


def too_many_paths(what: str = "commit") -> GradeError:
    """What there is to say of a commit, or a folder, with more than `MAX_PATHS`."""
    return GradeError(
        f"the {what} has more than {MAX_PATHS:,} files and folders, too many to grade.",
        hint="Take data, environments and build output out of the repository.",
    )


def run_git(argv: Sequence[str], home: Path) -> ToolOutput:
    """Run a git command line on no repository. Raises `GradeError` without git."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        return run(
            argv,
            cwd=home,
            home=home,
            limits=_LISTING_LIMITS,
            environment=hardened(home),
        )
    except CannotMeasure as error:
        raise without_git(error.reason) from error


def exceeded(output: ToolOutput, limits: Limits) -> str:
    """Which of its limits a git that was stopped had come to, as a sentence's end."""
    match output.killed_by:
        case "time":
            return f"it did not finish within {limits.seconds:g} s"
        case "output":
            return f"it said more than {limits.output_bytes // MEBIBYTE} MiB"
        case "disk":
            return f"it took more than {limits.disk_bytes // MEBIBYTE} MiB of disk"
        case "memory":
            return f"it took more than {limits.memory_bytes // MEBIBYTE} MiB of memory"
        case _:
            return f"it started more than {limits.processes} processes"


def hardened(
    home: Path,
    *,
    protocols: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment that git is run in, with the `protocols` that it may speak.

    `settings` of a configuration are added to ours.
    """
    pairs = _SETTINGS | dict(settings or {})
    return {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        # A `.git` that somebody put above our folder is none of ours.
        "GIT_CEILING_DIRECTORIES": str(home.parent),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_SSH_COMMAND": _SSH,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        # The most that git may ask of the memory at once: a small object can unpack to
        # gigabytes.
        "GIT_ALLOC_LIMIT": "512m",
        "GIT_PAGER": "cat",
        "GIT_CONFIG_COUNT": str(len(pairs)),
        **{f"GIT_CONFIG_KEY_{at}": key for at, key in enumerate(pairs)},
        **{f"GIT_CONFIG_VALUE_{at}": value for at, value in enumerate(pairs.values())},
    }


def without_git(reason: str) -> GradeError:
    """What there is to say where git can't be run at all."""
    return GradeError(
        f"git can't be run: {reason}",
        hint="Install git: https://git-scm.com/downloads",
        exit_code=ExitCode.ENVIRONMENT,
    )


def _said(output: ToolOutput) -> str:
    lines = [line.strip() for line in output.stderr.splitlines() if line.strip()]
    said = " ".join(lines[-3:])[:500]
    return said or f"exit status {output.exit_status}, nothing said"
