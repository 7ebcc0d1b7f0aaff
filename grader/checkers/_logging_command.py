"""The command line of flake8's two logging plugins, and what of their report counts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from grader.checkers._base import Command, Options
from grader.checkers._flake8 import (
    CODE_PREFIX,
    UNREADABLE,
    Plugin,
    Violation,
    flake8_command,
    installed_plugins,
)
from grader.errors import CannotMeasure
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

LOG = re.compile(r"LOG\d")
G = re.compile(r"G\d")


class LoggingOptions(Options):
    """`select`: the codes that count, by their start, as for `flake8 --select`."""

    select: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=CODE_PREFIX)], ...],
        Field(min_length=1),
    ] = ("LOG", "G")


def logging_command(
    snapshot: Snapshot, options: LoggingOptions, *, unmasked: bool = False
) -> Command:
    """flake8 with the selected codes; `unmasked`: also what a `# noqa` comment hides."""
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
    if unmasked:
        typed.append("--disable-noqa")
        ours.append("--disable-noqa")
    required = sorted({plugin.distribution for plugin in reporting})
    return flake8_command(snapshot, typed=typed, ours=ours, required=required)


def own_codes(options: LoggingOptions) -> tuple[str, ...] | None:
    """What a plain run of flake8 reports of this check's codes begins so.

    None where it also has other plugins' codes that do, or flake8's own are selected.
    """
    installed = installed_plugins()
    reporting = {p for s in options.select for p in reporters(s, installed)}
    others = [plugin.code for plugin in installed if plugin not in reporting]
    if any(code.startswith(options.select) for code in others):
        return None
    if any(plugin.distribution == "flake8" for plugin in reporting):
        # Some of those are off by default.
        return None
    return (*options.select, *UNREADABLE)


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


def merged(violations: Iterable[Violation]) -> Iterable[Finding]:
    """One finding for each violation that counts, in the order of the report."""
    by_line: defaultdict[tuple[str, int | None], list[Violation]] = defaultdict(list)
    for violation in violations:
        by_line[violation.path, violation.line].append(violation)
    for on_line in by_line.values():
        log = [v for v in on_line if LOG.match(v.code)]
        g = [v for v in on_line if G.match(v.code)]
        more, fewer = (log, g) if len(log) >= len(g) else (g, log)
        also = ", ".join(violation.code for violation in fewer)
        for violation in (v for v in on_line if v not in fewer):
            finding = violation.as_finding()
            if also and violation in more:
                text = f"{finding.message} (with {also}, on the same line)"
                finding = finding.model_copy(update={"message": text})
            yield finding
