"""A class as numbers without names: what `relative(x)` and `percentile(x)` compare with.

`cohort.schema.json` is generated from it.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from grader.model.measurement import Stored, Tool
from grader.model.report import RubricFacts

COHORT_VERSION: Final = 1

Values = Annotated[tuple[int | float, ...], Field(max_length=100_000)]


class CohortItem(Stored):
    """What the class measured for one item of the rubric, by quantity, in ascending order.

    `checker`, `options` and `tools` say with which ruler: numbers of another one are not
    comparable.
    """

    item: str
    checker: str
    options: Mapping[str, object] = Field(default_factory=dict)
    tools: tuple[Tool, ...] = ()
    values: Mapping[str, Values]

    @model_validator(mode="after")
    def _check_order(self) -> "CohortItem":
        for name, values in self.values.items():
            if list(values) != sorted(values):
                raise ValueError(f"the values of {name} are not in ascending order")
        return self


class Cohort(Stored):
    """The values of a class of `groups` groups; which group has which is not in it.

    A group where a check failed, or had nothing to measure, is in no value of that check.
    """

    schema_version: Literal[1] = COHORT_VERSION
    rubric: RubricFacts
    groups: Annotated[int, Field(ge=0)]
    items: tuple[CohortItem, ...]

    def item(self, key: str) -> CohortItem | None:
        """What the class measured for an item of the rubric, by the item's id."""
        return next((one for one in self.items if one.item == key), None)
