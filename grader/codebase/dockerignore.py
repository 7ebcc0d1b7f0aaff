"""What a .dockerignore leaves out of the build, by Docker's own rules.

These are not git's: a pattern is rooted at the context (`__pycache__` is the one at the top
only), a leading slash means nothing, what lies below an excluded folder can be taken back
in, and of all lines that match the last one decides.
See https://docs.docker.com/build/concepts/context/#dockerignore-files.
"""

import posixpath
import re
from dataclasses import dataclass

_LINES = 1_000
_CHARACTERS = 500
# Each star multiplies the time that the match of a long path takes.
_STARS = 6


@dataclass(frozen=True)
class _Pattern:
    expression: re.Pattern[str]
    is_exception: bool
    line: int


class DockerIgnore:
    """The rules of one file. A line that can't be read, or matched in good time, is none."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._patterns: list[_Pattern] = []
        for number, row in enumerate(text.splitlines()[:_LINES], start=1):
            if row.startswith("#") or not row.strip():
                continue
            pattern = row.strip()
            is_exception = pattern.startswith("!")
            pattern = pattern.removeprefix("!").strip()
            if not pattern or len(pattern) > _CHARACTERS:
                continue
            cleaned = posixpath.normpath(pattern).lstrip("/")
            if cleaned in ("", ".") or cleaned.count("*") > _STARS:
                continue
            if (expression := _expression(cleaned)) is not None:
                self._patterns.append(_Pattern(expression, is_exception, number))

    def excludes(self, path: str) -> tuple[bool, int | None]:
        """Whether a path is left out, and the line that decides; None where none matches."""
        parts = path.split("/")
        prefixes = ["/".join(parts[:size]) for size in range(len(parts), 0, -1)]
        for pattern in reversed(self._patterns):
            if any(pattern.expression.fullmatch(one) for one in prefixes):
                return not pattern.is_exception, pattern.line
        return False, None


def _expression(pattern: str) -> re.Pattern[str] | None:
    """A pattern of Go's filepath.Match with Docker's `**`."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            if not pattern.startswith("*", at):
                parts.append("[^/]*")
                continue
            at += 1
            at += pattern.startswith("/", at)
            parts.append(".*" if at >= len(pattern) else "(?:.*/)?")
        elif letter == "?":
            parts.append("[^/]")
        elif letter == "[":
            end = pattern.find("]", at + 1)
            if end < 0:
                return None
            inner = pattern[at:end].replace("[", r"\[")
            parts.append(f"[{inner}]")
            at = end + 1
        elif letter == "\\":
            if at >= len(pattern):
                return None
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append(re.escape(letter))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return None
