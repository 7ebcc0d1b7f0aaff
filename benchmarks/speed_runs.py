"""The runs that `benchmarks.speed` times: of our program, of command lines and of suites."""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import by_hand
from benchmarks.by_hand import Desk
from benchmarks.timing import Ran, Timing, timed
from grader.engine.cores import cores
from grader.engine.store import ClassFolder
from grader.model.measurement import Measured, Measurement
from grader.reporting.json import load_report
from grader.resources import shipped

AT_ONCE = cores()
_OURS = (sys.executable, "-m", "grader")
_ON_ONE_CORE = ("taskset", "-c", "0")
_ADDED = '\n\ndef added_{}() -> int:\n    """A number."""\n    return {}\n'


@dataclass
class Tried:
    """The repositories that are tried, and the runs on them.

    `known` is what our program measured in each, by name: the commands to type, and the
    numbers that every later run is held against.
    """

    work: Path
    runs: int
    python: str
    groups: Sequence[int]
    repositories: list[Path] = field(default_factory=list)
    known: dict[str, tuple[Measurement, ...]] = field(default_factory=dict)
    passed_ours: dict[str, dict[str, float] | str] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    edits: int = 0

    def __post_init__(self) -> None:
        self.desk = Desk.within(self.work / "desk")

    def clone(self, sources: Sequence[Path]) -> None:
        """Take these repositories, each in a clone of its own, measured once."""
        for source in sources:
            self.repositories.append(
                by_hand.clone(source, self.work / "clones" / source.name)
            )
        for one in self.repositories:
            self.known[one.name] = self.report(one)

    def fresh(self) -> Path:
        """A new empty folder."""
        return Path(tempfile.mkdtemp(dir=self.work))

    def cache(self) -> Path:
        """A cache of ours that holds nothing but which boxes work here."""
        first, folder = self.work / "first", self.fresh()
        if not first.exists():
            self.grade(shipped("fixtures/repos") / "solid", first)
        if (first / "boxes").exists():
            shutil.copytree(first / "boxes", folder / "boxes")
        return folder

    def middle(self) -> Path:
        """The repository whose command lines take the middle of the time."""
        times = {one: by_hand.total(self.typed(one)).cpu_s for one in self.repositories}
        return sorted(times, key=lambda one: times[one])[len(times) // 2]

    def place(self) -> Path:
        """A new folder for a class's run, with such a cache in it."""
        folder = self.fresh()
        self.cache().rename(folder / "cache")
        return folder

    # One repository

    def grade(self, repository: Path, cache: Path, *options: str) -> Ran:
        """Our program on one repository, without its tests."""
        return run_ours(
            [str(repository), "--skip", "coverage", "-e", "none", "-q", *options], cache
        )

    def report(self, repository: Path, *options: str) -> tuple[Measurement, ...]:
        """What it measures there, from nothing."""
        file = self.fresh() / "report.json"
        self.grade(repository, self.cache(), "--report", f"json={file}", *options)
        report = load_report(file.read_bytes(), str(file))
        found = (check.measurement for check in report.checks)
        return tuple(one for one in found if one is not None)

    def cold(self, repository: Path, *options: str) -> Timing:
        """Without a measurement of an earlier run."""
        return self.grade(repository, self.cache(), *options).timing

    def first(self, repository: Path) -> Timing:
        """The first run on this machine: which boxes work here is tried too."""
        return self.grade(repository, self.fresh()).timing

    def one_chain(self, repository: Path) -> dict[str, Timing]:
        """Cold, and again with what that left, unchanged and edited."""
        cache = self.cache()
        found = {
            "cold": self.grade(repository, cache).timing,
            "unchanged": self.grade(repository, cache).timing,
        }
        with self._edited(by_hand.readme_of(repository), "\nEdited, {}. {}\n"):
            found["README edited"] = self.grade(repository, cache).timing
        with self._edited(by_hand.middle_module(repository), _ADDED):
            found["one Python file edited"] = self.grade(repository, cache).timing
        return found

    @contextmanager
    def _edited(self, file: Path, text: str) -> Iterator[None]:
        """A file with something more at its end, never the same twice."""
        before = file.read_bytes() if file.exists() else None
        self.edits += 1
        file.write_bytes((before or b"") + text.format(self.edits, self.edits).encode())
        try:
            yield
        finally:
            if before is None:
                file.unlink()
            else:
                file.write_bytes(before)

    # Command lines

    def typed(self, repository: Path) -> dict[str, Ran]:
        """The command lines in turn, by check, whatever they say."""
        typed = by_hand.commands(self.known[repository.name])
        return by_hand.in_turn(typed, repository, self.desk, self.desk.environment())

    def typed_equal(self, repository: Path) -> dict[str, Ran]:
        """The same; ends the run where a number is not the one that we measured."""
        ran = self.typed(repository)
        for row in by_hand.compared(self.known[repository.name], ran):
            if not row.is_equal:
                raise SystemExit(f"{repository.name}: not what we measured: {row}")
        return ran

    def all_typed(self) -> Timing:
        """The command lines of the whole class in turn."""
        return sum(self.typed_by_check().values(), Timing())

    def typed_by_check(self) -> dict[str, Timing]:
        """The same, by check."""
        found: dict[str, Timing] = {}
        for one in self.repositories:
            for check, ran in self.typed_equal(one).items():
                found[check] = found.get(check, Timing()) + ran.timing
        return found

    # A class

    def class_cold(self, *options: str) -> Timing:
        """The class without its tests, nothing cached."""
        place = self.place()
        ran = self.batch(place, *_STATIC, *options)
        self._check_class(place / "class")
        return ran.timing

    def class_chain(self) -> dict[str, Timing]:
        """Cold, and again with what that left: unchanged, with a group's file edited."""
        place = self.place()
        found = {"cold": self.batch(place, *_STATIC).timing}
        self._check_class(place / "class")
        found["unchanged"] = self.batch(place, *_STATIC).timing
        self._check_class(place / "class")
        with self._edited(by_hand.middle_module(self.repositories[0]), _ADDED):
            found["one file edited"] = self.batch(place, *_STATIC).timing
        return found

    def class_tested(self, *options: str) -> Timing:
        """The class with its tests, nothing cached."""
        place = self.place()
        ran = self.batch(place, "--environment", self.python, *options)
        self._check_class(place / "class")
        for name, measurements in _measured(place / "class").items():
            self.passed_ours[name] = next(
                _values(one) for one in measurements if one.checker == "coverage"
            )
        return ran.timing

    def class_by_check(self, *options: str) -> tuple[dict[str, float], Timing]:
        """Seconds of the class's checks on one core, and what the whole run took there."""
        place = self.place()
        ran = self.batch(place, *_STATIC, *options, on=_ON_ONE_CORE)
        found: dict[str, float] = {}
        for measurements in _measured(place / "class").values():
            for one in measurements:
                found[one.checker] = found.get(one.checker, 0) + one.duration_s
        return found, ran.timing

    def batch(
        self,
        place: Path,
        *options: str,
        on: Sequence[str] = (),
        look: Callable[[int], None] | None = None,
    ) -> Ran:
        """`mlops-grade batch` on `place`/clones, or on our repositories without that."""
        clones = place / "clones"
        source = clones if clones.exists() else self.work / "clones"
        words = ["batch", str(source), "-o", str(place / "class"), "-q", *options]
        return run_ours(words, place / "cache", on, look)

    def _check_class(self, folder: Path) -> None:
        """End the run where the class has another number than the repository by itself."""
        for name, measurements in _measured(folder).items():
            known = {one.checker: _values(one) for one in self.known[name]}
            for one in measurements:
                if one.checker in known and _values(one) != known[one.checker]:
                    raise SystemExit(f"{name}: {one.checker} is not what it was before")

    # Test suites

    def suites(self, at_once: int, *, has_coverage: bool = False) -> Timing:
        """All test suites, so many at once, each in a copy, with no network as with us."""
        place = self.fresh()
        lines = []
        for number, one in enumerate(self.repositories):
            copy = place / one.name
            shutil.copytree(one, copy, ignore=shutil.ignore_patterns(".git"))
            words = by_hand.suite_command(
                self.interpreter, copy, has_coverage=has_coverage
            )
            line = shlex.join(words)
            # A suite that fails has run all the same.
            lines.append(f"{line} > said-{number} 2>&1 || :")
        (place / "suites").write_text("\0".join(lines))
        each = ["xargs", "-0", "-a", "suites", "-P", str(at_once), "-I{}", "sh", "-c"]
        ran = timed([*each, "{}"], place, self.desk.environment())
        for number, one in enumerate(self.repositories):
            said = (place / f"said-{number}").read_text("utf-8", "replace")
            if (passed := by_hand.passed_in(said)) is None:
                raise SystemExit(f"{one.name}: the suite did not run: {said[-400:]}")
            self.passed[one.name] = passed
        return ran.timing

    @property
    def interpreter(self) -> str:
        """What runs the tests."""
        return sys.executable if self.python == "none" else self.python


_STATIC = ("--skip", "coverage", "--environment", "none")


def run_ours(
    words: Sequence[str],
    cache: Path,
    on: Sequence[str] = (),
    look: Callable[[int], None] | None = None,
) -> Ran:
    """`mlops-grade`, with a cache of its own; ends the run where it fails."""
    # What a developer's shell says to Python is not what a user's says.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment = {**kept, "MLOPS_GRADE_CACHE": str(cache)}
    ran = timed([*on, *_OURS, *words], Path("/"), environment, look)
    if ran.status:
        raise SystemExit(f"{' '.join(words)} ended with {ran.status}: {ran.stderr}")
    return ran


def _measured(folder: Path) -> dict[str, tuple[Measurement, ...]]:
    """What a class's run measured, by group."""
    kept = ClassFolder(folder)
    record = kept.record()
    found = {}
    for group in record.groups if record else ():
        evidence = kept.light(group.folder)
        if evidence is None:
            raise SystemExit(f"{group.name} was not measured")
        found[group.name] = evidence.measurements
    return found


def _values(measurement: Measurement) -> dict[str, float] | str:
    outcome = measurement.outcome
    return dict(outcome.values) if isinstance(outcome, Measured) else outcome.reason
