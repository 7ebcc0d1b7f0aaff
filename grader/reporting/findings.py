"""Findings for showing: by file, cut to a length, with their lines of code; what a fix takes."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from grader.model.measurement import Finding
from grader.model.report import Effort, Fix, Report
from grader.reporting import words

WITHHELD = (
    "Its lines are not shown: a check found what looks like a secret in this file."
)
UNREAD = (
    "No line of code is shown beside the findings: that takes a check that has searched "
    "the files for secrets."
)


@dataclass(frozen=True)
class RuleCount:
    """How often a rule was found; `fix` where it is the same each time."""

    rule: str
    count: int
    fix: str


@dataclass(frozen=True)
class FileFindings:
    """Findings of one file, by line; of the repository as a whole where `path` is None.

    `count` is how many the file has in all; `is_continued`: the first of them stand above.
    """

    path: str | None
    findings: tuple[Finding, ...]
    count: int
    is_continued: bool = False

    @property
    def is_withheld(self) -> bool:
        """Whether there are lines that must not be shown."""
        return any(finding.is_withheld for finding in self.findings)


@dataclass(frozen=True)
class FindingList:
    """Findings cut for showing, by file: the `first`, the `rest`, how many are `beyond`."""

    rules: tuple[RuleCount, ...]
    first: tuple[FileFindings, ...]
    rest: tuple[FileFindings, ...]
    beyond: int

    @property
    def folded(self) -> int:
        """How many findings the rest is."""
        return sum(len(file.findings) for file in self.rest)

    def own_fix(self, finding: Finding) -> str:
        """The finding's fix, unless its rule says it for all."""
        said = {rule.fix for rule in self.rules if rule.rule == finding.rule}
        return "" if finding.fix in said else finding.fix


def finding_list(found: Sequence[Finding], first: int, at_most: int) -> FindingList:
    """Findings by file, the first `first` apart, `at_most` in all."""
    files: dict[str | None, list[Finding]] = {}
    for finding in found:
        files.setdefault(finding.path, []).append(finding)
    # Files in the order of the check, which may have put the worst first.
    ordered = [
        finding
        for some in files.values()
        for finding in sorted(some, key=lambda one: one.line or 0)
    ]
    counts = {path: len(some) for path, some in files.items()}
    shown = _by_file(ordered[:first], counts)
    above = {file.path for file in shown}
    return FindingList(
        rules=_rules(found),
        first=shown,
        rest=_by_file(ordered[first:at_most], counts, above),
        beyond=max(0, len(ordered) - at_most),
    )


def _by_file(
    ordered: Sequence[Finding],
    counts: Mapping[str | None, int],
    above: Set[str | None] = frozenset(),
) -> tuple[FileFindings, ...]:
    return tuple(
        FileFindings(path, tuple(some), counts[path], path in above)
        for path, some in groupby(ordered, key=lambda one: one.path)
    )


def _rules(found: Sequence[Finding]) -> tuple[RuleCount, ...]:
    fixes: dict[str, list[str]] = {}
    for finding in found:
        fixes.setdefault(finding.rule, []).append(finding.fix)
    rules = (
        RuleCount(rule, len(said), said[0] if len(said) > 1 == len(set(said)) else "")
        for rule, said in fixes.items()
    )
    return tuple(sorted(rules, key=lambda rule: (-rule.count, rule.rule)))


def effort(fix: Fix) -> str:
    """What a fix takes: `one command`, `83 places in 12 files to mend`; empty if unknown.

    Not "by hand": of what a linter reports, a formatter may mend a part.
    """
    match fix.effort:
        case None:
            return ""
        case Effort(kind="command", places=0):
            return "one command"
        case Effort(kind="command") as rest:
            return f"one command, then {_places(rest)} by hand"
        case Effort(kind="findings") as places:
            return f"{_places(places)} to mend"
        case _:
            return "work: code or tests to write"


def _places(effort: Effort) -> str:
    places = words.counted(effort.places, "place")
    if not effort.files or effort.places == 1:
        return places
    return f"{places} in {words.counted(effort.files, 'file')}"


def mends(fix: Fix) -> bool:
    """Whether the fix's command mends, and not only shows what to mend."""
    return fix.effort is not None and fix.effort.kind == "command"


def has_no_lines(report: Report) -> bool:
    """Whether findings point at lines and none of them could be read for the report."""
    pointing = [
        finding
        for check in report.checks
        for finding in (*words.findings(check), *words.inherited(check))
        if finding.line is not None
    ]
    return bool(pointing) and not any(
        finding.code is not None or finding.is_withheld for finding in pointing
    )
