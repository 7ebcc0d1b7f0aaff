"""A class from its list to its folder, on one page."""

from collections.abc import Callable

from grader.checkers._registry import Registry, installed
from grader.engine.batch import ClassRequest, ClassWatch, caching_of, run_class
from grader.engine.decided import Decided
from grader.engine.people import decided_in
from grader.engine.standing import standing_of
from grader.engine.store import ClassFolder, write_atomic
from grader.engine.stored import RUBRIC
from grader.model.classroom import ClassRecord, ClassResult
from grader.rubric.load import LoadedRubric


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
        standing = standing_of(folder, request.loaded, registry, caching_of(request))
        result = standing.renewed(record)
        if result is None:
            result = _written(folder, record, request.loaded, registry, decided)
            standing.keep(record)
        folder.save_record(record)
    return result


def _written(
    folder: ClassFolder,
    record: ClassRecord,
    loaded: LoadedRubric,
    registry: Registry,
    decided: Decided,
) -> ClassResult:
    """The class marked, and all its files made of that."""
    # What marks and renders is not needed where nothing has changed.
    from grader.engine.marking import mark_class
    from grader.engine.publish import write_class

    marking = mark_class(folder, record, loaded, registry, decided)
    write_class(folder, marking, loaded, registry)
    return marking.result
