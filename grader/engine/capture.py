"""A path or a URL into a `Snapshot`: a private copy of the files that are graded.

A folder is graded as it stands, with its uncommitted changes, or as it is staged; a URL, a
bare repository, or a folder with `--ref` or a deadline at a commit. Git never runs in the
user's folder, and never checks out: what git knows is asked of a bare repository of ours,
files are copied or written one by one.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from grader.cache.place import user_cache
from grader.errors import ExitCode, GradeError
from grader.model.history import Commit, History
from grader.model.snapshot import LeftOut, Snapshot
from grader.submissions.address import check_url, looks_like_url
from grader.submissions.choice import ODD_FILE, well_named
from grader.submissions.credentials import credentials_in
from grader.submissions.deadline import Cut, NothingInTime, cut, merged_later, pinned
from grader.submissions.folder import walk
from grader.submissions.git import (
    MAX_PATHS,
    Damaged,
    Git,
    TreeEntry,
    too_many_paths,
)
from grader.submissions.local import GitFolder, Local, adopt, git_folder, is_bare
from grader.submissions.mirror import Mirrors
from grader.submissions.names import printable, why_not
from grader.submissions.past import GitPast
from grader.submissions.web import Origin, origin_of, web_page
from grader.submissions.writing import Copy, is_unchanged

_STRAY = "Its .git leads to a repository that does not lead back here"


@dataclass(frozen=True)
class Capture:
    """The snapshot, the source as the user gave it, and what is worth telling about it.

    `later` are the commits of the branch that came after the graded one, newest first, where
    a deadline or a person chose it. `web` is the repository's page at a known host, `origin`
    where it is kept, whether the graded state is there or not.
    """

    snapshot: Snapshot
    source: str
    notes: tuple[str, ...] = ()
    later: tuple[Commit, ...] = ()
    web: str | None = None
    origin: Origin | None = None


def capture(
    source: str,
    work: Path,
    *,
    ref: str | None = None,
    commit: str | None = None,
    deadline: datetime | None = None,
    now: datetime | None = None,
    is_cached: bool = False,
    is_offline: bool = False,
    staged: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
    mirrors: Mirrors | None = None,
) -> Capture:
    """Copy what is to be graded below `work`. Raises `GradeError` when that can't be had.

    `work` is a private empty folder that outlives the snapshot. `ref` is a branch, tag or
    commit; `commit` a hash that is graded whatever its time. With a `deadline` (inclusive,
    with a time zone) it is the last commit of the branch that claims to be in time, held
    against the clock `now`. An address is fetched into the user's cache if it `is_cached`,
    and not at all when `is_offline`; `mirrors` takes the place of both. `staged` grades what
    is staged for the next commit instead of the files as they stand: it names the index in
    the folder's `.git`.
    """
    rule = _Rule(ref, commit, deadline, now or datetime.now(UTC), staged)
    mirrors = mirrors or Mirrors(
        folder=_cache() if is_cached else None,
        credentials=credentials_in(os.environ),
        is_offline=is_offline,
        tell=tell,
    )
    try:
        return _dated(_capture(source, work, rule, mirrors), rule)
    except GradeError as error:
        # An address that was refused may hold a secret: its message says what can be said.
        if looks_like_url(source) or source in error.message:
            raise
        named = f"{printable(source)}: {error.message}"
        raise GradeError(named, hint=error.hint, exit_code=error.exit_code) from error
    except OSError as error:
        raise GradeError(
            f'"{source}" could not be copied: {error.strerror or error}.',
            hint=f"The copy is made below {work.parent}.",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error


def _dated(captured: Capture, rule: "_Rule") -> Capture:
    """The same, its history with the moments that its times are held against."""
    if captured.snapshot.history is None:
        return captured
    history = replace(
        captured.snapshot.history, read_at=rule.now, deadline=rule.deadline
    )
    return replace(captured, snapshot=replace(captured.snapshot, history=history))


def _cache() -> Path:
    return user_cache() / "repositories"


@dataclass(frozen=True)
class _Rule:
    """Which state of a repository is graded; None in all of them: as it stands."""

    ref: str | None
    commit: str | None
    deadline: datetime | None
    now: datetime
    staged: str | None = None

    @property
    def names_a_commit(self) -> bool:
        """Whether a commit is graded and not a folder's files."""
        return any(one is not None for one in (self.ref, self.commit, self.deadline))


@dataclass(frozen=True)
class _Task:
    """What the user named, what it is called in reports, our folder for it, its address."""

    source: str
    name: str
    work: Path
    address: str = ""

    def copy(self) -> Copy:
        # isort takes the top folder's name for a module of the project: one with a hyphen
        # can't be imported, so it never is.
        return Copy(self.place)

    @property
    def place(self) -> Path:
        """Where the copy is made."""
        return self.work / "graded-copy"


def _capture(source: str, work: Path, rule: _Rule, mirrors: Mirrors) -> Capture:
    repository, home = work / "repository.git", work / "git"
    if looks_like_url(source):
        url = check_url(source)
        name = url.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        task = _Task(source, name.removesuffix(".git"), work, url)
        try:
            return _at_commit(mirrors.take(url, repository, home), rule, task)
        except Damaged:
            # In the cache, perhaps, and not where it came from.
            if not mirrors.forget(url):
                raise
        shutil.rmtree(repository, ignore_errors=True)
        shutil.rmtree(task.place, ignore_errors=True)
        return _at_commit(mirrors.take(url, repository, home), rule, task)
    folder = _existing_folder(source)
    task = _Task(source, folder.name or "repository", work)
    if is_bare(folder):
        task = replace(task, name=task.name.removesuffix(".git"))
        local = adopt(GitFolder(folder, folder), repository, home)
        task = replace(task, address=local.origin)
        return _at_commit(local.git, rule, task, local)
    has_git = os.path.lexists(folder / ".git")
    found = git_folder(folder, home) if has_git else None
    if found is None:
        if rule.staged is not None:
            raise GradeError(
                f'"{source}" is not a git repository, so nothing is staged there.',
                hint=_STRAY if has_git else "Leave --staged out to grade the folder.",
            )
        if asked := rule.commit or rule.ref:
            raise GradeError(
                f'"{source}" is not a git repository, so it has no "{asked}".',
                hint=_STRAY if has_git else "Leave --ref out to grade the folder.",
            )
        captured = _plain_folder(folder, task, has_stray_git=has_git)
        if rule.deadline is None:
            return captured
        note = "Graded as it stands: without git nothing says what was there at the deadline."
        return replace(captured, notes=(*captured.notes, note))
    local = adopt(found, repository, home, index=rule.staged or "index")
    task = replace(task, address=local.origin)
    if rule.staged is not None:
        return _staged(local, task)
    if rule.names_a_commit:
        return _with_page(_at_commit(local.git, rule, task, local), local.git)
    return _with_page(_working_tree(folder, local, task), local.git)


def _with_page(captured: Capture, git: Git) -> Capture:
    """The same without its page where that has not got the commit yet."""
    commit = captured.snapshot.commit
    if captured.web and commit and git.is_published(commit):
        return captured
    return replace(captured, web=None)


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


def _at_commit(
    git: Git, rule: _Rule, task: _Task, local: Local | None = None
) -> Capture:
    ref = rule.ref
    tip = git.commit(ref or "HEAD") or (git.commit(f"origin/{ref}") if ref else None)
    if tip is None:
        if local is not None and (
            local.is_partial or not ref and local.head is not None
        ):
            raise Damaged(_why_unreadable(local))
        return _without_commit(git, ref, task)
    made = _cut(git, tip, rule, task)
    commit = made.commit
    if commit is None:
        raise NothingInTime(
            f"{task.source}: {' '.join(made.notes)}",
            hint="Give the group an extension, or name the commit that counts.",
        )
    captured = _from_objects(task, git, git.tree(commit), made.notes, commit=commit)
    return replace(captured, later=made.later)


def _from_objects(
    task: _Task,
    git: Git,
    entries: Iterable[TreeEntry],
    notes: Sequence[str],
    *,
    commit: str | None,
    uncommitted: bool = False,
) -> Capture:
    """What git itself keeps of these files, with the history that leads to `commit`."""
    chosen = well_named(entries)
    copy = task.copy()
    copy.take_objects(chosen.taken, git)
    copy.finish()
    history, more = _history(git, commit) if commit is not None else (None, [])
    return _captured(
        task,
        copy,
        chosen.left_out,
        (*notes, *more),
        commit=commit,
        uncommitted=uncommitted,
        history=history,
        git=git,
    )


def _cut(git: Git, tip: str, rule: _Rule, task: _Task) -> Cut:
    """Which commit is graded of a branch with this tip."""
    if rule.commit is None and rule.deadline is None:
        return Cut(tip, None, (), ())
    # Imported late as in `_history`.
    from grader.submissions.history import read_beyond, read_first_parents

    chain = read_first_parents(git, tip)
    if rule.commit is not None:
        return pinned(_pin(git, rule.commit, task), chain.commits, rule.deadline)
    assert rule.deadline is not None
    made = cut(chain.commits, rule.deadline, rule.now, is_truncated=chain.is_truncated)
    if made.commit is None:
        return made
    own = {one.hash for one in chain.commits}
    beyond = read_beyond(git, made.commit, tip).commits
    beside = [one for one in beyond if one.hash not in own]
    return replace(made, notes=made.notes + merged_later(beside, rule.deadline))


def _pin(git: Git, asked: str, task: _Task) -> str:
    """The whole hash of a commit that was asked for. Raises `GradeError` without one."""
    wanted = asked.lower()
    if not re.fullmatch("[0-9a-f]{7,64}", wanted):
        raise GradeError(
            f'{task.source}: "{printable(asked)}" is not the hash of a commit.',
            hint="Give at least its first seven digits, as git log --oneline shows them.",
        )
    found = git.commit(wanted)
    # A branch can have a name like a hash.
    if found is None or not found.startswith(wanted):
        raise GradeError(
            f"{task.source} has no commit {wanted}.",
            hint="It may have been pushed away since, or its first digits fit several.",
        )
    return found


def _without_commit(git: Git, ref: str | None, task: _Task) -> Capture:
    known = ", ".join(git.branches())
    if ref is None and not known:
        return _captured(task, task.copy(), (), ["The repository has no commits."])
    asked = f'branch, tag or commit "{ref}"' if ref else "commit where its HEAD points"
    raise GradeError(
        f'"{task.source}" has no {asked}.',
        hint=f"Choose with --ref; it has: {known}." if known else "It has none at all.",
    )


def _working_tree(folder: Path, local: Local, task: _Task) -> Capture:
    git = local.git
    notes = []
    commit = git.commit("HEAD")
    if commit is None and local.head is None:
        notes.append(_no_commits(local))
    elif commit is None:
        notes.append(f"Graded without its commit: {_why_unreadable(local)}.")
    tracked = git.index(local.index) if local.index else ()
    standing = [
        (entry, found)
        for entry in tracked
        if (found := _as_it_stands(entry, folder)) is not None
    ]
    chosen = well_named(found for _, found in standing)
    copy = task.copy()
    copy.take_files(chosen.taken, folder)
    # Before there are links in the copy: what is read here is the file itself.
    is_changed = len(standing) < len(tracked) or any(
        _is_changed(entry, found, copy) for entry, found in standing
    )
    copy.finish()
    history = None
    if commit is not None:
        history, more = _history(git, commit)
        notes += more
        try:
            is_changed = is_changed or set(git.tree(commit)) != set(tracked)
        except Damaged as error:
            notes.append(f"Staged changes could not be looked for: {error.message}")
    notes += _untracked_note(folder, {entry.path for entry in tracked})
    return _captured(
        task,
        copy,
        chosen.left_out,
        notes,
        commit=commit,
        uncommitted=commit is not None and is_changed,
        history=history,
        git=git,
    )


def _staged(local: Local, task: _Task) -> Capture:
    """What the next commit would have: the index, whatever the files are by now.

    Raises `Damaged` for a HEAD that can't be read: without a commit the next one would be
    taken for the first of all, which can't be worse than anything.
    """
    git = local.git
    commit = git.commit("HEAD")
    if commit is None and local.head is not None:
        raise Damaged(_why_unreadable(local))
    tracked = git.index(local.index) if local.index else ()
    return _from_objects(
        task,
        git,
        tracked,
        ["Graded as staged for the next commit."],
        commit=commit,
        uncommitted=commit is not None and set(git.tree(commit)) != set(tracked),
    )


def _no_commits(local: Local) -> str:
    known = local.git.branches()
    if not known:
        return "The repository has no commits yet."
    named = printable(local.head_name or "nothing")
    return f"HEAD names {named}, which has no commits; graded as the folder stands."


def _why_unreadable(local: Local) -> str:
    if local.is_partial:
        return (
            "some of its objects are kept in another repository "
            "(objects/info/alternates), which is not read"
        )
    return f"{printable(local.head or 'what HEAD names')} can't be read"


def _as_it_stands(entry: TreeEntry, folder: Path) -> TreeEntry | None:
    """A tracked file as it is on disk now; None when it isn't there."""
    if entry.mode == "160000" or why_not(entry.path):
        return entry
    path = folder / entry.path
    # A tracked folder may since have been replaced by a link to anywhere.
    if not Path(os.path.realpath(path.parent)).is_relative_to(folder):
        return None
    try:
        status = path.lstat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return None
    return replace(entry, mode=_mode(status))


def _mode(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "120000"
    return "100644" if stat.S_ISREG(status.st_mode) else ODD_FILE


def _is_changed(entry: TreeEntry, found: TreeEntry, copy: Copy) -> bool:
    if entry.is_link != found.is_link or found.mode == ODD_FILE:
        return True
    file = copy.root / entry.path
    if not entry.is_regular or not file.is_file():
        return False
    return not is_unchanged(file.read_bytes(), entry.object_id)


def _plain_folder(folder: Path, task: _Task, *, has_stray_git: bool) -> Capture:
    entries = []
    for path in islice(walk(folder), MAX_PATHS + 1):
        relative = path.relative_to(folder).as_posix()
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            entries.append(TreeEntry("040000", "", f"{relative}/"))
        else:
            entries.append(TreeEntry(_mode(status), "", relative))
    if len(entries) > MAX_PATHS:
        raise too_many_paths("folder")
    chosen = well_named(entries)
    copy = task.copy()
    copy.take_files(chosen.taken, folder)
    copy.finish()
    why = _STRAY if has_stray_git else "Not a git repository"
    note = f"{why}: graded as a folder, without what .gitignore names."
    return _captured(task, copy, chosen.left_out, [note])


def _history(git: Git, commit: str) -> tuple[History | None, list[str]]:
    # GitPython asks for git's version when it is imported: by now there is a git.
    from grader.submissions.history import read_history

    try:
        history = read_history(git, commit)
    except Damaged as error:
        return None, [f"The history was not read: {error.message}"]
    if history is None:
        return None, ["The history was not read: its hashes are SHA-256."]
    return history, []


def _captured(
    task: _Task,
    copy: Copy,
    left_out: Sequence[LeftOut],
    notes: Sequence[str],
    *,
    commit: str | None = None,
    uncommitted: bool = False,
    history: History | None = None,
    git: Git | None = None,
) -> Capture:
    everything = (*left_out, *copy.left_out)
    snapshot = Snapshot(
        root=copy.root,
        name=task.name,
        files=tuple(sorted(copy.files)),
        commit=commit,
        uncommitted=uncommitted,
        left_out=tuple(sorted(everything, key=lambda one: one.path)),
        history=history,
        past=GitPast(git.directory, commit) if git and commit else None,
    )
    told = (*notes, *_pointers_note(copy))
    return Capture(
        snapshot,
        task.source,
        told,
        web=web_page(task.address),
        origin=origin_of(task.address),
    )


def _pointers_note(copy: Copy) -> list[str]:
    if not copy.pointers:
        return []
    return [
        f"{len(copy.pointers)} file(s) are Git LFS pointers, the content itself is not in "
        f"the repository: {_named(copy.pointers)}."
    ]


def _untracked_note(folder: Path, tracked: set[str]) -> list[str]:
    untracked = [
        relative
        for path in islice(walk(folder), MAX_PATHS)
        if path.suffix == ".py"
        and (relative := path.relative_to(folder).as_posix()) not in tracked
    ]
    if not untracked:
        return []
    return [
        f"{len(untracked)} Python file(s) are not tracked by git and were not graded: "
        f"{_named(untracked)}. Add them with git add."
    ]


def _named(paths: Sequence[str]) -> str:
    beyond = " …" if len(paths) > 5 else ""
    return printable(", ".join(sorted(paths)[:5])) + beyond
