"""The command line and the environment that the project's tests are run with."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.checkers._suite.places import Places
from grader.checkers._suite.settings import OwnSettings, sift
from grader.model.snapshot import Snapshot

# As `python -m pytest`, with our plugin: the top of the repository is on the import path,
# which is what `from src.model import …` needs and what courses teach. But only once the
# plugin, pytest and coverage, and what they use, are imported.
_LAUNCHER = """\
import sys
sys.path[:] = [sys.argv[1], *(place for place in sys.path if place)]
from mlops_grade_inside.main import main
del sys.path[0]
main(sys.argv[2:])
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


def environment(python: str) -> Mapping[str, str]:
    """What the tests' environment has beside what every program of ours gets."""
    folder = str(Path(python).parent) if os.path.dirname(python) else ""
    path = os.environ.get("PATH", os.defpath)
    return {
        **_ENVIRONMENT,
        # A test that starts `python` gets the interpreter that runs it.
        "PATH": os.pathsep.join(part for part in (folder, path) if part),
    }


def suite_command(
    python: str,
    snapshot: Snapshot,
    settings: OwnSettings,
    places: Places,
    *,
    caller: str | None = None,
    sources: Path | None = None,
    has_coverage: bool = True,
    more: Sequence[str] = (),
) -> list[str]:
    """The command line for the project's tests.

    Ours comes after the student's `addopts`, so that the later word wins. `caller` is a
    module that the plugin makes, `sources` a folder for the end of the import path, `more`
    ends the command.
    """
    return [
        *(python, "-c", _LAUNCHER, str(places.ours), "--key", str(places.key)),
        *(["--caller", caller] if caller else []),
        *(["--sources", str(sources)] if sources else []),
        "--",
        *settings_arguments(snapshot, settings),
        *_without_foreign_settings(settings, places),
        *session_arguments(),
        # The repository's own report would be written wherever its settings say.
        *("--tb=short", "--junitxml="),
        *(_coverage_arguments(snapshot, places) if has_coverage else _NO_COVERAGE),
        # Pytest empties this folder; addopts could name one that is somebody's.
        f"--basetemp={places.basetemp}",
        *more,
    ]


def settings_arguments(snapshot: Snapshot, settings: OwnSettings) -> list[str]:
    """What replaces the repository's `addopts` where these would end the measuring."""
    sifted = sift(settings.addopts, snapshot)
    if not sifted.changed:
        return []
    return ["-o", f"addopts={shlex.join(sifted.kept)}"]


def session_arguments() -> list[str]:
    """So that every test is run."""
    return ["--continue-on-collection-errors", "--maxfail=0"]


def measuring_arguments(snapshot: Snapshot) -> list[str]:
    """The arguments for coverage that a person needs too, to see the same."""
    return ["--cov-reset", f"--cov={source_argument(snapshot)}", "--cov-fail-under=0"]


def source_argument(snapshot: Snapshot) -> str:
    """What `--cov=` names: `src`, or everything, of which the source files are taken.

    A module at the top can't be named: `--cov=main` counts it only once it is imported.
    """
    return "src" if snapshot.source_roots == ("src",) else "."


# The plugin is there for the `addopts` that name its options.
_NO_COVERAGE = ("-p", "pytest_cov", "--cov-reset", "--no-cov")


def _coverage_arguments(snapshot: Snapshot, places: Places) -> list[str]:
    return [
        # Loaded by name: addopts may switch the loading of plugins off altogether.
        *("-p", "pytest_cov"),
        *measuring_arguments(snapshot),
        *("--cov-branch", f"--cov-config={places.coverage_settings}"),
        # No report: what ran is told over the channel.
        "--cov-report=",
    ]


def _without_foreign_settings(settings: OwnSettings, places: Places) -> list[str]:
    # Pytest would look on in the folders above the copy, which are not the student's.
    root = ["--rootdir", str(places.copy), "--confcutdir", str(places.copy)]
    return root if settings.file else ["-c", str(places.no_settings), *root]
