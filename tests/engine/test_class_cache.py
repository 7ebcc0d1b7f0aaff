"""A class's workers and a single run take over each other's measurements."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import grader
from grader.cache.entries import user_entries
from grader.cache.ruler import ruler
from grader.engine.request import Caching
from grader.engine.store import ClassFolder
from tests.engine.test_batch import RUBRIC, clones, request_for, run


def test_a_class_takes_over_what_others_measured_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    if ruler("grader", user_entries()) is None:
        pytest.skip("the code was edited after these tests began: nothing is kept")
    groups = clones(tmp_path)[2:3]
    (tmp_path / "r.yaml").write_text(RUBRIC)
    source = groups[0].source
    alone = grader.grade(
        source, rubric=tmp_path / "r.yaml", isolation="none", environment="none"
    )
    before = user_entries().filling().entries
    made = {check.id: check.measurement for check in alone.checks}
    request = replace(request_for(groups), caching=Caching())
    folder = ClassFolder(tmp_path / "class")
    run(request, folder)
    evidence = folder.load("team-2")
    assert evidence is not None
    assert [one.outcome for one in evidence.measurements] == [
        one.outcome for one in made.values() if one is not None
    ]
    # Nothing is new: the workers have found all that there is to know.
    assert user_entries().filling().entries == before
    shutil.rmtree(user_entries().folder)
    run(replace(request, refresh=True), ClassFolder(tmp_path / "again"))
    # Without the hashes of our whole package and of the templates: nobody asks for them.
    assert user_entries().filling().entries == before - 2
    shutil.rmtree(user_entries().folder)
    run(
        replace(request, caching=Caching(is_on=False)),
        ClassFolder(tmp_path / "without"),
    )
    assert user_entries().filling().entries == 0
