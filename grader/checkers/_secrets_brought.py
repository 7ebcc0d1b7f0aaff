"""The lines that commits brought, once each, of all that may be secrets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._secrets_judged import may_be_secret
from grader.checkers._secrets_lines import LINE_CHARACTERS, Lines
from grader.codebase.notebooks import read_notebook
from grader.model.past import PastFile

# Of all lines that differ. Student projects have a tenth of these.
MAX_LINES = 300_000
MAX_CHARACTERS = 16 * 1024 * 1024


@dataclass(frozen=True)
class Brought:
    """By path the lines, each with its commit. `is_whole`: there are no more."""

    files: Mapping[str, Lines[str]]
    is_whole: bool


def brought(
    versions: Sequence[PastFile], texts: Mapping[str, bytes], scratch: Path
) -> Brought:
    """The lines of all versions, the oldest first; a line that was seen before is left out.

    Of notebooks the cells count and not what they printed.
    """
    found: dict[str, Lines[str]] = {}
    seen: set[int] = set()
    room = MAX_CHARACTERS
    for version in versions:
        if version.object_id not in texts:
            continue
        one = found.setdefault(version.path, Lines(version.path))
        for line in _lines(version.path, texts[version.object_id], scratch):
            text = line.strip()[:LINE_CHARACTERS]
            if len(text) < 6 or hash(text) in seen:
                continue
            seen.add(hash(text))
            if may_be_secret(text, version.path):
                one.take(text, version.commit)
                room -= len(text)
            if room < 0 or len(seen) > MAX_LINES:
                return Brought(found, is_whole=False)
    return Brought(found, is_whole=True)


def _lines(path: str, content: bytes, scratch: Path) -> Iterator[str]:
    if not path.lower().endswith(".ipynb"):
        yield from content.decode("utf-8", "replace").split("\n")
        return
    file = scratch / "version.ipynb"
    file.write_bytes(content)
    for cell in read_notebook(file, path).cells:
        yield from cell.text.split("\n")
