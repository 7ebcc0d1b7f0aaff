"""What a run tells: each test that failed, each file that no test reaches."""

from collections.abc import Iterator, Mapping, Sequence

from grader.checkers._suite.lines import FileLines, SourceLines
from grader.checkers._suite.quantities import POOR
from grader.checkers._suite.results import Ended, TestResult
from grader.checkers._suite.run import SuiteRun
from grader.checkers._suite.said import cut, first_line, own_places, reason
from grader.model.measurement import Finding, Tool
from grader.model.snapshot import Snapshot

# A suite of a million parameters must not make a report of a million lines.
MAX_FINDINGS = 200

_BAD: tuple[Ended, ...] = ("failed", "error", "collection-error")
_SHOWN = 5

NO_TESTS = Finding(
    rule="no-tests",
    message="Pytest found no tests.",
    severity="error",
    fix="Add a folder tests/ with files test_*.py and functions test_*().",
)


def test_findings(run: SuiteRun, snapshot: Snapshot) -> tuple[Finding, ...]:
    """The tests that count against the project, then those that count for nothing."""
    results = run.told.results
    bad = [result for result in results.told if result.is_bad]
    unlisted = sum(results.count(kind) for kind in _BAD) - len(bad)
    skipped = [result for result in results.told if result.outcome == "skipped"]
    unexpected = [result for result in results.told if result.outcome == "xpassed"]
    return (
        *_capped([_bad(one, run, snapshot) for one in bad], "failing", unlisted),
        *_capped(
            [_skipped(one, run, snapshot) for one in skipped],
            "skipped",
            results.count("skipped") - len(skipped),
        ),
        *_capped(
            [_unexpected(one, snapshot) for one in unexpected],
            "unexpectedly passing",
            results.count("xpassed") - len(unexpected),
        ),
    )


def deselection_findings(run: SuiteRun) -> tuple[Finding, ...]:
    """A note on tests that options or hooks of the project left out."""
    deselected = run.told.results.deselected
    if not deselected:
        return ()
    cases = sum(deselected.values())
    named = ", ".join(list(deselected)[:_SHOWN])
    more = f" and {len(deselected) - _SHOWN} more" if len(deselected) > _SHOWN else ""
    return (
        Finding(
            rule="tests-deselected",
            message=cut(
                f"{cases} collected {'test was' if cases == 1 else 'tests were'} "
                f"deselected and not run: {named}{more}."
            ),
            severity="info",
        ),
    )


def line_findings(lines: SourceLines) -> tuple[Finding, ...]:
    """The files of which less than half ran, the largest loss first."""
    poor = sorted(
        (file for file in lines.files if file.share < POOR),
        key=lambda file: (file.covered_statements - file.statements, file.path),
    )
    return tuple(_poor(file) for file in poor)


def other_versions(
    used: Mapping[str, str], ours: Sequence[Tool]
) -> tuple[Finding, ...]:
    """A note when the tests' interpreter has other versions than we pin."""
    pinned = {tool.name: tool.version for tool in ours}
    different = [
        f"{name} {version} instead of {pinned[name]}"
        for name, version in used.items()
        if pinned.get(name, version) != version
    ]
    if not different:
        return ()
    return (
        Finding(
            rule="other-versions",
            message=f"The tests were run with {', '.join(different)}.",
            severity="info",
        ),
    )


def coverage_refusals(lines: SourceLines, snapshot: Snapshot) -> tuple[Finding, ...]:
    """The files that Python can parse and coverage can't."""
    return tuple(
        Finding(
            rule="unparsable",
            message="coverage can't parse this file.",
            path=path,
            severity="error",
            fix="Simplify the file until `coverage` can read it.",
        )
        for path in lines.unparsable
        if snapshot.module(path).problem is None
    )


def _bad(result: TestResult, run: SuiteRun, snapshot: Snapshot) -> Finding:
    if result.outcome == "collection-error":
        places = own_places(result.text, run, snapshot)
        return Finding(
            rule="collection-error",
            message=cut(
                f"{result.name} can't be collected: {reason(result.text, run)}"
            ),
            path=places[-1].path if places else _own(result.file, snapshot),
            line=places[-1].line if places else None,
            severity="error",
            fix="None of its tests runs until the file can be imported.",
        )
    said = first_line(result.message, run)
    if result.outcome == "error":
        said = f'failed on {result.phase} with "{said}"'
    return Finding(
        rule="test-failed" if result.outcome == "failed" else "test-error",
        message=cut(f"{result.name}: {said}"),
        path=_own(result.file, snapshot),
        line=result.line if _own(result.file, snapshot) else None,
        severity="error",
        fix="Run `python -m pytest` on this test; mend it or the code that it tests.",
    )


def _skipped(result: TestResult, run: SuiteRun, snapshot: Snapshot) -> Finding:
    why = first_line(result.message, run).removeprefix("Skipped: ")
    return Finding(
        rule="test-skipped",
        message=cut(f"{result.name} was skipped: {why}"),
        path=_own(result.file, snapshot),
        line=result.line if _own(result.file, snapshot) else None,
        severity="info",
    )


def _unexpected(result: TestResult, snapshot: Snapshot) -> Finding:
    return Finding(
        rule="test-xpassed",
        message=cut(f"{result.name} is marked to fail, and passes."),
        path=_own(result.file, snapshot),
        line=result.line if _own(result.file, snapshot) else None,
        severity="info",
        fix="Take the xfail mark away: only then it counts as passed.",
    )


def _poor(file: FileLines) -> Finding:
    missing = file.statements - file.covered_statements
    return Finding(
        rule="low-coverage",
        message=cut(
            f"{missing} of {file.statements} statements never run in the tests: "
            f"lines {file.never_run}"
        ),
        path=file.path,
        fix="Test what these lines do, the most important function first.",
    )


def _own(path: str | None, snapshot: Snapshot) -> str | None:
    return path if path in snapshot.files else None


def _capped(findings: Sequence[Finding], what: str, unlisted: int) -> Iterator[Finding]:
    yield from findings[:MAX_FINDINGS]
    beyond = max(0, len(findings) - MAX_FINDINGS) + unlisted
    if beyond:
        yield Finding(
            rule="more-tests",
            message=f"{beyond} more {what} tests are counted and not listed.",
            severity="info",
        )
