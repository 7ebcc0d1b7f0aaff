"""Mirrors in the cache: brought up to date by a real git, killed, damaged, taken away."""

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grader.engine.capture import capture
from grader.errors import GradeError
from grader.submissions.credentials import credentials_in
from grader.submissions.git import Git
from grader.submissions.mirror import MAX_AGE_DAYS, Mirrors, normalised
from grader.submissions.remote import FETCH_LIMITS, Transport
from grader.submissions.trouble import CloneTrouble
from tests.hostile.git_repositories import run_git, worktree
from tests.submissions.conftest import TOKEN
from tests.submissions.https_server import Server


class Group:
    """A group's repository on a server's disk, and our mirrors of it."""

    def __init__(self, folder: Path) -> None:
        self.tree = worktree(folder, {"rent.py": b"rent = 1\n"}, "group")
        self.remote = folder / "group.git"
        run_git(self.tree, "clone", "-q", "--bare", ".", str(self.remote))
        run_git(self.tree, "remote", "add", "origin", str(self.remote))
        self.url = self.remote.as_uri()
        self.cache = folder / "cache"
        self.slept: list[float] = []
        self.mirrors = Mirrors(
            folder=self.cache,
            sleep=self.slept.append,
            transport=Transport(("file",)),
        )
        self._folder = folder
        self._taken = 0

    def commit(self, message: str = "More", **files: bytes) -> str:
        for name, content in files.items():
            (self.tree / f"{name}.py").write_bytes(content)
        run_git(self.tree, "add", "-A")
        run_git(self.tree, "commit", "-q", "--allow-empty", "-m", message)
        return run_git(self.tree, "rev-parse", "HEAD")

    def push(self, *arguments: str) -> None:
        run_git(self.tree, "push", "-q", *(arguments or ("origin", "HEAD")))

    def take(self, mirrors: Mirrors | None = None, url: str = "") -> Git:
        self._taken += 1
        work = self._folder / f"work-{self._taken}"
        work.mkdir()
        mirrors = mirrors or self.mirrors
        return mirrors.take(url or self.url, work / "repository.git", work / "git")

    @property
    def offline(self) -> Mirrors:
        return replace(self.mirrors, is_offline=True)

    @property
    def mirror(self) -> Path:
        (found,) = self.cache.glob("*.git")
        return found

    def packs(self) -> set[str]:
        return {one.name for one in (self.mirror / "objects" / "pack").glob("*.pack")}


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path)


def content(git: Git, path: str = "rent.py", ref: str = "HEAD") -> bytes:
    commit = git.commit(ref)
    assert commit is not None
    (entry,) = [one for one in git.tree(commit) if one.path == path]
    (blob,) = git.objects([entry.object_id])
    return blob.content


def test_an_update_brings_what_is_new_and_keeps_what_it_has(group: Group) -> None:
    assert content(group.take()) == b"rent = 1\n"
    before = group.packs()
    commit = group.commit(rent=b"rent = 2\n")
    group.push()
    git = group.take()
    assert git.commit("HEAD") == commit
    assert content(git) == b"rent = 2\n"
    assert before < group.packs()


def test_nothing_is_fetched_when_nothing_is_new(
    group: Group, server: Server, transport: Transport
) -> None:
    shutil.copytree(group.remote, server.folder / "group.git")
    mirrors = replace(group.mirrors, transport=transport)
    group.take(mirrors, server.url("repo/group.git"))
    first, server.requests = server.requests, []
    git = group.take(mirrors, server.url("repo/group.git"))
    assert content(git) == b"rent = 1\n"
    assert len(server.requests) < len(first)


def test_a_branch_that_was_pushed_by_force_is_what_it_is_now(group: Group) -> None:
    gone = group.commit(rent=b"rent = 2\n")
    group.push()
    group.take()
    run_git(group.tree, "reset", "-q", "--hard", "HEAD~1")
    commit = group.commit(rent=b"rent = 3\n")
    group.push("--force", "origin", "HEAD")
    git = group.take()
    assert git.commit("HEAD") == commit
    assert gone not in git.ancestry(commit, 10)


def test_a_branch_that_was_deleted_is_gone(group: Group) -> None:
    group.push("origin", "HEAD:refs/heads/extra", "HEAD:refs/tags/v1")
    assert set(group.take().branches()) >= {"extra", "v1"}
    group.push("--delete", "origin", "extra", "v1")
    assert not {"extra", "v1"} & set(group.take().branches())


def test_a_branch_may_become_a_folder_of_branches(group: Group) -> None:
    group.push("origin", "HEAD:refs/heads/dev")
    group.take()
    group.push("--delete", "origin", "dev")
    group.push("origin", "HEAD:refs/heads/dev/ada")
    assert "dev/ada" in group.take().branches()


def test_the_default_branch_is_asked_for_each_time(group: Group) -> None:
    group.take()
    run_git(group.tree, "checkout", "-q", "-b", "final")
    commit = group.commit(rent=b"rent = 4\n")
    group.push()
    run_git(group.remote, "symbolic-ref", "HEAD", "refs/heads/final")
    assert group.take().commit("HEAD") == commit


def test_a_head_that_is_no_branch_is_followed_too(group: Group) -> None:
    first = run_git(group.tree, "rev-parse", "HEAD")
    group.commit()
    group.push()
    run_git(group.remote, "update-ref", "--no-deref", "HEAD", first)
    for _ in range(2):
        assert group.take().commit("HEAD") == first


def test_a_repository_may_become_empty_and_full_again(group: Group) -> None:
    branch = run_git(group.tree, "branch", "--show-current")
    group.take()
    run_git(group.remote, "update-ref", "-d", f"refs/heads/{branch}")
    assert group.take().commit("HEAD") is None
    group.push("origin", f"HEAD:refs/heads/{branch}")
    assert content(group.take()) == b"rent = 1\n"


def test_02_a_head_that_names_nothing_is_not_an_empty_repository(group: Group) -> None:
    run_git(group.remote, "symbolic-ref", "HEAD", "refs/heads/gone")
    git = group.take()
    assert git.commit("HEAD") is None
    assert git.branches()


def test_sha256_names_are_fetched_too(group: Group, tmp_path: Path) -> None:
    other = tmp_path / "sha256"
    run_git(tmp_path, "init", "-q", "--object-format=sha256", str(other))
    (other / "a.py").write_bytes(b"a\n")
    run_git(other, "add", "-A")
    run_git(other, "commit", "-q", "-m", "One")
    git = group.take(url=other.as_uri())
    assert content(git, "a.py") == b"a\n"


def _truncate_packs(mirror: Path) -> None:
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        pack.chmod(0o644)
        os.truncate(pack, 20)


def _remove_packs(mirror: Path) -> None:
    shutil.rmtree(mirror / "objects" / "pack")


def _garble_record(mirror: Path) -> None:
    (mirror / "record.json").write_bytes(b'{"layout": 1, "head":')


def _exchange_record(mirror: Path) -> None:
    record = mirror / "record.json"
    text = record.read_text("utf-8")
    record.write_text(text.replace("group", "another-group"), "utf-8")


def _remove_record(mirror: Path) -> None:
    (mirror / "record.json").unlink()


def _empty_config(mirror: Path) -> None:
    (mirror / "config").write_bytes(b"[core")


@pytest.mark.parametrize(
    "damage",
    [
        *(_truncate_packs, _remove_packs, _garble_record, _exchange_record),
        *(_remove_record, _empty_config),
    ],
)
@pytest.mark.parametrize("has_news", [False, True], ids=["unchanged", "news"])
def test_a_damaged_mirror_is_made_anew(
    damage: Callable[[Path], None], has_news: bool, group: Group
) -> None:
    group.take()
    damage(group.mirror)
    if has_news:
        group.commit(rent=b"rent = 2\n")
        group.push()
    git = group.take()
    assert content(git) == (b"rent = 2\n" if has_news else b"rent = 1\n")
    assert content(group.take(group.offline)) == content(git)
    assert group.slept == []


def test_a_bit_that_turned_in_the_cache_is_noticed_and_mended(
    server: Server, transport: Transport, tmp_path: Path
) -> None:
    tree = worktree(tmp_path, {"rent.py": random.Random(7).randbytes(20_000)})
    run_git(tree, "clone", "-q", "--bare", ".", str(server.folder / "group.git"))
    mirrors = Mirrors(folder=tmp_path / "cache", transport=transport)
    url = server.url("repo/group.git")
    for work in ("one", "two"):
        (tmp_path / work).mkdir()
    right = capture(url, tmp_path / "one", mirrors=mirrors).snapshot
    (pack,) = (tmp_path / "cache").glob("*.git/objects/pack/*.pack")
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 1
    pack.unlink()
    pack.write_bytes(raw)
    again = capture(url, tmp_path / "two", mirrors=mirrors).snapshot
    assert (again.root / "rent.py").read_bytes() == (
        right.root / "rent.py"
    ).read_bytes()


def test_what_a_killed_update_leaves_is_cleared_up(group: Group) -> None:
    group.take()
    before = group.packs()
    branch = run_git(group.tree, "branch", "--show-current")
    for name in ("packed-refs.lock", f"refs/heads/{branch}.lock", "HEAD.lock"):
        (group.mirror / name).parent.mkdir(parents=True, exist_ok=True)
        (group.mirror / name).touch()
    (group.mirror / "objects" / "pack" / "tmp_pack_x").write_bytes(b"PACK")
    commit = group.commit()
    group.push()
    assert group.take().commit("HEAD") == commit
    assert before < group.packs(), "it was made anew"
    assert not list(group.mirror.rglob("*.lock"))
    assert not list(group.mirror.rglob("tmp_*"))


def test_references_without_a_record_of_them_are_not_believed(group: Group) -> None:
    """An update that was killed between the two leaves it so."""
    first = group.take().commit("HEAD")
    record = (group.mirror / "record.json").read_bytes()
    group.commit(rent=b"rent = 2\n")
    group.push("origin", "HEAD", "HEAD:refs/heads/half")
    group.take()
    (group.mirror / "record.json").write_bytes(record)
    git = group.take(group.offline)
    assert git.commit("HEAD") == first
    assert "half" not in git.branches()


@pytest.mark.sandbox
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_an_update_that_is_killed_changes_nothing_and_leaves_nothing(
    group: Group, server: Server, certificate: Path
) -> None:
    noise = random.Random(3)
    shutil.copytree(group.remote, server.folder / "group.git")
    url = server.url("repo/group.git")
    online = replace(
        group.mirrors,
        transport=Transport(("https",), {"http.sslCAInfo": str(certificate)}),
    )
    first = group.take(online, url).commit("HEAD")
    last = group.commit(noise=noise.randbytes(300_000))
    group.push(str(server.folder / "group.git"), "HEAD")
    server.is_halting = True
    program = (
        "import sys; from pathlib import Path\n"
        "from grader.submissions.mirror import Mirrors\n"
        "from grader.submissions.remote import Transport\n"
        "url, cache, work, certificate = sys.argv[1:]\n"
        "transport = Transport(('https',), {'http.sslCAInfo': certificate})\n"
        "mirrors = Mirrors(folder=Path(cache), transport=transport)\n"
        "mirrors.take(url, Path(work, 'r.git'), Path(work, 'git'))\n"
    )
    work = group.cache.parent / "killed"
    work.mkdir()
    arguments = [url, str(group.cache), str(work), str(certificate)]
    with subprocess.Popen([sys.executable, "-c", program, *arguments]) as process:
        packs = group.mirror / "objects" / "pack"
        assert eventually(lambda: list(packs.glob("tmp_pack_*")))
        process.send_signal(signal.SIGKILL)
    mine = str(group.mirror).encode()
    assert eventually(lambda: not any(mine in one for one in command_lines()))
    offline = replace(online, is_offline=True)
    assert group.take(offline, url).commit("HEAD") == first
    server.is_halting = False
    git = group.take(online, url)
    assert git.commit("HEAD") == last
    assert len(content(git, "noise.py")) == 300_000
    assert not list(packs.glob("tmp_*"))


def eventually(holds: Callable[[], object]) -> bool:
    for _ in range(500):
        if holds():
            return True
        time.sleep(0.02)
    return False


def command_lines() -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def test_what_was_taken_outlives_updates_and_the_mirror_itself(group: Group) -> None:
    git = group.take()
    group.commit(rent=b"rent = 2\n")
    group.push()
    group.take()
    assert group.mirrors.forget(group.url)
    assert not list(group.cache.glob("*.git"))
    assert content(git) == b"rent = 1\n"


def test_on_another_disk_the_objects_are_copied(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    git = group.take()
    group.mirrors.forget(group.url)
    assert content(git) == b"rent = 1\n"


def test_several_take_the_same_at_once(group: Group) -> None:
    taken: list[bytes] = []

    def take(at: int) -> None:
        work = group.cache.parent / f"thread-{at}"
        git = group.mirrors.take(group.url, work / "repository.git", work / "git")
        taken.append(content(git))

    threads = [threading.Thread(target=take, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [b"rent = 1\n"] * 4
    assert len(group.packs()) == 1


def test_offline_nobody_is_asked(group: Group) -> None:
    with pytest.raises(CloneTrouble) as caught:
        group.take(group.offline)
    assert caught.value.cause == "not-in-cache"
    group.take()
    shutil.rmtree(group.remote)
    assert content(group.take(group.offline)) == b"rent = 1\n"
    with pytest.raises(CloneTrouble):
        group.take(replace(group.offline, folder=None))


def test_a_repository_that_is_gone_is_not_replaced_by_an_old_copy(group: Group) -> None:
    group.take()
    shutil.rmtree(group.remote)
    with pytest.raises(CloneTrouble):
        group.take()


def test_a_folder_that_can_not_be_used_is_named(group: Group) -> None:
    group.cache.write_text("a file")
    with pytest.raises(GradeError, match="cache folder .* can't be used") as caught:
        group.take()
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_without_a_folder_nothing_is_kept(group: Group) -> None:
    git = group.take(replace(group.mirrors, folder=None))
    assert content(git) == b"rent = 1\n"
    assert not group.cache.exists()


def test_too_much_is_not_fetched_in_a_first_nor_in_a_later_update(group: Group) -> None:
    little = replace(group.mirrors, limits=replace(FETCH_LIMITS, disk_bytes=1_000_000))
    assert content(group.take(little)) == b"rent = 1\n"
    group.commit(noise=random.Random(1).randbytes(3_000_000))
    group.push()
    with pytest.raises(CloneTrouble) as caught:
        group.take(little)
    assert caught.value.cause == "too-large"
    assert group.slept == []
    # What there was before is still better than nothing.
    assert content(group.take(group.offline)) == b"rent = 1\n"


def test_what_nobody_asked_for_in_a_long_time_is_removed(
    group: Group, tmp_path: Path
) -> None:
    group.take()
    old = group.mirror
    long_ago = time.time() - (MAX_AGE_DAYS + 1) * 86_400
    os.utime(old / "record.json", (long_ago, long_ago))
    other = worktree(tmp_path, {"a.py": b""}, "other")
    group.take(url=other.as_uri())
    assert not old.exists()


def test_private_repositories_are_kept_in_a_private_folder_without_the_token(
    group: Group, server: Server, transport: Transport
) -> None:
    shutil.copytree(group.remote, server.folder / "group.git")
    mirrors = replace(
        group.mirrors,
        transport=transport,
        credentials=credentials_in({"MLOPS_GRADE_TOKEN_LOCALHOST": TOKEN}),
    )
    group.take(mirrors, server.url("private/group.git"))
    assert stat.S_IMODE(group.cache.stat().st_mode) == 0o700
    for file in group.cache.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes()
    with pytest.raises(CloneTrouble):
        group.take(replace(mirrors, credentials=credentials_in({})))


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://GitHub.com/Group/p.git", "https://github.com/Group/p"),
        ("https://github.com/group/p/", "https://github.com/group/p"),
        ("git@github.com:group/p.git", "git@github.com:group/p"),
        ("ssh://git@Host/p.git/", "ssh://git@host/p"),
    ],
)
def test_spellings_of_one_address_share_a_mirror(url: str, same: str) -> None:
    assert normalised(url) == same == normalised(same)


def test_different_addresses_do_not(group: Group) -> None:
    assert normalised("https://a.org/Group/p") != normalised("https://a.org/group/p")


def test_a_pin_and_a_deadline_are_for_addresses_too(
    group: Group, server: Server, transport: Transport, tmp_path: Path
) -> None:
    first = run_git(group.tree, "rev-parse", "HEAD")
    group.commit(rent=b"rent = 2\n")
    group.push()
    shutil.copytree(group.remote, server.folder / "group.git")
    mirrors = replace(group.mirrors, transport=transport)
    work = tmp_path / "captured"
    work.mkdir()
    captured = capture(
        server.url("repo/group.git"), work, commit=first[:9], mirrors=mirrors
    )
    assert captured.snapshot.commit == first
    assert len(captured.later) == 1
    with pytest.raises(GradeError, match="has no commit"):
        (work / "2").mkdir()
        url = server.url("repo/group.git")
        capture(url, work / "2", commit="0" * 40, mirrors=mirrors)
