"""The rubrics that ship: they load by name, and use what the checkers measure."""

from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.cli.app import run
from grader.codebase.stages import STAGES
from grader.engine.items import catalogue
from grader.errors import GradeError
from grader.rubric.formula import parse
from grader.rubric.load import load_rubric
from grader.rubric.named import DEFAULT, named, names, rubric_file


def test_there_are_three() -> None:
    assert names() == (DEFAULT, "final-project", "first-assignment-2026")


@pytest.mark.parametrize("name", names())
def test_a_shipped_rubric_loads_by_its_name(name: str) -> None:
    loaded = load_rubric(Path(name), catalogue(installed()))
    assert loaded.source == name
    assert loaded.text == named(name).read_bytes()


@pytest.mark.parametrize("name", names())
def test_every_item_has_advice_and_can_give_ten(name: str) -> None:
    rubric = load_rubric(Path(name), catalogue(installed())).rubric
    checkers = installed().checkers
    for item in rubric.items:
        assert item.advice, item.key
        quantities = {one.name: one for one in checkers[item.checker].quantities}
        assert set(parse(item.score).names) <= quantities.keys()


# Lines that a number in the formula stands for; of `api` those that are told and give none.
COUNTED_OTHERWISE: dict[str, set[str]] = {
    "api": {"documented", "server_declared"},
    "configuration": {"keys_used"},
    "dependencies": {"imports_declared", "all_used", "pinned"},
    "entry-point": {"delegates"},
    "logging-setup": {"modules_log"},
    "pipeline-stages": set(STAGES),
    "test-quality": {"asserting", "can_fail", "not_skipped", "public_named"},
}


def test_the_final_project_uses_every_line_of_every_checklist_that_it_names() -> None:
    """A line that no formula uses would be asked for and never count."""
    rubric = load_rubric(Path("final-project"), catalogue(installed())).rubric
    used: dict[str, set[str]] = {}
    for item in rubric.items:
        used.setdefault(item.checker, set()).update(parse(item.score).names)
    uncounted = {
        f"{name}.{criterion.name}"
        for name, quantities in used.items()
        for criterion in installed().checkers[name].criteria
        if criterion.name not in quantities | COUNTED_OTHERWISE.get(name, set())
    }
    assert uncounted == set()


def test_a_file_of_that_name_comes_before_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rubric_file(Path("final-project")) == named("final-project")
    (tmp_path / "final-project").mkdir()
    assert rubric_file(Path("final-project")) == named("final-project")
    (tmp_path / "final-project").rmdir()
    (tmp_path / "final-project").write_text("name: mine\n")
    assert rubric_file(Path("final-project")) == Path("final-project")


def test_an_unknown_name_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match='Did you mean "final-project"'):
        named("final-projekt")
    with pytest.raises(GradeError) as caught:
        load_rubric(tmp_path / "final-projekt", catalogue(installed()))
    assert "final-project" in str(caught.value.hint)


def test_a_copy_is_written_with_its_schema_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["rubric", "init", "final-project"]) == 0
    assert (tmp_path / "final-project.yaml").read_bytes() == named(
        "final-project"
    ).read_bytes()
    assert (tmp_path / "rubric.schema.json").exists()
    assert run(["rubric", "check", "final-project.yaml"]) == 0
    assert run(["rubric", "init", "final-project"]) == 2
    assert run(["rubric", "init", "final-project", "mine.yaml", "--force"]) == 0
    assert (tmp_path / "mine.yaml").exists()
    capsys.readouterr()
    assert run(["rubric", "list"]) == 0
    assert capsys.readouterr().out.split("\n")[1].startswith("final-project")
    assert run(["rubric", "show", "first-assignment-2026"]) == 0
    assert capsys.readouterr().out == named("first-assignment-2026").read_text("utf-8")
