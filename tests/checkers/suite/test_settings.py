"""The project's own pytest settings: where they are found, what of them is honoured."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.checkers._suite.settings import OwnSettings, read_own_settings, sift
from tests.conftest import MakeSnapshot


def test_options_that_end_the_measuring_are_taken_out(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"more.txt": "--co\n-v\n"})
    sifted = sift(
        (
            "@more.txt",
            "-p",
            "no:cov",
            "-pno:junitxml",
            "-p",
            "ours",
            "-k",
            "--co",
            "-x",
        ),
        snapshot,
    )
    assert sifted.kept == ("-v", "-p", "ours", "-k", "--co", "-x")
    assert sifted.taken_out == ("--co", "-p", "no:cov", "-pno:junitxml")
    assert sifted.overridden == ("-x",)
    assert sifted.narrowing == ("-k --co",)


@pytest.mark.parametrize(
    "name", ["python", "unittest", "terminal", "tmpdir", "_cov", "pytest_cov"]
)
def test_a_plugin_that_the_measuring_needs_cannot_be_taken_away(
    name: str, make_snapshot: MakeSnapshot
) -> None:
    sifted = sift(("-p", f"no:{name}", "-p", "no:cacheprovider"), make_snapshot({}))
    assert sifted.taken_out == ("-p", f"no:{name}")
    assert sifted.kept == ("-p", "no:cacheprovider")


def test_an_option_file_outside_the_repository_is_not_read(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    (tmp_path / "outside.txt").write_text("--secret\n")
    words = (f"@{tmp_path}/outside.txt", "@../outside.txt")
    assert sift(words, make_snapshot({})).kept == words


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({}, OwnSettings()),
        (
            {"pyproject.toml": "[project]\nname = 'a'\n", "tox.ini": "[pytest]\n"},
            OwnSettings(file="tox.ini"),
        ),
        (
            {"pytest.ini": "", "setup.cfg": "[tool:pytest]\naddopts = -q\n"},
            OwnSettings(file="pytest.ini"),
        ),
        (
            {"pyproject.toml": "[tool.pytest]\naddopts = ['-k', 'a b']\n"},
            OwnSettings(file="pyproject.toml", addopts=("-k", "a b")),
        ),
    ],
)
def test_settings_are_found_where_pytest_finds_them(
    files: Mapping[str, str], settings: OwnSettings, make_snapshot: MakeSnapshot
) -> None:
    assert read_own_settings(make_snapshot(files)) == settings


def test_settings_that_are_huge_or_a_link_are_not_read(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(
        {"pytest.ini": "[pytest]\naddopts = -k a\n#" + "x" * 2**21}
    )
    huge = read_own_settings(snapshot)
    (snapshot.root / "pytest.ini").unlink()
    (snapshot.root / "pytest.ini").symlink_to("/etc/hostname")
    assert huge == read_own_settings(snapshot)
    assert (huge.file, huge.addopts) == ("pytest.ini", ())
    assert huge.problem
