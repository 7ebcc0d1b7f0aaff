"""Keys: other facts never make the same one, and what is the same makes no other."""

import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.cache import ruler as ruler_module
from grader.cache.contents import Contents
from grader.cache.digest import digest
from grader.cache.entries import Entries
from grader.cache.ruler import program, ruler
from grader.model.snapshot import LeftOut, Snapshot
from tests.conftest import MakeSnapshot

PARTS = st.lists(st.text(st.characters(exclude_categories=())) | st.binary())


@given(PARTS, PARTS)
def test_only_the_same_parts_make_the_same_key(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    assert (digest(one) == digest(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab"], ["a", "b"]),
        (["a", ""], ["a"]),
        ([], [""]),
        (["a"], [b"a"]),
        (["\udcff"], [b"\xff"]),
    ],
)
def test_parts_are_told_apart_by_length_and_kind(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    assert digest(one) != digest(other)


def test_a_file_is_its_bytes_and_whether_it_can_be_run(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"a": "x", "b": "x", "c": "y"})
    known = Contents(snapshot)
    assert known.of("a") == known.of("b") != known.of("c")
    (snapshot.root / "b").chmod(0o755)
    again = Contents(snapshot)
    assert again.of("a") == known.of("a")
    assert again.of("b") != known.of("b")


def test_a_file_is_read_once(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({"a": "x"})
    known = Contents(snapshot)
    before = known.of("a")
    (snapshot.root / "a").write_text("y")
    assert known.of("a") == before


def test_a_link_is_what_it_leads_to_within_the_repository(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    snapshot = make_snapshot({"a": "x"})
    (snapshot.root / "in").symlink_to("a")
    (snapshot.root / "out").symlink_to(outside)
    (snapshot.root / "gone").symlink_to("nowhere")
    before = {name: Contents(snapshot).of(name) for name in ("in", "out", "gone")}
    assert len(set(before.values())) == 3
    (snapshot.root / "a").write_text("y")
    outside.write_text("other")
    after = {name: Contents(snapshot).of(name) for name in before}
    assert after["in"] != before["in"]
    assert after["out"] == before["out"]


def test_the_same_content_under_another_name_is_another_population(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"a": "x", "b": "x"})
    known = Contents(snapshot)
    assert known.all_of(["a"]) != known.all_of(["b"])
    assert known.all_of(["a", "b"]) == known.all_of(["b", "a", "b"])


def test_names_links_and_what_was_left_out_are_the_shape(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a").write_text("x")

    def shape(**more: object) -> str:
        facts = {"root": tmp_path / "r", "name": "n", "files": ("a",), **more}
        return Contents(Snapshot(**facts)).shape  # type: ignore[arg-type]

    shapes = {
        shape(),
        shape(files=("b",)),
        shape(files=("a", "b")),
        shape(left_out=(LeftOut("a", ""),)),
        shape(left_out=(LeftOut("a", "too large"),)),
    }
    assert len(shapes) == 5
    assert shape() == shape(name="another", commit="0" * 40)
    (tmp_path / "r" / "a").unlink()
    (tmp_path / "r" / "a").symlink_to("b")
    assert shape() not in shapes


class Plugin:
    """A package of somebody else's, imported."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "grading_plugin" / "__init__.py"
        self.file.parent.mkdir()
        self.write("CHECKS = 1\n")
        module = ModuleType("grading_plugin")
        module.__file__ = str(self.file)
        monkeypatch.setitem(sys.modules, "grading_plugin", module)
        self.entries = Entries(folder / "cache", 2**20)

    def write(self, text: str) -> None:
        self.file.write_text(text)
        # As installed a while ago.
        when = time.time() - 1000
        os.utime(self.file, (when, when))

    def hash(self) -> str | None:
        """As a process finds it that begins now."""
        ruler_module._code.cache_clear()
        return ruler("grading_plugin.checks", self.entries)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    # Somebody may be at work on ours while these tests run.
    monkeypatch.setattr(ruler_module, "_LOADED_AT", time.time() + 60)
    return Plugin(tmp_path, monkeypatch)


def test_other_code_of_a_plugin_is_another_ruler(plugin: Plugin) -> None:
    before = plugin.hash()
    assert before is not None
    assert plugin.hash() == before
    plugin.write("CHECKS = 2\n")
    assert plugin.hash() not in (before, None)
    plugin.write("CHECKS = 1\n")
    assert plugin.hash() == before


def test_code_that_changed_since_it_was_loaded_measures_nothing_to_keep(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruler_module, "_LOADED_AT", time.time() - 2000)
    assert plugin.hash() is None


def test_a_plugin_that_lies_nowhere_is_not_told_apart(plugin: Plugin) -> None:
    assert ruler("no_such_package.checks", plugin.entries) is None


def test_no_renderer_is_part_of_the_ruler(plugin: Plugin) -> None:
    folder = str(Path(ruler_module.__file__).parents[1])
    measuring = {
        Path(file).relative_to(folder).parts[0]
        for file in ruler_module._files(folder, ruler_module._BESIDE)
    }
    assert {"checkers", "codebase", "sandbox", "environment", "model"} <= measuring
    assert not measuring & {"reporting", "scoring", "cli", "__pycache__"}


def test_a_template_is_part_of_the_program_and_no_part_of_the_ruler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruler_module, "shipped", lambda _: tmp_path / "pages")
    monkeypatch.setattr(ruler_module, "_LOADED_AT", float("inf"))
    (tmp_path / "pages").mkdir()
    found = []
    for number, text in enumerate(("one", "two", "one")):
        (tmp_path / "pages" / "page").write_text(text)
        entries = Entries(tmp_path / str(number), 1024 * 1024)
        found.append((program((), entries), ruler("grader", entries)))
    (one, same), (two, same_too), (again, _) = found
    assert one == again != two
    assert None not in (one, two) and same == same_too
