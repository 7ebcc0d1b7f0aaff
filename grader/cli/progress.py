"""Live progress on standard error while the checks run."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from grader.engine.measure import Unwatched, Watch
from grader.model.measurement import Failed, Outcome


class _Live:
    """Shows how many checks have ended and which are running."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("capturing", total=None)
        self._lock = threading.Lock()
        self._running: list[str] = []

    def planned(self, count: int) -> None:
        self._progress.update(self._task, total=count)

    def told(self, words: str) -> None:
        self._progress.console.print(Text(f"environment: {words}", style="dim"))

    def started(self, item: str) -> None:
        with self._lock:
            self._running.append(item)
            self._show()

    def finished(self, item: str, outcome: Outcome) -> None:
        with self._lock:
            self._running.remove(item)
            self._progress.advance(self._task)
            self._show()
            if isinstance(outcome, Failed):
                line = f"{item}: not graded: {outcome.reason}"
                self._progress.console.print(Text(line, style="yellow"))

    def _show(self) -> None:
        self._progress.update(
            self._task, description=", ".join(self._running) or "done"
        )


@contextmanager
def watching(*, enabled: bool) -> Iterator[Watch]:
    """A watch that draws on standard error, or one that says nothing."""
    if not enabled:
        yield Unwatched()
        return
    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with progress:
        yield _Live(progress)
