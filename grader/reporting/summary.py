"""The summary of a job on GitHub: a page of Markdown beside its log, in which nothing acts."""

from collections.abc import Sequence

from grader.model.common_ground import CommonGround
from grader.model.report import Report
from grader.model.score import Ungraded
from grader.reporting import changes, numbers, words
from grader.reporting.clean import clean, clean_report
from grader.reporting.markdown import from_template

# The runner drops a step's summary of over 1 MiB whole (actions/runner, FileCommandManager.cs);
# what a browser shows without trouble is less.
MAX_BYTES = 512 * 1024

# Findings of each check, checks and dimensions: less until it fits.
_DETAILS = ((20, 200), (5, 200), (0, 100), (0, 20))


def render_summary(
    report: Report,
    base: Report | None = None,
    ground: CommonGround | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The report on a page: total, its change, dimensions, three fixes, what has no mark.

    `base` is what it is compared with, over the `ground` that both have; `notes` are
    sentences of ours on the run. Never more than `MAX_BYTES` in UTF-8.
    """
    shown = clean_report(report)
    about = against(base, ground)
    ungraded = [
        row
        for row in words.rows(shown)
        if isinstance(row.result, Ungraded) and row.result.cause != "left-out"
    ]
    text = ""
    for findings, most in _DETAILS:
        text = from_template(
            "summary.md.j2",
            report=shown,
            compared=clean(about),
            notes=[clean(note) for note in notes],
            ungraded=ungraded,
            shown_findings=findings,
            most=most,
        )
        if len(text.encode()) <= MAX_BYTES:
            break
    return text


def against(base: Report | None, ground: CommonGround | None) -> str:
    """`+0.42 against commit 3f2a91c04d8e.`, or why that can't be said."""
    if base is None or ground is None:
        return "Not compared with another state."
    commit = base.repository.commit
    return _change(ground, f"commit {commit[:12]}" if commit else "the base")


def _change(ground: CommonGround, than: str) -> str:
    if ground.obstacles:
        return f"{changes.RULERS} {' '.join(ground.obstacles)}"
    if ground.change is None or ground.before is None or ground.after is None:
        return f"Not comparable with {than}: no check was graded in both."
    said = f"{changes.gain(ground.change)} against {than}"
    if ground.is_whole:
        return f"{said}."
    return (
        f"{said}, over the {numbers.percent(ground.share)} of the rubric that was graded "
        f"in both ({numbers.mark(ground.before)} → {numbers.mark(ground.after)}); not "
        f"compared: {', '.join(ground.beside)}."
    )
