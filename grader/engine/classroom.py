"""A class from its list to its folder, on one page; and marked again under another rubric."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.checkers._registry import Registry, installed
from grader.engine.batch import ClassRequest, ClassWatch, run_class
from grader.engine.grade import catalogue
from grader.engine.marking import Decided, Marking, mark_class, reports
from grader.engine.people import decided_in
from grader.engine.store import ClassFolder, write_atomic
from grader.errors import GradeError
from grader.model.classroom import ClassRecord, ClassResult
from grader.reporting.class_page import render_class_page
from grader.reporting.csv import items_csv, scores_csv
from grader.reporting.html import render_html
from grader.reporting.json import render_json
from grader.reporting.markdown import render_markdown
from grader.rubric.load import LoadedRubric, parse_rubric

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
    folder: ClassFolder, marking: Marking, loaded: LoadedRubric, registry: Registry
) -> None:
    """Every group's reports, the tables, the cohort, and the page that links them."""
    for group, report in reports(folder, marking, loaded, registry):
        home = folder.group(group.folder)
        write_atomic(home / "report.json", render_json(report).encode())
        write_atomic(home / "report.html", render_html(report).encode())
        write_atomic(home / "report.md", render_markdown(report).encode())
    write_tables(folder.root, marking.result)
    write_atomic(folder.root / COHORT, cohort_text(marking))
    page = render_class_page(marking.result)
    write_atomic(folder.root / "index.html", page.encode())


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
