"""Files that a tool could not read: every report names them, with the tool's reason."""

import io

from rich.console import Console

from grader.model.measurement import Measured, NotMeasured
from grader.model.report import Report
from grader.reporting.html import render_html
from grader.reporting.markdown import render_markdown
from grader.reporting.terminal import render_terminal
from tests.reporting import sample

MISSING = NotMeasured(path="src/deep.py", reason="black: crashed: RecursionError")


def partly() -> Report:
    """The sample report, where black could not read one file."""
    report = sample.messy()
    check = report.check("formatting")
    assert check.measurement is not None
    assert isinstance(check.measurement.outcome, Measured)
    outcome = check.measurement.outcome.model_copy(update={"not_measured": (MISSING,)})
    measurement = check.measurement.model_copy(update={"outcome": outcome})
    changed = check.model_copy(update={"measurement": measurement})
    checks = tuple(changed if one is check else one for one in report.checks)
    return report.model_copy(update={"checks": checks})


def terminal(report: Report) -> str:
    file = io.StringIO()
    render_terminal(report, Console(file=file, width=200))
    return file.getvalue()


def test_every_format_names_the_files_and_the_reason() -> None:
    for render in (render_html, render_markdown, terminal):
        text = render(partly())
        assert "src/deep.py" in text
        assert "black: crashed: RecursionError" in text


def test_no_format_speaks_of_such_files_where_there_are_none() -> None:
    for render in (render_html, render_markdown, terminal):
        assert "not measured:" not in render(sample.messy()).lower()
        assert "Not measured" not in render(sample.messy())
