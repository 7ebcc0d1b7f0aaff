"""A group's course in its report: one line chart, and the same numbers in a table."""

import re
from collections.abc import Sequence

import pytest

from grader.model.report import CoursePoint, Report, RubricFacts
from grader.reporting import course
from grader.reporting.html import render_html
from grader.reporting.markdown import render_markdown
from grader.scoring.course import moved
from tests.reporting import sample
from tests.reporting.page import Element, read_page
from tests.scoring.test_course import entry, marks


def point(
    day: int, total: float | None, *, rubric: str = "a", is_final: bool = True
) -> CoursePoint:
    return CoursePoint(
        when=f"2025-05-{day:02}T18:00:00+00:00",
        commit=f"{day:x}" * 40,
        total=total,
        is_final=is_final,
        rubric=RubricFacts(name="MLOps", version=rubric, digest=rubric * 64),
        rank=None if total is None else 3,
        ranked=12,
    )


POINTS = (point(1, 5.65), point(2, None), point(5, 7.4, is_final=False), point(9, 10))


def with_course(points: Sequence[CoursePoint]) -> Report:
    return sample.judged().model_copy(update={"course": tuple(points)})


def section(points: Sequence[CoursePoint]) -> Element:
    root = read_page(render_html(with_course(points)))
    return root.one("section", **{"aria-labelledby": "course"})


def test_the_chart_has_a_sentence_and_its_numbers_in_a_table() -> None:
    found = section(POINTS)
    chart = found.one("svg", class_="course")
    assert "4 runs: 5.65 on 1 May 2025" in chart.attributes["aria-label"]
    assert chart.attributes["role"] == "img"
    rows = [
        [cell.text for cell in (*row.all("th"), *row.all("td"))]
        for row in found.one("details").one("tbody").all("tr")
    ]
    assert [row[2] for row in rows] == ["5.65", "not graded", "7.4", "10"]
    assert [row[3] for row in rows] == ["–", "–", "+1.75", "+2.6"]
    assert [row[4] for row in rows] == ["3 of 12", "–", "3 of 12", "3 of 12"]
    assert rows[2][5] == "provisional"


def test_a_point_stands_where_its_time_and_its_total_put_it() -> None:
    drawn = course.chart((point(1, 0), point(2, 5), point(5, 10)))
    xs, ys = [d.x for d in drawn.dots], [d.y for d in drawn.dots]
    assert (xs[1] - xs[0]) * 4 == pytest.approx(xs[2] - xs[0])
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2])
    assert ys[0] > ys[2]


def test_the_line_is_broken_where_there_is_no_total() -> None:
    assert len(section(POINTS).all("polyline")) == 1
    assert len(section(POINTS).all("circle")) == 3
    assert len(section(POINTS).all("circle", class_="dot provisional")) == 1


def test_a_change_of_rubric_is_marked_in_the_chart_and_in_the_table() -> None:
    points = [
        point(1, 5),
        point(2, 6),
        point(3, 7, rubric="b"),
        point(4, 8, rubric="b"),
    ]
    found = section(points)
    assert len(found.all("line", class_="ruler")) == 1
    assert len(found.all("polyline")) == 2
    assert found.text.count("another rubric: MLOps, version b") == 1
    assert "another rubric: MLOps, version b" in render_markdown(with_course(points))
    assert section(POINTS).all("line", class_="ruler") == []


@pytest.mark.parametrize("points", [(), POINTS[:1]])
def test_one_run_is_no_course(points: tuple[CoursePoint, ...]) -> None:
    root = read_page(render_html(with_course(points)))
    assert root.all("section", **{"aria-labelledby": "course"}) == []
    assert "Your course" not in render_markdown(with_course(points))


def test_times_that_are_none_or_all_the_same_still_make_a_chart() -> None:
    same = (point(1, 1), point(1, 2), point(1, 3))
    odd = tuple(one.model_copy(update={"when": "soon"}) for one in same)
    for points in (same, odd):
        xs = [dot.x for dot in course.chart(points).dots]
        assert xs == sorted(set(xs))
        assert section(points).all("circle")


def test_never_graded_is_no_0() -> None:
    found = section((point(1, None), point(2, None)))
    assert found.all("circle") == []
    assert "never graded" in found.one("svg").attributes["aria-label"]


def test_markdown_has_the_same_rows() -> None:
    text = render_markdown(with_course(POINTS))
    assert "| 5 May 2025, 18:00 UTC | `555555555555` | 7.4 | +1.75 | 3 of 12 |" in text
    assert re.search(r"not graded \| – \| – \|", text)


def test_payloads_in_a_rubrics_name_stay_text() -> None:
    hostile = [
        one.model_copy(update={"rubric": one.rubric.model_copy(update={"name": text})})
        for one, text in zip(
            (point(1, 5), point(2, 6, rubric="b")), sample.HOSTILE, strict=False
        )
    ]
    plain = {e.tag for e in section((point(1, 5), point(2, 6, rubric="b"))).all()}
    assert {e.tag for e in section(hostile).all()} == plain


def test_what_moved_is_said_in_one_line_with_what_else_is_another() -> None:
    moves = moved(
        entry(1, {"a": marks(1, 1, 1), "b": marks(5, 5, 5), "c": marks(2, 2, 2)}),
        entry(2, {"a": marks(2, 2, 2), "b": marks(4, 4, 4), "d": marks(1, 1, 1)}),
    )
    assert course.summary(moves) == (
        "Since 2025-05-01 18:00 UTC: 2 totals moved, up 1, down 1."
    )
    assert course.notes(moves) == ("New in the list: d.", "No longer in the list: c.")
    assert course.through(moves.totals[0]) == "lint +0.5, tests +0.3, docs +0.2"


def test_another_rubric_is_said_before_anything_else() -> None:
    group = {"a": marks(1, 1, 1)}
    moves = moved(entry(1, group), entry(2, group, rubric="b"))
    assert course.summary(moves).endswith("no total moved.")
    assert course.notes(moves)[0].startswith("The rubric changed: r, version a, then")
