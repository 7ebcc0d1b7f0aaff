"""Logging: how log calls are written, as flake8's two logging plugins see it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from grader.checkers._base import Bench, Command, Options, nothing_to_measure
from grader.checkers._flake8 import (
    CODE_PREFIX,
    UNREADABLE,
    Flake8Checker,
    Plugin,
    Violation,
    flake8_command,
    hidden_files,
    installed_plugins,
    other_findings,
    unparsable_paths,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import Snapshot

_LOG = re.compile(r"LOG\d")
_G = re.compile(r"G\d")


class LoggingOptions(Options):
    """`select`: the codes that count, by their start, as for `flake8 --select`."""

    select: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=CODE_PREFIX)], ...],
        Field(min_length=1),
    ] = ("LOG", "G")


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
        installed = installed_plugins()
        reporting = {p for s in options.select for p in reporters(s, installed)}
        intruders = [
            plugin.code
            for plugin in installed
            if plugin not in reporting and plugin.code.startswith(options.select)
        ]
        ignore = [f"--extend-ignore={','.join(intruders)}"] if intruders else []
        typed = [f"--select={','.join(options.select)}", *ignore]
        # With a selection flake8 keeps silent even on a file that it can't open.
        ours = [f"--select={','.join((*options.select, *UNREADABLE))}", *ignore]
        required = sorted({plugin.distribution for plugin in reporting})
        return flake8_command(snapshot, typed=typed, ours=ours, required=required)

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
        counted = list(_merged(selected))
        return Measured(
            values={
                "violations": len(counted),
                "g_violations": sum(bool(_G.match(v.code)) for v in selected),
                "log_violations": sum(bool(_LOG.match(v.code)) for v in selected),
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


def reporters(prefix: str, plugins: Sequence[Plugin]) -> tuple[Plugin, ...]:
    """The plugins that report codes which start with `prefix`.

    flake8 knows a plugin by the start of its codes: flake8-logging, with LOG001 and so
    on, is registered as L. Raises `CannotMeasure` when there is none: flake8 itself
    takes that for code without violations.
    """
    wider = [plugin for plugin in plugins if prefix.startswith(plugin.code)]
    closest = max((len(plugin.code) for plugin in wider), default=0)
    found = [plugin for plugin in wider if len(plugin.code) == closest]
    found = found or [plugin for plugin in plugins if plugin.code.startswith(prefix)]
    if not found:
        raise CannotMeasure(
            f"flake8: no installed plugin reports {prefix} codes: that none is found "
            "would mean nothing. Install the plugin, or change `select` in the rubric."
        )
    return tuple(found)


def _merged(violations: Iterable[Violation]) -> Iterable[Finding]:
    """One finding for each violation that counts, in the order of the report."""
    by_line: defaultdict[tuple[str, int | None], list[Violation]] = defaultdict(list)
    for violation in violations:
        by_line[violation.path, violation.line].append(violation)
    for on_line in by_line.values():
        log = [v for v in on_line if _LOG.match(v.code)]
        g = [v for v in on_line if _G.match(v.code)]
        more, fewer = (log, g) if len(log) >= len(g) else (g, log)
        also = ", ".join(violation.code for violation in fewer)
        for violation in (v for v in on_line if v not in fewer):
            finding = violation.as_finding()
            if also and violation in more:
                text = f"{finding.message} (with {also}, on the same line)"
                finding = finding.model_copy(update={"message": text})
            yield finding
