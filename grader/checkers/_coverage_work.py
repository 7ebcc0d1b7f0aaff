"""The work of the coverage check: the tests are run, and what they left is read.

Apart from the checker: pytest, coverage and all that reads the tests load slowly, and where
the tests of a project need no run nobody needs them.
"""

from collections.abc import Sequence

from coverage.files import globs_to_regex

from grader.checkers._base import (
    Bench,
    Result,
    own_settings_finding,
    unparsable_findings,
)
from grader.checkers._coverage_options import CoverageOptions
from grader.checkers._signals.look import Looked, look
from grader.checkers._suite.ending import cut_short
from grader.checkers._suite.exceeded import Ending
from grader.checkers._suite.facts import values
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
from grader.model.measurement import Measured, Tool
from grader.model.snapshot import Snapshot, is_test_file

_OWN_SETTINGS = (
    *((".coveragerc", ""), (".coveragerc.toml", ""), ("setup.cfg", "[coverage:")),
    *(("tox.ini", "[coverage:"), ("pyproject.toml", "[tool.coverage")),
)


def run_and_read(
    snapshot: Snapshot, options: CoverageOptions, ours: Sequence[Tool], bench: Bench
) -> Result:
    """What the tests come to; without a Python file nothing runs.

    `ours` are the versions of what runs them where the project brings none.
    """
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
    other = other_versions(versions, ours)
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
        # How far a run came that was ended depends on what else the machine did.
        settled=ending is None and not looked.notes,
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
