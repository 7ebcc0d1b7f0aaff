"""What a class says of its rubric: item analysis, and the class marked otherwise."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from grader.engine.marking import RANKED_SHARE, Marking, grade_group
from grader.engine.store import ClassFolder
from grader.model.analysis import Analysis, Standing, ToolCount, Variant
from grader.model.measurement import Tool
from grader.rubric import formula
from grader.rubric.load import LoadedRubric
from grader.scoring.analysis import distribution, item_statistics
from grader.scoring.cohort import Class, Method
from grader.scoring.sensitivity import reweighed, standings, variant, weightings
from grader.scoring.totals import weight_shares

METHODS: Mapping[Method, str] = {
    "zero-best": "Zero is best: 10 at none, 0 at the class's worst",
    "min-max": "Between the class's best (10) and worst (0)",
    "rank": "By rank in the class",
    "z": "By distance from the class's mean (z)",
}
ALONE = "Without the class: each repository by itself"


def analyse(folder: ClassFolder, marking: Marking, loaded: LoadedRubric) -> Analysis:
    """Item analysis, sensitivity, and the tools, of a class that was marked.

    Groups' results are read one by one, and nothing is measured.
    """
    rubric, result = loaded.rubric, marking.result
    grades = {
        line.group.name: line.grade for line in result.lines if line.grade is not None
    }
    stands = standings(result)
    shares = weight_shares(rubric)
    others, tools = _marked_otherwise(folder, marking, loaded, stands)
    return Analysis(
        totals=distribution(
            [grade.total for grade in grades.values() if grade.total is not None]
        ),
        items=item_statistics(tuple(grades.values()), shares),
        variants=(
            *others,
            *(
                reweighed(one, stands, grades, RANKED_SHARE)
                for one in weightings(rubric)
            ),
        ),
        tools=tools,
    )


def _marked_otherwise(
    folder: ClassFolder,
    marking: Marking,
    loaded: LoadedRubric,
    stands: Sequence[Standing],
) -> tuple[tuple[Variant, ...], tuple[ToolCount, ...]]:
    """The class under the other normalisations, and what it was measured with."""
    rule = marking.against.rule
    compares = any(formula.parse(item.score).compared for item in loaded.rubric.items)
    ways: dict[str, tuple[str, Class | None]] = {}
    if compares:
        for method in get_args(Method):
            if method != rule.method:
                other = rule.model_copy(update={"method": method})
                ways[f"method.{method}"] = (
                    METHODS[method],
                    replace(marking.against, rule=other),
                )
        ways["alone"] = ALONE, None
    totals: dict[str, dict[str, float | None]] = {name: {} for name in ways}
    ranked: dict[str, set[str]] = {name: set() for name in ways}
    tools: Counter[Tool] = Counter()
    for line in marking.result.lines:
        evidence = None if line.grade is None else folder.light(line.group.folder)
        if evidence is None:
            continue
        tools.update({t for one in evidence.measurements for t in one.tools})
        for name, (_, against) in ways.items():
            grade = grade_group(
                evidence,
                marking.result.record,
                line.group,
                loaded,
                against,
                marking.decided,
            )
            totals[name][line.group.name] = grade.total
            if grade.measured_share >= RANKED_SHARE:
                ranked[name].add(line.group.name)
    variants = tuple(
        variant(name, title, "normalisation", stands, totals[name], ranked[name])
        for name, (title, _) in ways.items()
    )
    counted = sorted(tools.items(), key=lambda one: (one[0].name, one[0].version))
    return variants, tuple(ToolCount(tool=t, groups=n) for t, n in counted)
