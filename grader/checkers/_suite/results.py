"""How the tests of a run ended: one result for each, however often it was reported on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grader.checkers._suite.inside.channel import function_of

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
# Of a test file, or a class in it, there is one more.
Ended = Outcome | Literal["collection-error"]

# The exception's own line, not a mention of it in a longer text.
IMPORT_ERROR = re.compile(
    r"^(?:E\s+)?(?:ModuleNotFoundError|ImportError): ", re.MULTILINE
)

# A test that failed and whose teardown failed as well has failed, once.
_GRAVEST_FIRST: tuple[Ended, ...] = (
    *("failed", "error", "collection-error", "xfailed", "xpassed", "skipped", "passed"),
)


@dataclass(frozen=True)
class TestResult:
    """How one test ended, or the file that could not be collected or was skipped.

    `name` is as pytest prints it (`tests/test_a.py::TestA::test_b[1]`); `file` and
    `line` (from 1) are where it is defined, as far as pytest says; `message` is the short
    reason, `text` the traceback, `phase` where it was reported: setup, call, teardown, or
    collection. `calls` are the numbers of the changed functions that it called.
    """

    __test__ = False  # to pytest, a class called Test… is a test

    outcome: Ended
    name: str
    file: str | None = None
    line: int | None = None
    message: str = ""
    text: str = ""
    phase: str = "call"
    calls: frozenset[int] = frozenset()

    @property
    def function(self) -> str:
        """The id of its function: the name without parameters."""
        return function_of(self.name)

    @property
    def is_bad(self) -> bool:
        """Whether it counts against the project."""
        return self.outcome in ("failed", "error", "collection-error")

    @property
    def is_import_error(self) -> bool:
        """Whether it counts against the project because an import failed."""
        said = f"{self.message}\n{self.text}"
        return self.is_bad and IMPORT_ERROR.search(said) is not None


@dataclass(frozen=True)
class Results:
    """All of them.

    `told` are one by one. `counted` are the cases beyond the first thousand of a test
    function: by function, how many ended how. `deselected` are by function, too.
    """

    told: tuple[TestResult, ...] = ()
    counted: Mapping[str, Mapping[Outcome, int]] = field(default_factory=dict)
    deselected: Mapping[str, int] = field(default_factory=dict)

    def count(self, outcome: Ended) -> int:
        """How many ended so."""
        beyond = (outcomes.items() for outcomes in self.counted.values())
        return sum(result.outcome == outcome for result in self.told) + sum(
            number for one in beyond for kind, number in one if kind == outcome
        )

    def without_passes(self) -> "Results":
        """What is left of a run that broke off: what counts against the project, or not."""
        return Results(
            tuple(result for result in self.told if result.outcome != "passed"),
            {
                function: {end: n for end, n in outcomes.items() if end != "passed"}
                for function, outcomes in self.counted.items()
            },
            self.deselected,
        )

    def __len__(self) -> int:
        return len(self.told) + sum(
            sum(outcomes.values()) for outcomes in self.counted.values()
        )

    @property
    def functions(self) -> Mapping[str, float]:
        """The share of the cases that passed, 0..1, of each test function that counts.

        Skipped and xfailed cases are in neither, nor is one that passes although it is
        marked xfail: pytest calls it neither passed nor failed. What could not be
        collected is a function of which nothing passed.
        """
        cases: dict[str, list[int]] = {}
        for result in self.told:
            if result.is_bad or result.outcome == "passed":
                counts = cases.setdefault(result.function, [0, 0])
                counts[0] += result.outcome == "passed"
                counts[1] += 1
        for function, outcomes in self.counted.items():
            passed = outcomes.get("passed", 0)
            bad = outcomes.get("failed", 0) + outcomes.get("error", 0)
            if passed or bad:
                counts = cases.setdefault(function, [0, 0])
                counts[0] += passed
                counts[1] += passed + bad
        return {name: passed / total for name, (passed, total) in cases.items()}


def gravest(results: Iterable[TestResult]) -> tuple[TestResult, ...]:
    """One result for each name, in the order of their first: the gravest of its own."""
    found: dict[str, TestResult] = {}
    for result in results:
        known = found.get(result.name)
        if known is None or _gravity(result) < _gravity(known):
            found[result.name] = result
    return tuple(found.values())


def with_calls(
    results: Sequence[TestResult], calls: Mapping[str, frozenset[int]]
) -> tuple[TestResult, ...]:
    """The results with what each test called."""
    return tuple(
        replace(one, calls=calls[one.name]) if one.name in calls else one
        for one in results
    )


def _gravity(result: TestResult) -> int:
    return _GRAVEST_FIRST.index(result.outcome)
