"""The command line of flake8's own three tools: pycodestyle, pyflakes and mccabe."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import PositiveInt, StringConstraints

from grader.checkers._base import Command, Options
from grader.checkers._flake8 import (
    CODE_PREFIX,
    Plugin,
    flake8_command,
    installed_plugins,
)
from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot

# flake8 registers pycodestyle's and pyflakes' checks itself.
_OWN_DISTRIBUTIONS = ("flake8", "mccabe")
_REQUIRED = ("mccabe", "pycodestyle", "pyflakes")
# Codes, and starts of codes, that pycodestyle, pyflakes and mccabe report under.
_OWN_CODES = re.compile(r"E([1-79]\d*)?|W([1-6]\d*)?|F([4-9]\d*)?|C(9(0\d*)?)?")


class LintOptions(Options):
    """Settings of flake8; None stands for flake8's own default.

    `max_line_length` is in characters (by default 79). `max_complexity` is the number
    of ways through a function above which mccabe reports it (by default it reports
    none). `extend_ignore` adds codes to those that flake8 ignores by default.
    """

    max_line_length: PositiveInt | None = None
    max_complexity: PositiveInt | None = None
    extend_ignore: tuple[
        Annotated[str, StringConstraints(pattern=CODE_PREFIX)], ...
    ] = ()


def lint_command(
    snapshot: Snapshot, options: LintOptions, *, unmasked: bool = False
) -> Command:
    """flake8 on all Python files; `unmasked`: also what a `# noqa` comment hides."""
    typed: list[str] = []
    if options.max_line_length is not None:
        typed.append(f"--max-line-length={options.max_line_length}")
    if options.max_complexity is not None:
        typed.append(f"--max-complexity={options.max_complexity}")
    # Not --select=E,F,W,C90: that switches flake8's default list of ignored codes
    # off.
    ignored = (*foreign_codes(installed_plugins()), *options.extend_ignore)
    if ignored:
        typed.append(f"--extend-ignore={','.join(ignored)}")
    if unmasked:
        typed.append("--disable-noqa")
    return flake8_command(snapshot, typed=typed, ours=typed, required=_REQUIRED)


def foreign_codes(plugins: Sequence[Plugin]) -> tuple[str, ...]:
    """The codes of plugins that aren't flake8's own, so that they can be left out.

    Raises `CannotMeasure` for a plugin that uses the codes of flake8's own: leaving it
    out would leave those out as well.
    """
    foreign = [p for p in plugins if p.distribution not in _OWN_DISTRIBUTIONS]
    for plugin in foreign:
        if _OWN_CODES.fullmatch(plugin.code):
            raise CannotMeasure(
                f"flake8: the plugin {plugin.distribution} reports as {plugin.code}, "
                "as flake8 itself does. Uninstall it, or install mlops-grade in an "
                "environment of its own."
            )
    return tuple(sorted({plugin.code for plugin in foreign}))
