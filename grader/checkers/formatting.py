"""Formatting: the share of files that black would leave as they are."""

import re
import shlex

from grader.checkers._base import (
    Bench,
    Command,
    Options,
    ToolChecker,
    nothing_to_measure,
    own_settings_finding,
    refuse_unknown,
    relative,
    unparsable_findings,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

# Black reports on standard error and leaves standard output empty.
_CHANGED = re.compile(r"^would reformat (?P<path>.+)$", re.MULTILINE)
_UNCHANGED = re.compile(r"^(?P<path>.+) already well formatted, good job\.$", re.M)
_REFUSED = re.compile(r"^error: cannot format (?P<path>.+?\.py): (?P<why>.+)$", re.M)
_UNPARSED = re.compile(
    r"^error: cannot parse[^:\n]*: (?P<path>.+\.py):(?P<line>\d+):\d+$", re.M
)


class FormattingOptions(Options):
    """`line_length` in characters; black's own default is 88."""

    line_length: int | None = None


class Formatting(ToolChecker[FormattingOptions]):
    """Files formatted as black would.

    Why it matters
        One formatter's layout ends discussions about layout: a diff then shows what was
        changed and nothing else.

    How it is measured
        `black --check --verbose` with black's default settings on every Python file of the
        repository. Each file must appear in black's report as unchanged, as one it would
        reformat, or as one it cannot read; otherwise nothing is marked. A file that can't
        be parsed is not compliant.

    What it does not see
        Notebooks, and code between `# fmt: off` and `# fmt: on`. The repository's own
        `[tool.black]` is not used.

    How to fix
        Run `black .` and commit the result.
    """

    id = "formatting"
    source = "https://black.readthedocs.io/"
    tools = ("black",)
    quantities = (
        Quantity("files", "files", "Python files that were checked"),
        Quantity(
            "compliant_files",
            "files",
            "files that black would leave as they are",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "files_to_change",
            "files",
            "files that black would reformat",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "unparsable",
            "files",
            "files that black can't parse",
            better="lower",
            ideal=0,
        ),
    )

    def command(
        self, snapshot: Snapshot, options: FormattingOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "all"):
            return nothing
        width = options.line_length
        length = () if width is None else (f"--line-length={width}",)
        return Command(
            # --verbose names every file, so that none can go missing unnoticed.
            argv=(
                *("black", "--check", "--verbose", "--no-cache", "--workers=1"),
                *("--config", str(bench.empty_settings), *length, "--"),
            ),
            files=snapshot.python_files,
            fix=" ".join(("black", *length, ".")),
            population=snapshot.describe("all"),
        )

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: FormattingOptions
    ) -> Measured:
        if output.exit_status not in (0, 1, 123):
            raise refuse_unknown("black", output, "ended in a way we don't know")
        report = output.stderr
        changed = {relative(m["path"], snapshot) for m in _CHANGED.finditer(report)}
        unchanged = {relative(m["path"], snapshot) for m in _UNCHANGED.finditer(report)}
        refused = {
            relative(m["path"], snapshot): m["why"] for m in _REFUSED.finditer(report)
        }
        unparsed = {
            relative(m["path"], snapshot): int(m["line"])
            for m in _UNPARSED.finditer(report)
        }
        seen = {*changed, *unchanged, *refused, *unparsed}
        if seen != set(snapshot.python_files):
            raise refuse_unknown("black", output, "did not report on every file")
        for path, why in refused.items():
            if "INTERNAL ERROR" in why:
                raise CannotMeasure(f"black: failed on {path}: {why}")
        # Black doesn't look for syntax errors in a file that it would leave as it is.
        broken = snapshot.unparsable("all")
        told = {module.path for module in broken}
        unparsable = {*refused, *unparsed, *told}
        return Measured(
            values={
                "files": len(snapshot.python_files),
                "compliant_files": len(unchanged - unparsable),
                "files_to_change": len(changed - unparsable),
                "unparsable": len(unparsable),
            },
            findings=(
                *unparsable_findings(broken),
                *(
                    _refusal(path, refused.get(path, ""), unparsed.get(path))
                    for path in sorted(unparsable - told)
                ),
                *(_reformat(path) for path in sorted(changed - unparsable)),
                *own_settings_finding(
                    "black", [("pyproject.toml", "[tool.black]")], snapshot
                ),
            ),
        )


def _reformat(path: str) -> Finding:
    return Finding(
        rule="would-reformat",
        message="black would reformat this file.",
        path=path,
        fix=f"black {shlex.quote(path)}",
    )


def _refusal(path: str, why: str, line: int | None) -> Finding:
    return Finding(
        rule="unparsable",
        message=f"black can't parse this file{': ' + why if why else ''}.",
        path=path,
        line=line,
        severity="error",
        fix="Mend the syntax; until then black leaves the file alone.",
    )
