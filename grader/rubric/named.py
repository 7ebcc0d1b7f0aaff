"""The rubrics that ship with the program, by name."""

from pathlib import Path

from grader.errors import GradeError, did_you_mean
from grader.resources import shipped

DEFAULT = "first-assignment"
_FOLDER = Path(__file__).resolve().parent / "named"


def names() -> tuple[str, ...]:
    """The names, the one that is used where none is given first."""
    others = sorted(path.stem for path in _FOLDER.glob("*.yaml"))
    return (DEFAULT, *others)


def named(name: str) -> Path:
    """The file of a shipped rubric. Raises `GradeError` for an unknown name."""
    if name == DEFAULT:
        return shipped("rubric.yaml")
    if name not in names():
        raise GradeError(
            f'there is no rubric "{name}".{did_you_mean(name, list(names()))}',
            hint=f"There are: {', '.join(names())}.",
        )
    return _FOLDER / f"{name}.yaml"


def rubric_file(given: Path) -> Path:
    """The file that a person means: a shipped rubric by its name, else a path."""
    is_name = str(given) in names() and not given.is_file()
    return named(str(given)) if is_name else given
