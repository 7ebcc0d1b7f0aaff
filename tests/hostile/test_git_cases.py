"""Cases 1 to 20: hostile repositories through the whole program.

What is taken of each is tested in tests/submissions; here, that the program comes to its end
with a report or with a line, and that nothing else was touched. Case 16 goes through every
tool.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model.report import RepositoryFacts
from tests.hostile import git_repositories as repositories
from tests.hostile import source_repositories as sources
from tests.hostile.harness import Arena, Verdict, commit
from tests.hostile.test_source_cases import STATIC, all_measured

pytestmark = pytest.mark.sandbox

QUICK = ("formatting", "file-presence")
USAGE, ENVIRONMENT = 2, 3

Case = Callable[[Path], Path]


def graded(arena: Arena, case: Case, *options: str, seconds: float = 60) -> Verdict:
    """Grade what a case makes; nothing of it may have run."""
    folder = arena.folder / "place"
    if not folder.exists():
        folder.mkdir()
        case(folder)
    paths = [folder / name for name in ("group-7", "group-7.git")]
    [path] = [path for path in paths if path.exists()]
    verdict = arena.grade(path, *options, only=QUICK, seconds=seconds)
    assert not repositories.marker(folder).exists(), "something of the repository ran"
    for text in (verdict.stdout, verdict.stderr, verdict.html, verdict.terminal):
        assert "hunter2" not in text, "another group's file was read"
    return verdict


def facts(verdict: Verdict) -> RepositoryFacts:
    return verdict.graded.repository


def reasons(verdict: Verdict) -> dict[str, str]:
    return {one.path: one.reason for one in facts(verdict).left_out}


def test_01_an_empty_repository_is_said_to_be_one(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_01)
    assert facts(verdict).files == 0
    assert "no commits" in " ".join(facts(verdict).notes)
    assert verdict.outcome("formatting").kind == "not-applicable"


def test_02_a_branch_that_does_not_exist_is_named(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_02)
    assert verdict.exit_status == USAGE
    assert "dev" in verdict.stderr
    verdict = graded(arena, repositories.case_02, "--ref", "gone")
    assert verdict.exit_status == USAGE
    assert '"gone"' in verdict.stderr
    verdict = graded(arena, repositories.case_02, "--ref", "dev")
    assert facts(verdict).python_files == 1


def test_03_an_address_that_could_run_something_is_refused(arena: Arena) -> None:
    for address in repositories.ADDRESSES:
        verdict = arena.grade(address, only=QUICK)
        assert verdict.exit_status == USAGE, (address, verdict.stderr)
        assert "hunter2" not in verdict.stderr + verdict.stdout


def test_04_a_tree_bomb_is_refused(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_04)
    assert verdict.report is None
    assert "more than" in verdict.stderr


def test_05_a_blob_of_two_gibibytes_is_left_out(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_05)
    assert "too large" in reasons(verdict)["model.bin"]
    assert verdict.values("formatting", "files") == {"files": 1}


def test_06_of_a_hundred_thousand_files_the_code_is_graded(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_06, seconds=120)
    assert verdict.values("formatting", "files") == {"files": 1}
    assert any("more than" in reason for reason in reasons(verdict).values())
    for text in (verdict.html, verdict.markdown, verdict.terminal):
        assert len(text) < 2**20


def test_07_links_out_of_the_repository_are_not_followed(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_07)
    assert verdict.values("formatting", "files") == {"files": 1}
    assert len(reasons(verdict)) == 8
    assert "root:" not in verdict.stdout


def test_08_links_in_circles_come_to_an_end(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_08)
    assert verdict.values("formatting", "files") == {"files": 1}


def test_09_names_that_lead_elsewhere_are_not_written(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_09)
    assert verdict.values("formatting", "files") == {"files": 1}
    assert any("git" in reason for reason in reasons(verdict).values())


def test_10_submodules_are_not_fetched(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_10)
    assert reasons(verdict) == {"lib": "a submodule"}


def test_11_lfs_pointers_are_not_followed(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_11)
    assert "LFS" in reasons(verdict)["weights.py"]


@pytest.mark.parametrize("options", [(), ("--ref", "HEAD")], ids=["folder", "commit"])
def test_12_attributes_change_nothing_and_run_nothing(
    arena: Arena, options: tuple[str, ...]
) -> None:
    verdict = graded(arena, repositories.case_12, *options)
    # Every file is as it was committed: none is of another encoding.
    assert verdict.values("formatting", "files", "unparsable") == {
        "files": 5,
        "unparsable": 0,
    }


@pytest.mark.parametrize("options", [(), ("--ref", "HEAD")], ids=["folder", "commit"])
def test_13_an_embedded_repository_stays_files(
    arena: Arena, options: tuple[str, ...]
) -> None:
    verdict = graded(arena, repositories.case_13, *options)
    assert facts(verdict).commit is not None
    assert facts(verdict).files == 9


@pytest.mark.parametrize(
    "case",
    [
        repositories.case_14,
        repositories.case_14_file,
        repositories.case_14_link,
        repositories.case_14_objects,
        repositories.case_14_alternates,
    ],
)
def test_14_a_hostile_git_folder_runs_nothing_and_shows_no_other_group(
    arena: Arena, case: Case
) -> None:
    verdict = graded(arena, case)
    assert verdict.report is not None
    verdict = graded(arena, case, "--ref", "HEAD")
    assert verdict.report is None


def test_15_names_that_can_not_be_shown_are_escaped(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_15)
    assert len(reasons(verdict)) == len(repositories.ODD_NAMES)
    assert all(path.isprintable() for path in reasons(verdict))


def test_16_names_like_options_are_names_to_every_tool(arena: Arena) -> None:
    folder = arena.folder / "group-7"
    sources.case_16(folder)
    commit(folder)
    verdict = arena.grade(folder, only=STATIC)
    all_measured(verdict)
    assert not list(arena.folder.rglob("x")), "a name was run"
    found = {finding.path for finding in verdict.findings("lint")}
    # What can't be written on every system is told instead.
    missing = set(sources.NAMES) - found - set(reasons(verdict))
    assert not missing


def test_17_of_twins_the_first_is_graded_and_the_others_are_told(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_17)
    assert verdict.values("formatting", "files") == {"files": 4}
    told = reasons(verdict)
    for twin, first in repositories.TWINS.items():
        assert f'"{first}"' in told[twin], told


def test_18_long_names_and_deep_folders_are_told(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_18)
    assert any("too long" in reason for reason in reasons(verdict).values())
    assert verdict.measured("formatting").values["files"] >= 1


def test_19_authors_with_markup_are_text(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_19)
    assert facts(verdict).python_files == 1


def test_20_dates_out_of_this_world_are_no_trouble(arena: Arena) -> None:
    verdict = graded(arena, repositories.case_20)
    assert facts(verdict).python_files == 1
