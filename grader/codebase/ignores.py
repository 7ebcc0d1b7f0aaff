"""What git ignores in a repository, by its .gitignore files' own rules.

A pattern is relative to the folder of its file, the nearest file's last word counts, and
what lies below an ignored folder can't be taken back in. A line that can't be matched in a
reasonable time is passed over.
"""

import re
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from grader.codebase.documents import text_of
from grader.codebase.reading import Reading
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# No project's own .gitignore has more of anything.
MAX_BYTES = 64 * 1024
MAX_LINES = 1_000
_PATTERN_CHARACTERS = 500
# Each star of a name multiplies the time that the match of a long name takes.
_STARS = 3
_FILES = 50
_FOLDERS = 30


def is_reasonable(line: str) -> bool:
    """Whether a pattern means something and can be matched in a reasonable time."""
    parts = line.split("/")
    if (
        len(line) > _PATTERN_CHARACTERS
        or parts.count("**") > _STARS
        or any(part.count("*") > _STARS for part in parts)
    ):
        return False
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False  # `!` alone, a backslash at the end, `[z-a]`
    return True


class Ignores:
    """The rules of one repository; also of paths that are not in it."""

    def __init__(self, snapshot: Snapshot) -> None:
        files = [
            path for path in snapshot.files if PurePosixPath(path).name == ".gitignore"
        ]
        self._rules: dict[str, _Rules] = {}
        for path in sorted(files, key=len)[:_FILES]:
            text = text_of(snapshot, path, MAX_BYTES)
            if text is not None:
                self._rules[str(PurePosixPath(path).parent)] = _Rules(path, text)

    @property
    def files(self) -> tuple[str, ...]:
        """The .gitignore files, the upper ones first."""
        return tuple(rules.path for rules in self._rules.values())

    def why(self, path: str) -> Sight | None:
        """The line that keeps a path out of git; None where it would be committed."""
        pure = PurePosixPath(path)
        folders = list(reversed(pure.parents))[1 : _FOLDERS + 1]
        for one, is_folder in (*((folder, True) for folder in folders), (pure, False)):
            verdict = self._verdict(one, is_folder)
            if verdict is not None:
                return verdict
        return None

    def _verdict(self, path: PurePosixPath, is_folder: bool) -> Sight | None:
        for folder in path.parents:
            rules = self._rules.get(str(folder))
            if rules is None:
                continue
            name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
            found = rules.spec.check_file(name)
            if found.include is not None:
                return rules.sight(found.index) if found.include else None
        return None


class _Rules:
    """The patterns of one .gitignore, and on which line each stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        # Only patterns: the library counts comments and leaves blank lines out.
        kept = [
            (number, line)
            for number, line in enumerate(text.splitlines()[:MAX_LINES], start=1)
            if line.strip() and not line.startswith("#") and is_reasonable(line)
        ]
        self._lines = [number for number, _ in kept]
        self._texts = [line for _, line in kept]
        # What lies in a folder, not the folder itself, which the library would add.
        inside = (re.sub(r"/\*\*\s*$", "/**/*", line) for line in self._texts)
        self.spec = GitIgnoreSpec.from_lines(list(inside))

    def sight(self, index: int | None) -> Sight:
        """The line of a pattern by its place among them."""
        if index is None:
            return Sight(path=self.path)
        what = self._texts[index].strip()
        return Sight(path=self.path, line=self._lines[index], what=what)


ignores_of: Reading[Ignores] = Reading(Ignores)
