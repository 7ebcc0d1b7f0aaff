"""The maturity of a project in words: its level, what is there, what the next one asks for."""

from dataclasses import dataclass

from grader.model.maturity import NAMES, Level, Maturity, MaturityLine

TITLE = "MLOps maturity"
LEAD = (
    "It carries no points. The levels are those that Google describes: 0 a manual process, "
    "1 an automated pipeline, 2 CI/CD. A level is reached with every line of it and of those "
    "below."
)
SOURCE = (
    "https://docs.cloud.google.com/architecture/"
    "mlops-continuous-delivery-and-automation-pipelines-in-machine-learning"
)
# Of one line; its check shows all.
FIRST_SIGHTS = 1


@dataclass(frozen=True)
class LevelLines:
    """The lines of one level, and how many hold: `5 of 7`."""

    title: str
    score: str
    lines: tuple[MaturityLine, ...]


def headline(maturity: Maturity) -> str:
    """`Level 1 of 2: automated pipeline.`, or why it is not stated."""
    if maturity.level is not None:
        return f"Level {maturity.level} of 2: {NAMES[maturity.level]}"
    missing = list(
        dict.fromkeys(line.checker for line in maturity.lines if line.holds is None)
    )
    verb = "was" if len(missing) == 1 else "were"
    return f"Not stated, because {_listed(missing)} {verb} not measured"


def levels(maturity: Maturity) -> tuple[LevelLines, ...]:
    """Level 1, then level 2."""
    return (_of(maturity, 1), _of(maturity, 2))


def lacking(maturity: Maturity) -> LevelLines | None:
    """What the next level still asks for, or what was not measured; None at the last level."""
    match maturity.level:
        case 2:
            return None
        case None:
            title = "What was not measured"
            lines = tuple(line for line in maturity.lines if line.holds is None)
        case 0 | 1 as level:
            following: Level = 1 if level == 0 else 2
            title = f"What level {following} still asks for"
            asked = maturity.of(following)
            lines = tuple(line for line in asked if not line.holds)
    return LevelLines(title, str(len(lines)), lines)


def shown(line: MaturityLine) -> str:
    """`yes`, `no`, or `–` for what was not measured."""
    if line.holds is None:
        return "–"
    return "yes" if line.holds else "no"


def _of(maturity: Maturity, level: Level) -> LevelLines:
    lines = maturity.of(level)
    score = f"{sum(line.holds is True for line in lines)} of {len(lines)}"
    return LevelLines(f"Level {level}, {NAMES[level]}", score, lines)


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
