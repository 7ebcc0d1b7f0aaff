"""Results that a workflow handed over: read as what a stranger wrote, or refused.

On a pull request from a fork the result was made by the fork's own workflow, and the job that
reads it holds a token. So it must be small, plain JSON, a report by our model, and one whose
numbers follow from each other. That makes it safe to show, not true: whoever wrote it can
make up a whole report that adds up.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from math import fsum, isfinite
from pathlib import Path
from typing import Final, NoReturn

from grader.errors import GradeError
from grader.model.report import ManualCheck, Report, ReportCheck
from grader.model.score import DimensionScore, ItemScore, mark_of
from grader.reporting.json import load_report
from grader.scoring.comparison import adds_up

MAX_BYTES: Final = 10 * 1024 * 1024
# Ours are at most 12 deep.
MAX_DEPTH = 40
# No count, size or duration of a repository comes near; beyond it sums lose their digits.
LARGEST = 10**15
# Shares and marks are settled to nine digits when they are made.
_NEAR = 1e-6
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHARES = frozenset({"share", "0..1"})
_HINT = "Take the file as `mlops-grade grade . --report json=FILE` wrote it."

Row = ReportCheck | ManualCheck


def read_artifact(file: Path) -> Report:
    """The report in a file that somebody else may have written.

    Raises `GradeError`, with the file's name and the reason, for everything else.
    """
    return parse_artifact(_read(file), str(file))


def parse_artifact(raw: bytes, source: str) -> Report:
    """The report that these bytes are; `source` names them in errors."""
    if len(raw) > MAX_BYTES:
        _refuse(source, f"it is larger than {MAX_BYTES // 2**20} MiB")
    _check_json(raw, source)
    report = load_report(raw, source)
    for why in _contradictions(report):
        _refuse(source, why)
    return report


def check_commit(report: Report, commit: str, source: str) -> None:
    """Raise `GradeError` unless the report is of this commit: it speaks for no other one."""
    stated = report.repository.commit
    if stated != commit:
        is_hash = stated is not None and _COMMIT.fullmatch(stated)
        of = f"commit {stated[:12]}" if stated and is_hash else "no commit"
        _refuse(
            source,
            f"it is of {of}, and the pull request is at {commit[:12]}",
            "Check out the pull request's own head before grading, not the merge that "
            "GitHub makes of it: ref: ${{ github.event.pull_request.head.sha }}",
        )


def _refuse(source: str, why: str, hint: str = _HINT) -> NoReturn:
    raise GradeError(f"{source}: refused: {why}.", hint=hint)


def _read(file: Path) -> bytes:
    # No link is followed and nothing waits: an archive may hold more than plain files.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(file, flags | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                _refuse(str(file), "it is no plain file")
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GradeError(f'cannot read "{file}": {error.strerror}.') from error


def _check_json(raw: bytes, source: str) -> None:
    """Refuse what readers of JSON take differently, or can be brought down with."""

    def no_constant(text: str) -> NoReturn:
        _refuse(source, f"{text} is no number of JSON")

    def whole(text: str) -> int:
        if len(text) > 17:
            _refuse(source, f"a number has {len(text)} digits")
        number = int(text)
        if abs(number) > LARGEST:
            _refuse(source, f"the number {text} is too large")
        return number

    def broken(text: str) -> float:
        number = float(text) if len(text) <= 64 else float("inf")
        if not isfinite(number) or abs(number) > LARGEST:
            _refuse(source, "a number is too large")
        return number

    def keys_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            _refuse(source, "a key stands twice in one object")
        return found

    try:
        text = raw.decode("utf-8-sig")
        if _depth(text) > MAX_DEPTH:
            _refuse(source, f"it is nested more than {MAX_DEPTH} deep")
        json.loads(
            text,
            parse_constant=no_constant,
            parse_int=whole,
            parse_float=broken,
            object_pairs_hook=keys_once,
        )
    except UnicodeDecodeError as error:
        _refuse(source, f"it is not UTF-8 (at byte {error.start})")
    except json.JSONDecodeError as error:
        _refuse(
            source, f"it is not JSON: {error.msg}, line {error.lineno}:{error.colno}"
        )


_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|$)', re.DOTALL)


def _depth(text: str) -> int:
    """How deep brackets go, outside strings: before a reader goes down after them."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _contradictions(report: Report) -> Iterator[str]:
    """Sentences on what in a report doesn't follow from the rest of it; none for ours."""
    rows: tuple[Row, ...] = (*report.checks, *report.manual)
    by_id = {row.id: row for row in rows}
    results = {result.item: result for result in report.grade.items}
    if len(by_id) < len(rows) or len(results) < len(report.grade.items):
        yield "two checks have one id"
    if results != {row.id: row.result for row in rows} or any(
        row.id != row.result.item for row in rows
    ):
        yield "its grade and its checks have other marks"
        return
    if fsum(row.weight_share for row in rows) > 1 + _NEAR:
        yield "the weights of its checks are more than the whole rubric"
    graded = [row for row in rows if mark_of(row.result) is not None]
    share = fsum(row.weight_share for row in graded)
    if abs(min(1.0, share) - report.grade.measured_share) > _NEAR:
        yield "the share of the rubric that it says is graded is another"
    if not adds_up(report):
        yield "its total is not what its marks come to"
    inside: dict[str, list[Row]] = {}
    for row in rows:
        inside.setdefault(row.dimension, []).append(row)
    for dimension in report.grade.dimensions:
        yield from _of_dimension(dimension, inside.pop(dimension.id, []))
    if inside:
        yield "a check is in a dimension that is not there, or is there twice"
    for row in rows:
        yield from _of_row(row)
    for fix in report.fixes:
        fixed = by_id.get(fix.item)
        if fixed is None or mark_of(fixed.result) != fix.mark_now:
            yield "it says of a fix another mark than the check has"
        if not 0 <= fix.gain <= 10:
            yield "it promises more than all points for a fix"


def _of_dimension(dimension: DimensionScore, rows: Sequence[Row]) -> Iterator[str]:
    parts = [
        (row.weight_share, mark)
        for row in rows
        if (mark := mark_of(row.result)) is not None
    ]
    weight = fsum(share for share, _ in parts)
    mark = fsum(share * mark for share, mark in parts) / weight if weight else None
    if (mark is None) != (dimension.mark is None) or (
        mark is not None
        and dimension.mark is not None
        and abs(mark - dimension.mark) > _NEAR
    ):
        yield "the mark of a dimension is not what its checks come to"


def _of_row(row: Row) -> Iterator[str]:
    if isinstance(row.result, ItemScore):
        held = min(10.0, max(0.0, row.result.trace.value))
        if abs(held - row.result.mark) > _NEAR:
            yield "a mark is not what its formula came to"
    if isinstance(row, ReportCheck):
        for line in row.quantities:
            if line.unit in _SHARES and not 0 <= line.value <= 1:
                yield "a share is not between 0 and 1"
