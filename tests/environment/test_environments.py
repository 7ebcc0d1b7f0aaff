"""Whose fault a missing package is, which environment is taken, and the whole path."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import grader
from grader.engine.environment import environment_for
from grader.environment.environments import (
    BuiltEnvironment,
    distribution_of,
    wish_of,
)
from grader.environment.given import GivenInterpreter
from grader.environment.manifests import read_manifests
from grader.environment.provision import Provisioner
from grader.environment.wishes import Provisioned, Wish
from grader.errors import CannotMeasure, GradeError
from grader.model.environment import EnvironmentFacts, Unresolved
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.model.score import Ungraded
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot
from tests.environment.wheels import NOWHERE, Index, only_from


class Provides(Provisioner):
    """A provisioner that answers what a test says, and counts how often it is asked."""

    def __init__(self, answer: Provisioned | CannotMeasure) -> None:
        super().__init__(Path("cache"), Path("home"))
        object.__setattr__(self, "answer", answer)
        object.__setattr__(self, "wishes", [])

    answer: Provisioned | CannotMeasure
    wishes: list[Wish]

    def provide(self, wish: Wish) -> Provisioned:
        self.wishes.append(wish)
        if isinstance(self.answer, CannotMeasure):
            raise self.answer
        return self.answer


def provided(*unresolved: Unresolved) -> Provisioned:
    return Provisioned(
        python=Path("/environment/bin/python"),
        python_version="3.11.7",
        pins=("numpy==1.0",),
        unresolved=unresolved,
        added=("pytest 9.2.0",),
        size_bytes=1024,
    )


def missing(
    name: str, *, is_ours: bool = False, instead: str | None = None
) -> Unresolved:
    return Unresolved(
        name=name,
        requirement=f"{name}==9.9",
        cause="no-wheel" if is_ours else "unknown-version",
        reason=f"the reason for {name}",
        is_ours=is_ours,
        instead=instead,
    )


def built(
    make_snapshot: MakeSnapshot, files: Mapping[str, str], *unresolved: Unresolved
) -> BuiltEnvironment:
    """A built environment of a repository's files."""
    snapshot = make_snapshot(files)
    project = read_manifests(snapshot.root, snapshot.files)
    environment = BuiltEnvironment(lambda: project, Provides(provided(*unresolved)))
    environment.python()
    return environment


DECLARED = {"requirements.txt": "numpy\nscikit-learn\nPillow\npandas==9.9\n"}


@pytest.mark.parametrize("module", ["sklearn", "sklearn.linear_model", "PIL", "numpy"])
def test_what_is_declared_and_still_fails_is_the_projects(
    module: str, make_snapshot: MakeSnapshot
) -> None:
    blame = built(make_snapshot, DECLARED).blame(module)
    assert not blame.is_ours
    assert "is declared, and importing it fails" in blame.reason


def test_what_is_not_declared_is_the_projects_and_the_manifest_is_named(
    make_snapshot: MakeSnapshot,
) -> None:
    blame = built(make_snapshot, DECLARED).blame("yaml")
    assert not blame.is_ours
    assert blame.reason == "pyyaml is not declared in requirements.txt"


def test_without_a_manifest_what_is_missing_is_the_projects(
    make_snapshot: MakeSnapshot,
) -> None:
    blame = built(make_snapshot, {"main.py": ""}).blame("yaml")
    assert not blame.is_ours
    assert "there is no manifest" in blame.reason


def test_what_does_not_exist_is_the_projects_with_the_reason(
    make_snapshot: MakeSnapshot,
) -> None:
    blame = built(make_snapshot, DECLARED, missing("pandas")).blame("pandas.io")
    assert (blame.is_ours, blame.reason) == (False, "the reason for pandas")


def test_what_we_could_not_get_is_ours_with_the_reason(
    make_snapshot: MakeSnapshot,
) -> None:
    environment = built(make_snapshot, DECLARED, missing("scikit-learn", is_ours=True))
    blame = environment.blame("sklearn")
    assert (blame.is_ours, blame.reason) == (True, "the reason for scikit-learn")


def test_what_may_come_with_something_we_could_not_get_is_ours(
    make_snapshot: MakeSnapshot,
) -> None:
    environment = built(make_snapshot, DECLARED, missing("pandas", is_ours=True))
    assert environment.blame("pytz").is_ours
    assert "the reason for pandas" in environment.blame("pytz").reason
    assert not environment.blame("numpy").is_ours


def test_what_was_taken_instead_excuses_nothing_else(
    make_snapshot: MakeSnapshot,
) -> None:
    one = missing("pandas", is_ours=True, instead="2.0")
    assert not built(make_snapshot, DECLARED, one).blame("pytz").is_ours


def test_a_conda_package_that_pypi_lacks_is_ours(make_snapshot: MakeSnapshot) -> None:
    manifest = "dependencies:\n  - numpy\n  - graph-tool\n"
    environment = built(make_snapshot, {"environment.yml": manifest})
    unresolved = environment.facts()
    assert unresolved is not None
    assert [(one.cause, one.is_ours) for one in unresolved.unresolved] == [
        ("not-on-pypi", True)
    ]
    assert environment.blame("graph-tool").is_ours


def test_a_given_interpreter_is_never_the_projects_fault() -> None:
    blame = GivenInterpreter("/usr/bin/python3").blame("pandas")
    assert blame.is_ours
    assert "/usr/bin/python3 lacks it" in blame.reason


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        *(("sklearn.svm", "scikit-learn"), ("PIL", "pillow"), ("cv2", "opencv-python")),
        *(("ruamel_yaml", "ruamel-yaml"), ("Jinja2", "jinja2"), ("attr", "attrs")),
    ],
)
def test_a_module_is_put_down_to_its_distribution(
    module: str, distribution: str
) -> None:
    assert distribution_of(module) == distribution


def test_a_trouble_of_ours_is_raised_each_time_and_stands_in_the_facts(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(DECLARED)
    provisioner = Provides(CannotMeasure("no network"))
    environment = BuiltEnvironment(
        lambda: read_manifests(snapshot.root, snapshot.files), provisioner
    )
    assert environment.facts() is None
    for _ in range(2):
        with pytest.raises(CannotMeasure, match="no network"):
            environment.python()
    assert len(provisioner.wishes) == 1
    facts = environment.facts()
    assert facts is not None
    assert (facts.resolved, facts.notes, facts.declared) == (False, ("no network",), 4)


def test_the_facts_say_what_was_declared_and_what_came_of_it(
    make_snapshot: MakeSnapshot,
) -> None:
    manifest = "name: x\ndependencies:\n  - python=3.11\n  - numpy=1.2.3\n  - pandas\n"
    environment = built(make_snapshot, {"environment.yml": manifest}, missing("pandas"))
    facts = environment.facts()
    assert facts is not None
    assert (facts.mode, facts.manifests) == ("built", ("environment.yml",))
    assert (facts.declared, facts.pinned_share) == (2, 0.5)
    assert facts.python_requested == "==3.11.*"
    assert (facts.python_used, facts.resolved) == ("3.11.7", False)
    assert [one.name for one in facts.unresolved] == ["pandas"]
    assert facts.added == ("pytest 9.2.0",)
    wish = wish_of(environment.project)
    assert wish.python == "==3.11.*"
    assert wish.conda == {"numpy==1.2.3.*", "pandas"}


# Which environment is taken.


@pytest.fixture
def empty(make_snapshot: MakeSnapshot) -> Snapshot:
    return make_snapshot({"main.py": ""})


def test_auto_is_what_the_manifests_declare(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    environment = environment_for(make_snapshot(DECLARED), "auto", tmp_path)
    assert isinstance(environment, BuiltEnvironment)
    assert environment.project.declared == 4
    # Nothing is built before it is asked for.
    assert environment.facts() is None


def test_none_is_the_graders_own_interpreter(empty: Snapshot, tmp_path: Path) -> None:
    environment = environment_for(empty, "none", tmp_path)
    assert environment.python() == sys.executable
    facts = environment.facts()
    assert facts is not None
    assert facts.mode == "grader"


@pytest.mark.parametrize("where", ["bin/python", "Scripts/python.exe"])
def test_a_virtual_environment_is_taken_by_its_own_path_not_its_links(
    where: str, empty: Snapshot, tmp_path: Path
) -> None:
    python = tmp_path / "venv" / where
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    environment = environment_for(empty, str(tmp_path / "venv"), tmp_path)
    assert environment.python() == str(python)


def test_an_interpreter_is_taken_by_path_and_by_name(
    empty: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "bin" / "python3.11"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(python.parent))
    for wanted in (str(python), "python3.11"):
        assert environment_for(empty, wanted, tmp_path).python() == str(python)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_manifest_is_used_instead_of_the_repositorys_own(
    mode: int, make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("dependencies: [polars]\n")
    # Where a file system knows no such bit, every file is executable.
    file.chmod(mode)
    environment = environment_for(make_snapshot(DECLARED), str(file), tmp_path)
    assert isinstance(environment, BuiltEnvironment)
    assert environment.project.declared_names == {"polars"}


@pytest.mark.parametrize("wanted", ["", "Auto", "no/such", "python99", "empty"])
def test_what_is_none_of_these_is_the_users_to_mend(
    wanted: str, empty: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(GradeError, match="no environment, interpreter or man") as error:
        environment_for(empty, wanted, tmp_path)
    assert "auto, none" in error.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [("requirements.txt", b""), ("notes.md", b"# x\n"), ("environment.yml", b"\0\1")],
)
def test_a_file_that_declares_nothing_is_the_users_to_mend(
    name: str, content: bytes, empty: Snapshot, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GradeError, match=f"{name}.* declares no package"):
        environment_for(empty, str(tmp_path / name), tmp_path)


# The whole path, with a pytest that really runs.

WORKING = (
    *("pytest", "pytest-cov", "coverage"),
    *("pluggy", "iniconfig", "packaging", "pygments"),
)
SOURCE = {
    "src/calc.py": "def twice(x):\n    return 2 * x\n",
    "tests/test_calc.py": (
        "from src.calc import twice\n\ndef test_twice():\n    assert twice(2) == 4\n"
    ),
}


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index(tmp_path_factory.mktemp("working"))
    for name in WORKING:
        index.repacked(name)
    index.wheel("polars", "1.0")
    return index


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def online(working: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose packages come from our index and go to our cache."""
    git = Path(shutil.which("git") or "/usr/bin/git").parent
    only_from(working.url, monkeypatch, path=f"{git}{os.pathsep}{os.defpath}")
    monkeypatch.setattr("grader.engine.environment.user_cache", lambda: cache)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that shows whether anybody came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def graded(folder: Path, files: Mapping[str, str | bytes]) -> Report:
    root = folder / "repository"
    for name, content in {**SOURCE, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return grader.grade(root, only=["coverage"])


def measured(report: Report) -> Measured:
    measurement = report.check("coverage").measurement
    assert measurement is not None
    assert isinstance(measurement.outcome, Measured), measurement.outcome
    return measurement.outcome


def facts_of(report: Report) -> EnvironmentFacts:
    assert report.environment is not None
    return report.environment


def said(report: Report) -> str:
    facts = facts_of(report)
    reasons = [one.reason for one in facts.unresolved]
    return "\n".join([*reasons, *(f"{f.path}: {f.message}" for f in facts.findings)])


def installed(report: Report) -> set[str]:
    """What is in the environment besides what runs the tests."""
    names = {pin.partition("==")[0] for pin in facts_of(report).installed}
    return names - set(WORKING)


def test_a_package_that_does_not_exist_is_said_and_the_tests_still_run(
    online: None, tmp_path: Path
) -> None:
    files = {"requirements.txt": "polars\nnonsuch\npolars-two==3\n"}
    tests = "import nonsuch\n\ndef test_it():\n    pass\n"
    report = graded(tmp_path, {**files, "tests/test_more.py": tests})
    assert "nonsuch does not exist" in said(report)
    assert installed(report) == {"polars"}
    outcome = measured(report)
    assert outcome.values["passed"] == 1
    assert outcome.values["collection_errors"] == 1
    (lacking,) = [one for one in outcome.findings if one.rule == "missing-package"]
    assert lacking.message == "The tests need nonsuch: nonsuch does not exist."


@pytest.mark.sandbox
def test_manifests_that_are_odd_are_said_and_the_rest_counts(
    online: None, tmp_path: Path
) -> None:
    report = graded(
        tmp_path,
        {
            "requirements.txt": "polars\n-r a.txt\n".encode("utf-16"),
            "a.txt": "-r requirements.txt\n",
            "requirements-dev.txt": b"# x\n" * 2_000_000,
            "environment.yml": "dependencies: [\n",
        },
    )
    assert "is written in UTF-16" in said(report)
    assert "a.txt: these files name each other" in said(report)
    assert "requirements-dev.txt is over 1 MiB, so it is not read" in said(report)
    assert "environment.yml: this is not YAML" in said(report)
    assert installed(report) == {"polars"}
    assert measured(report).values["passed"] == 1


@pytest.mark.sandbox
def test_nothing_of_a_hostile_manifest_is_obeyed_or_executed(
    online: None, tmp_path: Path, listener: socket.socket
) -> None:
    canary = tmp_path / "canary"
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    touch = f"open({str(canary)!r}, 'w')\n"
    lines = [
        *("polars", f"--extra-index-url http://{host}/simple"),
        *(f"-i http://{host}/simple", f"--find-links http://{host}/"),
        *(f"-e git+http://{host}/x.git#egg=evil", f"evil2 @ http://{host}/e.whl"),
        *("-e .", "./local", "--pre", "--no-binary :all:", f"--proxy http://{host}"),
    ]
    report = graded(
        tmp_path,
        {
            "requirements.txt": "\n".join(lines) + "\n",
            "setup.py": f"{touch}from setuptools import setup\nsetup(name='own')\n",
            "local/setup.py": touch,
            "uv.toml": f'index-url = "http://{host}/simple"\n',
            ".python-version": "3.11 --version\n",
        },
    )
    assert not canary.exists()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert installed(report) == {"polars"}
    assert measured(report).values["passed"] == 1
    for word in ("--extra-index-url", "-e git+http", "evil2 @", "./local"):
        assert word in said(report), word


def test_without_the_network_the_tests_are_not_graded_and_nobody_is_blamed(
    tmp_path: Path, online: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "grader.engine.environment.user_cache", lambda: tmp_path / "empty"
    )
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{NOWHERE}/simple")
    report = graded(tmp_path, {"requirements.txt": "polars\n"})
    result = report.check("coverage").result
    assert isinstance(result, Ungraded)
    assert result.cause == "failed"
    assert "could not be fetched" in result.reason
    assert report.grade.has_ungraded_checks


@pytest.mark.sandbox
def test_what_has_no_wheel_leaves_the_tests_that_need_it_ungraded(
    online: None, working: Index, tmp_path: Path
) -> None:
    working.sdist("from-source", "1.0", "raise SystemExit('setup.py was run')")
    tests = "import from_source\n\ndef test_it():\n    pass\n"
    report = graded(
        tmp_path,
        {"requirements.txt": "from-source\n", "tests/test_more.py": tests},
    )
    result = report.check("coverage").result
    assert isinstance(result, Ungraded)
    assert "from-source can't be had as a wheel" in result.reason
