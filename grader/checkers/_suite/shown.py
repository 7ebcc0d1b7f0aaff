"""The command that shows a person the same numbers."""

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from grader.checkers._suite.command import (
    measuring_arguments,
    session_arguments,
    settings_arguments,
    source_argument,
)
from grader.checkers._suite.places import coverage_settings
from grader.checkers._suite.settings import OwnSettings
from grader.model.snapshot import Snapshot


def shown_command(
    snapshot: Snapshot, settings: OwnSettings, sources: Sequence[str]
) -> str:
    """What a person can type at the top of the repository to see the same numbers.

    Without `--cov-branch`, which would mix lines and branches in the percentage it
    prints.
    """
    lines = coverage_settings(None, _patterns_without(sources, snapshot))
    write = shlex.join(["printf", r"%s\n", *lines])
    run = shlex.join(
        [
            *("python", "-m", "pytest", *settings_arguments(snapshot, settings)),
            *(*session_arguments(), *measuring_arguments(snapshot)),
            *("--cov-config=/tmp/coverage.cfg", "--cov-report=term-missing"),
        ]
    )
    return f"{write} > /tmp/coverage.cfg && MPLBACKEND=Agg {run}"


def _patterns_without(sources: Sequence[str], snapshot: Snapshot) -> list[str]:
    """Patterns for the measured Python files that don't count, whole folders as one."""
    measured = "src/" if source_argument(snapshot) == "src" else ""
    kept_folders = {
        str(parent) for path in sources for parent in PurePosixPath(path).parents
    }
    patterns: dict[str, None] = {}
    for path in snapshot.files:
        if not path.endswith(".py") or path in set(sources):
            continue
        if not path.startswith(measured):
            continue
        folders = [str(parent) for parent in PurePosixPath(path).parents][-2::-1]
        alone = [folder for folder in folders if folder not in kept_folders]
        # A name without a slash would match in every folder.
        single = path if "/" in path else f"./{path}"
        patterns[f"{alone[0]}/*" if alone else single] = None
    return list(patterns)
