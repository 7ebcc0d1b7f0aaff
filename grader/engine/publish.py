"""Everything that a class's folder shows: reports, tables, the cohort, and the class's page."""

from io import BytesIO
from pathlib import Path

from grader.checkers._registry import Registry
from grader.engine.analysis import analyse
from grader.engine.marking import Marking, reports
from grader.engine.pages import pages_of
from grader.engine.standing import COHORT, REPORTS, TABLES, WORKBOOK, write_index
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.term import entry_of, keep, read_term
from grader.model.analysis import ClassReport
from grader.model.classroom import ClassResult
from grader.model.term import Entry
from grader.reporting.csv import items_csv, scores_csv
from grader.reporting.json import render_json
from grader.reporting.xlsx import grades_xlsx
from grader.rubric.load import LoadedRubric
from grader.scoring.totals import weight_shares


def write_class(
    folder: ClassFolder,
    marking: Marking,
    loaded: LoadedRubric,
    registry: Registry,
    *,
    remarked_at: str | None = None,
) -> None:
    """Every group's reports, the tables, the cohort, and the page that links them.

    The marks are kept among the runs of the term last: as the run that they come from, or as
    a marking anew at `remarked_at` (UTC, ISO 8601). A run that has not ended is not kept.
    """
    entry = _entry(marking, loaded, remarked_at)
    term = read_term(folder.root)
    term = term.with_entry(entry) if entry else term
    book = BytesIO()
    with pages_of(len(marking.result.lines)) as pages:
        with grades_xlsx(marking.result, book) as add_findings:
            entries = term.entries
            for group, report in reports(folder, marking, loaded, registry, entries):
                home = folder.group(group.folder)
                write_atomic(home / REPORTS[0], render_json(report).encode())
                pages.add(home)
                add_findings(group, report)
        write_atomic(folder.root / WORKBOOK, book.getvalue())
        write_tables(folder.root, marking.result)
        write_atomic(folder.root / COHORT, cohort_text(marking))
        told = ClassReport(
            result=marking.result,
            analysis=analyse(folder, marking, loaded),
            moves=term.moves_to(entry) if entry else None,
        )
        write_index(folder.root, told)
    if entry:
        keep(folder.root, entry)


def _entry(
    marking: Marking, loaded: LoadedRubric, remarked_at: str | None
) -> Entry | None:
    ended = marking.result.record.finished_at
    if ended is None:
        return None
    return entry_of(
        marking.result,
        weight_shares(loaded.rubric),
        remarked_at or ended,
        is_remark=remarked_at is not None,
    )


def write_tables(target: Path, result: ClassResult) -> None:
    """`scores.csv` and `items.csv`."""
    for name, table in zip(TABLES, (scores_csv, items_csv), strict=True):
        write_atomic(target / name, table(result).encode())


def cohort_text(marking: Marking) -> bytes:
    """The class as numbers without names, as JSON."""
    return (marking.cohort.model_dump_json(indent=2) + "\n").encode()
