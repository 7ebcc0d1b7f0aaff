"""How far the automation of a project goes: its level of MLOps, with what says so."""

from typing import Literal

from grader.model.measurement import Sight, Stored

Level = Literal[0, 1, 2]

NAMES: dict[Level, str] = {
    0: "manual process",
    1: "automated pipeline",
    2: "CI/CD",
}


class MaturityLine(Stored):
    """One thing that a level asks for, and what the project has of it.

    `checker` and `quantity` are what settled it: of several that would do, one that holds.
    `holds` is None where none was measured that holds, and one that might was not: `told` is
    the reason then.
    """

    level: Literal[1, 2]
    title: str
    holds: bool | None
    told: str
    checker: str
    quantity: str
    sights: tuple[Sight, ...] = ()


class Maturity(Stored):
    """A project's level, and every line that it is read from, those of level 1 first.

    `level` is None where a line was not measured: it is not stated then.
    """

    level: Level | None
    lines: tuple[MaturityLine, ...]

    def of(self, level: Level) -> tuple[MaturityLine, ...]:
        """The lines of one level."""
        return tuple(line for line in self.lines if line.level == level)
