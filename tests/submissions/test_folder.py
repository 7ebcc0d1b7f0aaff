"""The files of a plain folder, as git would take them."""

from pathlib import Path

import pytest

from grader.submissions.folder import walk


@pytest.mark.parametrize("line", ["!", "\\", "[z-a]", "[", "[[:nothing:]]", "**" * 300])
def test_a_line_that_is_no_pattern_ignores_nothing_and_ends_nothing(
    line: str, tmp_path: Path
) -> None:
    (tmp_path / ".gitignore").write_text(f"{line}\nlogs/\n")
    (tmp_path / "logs").mkdir()
    for name in ("logs/a.log", "main.py"):
        (tmp_path / name).write_text("x\n")
    found = {path.relative_to(tmp_path).as_posix() for path in walk(tmp_path)}
    assert found >= {".gitignore", "main.py"}
    assert "logs/a.log" not in found
