"""What git ignores: by the rules of every .gitignore, held against git's own answer."""

import subprocess
from pathlib import Path

import pytest

from grader.codebase.ignores import ignores_of
from tests.conftest import MakeSnapshot

FILES = {
    ".gitignore": "# .env\n\n.env\n*.log\n!kept.log\n/top.txt\nlogs/\n!logs/inside.log\n"
    "data/**\n!data/\n!data/.gitkeep\n**/cache\n\\#hash\nspace\\ \n!\n[unclosed\n[z-a]\n",
    "src/.gitignore": "!kept/.env\n*.tmp\nsub/only.txt\n",
    "src/deep/.gitignore": "!x.tmp\n",
}
PATHS = (
    *(".env", "src/.env", "src/kept/.env", ".env.example", "a.log", "kept.log"),
    *("src/kept.log", "top.txt", "src/top.txt", "logs/a.txt", "logs/inside.log"),
    *("src/logs/a.txt", "data/raw.csv", "data/.gitkeep", "data/x/.gitkeep"),
    *("a/b/cache/c.txt", "#hash", "src/x.tmp", "src/deep/x.tmp", "x.tmp"),
    *("src/sub/only.txt", "sub/only.txt", "src/deep/sub/only.txt"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_ignored_as_git_ignores_it(
    path: str, make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    snapshot = make_snapshot(FILES)
    subprocess.run(["git", "init", "-q", snapshot.root], check=True)
    said = subprocess.run(
        ["git", "-C", snapshot.root, "check-ignore", "-q", "--no-index", path],
        check=False,
    )
    assert (ignores_of(snapshot).why(path) is not None) == (said.returncode == 0)


def test_the_line_that_ignores_is_told(make_snapshot: MakeSnapshot) -> None:
    sight = ignores_of(make_snapshot(FILES)).why("src/.env")
    assert sight is not None
    assert (sight.path, sight.line, sight.what) == (".gitignore", 3, ".env")


def test_what_cannot_be_matched_in_time_is_passed_over(
    make_snapshot: MakeSnapshot,
) -> None:
    text = "*a" * 200 + "\n" + "**/" * 200 + "x\n.env\n"
    ignores = ignores_of(make_snapshot({".gitignore": text}))
    assert ignores.why("a" * 300) is None
    assert ignores.why(".env") is not None
