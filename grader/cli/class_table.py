"""A class's result on a terminal."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.model.classroom import ClassResult, GroupLine
from grader.reporting import numbers, words
from grader.reporting.clean import clean


def show_class(result: ClassResult, folder: Path, out: Console) -> None:
    """The groups by rank, those that could not be graded, and where the files are."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("rank", justify="right")
    table.add_column("group", overflow="fold")
    table.add_column("total", justify="right")
    table.add_column("", overflow="fold")
    for line in sorted(result.lines, key=_order):
        grade = line.grade
        if grade is None or grade.total is None:
            continue
        table.add_row(
            str(line.rank or "–"),
            Text(clean(line.group.name)),
            numbers.mark(grade.total),
            Text(_remarks(line), "yellow" if not grade.is_final else ""),
        )
    out.print(table)
    for line in result.lines:
        if line.grade is None or line.grade.total is None:
            why = line.trouble.reason if line.trouble else "nothing could be graded"
            hint = f" {line.trouble.hint}" if line.trouble and line.trouble.hint else ""
            out.print(
                Text(clean(f"{line.group.name}: not graded: {why}{hint}"), "yellow")
            )
    for refused in result.record.refused:
        out.print(Text(clean(f"row {refused.row}: {refused.reason}"), "yellow"))
    out.print(Text(clean(f"Written: {folder / 'index.html'}, grades.xlsx")))


def _order(line: GroupLine) -> tuple[int, str]:
    return line.rank or sys.maxsize, line.group.name


def _remarks(line: GroupLine) -> str:
    grade = line.grade
    if grade is None:
        return ""
    remarks = [] if grade.is_final else [words.state(grade)]
    if grade.measured_share < 1:
        remarks.append(f"over {numbers.percent(grade.measured_share)} of the rubric")
    if grade.is_adjusted:
        remarks.append("adjusted by hand")
    if line.signals:
        remarks.append(f"please look: {line.signals}")
    return ", ".join(remarks)
