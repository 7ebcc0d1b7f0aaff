"""Lint: what flake8's own three tools find, per family and per hundred lines."""

from collections.abc import Callable, Sequence

from grader.checkers._base import Bench, Command, nothing_to_measure
from grader.checkers._flake8 import (
    Flake8Checker,
    Violation,
    hidden_files,
    installed_plugins,
    other_findings,
    unparsable_paths,
)
from grader.checkers._lint_command import LintOptions, foreign_codes, lint_command
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot

__all__ = ["Lint", "LintOptions", "foreign_codes"]

_FAMILIES = {
    "pycodestyle_errors": "E",
    "pycodestyle_warnings": "W",
    "pyflakes": "F",
    "complexity": "C90",
}


class Lint(Flake8Checker[LintOptions]):
    """Errors and style violations that flake8 reports.

    Why it matters
        An undefined name or an unused import is a mistake that waits to be run. A style
        that everybody shares lets a reader see the code instead of its layout.

    How it is measured
        `flake8 --isolated` on every Python file of the repository, with flake8's
        default settings: pycodestyle (E and W), pyflakes (F) and, where the rubric sets
        `max_complexity`, mccabe (C90). Codes of any other flake8 plugin are left out,
        the logging plugins' among them: those are counted by the check `logging`. A
        file with a syntax error has one violation (E999), as on flake8's command line,
        and counts as unparsable.

    What it does not see
        Lines that end in `# noqa`, files with `# flake8: noqa`, and notebooks. The
        repository's own flake8 settings are not used.

    How to fix
        Run `flake8 .` to see the list. black (or autopep8) mends nearly all of the
        layout (E and W), and autoflake removes unused imports and variables (F401,
        F841). The rest needs a person.
    """

    id = "lint"
    typical_s = 0.4
    source = "https://flake8.pycqa.org/en/latest/user/error-codes.html"
    tools = ("flake8", "pycodestyle", "pyflakes", "mccabe")
    mending = "findings"
    quantities = (
        Quantity(
            "violations", "violations", "all that flake8 reports", "lower", ideal=0
        ),
        Quantity("files", "files", "Python files that were checked"),
        Quantity("lines", "lines", "lines of these files, blank ones included"),
        Quantity(
            "files_with_violations",
            "files",
            "files with at least one violation",
            "lower",
            ideal=0,
        ),
        Quantity(
            "violations_per_100_lines",
            "violations per 100 lines",
            "violations by the size of the code",
            "lower",
            ideal=0,
        ),
        Quantity(
            "unparsable",
            "files",
            "files that flake8 or Python can't parse",
            "lower",
            ideal=0,
        ),
        Quantity(
            "hidden_files",
            "files",
            "files with a `# flake8: noqa` comment, which flake8 passes over",
            "lower",
            ideal=0,
        ),
        Quantity(
            "pycodestyle_errors",
            "violations",
            "violations with an E code: layout, and syntax errors (E9)",
            "lower",
            ideal=0,
        ),
        Quantity(
            "pycodestyle_warnings",
            "violations",
            "violations with a W code: white space, deprecated syntax",
            "lower",
            ideal=0,
        ),
        Quantity(
            "pyflakes",
            "violations",
            "violations with an F code: unused imports, undefined names",
            "lower",
            ideal=0,
        ),
        Quantity(
            "complexity",
            "violations",
            "functions more complex than max_complexity (C901); 0 where it isn't set",
            "lower",
            ideal=0,
        ),
    )

    def command(
        self, snapshot: Snapshot, options: LintOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "all"):
            return nothing
        return lint_command(snapshot, options)

    def keeps(self, options: LintOptions) -> Callable[[str], bool] | None:
        """All codes but those of plugins, where flake8's own settings are wanted."""
        if options != LintOptions():
            return None
        foreign = foreign_codes(installed_plugins())
        return lambda code: not code.startswith(foreign)

    def state(
        self,
        violations: Sequence[Violation],
        snapshot: Snapshot,
        options: LintOptions,
    ) -> Measured:
        lines = snapshot.lines("all")
        by_family = dict.fromkeys(_FAMILIES, 0)
        for violation in violations:
            by_family[_family(violation.code)] += 1
        return Measured(
            values={
                "violations": len(violations),
                "files": len(snapshot.python_files),
                "lines": lines,
                "files_with_violations": len({v.path for v in violations}),
                "violations_per_100_lines": 100 * len(violations) / lines,
                "unparsable": len(unparsable_paths(violations, snapshot)),
                "hidden_files": len(hidden_files(snapshot)),
                **by_family,
            },
            findings=(
                *(violation.as_finding() for violation in violations),
                *other_findings(violations, snapshot),
            ),
        )


def _family(code: str) -> str:
    for name, prefix in _FAMILIES.items():
        if code.startswith(prefix):
            return name
    raise CannotMeasure(f"flake8: reported {code}, which is not a code of its own.")
