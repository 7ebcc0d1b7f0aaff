"""The stored report: read back as it was written, refused where it is not ours."""

import json

import pytest

from grader.errors import GradeError
from grader.reporting.json import MAX_BYTES, load_report, render_json
from tests.reporting import sample


@pytest.mark.parametrize("build", sample.REPORTS)
def test_a_report_comes_back_as_it_was(build: sample.Builder) -> None:
    report = build()
    text = render_json(report)
    assert text.endswith("}\n")
    assert load_report(text, "result.json") == report
    assert load_report(text.encode(), "result.json") == report


def test_the_json_itself_does_nothing_to_a_terminal() -> None:
    text = render_json(sample.hostile())
    assert text.replace("\n", "").isprintable()


def refusal(text: str | bytes) -> str:
    """The message with which a text is refused."""
    with pytest.raises(GradeError) as caught:
        load_report(text, "result.json")
    assert caught.value.hint
    return caught.value.message


def changed(**parts: object) -> str:
    """A good report with these keys replaced."""
    stored = json.loads(render_json(sample.messy()))
    return json.dumps({**stored, **parts})


def test_damaged_json_is_refused_with_line_and_column() -> None:
    text = render_json(sample.messy())
    assert refusal(text[: len(text) // 2]).startswith("result.json:")
    assert refusal('{"a": 1,\n  b}').startswith("result.json:2:3: this is not JSON: ")
    assert "this is not JSON" in refusal("")


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"name": "other"}', "null"])
def test_foreign_json_is_refused(text: str) -> None:
    assert (
        refusal(text) == "result.json: this file is JSON, but no report of mlops-grade."
    )


def test_a_newer_schema_is_refused_with_what_to_do() -> None:
    with pytest.raises(GradeError) as caught:
        load_report(changed(schema_version=2, new_key="x"), "result.json")
    assert caught.value.message == (
        "result.json: schema_version: is 2; this mlops-grade reads up to 1."
    )
    assert "pip install --upgrade" in caught.value.hint


def test_a_wrong_value_is_named_with_its_place() -> None:
    stored = json.loads(render_json(sample.messy()))
    stored["checks"][3]["title"] = 7
    stored["extra"] = True
    message = refusal(json.dumps(stored))
    assert message.startswith(
        "result.json: checks[3].title: Input should be a valid str"
    )
    assert message.endswith("(and 1 more).")


def test_a_mark_above_10_is_refused() -> None:
    stored = json.loads(render_json(sample.messy()))
    stored["checks"][0]["result"]["mark"] = 10.5
    assert "checks[0].result.scored.mark" in refusal(json.dumps(stored))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "null", '"5"', "true"])
def test_what_is_no_number_is_no_mark(number: str) -> None:
    stored = render_json(sample.clean()).replace('"mark": 10.0', f'"mark": {number}', 1)
    assert refusal(stored).startswith("result.json")


def test_too_much_is_refused_before_it_is_read() -> None:
    assert "larger than 64 MiB" in refusal(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    "text", [b"\xff\xfe{}", "[" * 200_000, '{"schema_version": ' + "9" * 5_000 + "}"]
)
def test_hostile_json_is_an_error_that_names_the_file(text: str | bytes) -> None:
    assert refusal(text).startswith("result.json")


def test_a_byte_order_mark_does_no_harm() -> None:
    text = "\ufeff" + render_json(sample.clean())
    assert load_report(text.encode(), "result.json") == sample.clean()
