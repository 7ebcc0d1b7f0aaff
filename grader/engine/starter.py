"""The course's starter repository: which findings a group inherited from it.

A finding is the starter's when the starter has one in the same file, by the same rule, with
the same text: the message, digits aside, and the line of code it is about, so that it is
recognised after lines have moved. Where the starter has three such findings and the group
five, three are inherited.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from grader.model.measurement import Finding, Measured
from grader.model.starter import INHERITED, OWN

# Messages name other lines, and counts that shift with them.
_DIGITS = re.compile(r"\d+")
# What is said of the whole file stands at its first line, whatever that line is.
_WHOLE = re.compile(
    r"docstring in public (module|package)|missing-module-docstring|module docstring",
    re.IGNORECASE,
)
_MAX_BYTES = 1024 * 1024

Mark = tuple[str, str, str]


@dataclass(frozen=True)
class Starter:
    """The starter's findings, counted by their marks, for each key of a measurement.

    `is_known` is whether the rubric names a starter at all.
    """

    findings: Mapping[str, Counter[Mark]] = field(default_factory=dict)
    is_known: bool = False

    @property
    def digest(self) -> str:
        """A hash that changes with what counts as inherited."""
        known = sorted((k, sorted(c.items())) for k, c in self.findings.items())
        return hashlib.sha256(repr((self.is_known, known)).encode()).hexdigest()

    def divided(self, key: str, measured: Measured, root: Path) -> Measured:
        """The same measurement with inherited findings told apart, and both counted.

        Notes are not counted. `root` is the folder that the findings are about.
        """
        if not self.is_known:
            return measured
        left = Counter(self.findings.get(key, Counter()))
        findings = []
        for finding, mark in zip(
            measured.findings, marks(measured.findings, root), strict=True
        ):
            is_inherited = left[mark] > 0
            left[mark] -= is_inherited
            findings.append(finding.model_copy(update={"inherited": is_inherited}))
        counted = [one for one in findings if one.severity != "info"]
        inherited = sum(one.inherited for one in counted)
        values = {
            **measured.values,
            INHERITED: inherited,
            OWN: len(counted) - inherited,
        }
        return measured.model_copy(
            update={"values": values, "findings": tuple(findings)}
        )


def marks(findings: Sequence[Finding], root: Path) -> list[Mark]:
    """By what each finding is recognised elsewhere: file, rule and text."""

    @cache
    def lines(path: str) -> list[str]:
        file = root / path
        try:
            # A path may be what a project's tests said: nothing outside, and no device.
            if not file.is_file() or not _is_plainly_inside(file, root):
                return []
            if file.stat().st_size > _MAX_BYTES:
                return []
            return file.read_bytes().decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def text(finding: Finding) -> str:
        message = _DIGITS.sub("#", finding.message)
        if finding.path is None or finding.line is None or _WHOLE.search(message):
            return message
        found = lines(finding.path)
        at = finding.line - 1
        code = found[at].strip() if 0 <= at < len(found) else ""
        return f"{message}\n{code}"

    return [(one.path or "", one.rule, text(one)) for one in findings]


def _is_plainly_inside(file: Path, root: Path) -> bool:
    """Whether no link and no `..` of the path leads anywhere else."""
    return file.is_relative_to(root) and (
        file.resolve() == root.resolve() / file.relative_to(root)
    )
