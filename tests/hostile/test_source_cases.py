"""Cases 24 to 38: source code and settings that are hostile to tools.

For each the same holds: nothing of the repository ran, every check came to its end, and
what is said of the two honest files is what is said of them without the rest.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.model.measurement import Failed, Finding, Measured, NotApplicable
from tests.hostile import source_repositories as sources
from tests.hostile.conftest import none_too
from tests.hostile.harness import Arena, Tier, Verdict, commit

# Without a box, code that ran could leave its trace: so there it is looked for as well.
pytestmark = [pytest.mark.sandbox, none_too]

STATIC = (
    *("formatting", "imports", "lint", "logging", "pylint", "complexity", "secrets"),
    *("docstrings", "config-paths", "error-handling"),
)
HONEST_FILES = ("src/calc.py", "src/mean.py")

# What is said of a file because of other files.
_RELATIVE = frozenset({"R0801", "duplicate-code", "own-settings"})

Said = Mapping[str, frozenset[tuple[str, str | None, int | None]]]
_BASELINE: dict[Tier, Said] = {}


def graded(
    arena: Arena,
    build: Callable[[Path], None],
    *,
    seconds: float = 90,
    only: tuple[str, ...] = STATIC,
    limits: Mapping[str, int] | None = None,
) -> Verdict:
    """Grade what a case builds; nothing of it may have run."""
    folder = arena.folder / "group-7"
    build(folder)
    commit(folder)
    verdict = arena.grade(folder, only=only, limits=limits, seconds=seconds)
    trace = sources.canary(folder)
    ran = trace.read_text() if trace.exists() else ""
    if ran:
        arena.tally.escapes += 1
    assert not ran, f"code of the repository ran: {ran}"
    return verdict


def all_measured(verdict: Verdict, *but: str) -> None:
    """Every check came to its end with numbers."""
    outcomes = {item: verdict.outcome(item) for item in STATIC if item not in but}
    troubles = {
        item: outcome.reason
        for item, outcome in outcomes.items()
        if not isinstance(outcome, Measured)
    }
    assert not troubles


def said_of_the_honest(verdict: Verdict) -> Said:
    return {
        item: frozenset(
            (finding.rule, finding.path, finding.line)
            for finding in verdict.findings(item)
            if finding.path in HONEST_FILES and finding.rule not in _RELATIVE
        )
        for item in STATIC
    }


def honest_as_ever(arena: Arena, verdict: Verdict, *but: str) -> None:
    """What is said of the honest files does not depend on what lies beside them.

    `but` are rules for which it does, and rightly.
    """
    if arena.tier not in _BASELINE:
        folder = arena.folder / "group-honest"
        sources.honest(folder)
        commit(folder)
        _BASELINE[arena.tier] = said_of_the_honest(arena.grade(folder, only=STATIC))
    honest = _BASELINE[arena.tier]
    # Each of these tools has something to say of them.
    for item in ("formatting", "imports", "lint", "pylint", "docstrings", "secrets"):
        assert honest[item], f"{item} says nothing of the honest files"
    found = said_of_the_honest(verdict)
    changed = {
        item: sorted(map(str, differing))
        for item in STATIC
        if (
            differing := {
                one for one in found[item] ^ honest[item] if one[0] not in but
            }
        )
    }
    assert not changed


def told(verdict: Verdict, item: str, path: str) -> bool:
    """Whether a check says of a file that it could not be read, by Python or by a tool."""
    measured = verdict.measured(item)
    return any(one.path == path for one in measured.not_measured) or any(
        finding.path == path for finding in measured.findings
    )


def is_partly_measured(verdict: Verdict, item: str) -> bool:
    """Whether the total is provisional, as a file is in no number of a check."""
    return any(
        one.cause == "partly-measured" and item in one.items
        for one in verdict.graded.grade.provisional
    )


def left_out(verdict: Verdict) -> dict[str, str]:
    return {one.path: one.reason for one in verdict.graded.repository.left_out}


def test_24_a_nul_byte_costs_the_file_that_has_it(arena: Arena) -> None:
    verdict = graded(arena, sources.case_24)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for item in ("formatting", "lint", "pylint", "complexity"):
        assert told(verdict, item, "src/nul.py"), item


def test_25_encodings_cost_the_files_that_have_them(arena: Arena) -> None:
    verdict = graded(arena, sources.case_25, seconds=150)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for path in ("src/latin1.py", "src/nonsense.py", "src/utf16.py"):
        assert path in left_out(verdict) or told(verdict, "formatting", path), path


def test_26_expressions_nested_too_deeply_cost_their_files(arena: Arena) -> None:
    verdict = graded(arena, sources.case_26, seconds=150)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for path in sources.TOO_DEEP:
        assert path in left_out(verdict) or told(verdict, "complexity", path), path


def test_27_what_is_too_large_is_left_out_and_listed(arena: Arena) -> None:
    verdict = graded(arena, sources.case_27, seconds=240)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for path in ("src/long_line.py", "src/longish_line.py", "src/large.py"):
        assert "too l" in left_out(verdict)[path], left_out(verdict)


def test_28_nothing_is_evaluated(arena: Arena) -> None:
    verdict = graded(arena, sources.case_28)
    all_measured(verdict)
    honest_as_ever(arena, verdict)


def test_29_text_hostile_to_regular_expressions_takes_no_time(arena: Arena) -> None:
    verdict = graded(
        arena, lambda folder: sources.case_29_text(folder, lines=1), seconds=180
    )
    all_measured(verdict)
    honest_as_ever(arena, verdict)


def test_29_a_file_that_ends_a_tool_costs_no_other_files(arena: Arena) -> None:
    verdict = graded(arena, sources.case_29_formats)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    assert told(verdict, "secrets", "config/date.yaml")


def test_29_a_file_that_takes_all_the_time_is_found_and_told(arena: Arena) -> None:
    # All of the time there is, before it is looked for, and on a busy machine as much again.
    verdict = graded(
        arena, sources.case_29_bomb, seconds=240, limits={"tool_seconds": 60}
    )
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    assert told(verdict, "secrets", "config/bomb.yaml")
    assert is_partly_measured(verdict, "secrets")


def test_29_much_of_it_runs_into_a_limit_which_is_told(arena: Arena) -> None:
    verdict = graded(
        arena,
        lambda folder: sources.case_29(folder, lines=60),
        only=("secrets", "file-presence"),
        limits={"tool_seconds": 3},
    )
    match verdict.outcome("secrets"):
        case Failed(reason=reason):
            assert "did not finish within 3 s" in reason
            assert verdict.graded.grade.has_ungraded_checks
        case _:  # a fast machine finds out in time which file it is
            assert told(verdict, "secrets", "config/bomb.yaml")
            assert is_partly_measured(verdict, "secrets")
    assert isinstance(verdict.outcome("file-presence"), Measured)


def test_30_pylints_settings_run_nothing(arena: Arena) -> None:
    verdict = graded(arena, sources.case_30)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    assert _says_own_settings(verdict, "pylint")


def test_31_modules_of_the_tools_names_are_not_imported(arena: Arena) -> None:
    verdict = graded(arena, sources.case_31)
    all_measured(verdict)
    # In this repository `logging` is the project's own, which has no `info`.
    honest_as_ever(arena, verdict, "no-member")


def test_32_local_plugins_are_not_loaded(arena: Arena) -> None:
    verdict = graded(arena, sources.case_32)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    assert _says_own_settings(verdict, "lint")


def test_33_settings_exclude_nothing(arena: Arena) -> None:
    verdict = graded(arena, sources.case_33)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for item in ("formatting", "imports", "lint", "pylint"):
        assert _says_own_settings(verdict, item), item


def test_34_switches_are_counted_and_shown(arena: Arena) -> None:
    verdict = graded(arena, sources.case_34)
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    for item, path in (
        ("formatting", "src/no_black.py"),
        ("imports", "src/no_isort.py"),
        ("lint", "src/no_flake8.py"),
        ("pylint", "src/no_pylint.py"),
        ("secrets", "src/no_secrets.py"),
    ):
        assert any(f.path == path for f in verdict.findings(item)), (item, path)
    values = verdict.values("secrets", "secrets", "allowlisted")
    assert values["allowlisted"] == 1
    # Every file with the key in it, the one with the comment aside.
    assert values["secrets"] == 1 + len(sources.SWITCHES) - 1


def test_35_settings_that_can_not_be_read_change_nothing(arena: Arena) -> None:
    verdict = graded(arena, sources.case_35)
    all_measured(verdict)
    honest_as_ever(arena, verdict)


def test_36_a_baseline_hides_no_secret_and_runs_nothing(arena: Arena) -> None:
    verdict = graded(arena, sources.case_36)
    all_measured(verdict)
    honest_as_ever(arena, verdict)


@pytest.mark.parametrize("build", [sources.case_37, sources.case_37_empty_files])
def test_37_nothing_to_measure_is_no_full_mark(
    arena: Arena, build: Callable[[Path], None]
) -> None:
    verdict = graded(arena, build)
    marks = {
        item: verdict.outcome(item)
        for item in STATIC
        if not isinstance(verdict.outcome(item), NotApplicable)
    }
    # A file without a secret in it is something to measure, and has been.
    marks.pop("secrets", None)
    assert not marks


def test_38_manifests_run_and_fetch_nothing(arena: Arena) -> None:
    folder = arena.folder / "group-7"
    sources.case_38(folder)
    commit(folder)
    verdict = arena.grade(
        folder, "--environment", "auto", "--offline", only=("coverage", *STATIC)
    )
    assert not sources.canary(folder).exists(), sources.canary(folder).read_text()
    all_measured(verdict)
    honest_as_ever(arena, verdict)
    # What lies outside the repository is not read, and so not shown.
    for text in (verdict.stdout, verdict.html, verdict.markdown, verdict.terminal):
        assert "/bin/bash" not in text
        assert "root:" not in text


def _says_own_settings(verdict: Verdict, item: str) -> list[Finding]:
    return verdict.findings(item, "own-settings")
