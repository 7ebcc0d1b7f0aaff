"""A history that is looked through for secrets: from a repository to what is said of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.checkers._registry import installed
from grader.engine.conditions import Earlier, Surroundings, Which
from grader.engine.gather import gather
from grader.model.evidence import Evidence
from grader.model.measurement import Failed, Measured
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes
from tests.committing import git
from tests.engine.test_capture import write

ITEM = Item(checker="secrets-history", score="10 if leaks == 0 else 0")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits: the file was there in the first two, and changed once."""
    folder = tmp_path_factory.mktemp("repositories") / "group"
    folder.mkdir()
    git(folder, "init", "-q")
    for text in ("PORT=8000\n", "PORT=8001\n"):
        write(folder, {".env": text, "main.py": "print(1)\n"})
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "Change")
    (folder / ".env").unlink()
    git(folder, "commit", "-q", "-a", "-m", "Remove")
    git(folder, "clone", "-q", "--bare", str(folder), "../bare.git")
    return folder


def gathered(source: Path, work: Path, earlier: Evidence | None = None) -> Evidence:
    work.mkdir()
    return gather(
        str(source),
        Which(),
        [ITEM],
        installed().checkers,
        Surroundings(limits=LimitsRule(), environment="none", work=work),
        Boxes("none"),
        earlier=Earlier(earlier) if earlier else None,
    )


def values(of: Evidence) -> Mapping[str, int | float]:
    (one,) = of.measurements
    assert isinstance(one.outcome, Measured)
    return one.outcome.values


@pytest.mark.parametrize("name", ["group", "bare.git"])
def test_a_file_that_was_taken_out_is_found_in_a_folder_and_in_a_bare_repository(
    name: str, repository: Path, tmp_path: Path
) -> None:
    found = values(gathered(repository.parent / name, tmp_path / "work"))
    assert (found["secret_files"], found["commits"], found["whole"]) == (1, 3, 1)


def test_a_shallow_clone_is_asked_again_once_it_has_the_rest(
    repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    source = tmp_path / "shallow"
    before = gathered(source, tmp_path / "first")
    (cut_off,) = before.measurements
    assert isinstance(cut_off.outcome, Failed)
    assert "cut off" in cut_off.outcome.reason
    git(source, "fetch", "-q", "--unshallow")
    after = gathered(source, tmp_path / "second", before)
    assert after.content == before.content
    assert values(after)["leaks"] == 1
    # What was looked at as a whole is not looked at again.
    again = gathered(source, tmp_path / "third", after)
    assert again.reused == 1
