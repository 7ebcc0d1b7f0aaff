"""What the tests of the checklists share: a checker's facts about some files."""

from collections.abc import Mapping

from grader.checkers._base import Bench
from grader.checkers._registry import installed
from grader.model.measurement import Answer, Measured
from tests.conftest import MakeSnapshot


class Measure:
    """One checker's facts about some files, with its default options but for those given."""

    def __init__(self, checker: str, make_snapshot: MakeSnapshot, bench: Bench) -> None:
        self._checker = installed().checkers[checker]
        self._make, self._bench = make_snapshot, bench

    def __call__(self, files: Mapping[str, str], **options: object) -> Measured:
        given = self._checker.options_type().model_validate(options)
        outcome = self._checker.measure(self._make(files), given, self._bench).outcome
        assert isinstance(outcome, Measured)
        return outcome


def answer(found: Measured, name: str) -> Answer:
    """The answer to one line."""
    return next(one for one in found.answers if one.quantity == name)


def told(found: Measured, name: str) -> str:
    """What is said of a line."""
    return answer(found, name).told
