"""Coverage: whether the project's tests pass, and how much of the source they run."""

from grader.checkers._base import Bench, Checker, Result
from grader.checkers._coverage_options import CoverageOptions
from grader.checkers._signals.quantities import MUTANT_QUANTITIES
from grader.checkers._suite.quantities import QUANTITIES
from grader.model.snapshot import Snapshot


class Coverage(Checker[CoverageOptions]):
    """Tests that pass, and the share of the source that they run.

    Why it matters
        A test that passes is a promise about the code it runs. Code that no test runs
        can break without anybody noticing, and nobody dares to change it.

    How it is measured
        `python -m pytest` with pytest-cov in a copy of the repository, as in a fresh
        clone: what git doesn't track isn't there. The repository's own pytest settings
        hold, except where they would stop early, run no test or switch the measuring
        off. The results are those that pytest reports, told to the grader over a pipe;
        no file that the tests could write is read. `pass_rate` is the mean over the
        test functions of the share of each one's cases that passed, so that a test with
        2,000 parameters weighs as one; a file that can't be collected is one of which
        nothing passed. Skipped tests and those marked with xfail are left out, also
        where such a one passes. `coverage` is the share of the statements in the source
        files that ran, and a file that no test imports counts with all of its
        statements; which statements there are is read from the files as handed in. If
        the run does not come to its end, both are 0.
        Then the tests run again, for at most twice as long in all: a few covered
        functions lose their bodies, tests with known outcomes are put among the
        project's, and the conftest.py files are left out. What deserves a person's look
        is told under "Please look" and changes no mark.

    What it does not see
        Whether the tests check anything: a test without an assertion passes. The tests
        share the interpreter with what reports on them, so every number is as reported
        by the project's own suite. Code that tests start as another process is not
        counted as run, nor are lines marked `pragma: no cover` counted at all. Of a
        test function the first thousand cases are told one by one, the others counted.

    How to fix
        Run `python -m pytest --cov=src --cov-report=term-missing` at the top of a fresh
        clone. Mend what fails, then test the functions whose lines it lists as missing,
        the most important first.
    """

    id = "coverage"
    typical_s = 20.0
    source = "https://pytest-cov.readthedocs.io/"
    tools = ("pytest", "pytest-cov", "coverage")
    mending = "work"
    runs_project = True
    quantities = (*QUANTITIES, *MUTANT_QUANTITIES)

    def reads(self, snapshot: Snapshot, options: CoverageOptions) -> tuple[str, ...]:
        """Every file: a test may read any. The copy that it runs in has no commits."""
        return snapshot.files

    def measure(
        self, snapshot: Snapshot, options: CoverageOptions, bench: Bench
    ) -> Result:
        """Run the tests and read what they left; without a Python file nothing runs."""
        # Imported late: see there.
        from grader.checkers._coverage_work import run_and_read

        return run_and_read(snapshot, options, self.tool_versions(), bench)
