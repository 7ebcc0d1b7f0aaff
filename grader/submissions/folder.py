"""The files of a plain folder: what git would take if it were a repository.

`.gitignore` files are honoured by git's own rules, those of the folders above too when the
folder lies inside a repository.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from grader.codebase.ignores import MAX_BYTES, MAX_LINES, is_reasonable
from grader.submissions.names import MAX_FOLDERS


@dataclass(frozen=True)
class _Rules:
    """The patterns of one .gitignore and the folder they are relative to."""

    base: Path
    spec: GitIgnoreSpec

    def verdict(self, path: Path, *, is_folder: bool) -> bool | None:
        """True: ignored, False: taken back in, None: not mentioned."""
        name = path.relative_to(self.base).as_posix() + ("/" if is_folder else "")
        return self.spec.check_file(name).include


def walk(folder: Path) -> Iterator[Path]:
    """Every file and symbolic link below `folder` that .gitignore doesn't name, sorted.

    Links are given as they are and never followed; `.git` is left out everywhere. A folder
    that is nested too deeply is given itself.
    """
    yield from _walk(folder, _rules_above(folder), MAX_FOLDERS)


def _walk(folder: Path, rules: Sequence[_Rules], depth: int) -> Iterator[Path]:
    here = [*rules, *_rules_of(folder)]
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name == ".git" or _is_ignored(path, is_folder, here):
            continue
        if is_folder and depth > 0:
            yield from _walk(path, here, depth - 1)
        else:
            yield path


def _is_ignored(path: Path, is_folder: bool, rules: Sequence[_Rules]) -> bool:
    for rule in reversed(rules):
        verdict = rule.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _rules_of(folder: Path) -> list[_Rules]:
    file = folder / ".gitignore"
    if not file.is_file() or file.is_symlink():
        return []
    with file.open("rb") as stream:
        text = stream.read(MAX_BYTES).decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if is_reasonable(line)]
    return [_Rules(folder, GitIgnoreSpec.from_lines(lines[:MAX_LINES]))]


def _rules_above(folder: Path) -> list[_Rules]:
    above = list(folder.parents)
    tops = [i for i, parent in enumerate(above) if (parent / ".git").exists()]
    if (folder / ".git").exists() or not tops:
        return []
    inside = above[: tops[0] + 1]
    return [rule for parent in reversed(inside) for rule in _rules_of(parent)]
