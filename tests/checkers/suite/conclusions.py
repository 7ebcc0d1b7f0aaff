"""What the checker makes of a run: measured without running anything."""

from grader.checkers._base import Bench
from grader.checkers._coverage_options import CoverageOptions
from grader.checkers._coverage_work import counted_files, state
from grader.checkers._suite.ending import cut_short
from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.settings import OwnSettings
from grader.checkers.coverage import Coverage
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import Limits


def conclude(
    run: SuiteRun,
    snapshot: Snapshot,
    settings: OwnSettings = OwnSettings(),
    options: CoverageOptions = CoverageOptions(),
) -> Measured:
    """The facts of a run."""
    ending = cut_short(run, settings, snapshot, Limits(seconds=600))
    return state(run, ending, settings, snapshot, counted_files(snapshot, options))


def said(measured: Measured) -> list[tuple[str, str | None, int | None]]:
    """The findings without their texts."""
    return [(f.rule, f.path, f.line) for f in measured.findings]


def chosen(measured: Measured, *names: str) -> dict[str, float]:
    """Some of the values."""
    return {name: measured.values[name] for name in names}


def measure(
    snapshot: Snapshot, bench: Bench, options: CoverageOptions = CoverageOptions()
) -> Measured:
    """Run the tests and measure."""
    outcome = Coverage().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome
