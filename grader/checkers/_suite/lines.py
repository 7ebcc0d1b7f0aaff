"""Which statements and branches of the source ran, counted by coverage's own analysis."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from coverage import Coverage
from coverage.exceptions import CoverageException

from grader.model.parsing import PARSING
from grader.model.snapshot import Snapshot

# Jumps from line to line by file; a negative line is the end or the start of a function.
Arcs = Mapping[str, Collection[tuple[int, int]]]


@dataclass(frozen=True)
class FileLines:
    """One source file in numbers. `never_run` are line ranges as coverage prints them.

    `excluded` are lines that coverage leaves out of the statements (`pragma: no
    cover`). `covered` are the statements' lines that ran. `beyond_end` is how many jumps
    were told to or from lines that the file hasn't got.
    """

    path: str
    statements: int
    covered_statements: int
    branches: int
    covered_branches: int
    excluded: int
    never_run: str
    covered: frozenset[int] = frozenset()
    beyond_end: int = 0

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


def read_lines(
    arcs: Arcs | None, sources: Sequence[str], snapshot: Snapshot
) -> SourceLines:
    """The source files' lines: what the tests ran of what is in the snapshot.

    Which statements and branches there are is read from the snapshot by coverage's own
    analysis, whatever the tests did to their copy. `arcs` are the jumps from line to line
    that the tests told; None, or no entry for a file, means that nothing ran.
    """
    files: list[FileLines] = []
    unparsable: list[str] = []
    for path in sources:
        file = _analysed(path, (arcs or {}).get(path, frozenset()), snapshot)
        if file is None:
            unparsable.append(path)
        else:
            files.append(file)
    return SourceLines(tuple(files), tuple(unparsable))


def _analysed(
    path: str, arcs: Collection[tuple[int, int]], snapshot: Snapshot
) -> FileLines | None:
    # Only parsed, nothing in it runs. The interpreter is ours and may know another
    # grammar than the one of the tests.
    if snapshot.module(path).problem is not None:
        return None
    end = snapshot.module(path).line_count
    possible = [(a, b) for a, b in arcs if abs(a) <= end and abs(b) <= end]
    file = str(snapshot.root / path)
    coverage = Coverage(data_file=None, branch=True, config_file=False)
    # Also without one: with none recorded it would not look for branches.
    coverage.get_data().add_arcs({file: possible})
    try:
        with PARSING:
            _, statements, excluded, missing, ranges = coverage.analysis2(file)
            exits = coverage.branch_stats(file)
    except (CoverageException, RecursionError, MemoryError):
        return None
    return FileLines(
        path=path,
        statements=len(statements),
        covered_statements=len(statements) - len(missing),
        branches=sum(total for total, _ in exits.values()),
        covered_branches=sum(taken for _, taken in exits.values()),
        excluded=len(excluded),
        never_run=ranges,
        covered=frozenset(statements) - frozenset(missing),
        beyond_end=len(arcs) - len(possible),
    )
