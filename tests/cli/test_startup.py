"""What a run doesn't need it doesn't load: told by the list of modules, not by the clock."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from grader.cli.app import program, run
from grader.cli.commands import COMMANDS, line_of
from tests.committing import git

# Prints what is loaded once the command line has run.
SCRIPT = """\
import json, sys
from grader.cli.app import run
code = run(sys.argv[1:])
assert code == 0, code
print()
print(json.dumps(sorted(sys.modules)))
"""
# None of these is needed to say how the program is called.
NOT_FOR_HELP = {
    *("pydantic", "rich", "markdown_it", "pygments", "yaml", "jinja2", "git"),
    *("pytest", "_pytest", "coverage", "requests", "urllib3", "packaging", "pathspec"),
    *("filelock", "uv", "black", "pylint", "flake8", "isort", "radon"),
}
# Nor these to say again what was measured before.
NOT_FOR_KNOWN = {
    *("pytest", "_pytest", "coverage", "requests", "urllib3", "git", "jinja2"),
    *("markdown_it", "filelock", "black", "pylint", "flake8", "isort", "radon"),
}
RUBRIC = """\
name: A few of many
version: "1"
dimensions:
  - id: code
    title: Code
    items:
      - checker: formatting
        score: 10 * compliant_files / files
      - checker: error-handling
        score: 10 - silent_handlers
      - checker: coverage
        score: 10 * pass_rate
"""


def loaded_by(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None
) -> set[str]:
    """The modules that a command line has loaded by its end."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, **(settings or {})},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["grade", "--help"]])
def test_help_loads_nothing_that_grades(arguments: list[str], tmp_path: Path) -> None:
    loaded = loaded_by(*arguments, folder=tmp_path)
    assert sorted(tops(loaded) & NOT_FOR_HELP) == []
    parts = {name.split(".")[1] for name in loaded if name.startswith("grader.")}
    assert parts <= {"cli", "errors", "resources"}


def test_the_list_of_commands_loads_none_of_them(tmp_path: Path) -> None:
    loaded = loaded_by("--help", folder=tmp_path)
    ours = {name for name in loaded if name.startswith("grader.cli.")}
    assert ours == {"grader.cli.app", "grader.cli.commands"}


# As installers write it, but that the pool stands in for the command line.
TYPED = """\
from {module} import {function}
if __name__ == "__main__":
    from grader.sandbox.workers import WorkerPool
    with WorkerPool(1) as pool:
        print(*pool.submit(eval, "sorted(__import__('sys').modules)").result())
"""


def test_the_process_of_a_group_loads_no_command_line(tmp_path: Path) -> None:
    points = metadata.entry_points(group="console_scripts", name="mlops-grade")
    # The same one is seen twice where an editable install left metadata behind.
    (value,) = {point.value for point in points}
    module, _, function = value.partition(":")
    script = tmp_path / "mlops-grade"
    script.write_text(TYPED.format(module=module, function=function))

    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert module in loaded
    assert sorted(tops(loaded) & NOT_FOR_HELP) == []
    assert sorted(name for name in loaded if name.startswith("grader.cli")) == []
    assert "typer" not in loaded


@pytest.mark.parametrize("environment", ["auto", "none"])
def test_what_was_measured_before_loads_no_tool_and_no_other_checker(
    environment: str,
    tmp_path: Path,
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "a.py").write_text('"""A module."""\n')
    (tmp_path / "r.yaml").write_text(RUBRIC)
    settings = {"MLOPS_GRADE_CACHE": str(tmp_path / "cache")}
    options = ("--rubric", "r.yaml", "--skip", "coverage", "-e", environment)
    arguments = ("repository", *options)
    loaded_by(*arguments, folder=tmp_path, settings=settings)

    loaded = loaded_by(*arguments, folder=tmp_path, settings=settings)

    assert sorted(tops(loaded) & NOT_FOR_KNOWN) == []
    checkers = {
        name.removeprefix("grader.checkers.")
        for name in loaded
        if name.startswith("grader.checkers.")
    }
    public = {name for name in checkers if not name.startswith("_")}
    assert public == {"formatting", "error_handling", "coverage"}
    assert "_coverage_work" not in checkers
    assert "grader.environment.provision" not in loaded
    # It has no environment, so that nobody asks what it declares.
    assert ("grader.environment.manifests" in loaded) == (environment == "auto")

    quiet = loaded_by(*arguments, "--quiet", folder=tmp_path, settings=settings)
    assert "rich" in tops(loaded) - tops(quiet)


def test_a_class_that_did_not_change_loads_nothing_that_measures_or_marks(
    tmp_path: Path,
) -> None:
    repository = tmp_path / "clones" / "a"
    repository.mkdir(parents=True)
    (repository / "a.py").write_text('"""A module."""\n')
    git(repository, "init", "-q")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "One")
    (tmp_path / "r.yaml").write_text(RUBRIC)
    settings = {"MLOPS_GRADE_CACHE": str(tmp_path / "cache")}
    arguments = ("batch", "clones", "-o", "class", "-q", "-e", "none")
    options = ("--rubric", "r.yaml", "--skip", "coverage", "--isolation", "none")
    # What was written a moment ago is looked into again.
    time.sleep(3.1)
    loaded_by(*arguments, *options, folder=tmp_path, settings=settings)

    loaded = loaded_by(*arguments, *options, folder=tmp_path, settings=settings)

    unneeded = NOT_FOR_KNOWN - {"jinja2", "filelock"} | {"xlsxwriter", "rich"}
    assert sorted(tops(loaded) & unneeded) == []
    ours = {"gather", "capture", "machines", "task", "cluster", "publish", "shards"}
    assert {name for name in ours if f"grader.engine.{name}" in loaded} == set()
    assert "grader.environment.manifests" not in loaded


def test_what_the_list_says_of_a_command_is_what_its_own_help_says() -> None:
    said = {name: line_of(one.help) for name, one in program().commands.items()}
    assert said == {command.name: command.line for command in COMMANDS}


def test_a_command_is_called_by_its_whole_name_in_its_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["export", "xlsx", "--help"]) == 0
    assert "Usage: mlops-grade export xlsx [OPTIONS]" in capsys.readouterr().out
    assert run(["somewhere", "-h"]) == 0
    assert "Usage: mlops-grade grade [OPTIONS]" in capsys.readouterr().out


def test_a_shell_that_asks_for_words_gets_commands_and_their_options(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_MLOPS_GRADE_COMPLETE", "complete_bash")
    for words, expected in (
        ("mlops-grade expo", "export"),
        ("mlops-grade export xl", "xlsx"),
        ("mlops-grade grade --rub", "--rubric"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        run([])
        assert expected in capsys.readouterr().out.split()
