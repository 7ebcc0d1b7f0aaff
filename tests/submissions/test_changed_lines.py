"""The lines a commit adds: as git's own patch has them, whatever the files and names are."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.errors import GradeError
from grader.submissions import changed_lines as module
from grader.submissions.changed_lines import changed_lines
from tests.committing import git


class Project:
    """A repository that is committed to file by file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.work = folder
        self.git("init", "-q")

    def git(self, *words: str) -> str:
        return git(self.folder, *words)

    def commit(self, files: Mapping[str, str | bytes | None]) -> str:
        """Write the files, remove those that are None; the commit's hash."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-qm", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def changed(self, before: str, after: str) -> dict[str, list[int]]:
        """What is found, with sorted numbers."""
        work = self.work / f"work-{before[:8]}-{after[:8]}"
        work.mkdir()
        found = changed_lines(self.folder, before, after, work)
        return {path: sorted(lines) for path, lines in found.items()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_lines_that_were_added_or_changed_are_counted_in_the_later_commit(
    project: Project,
) -> None:
    first = project.commit({"a.py": "1\n2\n3\n4\n", "gone.py": "x\n", "same.py": "s\n"})
    second = project.commit(
        {"a.py": "0\n1\n2\nthree\n4\n5", "gone.py": None, "new/b.py": "1\n2\n"}
    )
    found = project.changed(first, second)
    assert found == {"a.py": [1, 4, 6], "new/b.py": [1, 2]}
    assert project.changed(second, second) == {}


def test_names_that_git_quotes_are_found_under_their_own_name(project: Project) -> None:
    names = [
        'qu"ote.py',
        "tab\there.py",
        "ümläut.py",
        "with space.py",
        "back\\slash.py",
    ]
    first = project.commit({})
    second = project.commit(dict.fromkeys(names, "1\n"))
    assert project.changed(first, second) == {name: [1] for name in names}


def test_lines_that_look_like_a_patch_are_only_lines(project: Project) -> None:
    hostile = "++ b/other.py\n@@ -0,0 +1,9 @@\ndiff --git a/x b/x\n\\ No newline\n"
    first = project.commit({"a.py": f"kept\n-- a/y\n{hostile}"})
    second = project.commit({"a.py": f"kept\n{hostile}{hostile}end"})
    found = project.changed(first, second)
    assert list(found) == ["a.py"]
    assert all(1 < number <= 10 for number in found["a.py"])


def test_the_rest_of_a_long_line_is_no_line_of_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LINE_BYTES", 64)
    # Read in pieces of 64 bytes, the second would be a header.
    long = "x" * 63 + "+++ b/other.py"
    first = project.commit({})
    second = project.commit({"a.py": f"{long}\n{long}\n", "z.py": "1\n"})
    assert project.changed(first, second) == {"a.py": [1, 2], "z.py": [1]}


def test_what_a_repository_configures_takes_no_part(
    project: Project, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    project.git("config", "diff.trap.command", f"touch {trap}; false")
    project.git("config", "diff.trap.textconv", f"touch {trap}; false")
    project.git("config", "diff.external", f"touch {trap}; false")
    project.git("config", "diff.noprefix", "true")
    project.git("config", "core.quotePath", "false")
    first = project.commit({".gitattributes": "*.py diff=trap\n"})
    second = project.commit({"a.py": "1\n"})
    assert project.changed(first, second) == {"a.py": [1]}
    assert not trap.exists()


def test_more_lines_than_anybody_marks_are_cut(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 5)
    first = project.commit({})
    second = project.commit({"a.py": "1\n2\n3\n", "b.py": "1\n2\n3\n", "c.py": "1\n"})
    assert project.changed(first, second) == {"a.py": [1, 2, 3], "b.py": [1, 2]}


def test_a_patch_that_is_too_large_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    first = project.commit({})
    second = project.commit({"a.py": "a line\n" * 10_000})
    with pytest.raises(GradeError, match="diff-tree"):
        project.changed(first, second)


@pytest.mark.parametrize("commit", ["0" * 40, "--output=trap", "no-such-branch"])
def test_a_commit_that_is_not_there_is_named(project: Project, commit: str) -> None:
    first = project.commit({"a.py": "1\n"})
    with pytest.raises(GradeError, match="has no commit"):
        project.changed(commit, first)
    assert not list(project.work.rglob("trap"))


def test_a_folder_without_git_has_no_changed_lines(tmp_path: Path) -> None:
    folder, work = tmp_path / "plain", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    assert changed_lines(folder, "a" * 40, "b" * 40, work) == {}
