"""Live progress of a class on standard error: who is being measured, and how long it takes."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grader.engine.batch import ClassWatch
from grader.model.classroom import Group as ClassGroup
from grader.model.evidence import Evidence, Trouble
from grader.model.measurement import Failed
from grader.reporting.clean import clean

# Groups that have ended stand in the table so long as there is room.
_ENDED_SHOWN = 8


class _Counted:
    """What every kind of progress knows: who is under way since when, and what has ended."""

    def __init__(self) -> None:
        self.total = 0
        self.ended = 0
        self.skipped = 0
        self.workers = 1
        self.since: dict[str, float] = {}
        self.checks: dict[str, list[str]] = {}
        self.durations: list[float] = []

    def began(self, groups: Sequence[ClassGroup], done: int, workers: int) -> None:
        """The run begins."""
        self.total, self.ended, self.skipped = len(groups), done, done
        self.workers = workers

    def group_started(self, group: ClassGroup) -> None:
        """A group is under way."""
        self.since[group.name] = time.monotonic()
        self.checks[group.name] = []

    def group_graded(self, group: ClassGroup, evidence: Evidence) -> None:
        """A group has ended with a result."""
        self._end(group)

    def group_failed(self, group: ClassGroup, trouble: Trouble) -> None:
        """A group has ended without one."""
        self._end(group)

    def _end(self, group: ClassGroup) -> None:
        self.ended += 1
        self.checks.pop(group.name, None)
        self.durations.append(time.monotonic() - self.since.pop(group.name))

    def check_started(self, group: str, item: str) -> None:
        """A check is under way."""
        self.checks.setdefault(group, []).append(item)

    def check_finished(self, group: str, item: str, outcome: str) -> None:
        """A check has ended."""
        if item in self.checks.get(group, ()):
            self.checks[group].remove(item)

    def told(self, group: str, words: str) -> None:
        """Not shown."""

    def waited(self) -> None:
        """Nothing."""

    def left_s(self) -> float | None:
        """Seconds that are left by the mean so far; None while nothing has ended."""
        if not self.durations:
            return None
        now = time.monotonic()
        mean = fmean(self.durations)
        under_way = sum(max(0.0, mean - (now - at)) for at in self.since.values())
        waiting = self.total - self.ended - len(self.since)
        return (waiting * mean + under_way) / self.workers


def _outcome(evidence: Evidence) -> str:
    failed = sum(isinstance(one.outcome, Failed) for one in evidence.measurements)
    text = f"{len(evidence.measurements) - failed} checks measured"
    if evidence.reused:
        text += f", {evidence.reused} of them unchanged"
    return f"{text}, {failed} not" if failed else text


class _Plain(_Counted):
    """A line for each group that has ended."""

    def began(self, groups: Sequence[ClassGroup], done: int, workers: int) -> None:
        super().began(groups, done, workers)
        kept = f", {done} of them finished before" if done else ""
        self._say(f"{len(groups)} groups{kept}; {workers} at a time")

    def group_graded(self, group: ClassGroup, evidence: Evidence) -> None:
        super().group_graded(group, evidence)
        self._ended(group, _outcome(evidence))

    def group_failed(self, group: ClassGroup, trouble: Trouble) -> None:
        super().group_failed(group, trouble)
        self._ended(group, f"not graded: {trouble.reason}")

    def _ended(self, group: ClassGroup, words: str) -> None:
        self._say(f"[{self.ended}/{self.total}] {group.name}: {words}")

    def _say(self, words: str) -> None:
        typer.echo(clean(words), err=True)


class _Live(_Counted):
    """A table of what is under way and what has ended last, with the time that is left."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live
        self._ended: list[tuple[str, str, str]] = []
        self._started = time.monotonic()

    def group_graded(self, group: ClassGroup, evidence: Evidence) -> None:
        super().group_graded(group, evidence)
        self._ended.append((group.name, _outcome(evidence), "green"))

    def group_failed(self, group: ClassGroup, trouble: Trouble) -> None:
        super().group_failed(group, trouble)
        self._ended.append((group.name, f"not graded: {trouble.reason}", "yellow"))
        line = Text(clean(f"{group.name}: not graded: {trouble.reason}"), "yellow")
        self._live.console.print(line)

    def waited(self) -> None:
        self._live.update(self._table())

    def _table(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for name, words, style in self._ended[-_ENDED_SHOWN:]:
            table.add_row(
                Text(clean(name)), "", Text(clean(words), style, no_wrap=True)
            )
        now = time.monotonic()
        for name, at in self.since.items():
            doing = ", ".join(self.checks.get(name, ())) or "fetching"
            seconds = Text(f"{now - at:.0f} s", "cyan")
            table.add_row(Text(clean(name), "bold"), seconds, Text(doing, no_wrap=True))
        left = self.left_s()
        estimate = "" if left is None else f", about {_duration(left)} left"
        spent = _duration(now - self._started)
        line = f"{self.ended} of {self.total} groups, {spent}{estimate}"
        return Group(table, Text(line, "bold"))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


@contextmanager
def watching_class(*, live: bool) -> Iterator[ClassWatch]:
    """A live table on a terminal, a line for each group elsewhere."""
    if not live:
        yield _Plain()
    else:
        with Live(console=Console(file=sys.stderr), refresh_per_second=4) as shown:
            yield _Live(shown)
