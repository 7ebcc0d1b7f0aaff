"""Which environment it is: another as soon as something else is installed or declared."""

import os
import sys
from pathlib import Path

import pytest

from grader.environment.environments import BuiltEnvironment
from grader.environment.given import Blame, GivenInterpreter
from grader.environment.identity import identity
from grader.environment.manifests import read_manifests
from grader.environment.provision import Provisioner
from grader.model.environment import EnvironmentFacts


def built(folder: Path, requirements: str) -> BuiltEnvironment:
    folder.mkdir(exist_ok=True)
    (folder / "requirements.txt").write_text(requirements)
    project = read_manifests(folder, ["requirements.txt"])
    return BuiltEnvironment(
        lambda: project, Provisioner(folder / "cache", folder / "home")
    )


def virtual(folder: Path) -> GivenInterpreter:
    """What a virtual environment looks like from outside; nothing is ever run of it."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    return GivenInterpreter(str(folder / "bin" / "python"))


def test_the_same_declarations_are_the_same_environment(tmp_path: Path) -> None:
    one = identity(built(tmp_path / "one", "pandas\npytest\n"))
    assert one is not None
    assert identity(built(tmp_path / "two", "pandas\npytest\n")) == one
    assert identity(built(tmp_path / "two", "pandas>=2\npytest\n")) != one
    assert identity(built(tmp_path / "two", "pandas\n")) != one


def test_another_index_is_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = identity(built(tmp_path / "one", "pandas\n"))
    monkeypatch.setenv(
        "UV_DEFAULT_INDEX", "https://user:word@packages.example.org/simple"
    )
    after = identity(built(tmp_path / "one", "pandas\n"))
    assert after != before
    assert after is not None and "word" not in after


def test_installing_into_a_given_environment_makes_it_another(tmp_path: Path) -> None:
    given = virtual(tmp_path / "venv")
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    seen = {identity(given)}
    (packages / "shop-1.0.dist-info").mkdir()
    seen.add(identity(given))
    os.rename(packages / "shop-1.0.dist-info", packages / "shop-1.1.dist-info")
    seen.add(identity(given))
    (packages / "shop.pth").write_text("/elsewhere\n")
    seen.add(identity(given))
    (packages / "shop.pth").write_text("/another/place\n")
    seen.add(identity(given))
    assert len(seen) == 5
    # Compiling what is there changes nothing.
    (packages / "__pycache__").mkdir()
    before = identity(given)
    (packages / "__pycache__" / "shop.pyc").write_bytes(b"")
    assert identity(given) == before


def test_another_interpreter_is_another_environment(tmp_path: Path) -> None:
    one, other = virtual(tmp_path / "one"), virtual(tmp_path / "other")
    assert identity(one) != identity(other)
    assert identity(one) == identity(GivenInterpreter(one.path))


def test_of_a_kind_that_nobody_knows_nothing_is_told() -> None:
    class Odd:
        def python(self) -> str:
            return sys.executable

        def blame(self, name: str) -> Blame:
            return Blame(True, name)

        def has_sources_on_path(self) -> bool:
            return False

        def facts(self) -> EnvironmentFacts | None:
            return None

    assert identity(Odd()) is None
