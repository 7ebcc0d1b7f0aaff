"""A group's place in its class, for its own report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.model.place import Place
from grader.model.score import Grade
from grader.scoring.analysis import bins
from grader.scoring.items import marks_of

# Fewer marks would show each group where the others are.
LEAST = 5

_Of = Literal["total", "dimension", "item"]


@dataclass(frozen=True)
class ClassMarks:
    """Every mark of a class, in ascending order, by what it is of and its id."""

    marks: Mapping[tuple[_Of, str], Sequence[float]]
    titles: Mapping[str, str]

    def places(self, grade: Grade, *, is_ranked: bool) -> tuple[Place, ...]:
        """A group's places: the total if it is ranked, the dimensions, the items.

        Where it has no mark, or too few groups have one, it has no place.
        """
        own = _marks(grade, is_ranked=is_ranked)
        dimensions = {one.id: one.title for one in grade.dimensions}
        found = []
        for (of, key), mark in own.items():
            marks = self.marks.get((of, key), ())
            if len(marks) < LEAST:
                continue
            lower = sum(one < mark for one in marks)
            higher = sum(one > mark for one in marks)
            titles = self.titles if of == "item" else dimensions
            found.append(
                Place(
                    of=of,
                    key=key,
                    title=titles.get(key, "Total"),
                    mark=mark,
                    lower=lower,
                    equal=len(marks) - lower - higher - 1,
                    higher=higher,
                    bins=bins(marks),
                )
            )
        return tuple(found)


def class_marks(
    grades: Sequence[tuple[Grade, bool]], titles: Mapping[str, str]
) -> ClassMarks:
    """The marks of a class's grades, each with whether its total is ranked.

    `titles` are the items' by id.
    """
    found: dict[tuple[_Of, str], list[float]] = {}
    for grade, is_ranked in grades:
        for key, mark in _marks(grade, is_ranked=is_ranked).items():
            found.setdefault(key, []).append(mark)
    return ClassMarks({key: sorted(marks) for key, marks in found.items()}, titles)


def _marks(grade: Grade, *, is_ranked: bool) -> dict[tuple[_Of, str], float]:
    found: dict[tuple[_Of, str], float] = {}
    if is_ranked and grade.total is not None:
        found["total", "total"] = grade.total
    for dimension in grade.dimensions:
        if dimension.mark is not None:
            found["dimension", dimension.id] = dimension.mark
    for item, mark in marks_of(grade).items():
        found["item", item] = mark
    return found
