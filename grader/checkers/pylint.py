"""Pylint: its rating of the project's own code, 0 to 10, and its messages by kind."""

from typing import Literal

from grader.checkers._base import (
    Bench,
    Command,
    ToolChecker,
    nothing_to_measure,
    own_settings_finding,
    python_paths,
    unparsable_findings,
)
from grader.checkers._pylint import (
    Kind,
    PylintMessage,
    PylintOptions,
    pylint_command,
    rating_of,
    read_pylint,
)
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot
from grader.sandbox.run import ToolOutput

__all__ = ["Pylint", "PylintOptions"]

_SEVERITY: dict[Kind, Literal["error", "warning", "info"]] = {
    "fatal": "error",
    "error": "error",
    "warning": "warning",
    "refactor": "info",
    "convention": "info",
    "info": "info",
}
_SETTINGS = (
    *((name, "") for name in (".pylintrc", "pylintrc")),
    *((name, "") for name in (".pylintrc.toml", "pylintrc.toml")),
    ("pyproject.toml", "[tool.pylint"),
    ("setup.cfg", "[pylint"),
    ("tox.ini", "[pylint"),
)


def _messages(name: str, meaning: str) -> Quantity:
    return Quantity(name, "messages", meaning, better="lower", ideal=0)


class Pylint(ToolChecker[PylintOptions]):
    """Pylint's rating of the project's own code.

    Why it matters
        Pylint reads code as a careful colleague does: names that don't exist, arguments
        that don't fit, dead code, missing documentation, functions that grew too long.

    How it is measured
        `pylint` with its default settings on the files below `src/` (without a `src/`:
        on the project's own modules, tests aside). The rating is pylint's own: 10 minus
        ten times the messages per statement, where an error weighs five, and never
        below 0. Packages that happen to be installed are not looked into and
        `import-error` is off, so that the rating is the same on every machine. A file
        that can't be parsed counts as pylint counts it. If no statement could be read,
        because every file is broken or says `skip-file`, the rating is 0.

    What it does not see
        Whether calls into third-party packages are right; what a `# pylint: disable`
        comment switches off; notebooks. The repository's own pylint settings are not
        used.

    How to fix
        Work through the messages, errors first. `pylint src` shows them with their
        lines, and `pylint --help-msg=NAME` explains one.
    """

    id = "pylint"
    typical_s = 1.3
    source = "https://pylint.readthedocs.io/"
    tools = ("pylint", "astroid")
    # Its notes lower the rating as warnings do.
    mending = "notes"
    scope = "source"
    quantities = (
        Quantity(
            "score",
            "points",
            "pylint's rating; 0 as well where it could not read one statement, "
            "because no file can be parsed or every file says skip-file",
            better="higher",
            ideal=10,
            maximum=10,
        ),
        _messages("fatal", "files that can't be read at all; the rating is then 0"),
        _messages("errors", "probable bugs, syntax errors included"),
        _messages("warnings", "stylistic problems and smaller bugs"),
        _messages("refactors", "hints that code should be restructured"),
        _messages("conventions", "departures from the coding standard"),
        _messages("messages", "all of the five kinds together"),
        Quantity("files", "files", "Python files that pylint was given"),
        Quantity("lines", "lines", "lines in those files, blank ones included"),
        Quantity(
            "messages_per_100_lines",
            "messages per 100 lines",
            "100 * messages / lines",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "unparsable",
            "files",
            "files that can't be parsed",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "skipped_files",
            "files",
            "files that tell pylint to skip them",
            better="lower",
            ideal=0,
        ),
    )

    def needs_project(self, options: PylintOptions) -> bool:
        """Where it is to see the project's packages, these are installed."""
        return options.resolve == "environment"

    def reads(self, snapshot: Snapshot, options: PylintOptions) -> list[str]:
        """Every module of the repository: it looks into those that are imported."""
        return [*python_paths(snapshot), *(name for name, _ in _SETTINGS)]

    def command(
        self, snapshot: Snapshot, options: PylintOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "source"):
            return nothing
        return pylint_command(snapshot, options, bench)

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: PylintOptions
    ) -> Measured | NotApplicable:
        report = read_pylint(output, snapshot)
        counts = report.statistics.counts
        rating = rating_of(output, report, snapshot)
        if rating.score is None and rating.is_empty:
            return _NO_STATEMENT

        modules = [snapshot.module(path) for path in snapshot.source_files]
        broken = [module for module in modules if module.problem]
        messages = len(report.messages) - counts.get("info", 0)
        lines = snapshot.lines("source")
        return Measured(
            values={
                "score": 0.0 if rating.score is None else rating.score,
                "fatal": counts.get("fatal", 0),
                "errors": counts.get("error", 0),
                "warnings": counts.get("warning", 0),
                "refactors": counts.get("refactor", 0),
                "conventions": counts.get("convention", 0),
                "messages": messages,
                "files": len(modules),
                "lines": lines,
                "messages_per_100_lines": 100 * messages / lines,
                "unparsable": len(rating.unparsable),
                "skipped_files": len(rating.skipped),
            },
            findings=(
                *((_UNRATED,) if rating.score is None else ()),
                *unparsable_findings(broken),
                *(
                    _finding(message)
                    for message in report.messages
                    if message.kind != "info" or message.id == "I0013"
                    if message.kind == "fatal" or message.path not in rating.refused
                ),
                *own_settings_finding("pylint", _SETTINGS, snapshot),
            ),
        )


_NO_STATEMENT = NotApplicable(
    reason="The project's own Python files hold no statement that pylint could rate."
)


_UNRATED = Finding(
    rule="no-rating",
    message="pylint read no statement in these files and rates nothing: every file is "
    "broken, empty or tells pylint to skip it.",
    severity="error",
)


def _finding(message: PylintMessage) -> Finding:
    if message.kind == "fatal":
        return Finding(
            rule=message.symbol,
            message="pylint can't read this file at all, which makes its rating 0.",
            path=message.path,
            severity="error",
        )
    first, *rest = message.text.splitlines() or [message.symbol]
    # duplicate-code quotes the lines; the places are enough.
    places = [line for line in rest if line.startswith("==")]
    return Finding(
        rule=message.symbol,
        message=f"{' '.join((first, *places))} ({message.id})",
        path=message.path,
        line=message.line or None,
        severity=_SEVERITY[message.kind],
        fix=f"pylint --help-msg={message.symbol}",
    )
