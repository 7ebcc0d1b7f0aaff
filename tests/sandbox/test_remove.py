"""Removing what strangers leave behind."""

import os
from pathlib import Path

from grader.sandbox.box import give
from grader.sandbox.disk import DiskWatch
from grader.sandbox.remove import private_folder, remove_tree

# More than a path can say, and than Python calls in calls.
DEEP = 1_500


def nested(top: Path, levels: int) -> None:
    """Folders in folders, deeper than a path can say."""
    here = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here), "w") as file:
        file.write("at the bottom")
    os.close(here)


def test_folders_nested_deeper_than_a_path_can_say_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    nested(top, DEEP)
    remove_tree(top)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nobody_may_enter_is_removed(tmp_path: Path) -> None:
    closed = tmp_path / "top" / "closed"
    closed.mkdir(parents=True)
    (closed / "file").touch()
    closed.chmod(0)
    remove_tree(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    with private_folder() as place:
        (place / "link").symlink_to(outside)
        nested(place, DEEP)
    assert not place.exists()
    assert (outside / "file").exists()


def test_something_that_is_not_there_is_nothing_to_remove(tmp_path: Path) -> None:
    remove_tree(tmp_path / "never")
    assert list(tmp_path.iterdir()) == []


def test_deep_folders_can_be_given_away_and_watched(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    nested(top, DEEP)
    give([top], os.getuid())
    assert not DiskWatch([top], most_bytes=1, most_files=1).look()
    remove_tree(top)
