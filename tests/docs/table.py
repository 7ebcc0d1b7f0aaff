"""Markdown tables."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, without a newline at its end, nor a column with nothing in it."""
    filled = list(rows)
    used = [at for at in range(len(head)) if any(row[at] for row in filled)]
    titles, *lines = ([row[at] for at in used] for row in (head, *filled))
    return "\n".join([_row(titles), "|" + "---|" * len(used), *map(_row, lines)])


def code(text: str) -> str:
    """A word or a command as code."""
    return f"`{text}`"


def _row(cells: Sequence[str]) -> str:
    # A bar ends a cell, also within code.
    inner = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(inner)} |"
