"""What tests missed in their environment: whose fault it is, and how it is told."""

import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from grader.checkers._base import Bench
from grader.checkers._suite.interpreter import Presence
from grader.checkers._suite.lacking import is_lacking, lacking_findings
from grader.environment.given import Blame, GivenInterpreter
from grader.errors import CannotMeasure
from tests.checkers.suite.recordings import SMALL, recorded_run
from tests.conftest import MakeSnapshot


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> GivenInterpreter:
    """An interpreter without any package, whatever is installed beside these tests."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return GivenInterpreter(str(folder / Path(sys.executable).parent.name / "python"))


@pytest.mark.parametrize(
    ("module", "presence", "lacking"),
    [
        ("pandas", "absent", True),
        ("google.cloud.storage", "namespace", True),
        ("sklearn.externals", "present", False),
        ("lib.gone", "absent", False),
        ("features", "absent", False),
        ("wandb", "absent", True),
        ("installed_project", "absent", True),
        ("installed_project.gone", "absent", False),
    ],
)
def test_which_missing_modules_are_our_interpreters_fault(
    module: str, presence: Presence, lacking: bool, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(
        {
            "lib/features.py": "",
            "src/installed_project/__init__.py": "",
            "pyproject.toml": "[build-system]\nrequires = []\n",
            "wandb/run-1/config.yaml": "",
        }
    )
    assert is_lacking(module, presence, snapshot) is lacking


def test_a_package_called_src_is_not_to_be_installed(
    make_snapshot: MakeSnapshot,
) -> None:
    files = ("src/__init__.py", "src/features.py", "setup.py")
    snapshot = make_snapshot(dict.fromkeys(files, ""))
    assert not is_lacking("features", "absent", snapshot)


def test_a_missing_package_is_named_with_the_remedy(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("lacking", snapshot, 1)
    with pytest.raises(CannotMeasure, match="need no_such_package: .*--python"):
        lacking_findings(run, snapshot, bench)


@pytest.mark.parametrize(
    ("message", "plugin"),
    [
        ("E  fixture 'mocker' not found", "pytest-mock"),
        ("async def functions are not natively supported.", "pytest-asyncio"),
        ("'timeout' not found in `markers` configuration option", "pytest-timeout"),
        ("ERROR: Missing required plugins: pytest-spam>=2", "pytest-spam>=2"),
        ("x: error: unrecognized arguments: -n auto", "pytest-xdist"),
        ("ImportError: libGL.so.1: cannot open shared object file", "libGL.so.1"),
    ],
)
def test_a_missing_plugin_is_our_interpreters_fault(
    message: str,
    plugin: str,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    bare: GivenInterpreter,
) -> None:
    snapshot = make_snapshot(SMALL)
    bench = replace(bench, environment=bare)
    run = recorded_run("nothing", snapshot, 4)
    run = replace(run, output=replace(run.output, stderr=message))
    with pytest.raises(CannotMeasure, match=f"need {plugin}: "):
        lacking_findings(run, snapshot, bench)


class Built:
    """An environment that was made from manifests, as far as these tests ask."""

    def __init__(self, ours: frozenset[str]) -> None:
        self.ours = ours

    def python(self) -> str:
        return sys.executable

    def blame(self, name: str) -> Blame:
        return Blame(name in self.ours, f"{name} is not declared")

    def has_sources_on_path(self) -> bool:
        return False

    def facts(self) -> None:
        return None


def test_what_the_project_does_not_declare_is_its_own_fault_and_a_finding(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("lacking", snapshot, 1)
    built = replace(bench, environment=Built(frozenset()))
    (found,) = lacking_findings(run, snapshot, built)
    assert found.rule == "missing-package"
    assert "no_such_package is not declared" in found.message
    ours = replace(bench, environment=Built(frozenset({"no_such_package"})))
    with pytest.raises(CannotMeasure, match="no_such_package"):
        lacking_findings(run, snapshot, ours)


def test_a_missing_library_of_the_system_is_never_the_projects_fault(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("nothing", snapshot, 4)
    said = "ImportError: libGL.so.1: cannot open shared object file"
    run = replace(run, output=replace(run.output, stderr=said))
    built = replace(bench, environment=Built(frozenset()))
    with pytest.raises(CannotMeasure, match=r"libGL\.so\.1 is a library of the system"):
        lacking_findings(run, snapshot, built)
