"""Formatting: the share of files that black would leave as they are."""

import re
import shlex
from collections.abc import Mapping

from grader.checkers._base import (
    Bench,
    Command,
    nothing_to_measure,
    own_settings_finding,
    python_paths,
    unparsable_findings,
)
from grader.checkers._black import (
    VERDICT,
    FormattingOptions,
    black_command,
    read_black,
    report_of,
)
from grader.checkers._file_by_file import FileByFile
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

__all__ = ["Formatting", "FormattingOptions"]

# What black takes for "leave this as it is", on a line of its own.
_OFF = re.compile(r"[ \t]*#[ \t]*(fmt: ?off|yapf: disable)\b")


_OWN_SETTINGS = (("pyproject.toml", "[tool.black]"),)


class Formatting(FileByFile[FormattingOptions]):
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
        Notebooks, and code between `# fmt: off` and `# fmt: on`; such comments are
        counted and listed. The repository's own `[tool.black]` is not used.

    How to fix
        Run `black .` and commit the result.
    """

    id = "formatting"
    typical_s = 0.7
    source = "https://black.readthedocs.io/"
    tools = ("black",)
    mending = "command"
    wording = VERDICT
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
        Quantity(
            "switched_off",
            "comments",
            "`# fmt: off` comments: black leaves what follows as it is",
            better="lower",
            ideal=0,
        ),
    )

    def command(
        self, snapshot: Snapshot, options: FormattingOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "all"):
            return nothing
        return black_command(snapshot, options, bench)

    def reads(self, snapshot: Snapshot, options: FormattingOptions) -> list[str]:
        return [*python_paths(snapshot), *(name for name, _ in _OWN_SETTINGS)]

    def verdicts(self, output: ToolOutput, snapshot: Snapshot) -> dict[str, str]:
        report = read_black(output, snapshot)
        return {path: report.verdict(path) for path in snapshot.given("all")}

    def state(
        self,
        verdicts: Mapping[str, str],
        snapshot: Snapshot,
        options: FormattingOptions,
    ) -> Measured:
        report = report_of(verdicts)
        return _measured(
            snapshot, set(report.changed), set(report.unchanged), report.unparsed
        )


def _measured(
    snapshot: Snapshot,
    changed: set[str],
    unchanged: set[str],
    unparsed: dict[str, int],
) -> Measured:
    # Black doesn't look for syntax errors in a file that it would leave as it is.
    broken = snapshot.unparsable("all")
    told = {module.path for module in broken}
    unparsable = {*unparsed, *told}
    off = [
        (path, number)
        for path in snapshot.python_files
        for number, line in enumerate(snapshot.module(path).text.split("\n"), start=1)
        if _OFF.match(line)
    ]
    return Measured(
        values={
            "files": len(snapshot.python_files),
            "compliant_files": len(unchanged - unparsable),
            "files_to_change": len(changed - unparsable),
            "unparsable": len(unparsable),
            "switched_off": len(off),
        },
        findings=(
            *unparsable_findings(broken),
            *(_refusal(path, unparsed[path]) for path in sorted(unparsable - told)),
            *(_reformat(path) for path in sorted(changed - unparsable)),
            *(_switched_off(path, line) for path, line in off),
            *own_settings_finding("black", _OWN_SETTINGS, snapshot),
        ),
    )


def _reformat(path: str) -> Finding:
    return Finding(
        rule="would-reformat",
        message="black would reformat this file.",
        path=path,
        fix=f"black {shlex.quote(path)}",
    )


def _switched_off(path: str, line: int) -> Finding:
    return Finding(
        rule="fmt-off",
        message="black leaves what follows as it is; its layout was not checked.",
        path=path,
        line=line,
        severity="info",
        fix="Remove the comment and run black on the file.",
    )


def _refusal(path: str, line: int) -> Finding:
    return Finding(
        rule="unparsable",
        message="black can't parse this file.",
        path=path,
        line=line,
        severity="error",
        fix="Mend the syntax; until then black leaves the file alone.",
    )
