"""Lines that may hold a secret, given to detect-secrets, and which of them do.

It takes a minute for a large repository, and seconds for the lines that could matter. Of a
line only what kind of secret it holds, and its place, leave this module.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Generic, TypeVar

from grader.checkers._base import Bench
from grader.checkers._detect_secrets import scan, scan_command
from grader.checkers._secrets_judged import is_example, is_secret, is_sure, names_token
from grader.model.snapshot import Snapshot, is_test_file

# A longer line is data or was made by a program.
LINE_CHARACTERS = 5_000

_BY_NAME = "a text that is given to a name for a token or a key"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")
# By these detect-secrets passes over a file.
_PASSED_OVER = frozenset({".lock", ".svg"})

P = TypeVar("P")


@dataclass
class Lines(Generic[P]):
    """Lines of one file, each with its place: a line, a cell, a commit."""

    path: str
    texts: list[str] = field(default_factory=list)
    places: list[P] = field(default_factory=list)

    def take(self, text: str, place: P) -> None:
        """One more line."""
        self.texts.append(text)
        self.places.append(place)


@dataclass(frozen=True)
class Hit(Generic[P]):
    """A secret: its kind in detect-secrets' words, where it stands, and its hash."""

    kind: str
    path: str
    place: P
    hashed: str


def hits(some: Mapping[str, Lines[P]], bench: Bench) -> Iterator[Hit[P]]:
    """The secrets in these lines, by detect-secrets and by what the line says of them.

    A line holds one.
    In tests only what has the form of a key counts.
    """
    folder = bench.scratch / "lines"
    folder.mkdir()
    files: dict[str, Lines[P]] = {}
    for number, lines in enumerate(one for one in some.values() if one.texts):
        name = f"{number}{_suffix(lines.path)}"
        files[name] = lines
        text = "".join(f"{line}\n" for line in lines.texts)
        (folder / name).write_text(text, "utf-8", "replace", newline="")
    if not files:
        return
    tree = Snapshot(root=folder, name="lines", files=tuple(sorted(files)))
    # Whatever a comment says of its line: nobody has reviewed these.
    found = scan(scan_command(unmasked=True), tree.files, tree, bench)
    told: set[tuple[str, int]] = set()
    # One key may be of several kinds; the one that it is for certain comes first.
    order = sorted(found.items(), key=lambda one: (not is_sure(one[0].type), one[0]))
    for secret, line in order:
        lines = files[secret.path]
        if line is None or line > len(lines.texts) or (secret.path, line) in told:
            continue
        if is_test_file(lines.path) and not is_sure(secret.type):
            continue
        if is_secret(secret.type, lines.texts[line - 1], lines.path):
            told.add((secret.path, line))
            place = lines.places[line - 1]
            yield Hit(secret.type, lines.path, place, secret.hashed)
    for name, lines in files.items():
        for number, text in enumerate(lines.texts, start=1):
            if (name, number) in told or is_test_file(lines.path):
                continue
            if names_token(text) and not is_example(text):
                place = lines.places[number - 1]
                yield Hit(_BY_NAME, lines.path, place, str(hash(text)))


def _suffix(path: str) -> str:
    """What tells detect-secrets how a file is written; cells of a notebook are Python."""
    pure = PurePosixPath(path)
    suffix = pure.suffix.lower() or pure.name.lower()
    if suffix == ".ipynb":
        return ".py"
    if suffix in _PASSED_OVER or not _SUFFIX.fullmatch(suffix):
        return ".txt"
    return suffix
