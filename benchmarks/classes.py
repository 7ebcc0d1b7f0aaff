"""Synthetic classes, for the benchmarks of a class's run: small groups that all differ."""

import random
from pathlib import Path

# Our own code reads these projects and no tool has to start: a run is mostly our bookkeeping.
QUICK = """\
name: Quick checks
version: "1"
dimensions:
  - id: quick
    title: Quick
    items:
      - checker: error-handling
        score: min(10, try_blocks)
      - checker: config-paths
        score: relative(hardcoded_paths)
        alone: max(0, 10 - hardcoded_paths)
      - checker: file-presence
        score: 10 * found / expected
"""


def write_class(place: Path, count: int, seed: int = 1) -> Path:
    """A folder of `count` small groups, and its path."""
    draw = random.Random(seed)
    for number in range(count):
        home = place / f"team-{number:03}"
        home.mkdir(parents=True)
        for name in ("main.py", "data.py", "train.py"):
            (home / name).write_text(_module(draw), "utf-8")
        (home / "README.md").write_text(f"# Team {number}\n", "utf-8")
    return place


def _module(draw: random.Random) -> str:
    lines = ['"""A step of the pipeline."""', "", "import os", ""]
    for at in range(draw.randrange(1, 12)):
        path = draw.choice(["'/data/raw.csv'", "os.environ['DATA']", "'~/model.pkl'"])
        lines += [f"def step_{at}(rows):", "    try:", f"        return open({path})"]
        lines += ["    except OSError:", "        raise", ""]
    return "\n".join(lines)
