"""What a checker says it doesn't read, it doesn't: what it stated holds after any change there."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader.checkers._base import Bench, Checker, Options
from grader.checkers._registry import installed
from grader.checkers.secrets import Secrets, SecretsOptions
from grader.errors import CannotMeasure
from grader.model.history import History
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from tests.conftest import FIXTURES
from tests.histories import history

REPOSITORIES = ("empty", "messy", "solid", "delivered")
# Every kind of file that some tool takes for its settings, and some that none does.
ODD = {
    **dict.fromkeys((".flake8", "setup.cfg", "tox.ini", "radon.cfg", "mypy.ini"), ""),
    **dict.fromkeys((".isort.cfg", ".editorconfig", ".pydocstyle", ".coveragerc"), ""),
    **dict.fromkeys(("pylintrc", ".pylintrc", "pylintrc.toml", "pytest.ini"), ""),
    **dict.fromkeys((".gitignore", ".gitattributes", ".env", "py.typed"), ""),
    **dict.fromkeys(("src/pyproject.toml", "src/setup.cfg", "src/.flake8"), ""),
    "pyproject.toml": "[project]\nname = 'odd'\n",
    "notes.txt": "Nothing.\n",
    "data/rows.csv": "a,b\n1,2\n",
    "src/module.py": "import  os\nimport odd.other\n\ndef f( ):\n    return 1\n",
    "src/odd/__init__.py": "",
    "src/odd/other.pyi": "x: int\n",
    "tests/test_it.py": "from src.module import f\n\ndef test_f():\n    assert f()\n",
}
# What any tool would obey, were it to read it.
TEMPTING = b"""
[flake8]
ignore = E,W,F
[isort]
skip = .
[tool:isort]
skip = .
[pydocstyle]
match = none
[tool.black]
line-length = 300
[tool.isort]
known_first_party = ["os"]
[pylint]
disable = all
[radon]
exclude = *
"""


def read_less() -> list[Checker[Options]]:
    """Those that don't read every file."""
    nothing = Snapshot(root=Path("/nowhere"), name="n", files=("a-file.txt",))
    found = []
    for checker in installed().checkers.values():
        reads = checker.reads(nothing, checker.options_type()())
        if reads is not None and "a-file.txt" not in reads:
            found.append(checker)
    return found


EACH = [pytest.param(one, id=one.id) for one in read_less()]


def snapshot_of(name: str, folder: Path) -> Snapshot:
    if name == "odd":
        for path, text in ODD.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    else:
        shutil.copytree(FIXTURES / "repos" / name, folder)
    files = (one for one in folder.rglob("*") if one.is_file())
    paths = sorted(one.relative_to(folder).as_posix() for one in files)
    return Snapshot(root=folder, name=name, files=tuple(paths))


def stated(
    checker: Checker[Options], snapshot: Snapshot, bench: Bench, name: str
) -> Measured | NotApplicable | str:
    """What it states; in words where it can't measure, which must not change either."""
    scratch = bench.scratch / name
    scratch.mkdir()
    at = replace(bench, scratch=scratch)
    try:
        return checker.measure(snapshot, checker.options_type()(), at).outcome
    except CannotMeasure as error:
        return error.reason


def test_those_that_start_a_tool_on_python_files_read_nothing_else() -> None:
    known = {one.id for one in read_less()}
    assert known >= {"formatting", "imports", "lint", "logging", "pylint"}


def test_the_instructors_list_of_known_secrets_is_read_too() -> None:
    options = SecretsOptions(baseline="known.json")
    assert Secrets().consults(options) == [Path("known.json")]
    assert Secrets().consults(SecretsOptions()) == []


@pytest.mark.parametrize("checker", EACH)
def test_what_a_checker_reads_is_named_among_the_files_or_could_be(
    checker: Checker[Options], tmp_path: Path
) -> None:
    snapshot = snapshot_of("odd", tmp_path / "odd")
    reads = checker.reads(snapshot, checker.options_type()())
    assert reads is not None
    assert {"src/module.py", "src/odd/other.pyi"} <= set(reads)


@pytest.mark.sandbox
@pytest.mark.parametrize("repository", ["odd", *REPOSITORIES])
@pytest.mark.parametrize("checker", EACH)
def test_an_outcome_outlives_every_change_to_what_is_not_read(
    checker: Checker[Options], repository: str, tmp_path: Path, bench: Bench
) -> None:
    snapshot = snapshot_of(repository, tmp_path / "repository")
    before = stated(checker, snapshot, bench, "before")
    reads = set(checker.reads(snapshot, checker.options_type()()) or ())
    others = [path for path in snapshot.files if path not in reads]
    assert others
    for path in others:
        file = snapshot.root / path
        file.write_bytes(file.read_bytes() + TEMPTING)
    known = history("2026-03-02 10:00 Ana Costa <ana@uni.edu>: Begin")
    assert isinstance(known, History)
    # Another name, commit and history too: a new snapshot, so that nothing is remembered.
    after = Snapshot(
        root=snapshot.root,
        name="another-name",
        files=snapshot.files,
        commit="0" * 40,
        uncommitted=True,
        history=known,
    )
    assert stated(checker, after, bench, "after") == before
