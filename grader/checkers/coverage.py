"""Coverage: whether the project's tests pass, and how much of the source they run."""

from collections.abc import Sequence

from coverage.exceptions import ConfigError
from coverage.files import globs_to_regex
from pydantic import field_validator

from grader.checkers._base import (
    Bench,
    Checker,
    Options,
    Result,
    own_settings_finding,
    unparsable_findings,
)
from grader.checkers._signals.look import MUTANT_QUANTITIES, Looked, look
from grader.checkers._suite.ending import cut_short
from grader.checkers._suite.exceeded import Ending
from grader.checkers._suite.facts import QUANTITIES, values
from grader.checkers._suite.findings import (
    NO_TESTS,
    coverage_refusals,
    deselection_findings,
    line_findings,
    other_versions,
    test_findings,
)
from grader.checkers._suite.interpreter import tool_versions
from grader.checkers._suite.lacking import lacking_findings
from grader.checkers._suite.lines import SourceLines, read_lines
from grader.checkers._suite.results import Results
from grader.checkers._suite.run import SuiteRun, run_suite
from grader.checkers._suite.settings import (
    OwnSettings,
    read_own_settings,
    settings_findings,
)
from grader.checkers._suite.shown import shown_command
from grader.checkers._suite.sockets import refuse_without_sockets
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot, is_test_file

_OWN_SETTINGS = (
    *((".coveragerc", ""), (".coveragerc.toml", ""), ("setup.cfg", "[coverage:")),
    *(("tox.ini", "[coverage:"), ("pyproject.toml", "[tool.coverage")),
)


class CoverageOptions(Options):
    """`omit` takes source files out of the coverage: patterns as coverage's own `omit`.

    For entry points, say: `src/main.py`, `*/run.py`, `src/legacy/*`. Without `signals`
    nothing is looked for that deserves a person's look, and the tests run once.
    """

    omit: tuple[str, ...] = ()
    signals: bool = True

    @field_validator("omit")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        try:
            globs_to_regex(patterns)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return patterns


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
    source = "https://pytest-cov.readthedocs.io/"
    tools = ("pytest", "pytest-cov", "coverage")
    mending = "work"
    runs_project = True
    quantities = (*QUANTITIES, *MUTANT_QUANTITIES)

    def measure(
        self, snapshot: Snapshot, options: CoverageOptions, bench: Bench
    ) -> Result:
        """Run the tests and read what they left; without a Python file nothing runs."""
        sources = counted_files(snapshot, options)
        population = _population(snapshot, sources)
        if not snapshot.python_files:
            nothing = {
                **values(Results(), None, SourceLines()),
                **Looked().values,
            }
            return Result(
                Measured(values=nothing, findings=(NO_TESTS,)), population=population
            )
        versions = tool_versions(bench)
        settings = read_own_settings(snapshot)
        run = run_suite(snapshot, settings, bench)
        refuse_without_sockets(run, bench.boxes.for_tests().tier)
        lacking = lacking_findings(run, snapshot, bench)
        ending = cut_short(run, settings, snapshot, bench.test_limits)
        measured = state(run, ending, settings, snapshot, sources)
        other = other_versions(versions, self.tool_versions())
        looked = Looked()
        if options.signals:
            looked = look(snapshot, settings, sources, run, bench)
        return Result(
            Measured(
                values={**measured.values, **looked.values},
                findings=(*lacking, *measured.findings, *other, *looked.notes),
                signals=looked.signals,
            ),
            command=shown_command(snapshot, settings, sources),
            population=population,
        )


def state(
    run: SuiteRun,
    ending: Ending | None,
    settings: OwnSettings,
    snapshot: Snapshot,
    sources: Sequence[str],
) -> Measured:
    """The facts of a run: its numbers, and what to mend, the gravest first."""
    # What ran in a run that broke off is not known: coverage reports at the end.
    arcs = run.told.arcs if ending is None else None
    lines = read_lines(arcs, sources, snapshot)
    results = run.told.results
    return Measured(
        values=values(results, ending, lines),
        findings=(
            *([ending.finding] if ending else []),
            *([NO_TESTS] if not (results or ending) else []),
            *test_findings(run, snapshot),
            *deselection_findings(run),
            *unparsable_findings([snapshot.module(p) for p in lines.unparsable]),
            *coverage_refusals(lines, snapshot),
            *(line_findings(lines) if ending is None else ()),
            *settings_findings(settings, snapshot),
            *own_settings_finding("coverage", _OWN_SETTINGS, snapshot),
        ),
    )


def counted_files(snapshot: Snapshot, options: CoverageOptions) -> tuple[str, ...]:
    """The source files without tests among them and without those the rubric omits.

    Matched against paths within the repository: a pattern can't hit what is above it.
    """
    sources = [path for path in snapshot.source_files if not is_test_file(path)]
    if not options.omit:
        return tuple(sources)
    omitted = globs_to_regex([pattern.removeprefix("./") for pattern in options.omit])
    return tuple(path for path in sources if not omitted.match(path))


def _population(snapshot: Snapshot, sources: Sequence[str]) -> str:
    described = snapshot.describe("source")
    beyond = len(snapshot.source_files) - len(sources)
    if not beyond:
        return described
    return f"{described}; {beyond} of them tests, or omitted by the rubric, don't count"
