"""Which statements of the source ran: coverage's report, its parser for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import CoverageException
from coverage.results import format_lines
from pydantic import BaseModel, NonNegativeInt, ValidationError

from grader.errors import CannotMeasure
from grader.model.snapshot import Snapshot

# Below this share of its statements a file is named.
POOR = 0.5


@dataclass(frozen=True)
class FileLines:
    """One source file in numbers. `never_run` are line ranges as coverage prints them.

    `excluded` are lines that coverage leaves out of the statements (`pragma: no
    cover`).
    """

    path: str
    statements: int
    covered_statements: int
    branches: int
    covered_branches: int
    excluded: int
    never_run: str

    @property
    def share(self) -> float:
        """Share of the statements that ran, 0..1; 1 for a file without statements."""
        if not self.statements:
            return 1.0
        return self.covered_statements / self.statements


@dataclass(frozen=True)
class SourceLines:
    """Every source file, once: in `files`, or in `unparsable`."""

    files: tuple[FileLines, ...] = ()
    unparsable: tuple[str, ...] = ()

    def total(self, name: str) -> int:
        """The sum of one of the numbers over the files."""
        return sum(getattr(file, name) for file in self.files)


class _Meta(BaseModel):
    branch_coverage: bool


class _Summary(BaseModel):
    num_statements: NonNegativeInt
    covered_lines: NonNegativeInt
    excluded_lines: NonNegativeInt
    num_branches: NonNegativeInt = 0
    covered_branches: NonNegativeInt = 0


class _File(BaseModel):
    summary: _Summary
    executed_lines: list[int]
    missing_lines: list[int]


class _Report(BaseModel):
    meta: _Meta
    files: dict[str, _File]


def read_lines(
    report: bytes | None, sources: Sequence[str], snapshot: Snapshot, copy: Path
) -> SourceLines:
    """The source files' lines, from the report or, for those it hasn't, as never run.

    Coverage leaves out what it can't parse and what can't be imported by its name
    (`my.script.py`). `None` for the report means that nothing ran. Raises
    `CannotMeasure` for a report that isn't coverage's.
    """
    reported = _reported(report, copy) if report is not None else {}
    files: list[FileLines] = []
    unparsable: list[str] = []
    for path in sources:
        file = reported.get(path) or _never_run(path, snapshot)
        if file is None:
            unparsable.append(path)
        else:
            files.append(file)
    return SourceLines(tuple(files), tuple(unparsable))


def _reported(report: bytes, copy: Path) -> Mapping[str, FileLines]:
    try:
        parsed = _Report.model_validate_json(report)
    except ValidationError as error:
        reason = str(error).partition("\n")[0]
        raise CannotMeasure(f"coverage: its report can't be read: {reason}") from error
    # We always ask for branches. A report without them is one where nothing ran at all.
    if not parsed.meta.branch_coverage:
        if any(file.executed_lines for file in parsed.files.values()):
            raise CannotMeasure("coverage: its report has no branches.")
        return {}
    found: dict[str, FileLines] = {}
    for name, file in parsed.files.items():
        path = name.replace("\\", "/").removeprefix(f"{copy.as_posix()}/")
        numbers = file.summary
        if (
            numbers.covered_lines > numbers.num_statements
            or numbers.covered_branches > numbers.num_branches
        ):
            raise CannotMeasure(f"coverage: more of {path} ran than there is.")
        found[path] = FileLines(
            path=path,
            statements=numbers.num_statements,
            covered_statements=numbers.covered_lines,
            branches=numbers.num_branches,
            covered_branches=numbers.covered_branches,
            excluded=numbers.excluded_lines,
            never_run=format_lines(
                {*file.executed_lines, *file.missing_lines}, file.missing_lines
            ),
        )
    return found


def _never_run(path: str, snapshot: Snapshot) -> FileLines | None:
    # Only parsed, nothing in it runs. The interpreter is ours and may know another
    # grammar than the one of the tests; that matters for files that no test reaches.
    if snapshot.module(path).problem is not None:
        return None
    file = str(snapshot.root / path)
    coverage = Coverage(data_file=None, branch=True, config_file=False)
    # No transitions at all: with none recorded it would not look for branches.
    coverage.get_data().add_arcs({file: []})
    try:
        _, statements, excluded, _, ranges = coverage.analysis2(file)
        exits = coverage.branch_stats(file)
    except (CoverageException, RecursionError, MemoryError):
        return None
    return FileLines(
        path=path,
        statements=len(statements),
        covered_statements=0,
        branches=sum(total for total, _ in exits.values()),
        covered_branches=0,
        excluded=len(excluded),
        never_run=ranges,
    )
