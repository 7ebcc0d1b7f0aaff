"""Checkers come through entry points; a plugin's package is one more door to the same room."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.checkers._base import SECTIONS
from grader.checkers._registry import installed

BUILT_IN = (
    *("formatting", "imports", "lint", "logging", "pylint", "coverage", "complexity"),
    *("secrets", "docstrings", "file-presence", "config-paths", "error-handling"),
    *("entry-point", "pipeline-stages", "validation", "logging-setup", "configuration"),
    *("dependencies", "readme", "notebooks", "artifacts", "test-quality"),
    *("suppressions",),
    *("api", "experiment-tracking", "model-registry", "monitoring"),
    *("ci", "docker", "deployment", "live-service"),
    *("git-workflow",),
    *("pull-requests",),
    *("orchestration", "data-versioning"),
    *("secrets-hygiene", "secrets-history"),
)

PLUGIN = '''
from grader.checkers._base import Bench, Checker, Options, Result
from grader.model.measurement import Measured, Quantity
from grader.model.snapshot import Snapshot


class ShoutOptions(Options):
    """`word` is what counts."""

    word: str = "TODO"


class Shouts(Checker[ShoutOptions]):
    """Words that are left to do.

    Why it matters
        A note to oneself is not a finished thing.

    How it is measured
        Occurrences of a word in Python files.

    What it does not see
        Other words.

    How to fix
        Do it.
    """

    id = "shouts"
    source = "https://example.org/shouts"
    quantities = (Quantity("shouts", "count", "times", better="lower", ideal=0),)

    def measure(self, snapshot: Snapshot, options: ShoutOptions, bench: Bench) -> Result:
        texts = (snapshot.module(path).text for path in snapshot.python_files)
        return Result(Measured(values={"shouts": sum(t.count(options.word) for t in texts)}))
'''

RUBRIC = """\
name: With a plugin
version: "1"
dimensions:
  - id: words
    title: Words
    items:
      - checker: shouts
        score: 10 - shouts
        options: {word: FIXME}
"""


def test_the_projects_own_checkers_are_installed() -> None:
    registry = installed()
    assert set(registry.checkers) == set(BUILT_IN)
    assert registry.broken == ()


@pytest.mark.parametrize("checker_id", BUILT_IN)
def test_every_checker_explains_itself(checker_id: str) -> None:
    checker = installed().checkers[checker_id]
    assert tuple(checker.sections()) == SECTIONS
    assert all(len(text) > 20 for text in checker.sections().values())
    assert checker.source.startswith("https://")
    assert len(checker.title()) < 80
    names = [quantity.name for quantity in checker.quantities]
    assert len(names) == len(set(names))
    for quantity in checker.quantities:
        assert quantity.name.isidentifier()
        assert quantity.meaning
        if isinstance(quantity.ideal, str):
            assert quantity.ideal in names
        assert (quantity.ideal is None) or quantity.better != "neither"
        # Who writes a formula has to know when there is no such number.
        assert quantity.optional == ("absent where" in quantity.meaning)


def install_plugin(site: Path, *, module: str = PLUGIN) -> None:
    """Make a wheel and unpack it, which is what installing a pure wheel is."""
    wheel = site.parent / "shouts-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("shouts.py", module)
        archive.writestr(
            "shouts-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shouts\n"
        )
        archive.writestr(
            "shouts-1.0.dist-info/entry_points.txt",
            "[mlops_grade.checkers]\nshouts = shouts:Shouts\n",
        )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


def mlops_grade(site: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "grader", *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=site.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_third_party_package_brings_a_checker(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install_plugin(site)
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "a.py").write_text("# FIXME\n# FIXME\n# TODO\n")
    (tmp_path / "r.yaml").write_text(RUBRIC)
    done = mlops_grade(site, str(repository), "--rubric", "r.yaml", "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["grade"]["total"] == 8
    assert result["checks"][0]["source"] == "https://example.org/shouts"


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        # Each of these starts the program anew.
        *(
            pytest.param(*case, marks=pytest.mark.sandbox)
            for case in (
                ("raise SystemExit(0)", "SystemExit"),
                ("class Shouts: pass", "is not a Checker class"),
                (PLUGIN.replace("Do it.", ""), "lacks the section How to fix"),
                (
                    PLUGIN.replace('id = "shouts"', 'id = "formatting"'),
                    "is not the entry point",
                ),
            )
        ),
    ],
)
def test_a_plugin_that_does_not_load_is_named_with_package_and_reason(
    tmp_path: Path, module: str, reason: str
) -> None:
    site = tmp_path / "site"
    install_plugin(site, module=module)
    listed = mlops_grade(site, "checkers")
    assert listed.returncode == 0, listed.stderr
    line = next(row for row in listed.stdout.splitlines() if "not loaded" in row)
    assert "shouts of shouts" in line
    # The rest works, and a rubric that names it says why it can't.
    assert "formatting" in listed.stdout
    (tmp_path / "r.yaml").write_text(RUBRIC)
    checked = mlops_grade(site, "rubric", "check", "r.yaml")
    assert checked.returncode == 2
    assert 'the checker "shouts" did not load: shouts: ' in checked.stderr
    assert reason in checked.stderr


def test_logging_begins_after_everything_else() -> None:
    """It takes what flake8 said to lint, and would wait for it in a turn of its own."""
    times = {name: one.typical_s for name, one in installed().checkers.items()}
    own = times.pop("logging")
    assert own < min(times.values())
