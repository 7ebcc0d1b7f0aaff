"""The line of code that a finding points at, for the reports, and which lines they never get.

A line is quoted only where a check has searched its file for secrets and found none. Such a
check names a secret once a file, on one of the lines that have it, and of a key of many lines
the first: so one secret keeps its whole file from being quoted, in every check.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from grader.checkers._base import Checker, Options
from grader.model.measurement import Finding, Measured, Measurement
from grader.model.snapshot import MAX_FILE_BYTES, Snapshot

# As many as a report shows; what comes after stands in the JSON, without its line.
PER_CHECK = 1_000
PER_REPOSITORY = 4_000
CODE_CHARACTERS = 200
# Deeper indentation says no more.
INDENT = 16


def quoted(
    measurements: Mapping[str, Measurement],
    snapshot: Snapshot,
    checkers: Mapping[str, Checker[Options]],
) -> dict[str, Measurement]:
    """The same measurements, by the same keys, each finding with the line it points at."""
    quotes = _Quotes(snapshot, *_searched(measurements.values(), snapshot, checkers))
    # Items that share a measurement go on sharing it.
    done: dict[int, Measurement] = {}
    for one in measurements.values():
        if id(one) not in done:
            done[id(one)] = _with_code(one, quotes)
    return {key: done[id(one)] for key, one in measurements.items()}


def _searched(
    measurements: Collection[Measurement],
    snapshot: Snapshot,
    checkers: Mapping[str, Checker[Options]],
) -> tuple[frozenset[str], frozenset[str]]:
    """The files that were searched for secrets, and those in which something was found."""
    searched: set[str] = set()
    suspect: set[str] = set()
    for one in measurements:
        checker, outcome = checkers.get(one.checker), one.outcome
        if checker is None or not isinstance(outcome, Measured):
            continue
        options = checker.options_type().model_validate(dict(one.options))
        files = checker.searched(snapshot, options)
        searched.update(files)
        if files or checker.finds_secrets:
            suspect.update(found.path for found in outcome.findings if found.path)
            suspect.update(unread.path for unread in outcome.not_measured)
    return frozenset(searched), frozenset(suspect)


@dataclass
class _Quotes:
    """The lines of one repository's files; `room` is for how many more there is."""

    snapshot: Snapshot
    searched: frozenset[str]
    suspect: frozenset[str]
    room: int = PER_REPOSITORY
    read: dict[str, list[str]] = field(default_factory=dict)

    def line(self, finding: Finding) -> str | None:
        """The text of the line, None where there is none, or no more room."""
        path, number = finding.path, finding.line
        if path is None or number is None or self.room <= 0:
            return None
        if path not in self.searched or path in self.suspect:
            return None
        if path not in self.read:
            self.read[path] = _lines(path, self.snapshot)
        lines = self.read[path]
        code = _shown(lines[number - 1]) if 0 < number <= len(lines) else ""
        self.room -= bool(code)
        return code or None


def _with_code(measurement: Measurement, quotes: _Quotes) -> Measurement:
    outcome = measurement.outcome
    if not isinstance(outcome, Measured) or not outcome.findings:
        return measurement
    findings = tuple(
        finding.model_copy(
            update={
                "code": quotes.line(finding) if number < PER_CHECK else None,
                "is_withheld": finding.line is not None
                and finding.path in quotes.suspect,
            }
        )
        for number, finding in enumerate(outcome.findings)
    )
    quoted_outcome = outcome.model_copy(update={"findings": findings})
    return measurement.model_copy(update={"outcome": quoted_outcome})


def _lines(path: str, snapshot: Snapshot) -> list[str]:
    """A file's lines as tools count them; none for what is no text file of the snapshot's."""
    if path in snapshot.python_files:
        return snapshot.module(path).text.split("\n")
    file = snapshot.root / path
    # A path may be what a project's tests said: no link, nothing outside, no device.
    if path not in snapshot.files or file.is_symlink() or not file.is_file():
        return []
    if file.stat().st_size > MAX_FILE_BYTES:
        return []
    raw = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw.decode("utf-8", "replace").split("\n")


def _shown(line: str) -> str:
    # A form feed begins a page and stands for nothing.
    text = line.replace("\f", "").expandtabs(4).rstrip()
    code = text.lstrip()
    code = " " * min(len(text) - len(code), INDENT) + code
    return code if len(code) <= CODE_CHARACTERS else f"{code[:CODE_CHARACTERS]}…"
