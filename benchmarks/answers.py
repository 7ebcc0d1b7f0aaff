"""Do the checklists say what a person who read the repository says?

    python -m benchmarks.answers EXPECTED=REPOSITORY [EXPECTED=REPOSITORY ...]

EXPECTED is a folder of benchmarks/expected: a file for each checker, with a 0 or 1 and the
reason for each line of its checklist, written by a person from the sources before the
checker was run on them. One line for each that differs; the exit code is 1 when any does.
The repositories are other people's and not ours to ship; the folders are called after them.
"""

import sys
import tempfile
from pathlib import Path

import yaml

from grader.checkers._registry import installed
from grader.engine.capture import capture
from grader.engine.measure import Unwatched, Workshop, measure
from grader.environment.given import GivenInterpreter
from grader.model.measurement import Answer, Measured
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes

EXPECTED = Path(__file__).resolve().parent / "expected"


def main(pairs: list[str]) -> int:
    """Compare every table with what its checker answers."""
    lines = differing = 0
    for pair in pairs:
        name, _, repository = pair.partition("=")
        known = installed().checkers
        tables = sorted(
            table for table in (EXPECTED / name).glob("*.yaml") if table.stem in known
        )
        if not tables or not repository:
            print(__doc__, file=sys.stderr)
            return 2
        answers = answers_of(repository, [table.stem for table in tables])
        for table in tables:
            for criterion, row in yaml.safe_load(table.read_text("utf-8")).items():
                lines += 1
                said = answers[table.stem].get(criterion)
                if said is None or said.holds != bool(row["expected"]):
                    differing += 1
                    told = said.told if said else "no such line"
                    print(
                        f"{name} {table.stem}.{criterion}: expected {row['expected']} "
                        f"({row['why']}), says: {told}"
                    )
    print(f"{lines} lines of {len(pairs)} repositories, {differing} differ")
    return 1 if differing else 0


def answers_of(repository: str, checkers: list[str]) -> dict[str, dict[str, Answer]]:
    """Each checker's answers on a repository, by criterion; none where it has none."""
    items = [Item(checker=name, score="0") for name in checkers]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        snapshot = capture(repository, work).snapshot
        workshop = Workshop(
            work, LimitsRule(), GivenInterpreter(sys.executable), Boxes("auto")
        )
        known = installed().checkers
        measured = measure(snapshot, items, known, workshop, Unwatched())
    found: dict[str, dict[str, Answer]] = {}
    for name, measurement in measured.items():
        outcome = measurement.outcome
        answers = outcome.answers if isinstance(outcome, Measured) else ()
        found[name] = {one.quantity: one for one in answers}
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
