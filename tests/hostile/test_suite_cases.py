"""Cases 39 to 60: test suites that are hostile, and honest ones that only look odd."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from grader.model.measurement import Failed, Measured
from tests.hostile import suite_repositories as suites
from tests.hostile.conftest import none_too
from tests.hostile.harness import Arena, Tier, Verdict
from tests.hostile.suite_repositories import FAILING_TESTS, HONEST, HONEST_TESTS

pytestmark = pytest.mark.sandbox

COVERAGE = ("coverage",)
# For a case that is not about signals: the tests run once.
ONCE = "--no-signals"
# What a suite that was stopped or broke off earns.
NOTHING = {"pass_rate": 0.0, "coverage": 0.0}


def suite(verdict: Verdict) -> Measured:
    return verdict.measured("coverage")


def numbers(verdict: Verdict, *names: str) -> dict[str, float]:
    return verdict.values("coverage", *names)


def said(verdict: Verdict) -> str:
    return "\n".join(finding.message for finding in suite(verdict).findings)


def forged(arena: Arena, name: str, verdict: Verdict) -> None:
    """A forgery is either told by a signal, or has changed nothing in the numbers."""
    arena.forgery(name, bool(verdict.signals))
    assert verdict.signals, f"{name} was not flagged: {dict(suite(verdict).values)}"


# Limits.


@none_too
@pytest.mark.parametrize("name", suites.ENDLESS)
def test_39_a_suite_without_end_is_stopped_and_the_test_named(
    arena: Arena, name: str
) -> None:
    repository = arena.repository(suites.with_tests(suites.ENDLESS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, limits={"test_seconds": 5})
    assert numbers(verdict, "timed_out", "pass_rate", "coverage") == {
        "timed_out": 1,
        **NOTHING,
    }
    [finding] = verdict.findings("coverage", "timed-out")
    assert "5 s" in finding.message
    assert "test_never_ends" in finding.message


@pytest.mark.parametrize("name", suites.FORK_BOMBS)
def test_40_a_fork_bomb_is_stopped_and_the_test_named(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.FORK_BOMBS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, seconds=90)
    assert numbers(verdict, "processes_exceeded", "pass_rate", "coverage") == {
        "processes_exceeded": 1,
        **NOTHING,
    }
    assert "test_forks" in said(verdict)


@pytest.mark.parametrize("name", suites.MEMORY_BOMBS)
def test_41_memory_is_that_of_the_whole_tree(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.MEMORY_BOMBS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, seconds=90)
    values = numbers(verdict, "memory_exceeded", "failed", "pass_rate")
    if name == "memfd" and arena.tier != "none":
        # In a box there are no files in memory at all.
        assert (values["memory_exceeded"], values["failed"]) == (0, 1)
    else:
        assert values["memory_exceeded"] == 1
        assert values["pass_rate"] == 0
    assert "test_fills_the_memory" in said(verdict)


@pytest.mark.parametrize("name", suites.DISK_BOMBS)
def test_42_a_full_disk_is_the_groups_own(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.DISK_BOMBS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, seconds=90)
    # A file beyond the limit fails to be written, a folder of them ends the run, and a test
    # may have time for both; what is there when it ends is removed, however it was left.
    values = numbers(verdict, "disk_exceeded", "failed", "pass_rate")
    assert values["disk_exceeded"] or values["failed"], values
    assert values["pass_rate"] < 1
    assert "test_fills_the_disk" in said(verdict)


@none_too
@pytest.mark.parametrize("name", suites.LOUD)
def test_43_a_gigabyte_of_output_is_cut(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.LOUD[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, seconds=90)
    # What is captured is on the disk first.
    values = numbers(verdict, "output_exceeded", "disk_exceeded", "failed", "pass_rate")
    has_stopped = values["output_exceeded"] + values["disk_exceeded"] + values["failed"]
    if name == "past-the-capture":
        assert values["output_exceeded"] == 1
    assert has_stopped >= 1 or arena.tier == "none", values
    assert "test_is_loud" in said(verdict) or arena.tier == "none"
    for text in (verdict.stdout, verdict.html, verdict.markdown, verdict.terminal):
        assert len(text) < 2**20


@none_too
def test_43_what_is_not_text_is_shown_as_such(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.UNREADABLE))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    assert numbers(verdict, "passed", "failed", "incomplete") == {
        "passed": HONEST_TESTS + 1,
        "failed": 2,
        "incomplete": 0,
    }
    assert r"\x1b[2J" in verdict.html


@none_too
@pytest.mark.parametrize("name", suites.DAEMONS)
def test_44_a_daemon_ends_with_its_suite(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.DAEMONS[name]))
    # The daemons go on for 15 s: nobody waits for them.
    verdict = arena.grade(repository, ONCE, only=COVERAGE, seconds=60)
    assert numbers(verdict, "passed", "failed", "timed_out", "incomplete") == {
        "passed": HONEST_TESTS + 1,
        **dict.fromkeys(("failed", "timed_out", "incomplete"), 0),
    }


# The machine and the others on it.


def test_45_nothing_of_the_user_or_of_other_groups_can_be_read(arena: Arena) -> None:
    neighbour = str(arena.neighbour)
    repository = arena.repository(suites.curious(arena.traps, neighbour))
    verdict = arena.grade(repository, only=COVERAGE)
    assert numbers(verdict, "failed", "errors", "incomplete") == {
        **dict.fromkeys(("failed", "errors", "incomplete"), 0)
    }, said(verdict)
    assert suite(verdict).values["passed"] > HONEST_TESTS


def test_46_nobody_can_be_reached(arena: Arena) -> None:
    repository = arena.repository(suites.talkative(arena.traps))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    assert numbers(verdict, "failed", "errors", "incomplete") == {
        **dict.fromkeys(("failed", "errors", "incomplete"), 0)
    }, said(verdict)
    assert suite(verdict).values["passed"] > HONEST_TESTS


def test_47_nothing_outside_can_be_changed(arena: Arena) -> None:
    places = ("/tmp", "/var/tmp", "/dev/shm", "/run", sys.prefix, *_packages())
    original = arena.folder / "group-7"
    arena.repository(suites.vandal(arena.traps, str(original), places))
    verdict = arena.grade(original, ONCE, only=COVERAGE)
    left = [
        str(path) for place in places for path in Path(place).glob(f"{suites.TRACE}*")
    ]
    for path in map(Path, left):
        path.rmdir() if path.is_dir() else path.unlink()
    arena.tally.escapes += len(left)
    assert not left
    assert numbers(verdict, "passed", "failed", "incomplete") == {
        "passed": HONEST_TESTS + 2,
        "failed": 0,
        "incomplete": 0,
    }, said(verdict)


def _packages() -> tuple[str, ...]:
    return (str(Path(pytest.__file__).parent), str(Path(pytest.__file__).parents[1]))


def test_48_no_namespace_no_tracing_no_signal_to_others(arena: Arena) -> None:
    repository = arena.repository(suites.restless(arena.traps, kills=False))
    verdict = arena.grade(repository, only=COVERAGE)
    assert numbers(verdict, "failed", "errors", "incomplete") == {
        **dict.fromkeys(("failed", "errors", "incomplete"), 0)
    }, said(verdict)
    # Only now, when nobody outside has heard anything, is it meant.
    deadly = suites.restless(arena.traps, kills=True)
    killing = arena.repository(deadly, name="group-8")
    verdict = arena.grade(killing, only=COVERAGE)
    assert suite(verdict).values["passed"] <= HONEST_TESTS + 6


# Suites that end themselves.


@none_too
@pytest.mark.parametrize("name", suites.ENDINGS)
def test_49_a_suite_that_ends_itself_is_incomplete(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.with_tests(suites.ENDINGS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    assert numbers(verdict, "incomplete", "pass_rate", "coverage") == {
        "incomplete": 1,
        **NOTHING,
    }
    [finding] = verdict.findings("coverage", "incomplete")
    where = f"{finding.message} {finding.path}"
    assert "test_hostile.py" in where
    if name != "exit-at-import":
        assert "test_ends_everything" in finding.message


@none_too
def test_49_an_exit_status_of_its_own_does_not_hide_a_failure(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.AT_EXIT))
    verdict = arena.grade(repository, only=COVERAGE)
    values = numbers(verdict, "incomplete", "failed", "pass_rate")
    assert values["pass_rate"] < 1
    assert values["incomplete"] or values["failed"] == 1, values
    assert values["incomplete"] or verdict.signals, "the exit status was not looked at"


@none_too
def test_50_leaving_python_in_a_test_fails_that_test(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.EXIT_IN_A_TEST))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    assert numbers(verdict, "passed", "failed", "incomplete") == {
        "passed": HONEST_TESTS + 1,
        "failed": 1,
        "incomplete": 0,
    }


def test_50_leaving_python_at_import_is_no_pass(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.EXIT_AT_IMPORT))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    values = numbers(verdict, "incomplete", "collection_errors", "pass_rate")
    assert values["incomplete"] + values["collection_errors"] == 1
    assert values["pass_rate"] < 1
    assert (
        "test_hostile.py" in f"{[(f.message, f.path) for f in suite(verdict).findings]}"
    )


@pytest.mark.parametrize("name", suites.PYTEST_EXITS)
def test_50_leaving_pytest_is_incomplete_and_the_test_named(
    arena: Arena, name: str
) -> None:
    repository = arena.repository(suites.with_tests(suites.PYTEST_EXITS[name]))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    assert numbers(verdict, "incomplete", "pass_rate", "coverage") == {
        "incomplete": 1,
        **NOTHING,
    }
    assert "test_ends_everything" in said(verdict)


# Results that are not what happened.


@pytest.mark.parametrize("name", suites.FORGERIES)
def test_51_a_forged_result_is_flagged(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.FORGERIES[name])
    verdict = arena.grade(repository, only=COVERAGE)
    forged(arena, name, verdict)


def test_52_forged_events_are_flagged_or_count_for_nothing(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.FORGED_EVENTS))
    verdict = arena.grade(repository, only=COVERAGE)
    values = suite(verdict).values
    assert values["pass_rate"] < 1
    assert values["incomplete"] or values["passed"] <= HONEST_TESTS + 1
    assert values["incomplete"] or values["failed"] == 1
    forged(arena, "forged events", verdict)


def test_52_events_that_were_changed_on_their_way_are_flagged(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.REPLAYED_EVENTS))
    verdict = arena.grade(repository, only=COVERAGE)
    forged(arena, "changed events", verdict)


@pytest.mark.parametrize("name", suites.LEFT_OUT)
def test_53_what_was_not_run_has_not_passed(arena: Arena, name: str) -> None:
    repository = arena.repository(suites.LEFT_OUT[name])
    verdict = arena.grade(repository, only=COVERAGE)
    values = suite(verdict).values
    assert values["passed"] == HONEST_TESTS
    counted = {"deselected": "deselected", "skipped": "skipped", "xfailed": "xfailed"}
    if name in counted:
        assert values[counted[name]] == FAILING_TESTS
    else:
        # Nothing was reported on them: fewer tests were collected than are written.
        forged(arena, name, verdict)


def test_53_without_our_plugin_nothing_has_passed(arena: Arena) -> None:
    repository = arena.repository(suites.UNREGISTERED)
    verdict = arena.grade(repository, only=COVERAGE)
    assert suite(verdict).values["pass_rate"] < 1
    assert suite(verdict).values["incomplete"] or verdict.signals
    arena.forgery("unregistered plugin", True)


# Too many, too long, names of others.


def test_54_a_million_tests_run_into_a_limit(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.MILLION))
    verdict = arena.grade(repository, ONCE, only=COVERAGE, limits={"test_seconds": 15})
    flags = ("timed_out", "output_exceeded", "memory_exceeded", "incomplete")
    assert sum(numbers(verdict, *flags).values()) == 1
    assert suite(verdict).values["pass_rate"] == 0


def test_54_ids_of_a_megabyte_do_not_fill_the_reports(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.LONG_IDS))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    values = numbers(verdict, "output_exceeded", "incomplete", "failed")
    assert sum(values.values()) >= 1
    for text in (verdict.stdout, verdict.html, verdict.markdown, verdict.terminal):
        assert len(text) < 2**20


def test_54_two_thousand_parameters_weigh_as_one_test(arena: Arena) -> None:
    repository = arena.repository(suites.with_tests(suites.MANY_CASES))
    verdict = arena.grade(repository, ONCE, only=COVERAGE)
    values = numbers(verdict, "test_functions", "passed", "failed", "pass_rate")
    assert values["test_functions"] == HONEST_TESTS + 2
    assert values["pass_rate"] == (HONEST_TESTS + 1) / (HONEST_TESTS + 2)


def test_55_modules_of_somebody_elses_name_change_nothing(arena: Arena) -> None:
    verdict = arena.grade(arena.repository(suites.NAMESAKES))
    values = numbers(verdict, "passed", "failed", "collection_errors", "incomplete")
    assert values == {
        "passed": HONEST_TESTS,
        **dict.fromkeys(("failed", "collection_errors", "incomplete"), 0),
    }, said(verdict)
    failed = [
        check.id for check in verdict.graded.checks if _has_failed(verdict, check.id)
    ]
    assert not failed


def _has_failed(verdict: Verdict, item: str) -> bool:
    return verdict.outcome(item).kind == "failed"


@pytest.mark.parametrize("name", suites.own_settings(""))
def test_56_settings_do_not_decide_what_is_measured(arena: Arena, name: str) -> None:
    files = suites.own_settings(str(arena.traps.outside))[name]
    verdict = arena.grade(arena.repository(files), ONCE, only=COVERAGE)
    values = suite(verdict).values
    if values["configuration_errors"]:
        # Refused as it would be in a fresh clone: nothing passes.
        assert values["pass_rate"] == 0
        return
    if name == "selects":
        # What they leave out is theirs to leave out, and is not counted as passed.
        assert values["passed"] <= HONEST_TESTS
        return
    assert (values["passed"], values["failed"]) == (HONEST_TESTS, FAILING_TESTS)
    assert values["incomplete"] == 0
    assert 0 < values["coverage"] < 1


@pytest.mark.parametrize("name", suites.FORGED_COVERAGE)
def test_57_forged_coverage_is_flagged(arena: Arena, name: str) -> None:
    honest = _honest_coverage(arena)
    verdict = arena.grade(
        arena.repository(suites.FORGED_COVERAGE[name], name="group-8"), only=COVERAGE
    )
    values = numbers(verdict, "statements", "branches")
    # The denominator is computed from what was handed in, whatever the tests do to it.
    assert values == {name: honest[name] for name in values}
    forged(arena, f"coverage: {name}", verdict)


def test_57_coverage_data_of_the_repository_is_not_read(arena: Arena) -> None:
    honest = _honest_coverage(arena)
    repository = arena.repository(suites.COMMITTED_COVERAGE, name="group-8")
    verdict = arena.grade(repository, only=COVERAGE)
    assert numbers(verdict, *honest) == honest


_HONEST: dict[Tier, Mapping[str, float]] = {}


def _honest_coverage(arena: Arena) -> Mapping[str, float]:
    """The numbers of the project without anything hostile, once a tier."""
    if arena.tier not in _HONEST:
        verdict = arena.grade(arena.repository(HONEST), only=COVERAGE)
        names = ("statements", "branches", "coverage", "passed")
        _HONEST[arena.tier] = numbers(verdict, *names)
    return _HONEST[arena.tier]


@pytest.mark.parametrize("name", suites.GARBAGE)
def test_58_garbage_on_the_channel_is_not_taken_for_results(
    arena: Arena, name: str
) -> None:
    repository = arena.repository(
        suites.with_tests(f"{suites.GARBAGE[name]}\n\n{suites.FAILING}")
    )
    verdict = arena.grade(repository, only=COVERAGE)
    values = suite(verdict).values
    assert values["pass_rate"] < 1
    is_told = values["incomplete"] or values["output_exceeded"] or verdict.signals
    assert is_told, dict(values)
    arena.forgery(f"garbage: {name}", bool(is_told))


def test_59_tests_without_assertions_notice_no_mutant(arena: Arena) -> None:
    # The runs for the signals have twice the suite's own time: where the machine becomes busy
    # in between, nothing of it is left for mutants, and none are told of.
    for _ in range(3):
        verdict = arena.grade(arena.repository(suites.NO_ASSERTIONS), only=COVERAGE)
        if "mutants" in verdict.measured("coverage").values:
            break
    values = numbers(verdict, "passed", "mutants", "surviving_mutants")
    assert values["passed"] == 3
    assert values["mutants"] > 0
    assert values["surviving_mutants"] == values["mutants"]
    assert any("mutant" in signal.rule for signal in verdict.signals)


# Honest, though odd.


@pytest.mark.parametrize("name", suites.ODDITIES)
def test_60_what_is_honest_is_not_flagged(arena: Arena, name: str) -> None:
    files, counts = suites.ODDITIES[name]
    verdict = arena.grade(arena.repository(files), only=COVERAGE)
    if arena.tier == "landlock" and name == suites.SERVER:
        # This tier has no sockets: that is our failure, and neither a mark nor a signal.
        outcome = verdict.outcome("coverage")
        assert isinstance(outcome, Failed)
        assert "socket" in outcome.reason
        arena.oddity(name, False)
        return
    _is_not_flagged(arena, name, verdict)
    _has_counts(verdict, _together([counts]), is_flaky=name == suites.FLAKY)


def test_60_all_that_is_odd_at_once_is_not_flagged(arena: Arena) -> None:
    together = [
        oddity
        for name, oddity in suites.ODDITIES.items()
        if not (arena.tier == "landlock" and name == suites.SERVER)
    ]
    files = {path: text for more, _ in together for path, text in more.items()}
    verdict = arena.grade(arena.repository(files))
    _is_not_flagged(arena, "all at once", verdict)
    _has_counts(verdict, _together([counts for _, counts in together]), is_flaky=True)


def _is_not_flagged(arena: Arena, name: str, verdict: Verdict) -> None:
    arena.oddity(name, bool(verdict.signals))
    assert not verdict.signals, [(s.rule, s.message, s.path) for s in verdict.signals]


def _together(counts: Sequence[Mapping[str, int]]) -> Mapping[str, int]:
    """The counts of some oddities together, with the honest tests."""
    names = ("collection_errors", "skipped", "xfailed", "errors", "passed", "failed")
    total = {name: sum(more.get(name, 0) for more in counts) for name in names}
    return {**total, "passed": total["passed"] + HONEST_TESTS}


def _has_counts(
    verdict: Verdict, expected: Mapping[str, int], *, is_flaky: bool
) -> None:
    values = numbers(verdict, *expected, "incomplete")
    exact = {name: count for name, count in expected.items() if name not in _EITHER}
    assert values | exact | {"incomplete": 0} == values, said(verdict)
    # The flaky test ends one way or the other, and is counted once.
    more = {name: values[name] - expected[name] for name in _EITHER}
    assert sorted(more.values()) == [0, int(is_flaky)], said(verdict)


_EITHER = ("passed", "failed")
