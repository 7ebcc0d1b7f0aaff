"""The Dockerfile, as far as a machine without an engine can try it.

It is linted, its instructions are read, what goes to the build is computed by the client's own
rules, and the commands that build and install the wheel are run on just that, with temporary
folders in the place of the image's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths
from dockerfile_parse.parser import DockerfileParser
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
SHIPPED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
# What the build reads besides what it ships.
READ = {"grader", "pyproject.toml", "README.md", "LICENSE"}


@dataclass(frozen=True)
class Instruction:
    """One instruction and what follows it, its continued lines joined."""

    name: str
    value: str


def instructions(text: str) -> tuple[Instruction, ...]:
    found = DockerfileParser(fileobj=BytesIO(text.encode())).structure
    return tuple(
        Instruction(one["instruction"], one["value"])
        for one in found
        if one["instruction"] != "COMMENT"
    )


ALL = instructions(TEXT)
BASE = re.compile(r"python:(?P<version>\d+\.\d+\.\d+)-slim-bookworm")


def values(name: str) -> list[str]:
    return [one.value for one in ALL if one.name == name]


def hadolint(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(Path(sys.executable).parent / "hadolint"), "--no-color", str(file)],
        cwd=file.parent,
        # A configuration of the user's could switch rules off.
        env={"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


def context(root: Path) -> set[str]:
    """The files that the client sends to the build, relative to the root."""
    lines = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    found = exclude_paths(str(root), patterns)
    return {path for path in found if (root / path).is_file()}


def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "Dockerfile", tmp_path)
    found = hadolint(tmp_path / "Dockerfile")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_hadolint_would_have_found_something(tmp_path: Path) -> None:
    worse = TEXT.replace("bubblewrap=0.8.0-*", "bubblewrap").replace("USER 10001", "")
    (tmp_path / "Dockerfile").write_text(worse, "utf-8")
    assert "DL3008" in hadolint(tmp_path / "Dockerfile").stdout


def test_no_rule_of_the_linter_is_switched_off() -> None:
    assert "hadolint ignore" not in TEXT


def test_every_base_is_an_exact_version_that_we_run_on() -> None:
    bases = [value.split()[0] for value in values("FROM")]
    assert len(set(bases)) == 1
    found = BASE.fullmatch(bases[0].partition("@")[0])
    assert found
    wanted = SpecifierSet(PROJECT["project"]["requires-python"])
    assert found["version"] in wanted


def test_the_build_tool_is_one_that_the_project_asks_for() -> None:
    (required,) = map(Requirement, PROJECT["build-system"]["requires"])
    (pinned,) = re.findall(rf"{required.name}==(\S+)", TEXT)
    assert pinned in required.specifier


def test_it_ends_as_an_ordinary_user_who_runs_our_command() -> None:
    assert [one.name for one in ALL[-3:]] == ["USER", "ENTRYPOINT", "CMD"]
    (user,) = values("USER")
    assert int(user) >= 10000
    assert f"--uid {user} " in TEXT
    (entry,) = json.loads(values("ENTRYPOINT")[0])
    assert entry in PROJECT["project"]["scripts"]
    assert values("WORKDIR")[-1] == "/work"


def test_what_the_comment_says_to_run_is_a_command_of_ours() -> None:
    from grader.cli.output import Format

    assert set(re.findall(r"--format (\w+)", TEXT)) <= set(Format)
    assert set(re.findall(r"--report (\w+)=", TEXT)) <= set(Format)


def test_what_is_sent_to_the_build_is_what_the_wheel_is_made_of() -> None:
    files = context(REPOSITORY)
    wanted = {*SHIPPED, *READ}
    for name in wanted:
        assert any(file == name or file.startswith(f"{name}/") for file in files), name
    others = {
        file
        for file in files
        if not any(file == name or file.startswith(f"{name}/") for name in wanted)
    }
    assert others <= {"Dockerfile", ".dockerignore"}


@pytest.mark.parametrize(
    "file",
    [
        ".git/config",
        ".env",
        ".netrc",
        ".venv/bin/python",
        "venv/bin/python",
        ".mypy_cache/a.json",
        "grader/__pycache__/a.cpython-312.pyc",
        "templates/deep/__pycache__/a.pyc",
        "tests/test_a.py",
        "dist/mlops_grade-0.1.0.whl",
        "fixtures/classes/groups.csv",
        "id_rsa",
    ],
)
def test_nothing_else_of_this_machine_gets_into_an_image(
    tmp_path: Path, file: str
) -> None:
    for name in (file, "pyproject.toml", "grader/app.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", "utf-8")
    assert context(tmp_path) == {"pyproject.toml", "grader/app.py"}


@pytest.mark.sandbox
def test_the_build_commands_give_a_command_that_answers(tmp_path: Path) -> None:
    places = {
        name: tmp_path / name.strip("/").replace("/", "-")
        for name in ("/src", "/dist", "/opt/mlops-grade")
    }
    wanted = tracked()
    for file in context(REPOSITORY):
        target = places["/src"] / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, target)
    base = tmp_path / "base"
    subprocess.run([sys.executable, "-m", "venv", str(base)], check=True)
    paths = {**os.environ, "PATH": f"{base}/bin{os.pathsep}{os.environ['PATH']}"}

    def here(command: str) -> str:
        for name, place in places.items():
            command = re.sub(
                rf"(?<![\w/]){re.escape(name)}(?![\w-])", str(place), command
            )
        return command

    commands = [value for value in values("RUN") if "pip" in value]
    assert len(commands) == 3
    for command in commands:
        words = re.sub(r"^--mount=\S+\s+", "", command)
        subprocess.run(
            ["sh", "-c", here(words)], cwd=places["/src"], env=paths, check=True
        )

    (entry,) = json.loads(values("ENTRYPOINT")[0])
    (path,) = (here(v).removeprefix("PATH=") for v in values("ENV") if "PATH=" in v)
    found = shutil.which(entry, path=path.removesuffix(":$PATH"))
    assert found
    said = subprocess.run(
        [found, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"mlops-grade {PROJECT['project']['version']}\n"
    (wheel,) = places["/dist"].iterdir()
    assert packed(wheel) == wanted


def packed(wheel: Path) -> set[str]:
    """What a wheel holds, named as it is in the repository."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return {
        name.removeprefix("mlops_grade_shipped/")
        for name in names
        if ".dist-info/" not in name
    }


def tracked() -> set[str]:
    """The files of ours that are to be in a wheel: those that git has or would add."""
    options = ("--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(
        ["git", "ls-files", *options, "--", "grader", *SHIPPED],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    files = filter(None, listed.stdout.split("\0"))
    return {file for file in files if (REPOSITORY / file).is_file()}
