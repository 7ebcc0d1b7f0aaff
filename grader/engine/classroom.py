"""A class from its list to its folder, on one page."""

from collections.abc import Callable

from grader.checkers._registry import installed
from grader.engine.batch import ClassRequest, ClassWatch, run_class
from grader.engine.marking import mark_class
from grader.engine.people import decided_in
from grader.engine.publish import write_class
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.stored import RUBRIC
from grader.model.classroom import ClassResult


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
