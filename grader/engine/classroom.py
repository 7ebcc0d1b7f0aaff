"""A class from its list to its folder, on one page; and marked again under another rubric."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from grader.checkers._registry import Registry, installed
from grader.engine.analysis import analyse
from grader.engine.batch import ClassRequest, ClassWatch, run_class
from grader.engine.grade import catalogue
from grader.engine.marking import Decided, Marking, mark_class, reports
from grader.engine.people import decided_in
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.term import entry_of, keep, read_term
from grader.errors import GradeError
from grader.model.analysis import ClassReport
from grader.model.classroom import ClassRecord, ClassResult
from grader.model.term import Entry
from grader.reporting.class_page import render_class_markdown, render_class_page
from grader.reporting.csv import items_csv, scores_csv
from grader.reporting.html import render_html
from grader.reporting.json import render_json
from grader.reporting.markdown import render_markdown
from grader.reporting.xlsx import grades_xlsx
from grader.rubric.load import LoadedRubric, parse_rubric
from grader.scoring.totals import weight_shares

RUBRIC = "rubric.yaml"
COHORT = "cohort.json"


def grade_class(
    request: ClassRequest,
    folder: ClassFolder,
    watch: ClassWatch,
    tell: Callable[[str], None] = lambda _: None,
) -> ClassResult:
    """Measure a class, mark it, and write everything that its folder holds.

    Raises `GradeError` for what stops the whole run, another run on the folder among it.
    """
    registry = installed()
    with folder.locked():
        write_atomic(folder.root / RUBRIC, request.loaded.text)
        # What people decided is read first: a mistake in it should not wait for the end.
        decided = decided_in(folder.root, request.loaded.rubric, request.groups)
        record = run_class(request, folder, watch)
        tell("marking")
        marking = mark_class(folder, record, request.loaded, registry, decided)
        write_class(folder, marking, request.loaded, registry)
        folder.save_record(record)
    return marking.result


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
    with grades_xlsx(marking.result, book) as add_findings:
        for group, report in reports(folder, marking, loaded, registry, term.entries):
            home = folder.group(group.folder)
            write_atomic(home / "report.json", render_json(report).encode())
            write_atomic(home / "report.html", render_html(report).encode())
            write_atomic(home / "report.md", render_markdown(report).encode())
            add_findings(group, report)
    write_atomic(folder.root / "grades.xlsx", book.getvalue())
    write_tables(folder.root, marking.result)
    write_atomic(folder.root / COHORT, cohort_text(marking))
    told = ClassReport(
        result=marking.result,
        analysis=analyse(folder, marking, loaded),
        moves=term.last_moves if entry else None,
    )
    write_atomic(folder.root / "index.json", render_json(told).encode())
    write_atomic(folder.root / "index.html", render_class_page(told).encode())
    write_atomic(folder.root / "index.md", render_class_markdown(told).encode())
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
    write_atomic(target / "scores.csv", scores_csv(result).encode())
    write_atomic(target / "items.csv", items_csv(result).encode())


def cohort_text(marking: Marking) -> bytes:
    """The class as numbers without names, as JSON."""
    return (marking.cohort.model_dump_json(indent=2) + "\n").encode()


@dataclass(frozen=True)
class StoredClass:
    """A class's folder that was graded before: its record, its own rubric, and decisions."""

    folder: ClassFolder
    record: ClassRecord
    loaded: LoadedRubric
    registry: Registry

    def decided(self, loaded: LoadedRubric) -> Decided:
        """What people decided, as far as a rubric has the items."""
        own = [key for one in self.loaded.rubric.dimensions for key in one.weights]
        return decided_in(self.folder.root, loaded.rubric, self.record.groups, own)

    def mark(self, loaded: LoadedRubric | None = None) -> Marking:
        """The class marked by its own rubric, or by another."""
        loaded = loaded or self.loaded
        return mark_class(
            self.folder, self.record, loaded, self.registry, self.decided(loaded)
        )


def open_class(root: Path) -> StoredClass:
    """A class's folder as an earlier run left it. Raises `GradeError` where there is none."""
    folder = ClassFolder(root)
    record = folder.record() if root.is_dir() else None
    if record is None:
        raise GradeError(
            f'"{root}" is not the folder of a class that was graded.',
            hint="Give what --output was in: mlops-grade batch LIST --output FOLDER",
        )
    if record.shard is not None:
        raise GradeError(
            f'"{root}" is part {record.shard} of a class: marks may depend on the others.',
            hint="Make the class of all parts: mlops-grade merge PART... -o FOLDER",
        )
    registry = installed()
    own = root / RUBRIC
    try:
        text = own.read_bytes()
    except OSError as error:
        raise GradeError(f'cannot read "{own}": {error.strerror}.') from error
    loaded = parse_rubric(
        text, str(own), catalogue(registry), folder=Path(record.rubric_folder)
    )
    return StoredClass(folder, record, loaded, registry)
