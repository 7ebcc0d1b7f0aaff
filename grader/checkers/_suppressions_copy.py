"""A copy of a repository's Python as if nobody had written the comments of one kind."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from tokenize import detect_encoding

from grader.checkers._base import Bench
from grader.checkers._suppressions_comments import Kind, without
from grader.model.snapshot import Snapshot


def stripped(
    kind: Kind, marked: Collection[str], snapshot: Snapshot, bench: Bench
) -> Snapshot:
    """A copy of the repository's Python without the comments of one kind.

    With all its folders: what a folder is called tells isort and pylint which modules are
    the project's own.
    """
    root = bench.scratch / f"without-{kind}"
    for path in snapshot.files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    copied = [path for path in snapshot.files if path.endswith((".py", ".pyi"))]
    for path in copied:
        if path in marked:
            _write_without(kind, snapshot.root / path, root / path)
        else:
            _link(snapshot.root / path, root / path)
    return Snapshot(
        root=root.resolve(),
        name=snapshot.name,
        files=snapshot.files,
        withheld=snapshot.withheld,
        refused=snapshot.refused,
    )


def _write_without(kind: Kind, source: Path, target: Path) -> None:
    raw = source.read_bytes()
    try:
        with source.open("rb") as stream:
            encoding, _ = detect_encoding(stream.readline)
        text = raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        target.write_bytes(without(text, kind).encode(encoding))
    except (SyntaxError, ValueError, LookupError):
        # What Python can't read no tool reads: as it is, on both sides.
        target.write_bytes(raw)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
