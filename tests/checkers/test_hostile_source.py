"""Cases 24 to 38 of HOSTILE (and 16) at the level of the checkers, each tool really run.

That other groups, the report and the machine are left alone is checked with the whole
program, in tests/hostile; here, that what is measured is right.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pytest

from grader.checkers._base import Bench
from grader.checkers._registry import installed
from grader.environment.manifests import read_manifests
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from grader.sandbox.limits import MEBIBYTE, Limits
from tests.conftest import Unboxed
from tests.hostile import source_repositories as repositories

# Each tool is really run on each of them: half a minute, left to .ci/run.
pytestmark = pytest.mark.sandbox

Build = Callable[[Path], None]

LIMITS = Limits(seconds=120, memory_bytes=512 * MEBIBYTE)
STATIC = ("error-handling", "config-paths", "file-presence")
FLAKE8 = ("lint", "logging")
TOOLS = (
    *("formatting", "imports", *FLAKE8, "pylint", "complexity"),
    *("docstrings", "secrets"),
)


@dataclass(frozen=True)
class Graded:
    """A repository, and what each checker that was asked for made of it."""

    folder: Path
    outcomes: Mapping[str, Measured | NotApplicable]

    def measured(self, checker: str) -> Measured:
        outcome = self.outcomes[checker]
        assert isinstance(outcome, Measured), outcome.reason
        return outcome

    def values(self, checker: str) -> dict[str, int | float]:
        return dict(self.measured(checker).values)

    def found(self, checker: str, rule: str) -> set[str | None]:
        findings = self.measured(checker).findings
        return {finding.path for finding in findings if finding.rule == rule}

    def not_measured(self, checker: str) -> set[str]:
        return {file.path for file in self.measured(checker).not_measured}

    @cached_property
    def has_run_code(self) -> bool:
        """Whether code of the repository left its trace, or a shell did."""
        touched = any(path.name == "x" for path in self.folder.rglob("*"))
        return touched or repositories.canary(self.folder).exists()


class Grade(Protocol):
    """Builds a repository of some cases and runs checkers on it."""

    def __call__(self, *cases: Build, checkers: tuple[str, ...] = TOOLS) -> Graded: ...


@pytest.fixture(scope="module")
def grade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grade]:
    known = installed().checkers

    def run(*cases: Build, checkers: tuple[str, ...] = TOOLS) -> Graded:
        work = tmp_path_factory.mktemp("hostile").resolve()
        folder = work / "graded-copy"
        for case in cases:
            case(folder)
        paths = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        files = tuple(sorted(path.as_posix() for path in paths))
        snapshot = Snapshot(root=folder, name="hostile", files=files)

        def measure(name: str) -> Measured | NotApplicable:
            scratch = work / "checks" / name
            scratch.mkdir(parents=True)
            bench = Bench(scratch, LIMITS, LIMITS, Unboxed())
            checker = known[name]
            options = checker.options_type()()
            return checker.measure(snapshot, options, bench).outcome

        with ThreadPoolExecutor(2) as pool:
            outcomes = dict(zip(checkers, pool.map(measure, checkers), strict=True))
        return Graded(folder, outcomes)

    yield run


@pytest.fixture(scope="module")
def plain(grade: Grade) -> Graded:
    """The project that the hostile ones are made of."""
    return grade(repositories.honest)


@pytest.fixture(scope="module")
def sources(grade: Grade) -> Graded:
    """Cases 24, 25, 28 and 34 in one: none of them takes a tool from another."""
    return grade(
        *(repositories.case_24, repositories.case_25),
        *(repositories.case_28, repositories.case_34),
        checkers=(*(name for name in TOOLS if name != "logging"), *STATIC),
    )


# The files of case 25 that Python reads.
READABLE = {"latin1_named", "marked", "surrogates", "form_feed"}
UNREADABLE = {
    *("utf16", "utf16_without_mark", "latin1", "nonsense", "no_text", "undefined"),
    *("punycode", "idna"),
}
PARSERS = (
    *("formatting", "imports", "lint", "pylint", "docstrings", "error-handling"),
    "config-paths",
)


@pytest.mark.parametrize("checker", PARSERS)
def test_case_24_a_nul_byte_makes_a_file_unparsable_and_loses_no_other(
    checker: str, sources: Graded
) -> None:
    told = sources.found(checker, "unparsable") | sources.found(checker, "E999")
    assert {"src/nul.py", "src/nul_comment.py"} <= told
    assert "src/mean.py" not in told


@pytest.mark.parametrize("checker", PARSERS)
def test_case_25_a_wrong_encoding_makes_a_file_unparsable_and_a_right_one_does_not(
    checker: str, sources: Graded
) -> None:
    told = sources.found(checker, "unparsable") | sources.found(checker, "E999")
    assert {f"src/{name}.py" for name in UNREADABLE} <= told
    assert not {f"src/{name}.py" for name in READABLE} & told
    assert sources.values(checker)["unparsable"] == len(UNREADABLE) + 2


def test_case_25_radon_alone_reads_only_utf_8(sources: Graded) -> None:
    told = sources.found("complexity", "unparsable")
    assert {f"src/{name}.py" for name in UNREADABLE} <= told
    assert "src/latin1_named.py" in told


def test_case_25_every_file_that_python_reads_is_measured_by_every_tool(
    sources: Graded,
) -> None:
    assert all(
        not outcome.not_measured
        for outcome in sources.outcomes.values()
        if isinstance(outcome, Measured)
    )


@pytest.fixture(scope="module")
def deep(grade: Grade) -> Graded:
    names = ("lint", "pylint", "complexity", "error-handling")
    return grade(repositories.case_26, checkers=names)


@pytest.mark.parametrize(
    ("checker", "beyond"),
    [
        ("lint", {"src/sum_400.py", "src/minus_900.py"}),
        ("pylint", set(repositories.DEEP)),
        ("complexity", {"src/sum_400.py", "src/minus_900.py"}),
        ("error-handling", set()),
    ],
)
def test_case_26_what_only_a_tool_can_not_read_is_not_measured_and_no_fault(
    checker: str, beyond: set[str], deep: Graded
) -> None:
    # How deep is too deep for a tool depends on the Python that it runs in.
    missing = deep.not_measured(checker)
    assert missing <= set(repositories.DEEP)
    assert bool(missing) == bool(beyond)
    values = deep.values(checker)
    assert values["unparsable"] == len(repositories.TOO_DEEP)
    outside = 4 if checker == "lint" else 3
    whole = outside + len(repositories.DEEP) + len(repositories.TOO_DEEP)
    assert values["files"] == whole - len(missing)


def test_case_26_the_other_files_are_measured_as_without_the_deep_ones(
    deep: Graded, plain: Graded
) -> None:
    for checker, quantity in [
        ("complexity", "mean_complexity"),
        ("pylint", "warnings"),
        ("lint", "pyflakes"),
    ]:
        assert deep.values(checker)[quantity] == plain.values(checker)[quantity]


def test_case_27_what_is_too_large_is_listed_and_not_read(grade: Grade) -> None:
    graded = grade(repositories.case_27, checkers=("error-handling",))
    files = [p for p in graded.folder.rglob("*.py") if p.is_file()]
    paths = tuple(sorted(p.relative_to(graded.folder).as_posix() for p in files))
    snapshot = Snapshot(root=graded.folder, name="large", files=paths)
    left_out = {one.path: one.reason for one in snapshot.all_left_out}
    assert left_out == {
        "src/dense.py": "too large: over 300,000 words and signs",
        "src/fields.py": "too large: over 300,000 words and signs",
        "src/large.py": "too large: over 1 MiB",
        "src/long_line.py": "too large: over 1 MiB",
        "src/longish_line.py": "too large: a line of over 10000 characters",
        "src/marks.py": "over 100 combining characters in a row",
    }
    assert graded.values("error-handling")["files"] == 3


def test_case_28_nothing_is_evaluated(sources: Graded) -> None:
    # Under 512 MiB: evaluated, any of the lines would end the tool.
    for checker in ("lint", "pylint", "complexity", "docstrings", "formatting"):
        assert "src/huge.py" not in sources.not_measured(checker)
    assert "src/huge.py" not in sources.found("lint", "unparsable")


def only_config(folder: Path) -> None:
    """Of case 29 what is no Python and no plain text, beside the honest project."""
    repositories.case_29(folder)
    for name in ("data", "src"):
        shutil.rmtree(folder / name)
    repositories.honest(folder)


def test_case_29_a_file_that_detect_secrets_crashes_on_loses_no_other_files_secrets(
    grade: Grade, plain: Graded
) -> None:
    def without_bomb(folder: Path) -> None:
        only_config(folder)
        (folder / "config/bomb.yaml").unlink()

    graded = grade(without_bomb, checkers=("secrets",))
    assert graded.not_measured("secrets") == {"config/date.yaml"}
    assert graded.values("secrets")["secrets"] == plain.values("secrets")["secrets"]
    assert repositories.KEY not in repr(graded.measured("secrets"))


def test_case_29_hostile_text_does_not_change_what_the_others_find(
    grade: Grade, plain: Graded
) -> None:
    checkers = ("imports", "complexity", *STATIC)
    graded = grade(repositories.case_29, checkers=checkers)
    assert all(not graded.not_measured(checker) for checker in checkers)
    for checker, quantity in (("imports", "files_to_change"), ("complexity", "blocks")):
        assert graded.values(checker)[quantity] == plain.values(checker)[quantity]


@pytest.mark.sandbox
def test_case_29_yaml_that_grows_when_it_is_read_is_stopped_and_named(
    grade: Grade, plain: Graded
) -> None:
    graded = grade(only_config, checkers=("secrets",))
    assert graded.not_measured("secrets") == {"config/bomb.yaml", "config/date.yaml"}
    assert graded.values("secrets")["secrets"] == plain.values("secrets")["secrets"]


@pytest.mark.sandbox
@pytest.mark.parametrize("checker", ["secrets", "pylint", "lint", "formatting"])
def test_case_29_a_file_that_takes_for_ever_is_named_or_nothing_is_said(
    checker: str, grade: Grade
) -> None:
    try:
        graded = grade(repositories.case_29, checkers=(checker,))
    except CannotMeasure as failure:
        # On a busy machine, where the file could not be found in time.
        assert "within" in failure.reason
    else:
        slow = {"src/spaces.py", "data/spaces.txt"}
        found = graded.not_measured(checker)
        assert all(path in slow or path.startswith("config/") for path in found)


def test_case_30_pylints_settings_neither_run_code_nor_hide_files(
    grade: Grade, plain: Graded
) -> None:
    graded = grade(repositories.case_30, checkers=("pylint",))
    assert not graded.has_run_code
    assert graded.values("pylint") == plain.values("pylint")
    places = {".pylintrc", "pylintrc", "pyproject.toml", "setup.cfg"}
    assert graded.found("pylint", "own-settings") == places


@pytest.fixture(scope="module")
def named(grade: Grade) -> Graded:
    """Cases 16 and 31: hostile names of files, and of modules."""
    return grade(repositories.case_16, repositories.case_31)


@pytest.mark.parametrize("checker", TOOLS)
def test_case_31_no_tool_imports_a_module_of_the_repository(
    checker: str, named: Graded
) -> None:
    assert not named.has_run_code
    assert named.not_measured(checker) == set()


@pytest.mark.parametrize(
    ("checker", "rule", "is_source_only"),
    [
        ("formatting", "would-reformat", False),
        ("imports", "would-sort", False),
        ("lint", "F401", False),
        ("logging", "LOG015", False),
        ("pylint", "unused-import", True),
        ("docstrings", "D103", True),
        ("secrets", "AWS Access Key", False),
    ],
)
def test_case_16_a_file_is_measured_whatever_it_is_called(
    checker: str, rule: str, is_source_only: bool, named: Graded
) -> None:
    found = named.found(checker, rule)
    names = set(repositories.NAMES)
    if is_source_only:
        names = {name for name in names if name.startswith("src/")}
    assert names <= found
    assert not named.has_run_code


def test_case_32_flake8s_local_plugins_are_not_loaded(
    grade: Grade, plain: Graded
) -> None:
    graded = grade(repositories.case_32, checkers=FLAKE8)
    assert not graded.has_run_code
    for checker, quantity in (("lint", "pyflakes"), ("logging", "violations")):
        assert graded.values(checker)[quantity] == plain.values(checker)[quantity]
        settings = graded.found(checker, "own-settings")
        assert settings == {".flake8", "setup.cfg", "tox.ini"}


@pytest.fixture(scope="module")
def excluded(grade: Grade) -> Graded:
    return grade(repositories.case_33)


@pytest.mark.parametrize("checker", TOOLS)
def test_case_33_settings_that_exclude_everything_change_nothing(
    checker: str, excluded: Graded, plain: Graded
) -> None:
    values = excluded.values(checker)
    if checker == "secrets":
        assert values.pop("files") > plain.values(checker)["files"]
    assert values == {
        name: value for name, value in plain.values(checker).items() if name in values
    }


@pytest.mark.parametrize(
    ("checker", "quantity", "rule", "path"),
    [
        ("formatting", "switched_off", "fmt-off", "src/no_black.py"),
        ("imports", "skipped_files", "skip-file", "src/no_isort.py"),
        ("lint", "hidden_files", "file-noqa", "src/no_flake8.py"),
        ("pylint", "skipped_files", "file-ignored", "src/no_pylint.py"),
        ("secrets", "allowlisted", "AWS Access Key", "src/no_secrets.py"),
    ],
)
def test_case_34_what_keeps_a_tool_from_looking_is_counted_and_shown(
    checker: str, quantity: str, rule: str, path: str, sources: Graded
) -> None:
    assert sources.values(checker)[quantity] == 1
    assert path in sources.found(checker, rule)


def test_case_34_a_comment_for_one_tool_hides_nothing_from_another(
    sources: Graded,
) -> None:
    with_key = {*repositories.SWITCHES, "src/mean.py"}
    assert sources.found("secrets", "AWS Access Key") == with_key


@pytest.fixture(scope="module")
def broken(grade: Grade) -> Graded:
    return grade(repositories.case_35)


@pytest.mark.parametrize("checker", [name for name in TOOLS if name != "secrets"])
def test_case_35_settings_that_can_not_be_read_change_nothing(
    checker: str, broken: Graded, plain: Graded
) -> None:
    assert broken.values(checker) == plain.values(checker)


def test_case_35_a_required_version_is_the_repositorys_own_wish(
    grade: Grade, plain: Graded
) -> None:
    case = repositories.case_35_required_version
    graded = grade(case, checkers=("formatting",))
    assert graded.values("formatting") == plain.values("formatting")


def test_case_36_a_hostile_baseline_is_not_used(grade: Grade, plain: Graded) -> None:
    graded = grade(repositories.case_36, checkers=("secrets",))
    assert not graded.has_run_code
    values = graded.values("secrets")
    assert values["secrets"] == plain.values("secrets")["secrets"]
    assert values["known"] == 0
    assert graded.found("secrets", "own-settings") == {".secrets.baseline"}


@pytest.mark.parametrize(
    "case", [repositories.case_37, repositories.case_37_empty_files]
)
@pytest.mark.parametrize(
    "checker", [*(name for name in TOOLS if name != "secrets"), "error-handling"]
)
def test_case_37_without_python_there_is_nothing_to_measure_and_no_mark(
    case: Build, checker: str, grade: Grade
) -> None:
    graded = grade(case, checkers=(checker,))
    assert isinstance(graded.outcomes[checker], NotApplicable)


def test_case_38_manifests_are_read_and_nothing_in_them_runs(grade: Grade) -> None:
    graded = grade(repositories.case_38, checkers=())
    files = tuple(
        path.relative_to(graded.folder).as_posix()
        for path in graded.folder.rglob("*")
        if path.is_file()
    )
    project = read_manifests(graded.folder, files)
    told = repr(project)
    assert "six" in told
    assert "root:" not in told
    assert not graded.has_run_code
