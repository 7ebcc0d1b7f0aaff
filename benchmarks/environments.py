"""Do a project's tests say the same in our environment as in one that a person makes?

    python benchmarks/environments.py REPOSITORY [REPOSITORY ...] [@LIST] --work FOLDER

LIST is a text file with one path per line. For each repository the coverage checker
runs in the environment that the program builds from the manifests. Beside it an
environment is made by hand from the same manifests: `python -m venv` with the same
Python, `pip install` of what they say, nothing taken from our resolver but the versions
of pytest, pytest-cov and coverage. There pytest runs as a person would start it, in a
copy of the same files. One table row per repository; the exit code is 1 when a number
differs.

By hand, the first manifest is installed as it stands, with the versions of its lock
file if it has one. What only later manifests name comes on top of it. A line that can't
be installed is left out and named, as is a version that only conda has.

Our cache and the environments by hand stay below --work, so a second call is quick.
"Cold" is the time of the first call: it resolved, downloaded what no repository before
it needed, and installed. "Warm" is the time of the call after it.
"""

import argparse
import ast
import configparser
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import yaml
from packaging.utils import canonicalize_name, is_normalized_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel

from grader.checkers._registry import installed
from grader.engine.capture import capture
from grader.engine.environment import environment_for
from grader.engine.measure import Unwatched, Workshop, measure
from grader.environment.environments import BuiltEnvironment
from grader.environment.manifests import Chosen
from grader.errors import CannotMeasure
from grader.model.environment import EnvironmentFacts
from grader.model.measurement import Failed, Measured
from grader.model.snapshot import Snapshot, is_test_file
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes

# Conda names that PyPI spells otherwise, as far as these courses use them; the program
# has a table of its own.
RENAMED = {
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "py-xgboost": "xgboost",
    "python-graphviz": "graphviz",
    "python-build": "build",
    "python-tzdata": "tzdata",
    "seaborn-base": "seaborn",
}
NEVER = frozenset({"python", "pip"})
TOOLS = ("pytest", "pytest-cov", "coverage")
APART = (
    "the tests start `coverage run` themselves, and by hand pytest-cov adds what those "
    "processes ran; kept apart, the numbers are equal"
)
PIP_SECONDS = 1200
TEST_SECONDS = 1200

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?P<rest>.*)$", re.S)
_REFUSED = (
    r"available for your environment:\s+([\w.-]+)",
    r"The user requested \(constraint\) ([\w.-]+)",
    r"No matching distribution found for ([\w.-]+)",
    r"Failed building wheel for ([\w.-]+)",
    r"Failed to build '?([\w.-]+)",
    r"The user requested ([\w.-]+)",
)


class Numbers(BaseModel):
    """What both sides count: `errors` are tests and files, `coverage` is in percent."""

    passed: int
    failed: int
    skipped: int
    errors: int
    coverage: float

    def __str__(self) -> str:
        return f"{self.passed}/{self.failed}/{self.skipped}/{self.errors}"


class HandMade(BaseModel):
    """An environment made by hand: its packages, and what could not be installed."""

    versions: dict[str, str]
    dropped: list[str]


NOTHING = Numbers(passed=0, failed=0, skipped=0, errors=0, coverage=0)


@dataclass(frozen=True)
class Row:
    """One repository: our environment, the one by hand, and the numbers from both."""

    name: str
    manifests: str
    facts: EnvironmentFacts | None
    cold: float
    warm: float
    ours: Numbers | str
    theirs: Numbers | str
    notes: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Equal to the test, and to a hundredth of a percent."""
        return isinstance(self.ours, Numbers) and self.ours == self.theirs


@dataclass
class Lines:
    """What a manifest asks for: lines as pip reads them, versions from its lock.

    `held` are versions that are installed already, and stay.
    """

    asked: list[str]
    conda: set[str] = field(default_factory=set)
    locked: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    def give_up(self, name: str) -> bool:
        """Leave out the locked version, conda's version or the line of a name."""
        name = canonicalize_name(name)
        if version := self.locked.pop(name, None):
            self.dropped.append(f"locked {name}=={version}")
            return True
        for at, line in enumerate(self.asked):
            if name_of(line) == name:
                self.dropped.append(line)
                bare = [name] if line in self.conda and line != name else []
                self.asked[at : at + 1] = bare
                return True
        return False


def name_of(line: str) -> str:
    """The canonical name that a requirement starts with; "" for an option or a path."""
    match = _LINE.match(line)
    return canonicalize_name(match["name"]) if match else ""


def conda_line(spec: str) -> str | None:
    """A conda spec as pip takes it: `=1.2` is `==1.2.*`, `=1.2=build` is `==1.2`."""
    match = _LINE.match(spec.rpartition("::")[2].strip())
    if match is None or match["name"].lower() in NEVER:
        return None
    name = RENAMED.get(match["name"].lower(), match["name"])
    rest = re.sub(r"\s+", "", match["rest"])
    if exact := re.fullmatch(r"={1,2}([^=,<>*]+)=[^=]+", rest):
        return f"{name}=={exact[1]}"
    if series := re.fullmatch(r"=?([\d.]+?)(\.?\*)?", rest):
        return f"{name}=={series[1]}.*"
    return name + rest


def text_of(file: Path) -> str:
    """A file's text; PowerShell writes UTF-16."""
    raw = file.read_bytes()
    return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")


def conda_lines(file: Path) -> Lines:
    """An environment.yml: conda's entries translated, pip's as they are."""
    lines = Lines([])
    for entry in yaml.safe_load(text_of(file))["dependencies"]:
        if isinstance(entry, dict):
            lines.asked += [str(one) for one in entry.get("pip") or ()]
        elif line := conda_line(str(entry)):
            lines.asked.append(line)
            lines.conda.add(line)
    return lines


def poetry_line(name: str, wanted: object) -> str:
    """`^2.1` admits what doesn't change the first number that is not zero."""
    version = wanted.get("version", "*") if isinstance(wanted, dict) else wanted
    if not isinstance(version, str) or version == "*":
        return name
    if version[0] not in "^~":
        return name + (version if version[0] in "<>=!" else f"=={version}")
    numbers = [int(part) for part in version[1:].split(".")]
    kept = next((at for at, number in enumerate(numbers) if number), 0)
    kept = kept if version[0] == "^" else min(1, len(numbers) - 1)
    above = [*numbers[:kept], numbers[kept] + 1]
    return f"{name}>={version[1:]},<{'.'.join(map(str, above))}"


def pyproject_lines(file: Path) -> Lines:
    """The project's dependencies and its groups called test or dev."""
    document = tomllib.loads(text_of(file))
    project = document.get("project", {})
    asked = list(project.get("dependencies", ()))
    groups = {
        **project.get("optional-dependencies", {}),
        **document.get("dependency-groups", {}),
    }
    for name in {"dev", "test", "tests"} & groups.keys():
        asked += [line for line in groups[name] if isinstance(line, str)]
    poetry = document.get("tool", {}).get("poetry", {})
    tables = [poetry.get("dependencies", {}), poetry.get("dev-dependencies", {})]
    for name in {"dev", "test", "tests"} & poetry.get("group", {}).keys():
        tables.append(poetry["group"][name].get("dependencies", {}))
    for table in tables:
        asked += [poetry_line(n, v) for n, v in table.items() if n not in NEVER]
    return Lines(asked)


def setup_lines(file: Path) -> Lines:
    """The literal `install_requires` of a setup.py or setup.cfg."""
    if file.suffix == ".cfg":
        parser = configparser.ConfigParser()
        parser.read_string(text_of(file))
        said = parser.get("options", "install_requires", fallback="")
        return Lines([line.strip() for line in said.splitlines() if line.strip()])
    for node in ast.walk(ast.parse(text_of(file))):
        if isinstance(node, ast.keyword) and node.arg == "install_requires":
            return Lines(list(ast.literal_eval(node.value)))
    return Lines([])


def requirements_lines(file: Path) -> Lines:
    """A requirements file without its comments."""
    lines = (re.sub(r"(^|\s)#.*$", "", one) for one in text_of(file).splitlines())
    return Lines([line.strip() for line in lines if line.strip()])


def lines_of(file: Path) -> Lines:
    """What a manifest asks for, by the kind that its name says."""
    if file.suffix in (".yml", ".yaml"):
        return conda_lines(file)
    if file.name == "pyproject.toml":
        return pyproject_lines(file)
    if file.name in ("setup.py", "setup.cfg"):
        return setup_lines(file)
    return requirements_lines(file)


def locked_versions(file: Path) -> dict[str, str]:
    """The version of each package in a lock file; not of those that it has twice."""
    if file.suffix in (".yml", ".yaml"):
        entries = yaml.load(
            text_of(file), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
        packages = [p for p in entries["package"] if p["platform"] == "linux-64"]
    else:
        packages = tomllib.loads(text_of(file))["package"]
    found: dict[str, set[str]] = {}
    for one in packages:
        name = canonicalize_name(RENAMED.get(one["name"], one["name"]))
        # conda has names (_openmp_mutex) and versions (9e, 2025c) that pip can't
        # read, or reads otherwise and tries everything else to no avail.
        if is_normalized_name(name) and is_version(str(one.get("version"))):
            found.setdefault(name, set()).add(one["version"])
    once = {n: versions.pop() for n, versions in found.items() if len(versions) == 1}
    return {name: version for name, version in once.items() if name not in NEVER}


def is_version(text: str) -> bool:
    """Whether pip can read a version."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return re.fullmatch(r"\d{4}[a-z]", text) is None


class Hand:
    """What a person does for one repository, below `folder`."""

    def __init__(self, snapshot: Snapshot, folder: Path, base: str) -> None:
        self.snapshot = snapshot
        self.folder = folder
        self.base = base
        self.python = folder / "venv" / "bin" / "python"

    def environment(self, chosen: Sequence[Chosen], tools: Sequence[str]) -> HandMade:
        """Make the environment, or find it finished."""
        paths = [one.path for one in chosen]
        texts = [(self.snapshot.root / path).read_bytes() for path in paths]
        key = hashlib.sha256(
            repr([self.base, paths, texts, tools]).encode()
        ).hexdigest()
        done = self.folder / f"{key[:16]}.json"
        if done.exists():
            return HandMade.model_validate_json(done.read_text("utf-8"))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        subprocess.run([self.base, "-m", "venv", str(self.folder / "venv")], check=True)
        self.pip("--upgrade", "pip")
        dropped: list[str] = []
        declared: set[str] = set()
        locks = [one.path for one in chosen if one.role == "lock"]
        for one in chosen:
            if one.role in ("lock", "python"):
                continue
            lines = lines_of(self.snapshot.root / one.path)
            if one.role == "first":
                for lock in locks:
                    lines.locked = locked_versions(self.snapshot.root / lock)
            else:
                # The first manifest that names a package decides its version.
                lines.asked = [x for x in lines.asked if name_of(x) not in declared]
                has = self.versions()
                lines.held = {name: has[name] for name in declared & has.keys()}
            declared |= {name_of(line) for line in lines.asked} - {""}
            self.install(lines)
            dropped += [f"{one.path}: {line}" for line in lines.dropped]
        self.pip(*tools)
        made = HandMade(versions=self.versions(), dropped=dropped)
        done.write_text(made.model_dump_json(), "utf-8")
        return made

    def install(self, lines: Lines) -> None:
        """`pip install -r`, each time without what pip says can't be had."""
        while lines.asked:
            asked, held = self.folder / "asked.txt", self.folder / "held.txt"
            asked.write_text("\n".join(lines.asked) + "\n", "utf-8")
            versions = {**lines.locked, **lines.held}
            pins = [f"{name}=={version}" for name, version in versions.items()]
            held.write_text("\n".join(pins) + "\n", "utf-8")
            said = self.pip("-r", str(asked), "-c", str(held), may_fail=True)
            if said is None:
                return
            names = [n for sign in _REFUSED for n in reversed(re.findall(sign, said))]
            if not any(lines.give_up(name) for name in names):
                raise CannotMeasure(f"pip: {' '.join(said.split())[-300:]}")

    def pip(self, *arguments: str, may_fail: bool = False) -> str | None:
        """`pip install`; what it said where it failed and may."""
        done = subprocess.run(
            [
                str(self.python),
                "-m",
                "pip",
                "install",
                "--no-compile",
                *arguments,
            ],
            cwd=self.folder,
            env={**os.environ, "PIP_PREFER_BINARY": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PIP_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return None
        if not may_fail:
            raise CannotMeasure(f"pip {arguments}: {done.stderr[-300:]}")
        return done.stdout + done.stderr

    def versions(self) -> dict[str, str]:
        """What pip lists."""
        listed = subprocess.run(
            [str(self.python), "-m", "pip", "list", "--format=json"],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(listed.stdout)
        return {canonicalize_name(one["name"]): one["version"] for one in found}

    def broken(self) -> list[str]:
        """What `pip check` complains of: pip lets a later file break an earlier one."""
        done = subprocess.run(
            [str(self.python), "-m", "pip", "check"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip().splitlines() if done.returncode else []

    def numbers(
        self, installs_project: bool, *, is_apart: bool = False
    ) -> tuple[Numbers, list[str]]:
        """Run the tests in a fresh copy; the second is what to remark on it.

        `is_apart` keeps coverage's data from what tests add by `coverage run`.
        """
        with tempfile.TemporaryDirectory(prefix="by-hand-", dir=self.folder) as name:
            place = Path(name)
            # Tests may import the top folder by its name: not one that Python has.
            copy = place / re.sub(r"[^\w.-]", "_", self.snapshot.name)
            copy_files(self.snapshot, copy)
            for folder in ("home", "tmp"):
                (place / folder).mkdir()
            settings = place / "coverage.cfg"
            lines = ["[report]", "include_namespace_packages = true"]
            lines += ["[run]", f"data_file = {place / 'data'}"] if is_apart else []
            settings.write_text("\n".join(lines) + "\n", "utf-8")
            is_src = self.snapshot.source_roots == ("src",)
            variables = {
                "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
                **{"HOME": str(place / "home"), "TMPDIR": str(place / "tmp")},
                **{"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"},
            }
            if installs_project:
                # As `pip install -e .` would; the repository's setup.py isn't run.
                variables["PYTHONPATH"] = str(copy / "src" if is_src else copy)
            with (self.folder / "pytest.log").open("w", encoding="utf-8") as log:
                subprocess.run(
                    [
                        *(str(self.python), "-m", "pytest", "-p", "no:cacheprovider"),
                        *("--continue-on-collection-errors", "--color=no"),
                        *(
                            f"--cov={'src' if is_src else '.'}",
                            f"--cov-config={settings}",
                        ),
                        f"--cov-report=json:{place / 'coverage.json'}",
                        f"--junitxml={place / 'junit.xml'}",
                    ],
                    cwd=copy,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=TEST_SECONDS,
                    check=False,
                )
            return read_numbers(place, copy, self.snapshot)


def is_only_coverage(ours: Numbers | str, theirs: Numbers) -> bool:
    """Whether the coverage differs and nothing else does."""
    if isinstance(ours, str) or ours == theirs:
        return False
    return ours == theirs.model_copy(update={"coverage": ours.coverage})


def copy_files(snapshot: Snapshot, folder: Path) -> None:
    """A copy of the files that are graded."""
    folder.mkdir(parents=True)
    for path in snapshot.files:
        if (source := snapshot.root / path).is_symlink():
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / path)


def read_numbers(
    place: Path, copy: Path, snapshot: Snapshot
) -> tuple[Numbers, list[str]]:
    """The numbers of pytest's and coverage's reports, by their own totals; remarks."""
    if not (place / "junit.xml").exists():
        last = (
            (place.parent / "pytest.log").read_text("utf-8").strip().splitlines()[-1:]
        )
        return NOTHING, [f"by hand pytest does not start: {' '.join(last)}"]
    suites = ElementTree.parse(place / "junit.xml").getroot().iter("testsuite")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        totals = {name: n + int(suite.get(name, 0)) for name, n in totals.items()}
    files = json.loads((place / "coverage.json").read_text("utf-8"))["files"]
    report = {
        name.removeprefix(f"{copy}/"): one["summary"] for name, one in files.items()
    }
    counted = [path for path in snapshot.source_files if not is_test_file(path)]
    summaries = [report[path] for path in counted if path in report]
    statements = sum(one["num_statements"] for one in summaries)
    covered = sum(one["covered_lines"] for one in summaries)
    numbers = Numbers(
        passed=totals["tests"] - sum(totals[n] for n in totals if n != "tests"),
        failed=totals["failures"],
        skipped=totals["skipped"],
        errors=totals["errors"],
        coverage=round(100 * covered / statements, 2) if statements else 0,
    )
    lacking = [path for path in counted if path not in report]
    return numbers, [f"not in coverage's report: {path}" for path in lacking]


def our_numbers(measured: Measured) -> Numbers:
    """The checker's quantities; for pytest's report an expected failure is skipped."""
    values = measured.values
    return Numbers(
        passed=int(values["passed"]),
        failed=int(values["failed"]),
        skipped=int(values["skipped"] + values["xfailed"]),
        errors=int(values["errors"] + values["collection_errors"]),
        coverage=round(100 * values["coverage"], 2),
    )


def base_of(python: Path) -> str:
    """The interpreter that an environment was made from."""
    said = (python.parent.parent / "pyvenv.cfg").read_text("utf-8")
    match = re.search(r"(?m)^home = (.+)$", said)
    if match is None:
        raise CannotMeasure(f"{python} has no home")
    return str(Path(match[1].strip()) / python.resolve().name)


def compare(source: str, work: Path) -> Row:
    """One repository, in our environment and in the one by hand."""
    name = Path(source).name
    with tempfile.TemporaryDirectory(prefix="environments-", dir=work) as scratch:
        place = Path(scratch).resolve()
        snapshot = capture(source, place).snapshot
        cold, warm, environment = timed(snapshot, place, work / "cold" / name)
        chosen = environment.project.chosen
        item = Item(checker="coverage", score="0")
        limits = LimitsRule(test_seconds=TEST_SECONDS)
        workshop = Workshop(place, limits, environment, Boxes("auto"))
        found = measure(snapshot, [item], installed().checkers, workshop, Unwatched())
        ours: Numbers | str = "nothing to measure"
        match found[item.key].outcome:
            case Measured() as measured:
                ours = our_numbers(measured)
            case Failed(reason=reason):
                ours = reason
        facts = environment.facts()
        theirs: Numbers | str = "no environment of ours"
        notes: list[str] = []
        if facts is not None and facts.python:
            base = base_of(Path(facts.python))
            hand = Hand(snapshot, work / "by-hand" / name, base)
            pins = [pin for pin in facts.installed if name_of(pin) in TOOLS]
            try:
                made = hand.environment(chosen, pins)
                theirs, notes = hand.numbers(environment.has_sources_on_path())
                notes += remarks(facts, made, is_equal=ours == theirs)
                notes += [f"by hand, pip check: {said}" for said in hand.broken()]
                if is_only_coverage(ours, theirs):
                    apart, _ = hand.numbers(
                        environment.has_sources_on_path(), is_apart=True
                    )
                    notes += [APART] if apart == ours else []
            except (CannotMeasure, subprocess.SubprocessError) as error:
                theirs = str(error)
        kinds = ", ".join(f"{one.path} ({one.role})" for one in chosen)
        return Row(name, kinds, facts, cold, warm, ours, theirs, tuple(notes))


def timed(
    snapshot: Snapshot, place: Path, memory: Path
) -> tuple[float, float, BuiltEnvironment]:
    """Seconds of the very first call and of the one after it; and the environment."""
    first, _ = built(snapshot, place / "first")
    second, environment = built(snapshot, place / "second")
    if not memory.exists():
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(str(first))
    return float(memory.read_text()), second, environment


def built(snapshot: Snapshot, home: Path) -> tuple[float, BuiltEnvironment]:
    """Our environment, and the seconds that it took."""
    started = time.monotonic()
    environment = environment_for(snapshot, "auto", home)
    assert isinstance(environment, BuiltEnvironment)
    try:
        environment.python()
    except CannotMeasure:
        pass  # The checker says so too.
    return time.monotonic() - started, environment


def remarks(
    facts: EnvironmentFacts, made: HandMade, *, is_equal: bool
) -> Iterator[str]:
    """What could not be had on either side, and where the two differ."""
    for one in facts.unresolved:
        instead = f", {one.instead} instead" if one.instead else ""
        yield f"ours without {one.requirement}: {one.cause}{instead}"
    for line in made.dropped:
        yield f"by hand without {line}"
    mine = {
        str(canonicalize_name(name)): version
        for name, _, version in (
            pin.partition(" ")[0].partition("==") for pin in facts.installed
        )
    }
    odd = [
        f"{name} {mine.get(name, '-')} | {made.versions.get(name, '-')}"
        for name in sorted((mine.keys() | made.versions.keys()) - {"pip", "setuptools"})
        if mine.get(name) != made.versions.get(name)
    ]
    if odd:
        shown = odd if not is_equal else odd[:6]
        more = f" and {len(odd) - len(shown)} more" if len(odd) > len(shown) else ""
        yield f"{len(odd)} versions differ (ours | by hand): {', '.join(shown)}{more}"


HEADER = (
    *("repository", "python asked", "used", "declared", "pinned", "unresolved"),
    *("cold s", "warm s", "ours p/f/s/e", "by hand", "cov. ours", "by hand", "equal"),
)


def cells(row: Row) -> Sequence[str]:
    """The row's cells in the header's order."""
    facts = row.facts or EnvironmentFacts(mode="built", python="", python_used="")
    ours, theirs = row.ours, row.theirs
    return (
        *(row.name, facts.python_requested or "any", facts.python_used),
        str(facts.declared),
        "" if facts.pinned_share is None else f"{facts.pinned_share:.2f}",
        *(str(len(facts.unresolved)), f"{row.cold:.1f}", f"{row.warm:.2f}"),
        *(str(ours) if isinstance(ours, Numbers) else "-",),
        *(str(theirs) if isinstance(theirs, Numbers) else "-",),
        *(f"{ours.coverage:.2f}" if isinstance(ours, Numbers) else "-",),
        *(f"{theirs.coverage:.2f}" if isinstance(theirs, Numbers) else "-",),
        "yes" if row.is_equal else "**no**",
    )


def table(rows: Sequence[Row]) -> str:
    """Markdown: the table, then each repository's manifests and remarks."""
    out = [" | ".join(HEADER), " | ".join("---" for _ in HEADER)]
    out += [" | ".join(cells(row)) for row in rows]
    lines = [f"| {line} |" for line in out]
    lines += ["", "p/f/s/e: passed, failed, skipped, errors.", ""]
    for row in rows:
        lines.append(f"- {row.name}: {row.manifests or 'no manifest'}")
        for side, said in (("ours", row.ours), ("by hand", row.theirs)):
            lines += [f"  - {side}: {said}"] if isinstance(said, str) else []
        lines += [f"  - {note}" for note in row.notes]
    equal = sum(row.is_equal for row in rows)
    return "\n".join([*lines, "", f"{len(rows)} repositories, {equal} equal"])


def listed(arguments: Sequence[str]) -> list[str]:
    """Repositories, and those that text files list."""
    found: list[str] = []
    for argument in arguments:
        path = Path(argument.removeprefix("@"))
        if path.is_file():
            found += path.read_text("utf-8").split()
        else:
            found.append(argument)
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--work", type=Path, required=True, help="keeps what was built")
    parser.add_argument("--jobs", type=int, default=1, help="repositories at a time")
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    # Our own cache too: the first call is to find nothing.
    os.environ["XDG_CACHE_HOME"] = str(work / "cache")

    def one(source: str) -> Row:
        row = compare(source, work)
        said = [text for text in (row.ours, row.theirs) if isinstance(text, str)]
        print(" | ".join([*cells(row), *said]), file=sys.stderr, flush=True)
        return row

    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(one, listed(options.repositories)))
    print(table(rows))
    return 0 if all(row.is_equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
