"""A checklist: yes-or-no lines, each answered with where it was seen or what was looked for.

A line is a quantity of 1 or 0, so that a rubric's formula gives it points, a cap or a
penalty. A 1 needs a place in the repository; a 0 says what was looked for and where.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.model.measurement import (
    YES_OR_NO,
    Answer,
    Finding,
    Measured,
    Quantity,
    Sight,
)

# Of one answer; a repository of a thousand modules may have a thousand places.
SIGHTS = 10


@dataclass(frozen=True)
class Criterion:
    """One line of a checklist: its quantity's name, what a yes means, and how to get there."""

    name: str
    meaning: str
    fix: str

    @property
    def quantity(self) -> Quantity:
        """The number that formulas use: 1 for yes, 0 for no."""
        return Quantity(
            self.name, YES_OR_NO, self.meaning, better="higher", ideal=1, maximum=1
        )


def quantities_of(criteria: Iterable[Criterion]) -> tuple[Quantity, ...]:
    """The quantities of a checklist, in its order."""
    return tuple(criterion.quantity for criterion in criteria)


class Checklist:
    """The answers of one repository, as a checker finds them."""

    def __init__(self, criteria: Sequence[Criterion]) -> None:
        self._criteria = {criterion.name: criterion for criterion in criteria}
        self._answers: dict[str, Answer] = {}

    def yes(self, name: str, told: str, *sights: Sight) -> None:
        """The line holds; `told` is what was seen."""
        self.answer(name, told, sights, holds=True)

    def no(self, name: str, told: str, *sights: Sight) -> None:
        """The line doesn't hold; `told` is what was looked for and where, or what is wrong."""
        self.answer(name, told, sights, holds=False)

    def seen(self, name: str, sights: Sequence[Sight], *, yes: str, no: str) -> None:
        """The line holds where anything was seen."""
        self.answer(name, yes if sights else no, sights, holds=bool(sights))

    def answer(
        self, name: str, told: str, sights: Iterable[Sight], *, holds: bool
    ) -> None:
        """Settle one line. Raises `KeyError` for one that the checker does not declare."""
        criterion = self._criteria[name]
        self._answers[criterion.name] = Answer(
            quantity=name, holds=holds, told=told, sights=tuple(sights)[:SIGHTS]
        )

    def measured(
        self,
        values: Mapping[str, int | float] | None = None,
        findings: Sequence[Finding] = (),
    ) -> Measured:
        """All answers as values, with a finding for each no, and what else was measured.

        Raises `ValueError` where a line was not answered: nothing stands in for it.
        """
        if missing := self._criteria.keys() - self._answers.keys():
            raise ValueError(f"no answer to: {', '.join(sorted(missing))}")
        answers = tuple(self._answers[name] for name in self._criteria)
        lacking = (self._finding(one) for one in answers if not one.holds)
        return Measured(
            values={
                **{one.quantity: int(one.holds) for one in answers},
                **(values or {}),
            },
            findings=(*lacking, *findings),
            answers=answers,
        )

    def _finding(self, answer: Answer) -> Finding:
        first = answer.sights[0] if answer.sights else None
        return Finding(
            rule=answer.quantity,
            message=answer.told,
            path=first.path if first else None,
            line=first.line if first else None,
            fix=self._criteria[answer.quantity].fix,
        )
