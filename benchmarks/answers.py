"""Do the checklists say what a person who read the repository says?

    python -m benchmarks.answers EXPECTED=REPOSITORY [EXPECTED=REPOSITORY ...]

EXPECTED is a folder of benchmarks/expected: a file for each checker, with the number and
the reason for each line of its checklist (0 or 1), or other quantity, written by a person
from the sources before the checker was run on them. One line for each that differs; the exit
code is 1 when any does. The repositories are other people's and not ours to ship; the
folders are called after them.
"""

import sys
import tempfile
from pathlib import Path

import yaml

from grader.checkers._registry import installed
from grader.engine.capture import capture
from grader.engine.measure import Unwatched, Workshop, measure
from grader.environment.given import GivenInterpreter
from grader.model.measurement import Failed, Measured, NotApplicable, Outcome
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes

EXPECTED = Path(__file__).resolve().parent / "expected"


def main(pairs: list[str]) -> int:
    """Compare every table with what its checker measures."""
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
        found = measured(repository, [table.stem for table in tables])
        for table in tables:
            outcome = found[table.stem]
            if known[table.stem].needs_history and isinstance(outcome, Failed):
                print(f"{name} {table.stem}: {outcome.reason}", file=sys.stderr)
                continue
            for quantity, row in yaml.safe_load(table.read_text("utf-8")).items():
                lines += 1
                value, told = said(outcome, quantity)
                if value != row["expected"]:
                    differing += 1
                    print(
                        f"{name} {table.stem}.{quantity}: expected {row['expected']} "
                        f"({row['why']}), says {value}: {told}"
                    )
    print(f"{lines} lines of {len(pairs)} repositories, {differing} differ")
    return 1 if differing else 0


def said(outcome: Outcome, quantity: str) -> tuple[int | float | str | None, str]:
    """A quantity's value, or `not applicable`; and what it stands on."""
    match outcome:
        case Measured(values=values, answers=answers):
            told = [one.told for one in answers if one.quantity == quantity]
            return values.get(quantity), told[0] if told else ""
        case NotApplicable(reason=reason):
            return "not applicable", reason
        case Failed(reason=reason):
            return None, reason


def measured(repository: str, checkers: list[str]) -> dict[str, Outcome]:
    """What each of these checkers makes of a repository, with its default options."""
    items = [Item(checker=name, score="0") for name in checkers]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        snapshot = capture(repository, work).snapshot
        workshop = Workshop(
            work, LimitsRule(), GivenInterpreter(sys.executable), Boxes("auto")
        )
        known = installed().checkers
        found = measure(snapshot, items, known, workshop, Unwatched())
    return {name: measurement.outcome for name, measurement in found.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
