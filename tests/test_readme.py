"""What the README shows works as it stands there."""

import re
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from grader.checkers._base import SECTIONS, Bench
from tests.conftest import REPOSITORY, MakeSnapshot

README = (REPOSITORY / "README.md").read_text("utf-8")


def test_the_guides_checker_and_its_test_work(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = README[README.index("## Adding a checker") :]
    checker, test = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    name = "grader.checkers.todo_notes"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(checker, "README.md", "exec"), module.__dict__)
    assert tuple(module.TodoNotes.sections()) == SECTIONS
    space: dict[str, Callable[[MakeSnapshot, Bench], None]] = {}
    exec(compile(test, "README.md", "exec"), space)
    space["test_each_note_is_counted"](make_snapshot, bench)


def test_every_file_it_names_exists() -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target
    for path in re.findall(r"`((?:grader|benchmarks|fixtures|\.ci)/[\w./-]+)`", README):
        if path not in ("grader/checkers/todo_notes.py",):
            assert (REPOSITORY / path).exists(), path


def test_the_two_commands_are_there_to_the_letter() -> None:
    setup = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && "
    assert f"\n{setup}.venv/bin/mlops-grade fixtures/repos/middling\n" in README
    assert f"\n{setup}.venv/bin/pytest\n" in README
