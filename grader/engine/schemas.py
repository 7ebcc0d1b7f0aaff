"""The published JSON schemas, generated from the models.

`python -m grader.engine.schemas` writes them at the top of a checkout.
"""

import json

from grader.checkers._registry import installed
from grader.model.cohort import Cohort
from grader.model.report import Report
from grader.resources import shipped
from grader.rubric.schema import Rubric

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def rubric_schema() -> str:
    """The schema of a rubric, with the installed checkers' ids and options."""
    schema = Rubric.model_json_schema()
    registry = installed()
    item = schema["$defs"]["Item"]
    item["properties"]["checker"]["enum"] = sorted(registry.checkers)
    item["allOf"] = []
    for name, checker in sorted(registry.checkers.items()):
        options = checker.options_type().model_json_schema()
        schema["$defs"].update(options.pop("$defs", {}))
        item["allOf"].append(
            {
                "if": {"properties": {"checker": {"const": name}}},
                "then": {"properties": {"options": options}},
            }
        )
    return _text(schema)


def report_schema() -> str:
    """The schema of the JSON report."""
    return _text(Report.model_json_schema(mode="serialization"))


def cohort_schema() -> str:
    """The schema of a class without names."""
    return _text(Cohort.model_json_schema(mode="serialization"))


def _text(schema: dict[str, object]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2) + "\n"


if __name__ == "__main__":
    shipped("rubric.schema.json").write_text(rubric_schema(), encoding="utf-8")
    shipped("report.schema.json").write_text(report_schema(), encoding="utf-8")
    shipped("cohort.schema.json").write_text(cohort_schema(), encoding="utf-8")
