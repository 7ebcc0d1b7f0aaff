"""What one worker does: one group fetched and measured, in whichever process that is."""

from dataclasses import dataclass
from pathlib import Path

from grader.checkers._registry import installed
from grader.engine.conditions import Earlier, Surroundings, Which
from grader.engine.gather import gather
from grader.engine.ticker import Ticker
from grader.errors import GradeError
from grader.model.classroom import Group
from grader.model.evidence import Trouble
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes


@dataclass(frozen=True)
class Task:
    """Everything that a worker needs to measure one group."""

    group: Group
    which: Which
    items: tuple[Item, ...]
    surroundings: Surroundings
    boxes: Boxes
    run: str
    earlier: Earlier | None
    ticker: Path | None

    def trouble(self, cause: str, reason: str, hint: str) -> Trouble:
        """Why nothing of the group could be measured."""
        return Trouble(
            group=self.group.name, run=self.run, cause=cause, reason=reason, hint=hint
        )


def measure_group(task: Task) -> str:
    """A worker's work: the group's `Evidence`, or its `Trouble`, as JSON."""
    group = task.group
    watch = Ticker(task.ticker, group.name) if task.ticker else None
    try:
        return gather(
            group.source,
            task.which,
            task.items,
            installed().checkers,
            task.surroundings,
            task.boxes,
            group=group.name,
            run=task.run,
            earlier=task.earlier,
            watch=watch,
            service=group.probe,
        ).model_dump_json()
    except GradeError as error:
        trouble = task.trouble(error.cause, error.message, error.hint)
    except OSError as error:
        # A full disk, no room for temporary files: the machine's trouble, not the group's.
        trouble = task.trouble(
            "environment",
            f"{error.strerror or error}: {error.filename or 'this machine'}.",
            "Make room, and run the same command again.",
        )
    return trouble.model_dump_json()
