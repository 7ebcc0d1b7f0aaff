"""Which files a tool fails on: found with a tool of our own that fails as it is told to."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.checkers._culprits import CrashedOn, Runs, Stopped, measure_rest
from grader.errors import CannotMeasure
from grader.sandbox.limits import Limits

FILES = tuple(f"src/m{number:02}.py" for number in range(40))
LIMITS = Limits(seconds=180)


def crash(path: str) -> CannotMeasure:
    return CannotMeasure("tool: RecursionError")


def named(path: str) -> CannotMeasure:
    return CrashedOn("tool", {path: "AssertionError"})


def hang(path: str) -> CannotMeasure:
    return Stopped("tool: did not finish.")


Failure = Callable[[str], CannotMeasure]


@dataclass
class Tool:
    """Fails on the first of its `bad` files that it is given; what it was given is kept."""

    bad: Mapping[str, Failure]
    is_broken: bool = False
    given: list[tuple[str, ...]] = field(default_factory=list)
    granted: list[float] = field(default_factory=list)

    def run(self, paths: Collection[str], limits: Limits) -> tuple[str, ...]:
        if self.is_broken:
            raise CannotMeasure("tool: not what it was")
        self.given.append(tuple(paths))
        self.granted.append(limits.seconds)
        for path in paths:
            if path in self.bad:
                raise self.bad[path](path)
        return tuple(paths)

    def runs(self) -> Runs[tuple[str, ...]]:
        return Runs(
            only=self.run,
            without=lambda culprits, limits: self.run(
                [path for path in FILES if path not in culprits], limits
            ),
            control=lambda limits: self.run((), limits),
        )

    def failure(self) -> CannotMeasure:
        with pytest.raises(CannotMeasure) as raised:
            self.run(FILES, LIMITS)
        return raised.value


@pytest.mark.parametrize("failure", [crash, named, hang])
@given(bad=st.sets(st.sampled_from(FILES), min_size=1, max_size=4))
def test_the_files_that_a_tool_fails_on_are_found_and_the_others_measured(
    failure: Failure, bad: set[str]
) -> None:
    tool = Tool(dict.fromkeys(bad, failure))
    rest = measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)
    assert set(rest.culprits) == bad
    assert set(rest.result) == set(FILES) - bad
    assert tool.given[-1] == rest.result


def test_different_kinds_of_failure_are_found_behind_each_other() -> None:
    tool = Tool({FILES[3]: crash, FILES[4]: named, FILES[20]: hang, FILES[39]: named})
    rest = measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)
    assert set(rest.culprits) == {FILES[3], FILES[4], FILES[20], FILES[39]}
    assert rest.culprits[FILES[4]] == "tool: crashed: AssertionError"
    assert rest.culprits[FILES[20]] == "tool: did not finish."


def test_a_file_that_the_tool_names_needs_no_search() -> None:
    tool = Tool({FILES[3]: named, FILES[30]: named})
    measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)
    # All; the control; without the first; without both.
    assert [len(paths) for paths in tool.given] == [40, 0, 39, 38]


def test_files_that_hang_do_not_cost_the_time_limit_each() -> None:
    tool = Tool({FILES[3]: hang})
    measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)
    hung = [
        seconds
        for paths, seconds in zip(tool.given, tool.granted, strict=True)
        if FILES[3] in paths
    ]
    assert hung[0] == LIMITS.seconds
    assert sum(hung[1:]) < LIMITS.seconds / 2


def test_a_tool_that_fails_on_a_file_in_order_is_not_searched_for_culprits() -> None:
    tool = Tool({}, is_broken=True)
    failure = CannotMeasure("tool: not what it was")
    with pytest.raises(CannotMeasure) as raised:
        measure_rest(failure, FILES, tool.runs(), LIMITS)
    assert raised.value is failure
    assert tool.given == []


@pytest.mark.parametrize("failure", [crash, named, hang])
def test_where_most_files_fail_nothing_is_measured(failure: Failure) -> None:
    tool = Tool(dict.fromkeys(FILES[:25], failure))
    with pytest.raises(CannotMeasure, match="fails on more than 20 of 40 files"):
        measure_rest(tool.failure(), FILES, tool.runs(), Limits(seconds=86_400))


def test_a_failure_that_no_single_file_brings_about_stays_one() -> None:
    class Together(Tool):
        def run(self, paths: Collection[str], limits: Limits) -> tuple[str, ...]:
            if {FILES[0], FILES[1]} <= set(paths):
                raise CannotMeasure("tool: too much")
            return tuple(paths)

    tool = Together({})
    with pytest.raises(CannotMeasure, match="too much"):
        measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)


def test_without_time_for_a_good_file_none_is_blamed() -> None:
    tool = Tool(dict.fromkeys(FILES[:4], hang))
    with pytest.raises(CannotMeasure, match="could not be found in time"):
        measure_rest(tool.failure(), FILES, tool.runs(), Limits(seconds=0))


def test_a_single_file_is_not_searched_in() -> None:
    tool = Tool({FILES[0]: crash})
    failure = tool.failure()
    with pytest.raises(CannotMeasure) as raised:
        measure_rest(failure, FILES[:1], tool.runs(), LIMITS)
    assert raised.value is failure


def test_a_reason_is_one_line_of_bearable_length() -> None:
    def talks(path: str) -> CannotMeasure:
        return CannotMeasure("tool:\n  " + "said much, " * 1_000)

    tool = Tool({FILES[7]: talks})
    rest = measure_rest(tool.failure(), FILES, tool.runs(), LIMITS)
    reason = rest.culprits[FILES[7]]
    assert "\n" not in reason and len(reason) < 400
