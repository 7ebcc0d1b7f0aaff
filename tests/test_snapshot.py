"""What of a repository is read, and what becomes of files that a tool can't read."""

from pathlib import Path

import pytest

from grader.model.snapshot import Snapshot, read_module
from tests.conftest import MakeSnapshot

FILES = {
    "src/a.py": "x = 1\n",
    "src/b.py": "y = 2\n",
    "src/broken.py": "print 'x'\n",
    "tests/test_a.py": "def test_a(): ...\n",
}


@pytest.mark.parametrize(
    "coding", ["punycode", "idna", "undefined", "hex", "nonsense", "utf-16"]
)
def test_no_encoding_ends_more_than_its_own_file(coding: str, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(f"# coding: {coding}\nx = 1\n")
    module = read_module(file, "a.py")
    assert module.tree is None
    assert module.problem is not None and not module.problem.is_depth


def test_a_file_that_the_parser_gives_up_on_has_a_problem_of_depth(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = " + "-" * 9_000 + "1\n")
    problem = read_module(file, "a.py").problem
    assert problem is not None and problem.is_depth


def test_what_a_tool_can_not_read_is_in_no_number_unless_python_can_not_either(
    make_snapshot: MakeSnapshot,
) -> None:
    rest = make_snapshot(FILES).without(["src/a.py", "src/broken.py"])
    assert rest.source_files == ("src/b.py", "src/broken.py")
    assert rest.given("source") == ("src/b.py",)
    assert [module.path for module in rest.unparsable("all")] == ["src/broken.py"]
    assert rest.describe("source") == "2 Python files below src/, less 1 not measured"


def test_the_population_stays_src_where_a_tool_can_read_nothing_of_it(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"src/a.py": "x = 1\n", "main.py": "y = 2\n"})
    assert snapshot.without(["src/a.py"]).source_files == ()


def test_a_withheld_file_makes_no_room_for_one_beyond_the_limit(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.model.snapshot.MAX_PYTHON_FILES", 2)
    snapshot: Snapshot = make_snapshot({"a.py": "a\n", "b.py": "b\n", "c.py": "c\n"})
    assert snapshot.without(["a.py"]).python_files == ("b.py",)


def test_a_tree_that_was_not_kept_is_made_again(
    make_snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.model.snapshot._KEPT_BYTES", 0)
    module = make_snapshot(FILES).module("src/a.py")
    assert module.kept is None
    assert module.tree is not None and len(module.tree.body) == 1
