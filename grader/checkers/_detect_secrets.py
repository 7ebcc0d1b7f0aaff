"""Runs detect-secrets and reads what it prints, without ever keeping a secret."""

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from pydantic import BaseModel, ValidationError

from grader.checkers._base import Bench, Command, execute
from grader.errors import CannotMeasure
from grader.model.snapshot import MAX_FILE_BYTES, Snapshot
from grader.sandbox.run import ToolOutput

# The list of its findings that a project may keep.
BASELINE = ".secrets.baseline"

# Scanned with every repository: detect-secrets says nothing about a clean file, and
# only this tells that it has worked. In two pieces, so that it is no finding in our own
# code.
_SAMPLE = ".mlops-grade-sample"
_SAMPLE_TEXT = "aws_key = 'AKIA" + "Q3EGRZ5KW2MLOPS7'\n"

# Folders and files in a command line that is shown.
_MOST_TYPED = 20


@dataclass(frozen=True, order=True)
class Secret:
    """What may be told of a secret: its file, its type, and a hash of it."""

    path: str
    type: str
    hashed: str


class _Entry(BaseModel):
    type: str
    hashed_secret: str
    line_number: int | None = None


class Baseline(BaseModel):
    """detect-secrets' own format: of what it prints, and of baselines."""

    results: dict[str, list[_Entry]]

    def secrets(self) -> dict[Secret, int | None]:
        """Each secret with a line that it stands on, from 1, where that is known."""
        return {
            Secret(PurePath(path).as_posix(), one.type, one.hashed_secret): (
                one.line_number
            )
            for path, entries in self.results.items()
            for one in entries
        }


def scan_command(*, unmasked: bool) -> Command:
    """Scan the folder that it stands in; `unmasked`: with the allowlisted lines."""
    allowlist = "detect_secrets.filters.allowlist.is_line_allowlisted"
    return Command(
        argv=(
            # By default it tries the keys that it finds, over the network.
            *("detect_secrets", "-c", "1", "scan", "--all-files", "--no-verify"),
            *(("--disable-filter", allowlist) if unmasked else ()),
        ),
        files=(".",),
        # A file that isn't below the working directory is passed over in silence.
        in_repository=True,
    )


def scan(
    command: Command, files: Sequence[str], snapshot: Snapshot, bench: Bench
) -> dict[Secret, int | None]:
    """The secrets in `files`, each with a line that it stands on, where known.

    Our sample is scanned with them, also where there are none.
    """
    output, sample = _run(command, files, snapshot, bench)
    return read_scan(output, files, sample)


def _run(
    command: Command, files: Sequence[str], snapshot: Snapshot, bench: Bench
) -> tuple[ToolOutput, str]:
    """Run the command on a folder that holds just these files and our sample."""
    with tempfile.TemporaryDirectory(dir=bench.scratch) as name:
        folder = Path(name).resolve()
        for path in files:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(snapshot.root / path, target)
            except OSError:  # another file system, or one without links
                shutil.copyfile(snapshot.root / path, target)
        sample = _SAMPLE
        while sample in files:
            sample += "-"
        (folder / sample).write_text(_SAMPLE_TEXT)
        tree = Snapshot(root=folder, name=snapshot.name, files=(*files, sample))
        return execute(command, command.files, tree, bench), sample


def read_scan(
    output: ToolOutput, files: Sequence[str], sample: str = _SAMPLE
) -> dict[Secret, int | None]:
    """The secrets that a scan of `files` and our sample reported, the sample's aside.

    Raises `CannotMeasure`, which never quotes the output: a secret may stand in it.
    """
    if output.exit_status != 0:
        raise CannotMeasure(
            f"detect-secrets: ended with exit status {output.exit_status} "
            f"({_error_name(output)})."
        )
    try:
        found = Baseline.model_validate_json(output.stdout).secrets()
    except ValidationError:
        # Not "from error": that one quotes what it was given.
        raise CannotMeasure(
            "detect-secrets: did not print a report that we know."
        ) from None
    ours = {one: line for one, line in found.items() if one.path == sample}
    if not ours:
        raise CannotMeasure("detect-secrets: did not find the sample that we gave it.")
    theirs = {one: line for one, line in found.items() if one not in ours}
    if strange := {one.path for one in theirs} - set(files):
        raise CannotMeasure(
            f"detect-secrets: reported on {min(strange)}, which was not asked."
        )
    return theirs


def read_baseline(file: str) -> frozenset[Secret]:
    """The secrets that a baseline lists. Raises `CannotMeasure` if it isn't one."""
    try:
        text = Path(file).read_text("utf-8")
        return frozenset(Baseline.model_validate_json(text).secrets())
    except (OSError, ValueError):
        raise CannotMeasure(
            f"secrets: the baseline {file} can't be read as one of detect-secrets'."
        ) from None


def _error_name(output: ToolOutput) -> str:
    """The kind of error at the end of a traceback, without its message."""
    last = output.stderr.strip().rpartition("\n")[2]
    match = re.match(r"[A-Za-z_.]*(Error|Exception)(?=:|$)", last)
    return match[0] if match else "an unknown error"


def passed_over(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """The files that are not searched, each with the reason."""
    for path in snapshot.files:
        foreign = snapshot.foreign(path)
        if PurePosixPath(path).name == BASELINE:
            yield path, "a baseline, which is a list of hashes"
        # Build output that is tracked is published with the rest.
        elif foreign is not None and foreign != "build output":
            yield path, foreign
        elif _size(snapshot.root / path) > MAX_FILE_BYTES:
            yield path, "over 1 MiB"


def exclusions(left_out: Collection[str], searched: Collection[str]) -> str | None:
    """A regular expression for what is not searched, to be typed behind `--exclude-files`.

    A folder stands for all that is left out in it. Where that is more than anybody would
    read, the folders alone are named; None where nothing is left out, or too many are.
    """
    kept = {str(parent) for path in searched for parent in PurePosixPath(path).parents}
    folders: set[str] = set()
    files: set[str] = set()
    for path in left_out:
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            if str(parent) not in kept:
                folders.add(f"{re.escape(str(parent))}/")
                break
        else:
            files.add(f"{re.escape(path)}$")
    for named in (folders | files, folders):
        if 0 < len(named) <= _MOST_TYPED:
            return f"^({'|'.join(sorted(named))})"
    return None


def _size(file: Path) -> int:
    """Bytes of a file; 0 for a link that leads nowhere."""
    return file.stat().st_size if file.exists() else 0
