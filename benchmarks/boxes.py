"""What a box costs at its start, beside the same program without one.

    python -m benchmarks.boxes [--rounds 20]

Each round runs a program that does nothing once plainly and once in each tier that works on
this machine, so that what else the machine does falls on all of them. Medians, in
milliseconds; "start" is what the box adds.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.sandbox.access import Access, own_interpreter
from grader.sandbox.box import Box
from grader.sandbox.choose import trials
from grader.sandbox.limits import Limits
from grader.sandbox.run import run

PROGRAM = ["/bin/true"]


def main() -> None:
    """Time the tiers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    boxes: dict[str, Box | None] = {"no box": None}
    boxes |= {one.tier: one.box for one in trials() if one.works}
    taken = measure(boxes, rounds)
    plain = statistics.median(taken["no box"])
    table = Table("tier", "whole run, ms", "start, ms", title=f"{rounds} rounds")
    for name, durations in taken.items():
        middle = statistics.median(durations)
        table.add_row(name, f"{middle:.1f}", f"{middle - plain:.1f}")
    Console().print(table)


def measure(boxes: dict[str, Box | None], rounds: int) -> dict[str, list[float]]:
    """Durations in milliseconds by name; the first round, which warms up, is left out."""
    taken: dict[str, list[float]] = {name: [] for name in boxes}
    with tempfile.TemporaryDirectory(prefix="mlops-grade-") as name:
        place = Path(name).resolve()
        place.chmod(0o711)
        for number in range(rounds + 1):
            for tier, box in boxes.items():
                work = place / f"{tier}-{number}"
                work.mkdir()
                output = run(
                    PROGRAM,
                    cwd=work,
                    home=work / "home",
                    limits=Limits(seconds=60),
                    box=box,
                    access=Access(own_interpreter(), (work,)),
                )
                assert output.exit_status == 0, (tier, output)
                if number:
                    taken[tier].append(output.duration_s * 1000)
    return taken


if __name__ == "__main__":
    main()
