"""What a rubric with a starter repository adds to every checker's quantities."""

from typing import Final

from grader.model.measurement import Quantity

INHERITED: Final = "inherited_findings"
OWN: Final = "own_findings"

STARTER_QUANTITIES: Final = (
    Quantity(
        INHERITED,
        "findings",
        "findings that the course's starter repository has too: same file, rule and text",
    ),
    Quantity(
        OWN,
        "findings",
        "the other findings, notes aside",
        better="lower",
        ideal=0,
    ),
)
