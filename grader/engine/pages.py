"""The pages of a class's groups, made by other processes while the rest is written.

Each is made of the group's `report.json` and of nothing else, so nobody waits for anybody
but in the end. Where there is one core, no fork or no more than a few groups, they are made
in this process, a few groups at a time.
"""

import importlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.engine.cores import cores
from grader.engine.standing import REPORTS
from grader.engine.store import write_atomic
from grader.reporting import markdown, page
from grader.reporting.html import render_html
from grader.reporting.json import load_report
from grader.reporting.markdown import render_markdown
from grader.sandbox.workers import WorkerDied, WorkerPool, begins_loaded

# With fewer groups processes begin for longer than they work.
_WORTH_IT = 8
# What a process makes: enough for its beginning, and for the last ones to end together.
_MOST_AT_ONCE = 16


class Pages:
    """Takes groups' folders, and sees to it that the pages are in them in the end."""

    def __init__(self, pool: WorkerPool | None, at_once: int) -> None:
        self._pool = pool
        self._at_once = at_once
        self._homes: list[Path] = []
        self._given: list[tuple[Future[None], list[Path]]] = []

    def add(self, home: Path) -> None:
        """A group's `report.json` is in its folder."""
        self._homes.append(home)
        if len(self._homes) >= self._at_once:
            self._give()

    def finish(self) -> None:
        """Wait for the pages. Raises what making one of them raised."""
        if self._homes:
            self._give()
        for future, homes in self._given:
            try:
                future.result()
            except WorkerDied:
                # Whatever killed it: here it is told, or does not happen.
                write_pages(homes)

    def _give(self) -> None:
        homes, self._homes = self._homes, []
        if self._pool is None:
            write_pages(homes)
        else:
            self._given.append((self._pool.submit(write_pages, homes), homes))


@contextmanager
def pages_of(groups: int) -> Iterator[Pages]:
    """What makes the pages of so many groups. They are there when this ends without trouble."""
    count = cores()
    pool = None
    if count > 1 and begins_loaded() and groups >= _WORTH_IT:
        pool = WorkerPool(count, (__name__,))
    try:
        pages = Pages(pool, min(_MOST_AT_ONCE, -(-groups // (2 * count))))
        yield pages
        pages.finish()
    finally:
        if pool is not None:
            pool.stop()


def load_meanwhile() -> None:
    """Load what writes a class's files, while its groups are measured elsewhere."""
    threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    # Whatever is wrong is told where it is needed.
    with suppress(Exception):
        importlib.import_module("grader.engine.publish")
        page.load_templates()
        markdown.load_templates()


def write_pages(homes: Sequence[Path]) -> None:
    """Make what people read of each group's `report.json`."""
    data, *pages = REPORTS
    for home in homes:
        file = home / data
        report = load_report(file.read_bytes(), str(file))
        for name, render in zip(pages, (render_html, render_markdown), strict=True):
            write_atomic(home / name, render(report).encode())
