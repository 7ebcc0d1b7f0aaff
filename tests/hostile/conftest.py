"""The tiers that work here, an arena for each case, and the figures at the end.

With MLOPS_GRADE_REQUIRE_SANDBOX=1 a machine where no tier works is a failure, and so is one
where the tier that is asked for with --tier does not.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from pydantic import TypeAdapter

from grader.sandbox.choose import trials
from tests.hostile.harness import (
    TIERS,
    Arena,
    Servers,
    Tally,
    Tier,
    new_folder,
    number_of,
    remove,
)

_TALLIES = pytest.StashKey[dict[Tier, Tally]]()
_TROUBLES = pytest.StashKey[dict[Tier, str]]()
_BY_TIER = TypeAdapter(dict[Tier, Tally])
# What a process of pytest-xdist hands over when it ends.
_OUTPUT = "hostile_tallies"
_Reason = Callable[[Tier | None], bool]

NONE_TOO = "none_too"
none_too = pytest.mark.none_too


class _Worker(Protocol):
    """A process of pytest-xdist, seen from the one that started it."""

    config: pytest.Config
    workeroutput: dict[str, str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier", choices=TIERS, help="the hostile cases on this tier only"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLIES] = {}
    config.stash[_TROUBLES] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    given = metafunc.definition.iter_markers("parametrize")
    if "tier" in metafunc.fixturenames and not any(
        mark.args[0] == "tier" for mark in given
    ):
        is_wanted = metafunc.definition.get_closest_marker(NONE_TOO) is not None
        tiers = TIERS if is_wanted else TIERS[:-1]
        metafunc.parametrize("tier", tiers, scope="session")


def _leave_out(config: pytest.Config, items: list[pytest.Item], why: _Reason) -> None:
    left_out = [item for item in items if why(_tier_of(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not why(_tier_of(item))]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out the tiers that don't work here, found by trying as the program does."""
    # Not there when something else is run than the hostile cases.
    wanted: Tier | None = config.getoption("--tier", None)
    if wanted is not None:
        _leave_out(config, items, lambda tier: tier not in (None, wanted))
    if not any(_tier_of(item) for item in items):
        return
    troubles = {one.tier: one.trouble for one in trials() if not one.works}
    config.stash[_TROUBLES].update(troubles)
    if wanted in troubles or all(tier in troubles for tier in TIERS[:-1]):
        # They stay, to be skipped with the reason or to fail.
        return
    _leave_out(config, items, lambda tier: tier in troubles)


def _tier_of(item: pytest.Item) -> Tier | None:
    call = getattr(item, "callspec", None)
    tier = None if call is None else call.params.get("tier")
    return next((one for one in TIERS if one == tier), None)


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    folder = new_folder()
    yield folder
    remove(folder)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.close()


@pytest.fixture
def arena(
    tier: Tier, session_folder: Path, servers: Servers, request: pytest.FixtureRequest
) -> Iterator[Arena]:
    trouble = request.config.stash[_TROUBLES].get(tier)
    if trouble is not None:
        if os.environ.get("MLOPS_GRADE_REQUIRE_SANDBOX") == "1":
            pytest.fail(f"{tier}: {trouble}, and MLOPS_GRADE_REQUIRE_SANDBOX=1")
        pytest.skip(f"{tier}: {trouble}")
    tally = request.config.stash[_TALLIES].setdefault(tier, Tally())
    tally.cases.add(number_of(request.node.name))
    with ExitStack() as held:
        # Always the same path: the neighbour's report shows where it was graded.
        folder = session_folder / "arena"
        folder.mkdir()
        held.callback(remove, folder)
        test = request.node.name.partition("[")[0]
        yield Arena(test, tier, folder, tally, servers, held)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    tier = _tier_of(item)
    if tier is not None and report.failed:
        tally = item.config.stash[_TALLIES].get(tier)
        if tally is not None:
            tally.failed.add(number_of(item.name))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        told = _BY_TIER.dump_json(session.config.stash[_TALLIES])
        output[_OUTPUT] = told.decode()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _Worker) -> None:
    """Take over what a worker has counted; one that crashed has counted nothing."""
    told = getattr(node, "workeroutput", {}).get(_OUTPUT, "{}")
    tallies = node.config.stash[_TALLIES]
    for tier, tally in _BY_TIER.validate_json(told).items():
        tallies.setdefault(tier, Tally()).add(tally)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The figures that docs/figures.md quotes."""
    for tier, tally in config.stash[_TALLIES].items():
        terminalreporter.section(f"hostile repositories, isolation: {tier}")
        for line in tally.lines():
            terminalreporter.line(line)
