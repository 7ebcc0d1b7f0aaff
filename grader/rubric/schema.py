"""What a rubric says: dimensions of items, each a checker with a formula and a weight.

The JSON schema of these models is published as `rubric.schema.json` and gives editors
completion in rubric.yaml.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Weight = Annotated[
    float, Field(ge=0, le=1000, description="Weight among its siblings.")
]
Id = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="A short name."
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class Part(BaseModel):
    """Base of the rubric's parts: frozen, and no key that isn't declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Item(Part):
    """One row of the rubric."""

    checker: Text = Field(description="The id of the checker that measures it.")
    id: Id | None = Field(
        default=None, description="Its own id where a checker is used twice."
    )
    title: Text | None = Field(
        default=None, description="Its title; the checker's own if left out."
    )
    weight: Weight = 1.0
    score: Text = Field(
        description="Formula for the mark, 0 to 10, over the quantities."
    )
    alone: Text | None = Field(
        default=None,
        description="Formula where `score` compares with a class and there is none.",
    )
    advice: str = Field(default="", description="What to tell the student.")
    options: dict[str, object] = Field(
        default_factory=dict, description="The checker's own options."
    )
    on_failure: Literal["ungraded", "zero"] = Field(
        default="ungraded",
        description="What the item gets when we could not measure: no mark, or 0.",
    )
    on_not_applicable: Literal["ungraded", "zero"] = Field(
        default="ungraded",
        description="What it gets when there is nothing to measure: no mark, or 0.",
    )

    @property
    def key(self) -> str:
        """The item's id: its own, or its checker's."""
        return self.id or self.checker


class Criterion(Part):
    """What a person marks, 0 to 10: the presentation, the README by eye."""

    id: Id
    title: Text = Field(description="As reports show it.")
    weight: Weight = 1.0
    description: str = Field(default="", description="What earns the marks.")


class Dimension(Part):
    """A group of items, and of what people mark, with a weight of its own."""

    id: Id
    title: Text = Field(description="As reports show it.")
    weight: Weight = 1.0
    items: Annotated[tuple[Item, ...], Field(strict=False)] = Field(
        default=(), description="What checkers measure."
    )
    manual: Annotated[tuple[Criterion, ...], Field(strict=False)] = Field(
        default=(), description="Criteria that a person marks, in marks.csv."
    )

    @model_validator(mode="after")
    def _check_content(self) -> "Dimension":
        if not self.items and not self.manual:
            raise ValueError("a dimension has items, or manual criteria, or both")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """The weights inside the dimension, by id of item or criterion."""
        manual = {criterion.id: criterion.weight for criterion in self.manual}
        return {item.key: item.weight for item in self.items} | manual


class CohortRule(Part):
    """How `relative(x)` turns a number into a mark by comparing with the class.

    `worst` is the value that gets 0, the class's largest or a percentile of it, so that one
    extreme group can't lift all others. Fewer than `least` measured groups are no class:
    the item's `alone` formula is used.
    """

    method: Literal["zero-best", "min-max", "rank", "z"] = Field(
        default="zero-best", description="How a number becomes a mark."
    )
    worst: Annotated[str, Field(pattern=r"^(max|p[0-9]{1,2})$")] = Field(
        default="max",
        description="What gets 0: the largest value, or p95 and the like.",
    )
    least: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=2, description="How many measured groups are a class."
    )


class LateRule(Part):
    """What a late hand-in costs, in points of the total (0..10) for each day begun."""

    points_per_day: Annotated[float, Field(ge=0, le=10)] = Field(
        description="Points for each day begun."
    )
    most: Annotated[float, Field(ge=0, le=10)] = Field(
        default=10.0, description="It never costs more than this."
    )
    grace_minutes: Annotated[float, Field(ge=0, le=10_080)] = Field(
        default=0.0, description="So many minutes cost nothing."
    )


class TemplateRule(Part):
    """The course's starter repository: its findings are not the students'."""

    source: Text = Field(description="A folder (relative to the rubric) or an address.")
    ref: Text | None = Field(default=None, description="A branch, tag or commit.")


class LimitsRule(Part):
    """How much tools and tests may use.

    Seconds are of wall clock. Memory, processes (threads count) and disk are those of
    everything together that a tool, or a project's tests, have running.
    """

    tool_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=180.0, description="Each of our tools."
    )
    test_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=600.0, description="The project's tests."
    )
    output_mebibytes: Annotated[int, Field(gt=0, le=1024)] = Field(
        default=64, description="What either prints."
    )
    tool_memory_mebibytes: Annotated[int, Field(ge=256, le=1_048_576)] = Field(
        default=2048, description="Memory of a tool."
    )
    test_memory_mebibytes: Annotated[int, Field(ge=256, le=1_048_576)] = Field(
        default=4096, description="Memory of the tests."
    )
    processes: Annotated[int, Field(ge=16, le=100_000)] = Field(
        default=512, description="Processes and threads at once."
    )
    disk_mebibytes: Annotated[int, Field(ge=16, le=1_048_576)] = Field(
        default=2048, description="What is written to disk."
    )
    disk_files: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        default=100_000, description="Files that are written."
    )


def _named(written: object) -> object:
    return {"source": written} if isinstance(written, str) else written


Template = Annotated[
    TemplateRule,
    BeforeValidator(_named, json_schema_input_type=str | TemplateRule),
]


class Rubric(Part):
    """A whole rubric."""

    name: Text = Field(description="What reports call it.")
    version: Text = Field(description="Yours to choose; reports name it.")
    description: str = Field(default="", description="For whoever reads the file.")
    cohort: CohortRule = Field(
        default=CohortRule(), description="How a group is compared with its class."
    )
    limits: LimitsRule = Field(
        default=LimitsRule(), description="How much tools and tests may use."
    )
    late: LateRule | None = Field(
        default=None, description="What a late hand-in costs; nothing if left out."
    )
    template: Template | None = Field(
        default=None,
        description="The starter repository: findings it has are counted apart.",
    )
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1, strict=False)] = (
        Field(description="What is marked, in the order of the reports.")
    )

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item, in the rubric's order."""
        return tuple(item for dimension in self.dimensions for item in dimension.items)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Every manual criterion, in the rubric's order."""
        return tuple(one for dimension in self.dimensions for one in dimension.manual)
