"""Runs without complete results: what the project did, and what is no mark."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from grader.checkers._suite.settings import read_own_settings
from grader.checkers._suite.told import read_events
from grader.errors import CannotMeasure
from grader.sandbox.run import KilledBy
from tests.checkers.suite.conclusions import chosen, conclude, said
from tests.checkers.suite.recordings import (
    FOLDER,
    KEY,
    SMALL,
    STARTED,
    recorded_run,
)
from tests.conftest import MakeSnapshot


@pytest.mark.parametrize(
    ("name", "exit_status", "files", "place", "why"),
    [
        (
            *("conftest", 4, {"tests/conftest.py": ""}, ("tests/conftest.py", 3)),
            "ModuleNotFoundError: No module named 'src.gone'",
        ),
        (
            *("broken-toml", 4, {"pyproject.toml": "[tool"}, ("pyproject.toml", 1)),
            "Expected ']' at the end of a table declaration",
        ),
        (
            *("unknown-option", 4, {"pytest.ini": "[pytest]"}, ("pytest.ini", None)),
            "unrecognized arguments: --no-such-option",
        ),
        ("plugin-raises", 3, {"ours.py": ""}, ("ours.py", 1), "not today"),
        (
            *("setup-cfg", 1, {"setup.cfg": "[pytest]\n"}, ("setup.cfg", None)),
            "section in setup.cfg files is no longer supported",
        ),
    ],
)
def test_settings_that_pytest_refuses_are_the_projects(
    name: str,
    exit_status: int,
    files: Mapping[str, str],
    place: tuple[str, int | None],
    why: str,
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({**SMALL, **files})
    run = recorded_run(name, snapshot, exit_status)
    measured = conclude(run, snapshot, read_own_settings(snapshot))
    assert said(measured) == [("configuration-error", *place)]
    assert why in measured.findings[0].message
    names = ("configuration_errors", "pass_rate", "coverage", "import_errors")
    imports = int(name == "conftest")
    assert list(chosen(measured, *names).values()) == [1, 0, 0, imports]


@pytest.mark.parametrize(
    ("name", "exit_status", "place", "why"),
    [
        ("exit-at-import", 3, ("src/calc.py", 11), "in tests/test_calc.py"),
        # A status of 0 and one passed test: but the second one said "exit".
        ("pytest-exit", 0, ("tests/test_exit.py", 5), "test_exit.py::test_exit"),
        ("segfault", -11, ("tests/test_segfault.py", 5), "SIGSEGV"),
        # The same, as a shell tells it, and some boxes.
        ("segfault", 139, ("tests/test_segfault.py", 5), "SIGSEGV"),
        ("ends-in-a-test", 0, ("tests/test_exit.py", None), "test_exit.py::test_exit"),
        ("ends-at-exit", 0, (None, None), "with status 1, and then"),
        ("clean", 1, (None, None), "with status 0, and then"),
        ("started", 0, (None, None), "before any test"),
        ("started", 1, (None, None), "before any test"),
    ],
)
def test_a_run_that_ends_itself_is_incomplete_and_passes_nothing(
    name: str,
    exit_status: int,
    place: tuple[str | None, int | None],
    why: str,
    make_snapshot: MakeSnapshot,
) -> None:
    files = {"tests/test_segfault.py": "", "tests/test_exit.py": ""}
    snapshot = make_snapshot({**SMALL, **files})
    more = STARTED if name == "started" else b""
    run = recorded_run(name, snapshot, exit_status, more=more)
    measured = conclude(run, snapshot)
    assert said(measured)[0] == ("incomplete", *place)
    assert why in measured.findings[0].message
    names = ("incomplete", "pass_rate", "passed", "coverage", "statements")
    assert list(chosen(measured, *names).values()) == [1, 0, 0, 0, 6]


def test_a_run_that_lost_its_end_is_incomplete(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(SMALL)
    whole = _lines("clean")
    beginning = whole.index(STARTED.strip()) + 1
    for end in range(beginning, len(whole)):
        told = read_events(b"\n".join(whole[:end]), KEY)
        run = replace(recorded_run("clean", snapshot, 0), told=told)
        measured = conclude(run, snapshot)
        assert chosen(measured, "incomplete", "passed", "coverage") == {
            "incomplete": 1,
            "passed": 0,
            "coverage": 0,
        }


def test_a_run_that_lost_a_part_is_incomplete(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(SMALL)
    whole = [line for line in _lines("clean") if line]
    for missing in range(len(whole)):
        told = read_events(b"\n".join(whole[:missing] + whole[missing + 1 :]), KEY)
        run = replace(recorded_run("clean", snapshot, 0), told=told)
        assert conclude(run, snapshot).values["incomplete"] == 1


@pytest.mark.parametrize(
    ("killed_by", "quantity"),
    [
        ("time", "timed_out"),
        ("output", "output_exceeded"),
        ("memory", "memory_exceeded"),
        ("processes", "processes_exceeded"),
        ("disk", "disk_exceeded"),
    ],
)
@pytest.mark.parametrize("name", ["ends-in-a-test", "clean"])
def test_a_run_over_a_limit_is_measured_so_and_no_result_counts(
    killed_by: KilledBy, quantity: str, name: str, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run(name, snapshot, -9, killed_by=killed_by)
    measured = conclude(run, snapshot)
    names = ("pass_rate", "passed", "coverage", "incomplete")
    assert chosen(measured, quantity, *names) == {
        quantity: 1,
        **dict.fromkeys(names, 0),
    }
    if name == "ends-in-a-test":
        assert "in tests/test_exit.py::test_exit" in measured.findings[0].message


# Results that did not arrive, and it is not the project's doing.


@pytest.mark.parametrize(
    ("name", "exit_status", "reason"),
    [
        ("no-pytest-cov", 4, "does not know our options"),
        ("foreign-plugin", 3, "failed inside"),
        # A traceback that names no file of the repository, and settings that are fine.
        ("setup-cfg", 1, "failed before the tests"),
    ],
)
def test_a_crash_that_is_not_the_projects_is_no_mark(
    name: str, exit_status: int, reason: str, make_snapshot: MakeSnapshot
) -> None:
    snapshot = make_snapshot(SMALL)
    # The first was recorded with an older plugin of ours.
    more = STARTED if name == "no-pytest-cov" else b""
    with pytest.raises(CannotMeasure, match=reason):
        conclude(recorded_run(name, snapshot, exit_status, more=more), snapshot)


@pytest.mark.parametrize("exit_status", [0, 1, 2, 4, 126, 127, 139, -6, -9])
@pytest.mark.parametrize(
    ("killed_by", "reason"),
    [
        (None, "were not started"),
        ("time", "were not started within 600 s"),
        ("output", "too much was taken of output"),
        ("memory", "too much was taken of memory"),
        ("processes", "too much was taken of processes"),
        ("disk", "too much was taken of disk"),
    ],
)
def test_a_run_that_never_started_is_no_mark(
    exit_status: int,
    killed_by: KilledBy | None,
    reason: str,
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("nothing", snapshot, exit_status, killed_by=killed_by)
    stderr = f"bwrap: Can't bind mount {snapshot.root}/x: Permission denied\n"
    run = replace(run, output=replace(run.output, stderr=stderr))
    with pytest.raises(CannotMeasure, match=reason) as raised:
        conclude(run, snapshot)
    assert "Can't bind mount x: Permission denied" in raised.value.reason
    assert str(snapshot.root) not in raised.value.reason


def test_what_others_write_does_not_start_a_run(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot(SMALL)
    foreign = STARTED.replace(KEY.encode(), b"f" * 16)
    with pytest.raises(CannotMeasure, match="were not started"):
        conclude(recorded_run("nothing", snapshot, 1, more=foreign), snapshot)


def test_an_end_that_pytest_does_not_know_is_no_mark(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("clean", snapshot, 77)
    run = replace(run, told=replace(run.told, status=77))
    with pytest.raises(CannotMeasure, match="ended in a way we don't know"):
        conclude(run, snapshot)


def test_tests_that_ended_well_without_telling_what_ran_are_no_mark(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot(SMALL)
    run = recorded_run("clean", snapshot, 0)
    with pytest.raises(CannotMeasure, match="told nothing"):
        conclude(replace(run, told=replace(run.told, arcs=None)), snapshot)


def _lines(name: str) -> list[bytes]:
    return (FOLDER / f"{name}.channel.jsonl").read_bytes().splitlines()
