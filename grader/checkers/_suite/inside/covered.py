"""Tells which jumps from line to line coverage has seen."""

from __future__ import annotations

import os
import sys

from .channel import plain

MYPY = False
if MYPY:
    from coverage import Coverage

    from .channel import Send

# Jumps in one event.
_MAX = 5_000


def send_covered(coverage: Coverage, root: str, send: Send) -> None:
    """Send those of each Python file below `root`; nothing where the data can't be read."""
    exceptions = sys.modules["coverage.exceptions"]
    try:
        data = coverage.get_data()
        measured = {file: data.arcs(file) for file in data.measured_files()}
    except (OSError, exceptions.CoverageException):
        # Without `coverage-ended` it is known that there is none.
        return
    for file, found in sorted(measured.items()):
        path = os.path.relpath(os.path.realpath(file), root)
        if path.startswith("..") or not path.endswith(".py") or len(path) > 4096:
            continue
        path = plain(path.replace(os.sep, "/"))
        arcs = [number for arc in sorted(found or ()) for number in arc]
        for start in range(0, len(arcs), 2 * _MAX):
            send("coverage", {"file": path, "arcs": arcs[start : start + 2 * _MAX]})
    send("coverage-ended", {"has_branches": bool(data.has_arcs())})
