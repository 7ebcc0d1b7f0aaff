"""What is generated and published is what the code says now."""

import json
import re

import jsonschema
import pytest
import yaml

from grader.cli.checkers import checker_table
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


def test_the_readmes_table_of_checks_is_generated() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    block = re.search(r"<!-- checks -->\n(.*?)<!-- /checks -->", readme, re.DOTALL)
    # Regenerate with: mlops-grade checkers --markdown
    assert block is not None
    assert block[1] == checker_table() + "\n"
