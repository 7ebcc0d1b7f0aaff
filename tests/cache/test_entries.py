"""Entries: there whole or not at all, whoever writes, and whatever happens to the files."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.cache.digest import digest
from grader.cache.entries import Entries, user_entries
from grader.cache.place import FOLDER, LIMIT, user_cache
from grader.errors import GradeError

KEY = digest(["a key"])
OTHER = digest(["another key"])
ROOM = 2**20

# Writes and reads the same few entries until it is ended; any wrong content ends it with 1.
WORKER = """
import sys
from pathlib import Path
from grader.cache.digest import digest
from grader.cache.entries import Entries
entries = Entries(Path(sys.argv[1]), 2**18)
keys = [digest([str(number)]) for number in range(40)]
rounds = 0
while not Path(sys.argv[2]).exists():
    for key in keys:
        found = entries.get(key)
        if found not in (None, key.encode() * 200):
            sys.exit(1)
        entries.put(key, key.encode() * 200)
"""


@pytest.fixture
def entries(tmp_path: Path) -> Entries:
    return Entries(tmp_path / "cache" / "measurements", ROOM)


def file_of(entries: Entries, key: str) -> Path:
    return entries.folder / key[:2] / key[2:]


def test_what_is_put_is_there_for_others(entries: Entries) -> None:
    entries.put(KEY, b"content\nof two lines")
    assert Entries(entries.folder, ROOM).get(KEY) == b"content\nof two lines"
    assert entries.get(OTHER) is None


def test_what_others_wrote_meanwhile_takes_the_place_of_the_old(
    entries: Entries,
) -> None:
    entries.put(KEY, b"old")
    Entries(entries.folder, ROOM).put(KEY, b"new")
    assert entries.get(KEY) == b"new"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw[:-1], id="cut off"),
        pytest.param(lambda raw: raw[:40], id="cut off in the first line"),
        pytest.param(lambda raw: raw + b"!", id="longer"),
        pytest.param(lambda raw: raw.replace(b"cont", b"c0nt"), id="a bit changed"),
        pytest.param(lambda raw: raw.replace(b"entry 1", b"entry 0"), id="old"),
        pytest.param(lambda raw: b"\0" * len(raw), id="zeros"),
        pytest.param(lambda raw: b"content", id="somebody else's"),
    ],
)
def test_an_entry_that_is_not_what_it_says_is_none_and_is_removed(
    entries: Entries, spoil: object
) -> None:
    assert callable(spoil)
    entries.put(KEY, b"content")
    file = file_of(entries, KEY)
    file.write_bytes(spoil(file.read_bytes()))
    assert entries.get(KEY) is None
    assert not file.exists()
    entries.put(KEY, b"content")
    assert entries.get(KEY) == b"content"


def test_an_entry_under_another_name_is_none(entries: Entries) -> None:
    entries.put(KEY, b"content")
    target = file_of(entries, OTHER)
    target.parent.mkdir(exist_ok=True)
    os.replace(file_of(entries, KEY), target)
    assert entries.get(OTHER) is None


def test_a_link_is_not_followed(entries: Entries, tmp_path: Path) -> None:
    entries.put(KEY, b"content")
    file = file_of(entries, KEY)
    away = tmp_path / "away"
    os.replace(file, away)
    file.symlink_to(away)
    assert entries.get(KEY) is None
    assert away.exists()


def test_nobody_else_may_read_it(entries: Entries) -> None:
    entries.put(KEY, b"content")
    assert stat.S_IMODE(entries.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(entries, KEY).stat().st_mode) == 0o600


def test_a_folder_that_leads_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir(mode=0o700)
    link = tmp_path / "measurements"
    link.symlink_to(tmp_path / "away")
    entries = Entries(link, ROOM)
    entries.put(KEY, b"content")
    entries.clear()
    assert entries.get(KEY) is None
    assert list((tmp_path / "away").iterdir()) == []
    assert "a link" in entries.trouble


def test_a_folder_that_others_can_write_to_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "measurements"
    Entries(folder, ROOM).put(KEY, b"content")
    folder.chmod(0o777)
    entries = Entries(folder, ROOM)
    assert entries.get(KEY) is None
    assert "chmod 700" in entries.trouble


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_writes_into_nobodys_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 12345, 12345)
    entries = Entries(home / "cache" / "measurements", ROOM)
    entries.put(KEY, b"content")
    assert list(home.iterdir()) == []
    assert "this is root" in entries.trouble


def test_without_a_place_to_write_nothing_is_kept_and_nothing_breaks(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    entries = Entries(tmp_path / "file" / "measurements", ROOM)
    entries.put(KEY, b"content")
    assert entries.get(KEY) is None
    assert entries.filling().entries == 0


def test_a_limit_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    entries = Entries(tmp_path / "measurements", 0)
    entries.put(KEY, b"content")
    assert entries.get(KEY) is None
    assert not entries.folder.exists()


def test_what_was_used_last_goes_last(tmp_path: Path) -> None:
    entries = Entries(tmp_path / "measurements", 10 * 4096)
    keys = [digest([str(number)]) for number in range(10)]
    for age, key in enumerate(keys):
        entries.put(key, b"content")
        when = time.time() - 1000 + age
        os.utime(file_of(entries, key), (when, when))
    # The oldest is asked for, and is the newest by that.
    assert entries.get(keys[0]) == b"content"
    entries.put(OTHER, b"content")
    left = [key for key in keys if entries.get(key) is not None]
    assert keys[0] in left
    assert left[1:] == keys[-len(left[1:]) :]
    assert 0 < len(left) < len(keys)
    assert entries.get(OTHER) == b"content"


def test_it_stays_near_its_limit(tmp_path: Path) -> None:
    entries = Entries(tmp_path / "measurements", 64 * 4096)
    for number in range(300):
        entries.put(digest([str(number)]), b"content")
    # It looks now and then: more than the room for a few writes it is never over.
    assert entries.filling().size_bytes < 80 * 4096


def test_one_that_takes_half_of_the_room_is_not_worth_it(entries: Entries) -> None:
    entries.put(KEY, b"x" * (ROOM // 2 + 1))
    assert entries.get(KEY) is None


def test_what_a_killed_writer_left_is_removed(entries: Entries) -> None:
    entries.put(KEY, b"content")
    half = file_of(entries, KEY).with_name(".new-abc")
    half.write_bytes(b"half")
    entries.sweep()
    assert half.exists()
    os.utime(half, (0, 0))
    entries.sweep()
    assert not half.exists()
    assert entries.get(KEY) == b"content"


def test_clearing_says_how_much_there_was(entries: Entries) -> None:
    entries.put(KEY, b"content")
    entries.put(OTHER, b"content")
    assert entries.filling().size_bytes == 2 * 4096
    assert entries.clear().entries == 2
    assert not entries.folder.exists()
    entries.put(KEY, b"content")
    assert entries.get(KEY) == b"content"


def test_eight_processes_share_it_and_some_are_killed(tmp_path: Path) -> None:
    folder, stop = tmp_path / "measurements", tmp_path / "stop"
    argv = [sys.executable, "-c", WORKER, str(folder), str(stop)]
    workers = [subprocess.Popen(argv) for _ in range(8)]
    until = time.monotonic() + 60
    while not folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    for worker in workers[:3]:
        time.sleep(0.1)
        worker.send_signal(signal.SIGKILL)
    time.sleep(0.3)
    stop.touch()
    assert [worker.wait(60) for worker in workers] == [-9] * 3 + [0] * 5
    left = Entries(folder, 2**18)
    for number in range(40):
        key = digest([str(number)])
        assert left.get(key) in (None, key.encode() * 200)


def test_the_users_cache_is_where_the_variables_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "own"))
    monkeypatch.setenv(LIMIT, "3")
    assert user_entries() == Entries(tmp_path / "own" / "measurements", 3 * 2**20)
    monkeypatch.delenv(FOLDER)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert user_cache() == tmp_path / "xdg" / "mlops-grade"


@pytest.mark.parametrize("written", ["much", "-1", "1.5", "1e3", "١"])
def test_a_limit_that_is_no_number_is_the_users_to_mend(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, written)
    with pytest.raises(GradeError, match=LIMIT):
        user_entries()
