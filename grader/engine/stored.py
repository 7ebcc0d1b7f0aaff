"""A class's folder as an earlier run left it, to be marked again without measuring anything."""

from dataclasses import dataclass
from pathlib import Path

from grader.checkers._registry import Registry, installed
from grader.engine.decided import Decided
from grader.engine.items import catalogue
from grader.engine.marking import Marking, mark_class
from grader.engine.people import decided_in
from grader.engine.store import ClassFolder, ReadOnce
from grader.errors import GradeError
from grader.model.classroom import ClassRecord
from grader.rubric.load import LoadedRubric, parse_rubric

# The rubric as the class was last marked by it.
RUBRIC = "rubric.yaml"


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
    folder = ReadOnce(root)
    record = folder.record() if root.is_dir() else None
    if record is None:
        raise no_class(root)
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
    loaded = parse_own(text, root, record, registry)
    return StoredClass(folder, record, loaded, registry)


def no_class(root: Path) -> GradeError:
    """What is said of a folder that is no class's."""
    return GradeError(
        f'"{root}" is not the folder of a class that was graded.',
        hint="Give what --output was in: mlops-grade batch LIST --output FOLDER",
    )


def parse_own(
    text: bytes, root: Path, record: ClassRecord, registry: Registry
) -> LoadedRubric:
    """The rubric that a class's folder keeps; paths in it start where it was at the run."""
    return parse_rubric(
        text,
        str(root / RUBRIC),
        catalogue(registry),
        folder=Path(record.rubric_folder),
    )
