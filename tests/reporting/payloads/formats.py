"""Everything that is written for somebody to read: what is filled, how, and who decides.

`test_every_format_has_a_decider` holds the list against the program's own lists of formats
and against the modules of grader/reporting.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO, TypeVar
from unittest.mock import patch

from rich.console import Console

from grader.cli.class_table import show_class
from grader.cli.github_tell import output_lines, outputs
from grader.cli.history import _show_group, _show_runs
from grader.cli.output import Format, console, render, show_quiet
from grader.engine.pull_request import held_against
from grader.model.analysis import ClassReport
from grader.model.comparison import Comparison
from grader.model.measurement import Stored
from grader.model.report import Report
from grader.reporting import comparison, feedback, gate, markdown, pull_request
from grader.reporting.annotations import stopped
from grader.reporting.class_page import render_class_markdown, render_class_page
from grader.reporting.comparison import (
    comparison_html,
    comparison_json,
    comparison_markdown,
    show_comparison,
)
from grader.reporting.contributors import contributors_csv
from grader.reporting.csv import items_csv, scores_csv
from grader.reporting.gradebook import Wish, fill_gradebook
from grader.reporting.gradescope import render_gradescope
from grader.reporting.json import render_json
from grader.reporting.pull_request import Against, render_pull_request
from grader.reporting.summary import render_summary
from grader.reporting.terminal import render_terminal
from grader.reporting.xlsx import grades_xlsx
from grader.scoring.common_ground import common_ground
from tests.reporting.payloads import deciders, documents
from tests.reporting.payloads.deciders import Document
from tests.reporting.test_gradebook import CANVAS, WORKSHEET

Decider = Callable[[Document, Document], Iterator[str]]
_Shown = TypeVar("_Shown", bound=Stored)


@dataclass(frozen=True)
class Shown:
    """One format: the document it is made of, how it is written, and what acts in it."""

    name: str
    document: Stored
    write: Callable[[Stored], Document]
    decide: Decider


def _of(
    name: str,
    document: _Shown,
    write: Callable[[_Shown], Document],
    decide: Decider,
) -> Shown:
    def written(filled: Stored) -> Document:
        assert isinstance(filled, type(document))
        return write(filled)

    return Shown(name, document, written, decide)


# Every format of `--format` and `--report`.
REPORTS: Mapping[Format, Decider] = {
    Format.TERMINAL: deciders.log,
    Format.HTML: deciders.html,
    Format.MARKDOWN: deciders.markdown,
    Format.JSON: deciders.data,
    Format.SARIF: deciders.sarif,
    Format.JUNIT: deciders.xml,
    Format.ANNOTATIONS: deciders.annotations,
    Format.GITLAB: deciders.data,
    Format.BADGE: deciders.same,
    Format.BADGE_SVG: deciders.same,
}


def _whole(write: Callable[[_Shown], str]) -> Callable[[_Shown], str]:
    """Markdown in all its detail, which else depends on how long the texts are."""

    def written(shown: _Shown) -> str:
        with ExitStack() as held:
            for module in (markdown, comparison, pull_request):
                held.enter_context(patch.object(module, "MAX_CHARACTERS", 10**9))
            return write(shown)

    return written


def _coloured(show: Callable[[Console], None]) -> str:
    file = io.StringIO()
    show(Console(file=file, width=100, force_terminal=True, color_system="truecolor"))
    return file.getvalue()


def _plain(show: Callable[[Console], None]) -> str:
    """On a console, as in a pipe."""
    return _piped(lambda file: show(console(file)))


def _piped(write: Callable[[TextIO], None]) -> str:
    """As in a pipe, or in the log of a workflow."""
    file = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")
    write(file)
    file.seek(0)
    return file.read()


def _rendered(form: Format, report: Report) -> str:
    return render(report, form, verbose=True)


def _held(report: Report) -> str:
    return "\n".join(gate.lines(gate.Held(report, least=9.0))) + "\n"


def _workbook(told: ClassReport) -> bytes:
    file = io.BytesIO()
    with grades_xlsx(told.result, file) as add:
        for line in told.result.lines[:1]:
            add(line.group, documents.report())
    return file.getvalue()


def _findings(report: Report) -> bytes:
    file = io.BytesIO()
    with grades_xlsx(documents.told().result, file) as add:
        add(documents.told().result.lines[0].group, report)
    return file.getvalue()


def _summary(report: Report) -> str:
    base = report.model_copy(update={"repository": documents.report().repository})
    return render_summary(
        report, base, common_ground(base, report), report.repository.notes
    )


def _pull_request(report: Report) -> str:
    base = report.model_copy(update={"repository": documents.report().repository})
    return render_pull_request(report, held_against(base, report))


def _pull_request_changes(comparison: Comparison) -> str:
    notes = tuple(one.statement for one in comparison.differences[:2])
    keys = tuple(one.item for one in comparison.items[:2])
    against = Against(documents.report(), comparison, 0.5, keys)
    told = render_pull_request(documents.report(), against)
    held = replace(against, obstacles=notes)
    return told + render_pull_request(documents.report(), held)


def _outputs(report: Report) -> str:
    return output_lines(outputs(report, common_ground(documents.report(), report)))


def _gradebook(told: ClassReport, file: str) -> bytes:
    """Each line of the file is a member of the first group; the message is a payload's."""
    first = told.result.lines[0]
    members = ("s1", "s2", "s3", "s4", "s5")
    line = first.model_copy(
        update={"group": first.group.model_copy(update={"members": members[:1]})}
    )
    result = told.result.model_copy(update={"lines": (line,)})
    report = documents.report().model_copy(update={"grade": first.grade})
    message = feedback.feedback_html(report)
    texts = {line.group.name: message} if file == WORKSHEET else {}
    wish = Wish(provisional=True, overwrite=True, feedback=texts)
    return fill_gradebook(file.encode(), "gradebook.csv", result, wish).content


def _index(told: ClassReport) -> str:
    groups = [line.group for line in told.result.lines]
    return feedback.feedback_index((one, one.name, one.name) for one in groups)


def _logged(report: Report) -> str:
    return stopped(feedback.feedback_text(report))


def all_formats() -> tuple[Shown, ...]:
    """Each format with a decider."""
    report, told, compared = (
        documents.report(),
        documents.told(),
        documents.comparison(),
    )
    return (
        *(
            _of(
                form.value,
                report,
                _whole(partial(_rendered, form)),
                decide,
            )
            for form, decide in REPORTS.items()
        ),
        _of(
            "terminal-colours",
            report,
            lambda one: _coloured(lambda out: render_terminal(one, out, verbose=True)),
            deciders.terminal,
        ),
        _of(
            "quiet",
            report,
            lambda one: _piped(lambda file: show_quiet(one, file)),
            deciders.log,
        ),
        _of(
            "piped",
            report,
            lambda one: _plain(lambda out: render_terminal(one, out, verbose=True)),
            deciders.log,
        ),
        _of("gate", report, _held, deciders.log),
        _of("stopped-log", report, _logged, deciders.log),
        _of("summary", report, _summary, deciders.markdown),
        _of("pull-request", report, _whole(_pull_request), deciders.markdown),
        _of(
            "pull-request-changes",
            compared,
            _whole(_pull_request_changes),
            deciders.markdown,
        ),
        _of("outputs", report, _outputs, deciders.outputs),
        _of("gradescope", report, render_gradescope, deciders.data),
        _of("message", report, feedback.feedback_text, deciders.mail),
        _of("message-html", report, feedback.feedback_html, deciders.html),
        _of("findings-xlsx", report, _findings, deciders.sheets),
        _of("class-html", told, render_class_page, deciders.html),
        _of("class-markdown", told, render_class_markdown, deciders.markdown),
        _of("class-json", told, render_json, deciders.data),
        _of(
            "class-terminal",
            told,
            lambda one: _coloured(lambda out: show_class(one.result, Path("c"), out)),
            deciders.terminal,
        ),
        _of(
            "class-piped",
            told,
            lambda one: _plain(lambda out: show_class(one.result, Path("c"), out)),
            deciders.log,
        ),
        _of("scores-csv", told, lambda one: scores_csv(one.result), deciders.table),
        _of("items-csv", told, lambda one: items_csv(one.result), deciders.table),
        _of("index-csv", told, _index, deciders.table),
        _of(
            "contributors-csv",
            documents.people(),
            lambda one: contributors_csv([(one.group, one.people)]),
            deciders.table,
        ),
        _of("canvas", told, lambda one: _gradebook(one, CANVAS), deciders.table),
        _of("moodle", told, lambda one: _gradebook(one, WORKSHEET), deciders.table),
        _of("xlsx", told, _workbook, deciders.sheets),
        _of(
            "history",
            documents.runs(),
            lambda one: _coloured(lambda out: _show_runs(one, out)),
            deciders.terminal,
        ),
        _of(
            "history-piped",
            documents.group_runs(),
            lambda one: _plain(lambda out: _show_group(one, out)),
            deciders.log,
        ),
        _of("comparison-html", compared, comparison_html, deciders.html),
        _of(
            "comparison-markdown",
            compared,
            _whole(comparison_markdown),
            deciders.markdown,
        ),
        _of("comparison-json", compared, comparison_json, deciders.data),
        _of(
            "comparison-terminal",
            compared,
            lambda one: _coloured(lambda out: show_comparison(one, out, verbose=True)),
            deciders.terminal,
        ),
        _of(
            "comparison-piped",
            compared,
            lambda one: _plain(lambda out: show_comparison(one, out, verbose=True)),
            deciders.log,
        ),
    )
