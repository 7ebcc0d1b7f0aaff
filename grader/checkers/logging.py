"""Logging: how log calls are written, as flake8's two logging plugins see it."""

from collections.abc import Callable, Sequence

from grader.checkers._base import Bench, Command, nothing_to_measure
from grader.checkers._flake8 import (
    UNREADABLE,
    Flake8Checker,
    Violation,
    hidden_files,
    other_findings,
    unparsable_paths,
)
from grader.checkers._logging_command import (
    LOG,
    G,
    LoggingOptions,
    logging_command,
    merged,
    own_codes,
    reporters,
)
from grader.model.measurement import Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot

__all__ = ["Logging", "LoggingOptions", "reporters"]


class Logging(Flake8Checker[LoggingOptions]):
    """Mistakes in log calls.

    Why it matters
        A log is read when something has gone wrong. A call with the wrong number of
        arguments loses its message, a text put together beforehand costs time even when
        nobody reads it, and the root logger can't be switched per module.

    How it is measured
        `flake8 --isolated --select=LOG,G` on every Python file of the repository:
        flake8-logging reports LOG codes, flake8-logging-format G codes. Both flag an
        f-string in a log call, so a line that both flag counts once: of its LOG and its
        G codes the larger number is taken. Nothing is marked when no installed plugin
        reports a selected code.

    What it does not see
        Whether the project logs at all: where there is no log call, there is nothing to
        flag. Lines that end in `# noqa`, notebooks, and files that can't be parsed. The
        repository's own flake8 settings are not used.

    How to fix
        Run `flake8 --select=LOG,G .` to see the list. Let the logger put the text
        together (`logger.info("read %s rows", n)`), make it with
        `logging.getLogger(__name__)`, and use `logger.exception("...")` inside
        `except`.
    """

    id = "logging"
    # With lint's run, which it then need not wait for.
    typical_s = 0.01
    source = "https://github.com/adamchainz/flake8-logging#rules"
    tools = ("flake8", "flake8-logging", "flake8-logging-format")
    mending = "findings"
    quantities = (
        Quantity(
            "violations",
            "violations",
            "mistakes in log calls; what both plugins flag counts once",
            "lower",
            ideal=0,
        ),
        Quantity(
            "g_violations",
            "violations",
            "G codes, as flake8-logging-format reports them",
            "lower",
            ideal=0,
        ),
        Quantity(
            "log_violations",
            "violations",
            "LOG codes, as flake8-logging reports them",
            "lower",
            ideal=0,
        ),
        Quantity("files", "files", "Python files that were checked"),
        Quantity("lines", "lines", "lines of these files, blank ones included"),
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
            "files that can't be parsed, whose log calls are not seen",
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
            "files_with_violations",
            "files",
            "files with at least one violation",
            "lower",
            ideal=0,
        ),
    )

    def command(
        self, snapshot: Snapshot, options: LoggingOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "all"):
            return nothing
        return logging_command(snapshot, options)

    def keeps(self, options: LoggingOptions) -> Callable[[str], bool] | None:
        """The selected codes, where no other plugin's begin so or are off by default."""
        codes = own_codes(options)
        return None if codes is None else lambda code: code.startswith(codes)

    def state(
        self,
        violations: Sequence[Violation],
        snapshot: Snapshot,
        options: LoggingOptions,
    ) -> Measured:
        lines = snapshot.lines("all")
        selected = [v for v in violations if v.code.startswith(options.select)]
        parser_refuses = {module.path for module in snapshot.unparsable("all")}
        only_flake8_refuses = [
            v
            for v in violations
            if v.code in UNREADABLE and v.path not in parser_refuses
        ]
        counted = list(merged(selected))
        return Measured(
            values={
                "violations": len(counted),
                "g_violations": sum(bool(G.match(v.code)) for v in selected),
                "log_violations": sum(bool(LOG.match(v.code)) for v in selected),
                "files": len(snapshot.python_files),
                "lines": lines,
                "violations_per_100_lines": 100 * len(counted) / lines,
                "unparsable": len(unparsable_paths(violations, snapshot)),
                "hidden_files": len(hidden_files(snapshot)),
                "files_with_violations": len({v.path for v in selected}),
            },
            findings=(
                *counted,
                *(violation.as_finding() for violation in only_flake8_refuses),
                *other_findings((), snapshot),
            ),
        )
