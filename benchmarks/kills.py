"""Is a class's run what it would have been, however often it is killed?

    python -m benchmarks.kills [--kills 1000] [--groups 60]

A synthetic class is graded once undisturbed. Then the same command is started again and again
and killed with SIGKILL at random moments until it has ended by itself; then the next class,
until there were so many kills. After each kill every result file must be whole, none may have
been lost, and none that was there may have been written again; in the end scores.csv and every
group's measurements must equal the undisturbed run's. The exit code is 1 when one differs.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.classes import QUICK, write_class
from grader.engine.store import ClassFolder, Torn, unsealed

# Before this a run has not begun to measure; after it most of a class is done.
SOONEST_S, LATEST_S = 0.2, 6.0


@dataclass
class Tally:
    """What was seen over all kills."""

    kills: int = 0
    classes: int = 0
    while_running: int = 0
    troubles: list[str] = field(default_factory=list)


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tally = Tally()
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="mlops-kills-") as name:
        place = Path(name)
        clones = write_class(place / "clones", given.groups)
        (place / "quick.yaml").write_text(QUICK, "utf-8")
        whole = place / "whole"
        subprocess.run(_command(place, clones, whole), check=True)
        while tally.kills < given.kills and not tally.troubles:
            _disturbed(place, clones, whole, draw, given.kills, tally)
            print(f"{tally.kills} kills, {tally.classes} classes", flush=True)
    table = Table("kills", "while groups were measured", "classes", "troubles")
    table.add_row(
        str(tally.kills),
        str(tally.while_running),
        str(tally.classes),
        str(len(tally.troubles)),
    )
    Console().print(table)
    for trouble in tally.troubles:
        print(trouble)
    sys.exit(1 if tally.troubles else 0)


def _command(place: Path, clones: Path, output: Path) -> list[str]:
    program = [sys.executable, "-m", "grader", "batch", str(clones), "-q"]
    rubric = ["--rubric", str(place / "quick.yaml"), "--environment", "none"]
    return [*program, *rubric, "--output", str(output), "--isolation", "none"]


def _disturbed(
    place: Path,
    clones: Path,
    whole: Path,
    draw: random.Random,
    at_most: int,
    tally: Tally,
) -> None:
    output = place / f"class-{tally.classes}"
    seen: dict[str, tuple[int, int]] = {}
    while True:
        # What the helpers of a killed run say is no trouble.
        process = subprocess.Popen(
            _command(place, clones, output), stderr=subprocess.DEVNULL
        )
        try:
            status = process.wait(draw.uniform(SOONEST_S, LATEST_S))
        except subprocess.TimeoutExpired:
            if tally.kills >= at_most:
                status = process.wait()
            else:
                process.send_signal(signal.SIGKILL)
                process.wait()
                tally.kills += 1
                tally.while_running += _check(output, seen, tally)
                if not _has_ended(output):
                    continue
                status = 0
        if status != 0:
            tally.troubles.append(f"{output.name}: a run ended with {status}")
        break
    _check(output, seen, tally)
    tally.troubles += _differences(output, whole)
    tally.classes += 1
    shutil.rmtree(output)


def _has_ended(output: Path) -> bool:
    """Whether the kill came after the run's last word: the next one looks at everything anew."""
    record = ClassFolder(output).record()
    return record is not None and record.finished_at is not None


def _check(output: Path, seen: dict[str, tuple[int, int]], tally: Tally) -> bool:
    """Look at every result; whether a run is under way there."""
    found: dict[str, tuple[int, int]] = {}
    for file in output.glob("groups/*/result.json"):
        status = file.stat()
        found[file.parent.name] = (status.st_ino, status.st_mtime_ns)
        try:
            unsealed(file.read_bytes())
        except Torn as error:
            tally.troubles.append(f"{file}: torn: {error}")
    for name, identity in seen.items():
        if name not in found:
            tally.troubles.append(f"{output.name}: {name} was lost")
        elif found[name] != identity:
            tally.troubles.append(f"{output.name}: {name} was done twice")
    seen.update(found)
    return bool(found)


def _differences(output: Path, whole: Path) -> list[str]:
    troubles = []
    for name in ("scores.csv", "items.csv", "cohort.json"):
        if (output / name).read_bytes() != (whole / name).read_bytes():
            troubles.append(f"{output.name}: {name} differs")
    one, other = ClassFolder(output), ClassFolder(whole)
    for home in sorted(whole.glob("groups/*")):
        left, right = one.load(home.name), other.load(home.name)
        if left is None or right is None:
            troubles.append(f"{output.name}: {home.name} has no result")
        elif _facts(left.model_dump_json()) != _facts(right.model_dump_json()):
            troubles.append(f"{output.name}: {home.name} was measured otherwise")
    leftovers = list(output.glob("**/.new-*")) + list(output.glob("**/*.bad"))
    return troubles + [f"{output.name}: {left} was left" for left in leftovers]


def _facts(text: str) -> list[object]:
    evidence = json.loads(text)
    for one in evidence["measurements"]:
        del one["duration_s"]
    return [evidence["content"], evidence["measurements"]]


if __name__ == "__main__":
    main()
