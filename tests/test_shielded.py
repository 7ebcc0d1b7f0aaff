"""The shield: a tool runs, and no code below the repository does."""

import json
import sys
from pathlib import Path

import pytest

from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput, run

# pylint imports the first four after it has put the repository's folders on its path.
NAMES = ("isort", "csv", "email", "dill", "tomlkit")
APP = '''"""Reads a table."""

import no_such_package
import os
import helper


def read(name, rows=[]):
    if name == None:
        return helper.UNKNOWN
    return rows + [no_such_package, os]
'''
HELPER = '"""Helps."""\n\nLIMIT = 1\n'
PYLINT = ("pylint", "--output-format=json2", "--persistent=n")


def execute(tmp_path: Path, argv: list[str], cwd: Path) -> ToolOutput:
    limits = Limits(seconds=120)
    command = [sys.executable, "-I", *argv]
    return run(command, cwd=cwd, home=tmp_path / "home", limits=limits)


def shielded(tmp_path: Path, *argv: str, bare: bool = False) -> ToolOutput:
    """Run a module on `tmp_path/repository` under the shield, standing in it."""
    root = tmp_path / "repository"
    options = ["--bare"] if bare else []
    shield = ["-m", "grader.sandbox.shielded", *options, str(root)]
    return execute(tmp_path, [*shield, *argv], root)


def statement(tmp_path: Path, *lines: str) -> ToolOutput:
    """Execute Python under the shield, with the repository first on the path."""
    root = tmp_path / "repository"
    setup = ("import sys", f"sys.path.insert(0, {str(root)!r})")
    return shielded(tmp_path, "timeit", "-n1", "-r1", *setup, *lines)


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path: Path, canary: Path) -> Path:
    """A repository whose modules and settings all leave a trace when they run."""
    trace = f"open({str(canary)!r}, 'a').write('{{}} ')"
    modules = {
        f"{folder}{name}.py": trace.format(name) + "\n"
        for name in (*NAMES, "evil_plugin")
        for folder in ("", "src/")
    }
    settings = {
        ".pylintrc": f"[MAIN]\ninit-hook={trace.format('init-hook')}\n",
        "setup.cfg": "[pylint.MAIN]\nload-plugins=evil_plugin\n",
        "pyproject.toml": '[tool.pylint.main]\nload-plugins = ["evil_plugin"]\n',
    }
    sources = {"src/app.py": APP, "helper.py": HELPER}
    return write(tmp_path / "repository", {**modules, **settings, **sources})


def messages(output: ToolOutput) -> list[tuple[str, int, str]]:
    report = json.loads(output.stdout)
    return [(m["messageId"], m["line"], m["message"]) for m in report["messages"]]


def test_without_the_shield_pylint_runs_code_of_the_repository(
    hostile: Path, canary: Path, tmp_path: Path
) -> None:
    execute(tmp_path, ["-m", *PYLINT, "src/app.py"], hostile)
    assert {"init-hook", "isort"} <= set(canary.read_text().split())


def test_under_the_shield_pylint_runs_none_of_it_and_says_the_same(
    hostile: Path, canary: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "empty.cfg"
    settings.touch()
    argv = (*PYLINT, f"--rcfile={settings}", "src/app.py")
    output = shielded(tmp_path, *argv, bare=True)
    assert not canary.exists()
    clean = write(tmp_path / "clean", {"src/app.py": APP, "helper.py": HELPER})
    without = execute(tmp_path, ["-m", *argv], clean)
    assert messages(output) == messages(without)
    # C0411 shows that isort was asked.
    found = [message[0] for message in messages(output)]
    assert {"E0401", "C0121", "W0102", "C0411"} <= set(found)
    assert "Problem importing" not in output.stderr


@pytest.mark.sandbox
def test_pylint_alone_infers_nothing_from_what_is_installed_beside_it(
    tmp_path: Path,
) -> None:
    code = '"""M."""\n\nimport mccabe\n\nmccabe.no_such_name()\n'
    write(tmp_path / "repository", {"app.py": code})
    beside = shielded(tmp_path, *PYLINT, "app.py")
    alone = shielded(tmp_path, *PYLINT, "app.py", bare=True)
    assert [message[0] for message in messages(beside)] == ["E1101"]
    assert [message[0] for message in messages(alone)] == ["E0401"]


def test_a_name_that_stands_on_both_sides_is_loaded_from_outside(
    hostile: Path, canary: Path, tmp_path: Path
) -> None:
    output = statement(
        tmp_path,
        "import tomlkit, dill",
        "print(tomlkit.__file__, dill.__spec__.origin)",
    )
    assert output.exit_status == 0, output.stderr
    assert str(hostile) not in output.stdout
    assert "site-packages" in output.stdout
    assert not canary.exists()


def test_a_module_that_stands_only_in_the_repository_is_found_but_not_loaded(
    hostile: Path, canary: Path, tmp_path: Path
) -> None:
    output = statement(
        tmp_path,
        "from importlib.util import find_spec",
        "print(find_spec('evil_plugin').origin)",
        "import evil_plugin",
    )
    assert output.stdout.strip() == str(hostile / "evil_plugin.py")
    assert "evil_plugin stands only in the graded repository" in output.stderr
    assert not canary.exists()


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["import src.isort"], id="below a folder without __init__"),
        pytest.param(
            [
                "from importlib.util import module_from_spec, spec_from_file_location",
                "spec = spec_from_file_location('plugin', 'evil_plugin.py')",
                "spec.loader.exec_module(module_from_spec(spec))",
            ],
            id="by its file name",
        ),
        pytest.param(
            ["import runpy", "runpy.run_path('evil_plugin.py')"], id="as a script"
        ),
        pytest.param(
            [
                "import os",
                "os.symlink(sys.path[0], '../link')",
                "sys.path[0] = '../link/src'",
                "import evil_plugin",
            ],
            id="through a link",
        ),
        pytest.param(["sys.path[0] = ''", "import evil_plugin"], id="where it stands"),
    ],
)
def test_no_way_into_the_repository_runs_its_code(
    lines: list[str], hostile: Path, canary: Path, tmp_path: Path
) -> None:
    output = statement(tmp_path, *lines)
    assert output.exit_status == 1
    assert "graded repository" in output.stderr
    assert not canary.exists()


def test_metadata_of_the_repository_is_not_seen(tmp_path: Path) -> None:
    write(
        tmp_path / "repository",
        {"evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\n"},
    )
    output = statement(
        tmp_path,
        "from importlib.metadata import distributions",
        "print({d.name for d in distributions()} & {'evil', 'pylint'})",
    )
    assert output.stdout.startswith("{'pylint'}"), output.stderr
