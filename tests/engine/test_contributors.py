"""Each person's part in the commits: kept for whoever grades, and in nothing that students get."""

import csv
import io
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.engine.conditions import Earlier, Surroundings, Which
from grader.engine.contributors import MOST_PEOPLE, contributors_of
from grader.engine.gather import gather
from grader.engine.request import Request, grade_privately
from grader.model.contributors import Contributor
from grader.model.evidence import Evidence
from grader.model.measurement import Measured
from grader.model.report import Report
from grader.reporting.contributors import contributors_csv
from grader.reporting.html import render_html
from grader.reporting.json import render_json
from grader.reporting.markdown import render_markdown
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes
from tests.histories import DELIVERED, git, history, written

RUBRIC = """\
name: How the work was done
version: "1"
dimensions:
  - id: workflow
    title: Workflow
    weight: 1
    items:
      - checker: git-workflow
        score: 10 * several_authors
        advice: Commit your own work.
"""
PEOPLE = ("Ana Costa", "Costa", "ana@uni.edu", "Ben Ode", "ben@uni.edu")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("work") / "team", DELIVERED)


@pytest.fixture(scope="module")
def graded(repository: Path) -> tuple[Report, tuple[Contributor, ...]]:
    rubric = repository.parent / "rubric.yaml"
    rubric.write_text(RUBRIC, "utf-8")
    return grade_privately(Request(str(repository), rubric=rubric))


def test_nothing_that_students_get_names_a_person_of_the_history(
    graded: tuple[Report, tuple[Contributor, ...]],
) -> None:
    report, people = graded
    assert {"Ana Costa", "Ben Ode"} == {one.names[0] for one in people}
    # Whose commit was graded stands above every report; nothing else of anybody's does.
    facts = report.repository.model_copy(update={"commit_author": None})
    told = report.model_copy(update={"repository": facts})
    for text in (render_json(told), render_html(told), render_markdown(told)):
        assert "git-workflow" in text
        assert [name for name in PEOPLE if name in text] == []


def test_the_parts_of_all_are_the_whole_and_each_is_dated(
    graded: tuple[Report, tuple[Contributor, ...]],
) -> None:
    ana, ben = graded[1]
    assert sum(one.share for one in (ana, ben)) == pytest.approx(1)
    assert (ana.commits, ana.co_authored, ana.merges) == (11, 0, 2)
    assert (ben.commits, ben.co_authored, ben.merges) == (9, 1, 3)
    assert (ben.first, ben.last) == ("2026-03-02", "2026-03-12")


def test_a_history_of_hundreds_is_cut_and_a_folder_has_nobody() -> None:
    assert contributors_of(None) == ()
    many = "\n".join(
        f"2026-03-02 10:00 P{at}x <p{at}@uni.edu>: Commit" for at in range(300)
    )
    assert len(contributors_of(history(many))) == MOST_PEOPLE


def test_the_table_has_a_row_for_each_and_no_formula() -> None:
    evil = Contributor(
        names=("=1+1", "@b"),
        addresses=("+a@uni.edu",),
        commits=1,
        co_authored=0,
        merges=0,
        share=0.25,
    )
    (row,) = csv.DictReader(io.StringIO(contributors_csv([("-team", [evil])])[1:]))
    assert row["name"] == "'=1+1" and row["addresses"] == "'+a@uni.edu"
    assert (row["group"], row["share"], row["first"]) == ("'-team", "0.25", "")


def test_a_tag_that_came_later_is_seen_although_the_commit_is_the_same(
    tmp_path: Path,
) -> None:
    source = written(tmp_path / "team", DELIVERED.replace("tag v1.0.0\n", ""))
    item = Item(checker="git-workflow", score="10 * version_tag")

    def version_tag(earlier: Evidence | None) -> tuple[Evidence, float]:
        work = tmp_path / ("first" if earlier is None else "second")
        work.mkdir()
        found = gather(
            str(source),
            Which(),
            [item],
            installed().checkers,
            Surroundings(limits=LimitsRule(), environment="none", work=work),
            Boxes("none"),
            earlier=Earlier(earlier) if earlier else None,
        )
        (one,) = found.measurements
        assert isinstance(one.outcome, Measured)
        return found, one.outcome.values["version_tag"]

    before, value = version_tag(None)
    assert value == 0
    git(source, "tag", "v1.0.0")
    after, value = version_tag(before)
    assert (after.content, value) == (before.content, 1)
