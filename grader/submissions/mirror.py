"""Remote repositories, each kept as a bare one in a cache folder and brought up to date.

    <folder>/<key of the address>.git/             every branch and tag, as fetched
    <folder>/<key of the address>.git/record.json  what the last finished update found
    <folder>/<key of the address>.git.lock         held during an update

Only what the record names is believed. It is written last, and objects are never taken away
while a mirror is in use, so an update that was killed half way has changed nothing: the next
one tidies up behind it. What is graded comes out of a private repository that shares the
files of the objects (hard links, or copies on another disk), so that an update, or even the
removal of the mirror, does not touch it.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from grader.environment.uv import write_whole
from grader.errors import ExitCode, GradeError
from grader.model.measurement import Stored
from grader.sandbox.disk import entries_below
from grader.sandbox.limits import Limits
from grader.submissions.credentials import Credentials
from grader.submissions.git import Damaged, Git
from grader.submissions.local import link_objects, write_bare
from grader.submissions.remote import (
    FETCH_LIMITS,
    HEAD,
    Advertised,
    Remote,
    Transport,
    host_of,
)
from grader.submissions.trouble import Cause, CloneTrouble

MAX_AGE_DAYS = 60.0

_LAYOUT = 1
# What may be the mirror's own fault, and not so with a new one.
_MAY_BE_OURS: frozenset[Cause] = frozenset({"damaged", "too-large", "other"})


class _Record(Stored):
    """What a finished update found: HEAD, and branches and tags with their hashes."""

    layout: int
    address: str
    head: str
    references: dict[str, str]


@dataclass(frozen=True)
class Mirrors:
    """Has remote repositories; keeps them in `folder`, or nowhere when that is None.

    `is_offline` takes what is kept and asks nobody. `tell` is given a sentence before each
    wait, `sleep` waits so many seconds.
    """

    folder: Path | None = None
    credentials: Credentials = field(default_factory=Credentials)
    is_offline: bool = False
    tell: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    transport: Transport = Transport()
    limits: Limits = FETCH_LIMITS

    def take(self, url: str, directory: Path, home: Path) -> Git:
        """A private bare repository of a checked address, made at `directory`.

        Nothing changes in it any more. Raises `CloneTrouble`.
        """
        remote = Remote(
            url=url,
            home=home,
            credentials=self.credentials,
            tell=self.tell,
            sleep=self.sleep,
            transport=self.transport,
        )
        if self.folder is None:
            if self.is_offline:
                raise _not_kept(url)
            mirror = directory.with_name(f"fetched-{directory.name}")
            return self._lent(mirror, remote, directory)
        mirror = self._place(url, self.folder)
        with _locked(mirror):
            git = self._lent(mirror, remote, directory)
        _tidy(self.folder)
        return git

    def forget(self, url: str) -> bool:
        """Remove what is kept of an address, to be had anew; whether that is of use."""
        if self.folder is None or self.is_offline:
            return False
        mirror = self._place(url, self.folder)
        with _locked(mirror):
            shutil.rmtree(mirror, ignore_errors=True)
        return True

    def _place(self, url: str, folder: Path) -> Path:
        key = hashlib.sha256(normalised(url).encode()).hexdigest()
        return folder / f"{key}.git"

    def _lent(self, mirror: Path, remote: Remote, directory: Path) -> Git:
        if self.is_offline:
            record = _read(mirror, remote.url)
            if record is None:
                raise _not_kept(remote.url)
            return _lend(mirror, record, directory, remote.home)
        record = remote.retried(lambda: self._updated(mirror, remote))
        try:
            return _lend(mirror, record, directory, remote.home)
        except Damaged:
            shutil.rmtree(mirror, ignore_errors=True)
            shutil.rmtree(directory, ignore_errors=True)
            record = remote.retried(lambda: self._updated(mirror, remote))
            return _lend(mirror, record, directory, remote.home)

    def _updated(self, mirror: Path, remote: Remote) -> _Record:
        """Bring a mirror up to date, or make it, and write down what it has now."""
        there = remote.look()
        record = _read(mirror, remote.url)
        if record is not None:
            is_same = (record.head, record.references) == (there.head, there.references)
            if is_same:
                os.utime(mirror / "record.json")
                return record
            _clear_up(mirror)
            try:
                return self._fetched(mirror, remote, there)
            except (CloneTrouble, Damaged) as error:
                if isinstance(error, CloneTrouble) and error.cause not in _MAY_BE_OURS:
                    raise
        # Beside the old one, which is better than none if this fails.
        fresh = mirror.with_name(f"{mirror.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            is_sha256 = any(len(one) == 64 for one in there.references.values())
            fresh.mkdir(parents=True, mode=0o700)
            write_bare(fresh, "", {}, "sha256" if is_sha256 else None)
            (fresh / "objects" / "pack").mkdir(parents=True)
            record = self._fetched(fresh, remote, there)
            shutil.rmtree(mirror, ignore_errors=True)
            fresh.rename(mirror)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return record

    def _fetched(self, mirror: Path, remote: Remote, there: Advertised) -> _Record:
        has_any = bool(there.references or there.head)
        if has_any:
            remote.fetch(there, mirror, self._room(mirror))
        # Not what was advertised: somebody may have pushed in between.
        found = Git(mirror, remote.home).references() if has_any else {}
        head = there.head
        if head and not head.startswith("ref: "):
            head = found.get(HEAD, "")
        record = _Record(
            layout=_LAYOUT,
            address=normalised(remote.url),
            head=head,
            references={
                name: object_id
                for name, object_id in found.items()
                if name.startswith(("refs/heads/", "refs/tags/"))
            },
        )
        write_whole(mirror / "record.json", record.model_dump_json())
        return record

    def _room(self, mirror: Path) -> Limits:
        """The limits of a fetch: what is kept already counts."""
        kept = sum(status.st_size for _, status in entries_below([mirror]))
        room = max(1, self.limits.disk_bytes - kept)
        return replace(self.limits, disk_bytes=room)


def normalised(url: str) -> str:
    """One spelling of an address that is written in several: host, last slash, `.git`."""
    scheme, separator, rest = url.partition("://")
    if separator:
        authority, slash, path = rest.partition("/")
        url = f"{scheme}://{authority.lower()}{slash}{path}"
    return url.rstrip("/").removesuffix(".git").rstrip("/")


def _lend(mirror: Path, record: _Record, directory: Path, home: Path) -> Git:
    """A private repository of what the record names. Raises `Damaged` where that lacks."""
    directory.mkdir(parents=True)
    names = record.references
    is_sha256 = any(len(one) == 64 for one in (record.head, *names.values()))
    write_bare(directory, record.head, names, "sha256" if is_sha256 else None)
    link_objects(mirror / "objects", directory / "objects", _share)
    git = Git(directory, home)
    head = names.get(record.head.removeprefix("ref: "), "")
    if head and git.commit("HEAD") is None:
        raise Damaged(f"{head} can't be read in its copy in the cache")
    there = git.kinds(sorted(set(names.values())))
    if lacking := sorted(set(names.values()).difference(there)):
        raise Damaged(f"{lacking[0]} is lacking in its copy in the cache")
    return git


def _share(file: Path, name: Path) -> None:
    """Another name for a file that stays when the first is removed, or a copy."""
    try:
        os.link(file, name)
    except OSError:  # another disk, or a system without such links
        shutil.copyfile(file, name)


def _read(mirror: Path, url: str) -> _Record | None:
    """What the last finished update found; None where there was none."""
    try:
        raw = (mirror / "record.json").read_bytes()
        record = _Record.model_validate_json(raw)
    except (OSError, ValidationError):
        return None
    is_its = (record.layout, record.address) == (_LAYOUT, normalised(url))
    return record if is_its else None


def _clear_up(mirror: Path) -> None:
    """Remove what an update left that was killed; we hold the lock, so none is running."""
    for file in _left_behind(mirror):
        file.unlink(missing_ok=True)


def _left_behind(mirror: Path) -> Iterator[Path]:
    yield from mirror.glob("*.lock")
    yield from (mirror / "refs").rglob("*.lock")
    yield from mirror.glob("record.json.*.tmp")
    yield from (mirror / "objects" / "pack").glob("tmp_*")


@contextmanager
def _locked(mirror: Path) -> Iterator[None]:
    """Hold the lock of a mirror. Raises `GradeError` where nothing can be kept."""
    # Imported late, as below: a folder, which most sources are, needs no lock.
    from filelock import FileLock

    lock = FileLock(f"{mirror}.lock")
    try:
        # Private repositories are kept here too.
        mirror.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except OSError as error:
        raise GradeError(
            f"the cache folder {mirror.parent} can't be used: {error.strerror or error}.",
            hint="XDG_CACHE_HOME names another place for it.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _tidy(folder: Path) -> None:
    """Remove what has not been asked for in a long time."""
    from filelock import FileLock, Timeout

    oldest = time.time() - MAX_AGE_DAYS * 86_400
    for mirror in folder.glob("*.git"):
        try:
            if (mirror / "record.json").stat().st_mtime > oldest:
                continue
            with FileLock(f"{mirror}.lock", timeout=0):
                shutil.rmtree(mirror, ignore_errors=True)
        except (OSError, Timeout):
            continue


def _not_kept(url: str) -> CloneTrouble:
    return CloneTrouble(
        url,
        "not-in-cache",
        f"{host_of(url)} is not asked offline, and there is no copy in the cache",
        "Run once without --offline, or clone it yourself and give the folder.",
    )
