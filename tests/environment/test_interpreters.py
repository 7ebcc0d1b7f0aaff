"""Which of a machine's Pythons a project gets."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.version import Version

from grader.environment.interpreters import Interpreter, choose, installed_interpreters
from grader.environment.uv import Uv
from grader.errors import CannotMeasure
from grader.sandbox.run import ToolOutput
from tests.environment.wheels import NOWHERE, only_from

OWN = "{}.{}.{}".format(*sys.version_info)


def pythons(*versions: str) -> tuple[Interpreter, ...]:
    """Interpreters as on a machine, the first the grader's own."""
    return tuple(Interpreter(f"/python{one}", Version(one)) for one in versions)


@dataclass(frozen=True)
class Says(Uv):
    """uv as far as it lists the Pythons."""

    stdout: str = ""
    stderr: str = ""

    def run(self, *arguments: str) -> ToolOutput:
        return ToolOutput(0 if self.stdout else 2, self.stdout, self.stderr, 0.1)


def listed(*pythons: tuple[str, str | None, str]) -> Uv:
    entries = [
        {"version": version, "path": path, "implementation": kind, "key": "ignored"}
        for version, path, kind in pythons
    ]
    return Says(Path("cache"), Path("home"), stdout=json.dumps(entries))


MACHINE = pythons("3.11.7", "3.10.13", "3.12.1", "3.12.9", "3.13.0")


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (None, "3.11.7"),
        ("==3.10.*", "3.10.13"),
        ("==3.10.13", "3.10.13"),
        (">=3.10", "3.11.7"),
        (">=3.8,<3.11", "3.10.13"),
        (">=3.12", "3.13.0"),
        ("~=3.12.0", "3.12.9"),
        (">3.11,!=3.13.*", "3.11.7"),
    ],
)
def test_a_python_that_fits_is_taken_without_a_word(
    asked: str | None, taken: str
) -> None:
    choice = choose(asked, MACHINE)
    assert str(choice.interpreter.version) == taken
    assert choice.note == ""


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("==3.8.*", "3.10.13"),
        ("==3.14.*", "3.13.0"),
        ("==3.11.9", "3.11.7"),
        ("==3.12.4", "3.12.1"),
        (">=3.6,<3.8", "3.10.13"),
        ("==2.7.*", "3.10.13"),
        ("<3.9", "3.10.13"),
        (">=3.15", "3.13.0"),
    ],
)
def test_where_none_fits_the_nearest_is_taken_and_that_is_said(
    asked: str, taken: str
) -> None:
    choice = choose(asked, MACHINE)
    assert str(choice.interpreter.version) == taken
    assert f"Python {asked} is asked for" in choice.note
    assert f"the nearest, {taken}, was used" in choice.note
    assert choice.others == ()


def test_the_others_that_fit_stand_behind_the_one_taken() -> None:
    assert [str(one.version) for one in choose(None, MACHINE).others] == [
        "3.10.13",
        "3.12.1",
        "3.12.9",
        "3.13.0",
    ]
    others = choose(">=3.12", MACHINE).others
    assert [str(one.version) for one in others] == ["3.12.9", "3.12.1"]


def test_the_graders_own_python_comes_first_and_keeps_its_path() -> None:
    found = installed_interpreters(
        listed((OWN, "/elsewhere", "cpython"), ("3.10.1", "/usr/bin/p", "cpython"))
    )
    assert found[0] == Interpreter(sys.executable, Version(OWN))
    assert [one.path for one in found] == [sys.executable, "/usr/bin/p"]


def test_what_cannot_run_our_pytest_is_no_choice() -> None:
    found = installed_interpreters(
        listed(
            ("3.9.18", "/old", "cpython"),
            ("3.99.0rc1", "/coming", "cpython"),
            ("3.10.16", "/pypy", "pypy"),
            ("3.12.1", None, "cpython"),
        )
    )
    assert [one.path for one in found] == [sys.executable]


def test_a_list_that_is_no_list_is_our_trouble() -> None:
    with pytest.raises(CannotMeasure, match="uv python list: .*No such device"):
        installed_interpreters(
            Says(Path("cache"), Path("home"), stderr="error: No such device\n")
        )


def test_a_machine_without_a_python_on_the_path_has_the_graders_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_from(NOWHERE, monkeypatch, path=str(tmp_path))
    found = installed_interpreters(Uv(tmp_path / "cache", tmp_path / "home"))
    assert Interpreter(sys.executable, Version(OWN)) == found[0]
