"""A class of 300: what the run's own process needs of memory, and how long marking it again takes.

    python -m benchmarks.large_class [--groups 300] [--hostile-every 10]

Synthetic groups are graded as `mlops-grade batch` does it; the memory and the open files of the
parent process are read four times a second. With `--hostile-every` each so-manieth group is one
of the hostile repositories of the tests (odd encodings, NUL bytes, deep nesting, settings that
run code). Then the class is marked again under an edited rubric, as
`mlops-grade rescore` does it, in a process of its own, start-up included.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.classes import QUICK, write_class
from tests.hostile import source_repositories

HOSTILE = tuple(
    getattr(source_repositories, f"case_{number}")
    for number in (24, 25, 26, 27, 28, 30, 31, 32, 33, 34, 35, 36, 37, 38)
)

# What is said in one rubric and not in the other.
EDITED = QUICK.replace("min(10, try_blocks)", "min(10, try_blocks / 2)")


def main() -> None:
    """Grade, mark again, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--hostile-every", type=int, default=0)
    given = parser.parse_args()
    count: int = given.groups
    with tempfile.TemporaryDirectory(prefix="mlops-large-") as name:
        place = Path(name)
        clones = write_class(place / "clones", count)
        hostile = _put_hostile(clones, given.hostile_every)
        (place / "quick.yaml").write_text(QUICK, "utf-8")
        (place / "edited.yaml").write_text(EDITED, "utf-8")
        memory, files, graded_s = _graded(place, clones)
        command = [sys.executable, "-m", "grader", "rescore", str(place / "class")]
        again = [*command, "--rubric", str(place / "edited.yaml")]
        started = time.monotonic()
        subprocess.run(again, check=True, stdout=subprocess.DEVNULL)
        rescored_s = time.monotonic() - started
    # The last tenth is left to the marking, which loads what pages and workbooks take.
    measuring = memory[: max(2, len(memory) * 9 // 10)]
    half = len(measuring) // 2
    early, late = max(measuring[:half]), max(measuring[half:])
    table = Table(
        *("groups", "graded in", "memory, first half", "second half", "marking"),
        *("open files", "rescore"),
    )
    table.add_row(
        f"{count}, {hostile} of them hostile" if hostile else str(count),
        f"{graded_s:.0f} s",
        f"{early / 1024:.0f} MiB",
        f"{late / 1024:.0f} MiB",
        f"{max(memory) / 1024:.0f} MiB",
        f"{max(files[: len(files) // 2])}, {max(files[len(files) // 2 :])}",
        f"{rescored_s:.2f} s",
    )
    Console().print(table)


def _put_hostile(clones: Path, every: int) -> int:
    """Make each so-manieth group a hostile one; how many there are then."""
    homes = sorted(clones.iterdir())[::every] if every else []
    for number, home in enumerate(homes):
        shutil.rmtree(home)
        home.mkdir()
        HOSTILE[number % len(HOSTILE)](home)
    return len(homes)


def _graded(place: Path, clones: Path) -> tuple[list[int], list[int], float]:
    """KiB that the run's process had resident and its open files, and the seconds it took."""
    program = [sys.executable, "-m", "grader", "batch", str(clones), "-q"]
    options = ["--rubric", str(place / "quick.yaml"), "--environment", "none"]
    started = time.monotonic()
    process = subprocess.Popen(
        [*program, *options, "--output", str(place / "class"), "--isolation", "none"]
    )
    memory, files = [], []
    while process.poll() is None:
        memory.append(resident(process.pid))
        files.append(_open_files(process.pid))
        time.sleep(0.25)
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    took = time.monotonic() - started
    return [one for one in memory if one], [one for one in files if one], took


def _open_files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def resident(pid: int) -> int:
    """KiB that a process has in memory; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except FileNotFoundError:
        return 0
    return next((int(one.split()[1]) for one in lines if one.startswith("VmRSS")), 0)


if __name__ == "__main__":
    main()
