"""Does each of our numbers equal what the tool's own command line prints?

    python benchmarks/parity.py REPOSITORY [REPOSITORY ...] [--python INTERPRETER] [--skip-tests]

Every repository is measured by the program, and beside it the tools are called as a person
would: in a plain copy of the same files, with the configuration that the report states, reading
the summary that each tool prints for people, which our own parsers never look at. One table row
per number; the exit code is 1 when a single one differs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from grader.checkers._registry import installed
from grader.engine.capture import capture
from grader.engine.measure import Unwatched, Workshop, measure
from grader.environment.given import GivenInterpreter
from grader.model.measurement import Failed, Measured, Measurement
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item, LimitsRule
from grader.sandbox.choose import Boxes

# pylint with nothing but what lies in the folder that is its first argument. `python -S` has
# no `exit`, `help` and `copyright`: to pylint they are undefined there. And `python -c` looks
# for modules where it stands, which the command `pylint` doesn't: a folder `wandb` of a
# project's runs would be taken for the package.
ONLY_PYLINT = (
    *(sys.executable, "-S", "-s", "-E", "-c"),
    "import sys, site; site.setquit(); site.sethelper(); site.setcopyright(); "
    "sys.path[:] = [*sys.path[1:], sys.argv.pop(1)]; "
    "from pylint import run_pylint; run_pylint()",
)


@dataclass(frozen=True)
class Row:
    """One number as we measured it and as the tool's own command line says it."""

    check: str
    number: str
    ours: float | str
    theirs: float | str

    @property
    def is_equal(self) -> bool:
        """Equal to the digits that the command line prints."""
        if isinstance(self.ours, str) or isinstance(self.theirs, str):
            return self.ours == self.theirs
        return abs(self.ours - self.theirs) < 1e-9


@dataclass
class Place:
    """A copy of the repository where the tools are run by hand."""

    snapshot: Snapshot
    folder: Path
    python: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> str:
        """An empty configuration file."""
        file = self.folder.parent / "empty.cfg"
        file.touch()
        return str(file)

    def tool(self, *arguments: str, files: Sequence[str] = ()) -> tuple[str, str, int]:
        """Run a console script of the grader's environment at the copy's top."""
        return self.run([sys.executable, "-m", *arguments, *map(_typed, files)])

    def run(self, argv: Sequence[str], cwd: Path | None = None) -> tuple[str, str, int]:
        """Run anything at the copy's top; standard output, standard error, exit status."""
        done = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return done.stdout, done.stderr, done.returncode


def _typed(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


def number(pattern: str, text: str, default: float = 0) -> float:
    """The first group of a pattern as a number."""
    found = re.search(pattern, text)
    return float(found[1]) if found else default


def codes(measured: Measured, pattern: str = ".*") -> str:
    """`E302 5, W291 2`: the findings per rule."""
    rules = [f.rule for f in measured.findings if f.severity != "info"]
    counts = Counter(rule for rule in rules if re.fullmatch(pattern, rule))
    return ", ".join(f"{rule} {n}" for rule, n in sorted(counts.items()))


def formatting(place: Place, ours: Measured) -> Iterator[Row]:
    """black's own summary line."""
    command = ("black", "--check", "--config", place.empty)
    _, said, _ = place.tool(*command, files=place.snapshot.python_files)
    would = number(r"(\d+) files? would be reformatted", said)
    fail = number(r"(\d+) files? would fail to reformat", said)
    yield Row("formatting", "would reformat", ours.values["files_to_change"], would)
    yield Row("formatting", "would fail", ours.values["unparsable"], fail)


def imports(place: Place, ours: Measured) -> Iterator[Row]:
    """One line of isort's per file; a file that doesn't parse is not compliant for us."""
    command = ("isort", "--check-only", "--settings-file", place.empty)
    _, said, _ = place.tool(*command, files=place.snapshot.python_files)
    named = {
        re.sub(r"^ERROR: (.+?) Imports are incorrectly.*$", r"\1", line)
        for line in said.splitlines()
        if line.startswith("ERROR: ")
    }
    broken = {str(place.folder / m.path) for m in place.snapshot.unparsable("all")}
    named = {str(place.folder / name) for name in named}
    yield Row(
        "imports", "to change", ours.values["files_to_change"], len(named - broken)
    )


def lint(place: Place, ours: Measured) -> Iterator[Row]:
    """flake8's own statistics."""
    command = ("flake8", "--isolated", "--extend-ignore=G,LOG", "--statistics", "-qq")
    said, _, _ = place.tool(*command, files=place.snapshot.python_files)
    lines = re.findall(r"(?m)^(\d+)\s+([A-Z]+\d+)", said)
    theirs = ", ".join(f"{code} {n}" for n, code in sorted(lines, key=lambda x: x[1]))
    yield Row("lint", "per code", codes(ours, r"[EWFC]\d+"), theirs)
    yield Row(
        "lint", "violations", ours.values["violations"], sum(int(n) for n, _ in lines)
    )


def logging(place: Place, ours: Measured) -> Iterator[Row]:
    """flake8's own statistics for the two logging plugins."""
    command = ("flake8", "--isolated", "--select=LOG,G", "--statistics", "-qq")
    said, _, _ = place.tool(*command, files=place.snapshot.python_files)
    lines = re.findall(r"(?m)^(\d+)\s+(LOG|G)\d+", said)
    for family, name in (("G", "g_violations"), ("LOG", "log_violations")):
        theirs = sum(int(n) for n, found in lines if found == family)
        yield Row("logging", family, ours.values[name], theirs)


def pylint(place: Place, ours: Measured) -> Iterator[Row]:
    """pylint's text report, in an environment that holds nothing but pylint."""
    only = place.folder.parent / "only-pylint"
    only.mkdir()
    link_distribution("pylint", only)
    options = ("--rcfile", place.empty, "--persistent=n", "--disable=import-error")
    said, _, _ = place.run(
        [
            *(*ONLY_PYLINT, str(only), *options, "--py-version=3.11"),
            *map(_typed, place.snapshot.source_files),
        ]
    )
    rated = number(r"Your code has been rated at (-?[\d.]+)/10", said)
    yield Row("pylint", "score", round(float(ours.values["score"]), 2), rated)
    messages = re.findall(r"(?m)^\S.*?:\d+:\d+: ([CRWEF]\d{4}): ", said)
    yield Row("pylint", "messages", ours.values["messages"], len(messages))


def link_distribution(name: str, folder: Path) -> None:
    """Put a distribution and all it needs into a folder, as links to where they are."""
    distribution = metadata.distribution(name)
    tops = {
        Path(file.parts[0])
        for file in distribution.files or ()
        if ".." not in file.parts
    }
    for top in tops:
        if not (folder / top).exists():
            (folder / top).symlink_to(
                Path(str(distribution.locate_file(top))).resolve()
            )
    for line in distribution.requires or ():
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            link_distribution(needed.name, folder)


def complexity(place: Place, ours: Measured) -> Iterator[Row]:
    """radon's closing lines."""
    # From elsewhere: radon reads the radon.cfg and setup.cfg of the folder it stands in.
    files = [str(place.folder / path) for path in place.snapshot.source_files]
    command = [sys.executable, "-m", "radon", "cc", "-s", "-a", *files]
    said, _, _ = place.run(command, cwd=place.folder.parent)
    mean = number(r"Average complexity: \w+ \(([\d.]+)\)", said)
    blocks = number(r"(\d+) blocks", said)
    # radon prints the full mean; the sum of the same numbers may differ in the last bit.
    yield Row(
        "complexity", "mean", round(ours.values["mean_complexity"], 9), round(mean, 9)
    )
    yield Row("complexity", "blocks", ours.values["blocks"], blocks)


def secrets(place: Place, ours: Measured) -> Iterator[Row]:
    """detect-secrets' own JSON on the same list of files, without others' code."""
    files = [
        path
        for path in place.snapshot.files
        if not path.endswith(".secrets.baseline")
        and place.snapshot.foreign(path) in (None, "build output")
        and (place.folder / path).stat().st_size <= 1024 * 1024
    ]
    options = ("--no-verify", "--exclude-files", r"\.ipynb$")
    said, _, _ = place.tool("detect_secrets", "scan", *options, files=files)
    found = sum(len(hits) for hits in json.loads(said)["results"].values())
    yield Row("secrets", "secrets", ours.values["secrets"], found)


def docstrings(place: Place, ours: Measured) -> Iterator[Row]:
    """pydocstyle's own count."""
    options = ("--config", place.empty, "--match", r".*\.py", "--match-dir", ".*")
    command = ("pydocstyle", *options, "--count")
    said, warned, _ = place.tool(*command, files=place.snapshot.source_files)
    last = said.strip().splitlines()[-1:] or ["0"]
    # Its count includes each file that it dropped with a warning.
    dropped = len(re.findall(r"(?m)^WARNING: Error in file", warned))
    yield Row(
        "docstrings", "violations", ours.values["violations"], float(last[0]) - dropped
    )


def error_handling(place: Place, ours: Measured) -> Iterator[Row]:
    """The keyword `try`, counted by the tokenizer in the files that parse."""
    broken = {module.path for module in place.snapshot.unparsable("source")}
    count = 0
    for path in set(place.snapshot.source_files) - broken:
        with tokenize.open(place.folder / path) as file:
            tokens = tokenize.generate_tokens(file.readline)
            count += sum(t.type == tokenize.NAME and t.string == "try" for t in tokens)
    yield Row("error-handling", "try blocks", ours.values["try_blocks"], count)


def file_presence(place: Place, ours: Measured) -> Iterator[Row]:
    """The seven names, by looking; a link is there, wherever it leads."""
    alternatives = (
        ("README.md", "README.rst", "README.txt", "README"),
        tuple(
            f"{folder}config.{end}"
            for folder in ("", "conf/", "configs/", "config/")
            for end in ("yaml", "yml")
        ),
        ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"),
        ("tests", "test"),
        (".gitignore",),
        ("logs",),
        ("models", "models.dvc"),
    )
    linked = {
        part.as_posix()
        for one in place.snapshot.left_out
        for part in (Path(one.path), *Path(one.path).parents)
    }
    there = sum(
        any((place.folder / name).exists() or name in linked for name in names)
        for names in alternatives
    )
    values = ours.values
    found = values["found"] + values["placeholder_folders"] + values["empty_files"]
    yield Row("file-presence", "there", found, there)


SUMMARY = r"(\d+) {}"


def coverage(place: Place, ours: Measured) -> Iterator[Row]:
    """pytest's summary line, and the percentage of coverage's own JSON without branches."""
    roots = [
        f"--cov={root.removesuffix('.py')}" for root in place.snapshot.source_roots
    ]
    settings = place.folder.parent / "coverage.cfg"
    settings.write_text("[report]\ninclude_namespace_packages = true\n")
    report = place.folder.parent / "coverage.json"
    said, _, _ = place.run(
        [
            *(place.python, "-m", "pytest", "-p", "no:cacheprovider", "-o", "addopts="),
            *("--continue-on-collection-errors", *roots, f"--cov-config={settings}"),
            *(f"--cov-report=json:{report}", "--color=no"),
        ]
    )
    summary = said.strip().splitlines()[-1] if said.strip() else ""
    for word in ("passed", "failed", "skipped", "xfailed"):
        theirs = number(rf"(\d+) {word}", summary)
        yield Row("coverage", word, ours.values[word], theirs)
    errors = ours.values["errors"] + ours.values["collection_errors"]
    yield Row("coverage", "errors", errors, number(r"(\d+) errors?", summary))
    if report.exists() and set(place.snapshot.source_roots) == {"src"}:
        files = json.loads(report.read_text())["files"]
        covered = sum(one["summary"]["covered_lines"] for one in files.values())
        statements = sum(one["summary"]["num_statements"] for one in files.values())
        theirs = round(100 * covered / statements, 2) if statements else 0
        mine = round(100 * float(ours.values["coverage"]), 2)
        yield Row("coverage", "line coverage %", mine, theirs)


THEIRS = {
    "formatting": formatting,
    "imports": imports,
    "lint": lint,
    "logging": logging,
    "pylint": pylint,
    "complexity": complexity,
    "secrets": secrets,
    "docstrings": docstrings,
    "file-presence": file_presence,
    "error-handling": error_handling,
    "coverage": coverage,
}


def compare(source: str, python: str, skip: Sequence[str] = ()) -> list[Row]:
    """Every row for one repository."""
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        work = Path(name).resolve()
        snapshot = capture(source, work).snapshot
        checks = [check for check in THEIRS if check not in skip]
        items = [Item(checker=check, score="0") for check in checks]
        limits = LimitsRule(test_seconds=1200)
        # Signals compare with nothing of the tools' own.
        workshop = Workshop(
            work, limits, GivenInterpreter(python), Boxes("auto"), extra_runs=False
        )
        found = measure(snapshot, items, installed().checkers, workshop, Unwatched())
        copy = work / "by-hand" / "copy"
        _copy(snapshot, copy)
        home = work / "by-hand" / "home"
        home.mkdir()
        kept = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
        settled = {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", "COLUMNS": "200"}
        place = Place(snapshot, copy, python, {**kept, **settled})
        rows: list[Row] = []
        for check in checks:
            rows += _rows(check, found[check], place)
        return rows


def _rows(check: str, measurement: Measurement, place: Place) -> list[Row]:
    match measurement.outcome:
        case Measured() as measured:
            return list(THEIRS[check](place, measured))
        case Failed(reason=reason):
            return [Row(check, "not graded", reason, "a number")]
        case _:
            return []


def _copy(snapshot: Snapshot, folder: Path) -> None:
    for path in snapshot.files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((snapshot.root / path).read_bytes())
    folder.mkdir(parents=True, exist_ok=True)


def show(results: Mapping[str, Sequence[Row]]) -> int:
    """Print the table; the number of rows that differ."""
    wrong = 0
    for name, rows in results.items():
        print(f"\n{name}")
        for row in rows:
            sign = "=" if row.is_equal else "≠"
            wrong += not row.is_equal
            print(f"  {sign} {row.check:15} {row.number:16} {row.ours} | {row.theirs}")
    total = sum(map(len, results.values()))
    print(f"\n{total} numbers in {len(results)} repositories, {wrong} differ")
    return wrong


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--python", default=sys.executable, help="runs the tests")
    parser.add_argument("--skip-tests", action="store_true")
    options = parser.parse_args()
    skip = ("coverage",) if options.skip_tests else ()
    results = {
        source: compare(source, options.python, skip) for source in options.repositories
    }
    return 1 if show(results) else 0


if __name__ == "__main__":
    sys.exit(main())
