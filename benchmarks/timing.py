"""What the benchmarks of speed share: programs timed whole, in turn, and tables in Markdown."""

import ctypes
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.engine.cores import cores
from grader.sandbox.limits import GIBIBYTE

_PR_SET_CHILD_SUBREAPER = 36
# What a program leaves behind is gone within moments, or belongs to nobody's figures.
_LEFT_S = 5.0


@dataclass(frozen=True)
class Timing:
    """Seconds on the clock, and seconds of processor that a program and its children used."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: "Timing") -> "Timing":
        return Timing(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


@dataclass(frozen=True)
class Ran:
    """A program that has ended: what it took and what it said."""

    timing: Timing
    stdout: str
    stderr: str
    status: int


def adopt_orphans() -> None:
    """Make what outlives its parent ours, so that its processor time is counted (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def timed(
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    look: Callable[[int], None] | None = None,
) -> Ran:
    """Run a program to its end; `look` is called with its id, four times a second."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as warned:
        started = time.monotonic()
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=warned,
        )
        while look is not None and os.waitid(os.P_PID, process.pid, _PEEK) is None:
            look(process.pid)
            time.sleep(0.25)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu_s = usage.ru_utime + usage.ru_stime + sum(_orphans())
        said.seek(0)
        warned.seek(0)
        return Ran(
            Timing(wall_s, cpu_s),
            said.read().decode("utf-8", "replace"),
            warned.read().decode("utf-8", "replace"),
            process.returncode,
        )


_PEEK = os.WEXITED | os.WNOHANG | os.WNOWAIT


def _orphans() -> Iterator[float]:
    """Processor seconds of each process that was left to us."""
    deadline = time.monotonic() + _LEFT_S
    while time.monotonic() < deadline:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            yield usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.02)


Series = Mapping[str, Callable[[], Mapping[str, Timing]]]


def in_rounds(series: Series, runs: int) -> dict[str, list[Timing]]:
    """Everything timed once a round, each other round backwards; by name, in the order given.

    What one of the series gives are the timings of one or more things by name, so that what
    needs another before it stays behind it.
    """
    rounds: list[dict[str, Timing]] = []
    for number in range(runs):
        found: dict[str, Mapping[str, Timing]] = {}
        for name in list(series)[:: -1 if number % 2 else 1]:
            found[name] = series[name]()
            for key, one in found[name].items():
                told = f"round {number + 1}, {key}: {one.wall_s:.1f} s"
                print(f"{told}, {one.cpu_s:.1f} s of processor", file=sys.stderr)
        rounds.append({key: one for name in series for key, one in found[name].items()})
    return {name: [one[name] for one in rounds] for name in rounds[0]}


def ratio(
    slow: Sequence[Timing],
    fast: Sequence[Timing],
    of: Callable[[Timing], float] = lambda one: one.wall_s,
) -> float:
    """How many times faster: the median of the rounds' own ratios."""
    pairs = zip(slow, fast, strict=True)
    return statistics.median(of(a) / max(of(b), 1e-9) for a, b in pairs)


def timing_row(
    name: str, found: Sequence[Timing], base: Sequence[Timing], asked: str = ""
) -> tuple[str, ...]:
    """A row for `TIMING_HEAD`: `base` is what it is held against."""
    walls = [one.wall_s for one in found]
    times = (
        ("", "")
        if found is base
        else (
            f"{ratio(base, found):.2f}",
            f"{ratio(base, found, lambda one: one.cpu_s):.2f}",
        )
    )
    return (
        name,
        f"{statistics.median(walls):.2f}",
        f"{min(walls):.2f} to {max(walls):.2f}",
        f"{statistics.median(one.cpu_s for one in found):.2f}",
        *times,
        asked,
    )


TIMING_HEAD = (
    *("", "seconds, median", "from, to", "processor seconds"),
    *("times faster", "by processor time", "asked for"),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; all but the first column to the right."""
    lines = [
        " | ".join(cell.replace("|", "\\|") for cell in row) for row in (head, *rows)
    ]
    bar = "|".join(["---", *["---:"] * (len(head) - 1)])
    return "\n".join(
        f"| {line} |" if line != bar else f"|{line}|"
        for line in [lines[0], bar, *lines[1:]]
    )


def machine() -> str:
    """The machine and how busy it is, in a line."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE
    return (
        f"{_processor()}, {cores()} cores, {size:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}; {load()}"
    )


def load() -> str:
    """What else goes on: the load average."""
    return f"load average {os.getloadavg()[0]:.1f} at {time.strftime('%H:%M:%S')}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).strip()
