"""Complexity: radon's mean cyclomatic complexity of the project's own code, A to F."""

import ast
import math
from codecs import BOM_UTF8
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from grader.checkers._base import (
    Bench,
    Command,
    Options,
    ToolChecker,
    nothing_to_measure,
    own_settings_finding,
    python_paths,
    refuse_unknown,
    relative,
    unparsable_findings,
)
from grader.checkers._culprits import CrashedOn
from grader.errors import CannotMeasure
from grader.model.measurement import Finding, Measured, NotApplicable, Quantity
from grader.model.snapshot import PythonModule, Snapshot
from grader.sandbox.run import ToolOutput

Letter = Literal["A", "B", "C", "D", "E", "F"]


class ComplexityOptions(Options):
    """Nothing to set: radon counts in one way."""


class _Block(BaseModel):
    """A function, method or class as radon reports it."""

    name: str
    lineno: int
    complexity: int
    rank: Letter
    type: Literal["function", "method", "class"]
    classname: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.classname}.{self.name}" if self.classname else self.name


class _Unread(BaseModel):
    error: str


_REPORT = TypeAdapter(dict[str, list[_Block] | _Unread])


_OWN_SETTINGS = (
    ("radon.cfg", ""),
    ("setup.cfg", "[radon]"),
    ("pyproject.toml", "[tool.radon]"),
)


class Complexity(ToolChecker[ComplexityOptions]):
    """How branched the project's own functions are.

    Why it matters
        Each branch of a function is a path to understand and to test. A function with
        more than ten of them is hard to read, to test and to change.

    How it is measured
        `radon cc` on the files below `src/` (without a `src/`: on the project's own
        modules, tests aside). Radon gives each function, method and class its
        cyclomatic complexity; their mean is ranked A (up to 5), B (to 10), C (to 20), D
        (to 30), E (to 40) or F, just as `radon cc -s -a` prints it. A file that radon
        can't read is counted as unparsable. If there are such files and no other holds
        a function, the rank is F. Radon reads
        settings from the folder that it is started in; here that is an empty one.

    What it does not see
        Code outside of functions and classes, which has no complexity to radon; how
        long or how deeply nested a function is; notebooks.

    How to fix
        Split the functions of rank C and worse: give each step of the work a function
        with a name of its own, return early, and replace chains of `if` by a
        dictionary.
    """

    id = "complexity"
    typical_s = 0.08
    source = "https://radon.readthedocs.io/en/latest/commandline.html#the-cc-command"
    tools = ("radon",)
    mending = "work"
    scope = "source"
    quantities = (
        Quantity("files", "files", "Python files that radon was given"),
        Quantity("blocks", "blocks", "functions, methods and classes in them"),
        Quantity(
            "mean_complexity",
            "paths",
            "mean cyclomatic complexity of the blocks; 0 if there are none",
            better="lower",
            ideal=1,
        ),
        Quantity(
            "rank",
            "ranks below A",
            "the mean's rank: 0 for A, 1 for B, … 5 for F; 5 as well if files can't be "
            "parsed and the others hold no block",
            better="lower",
            ideal=0,
            maximum=5,
        ),
        Quantity(
            "worst_complexity",
            "paths",
            "cyclomatic complexity of the worst block; 0 if there are none",
            better="lower",
        ),
        Quantity(
            "blocks_over_10",
            "blocks",
            "blocks with a complexity over 10: rank C or worse",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "parsable_files",
            "files",
            "the other files",
            better="higher",
            ideal="files",
        ),
        Quantity(
            "unparsable",
            "files",
            "files that Python or radon can't read",
            better="lower",
            ideal=0,
        ),
    )

    def reads(self, snapshot: Snapshot, options: ComplexityOptions) -> list[str]:
        return [*python_paths(snapshot), *(name for name, _ in _OWN_SETTINGS)]

    def command(
        self, snapshot: Snapshot, options: ComplexityOptions, bench: Bench
    ) -> Command | NotApplicable:
        if nothing := nothing_to_measure(snapshot, "source"):
            return nothing
        files = snapshot.source_files
        has_mark = any(
            (snapshot.root / path).read_bytes().startswith(BOM_UTF8) for path in files
        )
        return Command(
            argv=("radon", "cc", "--json"),
            # Python itself reads a file with a byte order mark.
            environment=(("RADONFILESENCODING", "utf-8-sig"),) if has_mark else (),
            plain=("radon", "cc", "-s", "-a"),
            files=snapshot.given("source"),
            fix=" ".join(("radon", "cc", "-s", "-n", "C", *snapshot.source_roots)),
            population=snapshot.describe("source"),
        )

    def parse(
        self, output: ToolOutput, snapshot: Snapshot, options: ComplexityOptions
    ) -> Measured | NotApplicable:
        return _measured(_read(output, snapshot), snapshot)

    def none_given(
        self, snapshot: Snapshot, options: ComplexityOptions
    ) -> Measured | NotApplicable:
        return _measured({}, snapshot)


def _measured(
    report: dict[str, list[_Block] | _Unread], snapshot: Snapshot
) -> Measured | NotApplicable:
    _refuse_crash(report, snapshot)
    modules = [snapshot.module(path) for path in snapshot.source_files]
    # Radon reads some of these all the same: it doesn't heed a coding comment.
    broken = [module for module in modules if module.problem]
    not_utf8: dict[str, str] = {}
    blocks: list[tuple[str, _Block]] = []
    for module in modules:
        match report.get(module.path):
            case _Unread(error=why) if module.problem is None:
                not_utf8[module.path] = why
            case list(found):
                blocks.extend((module.path, block) for block in found)
            case None if _has_block(module):
                raise CannotMeasure(f"radon: did not report on {module.path}.")
    unparsable = len(broken) + len(not_utf8)
    if not blocks and not unparsable:
        return _NO_BLOCKS
    numbers = [block.complexity for _, block in blocks]
    mean = sum(numbers) / len(numbers) if numbers else 0.0
    complex_ones = [(path, block) for path, block in blocks if block.rank > "B"]
    return Measured(
        values={
            "files": len(modules),
            "blocks": len(blocks),
            "mean_complexity": mean,
            "rank": rank(mean) if numbers else 5,
            "worst_complexity": max(numbers, default=0),
            "blocks_over_10": len(complex_ones),
            "parsable_files": len(modules) - unparsable,
            "unparsable": unparsable,
        },
        findings=(
            *unparsable_findings(broken),
            *(_not_utf8(path, why) for path, why in not_utf8.items()),
            *(
                _finding(path, block)
                for path, block in sorted(
                    complex_ones, key=lambda item: -item[1].complexity
                )
            ),
            *own_settings_finding(
                "radon",
                _OWN_SETTINGS,
                snapshot,
            ),
        ),
    )


_NO_BLOCKS = NotApplicable(
    reason="There is no function, method or class in the project's own Python files."
)


def rank(mean: float) -> int:
    """Radon's rank of a complexity, 0 for A to 5 for F (`radon.complexity.cc_rank`)."""
    if mean <= 5:
        return 0
    return min(math.ceil(mean / 10), 5)


def _read(output: ToolOutput, snapshot: Snapshot) -> dict[str, list[_Block] | _Unread]:
    # Radon ends with 0 on most errors, and prints them in place of its report.
    if output.exit_status != 0:
        raise refuse_unknown("radon", output, "ended in a way we don't know")
    try:
        printed = _REPORT.validate_json(output.stdout)
    except ValidationError as error:
        raise refuse_unknown(
            "radon", output, "did not print a report that we know"
        ) from error
    report = {relative(path, snapshot): found for path, found in printed.items()}
    if others := set(report) - set(snapshot.source_files):
        raise CannotMeasure(f"radon: reported on {min(others)}, which was not asked.")
    return report


def _refuse_crash(
    report: dict[str, list[_Block] | _Unread], snapshot: Snapshot
) -> None:
    # Radon reports its own crash on a file just as it reports a syntax error.
    crashes = {
        path: found.error
        for path, found in report.items()
        if isinstance(found, _Unread)
        if snapshot.module(path).problem is None
        if "codec can't decode" not in found.error
    }
    if crashes:
        raise CrashedOn("radon", crashes)


def _has_block(module: PythonModule) -> bool:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = ast.walk(module.tree) if module.tree else ()
    return any(isinstance(node, definitions) for node in nodes)


def _not_utf8(path: str, why: str) -> Finding:
    return Finding(
        rule="unparsable",
        message=f"radon reads only UTF-8, and can't read this file: {why}",
        path=path,
        severity="error",
        fix="Save the file as UTF-8.",
    )


def _finding(path: str, block: _Block) -> Finding:
    return Finding(
        rule=f"rank-{block.rank}",
        message=f"The {block.type} {block.full_name} has a cyclomatic complexity of "
        f"{block.complexity} (rank {block.rank}).",
        path=path,
        line=block.lineno,
        fix="Split it into functions with one task each.",
    )
