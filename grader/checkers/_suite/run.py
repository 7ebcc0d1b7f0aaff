"""Runs the project's tests once, in a writable copy of the tree; keeps what they leave.

`suite_command` is the one place that says with which interpreter, arguments and
environment; a later issue that builds the repository's own environment replaces it.
"""

import os
import re
import shlex
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._base import Bench
from grader.checkers._suite.interpreter import test_python
from grader.checkers._suite.settings import OwnSettings, sift
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

# As `python -m pytest`: the top of the repository is on the import path, which is what
# `from src.model import …` needs and what courses teach. But pytest, coverage and what
# they use are imported first: a repository's `random.py` must not keep them from it.
_LAUNCHER = """\
import sys
sys.path[:] = [place for place in sys.path if place]
import importlib, os, runpy
for name in ("pytest", "coverage", "pytest_cov.plugin", "pytest_cov.engine"):
    importlib.import_module(name)
from _pytest.config import default_plugins
for name in default_plugins:
    importlib.import_module("_pytest." + name)
sys.path.insert(0, os.getcwd())
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""

# One thread each, so that two groups on one machine don't slow each other down into
# the time limit; no window for a plot; the same hashes, hence sets, every time.
_ENVIRONMENT = {
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


@dataclass(frozen=True)
class Places:
    """Where a run reads and writes: the copy of the tree, our own files beside it."""

    copy: Path
    results: Path

    @property
    def junit(self) -> Path:
        """Pytest's report."""
        return self.results / "junit.xml"

    @property
    def coverage(self) -> Path:
        """Coverage's report."""
        return self.results / "coverage.json"

    @property
    def coverage_settings(self) -> Path:
        """Our settings for coverage, so that the repository's own are not read."""
        return self.results / "coverage.cfg"

    @property
    def no_settings(self) -> Path:
        """An empty pytest.ini, for a repository without one."""
        return self.results / "pytest.ini"


@dataclass(frozen=True)
class SuiteRun:
    """What one run left: how it ended, and the two reports or None for a missing one.

    `copy` is where it ran, to be taken out of messages. `oversized` says that a report
    is larger than the limit on output; it is not read then.
    """

    output: ToolOutput
    copy: Path
    junit: bytes | None = None
    coverage: bytes | None = None
    oversized: bool = False


def run_suite(snapshot: Snapshot, settings: OwnSettings, bench: Bench) -> SuiteRun:
    """Copy the tree, run its tests, read the reports; a failing test is no error."""
    places = _prepare(snapshot, bench)
    argv, environment = suite_command(test_python(bench), snapshot, settings, places)
    if sources := sources_on_path(snapshot, bench, places.copy):
        environment = {**environment, "PYTHONPATH": str(sources)}
    output = bench.run_project(
        argv,
        cwd=places.copy,
        limits=bench.test_limits,
        environment=environment,
        writable=(places.results,),
    )
    limit = bench.test_limits.output_bytes
    sizes = [_size(file) for file in (places.junit, places.coverage)]
    if any(size is not None and size > limit for size in sizes):
        return SuiteRun(output, places.copy, oversized=True)
    return SuiteRun(
        output,
        places.copy,
        junit=None if sizes[0] is None else places.junit.read_bytes(),
        coverage=None if sizes[1] is None else places.coverage.read_bytes(),
    )


def sources_on_path(snapshot: Snapshot, bench: Bench, copy: Path) -> Path | None:
    """The folder that `pip install -e .` would put on the import path, if the project asks.

    Nothing of it is executed, as a build would: the folder is enough for its modules.
    """
    if not bench.environment.has_sources_on_path():
        return None
    has_layout = "src/__init__.py" not in snapshot.files and snapshot.has_folder("src")
    return copy / "src" if has_layout else copy


def suite_command(
    python: str, snapshot: Snapshot, settings: OwnSettings, places: Places
) -> tuple[list[str], Mapping[str, str]]:
    """The command line and the additional environment for the project's tests.

    Ours comes after the student's `addopts`, so that the later word wins.
    """
    folder = str(Path(python).parent) if os.path.dirname(python) else ""
    path = os.environ.get("PATH", os.defpath)
    environment = {
        **_ENVIRONMENT,
        # A test that starts `python` gets the interpreter that runs it.
        "PATH": os.pathsep.join(part for part in (folder, path) if part),
    }
    argv = [
        *(python, "-c", _LAUNCHER),
        *settings_arguments(snapshot, settings),
        *_without_foreign_settings(settings, places),
        # Loaded by name: addopts may switch the loading of plugins off altogether.
        *("-p", "pytest_cov"),
        *measuring_arguments(snapshot),
        *(f"--junitxml={places.junit}", "-o", "junit_logging=no"),
        # xunit1 and not the default xunit2, which leaves out each test's file and line.
        *("-o", "junit_family=xunit1", "--tb=short"),
        *("--cov-branch", f"--cov-config={places.coverage_settings}"),
        f"--cov-report=json:{places.coverage}",
        # Pytest empties this folder; addopts could name one that is somebody's.
        f"--basetemp={places.results / 'basetemp'}",
    ]
    return argv, environment


def settings_arguments(snapshot: Snapshot, settings: OwnSettings) -> list[str]:
    """What replaces the repository's `addopts` where these would end the measuring."""
    sifted = sift(settings.addopts, snapshot)
    if not sifted.changed:
        return []
    return ["-o", f"addopts={shlex.join(sifted.kept)}"]


def measuring_arguments(snapshot: Snapshot) -> list[str]:
    """The arguments that a person needs too, to see the same."""
    return [
        *("--continue-on-collection-errors", "--maxfail=0"),
        *("--cov-reset", f"--cov={source_argument(snapshot)}", "--cov-fail-under=0"),
    ]


def source_argument(snapshot: Snapshot) -> str:
    """What `--cov=` names: `src`, or everything, of which the source files are taken.

    A module at the top can't be named: `--cov=main` counts it only once it is imported.
    """
    return "src" if snapshot.source_roots == ("src",) else "."


def coverage_settings(data_file: Path | None, omit: Sequence[str]) -> list[str]:
    """The lines of our settings for coverage.

    Files in folders without `__init__.py` count too, also those that no test imports.
    """
    return [
        "[run]",
        *([f"data_file = {data_file}"] if data_file else []),
        *(["omit =", *(f"  {pattern}" for pattern in omit)] if omit else []),
        "[report]",
        "include_namespace_packages = true",
    ]


def _without_foreign_settings(settings: OwnSettings, places: Places) -> list[str]:
    # Pytest would look on in the folders above the copy, which are not the student's.
    if settings.file:
        return []
    return ["-c", str(places.no_settings), "--rootdir", str(places.copy)]


def _prepare(snapshot: Snapshot, bench: Bench) -> Places:
    results = bench.scratch / "suite"
    shutil.rmtree(results, ignore_errors=True)
    name = re.sub(r"[^\w.+-]", "_", Path(snapshot.name).name).lstrip(".")
    places = Places(copy=results / "copy" / (name or "repository"), results=results)
    places.copy.mkdir(parents=True)
    _copy(snapshot, places.copy)
    lines = coverage_settings(results / "coverage.data", ())
    places.coverage_settings.write_text("\n".join(lines) + "\n", "utf-8")
    places.no_settings.write_text("[pytest]\n", "utf-8")
    return places


def _copy(snapshot: Snapshot, copy: Path) -> None:
    root = snapshot.root.resolve()
    for path in snapshot.files:
        # A committed cache of pytest's says which tests to skip (`--lf`).
        if ".pytest_cache" in Path(path).parts:
            continue
        source, target = snapshot.root / path, copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            # Elsewhere are the grader's files, and the tree that must stay as it is.
            link = os.readlink(source)
            if not os.path.isabs(link) and source.resolve().is_relative_to(root):
                target.symlink_to(link)
            continue
        shutil.copyfile(source, target)
        executable = source.stat().st_mode & stat.S_IXUSR
        target.chmod(0o755 if executable else 0o644)


def _size(file: Path) -> int | None:
    try:
        status = file.lstat()
    except FileNotFoundError:
        return None
    # The tests can write here as well: no link, no pipe is followed.
    if not stat.S_ISREG(status.st_mode):
        raise CannotMeasure(f"pytest: {file.name} is not a regular file.")
    return status.st_size
