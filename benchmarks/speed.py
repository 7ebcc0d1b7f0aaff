"""How fast is grading, beside the command lines that a person would type?

    python -m benchmarks.speed [FOLDER] [--part PART …] [--runs 3] [--count 12]
        [--python INTERPRETER] [--groups 50 100 200 400]

FOLDER holds repositories, of which the `--count` nearest to twenty Python files are taken;
the fixtures if left out. Whole processes are timed, in rounds: what is compared runs in turn
in each, every other round backwards, and ratios are medians of the rounds' own. Cold is
without a cache of ours. The command lines are those that our reports show, in turn as typed,
and a number of theirs that is not ours ends the run. `--python` runs the projects' tests.
The tables are Markdown, on standard output. Linux only.

numbers     every number from warm tools, from started ones and from the command lines
repository  one repository: cold, unchanged, README edited, a file edited
class       a class without tests: cold, unchanged, a file edited; 1, 2 and 4 workers
tests       a class with tests, beside its test suites alone
groups      synthetic classes: time and memory against their size
where       where the time of a class goes, on one core
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import by_hand, speed_runs
from benchmarks.classes import QUICK, write_class
from benchmarks.large_class import resident
from benchmarks.speed_runs import Tried
from benchmarks.timing import (
    TIMING_HEAD,
    Timing,
    adopt_orphans,
    in_rounds,
    load,
    machine,
    table,
    timing_row,
)
from grader.engine.capture import capture
from grader.model.measurement import Measured, Measurement, Outcome
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "repos"
STATIC = "command lines in turn"


def main() -> None:
    """Run the parts that are wanted and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FIXTURES)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--python", default="none", help="runs the projects' tests")
    parser.add_argument("--groups", type=int, nargs="+", default=[50, 100, 200, 400])
    given = parser.parse_args()
    adopt_orphans()
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="mlops-speed-") as name:
        work = Path(name).resolve()
        needs_repositories = any(part != "groups" for part in given.part)
        tried = Tried(work, given.runs, given.python, given.groups)
        if needs_repositories:
            tried.clone(_chosen(given.folder, given.count))
            repositories = len(tried.repositories)
            print(f"{repositories} repositories, {given.runs} rounds\n", flush=True)
        for part in given.part:
            print(f"### {part}, {load()}\n", flush=True)
            print(f"{PARTS[part](tried)}\n", flush=True)


def _chosen(folder: Path, count: int) -> list[Path]:
    homes = {one.name: one for one in folder.iterdir() if one.is_dir()}
    sizes = {name: by_hand.size_of(home) for name, home in homes.items()}
    return [homes[name] for name in by_hand.choose_typical(sizes, count)]


def numbers(tried: Tried) -> str:
    """The same numbers, whichever way."""
    rows = []
    for one in tried.repositories:
        warm = tried.known[one.name]
        print(one.name, file=sys.stderr)
        started = tried.report(one, "--no-cache", "--no-warm")
        compared = by_hand.compared(started, tried.typed(one))
        differ = [row for row in compared if not row.is_equal]
        alike = _facts(warm) == _facts(started)
        told = "; ".join(f"{r.check} {r.number}: {r.ours}, {r.theirs}" for r in differ)
        findings = sum(
            len(found.outcome.findings)
            for found in warm
            if isinstance(found.outcome, Measured)
        )
        rows.append(
            (
                *(one.name, str(len(compared)), told or "0", f"{findings:,}"),
                "yes" if alike else "NO",
            )
        )
    head = ("", "numbers of command lines", "differ", "findings", "warm as started")
    return table(head, rows)


def _facts(found: Sequence[Measurement]) -> dict[str, tuple[Outcome, str | None]]:
    """All that measurements say and show, by check: how long they took aside."""
    return {one.checker: (one.outcome, one.command) for one in found}


def repository(tried: Tried) -> str:
    """One repository, the middle one by what its command lines take."""
    one = tried.middle()
    series = {
        "hand": lambda: {STATIC: by_hand.total(tried.typed_equal(one))},
        "started": lambda: {"cold, `--no-warm`": tried.cold(one, "--no-warm")},
        "warm": lambda: tried.one_chain(one),
        "first": lambda: {"the first run on a machine": tried.first(one)},
    }
    found = in_rounds(series, tried.runs)
    asked = {"cold": "2.5", "unchanged": "under 1 s", "README edited": "under 1 s"}
    return f"{one.name}\n\n{_timings(found, STATIC, asked)}"


def whole_class(tried: Tried) -> str:
    """A class, its tests left out."""
    series = {
        "hand": lambda: {STATIC: tried.all_typed()},
        "started": lambda: {"cold, `--no-warm`": tried.class_cold("--no-warm")},
        "warm": tried.class_chain,
        "1": lambda: {"cold, 1 worker": tried.class_cold("--workers", "1")},
        "2": lambda: {"cold, 2 workers": tried.class_cold("--workers", "2")},
        "4": lambda: {"cold, 4 workers": tried.class_cold("--workers", "4")},
    }
    found = in_rounds(series, tried.runs)
    again = _timings(
        {name: found[name] for name in ("cold", "unchanged", "one file edited")},
        "cold",
        {"unchanged": "50"},
    )
    return f"{_timings(found, STATIC, {'cold': '4'})}\n\n{again}"


def with_tests(tried: Tried) -> str:
    """A class with its tests, against its suites."""
    both = "command lines and suites with coverage, in turn"
    covered, alone = "suites with coverage, in turn", "suites alone, in turn"
    side = f"suites alone, {speed_runs.AT_ONCE} at once"

    def hand() -> dict[str, Timing]:
        suites = tried.suites(1, has_coverage=True)
        return {
            both: tried.all_typed() + suites,
            covered: suites,
            alone: tried.suites(1),
        }

    series = {
        "hand": hand,
        "side": lambda: {side: tried.suites(speed_runs.AT_ONCE)},
        "ours": lambda: {"class with tests, cold": tried.class_tested()},
        "plain": lambda: {
            "the same, `--no-signals`": tried.class_tested("--no-signals")
        },
    }
    found = in_rounds(series, tried.runs)
    passed = table(
        ("tests passed", "suites alone", "ours"),
        [
            (name, str(count), _passed(tried.passed_ours[name]))
            for name, count in tried.passed.items()
        ],
    )
    held = {name: found[name] for name in found if name not in (both, covered, alone)}
    return (
        f"{_timings(found, both, {'class with tests, cold': '2'})}\n\n"
        f"{_timings(held, side, {'class with tests, cold': '0.77'})}\n\n{passed}"
    )


def _passed(values: dict[str, float] | str) -> str:
    return values if isinstance(values, str) else f"{values['passed']:.0f}"


def groups(tried: Tried) -> str:
    """Synthetic classes that need no tool: what is our own."""
    rows = []
    for count in tried.groups:
        place = tried.place()
        write_class(place / "clones", count)
        rubric = place / "quick.yaml"
        rubric.write_text(QUICK, "utf-8")
        memory: list[int] = []
        took = _watched(tried, place, rubric, memory)
        # The last tenth is left to the marking, which loads what pages and workbooks take.
        measuring = memory[: max(2, len(memory) * 9 // 10)]
        rows.append(
            (
                *(str(count), f"{took.wall_s:.1f}", f"{took.wall_s / count:.3f}"),
                f"{statistics.median(measuring) / 1024:.0f}",
                *(f"{max(measuring) / 1024:.0f}", f"{max(memory) / 1024:.0f}"),
            )
        )
    head = (
        *("groups", "seconds", "seconds a group", "MiB of the run's process, median"),
        *("most while measuring", "most"),
    )
    return table(head, rows)


def _watched(tried: Tried, place: Path, rubric: Path, memory: list[int]) -> Timing:
    """A class's run, with its process's memory in KiB, four times a second."""

    def look(pid: int) -> None:
        if taken := resident(pid):
            memory.append(taken)

    options = ("--rubric", str(rubric), "--environment", "none")
    return tried.batch(place, *options, look=look).timing


def where(tried: Tried) -> str:
    """Seconds of a class by check on one core, typed and ours, and what is beside them."""
    typed = tried.typed_by_check()
    started, whole_started = tried.class_by_check("--no-warm")
    warm, whole_warm = tried.class_by_check()
    rows = [
        (
            check,
            *(f"{typed[check].cpu_s:.1f}" if check in typed else "",),
            *(f"{started[check]:.1f}", f"{warm[check]:.1f}"),
            f"{warm[check] / whole_warm.wall_s:.0%}",
        )
        for check in sorted(warm, key=lambda name: -warm[name])
    ]
    beside = whole_warm.wall_s - sum(warm.values())
    rows += [
        (
            *("beside the checks", ""),
            f"{whole_started.wall_s - sum(started.values()):.1f}",
            *(f"{beside:.1f}", f"{beside / whole_warm.wall_s:.0%}"),
        ),
        (
            *("all", f"{sum(one.cpu_s for one in typed.values()):.1f}"),
            *(f"{whole_started.wall_s:.1f}", f"{whole_warm.wall_s:.1f}", "100%"),
        ),
    ]
    head = ("", "typed, processor", "started", "warm", "of the warm run")
    own = table(("ours, one repository", "seconds"), _own_steps(tried))
    return f"{table(head, rows)}\n\n{own}"


def _own_steps(tried: Tried) -> list[tuple[str, str]]:
    """Seconds of what a run does beside the checks, in the middle repository."""
    one, cache = tried.middle(), tried.cache()
    quick = [str(one), "--only", "file-presence", "-q", "--no-cache"]
    file = tried.fresh() / "report.json"
    tried.grade(one, cache, "--report", f"json={file}")
    report = load_report(file.read_bytes(), str(file))
    steps: dict[str, Callable[[], object]] = {
        "`--help`": lambda: speed_runs.run_ours(["--help"], cache),
        "one quick check": lambda: speed_runs.run_ours(quick, cache),
        "of it: the copy of the files": lambda: capture(str(one), tried.fresh()),
        "all checks as JSON": lambda: render_json(report),
        "all checks as a page": lambda: render_html(report),
    }
    found = []
    for name, step in steps.items():
        started = time.monotonic()
        step()
        found.append((name, f"{time.monotonic() - started:.2f}"))
    return found


def _timings(found: dict[str, list[Timing]], base: str, asked: dict[str, str]) -> str:
    rows: Sequence[Sequence[str]] = [
        timing_row(name, one, found[base], asked.get(name, ""))
        for name, one in found.items()
    ]
    return table(TIMING_HEAD, rows)


PARTS = {
    "numbers": numbers,
    "repository": repository,
    "class": whole_class,
    "tests": with_tests,
    "groups": groups,
    "where": where,
}


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
