"""Badges: no colour and no word claims more than the total does."""

import json
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from grader.model.report import Report
from grader.reporting import words
from grader.reporting.badge import LABEL_COLOR, UNSURE, render_badge, render_badge_svg
from grader.reporting.json import load_report, render_json
from tests.reporting import sample

EVERY = pytest.mark.parametrize("build", sample.REPORTS)
SVG = "{http://www.w3.org/2000/svg}"


def with_total(total: float) -> Report:
    """A final report with this total."""
    report = sample.clean()
    grade = report.grade.model_copy(update={"total": total})
    return report.model_copy(update={"grade": grade})


def endpoint(report: Report) -> dict[str, object]:
    """What shields.io reads."""
    read = json.loads(render_badge(report))
    assert isinstance(read, dict)
    return read


def picture(report: Report) -> Element:
    """The root of the SVG; entities and document types are refused."""
    root = fromstring(render_badge_svg(report), forbid_dtd=True)
    assert isinstance(root, Element)
    return root


def luminance(color: str) -> float:
    """Relative luminance as in WCAG 2.2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@EVERY
def test_both_say_the_total_of_the_json_and_its_state(build: sample.Builder) -> None:
    stored = load_report(render_json(build()), "report.json")
    said = endpoint(stored)
    message = str(said["message"])
    assert message.startswith(words.total(stored.grade))
    is_unsure = stored.grade.total is None or not stored.grade.is_final
    assert is_unsure == (said["color"] == UNSURE)
    assert ("provisional" in message) == (words.state(stored.grade) == "provisional")
    assert said["isError"] == (stored.grade.total is None)
    assert said["schemaVersion"] == 1
    assert set(said) == {"schemaVersion", "label", "message", "color", "isError"}
    title = picture(stored).find(f"{SVG}title")
    assert title is not None and title.text == f"mlops-grade: {message}"


def test_no_mark_at_all_is_no_number() -> None:
    said = endpoint(sample.empty())
    assert said["message"] == "not graded"
    assert said["isError"] is True


@pytest.mark.parametrize("edge", [5.0, 8.0])
def test_a_total_that_only_rounds_to_an_edge_has_not_reached_it(edge: float) -> None:
    below, at = endpoint(with_total(edge - 0.001)), endpoint(with_total(edge))
    assert below["color"] != at["color"]
    assert below["color"] == endpoint(with_total(edge - 1))["color"]


def test_10_is_said_only_of_10() -> None:
    assert endpoint(with_total(10.0))["message"] == "10 of 10"
    assert endpoint(with_total(9.9999))["message"] == "9.99 of 10"


@EVERY
def test_the_picture_is_text_on_two_areas_and_loads_nothing(
    build: sample.Builder,
) -> None:
    root = picture(build())
    tags = [element.tag.removeprefix(SVG) for element in root.iter()]
    assert tags == ["svg", "title", "rect", "rect", "g", "text", "text"]
    for element in root.iter():
        names = {name.lower() for name in element.attrib}
        assert not [name for name in names if name.startswith("on") or "href" in name]
        assert "style" not in names
        assert "url(" not in "".join(element.attrib.values())
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None and root.get("aria-label") == title.text
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert ": ".join(str(text) for text in texts) == title.text


@EVERY
def test_the_texts_lie_inside_their_areas(build: sample.Builder) -> None:
    root = picture(build())
    areas = list(root.iter(f"{SVG}rect"))
    texts = list(root.iter(f"{SVG}text"))
    start = 0
    for area, text in zip(areas, texts, strict=True):
        width, x = int(area.get("width", "")), int(text.get("x", ""))
        assert int(area.get("x", "0")) == start
        assert start < x and x + int(text.get("textLength", "")) < start + width
        # Neither squeezed nor spread beyond reading: letters of 11 pixels are 3 to 12 wide.
        per_letter = int(text.get("textLength", "")) / len(text.text or "")
        assert 4 < per_letter < 9
        start += width
    assert root.get("width") == str(start)


@pytest.mark.parametrize("total", [0.0, 5.0, 8.0, None])
def test_white_text_can_be_read_on_every_colour(total: float | None) -> None:
    report = sample.messy() if total is None else with_total(total)
    for area in picture(report).iter(f"{SVG}rect"):
        contrast = 1.05 / (luminance(area.get("fill", "")) + 0.05)
        assert contrast >= 4.5, area.get("fill")
    assert LABEL_COLOR in render_badge_svg(report)


@EVERY
def test_no_text_of_a_repository_is_in_a_badge(build: sample.Builder) -> None:
    for text in (render_badge(build()), render_badge_svg(build())):
        assert text.isascii()
        assert len(text) < 2_000
        assert not [one for one in sample.HOSTILE if one in text]


@EVERY
def test_the_same_report_gives_the_same_badge(build: sample.Builder) -> None:
    assert render_badge(build()) == render_badge(build())
    assert render_badge_svg(build()) == render_badge_svg(build())
