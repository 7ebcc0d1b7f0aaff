"""Sparing black a formatting: what it says of several files stays to the letter."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import black
import pytest
from black import concurrency
from click.testing import CliRunner

from grader.sandbox import formatted_twice
from grader.sandbox.formatted_twice import Sparing, would_change
from tests.conftest import FIXTURES

_FILES = {
    "as-it-is.py": b"x = 1\n",
    "broken.py": b"x = (\n",
    "changed.py": b"x=1\ny = [1,\n 2,]\n",
    "carriage.py": b"x = 1\r\ny=2\r\n",
    "empty.py": b"",
    "latin.py": b"# coding: latin-1\nx='\xe9'\n",
    "no-code.py": b"\x00\x01",
    "odd-encoding.py": b"# coding: none-such\nx=1\n",
    "old.py": b"print 'x'\n",
    "spaces.py": b"  \n\n",
    "stub.pyi": b"def f() -> int :\n    ...\n",
    "tail.py": b"f(1,2)",
    "wrapped.py": b"assert some_function_name(argument_one)[0] == {'key': 'value', 'a': 1, "
    b"'bb': [1, 2, 3]}, 'x'\n",
}


@contextmanager
def _with(executor: type[ThreadPoolExecutor]) -> Iterator[None]:
    concurrency.ThreadPoolExecutor = executor  # type: ignore[attr-defined]
    try:
        yield
    finally:
        concurrency.ThreadPoolExecutor = ThreadPoolExecutor  # type: ignore[attr-defined]


def _said(
    folder: Path, executor: type[ThreadPoolExecutor], *options: str
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error: two threads write the latter two."""
    arguments = ["--no-cache", "--workers=1", "--verbose", *options, str(folder)]
    with _with(executor):
        ran = CliRunner().invoke(black.main, arguments)
    # What black writes aside has a name of its own each time.
    return ran.exit_code, ran.stdout, re.sub(r"\S*/blk_\S*", "LOG", ran.stderr)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    for name, content in _FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        ("--check",),
        ("--check", "--line-length=20"),
        ("--check", "--fast"),
        ("--check", "--skip-source-first-line"),
        ("--check", "--preview"),
        ("--diff",),
    ],
    ids=" ".join,
)
def test_black_says_the_same_of_odd_files(odd: Path, options: tuple[str, ...]) -> None:
    theirs = _said(odd, ThreadPoolExecutor, *options)
    assert "Traceback" in theirs[2]
    assert bool(theirs[1]) == (options == ("--diff",))
    ours = _said(odd, Sparing, *options)
    assert _without_times(ours) == _without_times(theirs)


def _without_times(said: tuple[int, str, str]) -> tuple[int, str, str]:
    """A difference names when each file was written and when it was read."""
    exit_code, stdout, stderr = said
    return exit_code, re.sub(r"\t.*", "", stdout), stderr


def test_it_writes_the_same(odd: Path, tmp_path: Path) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    for home in (left, right):
        home.mkdir()
        for name in _FILES:
            shutil.copy(odd / name, home / name)
    theirs, ours = _said(left, ThreadPoolExecutor), _said(right, Sparing)
    assert (*ours[:2], ours[2].replace("right", "left")) == theirs
    assert {n: (left / n).read_bytes() for n in _FILES} == {
        n: (right / n).read_bytes() for n in _FILES
    }
    assert (right / "changed.py").read_bytes() == b"x = 1\ny = [\n    1,\n    2,\n]\n"


def test_it_says_the_same_of_the_fixtures() -> None:
    repositories = FIXTURES / "repos"
    assert _said(repositories, Sparing, "--check") == _said(
        repositories, ThreadPoolExecutor, "--check"
    )


@pytest.mark.parametrize(
    ("passes", "says"),
    [
        (["x = 1\n"], False),
        (["x = 2\n", "x = 2\n"], None),  # another program
        (["x  = 1\n", "x  = 1\n"], True),
        (["x  = 1\n", "x   = 1\n"], None),  # not stable: black goes on
        (["x  = 1\n", "x = 1\n"], None),  # to and fro
        ([], None),  # it fails
    ],
    ids=["same", "another", "settled", "moving", "back", "failing"],
)
def test_only_what_stays_as_it_is_is_said_without_black(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    passes: list[str],
    says: bool | None,
) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    left = list(passes)
    fake = SimpleNamespace(
        WriteBack=black.WriteBack,
        decode_bytes=black.decode_bytes,
        assert_equivalent=black.assert_equivalent,
        _format_str_once=lambda source, *, mode: left.pop(0),
    )
    monkeypatch.setattr(formatted_twice, "black", fake)
    assert would_change(file, False, black.Mode(), black.WriteBack.CHECK) is says
    assert not left


def test_another_version_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version("black") == formatted_twice._KNOWN_VERSION
    with _with(ThreadPoolExecutor):
        monkeypatch.setattr(formatted_twice, "version", {"black": "27.1.0"}.get)
        formatted_twice.install()
        assert vars(concurrency)["ThreadPoolExecutor"] is ThreadPoolExecutor
        monkeypatch.setattr(formatted_twice, "version", version)
        formatted_twice.install()
        assert vars(concurrency)["ThreadPoolExecutor"] is Sparing
