"""Runs the project's tests, in a writable copy of the tree; keeps what the run told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.checkers._base import Bench
from grader.checkers._suite.command import environment, suite_command
from grader.checkers._suite.interpreter import test_python
from grader.checkers._suite.places import prepare
from grader.checkers._suite.settings import OwnSettings
from grader.checkers._suite.told import Told, read_events
from grader.model.snapshot import Snapshot
from grader.sandbox.remove import remove_tree
from grader.sandbox.run import ToolOutput


@dataclass(frozen=True)
class Variation:
    """What is other than in the graded run, which has the empty one.

    `files` are texts by path that the copy has in addition, or instead of its own.
    `arguments` end pytest's command line: options such as `--noconftest`, tests to run.
    `seconds` replace the limit on time, where they are less. `caller` is the name of a
    module whose `called(number)` changed code may call; see `TestResult.calls`.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    seconds: float | None = None
    has_coverage: bool = True
    caller: str | None = None


@dataclass(frozen=True)
class SuiteRun:
    """How one run ended, and what it told.

    `copy` is where it ran, to be taken out of messages.
    """

    output: ToolOutput
    copy: Path
    told: Told

    @property
    def is_complete(self) -> bool:
        """Whether the session came to its end, and everything that it told arrived."""
        return (
            self.output.killed_by is None
            and self.told.status is not None
            and self.told.status == self.output.exit_status
            and self.told.stopped is None
            and not self.told.lost
        )


def run_suite(
    snapshot: Snapshot,
    settings: OwnSettings,
    bench: Bench,
    *,
    variation: Variation = Variation(),
) -> SuiteRun:
    """Copy the tree, run its tests, read what they told; a failing test is no error.

    Each run starts from a fresh copy in the same place: tests can't tell one from another.
    """
    # What an earlier run has left in its HOME.
    remove_tree(bench.scratch / "project-home")
    places, key = prepare(snapshot, bench.scratch, variation.files)
    python = test_python(bench)
    limits = bench.test_limits
    if variation.seconds is not None:
        limits = replace(limits, seconds=min(limits.seconds, variation.seconds))
    output = bench.run_project(
        suite_command(
            python,
            snapshot,
            settings,
            places,
            caller=variation.caller,
            sources=sources_on_path(snapshot, bench, places.copy),
            has_coverage=variation.has_coverage,
            more=variation.arguments,
        ),
        cwd=places.copy,
        limits=limits,
        environment=environment(python),
        readable=(places.ours,),
        writable=(places.writable,),
        has_channel=True,
    )
    return SuiteRun(output, places.copy, read_events(output.channel, key))


def sources_on_path(snapshot: Snapshot, bench: Bench, copy: Path) -> Path | None:
    """The folder that `pip install -e .` would put on the import path, if the project asks.

    Nothing of it is executed, as a build would: the folder is enough for its modules.
    """
    if not bench.environment.has_sources_on_path():
        return None
    has_layout = "src/__init__.py" not in snapshot.files and snapshot.has_folder("src")
    return copy / "src" if has_layout else copy
