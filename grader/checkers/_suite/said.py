"""What pytest printed, as text to show: without our folders, and where it points to."""

import re
from dataclasses import dataclass

from grader.checkers._suite.run import SuiteRun
from grader.model.snapshot import Snapshot

MAX_CHARACTERS = 300
TRACEBACK = "Traceback (most recent call last)"

# `tests/test_a.py:3: in test_b`, and Python's own `File "/…/tests/test_a.py", line 3`.
_FRAME = re.compile(
    r"^(?:ERROR: )?(?P<short>[^\s:\"][^:\"\n]*):(?P<at>\d+):"
    r"|File \"(?P<long>[^\"\n]+)\", line (?P<line>\d+)",
    re.MULTILINE,
)
# `E   ValueError: …` is pytest's mark for the reason.
_REASON = re.compile(r"^E\s+(\S.*)$", re.MULTILINE)
_ADDRESS = re.compile(r"\b0x[0-9a-f]{4,}\b")


@dataclass(frozen=True)
class Place:
    """A line, from 1, in a file of the repository, or the whole file."""

    path: str
    line: int | None


def own_places(text: str, run: SuiteRun, snapshot: Snapshot) -> tuple[Place, ...]:
    """Every line of the repository's own files that a traceback names, in its order."""
    found: list[Place] = []
    for match in _FRAME.finditer(plain(text, run)):
        path = match["short"] or match["long"]
        if path in snapshot.files:
            found.append(Place(path, int(match["at"] or match["line"])))
    return tuple(found)


def plain(text: str, run: SuiteRun) -> str:
    """The text with paths as in the repository, the same on every machine."""
    text = text.replace(f"{run.copy}/", "").replace(str(run.copy), ".")
    # Above the copy stand HOME and the tests' temporary folders.
    text = text.replace(str(run.copy.parents[2]), "…")
    return _ADDRESS.sub("0x…", text)


def first_line(text: str, run: SuiteRun) -> str:
    """The first line that says something, cut to a length that fits a report.

    With the lines below it where it only announces them ("import file mismatch:").
    """
    lines = [line.strip() for line in plain(text, run).splitlines() if line.strip()]
    if lines and lines[0].endswith(":"):
        return cut(" ".join(lines))
    return cut(lines[0]) if lines else ""


def reason(text: str, run: SuiteRun) -> str:
    """The last reason in a traceback, or the first line of a text that isn't one."""
    said = plain(text, run)
    if reasons := _REASON.findall(said):
        return cut(reasons[-1])
    if TRACEBACK in said:
        return cut(said.strip().splitlines()[-1])
    return first_line(text, run)


def cut(text: str) -> str:
    """At most 300 characters."""
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
