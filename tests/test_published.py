"""What is generated and published is what the code says now."""

import json

import jsonschema
import pytest
import yaml

from grader.engine.schemas import cohort_schema, report_schema, rubric_schema
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("name", "generated"),
    [
        ("rubric.schema.json", rubric_schema),
        ("report.schema.json", report_schema),
        ("cohort.schema.json", cohort_schema),
    ],
)
def test_the_published_schema_is_up_to_date(name: str, generated: object) -> None:
    assert callable(generated)
    text = (REPOSITORY / name).read_text("utf-8")
    # Regenerate with: python -m grader.engine.schemas
    assert text == generated()
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


def test_the_shipped_rubric_fits_its_schema() -> None:
    rubric = yaml.safe_load((REPOSITORY / "rubric.yaml").read_text("utf-8"))
    schema = json.loads(rubric_schema())
    jsonschema.validate(rubric, schema)
    rubric["dimensions"][0]["items"][0]["options"] = {"line_lenght": 100}
    with pytest.raises(jsonschema.ValidationError, match="line_lenght"):
        jsonschema.validate(rubric, schema)
