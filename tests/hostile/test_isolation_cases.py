"""Cases 69 and 70, and that no case is missing: what is done where there is no box.

The tests are refused, the rest is graded, and the reason says what to do.
"""

import ast
import os
from pathlib import Path

import pytest

from grader.model.measurement import Failed, Measured, NotApplicable
from tests.hostile.harness import Arena, Verdict, number_of
from tests.hostile.suite_repositories import HONEST, HONEST_TESTS

# Those of git's servers are in tests/submissions: nothing of a repository is run for them.
CASES = (*range(1, 21), *range(24, 65), 69, 70)

sandbox = pytest.mark.sandbox


def all_but_the_tests(verdict: Verdict) -> str:
    """Why the tests were not run, where everything else was graded."""
    outcomes = {check.id: verdict.outcome(check.id) for check in verdict.graded.checks}
    refused = outcomes.pop("coverage")
    assert isinstance(refused, Failed)
    assert len(outcomes) > 10
    for item, outcome in outcomes.items():
        assert isinstance(outcome, Measured | NotApplicable), (item, outcome.reason)
    assert verdict.graded.grade.has_ungraded_checks
    for text in (verdict.html, verdict.markdown, verdict.terminal):
        assert "provisional" in text
    return refused.reason


@sandbox
@pytest.mark.parametrize("tier", ["none"])
def test_69_with_a_token_and_without_isolation_only_the_tests_are_refused(
    arena: Arena,
) -> None:
    verdict = arena.grade(arena.repository(HONEST), has_token=True)
    reason = all_but_the_tests(verdict)
    assert "the project's tests were not run" in reason
    assert "GITHUB_TOKEN" in reason
    # Without the token it is the same repository's tests that are run.
    verdict = arena.grade(
        arena.repository(HONEST, name="group-8"), only=("coverage",), has_token=False
    )
    assert verdict.values("coverage", "passed") == {"passed": HONEST_TESTS}


@sandbox
@pytest.mark.parametrize("tier", ["bubblewrap"])
def test_70_where_bubblewrap_is_refused_only_the_tests_are(arena: Arena) -> None:
    programs = arena.folder / "bin"
    programs.mkdir()
    refused = programs / "bwrap"
    refused.write_text(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"
    )
    refused.chmod(0o755)
    verdict = arena.grade(
        arena.repository(HONEST), variables={"PATH": f"{programs}:{os.environ['PATH']}"}
    )
    reason = all_but_the_tests(verdict)
    assert "Permission denied" in reason
    assert "apparmor_restrict_unprivileged_userns" in reason, "no remedy"
    assert "mlops-grade doctor" in reason


def test_every_case_has_its_tests() -> None:
    here = Path(__file__).parent
    names = [
        node.name
        for file in here.glob("test_*_cases.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name[5:7].isdigit()
    ]
    assert {number_of(name) for name in names} == set(CASES)
