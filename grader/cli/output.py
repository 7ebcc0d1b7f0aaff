"""Where output goes: data to standard output or a file, talk to standard error."""

import os
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from grader.errors import ExitCode, GradeError

if TYPE_CHECKING:
    from rich.console import Console

    from grader.model.report import Report


class Format(StrEnum):
    """The formats a report can be written in."""

    TERMINAL = "terminal"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    ANNOTATIONS = "annotations"
    GITLAB = "gitlab"
    BADGE = "badge"
    BADGE_SVG = "badge-svg"


def is_sober(stream: TextIO) -> bool:
    """Whether colour and progress are unwanted: no terminal, NO_COLOR, CI or a hook."""
    names = ("NO_COLOR", "CI", "PRE_COMMIT")
    return not stream.isatty() or any(os.environ.get(name) for name in names)


def console(stream: TextIO) -> "Console":
    """A console that colours only where somebody watches, 100 columns wide in a pipe."""
    from rich.console import Console

    if is_sober(stream):
        width = None if stream.isatty() else 100
        file = _passed_on(stream)
        return Console(file=file, no_color=True, force_terminal=False, width=width)
    return Console(file=stream)


def _passed_on(stream: TextIO) -> TextIO:
    """What to write to: where nobody watches, it may be a workflow's log."""
    return stream if stream.isatty() else _Log(stream)


class _Log(StringIO):
    """Passes on whole lines so that a workflow's runner takes no command from them."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the stream can say."""
        return self._stream.encoding

    def write(self, text: str, /) -> int:
        """Write some lines."""
        from grader.reporting.clean import log_text

        self._stream.write(log_text(text))
        return len(text)

    def flush(self) -> None:
        """Write what waits."""
        self._stream.flush()


def write(text: str, target: Path) -> None:
    """Write a whole file, making its folder. Raises `GradeError` when that can't be done."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise GradeError(
            f'cannot write "{target}": {error.strerror}.',
            exit_code=ExitCode.ENVIRONMENT,
        ) from error


def parse_targets(requests: list[str]) -> dict[Path, Format]:
    """`["html=out.html"]` as files and their formats. Raises `GradeError` for another shape."""
    targets: dict[Path, Format] = {}
    for request in requests:
        name, separator, file = request.partition("=")
        if not separator or not file or name not in list(Format):
            raise GradeError(
                f'--report "{request}" is not FORMAT=FILE.',
                hint=f"For example --report html=out.html; formats: {', '.join(Format)}.",
            )
        targets[Path(file)] = Format(name)
    return targets


def render(report: "Report", wanted: Format, *, verbose: bool = False) -> str:
    """The report as text in a format."""
    from grader.reporting.annotations import render_annotations
    from grader.reporting.badge import render_badge, render_badge_svg
    from grader.reporting.gitlab import render_gitlab
    from grader.reporting.html import render_html
    from grader.reporting.json import render_json
    from grader.reporting.junit import render_junit
    from grader.reporting.markdown import render_markdown
    from grader.reporting.sarif import render_sarif

    renderers: Mapping[Format, Callable[[Report], str]] = {
        Format.HTML: render_html,
        Format.MARKDOWN: render_markdown,
        Format.JSON: render_json,
        Format.SARIF: render_sarif,
        Format.JUNIT: render_junit,
        Format.ANNOTATIONS: render_annotations,
        Format.GITLAB: render_gitlab,
        Format.BADGE: render_badge,
        Format.BADGE_SVG: render_badge_svg,
    }
    if wanted in renderers:
        return renderers[wanted](report)
    from rich.console import Console

    from grader.reporting.clean import log_text
    from grader.reporting.terminal import render_terminal

    stream = StringIO()
    plain = Console(file=stream, width=100, no_color=True, force_terminal=False)
    render_terminal(report, plain, verbose=verbose)
    return log_text(stream.getvalue())


def put(text: str) -> None:
    """Print a whole file: UTF-8 with plain line ends, whatever the locale says."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.flush()


def show_quiet(report: "Report", stream: TextIO) -> None:
    """Print the report's one line."""
    from grader.reporting.quiet import render_quiet

    # What only holds text, as `StringIO` does, has no encoding.
    _passed_on(stream).write(render_quiet(report, stream.encoding or "utf-8"))


def show(
    report: "Report",
    wanted: Format,
    output: Path | None,
    *,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Print the report to standard output, or write it to `output`."""
    if output is not None:
        write(render(report, wanted, verbose=verbose), output)
    elif wanted is not Format.TERMINAL:
        put(render(report, wanted))
    elif quiet:
        show_quiet(report, sys.stdout)
    else:
        from grader.reporting.terminal import render_terminal

        render_terminal(report, console(sys.stdout), verbose=verbose)
    sys.stdout.flush()
