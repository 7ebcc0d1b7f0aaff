"""What a tool said of a file is kept: the facts are the same as of a run over all files."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cache import ruler
from grader.cache.contents import Contents
from grader.cache.entries import Entries
from grader.cache.verdicts import Verdicts
from grader.checkers import _detect_secrets, _file_by_file, _secrets_scans
from grader.checkers._base import (
    Bench,
    Checker,
    Command,
    Options,
    OptionsT,
    Result,
    execute,
)
from grader.checkers._detect_secrets import Secret
from grader.checkers.formatting import Formatting
from grader.checkers.imports import Imports
from grader.checkers.secrets import Secrets
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput
from tests.conftest import FIXTURES, MakeSnapshot

BOTH = [
    pytest.param(Formatting(), id="formatting"),
    pytest.param(Imports(), id="imports"),
]
EACH = [*BOTH, pytest.param(Secrets(), id="secrets")]
# In two pieces, so that this file holds no secret.
LEAK = f'KEY = "{"AKIA" + "IOSFODNN7EXAMPLQ"}"'
PRAGMA = "  # pragma: allowlist secret"
LEAKS = {"a.py": f"{LEAK}\n", "b.py": f"{LEAK}{PRAGMA}\n", "c.md": "# C\n"}
FILES = {
    "src/one.py": "import os\nimport sys\n\nprint(os, sys)\n",
    "src/two.py": "import sys\nimport os\nprint( os, sys )\n",
    "src/broken.py": "def f(:\n",
    "src/skipped.py": "# isort: skip_file\nimport sys\nimport os\n",
    "src/shop/__init__.py": "",
    "tests/test_one.py": "import shop\nimport pandas\n\nprint(shop, pandas)\n",
    "README.md": "# Shop\n",
}


class Kept:
    """A cache, and which files the tools are given."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries = Entries(folder / "cache", 2**20)
        self.given: list[tuple[str, ...]] = []
        self._runs = 0
        monkeypatch.setattr(_file_by_file, "execute", self._execute)
        monkeypatch.setattr(_detect_secrets, "execute", self._execute)
        # Whoever works on the code while these tests run changes nothing here.
        monkeypatch.setattr(ruler, "_code", lambda top, entries: "the code")

    def _execute(
        self,
        command: Command,
        files: Sequence[str],
        snapshot: Snapshot,
        bench: Bench,
    ) -> ToolOutput:
        # detect-secrets is given the folder that it stands in, with our sample in it.
        given = snapshot.files[:-1] if files == (".",) else files
        if bench.verdicts is not None:
            self.given.append(tuple(given))
        return execute(command, files, snapshot, bench)

    def measure(
        self, checker: Checker[OptionsT], snapshot: Snapshot, bench: Bench
    ) -> Result:
        """One more run, with what is known by now."""
        self._runs += 1
        scratch = bench.scratch / str(self._runs)
        scratch.mkdir()
        verdicts = Verdicts(self.entries, Contents(snapshot))
        at = replace(bench, scratch=scratch, verdicts=verdicts)
        return checker.measure(snapshot, checker.options_type()(), at)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    return Kept(tmp_path, monkeypatch)


def whole(checker: Checker[OptionsT], snapshot: Snapshot, bench: Bench) -> Result:
    """What is measured without anything that is kept."""
    scratch = Path(tempfile.mkdtemp(dir=bench.scratch))
    options = checker.options_type()()
    return checker.measure(snapshot, options, replace(bench, scratch=scratch))


def fixture(name: str) -> Snapshot:
    root = FIXTURES / "repos" / name
    files = (one for one in root.rglob("*") if one.is_file())
    paths = sorted(one.relative_to(root).as_posix() for one in files)
    return Snapshot(root=root, name=name, files=tuple(paths))


@pytest.mark.parametrize("checker", EACH)
@pytest.mark.parametrize("name", ["messy", "solid"])
def test_cold_warm_and_whole_are_the_same_to_the_byte(
    checker: Checker[Options], name: str, kept: Kept, bench: Bench
) -> None:
    expected = whole(checker, fixture(name), bench)
    cold = kept.measure(checker, fixture(name), bench)
    runs = len(kept.given)
    warm = kept.measure(checker, fixture(name), bench)
    assert cold == warm == expected
    assert cold.outcome.model_dump_json() == expected.outcome.model_dump_json()
    assert len(kept.given) == runs > 0


@pytest.mark.parametrize("checker", EACH)
def test_only_the_file_that_was_edited_is_judged_anew(
    checker: Checker[Options], kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    kept.measure(checker, make_snapshot(FILES), bench)
    edited = make_snapshot({**FILES, "src/one.py": "import sys\nimport os\n"})
    again = kept.measure(checker, edited, bench)
    assert kept.given[1:] == [("src/one.py",)]
    assert again == whole(checker, edited, bench)


@pytest.mark.sandbox
@pytest.mark.parametrize("checker", BOTH)
def test_a_file_that_is_empty_now_is_judged_with_the_others(
    checker: Checker[Options], kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    kept.measure(checker, make_snapshot(FILES), bench)
    edited = make_snapshot({**FILES, "src/one.py": ""})
    assert kept.measure(checker, edited, bench) == whole(checker, edited, bench)


def test_black_says_the_same_of_the_same_bytes_wherever_they_are(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    kept.measure(Formatting(), make_snapshot(FILES), bench)
    moved = {f"app/{path}": text for path, text in FILES.items()}
    snapshot = make_snapshot(moved)
    again = kept.measure(Formatting(), snapshot, bench)
    assert len(kept.given) == 1
    assert again == whole(Formatting(), snapshot, bench)


def test_isort_is_asked_anew_when_a_module_becomes_the_projects_own(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    before = kept.measure(Imports(), make_snapshot(FILES), bench)
    # What the file imports second is now of the project too, and stands in its order.
    own = make_snapshot({**FILES, "src/pandas/__init__.py": ""})
    after = kept.measure(Imports(), own, bench)
    assert "tests/test_one.py" in kept.given[1]
    assert after == whole(Imports(), own, bench)
    assert after.outcome != before.outcome


def test_isort_is_asked_anew_when_a_package_is_spread_over_several_places(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {**FILES, "src/two.py": "import pandas\nimport shop.cart\n"}
    kept.measure(Imports(), make_snapshot(files), bench)
    spread = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    changed = make_snapshot({**files, "src/shop/__init__.py": spread})
    after = kept.measure(Imports(), changed, bench)
    assert "src/two.py" in kept.given[1]
    assert after == whole(Imports(), changed, bench)


def test_another_line_length_is_another_question(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    long = f"x = [{', '.join(['11111'] * 13)}]\n"
    snapshot = make_snapshot({"a.py": long})
    kept.measure(Formatting(), snapshot, bench)
    verdicts = Verdicts(kept.entries, Contents(snapshot))
    scratch = bench.scratch / "wide"
    scratch.mkdir()
    wide = Formatting.options_type()(line_length=100)
    found = Formatting().measure(
        snapshot, wide, replace(bench, scratch=scratch, verdicts=verdicts)
    )
    assert len(kept.given) == 2
    assert found.outcome.model_dump()["values"]["compliant_files"] == 1


@pytest.mark.parametrize("checker", EACH)
def test_a_verdict_that_no_tool_gives_is_not_believed(
    checker: Checker[Options], kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(FILES)
    expected = kept.measure(checker, snapshot, bench)
    for file in kept.entries.folder.rglob("*"):
        if file.is_file():
            key = file.parent.name + file.name
            kept.entries.put(key, b"splendid")
    assert kept.measure(checker, snapshot, bench) == expected


@pytest.mark.sandbox
@pytest.mark.parametrize("checker", BOTH)
def test_where_the_tool_fails_all_is_done_as_if_nothing_were_known(
    checker: Checker[Options],
    kept: Kept,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept.measure(checker, make_snapshot(FILES), bench)
    edited = make_snapshot({**FILES, "src/one.py": "import sys\nimport os\n"})

    def fails(*_: object) -> ToolOutput:
        raise CannotMeasure("it crashed")

    monkeypatch.setattr(_file_by_file, "execute", fails)
    assert kept.measure(checker, edited, bench) == whole(checker, edited, bench)


@pytest.mark.sandbox
@pytest.mark.parametrize("checker", BOTH)
def test_two_names_for_one_file_are_left_to_the_tool(
    checker: Checker[Options], kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    made = make_snapshot({"src/one.py": FILES["src/one.py"]})
    (made.root / "src" / "same.py").symlink_to("one.py")
    snapshot = replace(made, files=("src/one.py", "src/same.py"))

    def said(measure: object) -> object:
        assert callable(measure)
        try:
            return measure(checker, snapshot, bench)
        except CannotMeasure as error:
            return error.reason

    assert said(kept.measure) == said(whole)
    assert not kept.given


def test_secrets_are_known_with_what_an_allowlist_comment_hides(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    kept.measure(Secrets(), make_snapshot(LEAKS), bench)
    assert kept.given == [("a.py", "b.py", "c.md"), ("b.py",)]
    edited = make_snapshot({**LEAKS, "c.md": "# D\n"})
    again = kept.measure(Secrets(), edited, bench)
    assert kept.given[2:] == [("c.md",)]
    assert again == whole(Secrets(), edited, bench)
    assert again.outcome.model_dump()["values"]["secrets"] == 1
    assert again.outcome.model_dump()["values"]["allowlisted"] == 1
    bare = make_snapshot({**LEAKS, "b.py": f"{LEAK}\n"})
    again = kept.measure(Secrets(), bare, bench)
    assert again == whole(Secrets(), bare, bench)
    assert again.outcome.model_dump()["values"]["secrets"] == 2


def test_a_file_that_has_another_name_now_is_searched_again(
    kept: Kept, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # What looks like a lock file by its name is not searched.
    kept.measure(Secrets(), make_snapshot({"Pipfile.lock": LEAK}), bench)
    moved = make_snapshot({"app/lock.txt": LEAK})
    again = kept.measure(Secrets(), moved, bench)
    assert kept.given == [("Pipfile.lock",), ("app/lock.txt",)]
    assert again == whole(Secrets(), moved, bench)
    assert again.outcome.model_dump()["values"]["secrets"] == 1


def test_where_a_new_file_can_not_be_searched_all_are_searched_anew(
    kept: Kept,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept.measure(Secrets(), make_snapshot(LEAKS), bench)
    scan = _detect_secrets.scan
    asked: list[list[str]] = []

    def fails_once(
        command: Command, files: Sequence[str], snapshot: Snapshot, at: Bench
    ) -> dict[Secret, int | None]:
        asked.append(list(files))
        if len(asked) == 1:
            raise CannotMeasure("it crashed")
        return scan(command, files, snapshot, at)

    monkeypatch.setattr(_secrets_scans, "scan", fails_once)
    edited = make_snapshot({**LEAKS, "c.md": "# D\n"})
    again = kept.measure(Secrets(), edited, bench)
    assert asked[0] == ["c.md"]
    assert asked[-2:] == [["a.py", "b.py", "c.md"], ["b.py"]]
    monkeypatch.setattr(_secrets_scans, "scan", scan)
    assert again == whole(Secrets(), edited, bench)
